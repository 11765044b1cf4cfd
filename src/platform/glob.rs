//! Wildcard matching as IAM, registries and waivers use it: `*` is any run of characters (also none),
//! `?` is exactly one. No character is special otherwise.

/// Whether `text` matches `pattern`. Linear in the text for patterns with one `*`, and never worse than
/// pattern × text: no backtracking blow-up on hostile patterns.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to resume after a mismatch: just behind the last star, and one character further on in the text.
    let mut resume: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                resume = Some((p, t));
            }
            Some(b'?') => {
                p += 1;
                t += 1;
                // One character, not one byte.
                while text.get(t).is_some_and(|b| b & 0b1100_0000 == 0b1000_0000) {
                    t += 1;
                }
            }
            Some(&literal) if literal == c => {
                p += 1;
                t += 1;
            }
            _ => match resume {
                Some((star, from)) => {
                    p = star;
                    t = from + 1;
                    resume = Some((star, t));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|&b| b == b'*'))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aéc", true),
            ("*a*b*", "xxaxxbxx", true),
            ("svc-*", "svc", false),
            ("a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} against {text}");
        }
    }
}
