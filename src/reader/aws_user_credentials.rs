//! What users sign in with besides access keys: service-specific credentials, signing certificates, SSH
//! public keys, second factors and console passwords, as IAM's listings have them
//! (`aws iam list-service-specific-credentials`, `list-signing-certificates`, `list-ssh-public-keys`,
//! `list-mfa-devices`, `list-virtual-mfa-devices`, `get-login-profile`, `get-account-summary`).
//!
//! None of them names an account; some ids and serial numbers do. Where it stays unknown, what is listed is
//! linked to a provisional user, as access keys are.

use super::Reader;
use super::aws_answer::{Head, Keep, Place, Reading, text, time};
use crate::model::{
    Credential, CredentialId, CredentialLink, CredentialStatus, Document, Evidence, Facts,
    Identity, IdentityId, IdentityKind, Moment, Platform, Presence, Probe, Problem, ProblemKind,
    Str,
};
use crate::platform::aws::arn::{Arn, is_account, is_name};
use crate::platform::aws::hint;
use serde_json::{Map, Value};

const NAME: &str = "aws-user-credentials";

/// The root user of an account whose number no file says; the join knows when there is only one.
pub(super) const SOME_ROOT: &str = "aws:root-user";

const KEEP: Keep = Keep {
    keys: &[
        "Account",
        "AccountAccessKeysPresent",
        "AccountId",
        "AccountMFAEnabled",
        "Arn",
        "CertificateId",
        "Certificates",
        "CreateDate",
        "EnableDate",
        "ExpirationDate",
        "IsTruncated",
        "LoginProfile",
        "MFADevices",
        "SSHPublicKey",
        "SSHPublicKeyId",
        "SSHPublicKeys",
        "SerialNumber",
        "ServiceCredentialAlias",
        "ServiceName",
        "ServiceSpecificCredential",
        "ServiceSpecificCredentialId",
        "ServiceSpecificCredentials",
        "ServiceUserName",
        "Status",
        "SummaryMap",
        "UploadDate",
        "User",
        "UserName",
        "VirtualMFADevices",
    ],
    whole: &[],
};

/// Reads listings of users' credentials.
pub struct AwsUserCredentials;

impl Reader for AwsUserCredentials {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "\"ServiceSpecificCredential",
            "\"SSHPublicKey",
            "MFADevices\"",
            "\"LoginProfile\"",
            "\"CertificateId\"",
            "\"SummaryMap\"",
        ];
        Head::of(probe, &telling).is_some_and(|head| {
            head.together(&["ServiceSpecificCredentialId", "ServiceUserName"], 6)
                || head.together(&["SSHPublicKeyId", "UserName", "Status"], 6)
                || head.together(&["CertificateId", "UserName", "Status"], 6)
                || head.under(Some(&["MFADevices"]), &["SerialNumber", "UserName"], 6)
                || head.under(Some(&["VirtualMFADevices"]), &["SerialNumber"], 6)
                || head.together(&["MFADevices", "UserName"], 3)
                || head.under(Some(&["LoginProfile"]), &["UserName", "CreateDate"], 4)
                || head.under(Some(&["SummaryMap"]), &["AccountMFAEnabled"], 4)
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        let mut more = false;
        reading.walk(&KEEP, &mut |reading, place| {
            if place.map.contains_key("IsTruncated") {
                more = place.map.get("IsTruncated") == Some(&Value::Bool(true));
            }
            one(reading, place)
        });
        if more && reading.problems.is_empty() {
            let message = "the listing says that more pages exist after its last one (IsTruncated)";
            reading.problem(ProblemKind::Note, message);
        }
        reading.done()
    }
}

/// Reads an object, if it is one of those; says whether it is.
fn one(reading: &mut Reading<'_>, place: &Place<'_>) -> bool {
    if place.has("ServiceSpecificCredentialId") {
        service_credential(reading, place);
    } else if place.has("SSHPublicKeyId") {
        listed(reading, place, "SSHPublicKeyId", &SSH);
    } else if place.has("CertificateId") {
        listed(reading, place, "CertificateId", &CERTIFICATE);
    } else if place.has("SerialNumber") {
        device(reading, place);
    } else if place.key() == "LoginProfile" && place.has("UserName") {
        let user = owner(reading, place, None);
        if let Some(identity) = user.and_then(|id| mentioned(reading, &id)) {
            identity.console_access = Some(true);
        }
    } else if place.key() == "SummaryMap" && place.has("AccountMFAEnabled") {
        summary(reading, place);
    } else if let Some(Value::Array(devices)) = place.map.get("MFADevices")
        && devices.is_empty()
    {
        // An empty listing says something only of the user that somebody noted beside it.
        if place.named(&["UserName"]).is_some() {
            let user = owner(reading, place, None);
            if let Some(identity) = user.and_then(|id| mentioned(reading, &id)) {
                identity.mfa = Some(false);
            }
        }
    } else {
        return false;
    }
    true
}

/// A sort of credential that is listed by id.
struct Sort {
    id: &'static str,
    kind: &'static str,
    title: &'static str,
    revoke: &'static str,
    option: &'static str,
}

const SSH: Sort = Sort {
    id: "aws:ssh-public-key:",
    kind: "aws-ssh-public-key",
    title: "AWS SSH public key (CodeCommit)",
    revoke: "delete-ssh-public-key",
    option: "--ssh-public-key-id",
};

const CERTIFICATE: Sort = Sort {
    id: "aws:signing-certificate:",
    kind: "aws-signing-certificate",
    title: "AWS signing certificate",
    revoke: "delete-signing-certificate",
    option: "--certificate-id",
};

/// The services that have credentials of their own: what the API calls them, kind and title.
const SERVICES: [(&str, &str, &str); 4] = [
    (
        "bedrock.amazonaws.com",
        "aws-bedrock-api-key",
        "Bedrock API key",
    ),
    (
        "cassandra.amazonaws.com",
        "aws-keyspaces-credential",
        "Amazon Keyspaces credential",
    ),
    (
        "codecommit.amazonaws.com",
        "aws-codecommit-credential",
        "CodeCommit HTTPS credential",
    ),
    (
        "logs.amazonaws.com",
        "aws-cloudwatch-logs-api-key",
        "CloudWatch Logs API key",
    ),
];

fn service_credential(reading: &mut Reading<'_>, place: &Place<'_>) {
    let sort = Sort {
        id: "aws:service-specific-credential:",
        kind: "aws-service-specific-credential",
        title: "AWS service-specific credential",
        revoke: "delete-service-specific-credential",
        option: "--service-specific-credential-id",
    };
    let service = place.text("ServiceName").unwrap_or_default();
    let known = SERVICES.iter().find(|(name, ..)| *name == service);
    // `<user>-at-<account>` is how IAM names the user towards the service.
    let account = place.text("ServiceUserName").and_then(|name| {
        let (_, account) = name.rsplit_once("-at-")?;
        let account = account.split('+').next()?;
        is_account(account).then_some(account)
    });
    let Some(mut found) = credential(
        reading,
        place,
        "ServiceSpecificCredentialId",
        &sort,
        account,
    ) else {
        return;
    };
    match known {
        Some((_, kind, title)) => {
            found.kind = (*kind).into();
            found.title = (*title).into();
        }
        None if service.is_empty() => {}
        None => {
            let service = service.split('.').next().unwrap_or_default();
            if is_name(service) {
                found.title = format!("{} for {service}", sort.title).into();
            }
        }
    }
    // Without a date it does not end: those that can end carry one.
    found.expires = match (
        place.map.get("ExpirationDate"),
        time(place.map, "ExpirationDate"),
    ) {
        (_, Some(end)) => Moment::At(end),
        (None | Some(Value::Null), None) => Moment::Never,
        (Some(_), None) => Moment::Unknown,
    };
    reading.facts.credentials.push(found);
}

fn listed(reading: &mut Reading<'_>, place: &Place<'_>, key: &str, sort: &Sort) {
    if let Some(mut found) = credential(reading, place, key, sort, None) {
        if sort.kind == SSH.kind {
            found.expires = Moment::Never;
        }
        reading.facts.credentials.push(found);
    }
}

fn credential(
    reading: &mut Reading<'_>,
    place: &Place<'_>,
    key: &str,
    sort: &Sort,
    account: Option<&str>,
) -> Option<Credential> {
    let plausible = |id: &&str| {
        (4..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let Some(id) = place.text(key).filter(plausible) else {
        reading.malformed(place.pointer, "not a credential record; left out");
        return None;
    };
    let mut found = Credential::new(
        CredentialId::from(format!("{}{id}", sort.id)),
        sort.kind,
        "aws",
        sort.title,
    );
    let evidence = reading.at(place.pointer);
    found.display = Some(id.into());
    found.status = status(place.text("Status"));
    found.created = time(place.map, "CreateDate").or_else(|| time(place.map, "UploadDate"));
    if let Some(user) = owner(reading, place, account) {
        let name = place.named(&["UserName"]).unwrap_or_default();
        let command = format!(
            "aws iam {} --user-name {name} {} {id}",
            sort.revoke, sort.option
        );
        found.revocation = is_name(name).then(|| command.into());
        found.account = reading
            .facts
            .identities
            .last()
            .and_then(|identity| identity.account.clone());
        found.links.insert(CredentialLink {
            identity: user,
            basis: "listing of the user's credentials names the user".into(),
            evidence: evidence.clone(),
        });
    }
    found.records.insert(evidence);
    Some(found)
}

fn status(text: Option<&str>) -> CredentialStatus {
    match text {
        Some(s) if s.eq_ignore_ascii_case("active") => CredentialStatus::Active,
        Some(s) if s.eq_ignore_ascii_case("inactive") => CredentialStatus::Inactive,
        Some(s) if s.eq_ignore_ascii_case("expired") => CredentialStatus::Expired,
        _ => CredentialStatus::Unknown,
    }
}

/// A second factor. Virtual ones name the account; a listing of all of them names the user by ARN.
fn device(reading: &mut Reading<'_>, place: &Place<'_>) {
    let user = place.map.get("User").and_then(Value::as_object);
    let arn = user.and_then(|user| text(user, "Arn"));
    let id = match arn.and_then(|arn| of_arn(arn, user)) {
        Some((id, kind, name, account)) => {
            let mut identity = Identity::new(id.clone(), Platform::Aws, kind, name);
            identity.account = Some(account.into());
            identity.presence.insert(Presence::Referenced);
            identity.evidence.insert(reading.at(place.pointer));
            reading.facts.identities.push(identity);
            Some(id)
        }
        None => {
            let serial = place.text("SerialNumber").unwrap_or_default();
            let account = Arn::parse(serial).and_then(|arn| arn.customer());
            if place.named(&["UserName"]).is_none() {
                // Listed, and enrolled by nobody.
                return;
            }
            owner(reading, place, account)
        }
    };
    if let Some(identity) = id.and_then(|id| mentioned(reading, &id)) {
        identity.mfa = Some(true);
    }
}

fn of_arn<'a>(
    text: &'a str,
    user: Option<&'a Map<String, Value>>,
) -> Option<(IdentityId, IdentityKind, &'a str, &'a str)> {
    let arn = Arn::parse(text)?;
    let (kind, name) = match arn.kind() {
        "root" => (IdentityKind::AwsRoot, "<root_account>"),
        "user" => {
            let name = user.and_then(|user| self::text(user, "UserName"));
            (IdentityKind::AwsUser, name.unwrap_or(arn.name()))
        }
        _ => return None,
    };
    Some((text.into(), kind, name, arn.customer()?))
}

/// The summary of an account tells whether its root user has a second factor and access keys.
fn summary(reading: &mut Reading<'_>, place: &Place<'_>) {
    let number = |key: &str| place.map.get(key).and_then(Value::as_i64);
    let path = reading.document.origin.path.clone();
    let digits = |text: &str| {
        let mut parts = text.split(|c: char| !c.is_ascii_digit());
        parts.find(|part| is_account(part)).map(str::to_owned)
    };
    let said = place.wrapped(&["AccountId", "Account"]).map(str::to_owned);
    let keyed = place.keys.iter().rev().find_map(|key| digits(key));
    let account = said
        .filter(|account| is_account(account))
        .or(keyed)
        .or_else(|| digits(hint::stem(&path)))
        .or_else(|| digits(path.rsplit('/').nth(1).unwrap_or_default()));
    let id = match &account {
        Some(account) => IdentityId::from(format!("arn:aws:iam::{account}:root")),
        None => SOME_ROOT.into(),
    };
    let evidence = reading.at(place.pointer);
    let mut root = Identity::new(
        id.clone(),
        Platform::Aws,
        IdentityKind::AwsRoot,
        "<root_account>",
    );
    root.account = account.clone().map(Str::from);
    root.presence.insert(Presence::Observed);
    root.mfa = number("AccountMFAEnabled").map(|n| n > 0);
    root.evidence.insert(evidence.clone());
    reading.facts.identities.push(root);
    if number("AccountAccessKeysPresent").is_some_and(|n| n > 0) {
        reading
            .facts
            .credentials
            .push(root_key(&id, account, &evidence));
    }
    if let Some(account) = reading
        .facts
        .identities
        .last()
        .and_then(|i| i.account.clone())
    {
        reading.facts.sources.push((NAME.into(), account));
    }
}

/// The summary says that the root user has an access key, and not which. Where a credential report was
/// read, that knows better, and the join drops this.
fn root_key(root: &IdentityId, account: Option<String>, evidence: &Evidence) -> Credential {
    let mut found = Credential::new(
        CredentialId::from(format!("aws:access-key:{root}#summary")),
        "aws-access-key",
        "aws",
        "AWS access key",
    );
    found.account = account.map(Str::from);
    found.expires = Moment::Never;
    found.status = CredentialStatus::Active;
    found.links.insert(CredentialLink {
        identity: root.clone(),
        basis: "account summary says that the root user has one".into(),
        evidence: evidence.clone(),
    });
    found.records.insert(evidence.clone());
    found
}

/// The user that a record names, as an identity of which only that is known.
fn owner(
    reading: &mut Reading<'_>,
    place: &Place<'_>,
    account: Option<&str>,
) -> Option<IdentityId> {
    let name = place.named(&["UserName"])?;
    let said = place
        .wrapped(&["AccountId", "Account"])
        .filter(|a| is_account(a));
    let account = account.or(said);
    let id = match account {
        Some(account) => format!("aws:user-name:{account}/{name}"),
        None => format!("aws:user-name:{name}"),
    };
    let id = IdentityId::from(id);
    let mut identity = Identity::new(id.clone(), Platform::Aws, IdentityKind::AwsUser, name);
    identity.account = account.map(Str::from);
    identity.presence.insert(Presence::Referenced);
    identity.evidence.insert(reading.at(place.pointer));
    reading.facts.identities.push(identity);
    Some(id)
}

/// The identity that was noted last, if it is this one.
fn mentioned<'r>(reading: &'r mut Reading<'_>, id: &IdentityId) -> Option<&'r mut Identity> {
    reading
        .facts
        .identities
        .last_mut()
        .filter(|identity| identity.id == *id)
}
