//! Fields of entries that are there.

use super::layout::{Shape, Spot, colon, line_start, next_line};
use super::{Refusal, Registry, Splice, layout, scalar, scalar_style};

/// Behind which fields a new one is put, the nearest first; behind all others where none is there.
fn neighbours(key: &str) -> &'static [&'static str] {
    match key {
        "owner" => &["match", "id"],
        "purpose" => &["backup_owner", "owner", "match", "id"],
        _ => &[],
    }
}

impl Registry {
    /// Sets fields of the entry at this place.
    pub(super) fn set(
        &self,
        entry: usize,
        fields: &[(&'static str, String)],
    ) -> Result<Vec<Splice>, Refusal> {
        let Some(spot) = self.spot(entry) else {
            return Err(Refusal::new(0, "no such entry"));
        };
        if spot.shared || spot.entries().iter().any(|(k, _)| k.text() == Some("<<")) {
            return Err(Refusal::new(
                spot.line,
                "the entry has an anchor, a tag or an alias; change it by hand",
            ));
        }
        let mut splices = Vec::new();
        // Behind which field a new one was put, so that the next new one finds it.
        let mut placed: Vec<(&str, &Spot)> = Vec::new();
        for (key, text) in fields {
            match spot.entry(key) {
                Some((name, value)) => splices.push(self.replace(name, value, text)?),
                None => {
                    let near = neighbours(key).iter().find_map(|near| {
                        let new = placed.iter().rfind(|(k, _)| k == near).map(|(_, at)| *at);
                        new.or_else(|| spot.get(near))
                    });
                    let last = || spot.entries().last().map(|(_, value)| value);
                    let Some(at) = near.or_else(last) else {
                        return Err(Refusal::new(spot.line, "the entry is empty"));
                    };
                    placed.push((key, at));
                    splices.push(self.insert(spot, at, key, text)?);
                }
            }
        }
        Ok(splices)
    }

    fn replace(&self, key: &Spot, value: &Spot, text: &str) -> Result<Splice, Refusal> {
        if value.shared || key.shared {
            return Err(Refusal::new(
                value.line,
                "the value has an anchor, a tag or an alias; change it by hand",
            ));
        }
        if !matches!(value.shape, Shape::Scalar { .. }) {
            return Err(Refusal::new(value.line, "the value is not a text"));
        }
        if value.nothing() {
            let Some(at) = colon(&self.text, key.end) else {
                return Err(Refusal::new(key.line, "the key has no colon behind it"));
            };
            // A text that is spelled out is told from a word by its quotes.
            let tail = self.text.get(at..).unwrap_or_default();
            let pad = if tail.starts_with([' ', '\t', '\r', '\n']) || tail.is_empty() {
                ""
            } else {
                " "
            };
            return Ok(Splice {
                start: at,
                end: at,
                text: format!(" {}{pad}", scalar::written(text, self.habit(key))),
            });
        }
        let style = scalar_style(value);
        Ok(Splice {
            start: value.start,
            end: value.end,
            text: scalar::written(text, style),
        })
    }

    /// How an empty value is filled: as the file's flow of JSON, or plainly.
    fn habit(&self, key: &Spot) -> Option<saphyr_parser::ScalarStyle> {
        let style = scalar_style(key);
        (style == Some(saphyr_parser::ScalarStyle::Plain))
            .then_some(saphyr_parser::ScalarStyle::Plain)
    }

    fn insert(&self, entry: &Spot, after: &Spot, key: &str, text: &str) -> Result<Splice, Refusal> {
        let Some((first, _)) = entry.entries().first() else {
            return Err(Refusal::new(entry.line, "the entry is empty"));
        };
        let json = first.text().is_some()
            && self
                .text
                .get(first.start..)
                .is_some_and(|rest| rest.starts_with('"'));
        let name = if json {
            scalar::quoted(key)
        } else {
            key.to_owned()
        };
        let like = (!json).then_some(saphyr_parser::ScalarStyle::Plain);
        let value = scalar::written(text, like);
        if self.is_flow(entry) {
            return Ok(Splice {
                start: after.end,
                end: after.end,
                text: format!(", {name}: {value}"),
            });
        }
        if after.holds_alias() && after.nothing() {
            return Err(Refusal::new(after.line, "the entry cannot be added to"));
        }
        let indent = self.indent(first)?;
        let at = next_line(&self.text, after.end);
        let line = format!("{indent}{name}: {value}{}", self.newline());
        Ok(self.splice_line(at, &line))
    }

    /// The blanks before the keys of a mapping, where the first one stands on a line with nothing but its dash.
    pub(super) fn indent(&self, first: &Spot) -> Result<String, Refusal> {
        let start = line_start(&self.text, first.start);
        let before = self.text.get(start..first.start).unwrap_or_default();
        if before.chars().all(|c| matches!(c, ' ' | '-')) && !before.starts_with("---") {
            return Ok(" ".repeat(before.len()));
        }
        Err(Refusal::new(
            first.line,
            "the entry does not begin on a line of its own; change it by hand",
        ))
    }

    /// Behind the comments that belong to what ends here: those that are indented more than its dash.
    pub(super) fn behind_comments(&self, end: usize, dash: usize) -> usize {
        let mut at = next_line(&self.text, end);
        loop {
            let line = self.text.get(at..layout::line_end(&self.text, at));
            let Some(line) = line else { return at };
            let content = line.trim_start_matches(' ');
            let inside = content.starts_with('#') && line.len() - content.len() > dash;
            let next = next_line(&self.text, at);
            if !inside || next <= at {
                return at;
            }
            at = next;
        }
    }
}
