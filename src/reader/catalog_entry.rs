//! What the readers of service catalogs share: where an entry stands, and which repository an address means.

use super::tree::{self, Node};
use crate::model::{Document, Origin, Str, Tie};
use crate::platform::located;
use std::collections::BTreeSet;

/// The documents of a file of either syntax; the nodes of both know their lines, but for JSON documents that follow
/// each other.
pub(super) fn documents(document: &Document<'_>) -> Vec<Result<Node, tree::TreeError>> {
    if tree::looks_like_json(document.bytes)
        && let Ok(node) = located::json(document.bytes)
    {
        return vec![Ok(node)];
    }
    tree::documents(document.bytes)
}

/// The directory that a document stands in, as [`Tie::Directory`] writes it.
pub(super) fn directory(origin: &Origin) -> &str {
    let end = origin.path.rfind('/').map_or(0, |slash| slash + 1);
    origin.path.get(..end).unwrap_or_default()
}

/// What stands below the document's directory belongs to its entry.
pub(super) fn below(document: &Document<'_>) -> Tie {
    Tie::Directory(directory(document.origin).into())
}

/// A folder inside a repository, or all of it.
pub(super) fn in_repository(repository: &str, folder: &str) -> Tie {
    let repository = repository.trim_matches('/').to_lowercase();
    let repository = repository.strip_suffix(".git").unwrap_or(&repository);
    let folder = folder.trim_matches('/');
    Tie::Repository(match folder {
        "" | "." => repository.into(),
        folder => format!("{repository}//{folder}").into(),
    })
}

/// The repository, and the folder in it, that an address of a forge means:
/// `https://github.com/acme/shop/tree/main/payments`. Of a file it is the folder around it.
pub(super) fn of_address(address: &str) -> Option<Tie> {
    let address = address.trim();
    let address = address.strip_prefix("url:").unwrap_or(address);
    let rest = ["https://", "http://", "git+https://", "ssh://git@", "git@"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme))?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.split_once(['/', ':'])?;
    let host = host.rsplit('@').next().unwrap_or(host);
    if !host.contains('.') || path.is_empty() {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // `/-/tree/main/x` of GitLab, `/tree/main/x` of GitHub, `/src/main/x` of Bitbucket and Gitea.
    let verb = parts
        .iter()
        .position(|part| matches!(*part, "-" | "tree" | "blob" | "src" | "edit" | "raw"))
        .filter(|at| *at >= 2);
    let repository = parts.get(..verb.unwrap_or(parts.len()))?;
    if repository.len() < 2 || (verb.is_none() && host == "github.com" && repository.len() > 2) {
        return None;
    }
    let mut inside = parts.get(verb.unwrap_or(parts.len())..).unwrap_or_default();
    if let [_, rest @ ..] = inside
        && inside.first() == Some(&"-")
    {
        inside = rest;
    }
    let is_file = inside.first() == Some(&"blob")
        || inside
            .last()
            .is_some_and(|name| name.ends_with(".yaml") || name.ends_with(".yml"));
    // The verb and the branch stand before the path.
    let inside = inside.get(2..).unwrap_or_default();
    let inside = match is_file {
        true => inside.split_last().map_or(&[][..], |(_, folder)| folder),
        false => inside,
    };
    let repository = format!("{host}/{}", repository.join("/"));
    Some(in_repository(&repository, &inside.join("/")))
}

/// Ties to identities by what a value is, whatever it is called: an ARN, a service account's address.
pub(super) fn by_value(value: &str, ties: &mut BTreeSet<Tie>) {
    let value = value.trim();
    if value.starts_with("arn:") && value.split(':').count() >= 6
        || value.ends_with(".gserviceaccount.com") && value.contains('@')
    {
        ties.insert(Tie::Id(value.into()));
    }
}

/// Whether a text is a GUID: what Azure calls applications and subscriptions by.
pub(super) fn is_guid(text: &str) -> bool {
    let sizes: Vec<usize> = text.split('-').map(str::len).collect();
    sizes == [8, 4, 4, 4, 12] && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// The container that a cloud account's own id means.
pub(super) fn account(id: &str) -> Option<Tie> {
    let id = id.trim();
    let digits = id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
    let project = id.len() <= 30
        && id.contains('-')
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let id: Str = match id {
        id if digits => format!("aws:{id}").into(),
        id if is_guid(id) => format!("entra:{}", id.to_lowercase()).into(),
        id if project => format!("gcp:{id}").into(),
        _ => return None,
    };
    Some(Tie::Container(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_forges_mean_repositories_and_folders() {
        for (address, expected) in [
            ("url:https://github.com/Acme/Shop", "github.com/acme/shop"),
            ("https://github.com/acme/shop.git", "github.com/acme/shop"),
            (
                "url:https://github.com/acme/shop/tree/main/services/pay/",
                "github.com/acme/shop//services/pay",
            ),
            (
                "url:https://github.com/acme/shop/blob/main/pay/catalog-info.yaml",
                "github.com/acme/shop//pay",
            ),
            (
                "url:https://github.com/acme/shop/blob/main/catalog-info.yaml",
                "github.com/acme/shop",
            ),
            (
                "https://gitlab.example.com/a/b/c/-/tree/main/x/y",
                "gitlab.example.com/a/b/c//x/y",
            ),
            ("git@github.com:acme/shop.git", "github.com/acme/shop"),
            (
                "https://bitbucket.org/acme/shop/src/main/a/",
                "bitbucket.org/acme/shop//a",
            ),
        ] {
            let expected = Tie::Repository(expected.into());
            assert_eq!(of_address(address), Some(expected), "{address}");
        }
        for none in [
            "dir:.",
            "url:./",
            "https://github.com/acme",
            "x",
            "https://",
        ] {
            assert_eq!(of_address(none), None, "{none}");
        }
    }
}
