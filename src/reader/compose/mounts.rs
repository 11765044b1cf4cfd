//! What of the host a service has mounted: the daemon's socket, and folders in which people keep credentials.

use super::{Keeping, Service, handed, part};
use crate::reader::tree::Node;

pub(super) fn read(keeping: &mut Keeping<'_>, service: &mut Service<'_>) {
    let mut found: Vec<(String, u32)> = Vec::new();
    for list in service.all("volumes") {
        for item in list.items() {
            if let Some(source) = source(item) {
                found.push((source, item.line));
            }
        }
    }
    for (source, line) in found {
        let Some((name, what)) = of(&source) else {
            continue;
        };
        service.note(name);
        if let Some(what) = what {
            let id = format!("compose:{}/host-file/{}", service.folder, part(&source));
            handed(keeping, service, id, &source, what, line);
        }
    }
}

/// The path on the host; `None` of named volumes.
fn source(item: &Node) -> Option<String> {
    let text = match item.text() {
        // `${HOME}/.aws:/root/.aws:ro`: colons inside braces part nothing.
        Some(text) => {
            let mut depth = 0usize;
            let end = text.char_indices().find(|(_, c)| {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                *c == ':' && depth == 0
            });
            text.get(..end.map_or(text.len(), |(at, _)| at))?
        }
        None => item
            .str("source")
            .filter(|_| item.str("type") != Some("volume"))?,
    };
    let host = text.starts_with(['/', '~', '.', '$']);
    host.then(|| text.trim_end_matches('/').to_owned())
}

/// What a path of the host holds: the trait, and how to say that the service is handed it.
fn of(path: &str) -> Option<(&'static str, Option<&'static str>)> {
    let home = |folder: &str| {
        let inside = path.split('/').any(|part| part == folder);
        let above = path.starts_with(['~', '$'])
            || path.starts_with("/root/")
            || path.starts_with("/home/");
        inside && above
    };
    if path.ends_with("/docker.sock")
        || path.ends_with("/podman.sock")
        || path.ends_with("/containerd.sock")
    {
        return Some(("docker-socket", None));
    }
    if path.is_empty() {
        return Some(("host-root", None));
    }
    let found = [
        (".aws", "mounts-aws-credentials", "folder of AWS profiles"),
        (".kube", "mounts-kube-config", "folder of kubeconfigs"),
        (".ssh", "mounts-ssh-keys", "folder of SSH keys"),
        (
            ".docker",
            "mounts-docker-logins",
            "folder of Docker's logins",
        ),
        (
            "gcloud",
            "mounts-gcloud-credentials",
            "folder of Google's credentials",
        ),
        (
            ".azure",
            "mounts-azure-credentials",
            "folder of Azure's credentials",
        ),
        (".netrc", "mounts-netrc", "file of user names and passwords"),
        (".npmrc", "mounts-npmrc", "file of registries' tokens"),
        (
            ".git-credentials",
            "mounts-git-credentials",
            "git's store of passwords",
        ),
    ];
    found
        .into_iter()
        .find(|(folder, _, _)| home(folder))
        .map(|(_, name, what)| (name, Some(what)))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_paths_of_the_host_hold() {
        for (path, expected) in [
            ("/var/run/docker.sock", Some("docker-socket")),
            ("~/.aws", Some("mounts-aws-credentials")),
            ("${HOME}/.kube/config", Some("mounts-kube-config")),
            ("$HOME/.config/gcloud", Some("mounts-gcloud-credentials")),
            ("/root/.ssh", Some("mounts-ssh-keys")),
            ("./.aws-sam", None),
            ("./data", None),
            ("", Some("host-root")),
        ] {
            assert_eq!(of(path).map(|(name, _)| name), expected, "{path}");
        }
    }
}
