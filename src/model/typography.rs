//! What people's keyboards, word processors and input methods put into plain text, undone.

/// The text with odd blanks, dashes, quotes and full-width forms as their plain ASCII counterparts, and without
/// characters that are not seen. Case, accents and everything else stay.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter_map(plain_char).collect()
}

fn plain_char(c: char) -> Option<char> {
    Some(match c {
        // Soft hyphen, zero-width characters, direction marks, byte order mark.
        '\u{ad}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => return None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{b4}' | '\u{2bc}' => '\'',
        '\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{ab}' | '\u{bb}' => '"',
        // The full-width forms of `!` to `~` stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => u32::from(c)
            .checked_sub(0xfee0)
            .and_then(char::from_u32)
            .unwrap_or(c),
        '\u{3001}' => ',',
        '\u{3002}' => '.',
        _ if c.is_whitespace() => ' ',
        _ => c,
    })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_looks_plain_is_plain() {
        for (written, expected) in [
            ("a\u{a0}b\u{3000}c", "a b c"),
            ("\u{feff}x\u{200b}y", "xy"),
            ("a\u{2011}b\u{2013}c", "a-b-c"),
            ("\u{ff21}\u{ff20}\u{ff11}", "A@1"),
            ("\u{201c}q\u{201d}", "\"q\""),
            ("Équipe", "Équipe"),
        ] {
            assert_eq!(plain(written), expected, "{written:?}");
        }
    }
}
