//! Reads dates in the styles that people write. What has two readings has none.

use super::Timestamp;
use super::typography::plain;
use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use std::collections::BTreeSet;

/// What a text says of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Nothing: a zero value that programs write for "not set".
    Nothing,
    /// One instant.
    At(Timestamp),
    /// More than one date.
    Ambiguous,
    /// No date.
    Malformed,
}

/// Longest text that is looked at: no style of date needs half of it.
const MAX_CHARS: usize = 96;

/// Months by the beginning of their names, in English, German, French, Spanish, Italian, Portuguese and Dutch, as
/// far as these do not mean different months. Full names and abbreviations both begin so.
const MONTHS: [(&[&str], i8); 12] = [
    (&["jan", "jän", "ene", "gen"], 1),
    (&["feb", "fév", "fev"], 2),
    (&["mar", "mär", "mrz", "maa", "mrt"], 3),
    (&["apr", "avr", "abr"], 4),
    (&["may", "mai", "mei", "mag"], 5),
    (&["jun", "juin", "giu"], 6),
    (&["jul", "juil", "lug"], 7),
    (&["aug", "aoû", "aou", "ago"], 8),
    (&["sep", "set"], 9),
    (&["oct", "okt", "ott", "out"], 10),
    (&["nov"], 11),
    (&["dec", "dez", "déc", "dic"], 12),
];

/// Words for months that are written in full; what only begins like a month is none.
const MONTH_NAMES: [&str; 66] = [
    "january",
    "januar",
    "janvier",
    "enero",
    "gennaio",
    "janeiro",
    "januari",
    "jänner",
    "janv",
    "february",
    "februar",
    "février",
    "fevrier",
    "febrero",
    "febbraio",
    "fevereiro",
    "februari",
    "févr",
    "march",
    "märz",
    "maerz",
    "mars",
    "marzo",
    "março",
    "marco",
    "maart",
    "april",
    "avril",
    "abril",
    "aprile",
    "mayo",
    "maggio",
    "maio",
    "june",
    "juni",
    "juin",
    "junio",
    "giugno",
    "junho",
    "july",
    "juli",
    "juillet",
    "julio",
    "luglio",
    "julho",
    "august",
    "août",
    "aout",
    "agosto",
    "augustus",
    "september",
    "septembre",
    "septiembre",
    "settembre",
    "setembro",
    "sept",
    "october",
    "oktober",
    "octobre",
    "octubre",
    "ottobre",
    "outubro",
    "november",
    "novembre",
    "noviembre",
    "novembro",
];
/// The rest of them.
const DECEMBER_NAMES: [&str; 6] = [
    "december",
    "dezember",
    "décembre",
    "decembre",
    "diciembre",
    "dicembre",
];

const WEEKDAYS: [(&[&str], Weekday); 7] = [
    (&["mon", "monday"], Weekday::Monday),
    (&["tue", "tues", "tuesday"], Weekday::Tuesday),
    (&["wed", "wednesday"], Weekday::Wednesday),
    (&["thu", "thur", "thurs", "thursday"], Weekday::Thursday),
    (&["fri", "friday"], Weekday::Friday),
    (&["sat", "saturday"], Weekday::Saturday),
    (&["sun", "sunday"], Weekday::Sunday),
];

/// Reads a text that is not empty.
pub(super) fn read(text: &str) -> Reading {
    let text = plain(text);
    let text = text
        .trim()
        .trim_matches(['"', '\'', '`', ',', ';'])
        .trim_end_matches('.')
        .trim();
    if text.is_empty() || text.chars().count() > MAX_CHARS {
        return Reading::Malformed;
    }
    let text = text.to_lowercase();
    // Zero values of Go, .NET and MySQL.
    if text.starts_with("0001-01-01") || text.starts_with("0000-00-00") {
        return Reading::Nothing;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return number(&text);
    }
    // LDAP's generalised time.
    if let Some(digits) = text.strip_suffix(".0z").or_else(|| text.strip_suffix('z'))
        && digits.len() == 14
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        return number(digits);
    }
    if let Some(date) = Timestamp::parse(&text.to_uppercase()) {
        return Reading::At(date);
    }
    match Parts::of(&text) {
        Some(parts) => parts.resolve(),
        None => Reading::Malformed,
    }
}

/// Years in which the dates that this is about lie.
fn plausible(year: i16) -> bool {
    (1900..=2200).contains(&year)
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(year, month, day).ok()
}

fn last_of_month(year: i16, month: i16) -> Option<Date> {
    date(year, month, 1).map(Date::last_of_month)
}

fn instant(date: Date, seconds: i64) -> Option<Timestamp> {
    let at = Timestamp::parse(&date.to_datetime(Time::midnight()).to_string())?;
    Some(Timestamp::from_seconds(
        at.seconds().saturating_add(seconds),
    ))
}

/// One date, several, or none.
fn decide(candidates: impl IntoIterator<Item = Option<Date>>, seconds: i64) -> Reading {
    let dates: BTreeSet<Date> = candidates.into_iter().flatten().collect();
    let mut dates = dates.into_iter();
    match (dates.next(), dates.next()) {
        (Some(date), None) => instant(date, seconds).map_or(Reading::Malformed, Reading::At),
        (Some(_), Some(_)) => Reading::Ambiguous,
        (None, _) => Reading::Malformed,
    }
}

/// A text of nothing but digits: basic ISO, seconds or milliseconds since 1970, a year, a spreadsheet's day.
fn number(text: &str) -> Reading {
    let part = |from: usize, to: usize| -> i16 {
        let digits = text.get(from..to);
        digits.and_then(|d| d.parse().ok()).unwrap_or(-1)
    };
    let whole = |year: i16, month: i16, day: i16| {
        Some(year)
            .filter(|y| plausible(*y))
            .and_then(|y| date(y, month, day))
    };
    let since = |per_second: i64| {
        let value: i64 = text.parse().unwrap_or(-1);
        let seconds = value.div_euclid(per_second);
        // From 2001 on such a number of seconds has ten digits.
        (1_000_000_000..=7_258_118_400)
            .contains(&seconds)
            .then(|| Timestamp::from_seconds(seconds))
    };
    let at = |t: Option<Timestamp>| t.map_or(Reading::Malformed, Reading::At);
    match text.len() {
        4 => decide(
            [Some(part(0, 4))
                .filter(|y| plausible(*y))
                .and_then(|y| last_of_month(y, 12))],
            0,
        ),
        // The days of a spreadsheet are counted from 1900 or from 1904.
        5 => match text.parse::<u32>() {
            Ok(36_526..=73_050) => Reading::Ambiguous,
            _ => Reading::Malformed,
        },
        6 => {
            let month = Some(part(0, 4))
                .filter(|y| plausible(*y))
                .and_then(|y| last_of_month(y, part(4, 6)));
            match two_digit_years(part(0, 2), part(2, 4), part(4, 6)) {
                true => Reading::Ambiguous,
                false => decide([month], 0),
            }
        }
        8 => decide(
            [
                whole(part(0, 4), part(4, 6), part(6, 8)),
                whole(part(4, 8), part(2, 4), part(0, 2)),
                whole(part(4, 8), part(0, 2), part(2, 4)),
            ],
            0,
        ),
        10 => {
            let day = whole(part(0, 4), part(4, 6), part(6, 8));
            match day.filter(|_| (0..24).contains(&part(8, 10))) {
                Some(_) => Reading::Ambiguous,
                None => at(since(1)),
            }
        }
        13 => at(since(1_000)),
        14 => match clock(&[part(8, 10), part(10, 12), part(12, 14)]) {
            Some(seconds) => decide([whole(part(0, 4), part(4, 6), part(6, 8))], seconds),
            None => Reading::Malformed,
        },
        16 => at(since(1_000_000)),
        19 => at(since(1_000_000_000)),
        _ => Reading::Malformed,
    }
}

/// Whether three numbers can be a day, a month and a year without its century, in any order that is in use.
fn two_digit_years(a: i16, b: i16, c: i16) -> bool {
    [(c, b, a), (c, a, b), (a, b, c)]
        .into_iter()
        .any(|(year, month, day)| {
            (0..100).contains(&year) && date(2000 + year, month, day).is_some()
        })
}

fn clock(parts: &[i16]) -> Option<i64> {
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    let (hours, minutes, seconds) = (part(0), part(1), part(2));
    let valid =
        (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
    valid.then(|| i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds))
}

/// A number in a date.
#[derive(Clone, Copy, Debug)]
struct Num {
    value: i16,
    digits: usize,
    /// Written as `1st`: a day.
    ordinal: bool,
}

impl Num {
    fn year(self) -> Option<i16> {
        (self.digits == 4 && !self.ordinal && self.value >= 1900).then_some(self.value)
    }
}

/// A part of a year that a letter names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Period {
    Quarter,
    Half,
    Week,
}

/// The parts of a date as they were written.
#[derive(Debug, Default)]
struct Parts {
    numbers: Vec<Num>,
    month: Option<i8>,
    weekday: Option<Weekday>,
    period: Option<(Period, i16)>,
    /// A year that begins when an organisation says.
    fiscal: bool,
    /// Whether only dots stand between the numbers: the day is first.
    dots: bool,
    /// Whether only dashes do, as ISO 8601 writes it.
    dashes: bool,
    /// Since midnight UTC.
    seconds: i64,
}

impl Parts {
    /// Takes a text apart; `None` when it holds something that is no part of a date.
    fn of(text: &str) -> Option<Self> {
        let mut parts = Self {
            dots: true,
            dashes: true,
            ..Self::default()
        };
        // Chinese and Japanese write the units behind the numbers.
        let text = text.replace(['年', '月'], "-").replace(['日', '号'], " ");
        let text = text.trim_end_matches(['-', ' ']);
        let mut days = String::new();
        let mut timed = None;
        let words = text.split_whitespace();
        for word in words {
            // What a browser writes behind the time is the zone's name.
            if timed.is_some() && word.starts_with('(') {
                break;
            }
            let word = match word.split_once('t') {
                Some((day, time))
                    if time.contains(':') && day.ends_with(|c: char| c.is_ascii_digit()) =>
                {
                    days.push_str(day);
                    time
                }
                _ => word,
            };
            if timed.is_none() && word.contains(':') {
                timed = Some(time(word)?);
            } else if let Some(seconds) = &mut timed
                && matches!(word, "am" | "pm" | "a.m." | "p.m.")
            {
                *seconds = half_day(*seconds, word.starts_with('p'))?;
            } else if let Some(seconds) = &mut timed
                && let Some(offset) = zone(word)
            {
                *seconds = seconds.saturating_sub(offset);
            } else if word != "at" {
                days.push(' ');
                days.push_str(word);
            }
        }
        parts.seconds = timed.unwrap_or_default();
        parts.days(days.trim())?;
        Some(parts)
    }

    fn days(&mut self, text: &str) -> Option<()> {
        let mut rest = text;
        let mut pending: Option<Period> = None;
        // What stands between the last number and here.
        let mut between = String::new();
        while let Some(c) = rest.chars().next() {
            let alike = |d: char| match c {
                _ if c.is_ascii_digit() => d.is_ascii_digit(),
                _ if c.is_alphabetic() => d.is_alphabetic(),
                _ => false,
            };
            let end = rest
                .find(|d| !alike(d))
                .unwrap_or(rest.len())
                .max(c.len_utf8());
            let (token, after) = rest.split_at_checked(end)?;
            rest = after;
            if c.is_ascii_digit() {
                self.number(token, &mut pending, &between)?;
                between.clear();
            } else if c.is_alphabetic() {
                self.word(token, &mut pending, between.is_empty())?;
                between.push('a');
            } else if matches!(
                c,
                ' ' | '/' | '-' | '.' | ',' | '(' | ')' | '\'' | 'º' | '|'
            ) {
                between.push(c);
            } else {
                return None;
            }
        }
        pending.is_none().then_some(())
    }

    fn number(&mut self, token: &str, pending: &mut Option<Period>, between: &str) -> Option<()> {
        if token.len() > 4 || self.numbers.len() >= 3 {
            return None;
        }
        let value = token.parse().ok()?;
        if let Some(period) = pending.take() {
            // `2026W383`: the week and its day.
            if period == Period::Week && token.len() == 3 {
                self.period = Some((period, value / 10));
                self.numbers.push(Num {
                    value: value % 10,
                    digits: 1,
                    ordinal: false,
                });
            } else {
                self.period = Some((period, value));
            }
            return Some(());
        }
        if !self.numbers.is_empty() {
            self.dots &= between.trim() == ".";
            self.dashes &= between == "-";
        }
        self.numbers.push(Num {
            value,
            digits: token.len(),
            ordinal: false,
        });
        Some(())
    }

    fn word(&mut self, word: &str, pending: &mut Option<Period>, attached: bool) -> Option<()> {
        if let Some(last) = self.numbers.last_mut()
            && attached
            && matches!(word, "st" | "nd" | "rd" | "th" | "er")
            && last.digits <= 2
        {
            last.ordinal = true;
            return Some(());
        }
        let period = match word {
            "q" | "quarter" => Some(Period::Quarter),
            "h" | "half" => Some(Period::Half),
            "w" | "week" | "wk" | "kw" | "cw" => Some(Period::Week),
            _ => None,
        };
        if let Some(period) = period {
            return (pending.is_none() && self.period.is_none()).then(|| *pending = Some(period));
        }
        if let Some(month) = month(word) {
            return self.month.replace(month).is_none().then_some(());
        }
        let weekday = WEEKDAYS.iter().find(|(names, _)| names.contains(&word));
        if let Some((_, weekday)) = weekday {
            return self.weekday.replace(*weekday).is_none().then_some(());
        }
        match word {
            "fy" => self.fiscal = true,
            "of" | "the" | "on" | "by" | "end" | "de" | "del" | "den" | "le" | "until" => {}
            _ => return None,
        }
        Some(())
    }

    fn resolve(&self) -> Reading {
        if self.fiscal {
            // Fiscal years begin in January, April, July or October.
            return match self.numbers.is_empty() {
                true => Reading::Malformed,
                false => Reading::Ambiguous,
            };
        }
        let reading = match (self.period, self.month) {
            (Some(_), Some(_)) => Reading::Malformed,
            (Some((period, number)), None) => self.in_period(period, number),
            (None, Some(month)) => self.in_month(month.into()),
            (None, None) => self.numeric(),
        };
        self.on_weekday(reading)
    }

    /// A weekday beside the date tells readings apart. One that does not fit any leaves nothing certain.
    fn on_weekday(&self, reading: Reading) -> Reading {
        let Some(weekday) = self.weekday else {
            return reading;
        };
        match reading {
            Reading::At(_) => match self.candidates().iter().any(|d| d.weekday() == weekday) {
                true => reading,
                false => Reading::Ambiguous,
            },
            Reading::Ambiguous => {
                let fitting = self.candidates();
                let fitting: Vec<_> = fitting
                    .into_iter()
                    .filter(|d| d.weekday() == weekday)
                    .collect();
                match fitting.as_slice() {
                    [only] => instant(*only, self.seconds).map_or(reading, Reading::At),
                    _ => Reading::Ambiguous,
                }
            }
            other => other,
        }
    }

    /// The days that the numbers can mean, when the year is written in full.
    fn candidates(&self) -> BTreeSet<Date> {
        let mut found = BTreeSet::new();
        match (self.month, self.numbers.as_slice()) {
            (Some(month), [a, b]) => {
                let month = i16::from(month);
                found.extend(b.year().and_then(|y| date(y, month, a.value)));
                found.extend(a.year().and_then(|y| date(y, month, b.value)));
            }
            (None, [a, b, c]) => {
                if let Some(year) = a.year() {
                    found.extend(date(year, b.value, c.value));
                } else if let Some(year) = c.year() {
                    found.extend(date(year, b.value, a.value));
                    if !self.dots && !a.ordinal {
                        found.extend(date(year, a.value, b.value));
                    }
                }
            }
            _ => {}
        }
        found
    }

    fn in_period(&self, period: Period, number: i16) -> Reading {
        let (year, day) = match self.numbers.as_slice() {
            [year] => (*year, None),
            [year, day] if period == Period::Week && day.digits == 1 => (*year, Some(day.value)),
            _ => return Reading::Malformed,
        };
        let end = |year: i16| match period {
            Period::Quarter if (1..=4).contains(&number) => last_of_month(year, number * 3),
            Period::Half if (1..=2).contains(&number) => last_of_month(year, number * 6),
            Period::Week => {
                let weekday = Weekday::from_monday_one_offset(i8::try_from(day.unwrap_or(7)).ok()?);
                let week = i8::try_from(number).ok()?;
                let day = ISOWeekDate::new(year, week, weekday.ok()?).ok()?;
                Some(day.date())
            }
            Period::Quarter | Period::Half => None,
        };
        match (year.year(), year.digits) {
            (Some(year), _) => decide([end(year)], self.seconds),
            (None, 2) if end(2000 + year.value).is_some() => Reading::Ambiguous,
            _ => Reading::Malformed,
        }
    }

    fn in_month(&self, month: i16) -> Reading {
        match self.numbers.as_slice() {
            [only] => match only.year() {
                Some(year) => decide([last_of_month(year, month)], self.seconds),
                // Of which year, or which day?
                None if only.digits <= 2
                    && (only.digits == 2 || date(2000, month, only.value).is_some()) =>
                {
                    Reading::Ambiguous
                }
                None => Reading::Malformed,
            },
            [a, b] if a.year().is_some() || b.year().is_some() => {
                decide(self.candidates().into_iter().map(Some), self.seconds)
            }
            [a, b] if a.digits <= 2 && b.digits <= 2 => {
                let day = |n: &Num| date(2000, month, n.value).is_some();
                match day(a) || day(b) {
                    true => Reading::Ambiguous,
                    false => Reading::Malformed,
                }
            }
            _ => Reading::Malformed,
        }
    }

    fn numeric(&self) -> Reading {
        match self.numbers.as_slice() {
            [a, b, c] if a.year().is_some() != c.year().is_some() => {
                let short = |n: &Num| n.digits <= 2;
                let rest = if a.year().is_some() { [b, c] } else { [a, b] };
                match rest.into_iter().all(short) {
                    true => decide(self.candidates().into_iter().map(Some), self.seconds),
                    false => Reading::Malformed,
                }
            }
            [a, b, c] if [a, b, c].iter().all(|n| n.digits <= 2) => {
                match two_digit_years(a.value, b.value, c.value) {
                    true => Reading::Ambiguous,
                    false => Reading::Malformed,
                }
            }
            // A day of the year.
            [a, b] if self.dashes && a.year().is_some() && b.digits == 3 => {
                let first = a.year().and_then(|year| date(year, 1, 1));
                let day = first
                    .filter(|f| (1..=f.days_in_year()).contains(&b.value))
                    .and_then(|f| {
                        let days = i64::from(b.value - 1);
                        f.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
                    });
                decide([day], self.seconds)
            }
            [a, b] => match (a.year(), b.year()) {
                (Some(year), None) if b.digits <= 2 => {
                    decide([last_of_month(year, b.value)], self.seconds)
                }
                (None, Some(year)) if a.digits <= 2 => {
                    decide([last_of_month(year, a.value)], self.seconds)
                }
                (None, None) if a.digits <= 2 && b.digits <= 2 => {
                    let day = |m: i16, d: i16| date(2000, m, d).is_some();
                    let month = |m: i16| (1..=12).contains(&m);
                    match day(a.value, b.value)
                        || day(b.value, a.value)
                        || month(a.value)
                        || month(b.value)
                    {
                        true => Reading::Ambiguous,
                        false => Reading::Malformed,
                    }
                }
                _ => Reading::Malformed,
            },
            _ => Reading::Malformed,
        }
    }
}

fn month(word: &str) -> Option<i8> {
    let whole = MONTH_NAMES.contains(&word) || DECEMBER_NAMES.contains(&word) || word == "dezembro";
    MONTHS.iter().find_map(|(beginnings, month)| {
        let known = beginnings
            .iter()
            .any(|b| word == *b || (whole && word.starts_with(b)));
        known.then_some(*month)
    })
}

/// `10:00`, `10:00:00.000`, with `am`, `pm`, `Z` or an offset behind it: seconds since midnight UTC.
fn time(word: &str) -> Option<i64> {
    let word = word.trim_end_matches(',');
    let end = word
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.'))
        .unwrap_or(word.len());
    let (digits, rest) = word.split_at_checked(end)?;
    let (digits, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if fraction.is_empty() || fraction.contains([':', '.']) {
        return None;
    }
    let numbers: Option<Vec<i16>> = digits.split(':').map(|n| n.parse().ok()).collect();
    let numbers = numbers.filter(|n| (2..=3).contains(&n.len()))?;
    let seconds = clock(&numbers)?;
    match rest {
        "" => Some(seconds),
        "am" => half_day(seconds, false),
        "pm" => half_day(seconds, true),
        zone_name => Some(seconds - zone(zone_name)?),
    }
}

/// The time of a twelve-hour clock.
fn half_day(seconds: i64, afternoon: bool) -> Option<i64> {
    let noon = 12 * 3600;
    let past = seconds.rem_euclid(noon);
    (seconds < noon + 3600).then_some(if afternoon { past + noon } else { past })
}

/// The offset of a zone in seconds. Names of zones mean different offsets in different places.
fn zone(word: &str) -> Option<i64> {
    let word = word.trim_matches(['(', ')', '[', ']']);
    let rest = ["utc", "gmt", "ut", "z"]
        .iter()
        .find_map(|name| word.strip_prefix(name))
        .unwrap_or(word);
    if rest.is_empty() {
        return Some(0);
    }
    let (sign, digits) = match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (None, Some(digits)) => (-1, digits),
        (None, None) => return None,
    };
    let digits = digits.replace(':', "");
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.parse::<i64>().ok()?, 0),
        4 => {
            let number: i64 = digits.parse().ok()?;
            (number / 100, number % 100)
        }
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}
