//! The little of DER that keys and certificates need: a walk over elements, each bounded by the one
//! around it. No recursion, no copies. A crate for the whole of ASN.1 would bring a dozen others.

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
    /// With its header.
    pub(super) whole: &'a [u8],
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// A position in a sequence of elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a>(pub(super) &'a [u8]);

impl<'a> Walk<'a> {
    /// The next element, if there is a whole one.
    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        // Tags of several bytes and lengths without end do not occur in certificates.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, mut rest) = rest.split_first()?;
        let length = match first {
            0..=0x7f => usize::from(first),
            0x81..=0x84 => {
                let (digits, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = behind;
                digits
                    .iter()
                    .fold(0_usize, |length, byte| length << 8 | usize::from(*byte))
            }
            _ => return None,
        };
        let (body, behind) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - behind.len())?;
        self.0 = behind;
        Some(Element { tag, body, whole })
    }

    /// The next element, which must be of this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The inside of the next element, which must be of this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.expect(tag).map(|element| Self(element.body))
    }
}

/// An element of this tag around a body.
pub(super) fn element(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    match body.len() {
        0..=0x7f => out.extend(length.get(3..).unwrap_or_default()),
        0x80..=0xff => {
            out.push(0x81);
            out.extend(length.get(3..).unwrap_or_default());
        }
        0x100..=0xffff => {
            out.push(0x82);
            out.extend(length.get(2..).unwrap_or_default());
        }
        _ => {
            out.push(0x84);
            out.extend(length);
        }
    }
    out.extend(body);
    out
}
