//! Where calls of modules point.

use super::syntax::{Block, ExprKind};

/// The source of a call, where it is written out.
pub(super) fn source<'a>(block: &'a Block<'_>) -> Option<&'a str> {
    match &block.body.attribute("source")?.kind {
        ExprKind::Text(text) => Some(text),
        _ => None,
    }
}

/// The directory that a local source means, seen from a directory; `None` for sources elsewhere.
pub(super) fn local_path(from: &str, source: &str) -> Option<String> {
    if !(source.starts_with("./") || source.starts_with("../") || matches!(source, "." | "..")) {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').filter(|part| *part != ".").collect();
    if from.is_empty() {
        parts.clear();
    }
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                None | Some(&"..") => parts.push(".."),
                Some(_) => {
                    parts.pop();
                }
            },
            part => parts.push(part),
        }
    }
    let absolute = from.starts_with('/');
    let path = parts.join("/");
    Some(match path.as_str() {
        "" if absolute => "/".to_owned(),
        "" => ".".to_owned(),
        _ => path,
    })
}

/// The directory of a path, written so that local sources lead to it.
pub(super) fn directory(path: &str) -> &str {
    let directory = match path.rsplit_once('/') {
        Some((directory, _)) => directory,
        None => ".",
    };
    directory.strip_prefix("./").unwrap_or(directory)
}

#[cfg(test)]
mod tests {
    use super::{directory, local_path};

    #[test]
    fn local_sources_are_followed() {
        let path = |from, source| local_path(from, source);
        assert_eq!(
            path("envs/prod", "../../modules/x/").as_deref(),
            Some("modules/x")
        );
        assert_eq!(path(".", "./modules/x").as_deref(), Some("modules/x"));
        assert_eq!(path("a", "..").as_deref(), Some("."));
        assert_eq!(path("/srv/a", "../b").as_deref(), Some("/srv/b"));
        assert_eq!(path("a", "terraform-aws-modules/iam/aws"), None);
        assert_eq!(directory("./a/main.tf"), "a");
        assert_eq!(directory("main.tf"), ".");
        assert_eq!(directory("./main.tf"), ".");
    }
}
