//! Names of files as hints: exports that do not say whom they are about are named after it by those who
//! make them (`role_deploy.json`, `arn:aws:iam::111122223333:role/deploy` with other separators).

/// Prefix of ids that are not known yet: behind it the name, a line feed, and the folders around it.
const PROVISIONAL: &str = "aws:named-by-file:";

/// Words around a name in the name of a file that say what is in it, not whom it is about.
const ABOUT: [&str; 24] = [
    "accessadvisor",
    "access",
    "accessed",
    "advisor",
    "details",
    "entities",
    "export",
    "for",
    "get",
    "iam",
    "info",
    "json",
    "last",
    "lastaccessed",
    "of",
    "report",
    "service",
    "serviceslastaccessed",
    "servicelastaccesseddetails",
    "services",
    "sla",
    "usage",
    "used",
    "with",
];

/// The id of an identity of which only a hint is known.
pub fn provisional(hint: &str, folders: &str) -> String {
    format!("{PROVISIONAL}{hint}\n{folders}")
}

/// Hint and folders of such an id.
pub fn parts(id: &str) -> Option<(&str, &str)> {
    id.strip_prefix(PROVISIONAL)?.split_once('\n')
}

/// The file's name without folders and endings.
pub fn stem(path: &str) -> &str {
    let mut stem = path.rsplit('/').next().unwrap_or_default();
    for ending in [
        ".gz", ".bz2", ".xz", ".zst", ".json", ".jsonl", ".ndjson", ".txt",
    ] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    stem
}

/// The words of a name in lower case, with `_` between them: whatever stands between words in the names
/// of files, it is the same here.
pub fn folded(name: &str) -> String {
    words(name).join("_")
}

fn words(name: &str) -> Vec<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

/// The same without the words at its ends that say what the file is.
pub fn bare(name: &str) -> String {
    let words = words(name);
    let about = |word: &String| ABOUT.contains(&&**word);
    let start = words.iter().take_while(|word| about(word)).count();
    let rest = words.get(start..).unwrap_or_default();
    let end = rest.iter().rev().take_while(|word| about(word)).count();
    let kept = rest.get(..rest.len() - end).unwrap_or_default();
    kept.join("_")
}

/// Whether one of its words is one of these.
pub fn speaks_of(name: &str, these: &[&str]) -> bool {
    words(name).iter().any(|word| these.contains(&&**word))
}

/// The one word of a file's name that does not say what the file is: `s3` of `entities-s3`.
pub fn service(name: &str) -> Option<String> {
    let bare = bare(name);
    (!bare.is_empty() && !bare.contains('_') && speaks_of(name, &["entities"])).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        assert_eq!(stem("a/b/role_deploy.json.gz"), "role_deploy");
        assert_eq!(
            folded("arn:aws:iam::111122223333:role/a-b"),
            folded("arn.aws.iam..111122223333.role.a_b")
        );
        assert_eq!(bare("last-accessed-role-deploy-details"), "role_deploy");
        assert_eq!(service("entities-s3").as_deref(), Some("s3"));
        assert_eq!(service("ci-deploy"), None);
        let id = provisional("role_deploy", "x/111122223333");
        assert_eq!(parts(&id), Some(("role_deploy", "x/111122223333")));
    }
}
