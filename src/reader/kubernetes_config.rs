//! kubeconfig files: `~/.kube/config`, `admin.conf`, `*.kubeconfig`.

use super::Reader;
use super::kubernetes::kubeconfig;
use super::tree;
use crate::model::{Document, Facts, Probe, Problem};

/// Reads kubeconfig files.
pub struct KubernetesConfig;

const NAME: &str = "kubernetes-config";

impl Reader for KubernetesConfig {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary || !named_like_text(probe) {
            return false;
        }
        let has = |text: &str| probe.head_contains(text);
        let kind = ["kind: Config", "kind: \"Config\"", "\"Config\""];
        let lists = has("clusters") || has("contexts") || has("users");
        // The certificates of many clusters push everything else out of the head.
        lists
            && has("apiVersion")
            && (kind.iter().any(|text| has(text)) || !probe.complete && has("server"))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let (mut facts, mut problems) = (Facts::default(), Vec::new());
        for part in tree::documents(document.bytes) {
            match part {
                Ok(config) if kubeconfig::is_one(&config) => {
                    let at = |node: &tree::Node, pointer: &str| match node.line {
                        0 => document.at_record(NAME, pointer),
                        line => document.at_line(NAME, line),
                    };
                    facts.append(kubeconfig::read(&config, &document.origin.path, &at));
                }
                Ok(_) => {}
                Err(error) => problems.push(error.problem(document, NAME)),
            }
        }
        (facts, problems)
    }
}

/// Kubeconfigs carry no code: a script or a page that holds one is not one.
fn named_like_text(probe: &Probe<'_>) -> bool {
    let name = probe.origin.file_name();
    let plain = [
        "yaml",
        "yml",
        "json",
        "conf",
        "config",
        "kubeconfig",
        "txt",
        "example",
    ];
    let dotted = name.trim_start_matches('.').contains('.');
    !dotted || probe.has_extension(&plain) || name.to_ascii_lowercase().contains("kubeconfig")
}
