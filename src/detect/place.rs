//! What a path says about the text under it: its environment, and whether it is there to be read by
//! people rather than to be used.

/// What is known from the path alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `prod`, `staging`, `dev` or `test`.
    pub(super) environment: Option<&'static str>,
    /// Why a credential here is likelier to be made up: `path is a test`.
    pub(super) lowers: Option<&'static str>,
    /// Whether it is program text, in which a bare word is a name and not a value.
    pub(super) source: bool,
    /// Whether it is a `.netrc`, whose words are separated by spaces only.
    pub(super) netrc: bool,
    /// Whether the path is not known: then nothing is held against a text that some path would allow.
    pub(super) unknown: bool,
}

impl Place {
    /// The ways in which a text can be read as long as its path is not known.
    pub(super) fn unknown() -> [Self; 3] {
        [(false, false), (false, true), (true, false)].map(|(source, netrc)| Self {
            environment: None,
            lowers: None,
            source,
            netrc,
            unknown: true,
        })
    }

    pub(super) fn of(path: &str) -> Self {
        let file = path.rsplit('/').next().unwrap_or_default();
        let words = || {
            path.split(['/', '.', '-', '_', ' ', '\\'])
                .filter(|word| !word.is_empty())
        };
        // The file itself is nearer to the truth than the folders around it.
        let environment = words().rev().find_map(environment);
        let lowers = words().find_map(made_up);
        let extension = file.rsplit_once('.').map(|(_, extension)| extension);
        Self {
            environment,
            lowers,
            source: extension.is_some_and(is_source),
            netrc: matches!(file, ".netrc" | "_netrc"),
            unknown: false,
        }
    }
}

fn environment(word: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 11] = [
        ("prod", "prod"),
        ("production", "prod"),
        ("prd", "prod"),
        ("staging", "staging"),
        ("stage", "staging"),
        ("stg", "staging"),
        ("preprod", "staging"),
        ("dev", "dev"),
        ("development", "dev"),
        ("test", "test"),
        ("qa", "test"),
    ];
    WORDS
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))
        .map(|(_, environment)| *environment)
}

fn made_up(word: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 26] = [
        ("test", "path is a test"),
        ("tests", "path is a test"),
        ("testing", "path is a test"),
        ("testdata", "path is a test"),
        ("selftest", "path is a test"),
        ("selftests", "path is a test"),
        ("unittest", "path is a test"),
        ("unittests", "path is a test"),
        ("spec", "path is a test"),
        ("specs", "path is a test"),
        ("mock", "path is a test"),
        ("mocks", "path is a test"),
        ("fixture", "path is a fixture"),
        ("fixtures", "path is a fixture"),
        ("doc", "path is documentation"),
        ("docs", "path is documentation"),
        ("documentation", "path is documentation"),
        ("readme", "path is documentation"),
        ("changelog", "path is documentation"),
        ("example", "path is an example"),
        ("examples", "path is an example"),
        ("sample", "path is an example"),
        ("samples", "path is an example"),
        ("demo", "path is an example"),
        ("tutorial", "path is an example"),
        ("template", "path is a template"),
    ];
    WORDS
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))
        .map(|(_, reason)| *reason)
}

/// Languages in which a value that is a text stands in quotes.
fn is_source(extension: &str) -> bool {
    const SOURCE: [&str; 40] = [
        "c", "cc", "cpp", "cs", "cxx", "dart", "ex", "exs", "go", "gradle", "groovy", "h", "hcl",
        "hpp", "hs", "java", "js", "json", "jsx", "kt", "kts", "lua", "m", "mjs", "mm", "php",
        "pl", "pm", "ps1", "py", "rb", "rs", "s", "scala", "sql", "swift", "tf", "toml", "ts",
        "tsx",
    ];
    SOURCE.iter().any(|s| extension.eq_ignore_ascii_case(s))
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn environments() {
        for (path, expected) in [
            (".env.production", Some("prod")),
            ("deploy/values-prod.yaml", Some("prod")),
            ("prod/values-staging.yaml", Some("staging")),
            ("envs/stg/app.env", Some("staging")),
            ("config/development.json", Some("dev")),
            ("a/qa/b.ini", Some("test")),
            ("products/reproduce.txt", None),
            ("devices/latest.c", None),
        ] {
            assert_eq!(Place::of(path).environment, expected, "{path}");
        }
    }

    #[test]
    fn made_up_places_and_source() {
        assert_eq!(Place::of("src/tests/a.py").lowers, Some("path is a test"));
        assert_eq!(Place::of("README.md").lowers, Some("path is documentation"));
        assert_eq!(Place::of(".env.example").lowers, Some("path is an example"));
        assert_eq!(Place::of("src/attestation.rs").lowers, None);
        assert!(Place::of("src/a.rs").source);
        assert!(!Place::of("a.env").source);
        assert!(Place::of("home/.netrc").netrc);
    }
}
