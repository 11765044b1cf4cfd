//! Whom later questions are about, read back from the answers that are on disk. So a collection that goes on asks about
//! the same things in the same order as one that was not interrupted.

use super::trouble::Trouble;
use crate::source::open;
use base64::Engine as _;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Users and roles of an account.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    /// Names of users, sorted; `None` where neither source is there.
    pub users: Option<Vec<String>>,
    /// Those that have, or may have, access keys.
    pub with_keys: Vec<String>,
    /// Those about whose first two keys the report tells.
    reported: BTreeMap<String, bool>,
    /// ARNs of users and roles, sorted, without the provider's own roles.
    pub arns: Vec<String>,
    /// Whether the ARNs are all there are.
    pub complete: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    #[serde(default)]
    user_detail_list: Vec<Principal>,
    #[serde(default)]
    role_detail_list: Vec<Principal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Principal {
    arn: Option<String>,
    user_name: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    content: String,
}

impl Subjects {
    /// Reads the answers that are there.
    pub(super) fn read(details: Option<&Path>, report: Option<&Path>) -> Result<Self, Trouble> {
        let mut subjects = Self {
            complete: details.is_some(),
            ..Self::default()
        };
        let mut users = BTreeSet::new();
        let mut arns = BTreeSet::new();
        if let Some(path) = details {
            pages::<Details>(path, &mut |page| {
                for user in page.user_detail_list {
                    users.extend(user.user_name);
                    arns.extend(user.arn);
                }
                for role in page.role_detail_list {
                    let own = role
                        .path
                        .is_some_and(|path| path.starts_with("/aws-service-role/"));
                    arns.extend(role.arn.filter(|_| !own));
                }
            })?;
        }
        if let Some(path) = report {
            pages::<Report>(path, &mut |answer| {
                subjects.reported.extend(has_keys(&answer.content));
            })?;
            users.extend(subjects.reported.keys().cloned());
        }
        // The report may be hours old: users that it does not know may have keys.
        let with_keys = users.iter().filter(|user| subjects.may_have_keys(user));
        subjects.with_keys = with_keys.cloned().collect();
        subjects.arns = arns.into_iter().collect();
        let known = details.is_some() || report.is_some();
        subjects.users = known.then(|| users.into_iter().collect());
        Ok(subjects)
    }

    fn may_have_keys(&self, user: &str) -> bool {
        self.reported.get(user).copied().unwrap_or(true)
    }
}

/// The ids of listed keys whose last use the report does not tell: of users that it does not know or that had no
/// keys then, and any after the second of a user.
pub(super) fn keys_without_use(listed: &Path, subjects: &Subjects) -> Result<Vec<String>, Trouble> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Keys {
        #[serde(default)]
        access_key_metadata: Vec<Key>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Key {
        user_name: Option<String>,
        access_key_id: Option<String>,
    }
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    pages::<Keys>(listed, &mut |page| {
        for key in page.access_key_metadata {
            if let (Some(user), Some(id)) = (key.user_name, key.access_key_id) {
                keys.entry(user).or_default().push(id);
            }
        }
    })?;
    let mut unknown: Vec<String> = Vec::new();
    for (user, ids) in keys {
        let told = subjects.reported.get(&user) == Some(&true) && ids.len() <= 2;
        if !told {
            unknown.extend(ids);
        }
    }
    unknown.sort();
    Ok(unknown)
}

/// The users of a credential report, and whether each has access keys, active or not.
fn has_keys(content: &str) -> BTreeMap<String, bool> {
    let csv = base64::engine::general_purpose::STANDARD
        .decode(content)
        .unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(csv.as_slice());
    let headers = reader.headers().cloned().unwrap_or_default();
    let column = |name: &str| headers.iter().position(|header| header == name);
    let columns = [
        "access_key_1_last_rotated",
        "access_key_2_last_rotated",
        "access_key_1_active",
        "access_key_2_active",
        "additional_credentials_info",
    ]
    .map(column);
    let name = column("user");
    let mut users = BTreeMap::new();
    for row in reader.records().flatten() {
        let Some(user) = name.and_then(|at| row.get(at)) else {
            continue;
        };
        if user == "<root_account>" {
            continue;
        }
        let has = columns.iter().flatten().any(|at| {
            let value = row.get(*at).unwrap_or_default();
            !matches!(
                value,
                "" | "N/A" | "false" | "FALSE" | "False" | "not_supported"
            )
        });
        users.insert(user.to_owned(), has);
    }
    users
}

/// Goes through the pages of a file, one in memory at a time.
fn pages<T: for<'de> Deserialize<'de>>(
    path: &Path,
    each: &mut dyn FnMut(T),
) -> Result<(), Trouble> {
    let trouble = |error| Trouble::Write(path.to_path_buf(), error);
    let (file, _) = open::regular(path).map_err(trouble)?;
    let reader: Box<dyn Read> = Box::new(BufReader::new(file));
    for page in serde_json::Deserializer::from_reader(reader).into_iter::<T>() {
        each(page.map_err(|_| {
            trouble(io::Error::new(
                io::ErrorKind::InvalidData,
                "not what was written there; collect into another folder",
            ))
        })?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_tells_who_has_keys() {
        let csv = "user,arn,access_key_1_active,access_key_1_last_rotated,access_key_2_active,access_key_2_last_rotated\n\
                   <root_account>,a,true,2022-01-02T03:05:00+00:00,false,N/A\n\
                   none,a,false,N/A,false,N/A\n\
                   one,a,true,2022-01-02T03:05:00+00:00,false,N/A\n\
                   off,a,false,N/A,false,2022-01-02T03:05:00+00:00\n";
        let content = base64::engine::general_purpose::STANDARD.encode(csv);
        let users: Vec<(String, bool)> = has_keys(&content).into_iter().collect();
        let users: Vec<(&str, bool)> = users.iter().map(|(u, k)| (u.as_str(), *k)).collect();
        assert_eq!(users, [("none", false), ("off", true), ("one", true)]);
    }
}
