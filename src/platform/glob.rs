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

/// Longest patterns that are compared with each other; longer ones are taken to overlap.
pub const MAX_COMPARED: usize = 2048;

/// Whether some text matches both patterns.
pub fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() > MAX_COMPARED || other.len() > MAX_COMPARED {
        return true;
    }
    // Row by row: whether the rest of `one` from here overlaps the rest of `other` from there.
    let mut below = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            let at = |row: &[bool], j: usize| row.get(j).copied().unwrap_or_default();
            let value = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some(b'*'), None) => at(&below, j),
                (None, Some(b'*')) => at(&row, j + 1),
                (None, _) | (_, None) => false,
                (Some(b'*'), Some(_)) | (Some(_), Some(b'*')) => at(&below, j) || at(&row, j + 1),
                (Some(a), Some(b)) => (a == b || *a == b'?' || *b == b'?') && at(&below, j + 1),
            };
            if let Some(slot) = row.get_mut(j) {
                *slot = value;
            }
        }
        below = row;
    }
    below.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{matches, overlap};

    #[test]
    fn patterns_overlap() {
        for (one, other, expected) in [
            ("*", "", true),
            ("repo:acme/*", "repo:acme/app:*", true),
            (
                "repo:acme/app:ref:refs/heads/main",
                "repo:acme/app:ref:*",
                true,
            ),
            ("repo:acme/api:*", "repo:acme/app:*", false),
            ("a*b", "*c", false),
            ("a*b", "b*", false),
            ("a?c", "*bc", true),
            ("a", "a", true),
            ("a*", "*b*", true),
        ] {
            assert_eq!(overlap(one, other), expected, "{one} and {other}");
            assert_eq!(overlap(other, one), expected, "{other} and {one}");
        }
    }

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
