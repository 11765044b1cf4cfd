//! CODEOWNERS files, as GitHub, GitLab, Bitbucket, and Gitea and Forgejo read them.
//!
//! A line that the host would reject counts for nothing there, so it counts for nothing here, and is
//! said so. The hosts disagree about comments, negation, sections and character ranges, and Gitea's patterns are
//! regular expressions; which one a file is written for is told by its place, its repository's remote, or its section headings.

use super::Reader;
use crate::model::{
    Codeowners as File, CodeownersDialect, CodeownersRule, Document, Facts, Probe, Problem,
    ProblemKind, Str,
};

/// GitHub does not load a larger file.
const GITHUB_LIMIT: usize = 3 * 1024 * 1024;
/// How many skipped lines are named one by one.
const MAX_NOTES: usize = 50;

const NAME: &str = "codeowners";

/// Reads CODEOWNERS files.
#[derive(Debug)]
pub struct Codeowners;

impl Reader for Codeowners {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        probe.origin.file_name() == "CODEOWNERS" && !probe.binary
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let (root, rank) = place(&document.origin.path);
        let text = String::from_utf8_lossy(document.bytes);
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        let dialect = dialect(document, rank, text);
        let mut facts = Facts::default();
        facts.sources.push((NAME.into(), "*".into()));
        let mut notes = Notes::new(document);
        if dialect == CodeownersDialect::GitHub && document.bytes.len() > GITHUB_LIMIT {
            notes.note(
                None,
                "larger than 3 MB: GitHub ignores the whole file, so it names no owners here",
            );
            return (facts, notes.problems);
        }
        let rules = match dialect {
            CodeownersDialect::GitHub => github(text, &mut notes),
            CodeownersDialect::GitLab => gitlab(text, &mut notes),
            CodeownersDialect::Gitea => gitea(text),
        };
        facts.codeowners.push(File {
            root: root.into(),
            rank,
            dialect,
            rules,
            evidence: document.whole(NAME),
        });
        (facts, notes.finish())
    }
}

/// The directory that the patterns are relative to, and the precedence of the file's place in it.
fn place(path: &str) -> (&str, u8) {
    let folder = path.strip_suffix("CODEOWNERS").unwrap_or(path);
    for (place, rank) in [
        (".github/", 0),
        ("docs/", 2),
        (".gitlab/", 3),
        (".bitbucket/", 4),
        (".gitea/", 5),
        (".forgejo/", 5),
    ] {
        if let Some(root) = folder.strip_suffix(place)
            && (root.is_empty() || root.ends_with('/'))
        {
            return (root, rank);
        }
    }
    (folder, 1)
}

fn dialect(document: &Document<'_>, rank: u8, text: &str) -> CodeownersDialect {
    let remote = document
        .origin
        .repository
        .as_ref()
        .and_then(|r| r.remote.as_deref())
        .unwrap_or_default();
    let host = remote.split('/').next().unwrap_or_default();
    let of = |names: &[&str]| names.iter().any(|name| host.contains(name));
    match rank {
        0 | 4 => CodeownersDialect::GitHub,
        3 => CodeownersDialect::GitLab,
        5 => CodeownersDialect::Gitea,
        _ if of(&["gitea", "forgejo", "codeberg"]) => CodeownersDialect::Gitea,
        _ if of(&["gitlab"]) => CodeownersDialect::GitLab,
        _ if of(&["github", "bitbucket"]) => CodeownersDialect::GitHub,
        _ if text.lines().any(|l| heading(l.trim()).is_some()) => CodeownersDialect::GitLab,
        _ => CodeownersDialect::GitHub,
    }
}

fn github(text: &str, notes: &mut Notes<'_>) -> Vec<CodeownersRule> {
    let mut rules = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (pattern, rest) = split_pattern(line);
        let owners: Vec<&str> = rest
            .split_whitespace()
            .take_while(|word| !word.starts_with('#'))
            // Bitbucket says behind a colon how many of a group are asked: `@acme/sre:random(2)`.
            .map(|word| match word.strip_prefix('@') {
                Some(_) => word.split(':').next().unwrap_or(word),
                None => word,
            })
            .collect();
        let fault = if pattern.starts_with('!') {
            Some("GitHub has no negation (`!`): it skips this line, and so did this scan")
        } else if pattern.starts_with("\\#") {
            Some("GitHub has no escaped `\\#`: it skips this line, and so did this scan")
        } else if pattern.contains(['[', ']']) {
            Some("GitHub has no character ranges (`[ ]`): it skips this line, and so did this scan")
        } else if !owners.iter().all(|owner| is_owner(owner)) {
            Some(
                "an owner is neither `@user`, `@org/team` nor an address: GitHub skips this line, \
                 and so did this scan",
            )
        } else {
            None
        };
        match fault {
            Some(message) => notes.note(Some(number), message),
            None => rules.push(CodeownersRule {
                pattern: pattern.into(),
                owners: owners.into_iter().map(Str::from).collect(),
                section: None,
                line: number,
            }),
        }
    }
    rules
}

/// `<regular expression> @user @org/team`, where a backslash keeps `#`, a blank or a backslash.
fn gitea(text: &str) -> Vec<CodeownersRule> {
    let mut rules = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let mut words = vec![String::new()];
        let mut chars = line.trim().chars().peekable();
        while let Some(c) = chars.next() {
            let kept = chars
                .peek()
                .copied()
                .filter(|next| c == '\\' && matches!(next, '#' | ' ' | '\\'));
            match (c, kept) {
                (_, Some(kept)) => {
                    chars.next();
                    words
                        .iter_mut()
                        .last()
                        .into_iter()
                        .for_each(|w| w.push(kept));
                }
                ('#', None) => break,
                (c, None) if c.is_whitespace() => words.push(String::new()),
                (c, None) => words.iter_mut().last().into_iter().for_each(|w| w.push(c)),
            }
        }
        let mut words = words.into_iter().filter(|word| !word.is_empty());
        let Some(pattern) = words.next() else {
            continue;
        };
        let owners: Vec<Str> = words
            .filter(|word| word.starts_with('@') && is_owner(word))
            .map(Str::from)
            .collect();
        if !owners.is_empty() {
            rules.push(CodeownersRule {
                pattern: pattern.into(),
                owners,
                section: None,
                line: number,
            });
        }
    }
    rules
}

fn gitlab(text: &str, notes: &mut Notes<'_>) -> Vec<CodeownersRule> {
    let mut rules = Vec::new();
    let mut section: Option<Str> = None;
    let mut default: Vec<Str> = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some((name, rest)) = heading(line) {
            section = Some(name.to_lowercase().into());
            default = owners_in(rest);
            continue;
        }
        if line.starts_with('[') && !line.contains(']') {
            notes.note(
                Some(number),
                "a section heading without `]` was read as a path",
            );
        }
        let (pattern, rest) = split_pattern(line);
        let mut owners = owners_in(rest);
        if owners.is_empty() && !pattern.starts_with('!') {
            owners.clone_from(&default);
        }
        rules.push(CodeownersRule {
            pattern: pattern.into(),
            owners,
            section: section.clone(),
            line: number,
        });
    }
    rules
}

/// Section name and what follows of `[Name]`, `^[Name]`, `[Name][2] @owner`.
fn heading(line: &str) -> Option<(&str, &str)> {
    let inner = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
    let (name, mut rest) = inner.split_once(']')?;
    if let Some(count) = rest.strip_prefix('[') {
        let (digits, after) = count.split_once(']')?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        rest = after;
    }
    let sound = !name.trim().is_empty() && (rest.is_empty() || rest.starts_with([' ', '\t']));
    sound.then_some((name.trim(), rest))
}

/// GitLab takes every mention or address on a line for an owner, also behind a `#`.
fn owners_in(rest: &str) -> Vec<Str> {
    rest.split_whitespace()
        .filter(|word| is_owner(word) || word.starts_with("@@"))
        .map(Str::from)
        .collect()
}

/// The pattern up to the first white space that no backslash precedes, and the rest of the line.
fn split_pattern(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if c.is_whitespace() && !escaped {
            return line.split_at(at);
        }
        escaped = c == '\\' && !escaped;
    }
    (line, "")
}

fn is_owner(word: &str) -> bool {
    match word.split_once('@') {
        Some(("", handle)) => handle.chars().next().is_some_and(char::is_alphanumeric),
        Some((local, domain)) => !local.is_empty() && !domain.is_empty() && !domain.contains('@'),
        None => false,
    }
}

/// Notes about skipped lines, bounded: a hostile file may have millions.
struct Notes<'a> {
    document: &'a Document<'a>,
    problems: Vec<Problem>,
    more: usize,
}

impl<'a> Notes<'a> {
    fn new(document: &'a Document<'a>) -> Self {
        Self {
            document,
            problems: Vec::new(),
            more: 0,
        }
    }

    fn note(&mut self, line: Option<u32>, message: &str) {
        if self.problems.len() >= MAX_NOTES {
            self.more += 1;
            return;
        }
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line,
            column: None,
            kind: ProblemKind::Note,
            reader: NAME,
            message: message.into(),
        });
    }

    fn finish(mut self) -> Vec<Problem> {
        if self.more > 0 {
            let message = format!("{} more lines were skipped", self.more);
            self.problems.push(Problem {
                path: self.document.origin.path.clone(),
                line: None,
                column: None,
                kind: ProblemKind::Note,
                reader: NAME,
                message: message.into(),
            });
        }
        self.problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_gives_root_and_rank() {
        for (path, root, rank) in [
            ("CODEOWNERS", "", 1),
            (".github/CODEOWNERS", "", 0),
            ("repo/.github/CODEOWNERS", "repo/", 0),
            ("repo/docs/CODEOWNERS", "repo/", 2),
            ("repo/mydocs/CODEOWNERS", "repo/mydocs/", 1),
            ("/abs/repo/.gitlab/CODEOWNERS", "/abs/repo/", 3),
            ("repo/.bitbucket/CODEOWNERS", "repo/", 4),
            ("repo/.gitea/CODEOWNERS", "repo/", 5),
        ] {
            assert_eq!(place(path), (root, rank), "{path}");
        }
    }

    #[test]
    fn headings_are_told_from_ranges() {
        assert_eq!(heading("[Docs]"), Some(("Docs", "")));
        assert_eq!(heading("^[Docs][2] @docs"), Some(("Docs", " @docs")));
        assert_eq!(heading("[ab]*.js @js"), None);
        assert_eq!(heading("[a][b] @x"), None);
        assert_eq!(heading("[] @x"), None);
    }
}
