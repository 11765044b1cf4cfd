//! `.mailmap`: which addresses in the commits of a repository are whose.

use super::Reader;
use crate::model::{Alias, Document, Facts, Owner, Probe, Problem, ProblemKind, Str};
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "mailmap";
/// How many lines that cannot be read are named one by one.
const MAX_NOTES: usize = 20;
/// Longest line that is looked at.
const MAX_LINE: usize = 2_048;

/// Reads `.mailmap` files, as gitmailmap(5) describes them.
#[derive(Debug)]
pub struct Mailmap;

impl Reader for Mailmap {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        probe.origin.file_name() == ".mailmap" && !probe.binary
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let text = String::from_utf8_lossy(document.bytes);
        let mut problems = Vec::new();
        // By the address in commits: the proper ones, and the first line that says so.
        let mut proper: BTreeMap<Str, (BTreeSet<Str>, u32)> = BTreeMap::new();
        for (line, number) in text.lines().zip(1u32..) {
            let line = line.trim_start_matches('\u{feff}');
            let statement = line.split('#').next().unwrap_or_default().trim();
            if statement.is_empty() {
                continue;
            }
            match addresses(statement).as_deref() {
                // Only the name is put right.
                Some([_]) => {}
                Some([to, from]) => {
                    let known = proper
                        .entry(from.clone())
                        .or_insert_with(|| (BTreeSet::new(), number));
                    known.0.insert(to.clone());
                }
                _ if problems.len() < MAX_NOTES => problems.push(Problem {
                    path: document.origin.path.clone(),
                    line: Some(number),
                    column: None,
                    kind: ProblemKind::Malformed,
                    reader: NAME,
                    message: "not `Name <address>`, with or without a second address".into(),
                }),
                _ => {}
            }
        }
        let mut facts = Facts::default();
        let mut aliases: BTreeMap<Str, (BTreeSet<Str>, u32)> = BTreeMap::new();
        for (from, (to, line)) in proper {
            // An address that several people committed with is nobody's.
            if let Some(to) = to.first().filter(|_| to.len() == 1)
                && *to != from
            {
                let alias = aliases
                    .entry(to.clone())
                    .or_insert_with(|| (BTreeSet::new(), line));
                alias.0.insert(from);
                alias.1 = alias.1.min(line);
            }
        }
        facts.aliases = aliases
            .into_iter()
            .map(|(name, (names, line))| Alias {
                name,
                names,
                evidence: document.at_line(NAME, line),
            })
            .collect();
        facts.sources.push((NAME.into(), "*".into()));
        (facts, problems)
    }
}

/// The addresses of a line, lower case; `None` where it has none or more than two.
fn addresses(line: &str) -> Option<Vec<Str>> {
    if line.len() > MAX_LINE {
        return None;
    }
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_once('<') {
        let (address, after) = after.split_once('>')?;
        rest = after;
        // What is no address (`<root@(none)>`, `<svn-id>`) is kept as long as it can name somebody.
        let owner = Owner::parse(address);
        let address = match &owner {
            Some(Owner::Mail(address)) => address.clone(),
            _ => address.trim().to_lowercase().into(),
        };
        found.push(address);
    }
    (1..=2).contains(&found.len()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::Mailmap;
    use crate::model::{Document, Origin};
    use crate::reader::Reader;

    #[test]
    fn addresses_of_one_person() {
        let text = "# who is who\n\
            Jane Doe <jane@Example.com>\n\
            Jane Doe <jane@example.com> <jd@old.example.net> # since 2020\n\
            Jane Doe <jane@example.com> jdoe <1+jdoe@users.noreply.github.com>\n\
            <a@example.com> Shared <root@localhost>\n\
            <b@example.com> Shared <root@localhost>\n\
            <jane@example.com> <jane@example.com>\n\
            nonsense\n<open\n";
        let origin = Origin::file(".mailmap");
        let document = Document {
            origin: &origin,
            bytes: text.as_bytes(),
        };
        let (facts, problems) = Mailmap.read(&document);
        let [alias] = facts.aliases.as_slice() else {
            panic!("{:?}", facts.aliases);
        };
        assert_eq!(&*alias.name, "jane@example.com");
        let names: Vec<&str> = alias.names.iter().map(|name| &**name).collect();
        assert_eq!(
            names,
            ["1+jdoe@users.noreply.github.com", "jd@old.example.net"]
        );
        assert_eq!(alias.evidence.line, Some(3));
        let lines: Vec<_> = problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [Some(8), Some(9)]);
    }

    #[test]
    fn whatever_stands_in_it() {
        for text in [
            "<><>",
            "<a><b><c>",
            "\u{0}<x@y> <z@\u{1}>",
            "<\n>",
            "< > <a@b>",
        ] {
            let origin = Origin::file(".mailmap");
            let document = Document {
                origin: &origin,
                bytes: text.as_bytes(),
            };
            let _ = Mailmap.read(&document);
        }
    }
}
