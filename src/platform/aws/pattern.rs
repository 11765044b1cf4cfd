//! Patterns of the policy language: what they match, and how two of them relate.
//!
//! `*` is any run of characters, `?` exactly one, and both cross `:` and `/`. Actions are compared
//! without regard to case, ARNs with it (IAM user guide, "IAM JSON policy elements").

use crate::platform::glob;

/// Longest pattern that is compared with another one character by character; the work is the product of
/// the two lengths, and patterns of real policies are far shorter.
const MAX_COMPARED: usize = 512;

/// An action pattern as written, in the form that is compared: without white space around it, lower case.
pub fn normalise_action(pattern: &str) -> String {
    pattern.trim().to_ascii_lowercase()
}

/// Whether an action pattern matches an action, without regard to case.
pub fn action_matches(pattern: &str, action: &str) -> bool {
    glob::matches(&normalise_action(pattern), &action.to_ascii_lowercase())
}

/// Whether a resource pattern matches everything: `*`, or `arn:*` and the like down to the wildcard.
pub fn is_everything(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|b| b == b'*') || pattern == "arn:*"
}

/// The part before the first wildcard.
pub fn literal_prefix(pattern: &str) -> &str {
    let end = pattern.bytes().position(|b| matches!(b, b'*' | b'?'));
    end.and_then(|end| pattern.get(..end)).unwrap_or(pattern)
}

/// Whether everything that `inner` matches is matched by `outer` too. Sound; where `outer` has wildcards
/// inside it may say no although it is so.
pub fn covers(outer: &str, inner: &str) -> bool {
    if outer == inner || outer.bytes().all(|b| b == b'*') && !outer.is_empty() {
        return true;
    }
    // A `?` of the outer pattern would match the `*` of the inner one as if it were a character.
    if outer.contains('?') && inner.contains('*') {
        return false;
    }
    glob::matches(outer, inner)
}

/// Whether some text is matched by both patterns. Exact up to [`MAX_COMPARED`] bytes, beyond that it says
/// yes, which is the answer that hides nothing.
pub fn overlaps(a: &str, b: &str) -> bool {
    if a.len() > MAX_COMPARED || b.len() > MAX_COMPARED {
        return true;
    }
    // Most pairs differ before the first wildcard of either, and are told apart by a byte or two.
    for (left, right) in a.bytes().zip(b.bytes()) {
        if matches!(left, b'*' | b'?') || matches!(right, b'*' | b'?') {
            break;
        }
        if left != right {
            return false;
        }
    }
    let wild = |p: &str| p.bytes().any(|b| matches!(b, b'*' | b'?'));
    match (wild(a), wild(b)) {
        (false, false) => a == b,
        (true, false) => glob::matches(a, b),
        (false, true) => glob::matches(b, a),
        (true, true) => both_wild(a.as_bytes(), b.as_bytes()),
    }
}

/// Row by row over the pairs of positions that can be reached together.
fn both_wild(a: &[u8], b: &[u8]) -> bool {
    let mut row = vec![false; b.len() + 1];
    for i in (0..=a.len()).rev() {
        let mut next = vec![false; b.len() + 1];
        for j in (0..=b.len()).rev() {
            let below = |j: usize| row.get(j).copied().unwrap_or_default();
            let value = match (a.get(i), b.get(j)) {
                (None, None) => true,
                (Some(b'*'), _) => {
                    // Either the star is done, or it swallows one more of the other side.
                    below(j) || next.get(j + 1).copied().unwrap_or_default()
                }
                (_, Some(b'*')) => next.get(j + 1).copied().unwrap_or_default() || below(j),
                (Some(x), Some(y)) if x == y || *x == b'?' || *y == b'?' => below(j + 1),
                _ => false,
            };
            if let Some(slot) = next.get_mut(j) {
                *slot = value;
            }
        }
        row = next;
    }
    row.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covering() {
        for (outer, inner, expected) in [
            ("*", "arn:aws:s3:::a/*", true),
            ("arn:aws:s3:::*", "arn:aws:s3:::a/*", true),
            ("arn:aws:s3:::a/*", "arn:aws:s3:::*", false),
            ("s3:?", "s3:*", false),
            ("s3:get*", "s3:getobject", true),
            ("", "a", false),
        ] {
            assert_eq!(covers(outer, inner), expected, "{outer} over {inner}");
        }
    }

    #[test]
    fn overlapping() {
        for (a, b, expected) in [
            ("arn:*:user/ci-*", "arn:aws:iam::*:user/*-deploy", true),
            ("arn:*:user/ci-*", "arn:aws:iam::*:role/*", true),
            ("user/ci-*", "role/*", false),
            ("a*c", "ab*d", false),
            ("a*c", "ab*", true),
            ("a?", "?b", true),
            ("a?", "?", false),
            ("*", "", true),
        ] {
            assert_eq!(overlaps(a, b), expected, "{a} with {b}");
            assert_eq!(overlaps(b, a), expected, "{b} with {a}");
        }
    }
}
