//! Rule matching as the API server's RBAC authoriser does it.

/// One rule of a Role or ClusterRole, borrowed from wherever it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a, S> {
    /// `apiGroups`; the empty string is the core group.
    pub api_groups: &'a [S],
    /// `resources`, with subresources as `pods/exec`.
    pub resources: &'a [S],
    /// `verbs`.
    pub verbs: &'a [S],
    /// `resourceNames`; empty means every name and none.
    pub resource_names: &'a [S],
    /// `nonResourceURLs`.
    pub non_resource_urls: &'a [S],
}

/// What somebody asks the API server for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Something of the API.
    Resource {
        /// `get`, `create`, …
        verb: &'a str,
        /// API group; empty for the core group.
        group: &'a str,
        /// `pods`, or with the subresource `pods/exec`.
        resource: &'a str,
        /// The object's name; empty where the request has none, as creating or listing a collection.
        name: &'a str,
    },
    /// A path outside the API: `/metrics`.
    Url {
        /// The HTTP method, lower case.
        verb: &'a str,
        /// The path.
        path: &'a str,
    },
}

/// Whether a rule allows a request.
///
/// Groups, resources, verbs and names are literal or `*` (names only literal). `*` among resources takes
/// subresources in, `*/exec` is that subresource of every resource, `pods` does not cover `pods/exec` and
/// `pods/*` covers nothing. A rule with `resourceNames` never allows a request without a name.
pub fn allows<S: AsRef<str>>(rule: &Rule<'_, S>, request: &Request<'_>) -> bool {
    match *request {
        Request::Resource {
            verb,
            group,
            resource,
            name,
        } => {
            literal_or_all(rule.verbs, verb)
                && literal_or_all(rule.api_groups, group)
                && resource_matches(rule.resources, resource)
                && (rule.resource_names.is_empty() || contains(rule.resource_names, name))
        }
        Request::Url { verb, path } => {
            literal_or_all(rule.verbs, verb)
                && rule
                    .non_resource_urls
                    .iter()
                    .any(|pattern| url_matches(pattern.as_ref(), path))
        }
    }
}

/// Whether a request with this verb for this resource can carry an object's name at all, so that a rule
/// limited by `resourceNames` can allow it. Creating has a name only for subresources, deleting a
/// collection never. A `list` or `watch` can (`?fieldSelector=metadata.name=x`), for that object alone.
pub fn can_be_named(verb: &str, resource: &str) -> bool {
    match verb {
        "create" => resource.contains('/'),
        "deletecollection" => false,
        _ => true,
    }
}

/// Whether a list of `resources` covers a resource, or a subresource written `pods/exec`.
pub fn resource_matches<S: AsRef<str>>(patterns: &[S], resource: &str) -> bool {
    let sub = resource.split_once('/').map(|(_, sub)| sub);
    patterns.iter().map(AsRef::as_ref).any(|pattern| {
        pattern == "*"
            || pattern == resource
            || sub.is_some_and(|sub| pattern.strip_prefix("*/") == Some(sub))
    })
}

/// Whether a list has this entry or `*`.
pub fn literal_or_all<S: AsRef<str>>(list: &[S], wanted: &str) -> bool {
    list.iter()
        .any(|entry| matches!(entry.as_ref(), e if e == "*" || e == wanted))
}

fn contains<S: AsRef<str>>(list: &[S], wanted: &str) -> bool {
    list.iter().any(|entry| entry.as_ref() == wanted)
}

fn url_matches(pattern: &str, path: &str) -> bool {
    pattern == "*"
        || pattern == path
        || (pattern.ends_with('*') && path.starts_with(pattern.trim_end_matches('*')))
}
