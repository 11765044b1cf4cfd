//! Changes a registry in place: what is not changed stays as it is, to the byte, comments, order, quotes,
//! indentation and line endings included.
//!
//! A change is a list of splices, each worked out from where the parser saw the values. After all are made, the
//! text is read again and compared with what was to come out of it; where the two differ, nothing is written.

mod append;
pub(super) mod diff;
mod layout;
mod scalar;
mod set;
mod verify;

#[cfg(test)]
mod tests;

pub(super) use append::{Field, Stub, Value};
pub(super) use layout::Refusal;
use layout::{Shape, Spot};
pub(super) use scalar::writable;

/// Largest registry that is changed, in bytes.
pub(super) const LIMIT: u64 = 64 << 20;

/// A registry's text, and where everything stands in it.
#[derive(Debug)]
pub(super) struct Registry {
    /// Without the byte order mark.
    text: String,
    marked: bool,
    roots: Vec<Spot>,
    /// The document that holds the entries.
    root: usize,
    /// Document and place in its list of each entry, so that none is searched for.
    places: Vec<(usize, usize)>,
}

/// One place where text is put, and how much is taken out there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    start: usize,
    end: usize,
    text: String,
}

/// What is to become of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Texts of an entry, by the entry's place in [`Registry::entries`].
    Set(usize, Vec<(&'static str, String)>),
    /// Further entries.
    Append(Vec<Stub>),
}

/// An entry, as far as it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// What reports call it: its `id` as written, or its pattern; empty where it has neither.
    pub name: String,
    /// The line it begins on, 1-based.
    pub line: usize,
}

impl Registry {
    /// Reads a registry. What the reader of scans would mend or guess is refused: it would be changed blindly.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let marked = bytes.starts_with(b"\xEF\xBB\xBF");
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            Refusal::new(line, "not valid UTF-8")
        })?;
        let lone = text.replace("\r\n", "\n").find('\r');
        if let Some(at) = lone {
            let line = text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
            return Err(Refusal::new(line, "a carriage return without a line feed"));
        }
        let roots = layout::read(text)?;
        let root = roots
            .iter()
            .position(|root| root.get("identities").is_some());
        let places = roots.iter().enumerate().flat_map(|(document, root)| {
            let many = root.get("identities").map_or(0, |list| list.items().len());
            (0..many).map(move |item| (document, item))
        });
        Ok(Self {
            places: places.collect(),
            text: text.to_owned(),
            marked,
            root: root.unwrap_or(0),
            roots,
        })
    }

    /// The entries, in order, those of every document.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let entry = |spot: &Spot| Entry {
            name: name(spot),
            line: spot.line,
        };
        self.spots().map(entry).collect()
    }

    /// The text of an entry's field, where it has one.
    pub(super) fn text(&self, entry: usize, key: &str) -> Option<&str> {
        self.spot(entry)?.get(key)?.text()
    }

    /// Whether fields of an entry can be set.
    pub(super) fn can_set(
        &self,
        entry: usize,
        fields: &[(&'static str, String)],
    ) -> Result<(), Refusal> {
        self.set(entry, fields).map(|_| ())
    }

    fn spot(&self, entry: usize) -> Option<&Spot> {
        let (document, item) = self.places.get(entry)?;
        let list = self.roots.get(*document)?.get("identities")?;
        list.items().get(*item)
    }

    fn spots(&self) -> impl Iterator<Item = &Spot> {
        self.roots
            .iter()
            .filter_map(|root| root.get("identities"))
            .flat_map(Spot::items)
    }

    /// Makes the changes: the new text, and what was spliced for it. A change that cannot be made is told with its
    /// place in the list, and the others are made.
    pub(super) fn change(&self, changes: &[Change]) -> Result<Changed, Vec<(usize, Refusal)>> {
        let mut splices = Vec::new();
        let mut refused = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            let made = match change {
                Change::Set(entry, fields) => self.set(*entry, fields),
                Change::Append(stubs) => self.append(stubs),
            };
            match made {
                Ok(made) => splices.extend(made),
                Err(refusal) => refused.push((at, refusal)),
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        // What is put in at one place keeps the order it was worked out in.
        splices.sort_by_key(|splice| (splice.start, splice.end));
        let mut text = String::with_capacity(self.text.len());
        let mut at = 0;
        for splice in &splices {
            text.push_str(self.text.get(at..splice.start).unwrap_or_default());
            text.push_str(&splice.text);
            at = splice.end.max(at);
        }
        text.push_str(self.text.get(at..).unwrap_or_default());
        let changed = Changed {
            old: self.text.clone(),
            new: text,
            marked: self.marked,
            splices,
        };
        match verify::holds(&self.text, &changed.new, changes) {
            true => Ok(changed),
            false => Err(vec![(
                0,
                Refusal::new(0, "the changed registry would not read as intended"),
            )]),
        }
    }

    /// The line break that the file uses.
    fn newline(&self) -> &'static str {
        match self.text.split_once('\n') {
            Some((first, _)) if first.ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    fn splice_line(&self, at: usize, lines: &str) -> Splice {
        // What follows a last line without a line break needs one before it instead of behind it.
        let open = at > 0 && at == self.text.len() && !self.text.ends_with('\n');
        let text = match open {
            true => {
                let lines = lines.strip_suffix('\n').unwrap_or(lines);
                let lines = lines.strip_suffix('\r').unwrap_or(lines);
                format!("{}{lines}", self.newline())
            }
            false => lines.to_owned(),
        };
        Splice {
            start: at,
            end: at,
            text,
        }
    }

    fn is_flow(&self, spot: &Spot) -> bool {
        layout::flow(&self.text, spot)
    }
}

/// A changed registry.
#[derive(Debug)]
pub(super) struct Changed {
    old: String,
    new: String,
    marked: bool,
    splices: Vec<Splice>,
}

impl Changed {
    /// What is to be written.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mark: &[u8] = if self.marked { b"\xEF\xBB\xBF" } else { b"" };
        [mark, self.new.as_bytes()].concat()
    }

    /// Whether it differs from what was there.
    pub(super) fn differs(&self) -> bool {
        self.old != self.new
    }
}

/// The texts of a scalar and of nothing; of what is neither, none.
fn scalar_style(spot: &Spot) -> Option<saphyr_parser::ScalarStyle> {
    match &spot.shape {
        Shape::Scalar { style, .. } if !spot.nothing() => Some(*style),
        _ => None,
    }
}

/// What the reader of registries calls an entry.
fn name(spot: &Spot) -> String {
    let text = |spot: &Spot, key: &str| -> Option<String> {
        let text = spot.get(key)?.text()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    if let Some(id) = text(spot, "id") {
        return id;
    }
    let Some(pattern) = spot.get("match") else {
        return String::new();
    };
    let stated = ["name", "provider", "account", "namespace"]
        .into_iter()
        .filter_map(|key| {
            let value = text(pattern, key)?;
            let value = match (key, &*value.to_lowercase()) {
                ("provider", "amazon") => "aws".to_owned(),
                ("provider", "k8s") => "kubernetes".to_owned(),
                ("provider", lower) => lower.to_owned(),
                _ => value,
            };
            Some(format!("{key}={value}"))
        });
    stated.collect::<Vec<_>>().join(",")
}
