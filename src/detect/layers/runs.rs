//! Runs of base64 and hex that decode to text.

use super::alphabet::{base64, hex, hex_byte, mostly_text, of_base64, textual};
use super::{How, View};
use crate::detect::text::{after, before};
use crate::model::Wide;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::ops::Range;
use zeroize::Zeroizing;

/// Shorter runs hold no credential.
const RUN: usize = 24;
/// What is looked at in one go.
const BLOCK: usize = 16;
/// As many digits of hex hold as much as a short token.
const HEX: usize = 32;
/// Lines of wrapped base64 are at least this long.
const LINE: usize = 40;
/// Longer encoded texts are cut.
const LONGEST: usize = 4 << 20;

/// Every run that decodes to text, but for those that are a credential as they stand.
pub(super) fn views(
    text: &[u8],
    taken: &BTreeMap<usize, usize>,
    program: bool,
    look: &mut impl FnMut(View) -> bool,
) {
    // A run of 24 holds a block that begins at a multiple of 8, a run of 31 one at a multiple of 16. In
    // program text, where names are long and encoded texts are longer, that will do.
    let step = if program { BLOCK } else { RUN - BLOCK };
    let (mut at, mut done) = (0, 0);
    // Blocks are judged without a branch for each byte: most hold a blank and are passed over.
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        if !all_digits(block) {
            at += step;
            continue;
        }
        let back = text.get(done..at).unwrap_or_default();
        let back = back
            .iter()
            .rev()
            .take_while(|byte| of_base64(**byte))
            .count();
        let rest = text.get(at + BLOCK..).unwrap_or_default();
        let ahead = rest.iter().take_while(|byte| of_base64(**byte)).count();
        let run = at - back..at + BLOCK + ahead;
        (at, done) = (run.end, run.end);
        if run.len() < RUN {
            continue;
        }
        let Some(head) = text.get(run.clone()) else {
            return;
        };
        let hexadecimal = head.strip_prefix(b"0x").unwrap_or(head);
        if text_in_hex(hexadecimal) {
            if claimed(taken, &run) {
                continue;
            }
            let decoded = decode_hex(hexadecimal);
            if !mostly_text(&decoded) {
                continue;
            }
            if !look(View::of(decoded, How::Hex, run)) {
                return;
            }
        } else if worth_decoding(head) && !claimed(taken, &run) && !token_part(text, &run) {
            let whole = wrapped(text, run);
            (at, done) = (whole.end, whole.end);
            let encoded = text.get(whole.clone()).unwrap_or_default();
            let Some((decoded, how)) = readable(decode_wrapped(encoded)) else {
                continue;
            };
            if !look(View::of(decoded, how, whole)) {
                return;
            }
        }
    }
}

/// Whether all bytes are digits of base64, in terms that compilers turn into vector instructions.
fn all_digits(block: &[u8; BLOCK]) -> bool {
    let mut strange = 0;
    for &byte in block {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        // `/` stands right before the digits.
        let digit = byte.wrapping_sub(b'/') < 11;
        let mark = (byte == b'+') | (byte == b'-') | (byte == b'_');
        strange |= u8::from(!(letter | digit | mark));
    }
    strange == 0
}

/// Whether the first digits decode to text, or to something that holds text.
fn worth_decoding(run: &[u8]) -> bool {
    let Some(first) = run.get(..4) else {
        return false;
    };
    let decoded = base64(first);
    match decoded.as_slice() {
        [0x1f, 0x8b, 8] | [0xef, 0xbb, 0xbf] | [0xff, 0xfe, _] => return true,
        [a, 0, b] => return textual(*a) && textual(*b),
        bytes if bytes.iter().all(|byte| textual(*byte)) => {}
        _ => return false,
    }
    let head = base64(run.get(..RUN).unwrap_or(run));
    head.iter().filter(|byte| !textual(**byte)).count() <= 1
}

fn text_in_hex(run: &[u8]) -> bool {
    run.len() >= HEX
        && run.len().is_multiple_of(2)
        && run
            .get(..16)
            .unwrap_or_default()
            .chunks_exact(2)
            .all(|pair| hex_byte(pair).is_some_and(textual))
        && run.iter().all(|byte| hex(*byte).is_some())
}

fn decode_hex(run: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(run.len() / 2));
    decoded.extend(run.chunks_exact(2).filter_map(hex_byte));
    decoded
}

/// Whether the run lies in what an issuer's format claims.
fn claimed(taken: &BTreeMap<usize, usize>, run: &Range<usize>) -> bool {
    let last = taken.range(..run.end).next_back();
    last.is_some_and(|(_, end)| *end > run.start)
}

/// A part of a JSON web token: its own rule speaks of it as a whole.
fn token_part(text: &[u8], run: &Range<usize>) -> bool {
    let dot = |byte: Option<&u8>| byte == Some(&b'.');
    after(text, run.start, 3) == b"eyJ"
        && (dot(text.get(run.end)) || dot(before(text, run.start, 1).first()))
}

/// The run with the lines that go on with it: wrapped at a fixed width, perhaps as `\n` in a string.
fn wrapped(text: &[u8], run: Range<usize>) -> Range<usize> {
    let Range { start, mut end } = run;
    let mut line = end - start;
    while line >= LINE && end - start < LONGEST {
        let gap = after(text, end, 200);
        let behind = [b"\r\n".as_slice(), b"\n", b"\\r\\n", b"\\n"]
            .iter()
            .find_map(|newline| gap.strip_prefix(*newline));
        let Some(behind) = behind else { break };
        let blanks = behind.iter().take_while(|b| matches!(b, b' ' | b'\t'));
        let from = end + (gap.len() - behind.len()) + blanks.count();
        let rest = after(text, from, 4 * LINE);
        line = rest.iter().take_while(|byte| of_base64(**byte)).count();
        // The next line is base64 to its end, padding aside.
        let padding = after(text, from + line, 2)
            .iter()
            .take_while(|byte| **byte == b'=')
            .count();
        let closed = text
            .get(from + line + padding)
            .is_none_or(|byte| matches!(byte, b'\r' | b'\n' | b'\\' | b'"' | b'\'' | b' ' | b','));
        if line == 0 || line > 3 * LINE || !closed {
            break;
        }
        end = from + line;
        if padding > 0 {
            break;
        }
    }
    start..end
}

/// Decodes lines: what `\n` in a string leaves between them is no digit.
fn decode_wrapped(encoded: &[u8]) -> Zeroizing<Vec<u8>> {
    if memchr::memchr(b'\\', encoded).is_none() {
        return base64(encoded);
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(encoded.len()));
    let mut bytes = encoded.iter();
    while let Some(&byte) = bytes.next() {
        if byte == b'\\' {
            bytes.next();
        } else {
            plain.push(byte);
        }
    }
    base64(&plain)
}

/// Text as it is, as UTF-16 (what PowerShell takes for `-EncodedCommand`), or compressed.
pub(super) fn readable(decoded: Zeroizing<Vec<u8>>) -> Option<(Zeroizing<Vec<u8>>, How)> {
    if decoded.starts_with(&[0x1f, 0x8b, 8]) {
        let mut unpacked = Zeroizing::new(Vec::new());
        let most = (decoded.len() as u64).saturating_mul(32).min(4 << 20);
        // What could be read before trouble is text as well.
        let _ = flate2::read::MultiGzDecoder::new(decoded.as_slice())
            .take(most)
            .read_to_end(&mut unpacked);
        return mostly_text(&unpacked).then_some((unpacked, How::Gzip));
    }
    if let Some(wide) = Wide::of(&decoded) {
        return Some((wide.decode(&decoded), How::Base64));
    }
    mostly_text(&decoded).then_some((decoded, How::Base64))
}
