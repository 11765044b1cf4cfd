//! Bases that lie elsewhere.

/// Whether an entry names something that would have to be fetched.
pub(super) fn is_one(text: &str) -> bool {
    if text.starts_with('.') || text.starts_with('/') {
        return false;
    }
    let host = text.split(['/', ':']).next().unwrap_or_default();
    text.contains("://")
        || text.starts_with("git@")
        || text.starts_with("git::")
        || text.contains("?ref=")
        || matches!(host, "github.com" | "gitlab.com" | "bitbucket.org")
        || text.contains(".git//")
}

/// Whether what is fetched cannot change: it is named by a commit.
pub(super) fn pinned(text: &str) -> bool {
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let by_reference = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == "ref" || *key == "version")
        .is_some_and(|(_, value)| is_commit(value));
    // A raw file is named by the commit inside its path.
    by_reference || query.is_empty() && text.split('/').any(is_commit)
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
