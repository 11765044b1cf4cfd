//! JSON as people write it: with comments, and commas behind the last item.

/// The text with blanks where comments and such commas stand, so that places stay what they are.
pub(super) fn blanked(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    let mut at = 0;
    // The last comma outside of texts, when nothing but blanks and comments followed it.
    let mut comma = None;
    while let Some(&byte) = text.get(at) {
        let start = at;
        match (byte, text.get(at + 1)) {
            (b'"', _) => {
                at += 1;
                while let Some(&inside) = text.get(at) {
                    at += 1;
                    match inside {
                        b'\\' => at += 1,
                        b'"' => break,
                        _ => {}
                    }
                }
                comma = None;
                continue;
            }
            (b'/', Some(b'/')) => {
                let rest = text.get(at..).unwrap_or_default();
                at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                blank(&mut out, start, at);
                continue;
            }
            (b'/', Some(b'*')) => {
                let rest = text.get(at + 2..).unwrap_or_default();
                at += memchr::memmem::find(rest, b"*/").map_or(rest.len() + 2, |end| end + 4);
                blank(&mut out, start, at);
                continue;
            }
            (b',', _) => comma = Some(at),
            (b'}' | b']', _) => {
                if let Some(comma) = comma.take() {
                    blank(&mut out, comma, comma + 1);
                }
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at += 1;
    }
    out
}

fn blank(out: &mut [u8], from: usize, to: usize) {
    let to = to.min(out.len());
    for byte in out.get_mut(from..to).into_iter().flatten() {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::documents;
    use super::blanked;

    #[test]
    fn comments_and_last_commas_are_blank_and_texts_are_not() {
        let text = br#"// c
{"a": "// /* ,] \" ", /* x
 */ "b": [1, 2, ], // ,
}"#;
        let read = documents(text).remove(0).unwrap();
        assert_eq!(read.str("a"), Some("// /* ,] \" "));
        assert_eq!(read.list("b").len(), 2);
        assert_eq!(blanked(text).len(), text.len());
        for broken in ["{\"a", "{ /* ", "{\"a\\", "{ //", "[1,,]"] {
            assert!(
                documents(broken.as_bytes()).iter().any(Result::is_err),
                "{broken}"
            );
        }
    }
}
