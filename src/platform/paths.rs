//! Patterns over paths, in gitignore syntax: `tests/`, `*.example`, `docs/**/*.md`.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// One pattern, ready to be matched.
#[derive(Clone, Debug)]
pub struct PathPattern(Gitignore);

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let text = pattern.trim();
        if text.is_empty() || text.starts_with(['#', '!']) {
            return Err(
                "a pattern names files: it is not empty, a comment or a negation".to_owned(),
            );
        }
        let mut builder = GitignoreBuilder::new("");
        builder.add_line(None, text).map_err(|e| e.to_string())?;
        builder.build().map(Self).map_err(|e| e.to_string())
    }

    /// Whether a file's path (`/`-separated, from the root that the pattern is relative to), or a directory
    /// that it lies in, matches.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.trim_start_matches("./").trim_start_matches('/');
        !path.is_empty() && self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use super::PathPattern;

    #[test]
    fn patterns_are_those_of_gitignore() {
        for (pattern, path, expected) in [
            ("tests/", "tests/a/b.py", true),
            ("tests/", "src/tests/b.py", true),
            ("/tests/", "src/tests/b.py", false),
            ("*.example", "deploy/.env.example", true),
            ("docs/**/*.md", "docs/a/b/c.md", true),
            ("docs/**/*.md", "/docs/a.md", true),
            ("docs/*.md", "docs/a/b.md", false),
            ("tests", "tests.py", false),
            ("*", "", false),
        ] {
            let matches = PathPattern::new(pattern).unwrap().matches(path);
            assert_eq!(matches, expected, "{pattern} against {path}");
        }
        for none in ["", "  ", "# a", "!a", "a{b"] {
            assert!(PathPattern::new(none).is_err(), "{none}");
        }
    }
}
