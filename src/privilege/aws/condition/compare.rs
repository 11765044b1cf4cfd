//! Values of conditions, compared: numbers, dates, addresses, ARNs.

use super::variables::Filled;
use crate::model::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::cmp::Ordering;
use std::net::IpAddr;

/// Integers exactly, decimals as far as they go; `None` when one is no number.
pub(super) fn numbers(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (left.trim(), right.trim());
    if let (Ok(left), Ok(right)) = (left.parse::<i128>(), right.parse::<i128>()) {
        return Some(left.cmp(&right));
    }
    let decimal = |text: &str| {
        let number: f64 = text.parse().ok()?;
        number.is_finite().then_some(number)
    };
    decimal(left)?.partial_cmp(&decimal(right)?)
}

/// Instants, to the nanosecond; `None` when one is no date.
pub(super) fn dates(left: &str, right: &str) -> Option<Ordering> {
    Some(instant(left)?.cmp(&instant(right)?))
}

/// An instant in whole seconds.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    let seconds = instant(text)?.div_euclid(1_000_000_000);
    Some(Timestamp::from_seconds(i64::try_from(seconds).ok()?))
}

/// Nanoseconds since the epoch: of one of the W3C's ISO 8601 forms (a year alone is one), or of seconds
/// since the epoch.
fn instant(text: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    let text = text.trim();
    let whole = |t: Timestamp| i128::from(t.seconds()).saturating_mul(SECOND);
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match (text.len(), digits) {
        (4, true) => return Timestamp::parse(&format!("{text}-01-01")).map(whole),
        (_, true) => return Some(i128::from(text.parse::<i64>().ok()?).saturating_mul(SECOND)),
        (7, false) if text.split('-').count() == 2 => {
            return Timestamp::parse(&format!("{text}-01")).map(whole);
        }
        _ => {}
    }
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Some(exact.as_nanosecond());
    }
    if let Some(seconds) = Timestamp::parse(text) {
        return Some(whole(seconds));
    }
    // Seconds with a fraction.
    let number: f64 = text.parse().ok()?;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a cast of a float saturates"
    )]
    number.is_finite().then_some((number * 1e9) as i128)
}

/// The same bytes, in base64 that may be padded or not.
pub(super) fn binary(left: &str, right: &str) -> bool {
    let bytes = |text: &str| {
        let text = text.trim();
        STANDARD
            .decode(text)
            .or_else(|_| STANDARD_NO_PAD.decode(text))
    };
    match (bytes(left), bytes(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => left == right,
    }
}

/// Whether an address lies in a range (`203.0.113.0/24`, `2001:db8::/32`) or is the one named.
pub(super) fn address(range: &str, address: &str) -> bool {
    let range = range.trim();
    let (network, length) = match range.split_once('/') {
        Some((network, length)) => match length.parse::<u32>() {
            Ok(length) => (network, Some(length)),
            Err(_) => return false,
        },
        None => (range, None),
    };
    // A request's own value may be a single address written as a range.
    let address = address.trim();
    let address = address
        .strip_suffix("/32")
        .or_else(|| address.strip_suffix("/128"))
        .unwrap_or(address);
    match (network.parse(), address.parse()) {
        (Ok(IpAddr::V4(network)), Ok(IpAddr::V4(address))) => {
            let length = length.unwrap_or(32);
            let differ = u32::from(network) ^ u32::from(address);
            length <= 32 && differ.checked_shr(32 - length).unwrap_or_default() == 0
        }
        (Ok(IpAddr::V6(network)), Ok(IpAddr::V6(address))) => {
            let length = length.unwrap_or(128);
            let differ = u128::from(network) ^ u128::from(address);
            length <= 128 && differ.checked_shr(128 - length).unwrap_or_default() == 0
        }
        _ => false,
    }
}

/// Whether an ARN matches a pattern, each of the six parts for itself: a wildcard does not reach beyond the
/// colon. A pattern of fewer parts matches only by a last part that is a bare `*`.
pub(super) fn arn(pattern: &Filled<'_>, value: &str) -> bool {
    if pattern.text() == "*" {
        return true;
    }
    let wanted = pattern.split(6);
    let given: Vec<&str> = value.splitn(6, ':').collect();
    if given.len() != 6 {
        return pattern.equals(value);
    }
    let short = wanted.len() < 6;
    if short && wanted.last().is_none_or(|last| last.text() != "*") {
        return false;
    }
    wanted
        .iter()
        .zip(given)
        .all(|(wanted, given)| wanted.matches(given))
}
