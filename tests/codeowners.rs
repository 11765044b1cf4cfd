//! CODEOWNERS patterns against the hosts' own examples, an independent translation into regular
//! expressions, and gitignore where the two agree.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

use proptest::prelude::*;
use tenure::model::*;
use tenure::ownership::{OwnershipOptions, pattern::Pattern, resolve};
use tenure::reader::{Reader, codeowners};

/// GitHub's rules as a regular expression, written independently of the matcher.
fn naive(pattern: &str) -> Option<regex::Regex> {
    let rooted = pattern.starts_with('/');
    let body = pattern.strip_prefix('/').unwrap_or(pattern);
    let inside = body.ends_with('/');
    let body = body.strip_suffix('/').unwrap_or(body);
    if body.is_empty() {
        return None;
    }
    let parts: Vec<&str> = body.split('/').collect();
    let mut text = String::from(if rooted || parts.len() > 1 {
        "^"
    } else {
        "^(?:[^/]+/)*"
    });
    for (at, part) in parts.iter().enumerate() {
        let last = at + 1 == parts.len();
        match *part {
            "**" if last => text.push_str("(?:[^/]+/)*[^/]+"),
            "**" => {
                text.push_str("(?:[^/]+/)*");
                continue;
            }
            "*" => text.push_str("[^/]+"),
            part => {
                for c in part.chars() {
                    match c {
                        '*' => text.push_str("[^/]*"),
                        '?' => text.push_str("[^/]"),
                        c => text.push_str(&regex::escape(&c.to_string())),
                    }
                }
            }
        }
        text.push_str(if last { "" } else { "/" });
    }
    text.push_str(match (inside, *parts.last().unwrap()) {
        (true, _) => "/.+$",
        (false, "*" | "**") => "$",
        (false, _) => "(?:/.*)?$",
    });
    Some(regex::Regex::new(&text).unwrap())
}

fn matches(pattern: &str, path: &str) -> bool {
    Pattern::compile(pattern, CodeownersDialect::GitHub).is_some_and(|p| p.matches(path))
}

fn pattern() -> impl Strategy<Value = String> {
    let part = proptest::sample::select(vec![
        "a", "b", "ab", "a.b", "*", "**", "a*", "*b", "*.b", "?", "a?b", "*a*", "a**b", "?*",
    ]);
    let parts = proptest::collection::vec(part, 1..5);
    (any::<bool>(), parts, any::<bool>()).prop_map(|(rooted, parts, inside)| {
        let slash = |yes| if yes { "/" } else { "" };
        format!("{}{}{}", slash(rooted), parts.join("/"), slash(inside))
    })
}

fn path() -> impl Strategy<Value = String> {
    let part = proptest::sample::select(vec!["a", "b", "ab", "a.b", "abb", "aab", "c", "é"]);
    proptest::collection::vec(part, 1..6).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn patterns_match_as_a_regular_expression_says(pattern in pattern(), path in path()) {
        let expected = naive(&pattern).is_some_and(|regex| regex.is_match(&path));
        prop_assert_eq!(matches(&pattern, &path), expected, "{} against {}", pattern, path);
    }

    #[test]
    fn patterns_match_as_gitignore_does(pattern in pattern(), path in path()) {
        // gitignore's `?` is a byte here.
        let path = path.replace('é', "e");
        // The two differ in a last segment `*`, which in gitignore takes directories with all inside.
        let pattern = match pattern.trim_matches('/').rsplit('/').next() {
            Some("*" | "**") => format!("{}/b", pattern.trim_end_matches('/')),
            _ => pattern,
        };
        let mut builder = ignore::gitignore::GitignoreBuilder::new("");
        builder.add_line(None, &pattern).unwrap();
        let gitignore = builder.build().unwrap();
        let expected = gitignore.matched_path_or_any_parents(&path, false).is_ignore();
        prop_assert_eq!(matches(&pattern, &path), expected, "{} against {}", pattern, path);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The index over a file's patterns leaves out none that matches: the last match wins.
    #[test]
    fn the_last_match_wins(patterns in proptest::collection::vec(pattern(), 1..12), path in path()) {
        let mut text = String::new();
        let mut expected = None;
        for (at, pattern) in patterns.iter().enumerate() {
            text.push_str(&format!("{pattern} @owner-{at}\n"));
            if naive(pattern).is_some_and(|regex| regex.is_match(&path)) {
                expected = Some(format!("user:owner-{at}"));
            }
        }
        prop_assert_eq!(owner(&text, &path), expected, "{:?} against {}", patterns, path);
    }
}

/// Whose an identity is that this file declares.
fn owner(codeowners: &str, path: &str) -> Option<String> {
    let origin = Origin::file("CODEOWNERS");
    let document = Document {
        origin: &origin,
        bytes: codeowners.as_bytes(),
    };
    let mut inventory = Inventory::default();
    inventory.absorb(codeowners::Codeowners.read(&document).0);
    let mut identity = Identity::new(
        "k8s:cluster/a/b".into(),
        Platform::Kubernetes,
        IdentityKind::KubernetesServiceAccount,
        "b",
    );
    identity.presence.insert(Presence::Declared);
    identity.evidence.insert(Evidence {
        origin: Origin::file(path),
        line: None,
        column: None,
        pointer: None,
        reader: "kubernetes",
    });
    inventory.add_identity(identity);
    let resolved = resolve(&inventory, &OwnershipOptions::default());
    let found = resolved.ownership.into_values().next().unwrap();
    found.owner.as_ref().map(ToString::to_string)
}

/// GitHub's and GitLab's own documented examples, and their neighbours.
#[test]
fn documented_patterns() {
    use CodeownersDialect::{GitHub, GitLab};
    for (dialect, pattern, path, expected) in [
        (GitHub, "*", "any/depth/file", true),
        (GitHub, "*.js", "src/deep/a.js", true),
        (GitHub, "/build/logs/", "build/logs/x/y.txt", true),
        (GitHub, "/build/logs/", "sub/build/logs/y.txt", false),
        (GitHub, "docs/*", "docs/getting-started.md", true),
        (GitHub, "docs/*", "docs/build-app/troubleshooting.md", false),
        (GitHub, "apps/", "deep/apps/x/y", true),
        (GitHub, "apps/", "apps", false),
        (GitHub, "/docs/", "docs/a", true),
        (GitHub, "**/logs", "build/logs/today", true),
        (GitHub, "**/logs", "deeply/nested/logs/a", true),
        (GitHub, "/apps/github", "apps/github/x", true),
        (GitHub, "a\\ b/", "x/a b/c", true),
        (GitHub, "/", "anything", false),
        (GitHub, "Docs/", "docs/a", false),
        (GitLab, "*", "any/depth/.file", true),
        (GitLab, "*.rb", "app/models/a.rb", true),
        (GitLab, "lib/", "deep/lib/a.rb", true),
        (GitLab, "/config/", "deep/config/a", false),
        (GitLab, "/docs/*", "docs/a/b.md", false),
        (GitLab, "/docs/**/*.md", "docs/a/b/c.md", true),
        (GitLab, "/docs/**/*.md", "docs/c.md", true),
        (GitLab, "ee/docs", "x/ee/docs", true),
        (GitLab, "ee/docs", "x/ee/docs/a.md", false),
        (GitLab, "docs/*", "x/docs/a.md", true),
        (GitLab, "path\\ with\\ spaces/", "path with spaces/a", true),
        (
            GitLab,
            "\\#file_with_pound.rb",
            "a/#file_with_pound.rb",
            true,
        ),
        (GitLab, "[a-c].rb", "x/b.rb", true),
        (GitLab, "[!a-c].rb", "x/b.rb", false),
    ] {
        let compiled = Pattern::compile(pattern, dialect);
        let found = compiled.is_some_and(|compiled| compiled.matches(path));
        assert_eq!(found, expected, "{dialect:?} {pattern} against {path}");
    }
}

/// The example of GitHub's documentation, as a whole file.
#[test]
fn a_whole_file() {
    let text = "\
# Comment
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go    docs@example.com
*.txt   @octo-org/octocats
/build/logs/ @doctocat
apps/   @octocat
/apps/github
/scripts/ @doctocat @octocat
";
    for (path, expected) in [
        ("x/y.rs", Some("user:global-owner1")),
        ("x/y.js", Some("user:js-owner")),
        ("main.go", Some("mail:docs@example.com")),
        ("a.txt", Some("team:octo-org/octocats")),
        ("build/logs/a.js", Some("user:doctocat")),
        ("apps/a/b.js", Some("user:octocat")),
        ("apps/github/a.js", None),
        ("scripts/a", Some("user:doctocat")),
    ] {
        assert_eq!(owner(text, path).as_deref(), expected, "{path}");
    }
}

/// Several thousand pairs as independent implementations judge them.
#[test]
fn patterns_match_as_independent_implementations_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/codeowners");
    for (file, dialect, fewest) in [
        ("github.tsv", CodeownersDialect::GitHub, 8000),
        ("gitlab.tsv", CodeownersDialect::GitLab, 6000),
    ] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let mut pairs = 0;
        let mut faults = Vec::new();
        for line in text.lines().filter(|line| line.contains('\t')) {
            let cells: Vec<&str> = line.split('\t').collect();
            let compiled = Pattern::compile(cells[0], dialect);
            let found = compiled.is_some_and(|pattern| pattern.matches(cells[1]));
            pairs += 1;
            if found != (cells[2] == "1") {
                faults.push(format!("{} against {}: {found}", cells[0], cells[1]));
            }
        }
        assert!(pairs >= fewest, "{file} has {pairs} pairs");
        let shown = faults.len().min(60);
        assert!(
            faults.is_empty(),
            "{file}: {} of {pairs} differ\n{}",
            faults.len(),
            faults[..shown].join("\n")
        );
    }
}

/// Whose a file of a repository is, by the CODEOWNERS file at a place in it.
fn owner_at(place: &str, remote: &str, codeowners: &str, path: &str) -> String {
    let repository = std::sync::Arc::new(Repository {
        root: ".".into(),
        remote: Some(remote.into()),
        branch: None,
        head: None,
    });
    let origin = |path: &str| {
        std::sync::Arc::new(Origin {
            named: 0,
            archive: None,
            path: path.into(),
            repository: Some(std::sync::Arc::clone(&repository)),
            cluster: None,
        })
    };
    let file = origin(place);
    let document = Document {
        origin: &file,
        bytes: codeowners.as_bytes(),
    };
    let mut inventory = Inventory::default();
    inventory.absorb(codeowners::Codeowners.read(&document).0);
    let mut identity = Identity::new(
        "other:x".into(),
        Platform::Other,
        IdentityKind::ServiceAccount,
        "x",
    );
    identity.presence.insert(Presence::Declared);
    let declared = origin(path);
    let declared = Document {
        origin: &declared,
        bytes: b"",
    };
    identity.evidence.insert(declared.at_line("kubernetes", 1));
    inventory.add_identity(identity);
    let resolved = resolve(&inventory, &OwnershipOptions::default());
    let found = resolved.ownership.into_values().next().unwrap();
    let claims: Vec<String> = found.claims.iter().map(|c| c.owner.to_string()).collect();
    claims.join(" ")
}

/// GitLab's documented examples of sections, exclusions and roles, as whole files.
#[test]
fn sections_of_gitlab() {
    let file = "
* @general
!*.lock

[Documentation][2] @docs-team
docs/
README.md
*.txt @writers

^[Database] @dba janedoe@example.com
model/db/
config/db/setup.md @docs-team

[DOCUMENTATION] @second-docs
/guide/

[Roles]
/config/ @@maintainer
/ci/ @@developer @group/with-nested/subgroup

[Except] @ops
/ops/
!/ops/vendor/
/ops/vendor/own/
";
    for (path, expected) in [
        ("src/a.rb", "user:general"),
        ("docs/a.md", "user:docs-team user:general"),
        ("docs/a.txt", "user:writers user:general"),
        (
            "model/db/x.rb",
            "user:dba mail:janedoe@example.com user:general",
        ),
        ("config/db/setup.md", "user:docs-team user:general"),
        ("guide/a.md", "user:second-docs user:general"),
        // A role names no party.
        ("config/x", "user:general"),
        ("ci/x", "team:group/with-nested/subgroup user:general"),
        ("ops/x", "user:ops user:general"),
        ("ops/vendor/x", "user:general"),
        // What is excluded cannot be brought back in its section.
        ("ops/vendor/own/x", "user:general"),
        ("yarn.lock", ""),
        ("README.md", "user:docs-team user:general"),
    ] {
        let found = owner_at(".gitlab/CODEOWNERS", "gitlab.com/acme/app", file, path);
        assert_eq!(found, expected, "{path}");
    }
}

/// Gitea's documented examples: regular expressions, of which every match counts.
#[test]
fn expressions_of_gitea() {
    let file = r"
.*\\.go @user1 @user2 # This is comment
frontend/src/.*\\.js @org1/team1 @org1/team2 @user3
docs/(aws|google|azure)/[^/]*\\.(md|txt) @user8 @org1/team4
!(assets|docs|frontend|src|dir)/.* @user9
path\ with\ space @user2
dir/with\#hashtag @user1
([ @broken
";
    for place in [".gitea/CODEOWNERS", ".forgejo/CODEOWNERS"] {
        for (path, expected) in [
            ("src/x.go", "user:user1 user:user2"),
            (
                "frontend/src/a/b.js",
                "team:org1/team1 team:org1/team2 user:user3",
            ),
            ("docs/aws/a.md", "user:user8 team:org1/team4"),
            ("docs/aws/b/a.md", ""),
            ("other", "user:user9"),
            ("path with space", "user:user2 user:user9"),
            ("dir/with#hashtag", "user:user1"),
        ] {
            let found = owner_at(place, "git.example.com/a/b", file, path);
            assert_eq!(found, expected, "{path}");
        }
    }
    assert_eq!(
        owner_at(
            "CODEOWNERS",
            "codeberg.org/a/b",
            "k8s/.* @ops\n",
            "k8s/sa.yaml"
        ),
        "user:ops"
    );
}

/// Bitbucket's documented examples: GitHub's rules, with how many of a group are asked.
#[test]
fn groups_of_bitbucket() {
    let file = "
*      alisha@example.com fred@example.com
*.js   @workspace-slug/frontenders:all
*.py   @workspace-slug/backenders:least_busy(2)
*.tf   @teams/sre-leads:random(2) # inline
";
    for (path, expected) in [
        ("x", "mail:alisha@example.com mail:fred@example.com"),
        ("a/x.js", "team:workspace-slug/frontenders"),
        ("a/x.py", "team:workspace-slug/backenders"),
        ("a/x.tf", "team:teams/sre-leads"),
    ] {
        let found = owner_at(".bitbucket/CODEOWNERS", "bitbucket.org/a/b", file, path);
        assert_eq!(found, expected, "{path}");
    }
}
