//! Requests as JSON: what may be asked, in the spellings that people and other programs use.

use super::caller::{Caller, CallerKind};
use super::policy::Policy;
use super::{Cap, Estate, Question, Stack, Terms, Told, assumes, decide};
use crate::model::{Decision, Str};
use crate::platform::aws::actions;
use crate::platform::aws::arn::Arn;
use crate::platform::aws::policy;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A request with the policies that it brings itself. What it does not bring, an estate tells.
#[derive(Clone, Debug, Default)]
pub struct Inquiry {
    /// The inquirer's own name for it.
    pub id: Option<Value>,
    principal: Option<Caller>,
    action: String,
    resource: Option<String>,
    owner: Option<String>,
    context: BTreeMap<String, Vec<String>>,
    terms: Terms,
    identity: Option<Vec<Policy>>,
    boundary: Option<Vec<Policy>>,
    session: Option<Vec<Policy>>,
    endpoint: Option<Vec<Policy>>,
    service_control: Option<Vec<Vec<Policy>>>,
    resource_control: Option<Vec<Vec<Policy>>>,
    resource_policy: Option<Vec<Policy>>,
    trust: Option<Vec<Policy>>,
}

/// Why a request could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRequest(pub String);

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn bad(why: impl Into<String>) -> BadRequest {
    BadRequest(why.into())
}

/// Longest text that is compared with patterns; no ARN and no key's value is longer.
const LONGEST: usize = 4096;
/// Most values of one condition key.
const MOST: usize = 1000;
/// Most bytes of them together: each is compared with each of a condition's values.
const MOST_BYTES: usize = 32 << 10;

impl Inquiry {
    /// A request that brings no policies.
    ///
    /// # Errors
    /// When the principal's name says nothing.
    pub fn new(
        principal: Option<&str>,
        action: &str,
        resource: Option<&str>,
        terms: Terms,
    ) -> Result<Self, BadRequest> {
        Ok(Self {
            principal: principal.map(caller).transpose()?,
            action: action_name(action)?,
            resource: resource.map(str::to_owned),
            terms,
            ..Self::default()
        })
    }

    /// Says what a condition key has; several times for several values.
    pub fn tell(&mut self, key: &str, value: &str) {
        let values = self.context.entry(key.trim().to_ascii_lowercase());
        values.or_default().push(value.to_owned());
    }

    pub(super) fn terms(&self) -> Terms {
        self.terms
    }

    /// The action, as given.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The resource, as given.
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// The principal, as given.
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_ref().map(|caller| caller.arn.as_str())
    }

    /// From JSON. Fields may be spelt `like_this`, `likeThis` or `LikeThis`. `find` finds the principal
    /// that a bare name means.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(
        value: &Value,
        terms: Terms,
        find: &dyn Fn(&str) -> Vec<String>,
    ) -> Result<Self, BadRequest> {
        // Some wrap what is asked, beside the policies.
        let outer = value.as_object().ok_or_else(|| bad("not an object"))?;
        let inner = field(outer, &["request"]).and_then(Value::as_object);
        let get = |names: &[&str]| {
            let inner = inner.and_then(|inner| field(inner, names));
            inner.or_else(|| field(outer, names))
        };
        let action = get(&["action", "actionname"]).and_then(Value::as_str);
        let action = action_name(action.ok_or_else(|| bad("no `action`"))?)?;
        let principal = get(&["principal", "principalarn", "caller"]);
        let principal = principal
            .map(|p| principal_of(p, find))
            .transpose()?
            .flatten();
        let mut resource = None;
        let mut owner = None;
        match get(&["resource", "resourcearn"]) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => resource = Some(text.clone()),
            Some(Value::Object(map)) => {
                let text = |names: &[&str]| field(map, names).and_then(Value::as_str);
                resource = text(&["resource", "arn", "resourcearn"]).map(str::to_owned);
                owner = text(&["accountid", "account", "owner"]).map(str::to_owned);
            }
            Some(_) => return Err(bad("`resource` is neither a text nor an object")),
        }
        let named = get(&["resourceaccount", "resourceaccountid", "resourceowner"]);
        owner = owner.or_else(|| named.and_then(Value::as_str).map(str::to_owned));
        let given = get(&["context", "contextvariables", "requestcontext"]);
        let context = given.map(context).transpose()?.unwrap_or_default();

        let documents =
            |names: &[&str], principals: bool| -> Result<Option<Vec<Policy>>, BadRequest> {
                let value = names
                    .iter()
                    .find_map(|n| get(&[n]))
                    .filter(|v| !v.is_null());
                value
                    .map(|v| policies(v, names.first().unwrap_or(&""), principals))
                    .transpose()
            };
        let levels = |names: &[&str]| -> Result<Option<Vec<Vec<Policy>>>, BadRequest> {
            let value = names
                .iter()
                .find_map(|n| get(&[n]))
                .filter(|v| !v.is_null());
            value
                .map(|v| levels(v, names.first().unwrap_or(&"")))
                .transpose()
        };
        let mut inquiry = Self {
            id: get(&["id", "name"]).cloned(),
            principal,
            action,
            resource,
            owner,
            context,
            terms,
            identity: documents(&["identitypolicies", "identitypolicy", "policies"], false)?,
            boundary: documents(
                &[
                    "permissionsboundary",
                    "permissionboundary",
                    "permissionboundarypolicies",
                    "permissionsboundarypolicies",
                    "permissionsboundaries",
                    "permissionboundarypolicy",
                    "permissionsboundarypolicy",
                    "boundary",
                    "boundarypolicy",
                ],
                false,
            )?,
            session: documents(&["sessionpolicies", "sessionpolicy"], false)?,
            endpoint: documents(
                &[
                    "endpointpolicy",
                    "endpointpolicies",
                    "vpcendpointpolicies",
                    "vpcendpointpolicy",
                ],
                true,
            )?,
            service_control: levels(&["servicecontrolpolicies", "servicecontrolpolicy", "scps"])?,
            resource_control: levels(&[
                "resourcecontrolpolicies",
                "resourcecontrolpolicy",
                "rcps",
            ])?,
            resource_policy: documents(&["resourcepolicy", "resourcepolicies"], true)?,
            trust: documents(
                &[
                    "trustpolicy",
                    "assumerolepolicydocument",
                    "assumerolepolicy",
                    "roletrustpolicy",
                ],
                true,
            )?,
        };
        // Matching costs text times pattern, so neither may be of any length.
        let texts = inquiry.context.values().flatten().map(String::as_str);
        let named = inquiry.resource.as_deref().into_iter();
        let named = named.chain(inquiry.principal()).chain([&*inquiry.action]);
        if texts.chain(named).any(|text| text.len() > LONGEST) {
            return Err(bad("a text is longer than 4096 bytes"));
        }
        if inquiry.context.values().any(|values| values.len() > MOST) {
            return Err(bad("a condition key has more than 1000 values"));
        }
        let bytes = |values: &Vec<String>| values.iter().map(String::len).sum::<usize>();
        if inquiry.context.values().any(|v| bytes(v) > MOST_BYTES) {
            return Err(bad(
                "the values of a condition key are longer than 32768 bytes together",
            ));
        }
        if inquiry.boundary.as_ref().is_some_and(Vec::is_empty) {
            inquiry.boundary = None;
        }
        if inquiry.session.as_ref().is_some_and(Vec::is_empty) {
            inquiry.session = None;
        }
        inquiry.terms.complete = match get(&["complete", "completecontext"]) {
            Some(Value::Bool(complete)) => *complete,
            Some(_) => return Err(bad("`complete` is neither true nor false")),
            None => terms.complete || given.is_some() && inquiry.brings_policies(),
        };
        Ok(inquiry)
    }

    fn brings_policies(&self) -> bool {
        self.identity.is_some()
            || self.resource_policy.is_some()
            || self.trust.is_some()
            || self.boundary.is_some()
            || self.session.is_some()
    }

    pub(super) fn decide(&self, estate: Option<&Estate<'_>>) -> Result<Decision, BadRequest> {
        let Some(caller) = &self.principal else {
            return self.answer(Caller::unnamed(self.supposed_owner()), estate);
        };
        self.answer(caller.clone(), estate)
    }

    /// Nobody in particular asks: somebody of the account that owns the resource.
    fn supposed_owner(&self) -> Option<String> {
        let arn = self.resource.as_deref().and_then(Arn::parse);
        self.owner
            .clone()
            .or_else(|| Some(arn?.customer()?.to_owned()))
    }

    /// The answer for one caller.
    pub(super) fn answer(
        &self,
        mut caller: Caller,
        estate: Option<&Estate<'_>>,
    ) -> Result<Decision, BadRequest> {
        let action = self.action.to_ascii_lowercase();
        let identity = estate.and_then(|estate| estate.meet(&mut caller));
        caller.settled = self.terms.complete;
        if let Some(values) = self.context.get("aws:userid") {
            for id in values {
                caller.unique.push(id.clone());
            }
        }
        let takes_none = match actions::known(&action) {
            actions::Known::Current(action) => Some(action.without_resource()),
            actions::Known::Withdrawn | actions::Known::Unknown => None,
        };
        let resource = match self.resource.as_deref() {
            None if self.terms.complete || takes_none == Some(true) => Some("*"),
            other => other,
        };
        let stated = || {
            let context = self.context.get("aws:resourceaccount");
            context
                .and_then(|values| values.first())
                .map(String::as_str)
        };
        let owner = self.owner.as_deref().or_else(stated).or_else(|| {
            let resource = resource?;
            match estate {
                Some(estate) => estate.owner(resource),
                None => Arn::parse(resource)?.customer(),
            }
        });
        let mut stack = match estate {
            Some(estate) => estate.stack(identity, &caller, &action, resource, owner),
            None => self.bare(&caller, &action),
        };
        self.overlay(&mut stack, &action);
        // A policy that came with the request is all there is of its kind.
        if self.identity.is_some() {
            stack.unread.clear();
        }
        let told = match estate {
            Some(estate) => estate.tell(identity, &caller, resource, owner),
            None => Told::default(),
        };
        let question = Question {
            caller: &caller,
            action: &action,
            resource,
            owner: owner.or(caller.account.as_deref()),
            // A root user has no boundary.
            capped: caller.kind != CallerKind::Root && !matches!(stack.boundary, Cap::None),
            context: &self.context,
            told,
            terms: self.terms,
        };
        Ok(decide::decide(&question, &stack))
    }

    /// The stack of a request that brings all there is.
    fn bare<'a>(&self, caller: &Caller, action: &str) -> Stack<'a> {
        let complete = self.terms.complete || self.brings_policies();
        let mut stack = Stack {
            identity: Vec::new(),
            unread: Vec::new(),
            uncapped: Vec::new(),
            boundary: Cap::None,
            session: Cap::None,
            endpoint: Cap::None,
            service_control: Vec::new(),
            resource_control: Vec::new(),
            resource: Cap::None,
            assumptions: BTreeSet::new(),
        };
        if !complete && caller.has_policies() && caller.kind != CallerKind::Root {
            stack.unread.push("the principal's policies".into());
        }
        if !self.terms.complete && super::takes_part(action, self.resource.as_deref()) {
            let name = if assumes(action) {
                "the role's trust policy"
            } else {
                "the key policy"
            };
            stack.resource = Cap::Unread(name.into());
        }
        stack
    }

    /// What the request brings goes before what an estate tells.
    fn overlay<'a>(&'a self, stack: &mut Stack<'a>, action: &str) {
        let all = |list: &'a Vec<Policy>| Cap::Policies(list.iter().collect());
        if let Some(list) = &self.identity {
            stack.identity = list.iter().collect();
        }
        if let Some(list) = &self.boundary {
            stack.boundary = all(list);
        }
        if let Some(list) = &self.session {
            stack.session = all(list);
        }
        if let Some(list) = &self.endpoint {
            stack.endpoint = all(list);
        }
        if let Some(levels) = &self.service_control {
            stack.uncapped.clear();
            stack.service_control = levels.iter().map(|l| l.iter().collect()).collect();
        }
        if let Some(levels) = &self.resource_control {
            stack.resource_control = levels.iter().flatten().collect();
        }
        let resource = match (&self.trust, &self.resource_policy) {
            (Some(trust), _) if assumes(action) => Some(trust),
            (_, given) => given.as_ref(),
        };
        if let Some(list) = resource {
            stack.resource = all(list);
        }
    }
}

/// A member by any of some names, however its words are joined.
fn field<'v>(map: &'v Map<String, Value>, names: &[&str]) -> Option<&'v Value> {
    let same = |key: &str, name: &str| {
        let key = key.bytes().filter(|b| !matches!(b, b'_' | b'-' | b' '));
        key.map(|b| b.to_ascii_lowercase()).eq(name.bytes())
    };
    names.iter().find_map(|name| {
        let mut members = map.iter();
        members.find(|(key, _)| same(key, name)).map(|(_, v)| v)
    })
}

fn action_name(text: &str) -> Result<String, BadRequest> {
    let text = text.trim();
    match text.split_once(':') {
        Some((service, name)) if !service.is_empty() && !name.is_empty() => Ok(text.to_owned()),
        _ => Err(bad("the action is not of the form `service:Action`")),
    }
}

fn caller(text: &str) -> Result<Caller, BadRequest> {
    Caller::parse(text)
        .ok_or_else(|| bad("the principal is no ARN, account, unique id, service or known name"))
}

fn principal_of(
    value: &Value,
    find: &dyn Fn(&str) -> Vec<String>,
) -> Result<Option<Caller>, BadRequest> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => {
            if let Some(caller) = Caller::parse(text) {
                return Ok(Some(caller));
            }
            match find(text).as_slice() {
                [only] => caller(only).map(Some),
                [] if text.contains('.') && !text.contains(' ') => {
                    Ok(Some(Caller::federated(text)))
                }
                [] => caller(text).map(Some),
                several => Err(bad(format!(
                    "the principal's name is borne by {}",
                    several.len()
                ))),
            }
        }
        Value::Object(map) => {
            let one = |value: &Value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Array(items) => items.first().and_then(Value::as_str).map(str::to_owned),
                _ => None,
            };
            for (names, make) in [
                ("federated", Caller::federated as fn(&str) -> Caller),
                ("service", Caller::service),
            ] {
                if let Some(text) = field(map, &[names]).and_then(one) {
                    return Ok(Some(make(&text)));
                }
            }
            match field(map, &["aws", "arn", "canonicaluser", "principal"]).and_then(one) {
                Some(text) => principal_of(&Value::String(text), find),
                None => Err(bad("`principal` has none of AWS, Service, Federated")),
            }
        }
        _ => Err(bad("`principal` is neither a text nor an object")),
    }
}

/// Keys with a value or a list of values; or the list of records that AWS's own simulator takes.
fn context(value: &Value) -> Result<BTreeMap<String, Vec<String>>, BadRequest> {
    let mut context = BTreeMap::new();
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (key, value) in map {
                // A key that is null is not in the request.
                if !value.is_null() {
                    context.insert(key.trim().to_ascii_lowercase(), texts(value)?);
                }
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                let map = entry
                    .as_object()
                    .ok_or_else(|| bad("`context` is a list of no records"))?;
                let key = field(map, &["contextkeyname", "key", "name"]).and_then(Value::as_str);
                let values = field(map, &["contextkeyvalues", "values", "value"]);
                let (Some(key), Some(values)) = (key, values) else {
                    return Err(bad("a record of `context` has no key or no values"));
                };
                context.insert(key.trim().to_ascii_lowercase(), texts(values)?);
            }
        }
        _ => return Err(bad("`context` is no object")),
    }
    Ok(context)
}

fn texts(value: &Value) -> Result<Vec<String>, BadRequest> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Bool(_) | Value::Number(_) => Ok(vec![value.to_string()]),
        Value::Array(items) => {
            let mut all = Vec::new();
            for item in items {
                if item.is_array() || item.is_object() || item.is_null() {
                    return Err(bad(
                        "a value in `context` is no text, number or truth value",
                    ));
                }
                all.extend(texts(item)?);
            }
            Ok(all)
        }
        _ => Err(bad(
            "a value in `context` is no text, number or truth value",
        )),
    }
}

/// One document or a list of them.
fn policies(value: &Value, what: &str, principals: bool) -> Result<Vec<Policy>, BadRequest> {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| one(item, &format!("{what}[{index}]"), principals))
            .collect(),
        // A wrapper around a list of them.
        Value::Object(map) if field(map, &["statement"]).is_none() => {
            match field(map, &["policies"]) {
                Some(inner) => policies(inner, what, principals),
                None => Ok(vec![one(value, what, principals)?]),
            }
        }
        one_document => Ok(vec![one(one_document, what, principals)?]),
    }
}

/// A list of levels; or one level, where the list holds documents.
fn levels(value: &Value, what: &str) -> Result<Vec<Vec<Policy>>, BadRequest> {
    let Value::Array(items) = value else {
        return Ok(vec![policies(value, what, false)?]);
    };
    let is_level = |item: &Value| match item {
        Value::Array(_) => true,
        Value::Object(map) => field(map, &["policies"]).is_some(),
        _ => false,
    };
    if items.iter().all(is_level) {
        let each = items.iter().enumerate();
        each.map(|(index, item)| policies(item, &format!("{what}[{index}]"), false))
            .collect()
    } else {
        Ok(vec![policies(value, what, false)?])
    }
}

/// A document: an object, the text of one, or a record of name and document.
fn one(value: &Value, what: &str, principals: bool) -> Result<Policy, BadRequest> {
    let mut name: Str = "".into();
    let mut document = value;
    if let Value::Object(map) = value
        && field(map, &["statement"]).is_none()
    {
        let held = ["policy", "document", "policydocument", "content"];
        match field(map, &held) {
            Some(inner) => document = inner,
            None => return Err(bad(format!("{what} has no Statement"))),
        }
        let named = field(map, &["name", "policyname", "arn", "id"]).and_then(Value::as_str);
        name = named.unwrap_or_default().into();
    }
    let read = match document {
        Value::Object(_) => policy::document(document),
        text => match policy::embedded(text) {
            Some(value) => policy::document(&value),
            None => return Err(bad(format!("{what} is no policy document"))),
        },
    };
    match read.1.first() {
        Some((place, why)) => Err(bad(format!("{what}{place}: {why}"))),
        None => Ok(Policy::of_document(name, &read.0, principals)),
    }
}
