//! What a pod is handed and what it can reach beside the API: Secrets, tokens, the node it runs on.

use super::naming::{name_of, named};
use super::object::Object;
use super::{Node, Sink};
use crate::model::{IdentityId, Set, Str};
use std::collections::BTreeSet;

/// A pod's specification, with what runs by it.
pub(super) struct Pod<'a, 'n> {
    pub(super) object: &'a Object<'n>,
    pub(super) spec: &'n Node,
    /// JSON pointer of the specification below the object.
    pub(super) path: &'a str,
    /// The workload's id.
    pub(super) workload: &'a str,
    /// The identity that it runs as.
    pub(super) user: &'a IdentityId,
    /// The name of its ServiceAccount, where that is the identity.
    pub(super) account: Option<&'a str>,
}

/// Lists of containers.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Sockets of container runtimes: who talks to one runs anything on the node.
const SOCKETS: &[&str] = &[
    "docker.sock",
    "containerd.sock",
    "crio.sock",
    "dockershim.sock",
    "podman.sock",
    "cri-dockerd.sock",
];

/// Capabilities of Linux with which a container takes its node over or reads its traffic.
const STRONG: &[&str] = &[
    "ALL",
    "BPF",
    "DAC_READ_SEARCH",
    "NET_ADMIN",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
];

impl Sink<'_> {
    /// Reads a pod's specification; what checks ask of it is returned.
    pub(super) fn pod(&mut self, pod: &Pod<'_, '_>) -> Set<Str> {
        let mut traits = BTreeSet::new();
        let mut mounted = BTreeSet::new();
        for list in CONTAINERS {
            for (i, container) in pod.spec.list(list).iter().enumerate() {
                let at = format!("{}/{list}/{i}", pod.path);
                self.environment(pod, container, &at);
                security(container, &mut traits);
                for mount in container.list("volumeMounts") {
                    mounted.extend(named(mount, "name"));
                }
            }
        }
        for (i, volume) in pod.spec.list("volumes").iter().enumerate() {
            self.volume(
                pod,
                volume,
                &format!("{}/volumes/{i}", pod.path),
                &mut traits,
            );
            let used = named(volume, "name").is_some_and(|name| mounted.contains(name));
            if let (true, Some(path)) = (used, volume.at(&["hostPath", "path"])) {
                host_path(path, &mut traits);
            }
        }
        for (i, reference) in pod.spec.list("imagePullSecrets").iter().enumerate() {
            let at = format!("{}/imagePullSecrets/{i}", pod.path);
            self.handed(pod, reference.get("name"), "pulls images".to_owned(), &at);
        }
        for (member, word) in [
            ("hostPID", "host-pid"),
            ("hostIPC", "host-ipc"),
            ("hostNetwork", "host-network"),
        ] {
            if pod.spec.bool(member) == Some(true) {
                traits.insert(word.to_owned());
            }
        }
        if let Some(node) = named(pod.spec, "nodeName") {
            traits.insert(format!("node:{node}"));
        }
        traits.into_iter().map(Str::from).collect()
    }

    /// A container that stands alone: what it is handed, and what it may do to its node.
    pub(super) fn container(
        &mut self,
        pod: &Pod<'_, '_>,
        container: &Node,
        path: &str,
    ) -> Vec<Str> {
        let mut traits = BTreeSet::new();
        self.environment(pod, container, path);
        security(container, &mut traits);
        traits.into_iter().map(Str::from).collect()
    }

    /// Secrets in the environment of a container.
    fn environment(&mut self, pod: &Pod<'_, '_>, container: &Node, path: &str) {
        for (i, variable) in container.list("env").iter().enumerate() {
            let Some(reference) = variable.at(&["valueFrom", "secretKeyRef"]) else {
                continue;
            };
            let at = format!("{path}/env/{i}");
            let name = named(variable, "name").unwrap_or_default();
            let how = match named(reference, "key") {
                Some(key) => format!("env {name} (key {key})"),
                None => format!("env {name}"),
            };
            self.handed(pod, reference.get("name"), how, &at);
        }
        for (i, source) in container.list("envFrom").iter().enumerate() {
            if let Some(reference) = source.get("secretRef") {
                let how = "env, every key".to_owned();
                self.handed(
                    pod,
                    reference.get("name"),
                    how,
                    &format!("{path}/envFrom/{i}"),
                );
            }
        }
    }

    /// Secrets and tokens in a volume.
    fn volume(
        &mut self,
        pod: &Pod<'_, '_>,
        volume: &Node,
        path: &str,
        traits: &mut BTreeSet<String>,
    ) {
        let name = named(volume, "name").unwrap_or_default();
        let how = || format!("volume {name}");
        self.handed(pod, volume.at(&["secret", "secretName"]), how(), path);
        for (i, source) in volume
            .at(&["projected"])
            .map_or(&[][..], |p| p.list("sources"))
            .iter()
            .enumerate()
        {
            let at = format!("{path}/projected/sources/{i}");
            self.handed(pod, source.at(&["secret", "name"]), how(), &at);
            let Some(token) = source.get("serviceAccountToken") else {
                continue;
            };
            let audience = named(token, "audience");
            let lifetime = named(token, "expirationSeconds");
            if let Some(account) = pod.account {
                let evidence = self.spot(pod.object, token, &at);
                self.token(&pod.object.namespace, account, audience, evidence);
            }
            let lifetime = lifetime
                .and_then(|text| text.parse::<u64>().ok())
                .unwrap_or(3600);
            traits.insert(format!("token:{}", audience.unwrap_or("api-server")));
            // The API server's own default, and the kubelet renews: longer is a choice.
            if lifetime > 86_400 {
                traits.insert(format!("token-for-days:{}", lifetime / 86_400));
            }
        }
        let driver = volume.get("csi");
        if let Some(csi) = driver {
            self.handed(pod, csi.at(&["nodePublishSecretRef", "name"]), how(), path);
            if let Some(class) = name_of(csi.at(&["volumeAttributes", "secretProviderClass"])) {
                let evidence = self.spot(pod.object, csi, path);
                let secret = format!("k8s:secret-provider:{}/{class}", pod.object.namespace);
                self.facts.secret_uses.push(crate::model::SecretUse {
                    user: pod.user.clone(),
                    secret: secret.into(),
                    name: class.into(),
                    workload: pod.workload.into(),
                    how: how().into(),
                    receiver: None,
                    evidence,
                });
            }
        }
        self.handed(pod, volume.at(&["azureFile", "secretName"]), how(), path);
        for plugin in [
            "flexVolume",
            "cephfs",
            "iscsi",
            "rbd",
            "scaleIO",
            "storageos",
            "cinder",
        ] {
            self.handed(pod, volume.at(&[plugin, "secretRef", "name"]), how(), path);
        }
    }

    fn handed(&mut self, pod: &Pod<'_, '_>, name: Option<&Node>, how: String, path: &str) {
        let Some((node, name)) = name.and_then(|node| Some((node, name_of(Some(node))?))) else {
            return;
        };
        let evidence = self.spot(pod.object, node, path);
        let secret = (&*pod.object.namespace, name);
        self.uses_secret(pod.user, secret, pod.workload, how, evidence);
    }
}

/// What a container may do to its node.
fn security(container: &Node, traits: &mut BTreeSet<String>) {
    let Some(context) = container.get("securityContext") else {
        return;
    };
    if context.bool("privileged") == Some(true) {
        traits.insert("privileged".to_owned());
    }
    let added = context
        .get("capabilities")
        .map_or(&[][..], |c| c.list("add"));
    for capability in added.iter().filter_map(Node::text) {
        let name = capability.to_ascii_uppercase();
        let name = name.strip_prefix("CAP_").unwrap_or(&name);
        if STRONG.contains(&name) {
            traits.insert(format!("adds:{name}"));
        }
    }
}

/// What of the node a mounted path gives.
fn host_path(path: &Node, traits: &mut BTreeSet<String>) {
    let Some(path) = name_of(Some(path)) else {
        return;
    };
    let clean = match path.trim_end_matches('/') {
        "" => "/",
        clean => clean,
    };
    traits.insert(format!("host-path:{clean}"));
    let file = clean.rsplit('/').next().unwrap_or_default();
    let below = |folder: &str| {
        clean == folder
            || clean
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    let holds_sockets = matches!(
        clean,
        "/run"
            | "/var/run"
            | "/run/containerd"
            | "/var/run/containerd"
            | "/run/crio"
            | "/var/run/crio"
    );
    if SOCKETS.contains(&file) || holds_sockets {
        traits.insert("container-socket".to_owned());
    }
    if matches!(clean, "/" | "/etc" | "/root" | "/home" | "/var" | "/proc") || below("/root/.ssh") {
        traits.insert("host-files".to_owned());
    }
    if matches!(clean, "/var/lib" | "/var/lib/kubelet")
        || below("/var/lib/kubelet/pods")
        || below("/var/lib/kubelet/pki")
    {
        traits.insert("kubelet-files".to_owned());
    }
    if matches!(
        clean,
        "/etc/kubernetes"
            | "/etc/kubernetes/pki"
            | "/etc/kubernetes/admin.conf"
            | "/var/lib/etcd"
            | "/var/lib/rancher"
            | "/etc/rancher"
    ) {
        traits.insert("cluster-keys".to_owned());
    }
}
