//! Texts.

use super::super::value::{V, Val, wrapped};
use super::{Outcome, items, number_of, text_of, whole, written};

/// Longest text that a function makes.
const MAX_TEXT: usize = 1 << 20;

pub(super) fn apply(name: &str, values: &[V]) -> Option<Outcome> {
    match name {
        "join" => return Some(join(values)),
        "format" => return Some(format(values)),
        "formatlist" => return Some(format_list(values)),
        _ => {}
    }
    let wanted = matches!(
        name,
        "lower"
            | "upper"
            | "title"
            | "trim"
            | "trimspace"
            | "trimprefix"
            | "trimsuffix"
            | "chomp"
            | "replace"
            | "split"
            | "substr"
            | "strrev"
            | "startswith"
            | "endswith"
            | "strcontains"
            | "indent"
            | "regex"
            | "regexall"
    );
    if !wanted {
        return None;
    }
    let text = text_of(values, 0);
    let Some(subject) = values.first() else {
        return Some(Outcome::Fault);
    };
    // The text to look into comes second for some.
    let subject = match name {
        "split" | "indent" | "regex" | "regexall" => values.get(1).unwrap_or(subject),
        _ => subject,
    };
    if !subject.decided() {
        return Some(undecided(name, subject, values));
    }
    let (Some(text), second) = (text, text_of(values, 1)) else {
        return Some(Outcome::Fault);
    };
    if values.iter().skip(1).any(|v| !v.decided()) {
        return Some(Outcome::Open);
    }
    let one = |f: &dyn Fn(&str, &str) -> V| -> Outcome {
        second.as_deref().map(|second| f(&text, second)).into()
    };
    Some(match name {
        "lower" => Outcome::Known(V::text(text.to_lowercase())),
        "upper" => Outcome::Known(V::text(text.to_uppercase())),
        "title" => Outcome::Known(V::text(title(&text))),
        "trimspace" => Outcome::Known(V::text(text.trim())),
        "chomp" => Outcome::Known(V::text(text.trim_end_matches(['\n', '\r']))),
        "strrev" => Outcome::Known(V::text(text.chars().rev().collect::<String>())),
        "trim" => one(&|a, b| V::text(a.trim_matches(|c| b.contains(c)))),
        "trimprefix" => one(&|a, b| V::text(a.strip_prefix(b).unwrap_or(a))),
        "trimsuffix" => one(&|a, b| V::text(a.strip_suffix(b).unwrap_or(a))),
        "startswith" => one(&|a, b| V::Bool(a.starts_with(b))),
        "endswith" => one(&|a, b| V::Bool(a.ends_with(b))),
        "strcontains" => one(&|a, b| V::Bool(a.contains(b))),
        "split" => one(&|separator, text| {
            let part = |part: &str| V::text(part).val();
            match separator {
                "" => V::list(
                    text.chars()
                        .map(|c| part(c.encode_utf8(&mut [0; 4])))
                        .collect(),
                ),
                _ => V::list(text.split(separator).map(part).collect()),
            }
        }),
        "indent" => {
            let Some(spaces) = number_of(values, 0).filter(|n| (0.0..=1000.0).contains(n)) else {
                return Some(Outcome::Fault);
            };
            let pad = " ".repeat(usize::try_from(whole(spaces)).unwrap_or(0));
            match second {
                Some(text) if text.len() < MAX_TEXT / 8 => {
                    Outcome::Known(V::text(text.replace('\n', &format!("\n{pad}"))))
                }
                _ => Outcome::Open,
            }
        }
        "replace" => replace(&text, second.as_deref(), text_of(values, 2).as_deref()),
        "substr" => substr(&text, number_of(values, 1), number_of(values, 2)),
        "regex" => regex(&text, second.as_deref()),
        "regexall" => regex_all(&text, second.as_deref()),
        _ => return None,
    })
}

/// What can be told of a text of which only parts are known.
fn undecided(name: &str, subject: &V, values: &[V]) -> Outcome {
    let text = match subject {
        V::Text(text) => text,
        V::Null => return Outcome::Fault,
        _ => return Outcome::Open,
    };
    let argument = text_of(values, 1);
    let starts = text.split("${").next().unwrap_or_default();
    let ends = text.rsplit('}').next().unwrap_or_default();
    match (name, argument.as_deref()) {
        ("startswith", Some(prefix)) if starts.len() >= prefix.len() => {
            Outcome::Known(V::Bool(starts.starts_with(prefix)))
        }
        ("endswith", Some(suffix)) if ends.len() >= suffix.len() => {
            Outcome::Known(V::Bool(ends.ends_with(suffix)))
        }
        ("trimprefix", Some(prefix)) if starts.len() >= prefix.len() => {
            Outcome::Known(V::text(text.strip_prefix(prefix).unwrap_or(text)))
        }
        ("trimsuffix", Some(suffix)) if ends.len() >= suffix.len() => {
            Outcome::Known(V::text(text.strip_suffix(suffix).unwrap_or(text)))
        }
        // Names are cut to fit; what may be too long is taken whole.
        _ => Outcome::Open,
    }
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut start = true;
    for c in text.chars() {
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        start = !(c.is_alphanumeric() || c == '_' || c == '\'');
    }
    out
}

fn join(values: &[V]) -> Outcome {
    let Some(separator) = values.first().and_then(V::interpolated) else {
        return Outcome::Open;
    };
    let mut out = String::new();
    let mut first = true;
    for value in values.iter().skip(1) {
        let Some(items) = items(value) else {
            return Outcome::Open;
        };
        for item in items.iter() {
            if out.len() > MAX_TEXT {
                return Outcome::Open;
            }
            if !first {
                out.push_str(&separator);
            }
            first = false;
            match item.v.interpolated() {
                Some(text) => out.push_str(&text),
                None => out.push_str(&wrapped(&written(&item.v))),
            }
        }
    }
    Outcome::Known(V::text(out))
}

fn format(values: &[V]) -> Outcome {
    let Some(V::Text(pattern)) = values.first() else {
        return Outcome::Open;
    };
    formatted(pattern, values.get(1..).unwrap_or_default())
        .map(V::text)
        .into()
}

fn format_list(values: &[V]) -> Outcome {
    let Some(V::Text(pattern)) = values.first() else {
        return Outcome::Open;
    };
    let rest = values.get(1..).unwrap_or_default();
    let longest = rest.iter().filter_map(items).map(|items| items.len()).max();
    let Some(rows) = longest else {
        return Outcome::Open;
    };
    let mut out = Vec::new();
    for row in 0..rows {
        let arguments: Option<Vec<V>> = rest
            .iter()
            .map(|value| match items(value) {
                Some(items) => items.get(row).map(|item| item.v.clone()),
                None => Some(value.clone()),
            })
            .collect();
        let text = arguments.and_then(|arguments| formatted(pattern, &arguments));
        match text {
            Some(text) => out.push(V::text(text).val()),
            None => return Outcome::Fault,
        }
    }
    Outcome::Known(V::list(out))
}

/// Go's verbs, as far as the language has them.
fn formatted(pattern: &str, arguments: &[V]) -> Option<String> {
    let mut out = String::new();
    let mut next = 0usize;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if out.len() > MAX_TEXT {
            return None;
        }
        if c != '%' {
            out.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let mut left = false;
        let mut zero = false;
        let mut width = 0usize;
        let mut precision = None;
        while let Some(flag) = chars.next_if(|c| "+- #0".contains(*c)) {
            left |= flag == '-';
            zero |= flag == '0';
        }
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            width = (width * 10 + digit.to_digit(10)? as usize).min(1000);
        }
        if chars.next_if_eq(&'.').is_some() {
            let mut digits = 0usize;
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits = (digits * 10 + digit.to_digit(10)? as usize).min(100);
            }
            precision = Some(digits);
        }
        if chars.next_if_eq(&'[').is_some() {
            let mut index = 0usize;
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                index = (index * 10 + digit.to_digit(10)? as usize).min(10_000);
            }
            chars.next_if_eq(&']')?;
            next = index.checked_sub(1)?;
        }
        let verb = chars.next()?;
        let value = arguments.get(next)?;
        next += 1;
        let text = match (verb, value.interpolated()) {
            ('q', Some(text)) => format!("{text:?}"),
            ('d' | 'x' | 'X' | 'o' | 'b' | 'f' | 'e' | 'g', Some(text)) => match value.number() {
                Some(number) => numeric(verb, number, precision),
                None => (*text).to_owned(),
            },
            (_, Some(text)) => (*text).to_owned(),
            (_, None) => super::encoding::json(value)
                .filter(|_| !value.partial())
                .unwrap_or_else(|| wrapped(&written(value)).to_string()),
        };
        let gap = width.saturating_sub(text.chars().count());
        let pad = if zero && !left { "0" } else { " " }.repeat(gap);
        if left {
            out.push_str(&text);
            out.push_str(&pad);
        } else {
            out.push_str(&pad);
            out.push_str(&text);
        }
    }
    Some(out)
}

fn numeric(verb: char, number: f64, precision: Option<usize>) -> String {
    match verb {
        'x' => format!("{:x}", whole(number)),
        'X' => format!("{:X}", whole(number)),
        'o' => format!("{:o}", whole(number)),
        'b' => format!("{:b}", whole(number)),
        'f' => format!("{number:.*}", precision.unwrap_or(6)),
        'd' => format!("{:.0}", number.trunc()),
        _ => super::super::value::number_text(number),
    }
}

fn replace(text: &str, from: Option<&str>, to: Option<&str>) -> Outcome {
    let (Some(from), Some(to)) = (from, to) else {
        return Outcome::Fault;
    };
    let pattern = from.strip_prefix('/').and_then(|p| p.strip_suffix('/'));
    let Some(pattern) = pattern.filter(|_| from.len() > 2) else {
        let grows = to.len().saturating_mul(text.len() / from.len().max(1) + 1);
        if grows > MAX_TEXT {
            return Outcome::Open;
        }
        return Outcome::Known(V::text(text.replace(from, to)));
    };
    let Some(regex) = compiled(pattern) else {
        return Outcome::Open;
    };
    if to.len().saturating_mul(text.len() + 1) > MAX_TEXT {
        return Outcome::Open;
    }
    // `$1` takes letters that follow for its name, in Go as here.
    Outcome::Known(V::text(regex.replace_all(text, to)))
}

fn compiled(pattern: &str) -> Option<regex::Regex> {
    if pattern.len() > 2000 {
        return None;
    }
    let mut builder = regex::RegexBuilder::new(pattern);
    builder.size_limit(1 << 18).dfa_size_limit(1 << 18);
    builder.build().ok()
}

fn substr(text: &str, from: Option<f64>, length: Option<f64>) -> Outcome {
    let (Some(from), Some(length)) = (from, length) else {
        return Outcome::Fault;
    };
    let chars: Vec<char> = text.chars().collect();
    let all = i64::try_from(chars.len()).unwrap_or(i64::MAX);
    let from = whole(from);
    let from = if from < 0 {
        (all + from).max(0)
    } else {
        from.min(all)
    };
    let to = match whole(length) {
        length if length < 0 => all,
        length => from.saturating_add(length).min(all),
    };
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    let part = range.and_then(|(from, to)| chars.get(from..to));
    part.map(|part| V::text(part.iter().collect::<String>()))
        .into()
}

/// What a match gives: a text, a list of groups, or a map of named ones.
fn captured(regex: &regex::Regex, found: &regex::Captures<'_>) -> V {
    let text = |group: Option<regex::Match<'_>>| -> Val {
        group.map_or(V::Null, |group| V::text(group.as_str())).val()
    };
    let names: Vec<_> = regex.capture_names().flatten().collect();
    if !names.is_empty() {
        let entry = |name: &&str| ((*name).into(), text(found.name(name)));
        return V::map(names.iter().map(entry).collect());
    }
    if found.len() > 1 {
        return V::list((1..found.len()).map(|at| text(found.get(at))).collect());
    }
    text(found.get(0)).v
}

fn regex(pattern: &str, text: Option<&str>) -> Outcome {
    let (Some(regex), Some(text)) = (compiled(pattern), text) else {
        return Outcome::Open;
    };
    regex
        .captures(text)
        .map(|found| captured(&regex, &found))
        .into()
}

fn regex_all(pattern: &str, text: Option<&str>) -> Outcome {
    let (Some(regex), Some(text)) = (compiled(pattern), text) else {
        return Outcome::Open;
    };
    let found = regex.captures_iter(text).take(10_000);
    Outcome::Known(V::list(
        found.map(|found| captured(&regex, &found).val()).collect(),
    ))
}
