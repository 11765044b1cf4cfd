//! Which line of which CODEOWNERS file speaks of a path.

use super::expressions::Expressions;
use super::pattern::{Pattern, Segment, Token};
use crate::model::{Codeowners, CodeownersDialect, CodeownersRule, Origin, Str};
use crate::platform::literal::Literals;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// In how many sections of a GitLab file a path's owners are looked up, those that speak of it before defaults.
const MAX_SECTIONS: usize = 100;

/// The CODEOWNERS files of a scan, by the directory they speak for.
#[derive(Debug, Default)]
pub(super) struct CodeownersIndex<'a> {
    files: BTreeMap<&'a str, CompiledFile<'a>>,
    cache: HashMap<(Str, Option<Str>), Option<Verdict<'a>>>,
}

/// What a file says of a path: the lines that decide, the one that counts most first.
#[derive(Clone, Debug)]
pub(super) struct Verdict<'a> {
    /// The file.
    pub file: &'a Codeowners,
    /// One line in a GitHub file; in a GitLab file the deciding line of each section.
    pub rules: Vec<&'a CodeownersRule>,
    /// Whether all of them are catch-alls.
    pub fallback: bool,
}

impl<'a> CodeownersIndex<'a> {
    pub(super) fn new(files: &'a BTreeSet<Codeowners>) -> Self {
        let mut index = Self::default();
        // Ordered by root, then rank: where a directory has several files, the first counts.
        for file in files {
            index
                .files
                .entry(directory(&file.root))
                .or_insert_with(|| CompiledFile::new(file));
        }
        index
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The verdict on a file; `None` when no line speaks of it.
    pub(super) fn verdict(&mut self, origin: &Origin) -> Option<Verdict<'a>> {
        if self.files.is_empty() {
            return None;
        }
        let repository = origin.repository.as_ref().map(|r| r.root.clone());
        let key = (Str::from(origin.on_disk()), repository);
        if let Some(known) = self.cache.get(&key) {
            return known.clone();
        }
        let verdict = self.find(&key.0, key.1.as_deref());
        self.cache.insert(key, verdict.clone());
        verdict
    }

    /// A host reads only the file at the repository's root. Outside a repository, and in one whose root
    /// has none (a copied estate inside another repository), the nearest directory upward counts.
    fn find(&self, path: &str, repository: Option<&str>) -> Option<Verdict<'a>> {
        let path = relative(path);
        let root = repository.map(directory);
        if let Some(root) = root
            && let Some(file) = self.files.get(root)
        {
            return file.verdict(below(path, root)?);
        }
        let mut folder = path;
        while let Some((up, _)) = folder.rsplit_once('/') {
            folder = up;
            if folder.is_empty() {
                break;
            }
            if root.is_some_and(|root| below(folder, root).is_none() && folder != root) {
                return None;
            }
            if let Some(file) = self.files.get(folder) {
                return file.verdict(below(path, folder)?);
            }
        }
        // The working directory's file speaks neither for other places nor beyond a repository.
        let elsewhere = path.starts_with('/') || path.starts_with("../");
        if elsewhere || root.is_some_and(|root| !root.is_empty()) {
            return None;
        }
        self.files.get("")?.verdict(path)
    }
}

/// A directory without the `./` in front and the `/` behind.
pub(super) fn directory(path: &str) -> &str {
    match relative(path).trim_end_matches('/') {
        "." => "",
        path => path,
    }
}

pub(super) fn relative(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    path
}

fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    if directory.is_empty() {
        return Some(path);
    }
    path.strip_prefix(directory)?.strip_prefix('/')
}

/// A file's patterns, indexed so that a path meets only those that can match it.
#[derive(Debug)]
struct CompiledFile<'a> {
    file: &'a Codeowners,
    patterns: Vec<Option<Pattern>>,
    /// By the literal segments that the pattern starts with.
    by_prefix: HashMap<String, Vec<usize>>,
    /// Any depth, by the name that one segment must have.
    by_name: HashMap<Box<str>, Vec<usize>>,
    /// Any depth, by what follows the star of `*.ext`.
    by_suffix: HashMap<String, Vec<usize>>,
    /// Everything else, by a text that must stand in the path.
    others: Literals,
    /// The rules of a file of regular expressions.
    expressions: Option<Expressions>,
}

impl<'a> CompiledFile<'a> {
    fn new(file: &'a Codeowners) -> Self {
        let mut compiled = Self {
            file,
            patterns: Vec::with_capacity(file.rules.len()),
            by_prefix: HashMap::new(),
            by_name: HashMap::new(),
            by_suffix: HashMap::new(),
            others: Literals::default(),
            expressions: None,
        };
        if file.dialect == CodeownersDialect::Gitea {
            compiled.expressions = Some(Expressions::new(&file.rules));
            return compiled;
        }
        // Of equal lines of a section the last one counts; exclusions count wherever they stand.
        let mut later = HashSet::new();
        let repeated: HashSet<usize> = (0..file.rules.len())
            .rev()
            .zip(file.rules.iter().rev())
            .filter(|(_, rule)| !rule.pattern.starts_with('!'))
            .filter(|(_, rule)| !later.insert((&rule.pattern, &rule.section)))
            .map(|(at, _)| at)
            .collect();
        let mut others = Vec::new();
        for (at, rule) in file.rules.iter().enumerate() {
            let gitlab = file.dialect == CodeownersDialect::GitLab;
            let text = match rule.pattern.strip_prefix('!') {
                Some(excluded) if gitlab => excluded,
                _ => &rule.pattern,
            };
            let pattern = Pattern::compile(text, file.dialect);
            if let Some(pattern) = &pattern
                && !repeated.contains(&at)
            {
                match compiled.list_for(pattern) {
                    Some(list) => list.push(at),
                    None => others.push((pattern.literal(), at)),
                }
            }
            compiled.patterns.push(pattern);
        }
        compiled.others = Literals::new(others);
        compiled
    }

    /// The list that a pattern is found by; `None` for one that only a part of a name is known of.
    fn list_for(&mut self, pattern: &Pattern) -> Option<&mut Vec<usize>> {
        match pattern.segments() {
            [Segment::Literal(_), ..] => {
                let literals: Vec<&str> = pattern
                    .segments()
                    .iter()
                    .map_while(|segment| match segment {
                        Segment::Literal(name) => Some(&**name),
                        _ => None,
                    })
                    .collect();
                Some(self.by_prefix.entry(literals.join("/")).or_default())
            }
            [Segment::Many, Segment::Literal(name), ..] => {
                Some(self.by_name.entry(name.clone()).or_default())
            }
            [Segment::Many, Segment::Glob(tokens), ..] => {
                let suffix = extension(tokens)?;
                Some(self.by_suffix.entry(suffix).or_default())
            }
            _ => None,
        }
    }

    fn verdict(&self, path: &str) -> Option<Verdict<'a>> {
        if let Some(expressions) = &self.expressions {
            let (rules, fallback) = expressions.matching(&self.file.rules, path);
            return (!rules.is_empty()).then_some(Verdict {
                file: self.file,
                rules,
                fallback,
            });
        }
        let segments: Vec<&str> = path.split('/').collect();
        let mut candidates = self.others.candidates(path);
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        for prefix in ends.filter_map(|end| path.get(..end)) {
            candidates.extend(self.by_prefix.get(prefix).into_iter().flatten());
        }
        for segment in &segments {
            candidates.extend(self.by_name.get(*segment).into_iter().flatten());
            if !self.by_suffix.is_empty() {
                for suffix in segment
                    .match_indices('.')
                    .filter_map(|(at, _)| segment.get(at..))
                {
                    candidates.extend(self.by_suffix.get(suffix).into_iter().flatten());
                }
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let mut matching = candidates
            .into_iter()
            .rev()
            .filter_map(|at| {
                let pattern = self.patterns.get(at)?.as_ref()?;
                Some((pattern, self.file.rules.get(at)?))
            })
            .filter(|(pattern, _)| pattern.matches_segments(&segments));
        let decided: Vec<(&Pattern, &'a CodeownersRule)> = match self.file.dialect {
            CodeownersDialect::GitLab => by_section(matching),
            CodeownersDialect::GitHub | CodeownersDialect::Gitea => {
                matching.next().into_iter().collect()
            }
        };
        (!decided.is_empty()).then(|| Verdict {
            file: self.file,
            fallback: decided.iter().all(|(pattern, _)| pattern.catches_all()),
            rules: decided.into_iter().map(|(_, rule)| rule).collect(),
        })
    }
}

/// The last match of each section; an exclusion anywhere in a section takes the path out of it for good.
fn by_section<'p, 'a>(
    matching: impl Iterator<Item = (&'p Pattern, &'a CodeownersRule)>,
) -> Vec<(&'p Pattern, &'a CodeownersRule)> {
    let mut decided: Vec<(&Pattern, &CodeownersRule)> = Vec::new();
    let mut sections = HashMap::new();
    for (pattern, rule) in matching {
        let at = *sections.entry(&rule.section).or_insert(decided.len());
        match decided.get_mut(at) {
            None => decided.push((pattern, rule)),
            Some(slot) if rule.pattern.starts_with('!') => *slot = (pattern, rule),
            Some(_) => {}
        }
    }
    // A statement about the path outranks a default, whichever comes later in the file.
    decided.sort_by_key(|(pattern, _)| pattern.catches_all());
    decided.truncate(MAX_SECTIONS);
    decided
}

/// The `.ext` of `*.ext`.
fn extension(tokens: &[Token]) -> Option<String> {
    let [Token::Run, Token::Char('.'), rest @ ..] = tokens else {
        return None;
    };
    let rest: Option<String> = rest
        .iter()
        .map(|token| match token {
            Token::Char(c) => Some(*c),
            _ => None,
        })
        .collect();
    Some(format!(".{}", rest?))
}
