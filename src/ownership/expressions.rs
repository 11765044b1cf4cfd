//! CODEOWNERS files of Gitea and Forgejo: regular expressions over whole paths. Every rule that matches counts; one
//! with `!` in front matches where its expression does not.

use crate::model::CodeownersRule;
use regex::{RegexBuilder, RegexSet, RegexSetBuilder};

/// How many rules of a file are read.
const MAX_RULES: usize = 1000;
/// How large one compiled expression, and all of a file, may be, in bytes.
const MAX_ONE: usize = 128 * 1024;
const MAX_ALL: usize = 16 * 1024 * 1024;
/// Expressions that mean every file: a default rather than a statement about a file.
const EVERYTHING: [&str; 4] = [".*", ".+", "^.*$", "^.*"];

/// A file's rules, compiled.
#[derive(Debug)]
pub(super) struct Expressions {
    set: Option<RegexSet>,
    /// Which rule each expression is of, and whether it is negated.
    rules: Vec<(usize, bool)>,
}

impl Expressions {
    pub(super) fn new(rules: &[CodeownersRule]) -> Self {
        let mut texts = Vec::new();
        let mut kept = Vec::new();
        for (at, rule) in rules.iter().enumerate().take(MAX_RULES) {
            let (text, negated) = match rule.pattern.strip_prefix('!') {
                Some(text) => (text, true),
                None => (&*rule.pattern, false),
            };
            let text = format!("^(?:{text})$");
            // The host leaves a broken expression out, and so does this scan.
            if RegexBuilder::new(&text).size_limit(MAX_ONE).build().is_ok() {
                texts.push(text);
                kept.push((at, negated));
            }
        }
        let set = RegexSetBuilder::new(texts).size_limit(MAX_ALL).build().ok();
        Self { set, rules: kept }
    }

    /// The rules that speak of a path, those that say what they do not mean and those that mean every file last; and whether there are only such.
    pub(super) fn matching<'a>(
        &self,
        rules: &'a [CodeownersRule],
        path: &str,
    ) -> (Vec<&'a CodeownersRule>, bool) {
        let Some(set) = &self.set else {
            return (Vec::new(), false);
        };
        let matches = set.matches(path);
        let mut found: Vec<&CodeownersRule> = self
            .rules
            .iter()
            .enumerate()
            .filter(|(at, (_, negated))| matches.matched(*at) != *negated)
            .filter_map(|(_, (rule, _))| rules.get(*rule))
            .collect();
        let everything = |rule: &&CodeownersRule| EVERYTHING.contains(&&*rule.pattern);
        found.sort_by_key(|rule| (everything(rule), rule.pattern.starts_with('!')));
        let fallback = !found.is_empty() && found.iter().all(everything);
        (found, fallback)
    }
}
