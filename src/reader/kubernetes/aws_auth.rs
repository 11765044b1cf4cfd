//! The ConfigMap by which EKS clusters know IAM's roles and users.

use super::object::Object;
use super::{Node, Sink};
use crate::platform::kubernetes::names::CLUSTER;
use crate::reader::eks;

impl Sink<'_> {
    pub(super) fn config_map(&mut self, object: &Object<'_>) {
        if &*object.name != "aws-auth" || &*object.namespace != "kube-system" {
            return;
        }
        let Some(data) = object.node.get("data") else {
            return;
        };
        let mut facts = crate::model::Facts::default();
        let pointer = format!("{}/data", object.pointer);
        let mut place = |node: &Node| self.evidence(node, pointer.as_str());
        eks::aws_auth(CLUSTER, data, &mut place, &mut facts);
        self.facts.append(facts);
    }
}
