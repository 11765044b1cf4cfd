//! Encodings of text: UTF-16 is read like any other, with and without its mark.

use zeroize::Zeroizing;

/// The order of the bytes of UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wide {
    /// Low byte first, as Windows writes it.
    Little,
    /// High byte first.
    Big,
}

impl Wide {
    /// Whether a text that begins with these bytes is UTF-16: by its mark, or because in mostly Latin text
    /// every second byte is zero and hardly any other.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, 0, 0, ..] => return None,
            [0xff, 0xfe, ..] => return Some(Self::Little),
            [0xfe, 0xff, ..] => return Some(Self::Big),
            _ => {}
        }
        memchr::memchr(0, head)?;
        let head = head.get(..head.len().min(1024) & !1)?;
        let pairs = head.len() / 2;
        let (mut low, mut high, mut both) = (0, 0, 0);
        for pair in head.chunks_exact(2) {
            match pair {
                [0, 0] => both += 1,
                [text, 0] if printable(*text) => low += 1,
                [0, text] if printable(*text) => high += 1,
                _ => {}
            }
        }
        // Enough pairs to tell, and hardly one that is not Latin.
        let most = |count: usize| pairs >= 8 && both == 0 && count * 10 >= pairs * 9;
        if most(low) {
            Some(Self::Little)
        } else {
            most(high).then_some(Self::Big)
        }
    }

    /// The text in UTF-8, without the mark; overwritten when dropped, since it copies whatever secrets
    /// the original holds.
    pub fn decode(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let unit: fn([u8; 2]) -> u16 = match self {
            Self::Little => u16::from_le_bytes,
            Self::Big => u16::from_be_bytes,
        };
        // Never grown, since growing would leave copies behind: three bytes for two are the most.
        let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() / 2 * 3));
        let units = bytes.chunks_exact(2).map(|pair| match pair {
            [a, b] => unit([*a, *b]),
            _ => 0,
        });
        let mut buffer = [0; 4];
        for (at, c) in char::decode_utf16(units).enumerate() {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            if at > 0 || c != '\u{feff}' {
                text.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            }
        }
        text
    }
}

const fn printable(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_mark() {
        let text = "password = \u{e9}\u{1f511} or so, it goes on for a while";
        for (order, mark) in [(Wide::Little, [0xff, 0xfe]), (Wide::Big, [0xfe, 0xff])] {
            let plain: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| match order {
                    Wide::Little => unit.to_le_bytes(),
                    Wide::Big => unit.to_be_bytes(),
                })
                .collect();
            assert_eq!(Wide::of(&plain), Some(order));
            assert_eq!(&*order.decode(&plain), text.as_bytes());
            let marked = [&mark[..], &plain].concat();
            assert_eq!(Wide::of(&marked), Some(order));
            assert_eq!(&*order.decode(&marked), text.as_bytes());
        }
    }

    #[test]
    fn what_is_not() {
        for bytes in [
            b"".as_slice(),
            b"plain text",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
            b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"a\0b\0",
            &[0xff, 0xfe, 0, 0, 65, 0, 0, 0],
        ] {
            assert_eq!(Wide::of(bytes), None, "{bytes:?}");
        }
    }
}
