//! Groups and users of a Backstage catalog.

use super::{NAME, annotations, namespace};
use crate::model::{Document, Owner, Person, Str, Team};
use crate::reader::tree;
use std::collections::BTreeSet;

pub(super) fn group(
    node: &tree::Node,
    metadata: &tree::Node,
    name: &str,
    document: &Document<'_>,
) -> Vec<Team> {
    let namespace = namespace(metadata);
    let mut names = names(node, metadata, name, &namespace);
    names.extend(
        annotations(metadata)
            .iter()
            .filter(|(key, _)| key.ends_with("/team-slug"))
            .map(|(_, slug)| slug.to_lowercase().into()),
    );
    let members = node.at(&["spec", "members"]);
    let children = node.at(&["spec", "children"]);
    let listed = members.is_some() || children.is_some_and(|c| !c.items().is_empty());
    let texts = |list: Option<&tree::Node>| -> Vec<String> {
        list.map_or(&[][..], tree::Node::items)
            .iter()
            .filter_map(tree::Node::text)
            .map(str::to_lowercase)
            .collect()
    };
    let line = node.line.max(1);
    let reference = names.first().cloned();
    let mut teams = vec![Team {
        names,
        members: listed.then(|| {
            let people = texts(members).into_iter().map(|m| match m.contains(':') {
                true => Str::from(m),
                false => format!("user:{m}").into(),
            });
            let groups = texts(children).into_iter().map(|c| match c.contains(':') {
                true => Str::from(c),
                false => format!("group:{c}").into(),
            });
            people.chain(groups).collect()
        }),
        ..Team::new(document.at_line(NAME, line))
    }];
    // A group may say itself what it is part of; that group then has it among its members.
    let parent = node.at(&["spec", "parent"]).and_then(tree::Node::text);
    let parent = parent.and_then(Owner::parse);
    if let (Some(parent), Some(child)) = (parent, reference) {
        teams.push(Team {
            names: BTreeSet::from([parent.name().into()]),
            members: Some(BTreeSet::from([format!("group:{child}").into()])),
            ..Team::new(document.at_line(NAME, line))
        });
    }
    teams
}

pub(super) fn user(
    node: &tree::Node,
    metadata: &tree::Node,
    name: &str,
    document: &Document<'_>,
) -> Person {
    let mut names = names(node, metadata, name, &namespace(metadata));
    names.extend(
        annotations(metadata)
            .iter()
            .filter(|(key, _)| {
                key.ends_with("/user-login") || key.ends_with("/email") || key.ends_with("/mail")
            })
            .map(|(_, value)| value.to_lowercase().into()),
    );
    let teams = node
        .at(&["spec", "memberOf"])
        .map_or(&[][..], tree::Node::items)
        .iter()
        .filter_map(tree::Node::text)
        .filter_map(Owner::parse)
        .map(|team| Str::from(team.name()))
        .collect();
    Person {
        names,
        teams,
        // A catalog lists people; it does not say that they are still there.
        ..Person::new(document.at_line(NAME, node.line.max(1)))
    }
}

/// Name, `namespace/name` where that is not the default one, and the profile's address.
fn names(node: &tree::Node, metadata: &tree::Node, name: &str, namespace: &str) -> BTreeSet<Str> {
    let name = name.to_lowercase();
    let mut names = BTreeSet::new();
    if namespace != "default" {
        names.insert(format!("{namespace}/{name}").into());
    } else {
        names.insert(name.into());
    }
    let mail = node
        .at(&["spec", "profile", "email"])
        .and_then(|n| n.text());
    names.extend(mail.map(|mail| Str::from(mail.to_lowercase())));
    // People write a group's title where its name belongs.
    if node
        .str("kind")
        .is_some_and(|k| k.eq_ignore_ascii_case("group"))
    {
        let title = node
            .at(&["spec", "profile", "displayName"])
            .or_else(|| metadata.get("title"))
            .and_then(tree::Node::text);
        names.extend(
            title
                .and_then(Owner::parse)
                .map(|title| Str::from(title.name())),
        );
    }
    names
}
