//! A small AWS on loopback: the query protocol in XML and JSON 1.1, with faults on demand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The account whose credentials are used.
pub(crate) const ACCOUNT: &str = "111122223333";
/// Another of the same organisation.
pub(crate) const MEMBER: &str = "444455556666";
/// One that lets nobody in.
pub(crate) const CLOSED: &str = "777788889999";

/// What happens instead of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Nothing: this call is answered.
    None,
    /// A status and an error's code.
    Error(u16, &'static str),
    /// An answer that is none.
    Text(&'static str),
    /// The connection ends in the middle of the answer.
    Cut,
}

/// Faults by action, taken one a call.
pub(crate) type Faults<'f> = &'f [(&'static str, &'f [Fault])];

#[derive(Debug, Default)]
struct State {
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    /// Every call, as action and the field that tells calls apart.
    calls: Vec<String>,
    /// Jobs that were asked about.
    jobs: BTreeSet<String>,
    report: bool,
    account: String,
}

/// The server; it goes away with the test's process.
pub(crate) struct Cloud {
    /// Where it is.
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Cloud {
    pub(crate) fn start(faults: Faults<'_>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let cloud = Self {
            url,
            state: Arc::default(),
        };
        cloud.state.lock().unwrap().account = ACCOUNT.to_owned();
        cloud.break_down(faults);
        let state = Arc::clone(&cloud.state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        cloud
    }

    /// From now on these go wrong.
    pub(crate) fn break_down(&self, faults: Faults<'_>) {
        let mut state = self.state.lock().unwrap();
        state.faults = faults
            .iter()
            .map(|(action, faults)| (*action, faults.iter().copied().collect()))
            .collect();
    }

    /// Whose credentials the caller's are said to be.
    pub(crate) fn is_account(&self, account: &str) {
        account.clone_into(&mut self.state.lock().unwrap().account);
    }

    /// What was asked so far; the list begins anew.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        line.clear();
    }
    let length = headers.get("content-length").and_then(|l| l.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8(body).unwrap();
    let authorization = headers.get("authorization").cloned().unwrap_or_default();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 "), "unsigned");
    let (action, fields) = match headers.get("x-amz-target") {
        Some(target) => {
            let fields: Value = serde_json::from_str(&body).unwrap();
            let fields = fields.as_object().unwrap().iter();
            let fields = fields.map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()));
            let action = target.split('.').next_back().unwrap().to_owned();
            (action, fields.collect::<BTreeMap<_, _>>())
        }
        None => {
            let fields = body.split('&').filter_map(|pair| pair.split_once('='));
            let fields: BTreeMap<_, _> = fields.map(|(k, v)| (k.to_owned(), decoded(v))).collect();
            (fields["Action"].clone(), fields)
        }
    };
    let json = headers.contains_key("x-amz-target");
    // Who asks: members are asked with the keys that their role gave.
    let member = authorization.contains("ASIAMEMBER");
    let mut state = state.lock().unwrap();
    let subject = [
        "Marker",
        "NextToken",
        "UserName",
        "Arn",
        "RoleArn",
        "ParentId",
        "PolicyId",
    ];
    let subject = subject.iter().find_map(|name| fields.get(*name));
    state.calls.push(match subject {
        Some(subject) => format!("{action} {subject}"),
        None => action.clone(),
    });
    let fault = state
        .faults
        .get_mut(action.as_str())
        .and_then(VecDeque::pop_front);
    let (status, answer) = match fault {
        None | Some(Fault::None) => answer(&mut state, &action, &fields, member),
        Some(Fault::Error(status, code)) => (status, error(json, code)),
        Some(Fault::Text(text)) => (200, text.to_owned()),
        Some(Fault::Cut) => (0, String::new()),
    };
    drop(state);
    let kind = if json {
        "application/x-amz-json-1.1"
    } else {
        "text/xml"
    };
    let _ = if status == 0 {
        // Half an answer.
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n<half>"
        )
    } else {
        write!(
            stream,
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        )
    };
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    let encode = |b: u8| {
        if plain(b) {
            char::from(b).to_string()
        } else {
            format!("%{b:02X}")
        }
    };
    text.bytes().map(encode).collect()
}

fn error(json: bool, code: &str) -> String {
    // Real services quote the request in some messages; that must not be repeated.
    let message = match code {
        "AccessDenied" => "no identity-based policy allows the action",
        _ => "canonical request with x-amz-security-token QUOTEDTOKEN",
    };
    if json {
        json!({"__type": format!("com.amazonaws.organizations#{code}"), "Message": message})
            .to_string()
    } else {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>r</RequestId></ErrorResponse>"
        )
    }
}

/// XML from JSON: lists of `member`s.
fn xml(value: &Value) -> String {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| format!("<{name}>{}</{name}>", xml(value)))
            .collect(),
        Value::Array(items) => {
            let items = items
                .iter()
                .map(|item| format!("<member>{}</member>", xml(item)));
            items.collect()
        }
        Value::String(text) => text.replace('&', "&amp;").replace('<', "&lt;"),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

const WHEN: &str = "2026-01-02T03:04:05Z";

fn answer(
    state: &mut State,
    action: &str,
    fields: &BTreeMap<String, String>,
    member: bool,
) -> (u16, String) {
    let account = if member {
        MEMBER.to_owned()
    } else {
        state.account.clone()
    };
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let arn = |rest: &str| format!("arn:aws:iam::{account}:{rest}");
    let allow = |action: &str| {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        encoded(&json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
    };
    let user = |name: &str| {
        json!({"Path": "/", "UserName": name, "UserId": format!("AIDA{}", name.to_uppercase()),
            "Arn": arn(&format!("user/{name}")), "CreateDate": WHEN, "GroupList": ["builders"],
            "AttachedManagedPolicies": [], "Tags": [{"Key": "team", "Value": "build & release"}]})
    };
    let result = match action {
        "GetCallerIdentity" => {
            json!({"Account": account, "UserId": "AIDACALLER", "Arn": arn("user/auditor")})
        }
        "GetAccountAuthorizationDetails" => match field("Marker") {
            "" => json!({"IsTruncated": true, "Marker": "second",
                "UserDetailList": [user("ci"), user("deploy"), user("idle")]}),
            "second" => {
                let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
                json!({"IsTruncated": true, "Marker": "third",
                    "GroupDetailList": [{"Path": "/", "GroupName": "builders", "GroupId": "AGPA",
                        "Arn": arn("group/builders"), "CreateDate": WHEN, "GroupPolicyList": [],
                        "AttachedManagedPolicies": [{"PolicyName": "all", "PolicyArn": arn("policy/all")}]}],
                    "RoleDetailList": [{"Path": "/", "RoleName": "machine", "RoleId": "AROA",
                        "Arn": arn("role/machine"), "CreateDate": WHEN,
                        "AssumeRolePolicyDocument": encoded(&trust.to_string()),
                        "InstanceProfileList": [{"Path": "/", "InstanceProfileName": "machine",
                            "InstanceProfileId": "AIPA", "Arn": arn("instance-profile/machine"),
                            "CreateDate": WHEN, "Roles": []}],
                        "RolePolicyList": [{"PolicyName": "read", "PolicyDocument": allow("s3:GetObject")}],
                        "RoleLastUsed": {"LastUsedDate": WHEN, "Region": "eu-west-1"}}]})
            }
            "third" => {
                json!({"IsTruncated": false, "Policies": [{"PolicyName": "all", "PolicyId": "ANPA",
                "Arn": arn("policy/all"), "Path": "/", "DefaultVersionId": "v2", "AttachmentCount": 1,
                "IsAttachable": true, "CreateDate": WHEN, "UpdateDate": WHEN,
                "PolicyVersionList": [{"Document": allow("*"), "VersionId": "v2", "IsDefaultVersion": true,
                    "CreateDate": WHEN}]}]})
            }
            other => panic!("no page begins at {other}"),
        },
        "GenerateCredentialReport" => {
            let made = std::mem::replace(&mut state.report, true);
            json!({"State": if made { "COMPLETE" } else { "STARTED" }})
        }
        "GetCredentialReport" => {
            let head = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
                password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
                access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
                access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
                access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,\
                cert_2_active,cert_2_last_rotated";
            let none = "false,N/A,N/A,N/A,N/A";
            let key = "true,2026-01-02T03:04:05+00:00,2026-06-01T00:00:00+00:00,eu-west-1,s3";
            let row = |user: &str, key: &str| {
                format!(
                    "{user},{},2026-01-02T03:04:05+00:00,false,N/A,N/A,N/A,false,{key},{none},false,N/A,false,N/A",
                    arn(&format!("user/{user}"))
                )
            };
            let rows = [
                head.to_owned(),
                row("ci", key),
                row("deploy", key),
                row("idle", none),
            ]
            .join("\n");
            let content = base64::engine::general_purpose::STANDARD.encode(rows);
            json!({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": WHEN})
        }
        "ListAccessKeys" => json!({"IsTruncated": false, "UserName": field("UserName"),
            "AccessKeyMetadata": [{"UserName": field("UserName"), "Status": "Active", "CreateDate": WHEN,
                "AccessKeyId": format!("AKIA{:A<16}", field("UserName").to_uppercase())}]}),
        "GetAccessKeyLastUsed" => {
            json!({"UserName": "ci", "AccessKeyLastUsed": {"LastUsedDate": WHEN,
            "ServiceName": "s3", "Region": "eu-west-1"}})
        }
        "ListServiceSpecificCredentials" => {
            json!({"IsTruncated": false, "ServiceSpecificCredentials": [{
            "UserName": "ci", "Status": "Active", "ServiceUserName": "ci-at-1", "CreateDate": WHEN,
            "ServiceSpecificCredentialId": "ACCAEXAMPLE", "ServiceName": "codecommit.amazonaws.com"}]})
        }
        "ListOpenIDConnectProviders" => json!({"OpenIDConnectProviderList": [
            {"Arn": arn("oidc-provider/token.actions.githubusercontent.com")}]}),
        "GetOpenIDConnectProvider" => json!({"Url": "token.actions.githubusercontent.com",
            "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": ["1c58a3a8518e8759bf075b76b750d4f2df264fcd"],
            "CreateDate": WHEN}),
        "ListSAMLProviders" => json!({"SAMLProviderList": [{"Arn": arn("saml-provider/corp"),
            "ValidUntil": "2030-01-02T03:04:05Z", "CreateDate": WHEN}]}),
        "GetSAMLProvider" => {
            json!({"SAMLMetadataDocument": "<EntityDescriptor/>", "CreateDate": WHEN,
            "ValidUntil": "2030-01-02T03:04:05Z"})
        }
        "GetAccountSummary" => json!({"SummaryMap": "MAP"}),
        "ListAccountAliases" => json!({"IsTruncated": false, "AccountAliases": ["acme"]}),
        "ListVirtualMFADevices" => json!({"IsTruncated": false, "VirtualMFADevices": [
            {"SerialNumber": arn("mfa/idle"), "EnableDate": WHEN}]}),
        "GenerateServiceLastAccessedDetails" => json!({"JobId": field("Arn")}),
        "GetServiceLastAccessedDetails" if state.jobs.insert(field("JobId").to_owned()) => {
            json!({"JobStatus": "IN_PROGRESS", "JobCreationDate": WHEN, "JobCompletionDate": WHEN,
                "ServicesLastAccessed": []})
        }
        "GetServiceLastAccessedDetails" => {
            json!({"JobStatus": "COMPLETED", "JobType": "ACTION_LEVEL",
            "JobCreationDate": WHEN, "JobCompletionDate": WHEN, "IsTruncated": false, "ServicesLastAccessed": [
                {"ServiceName": "Amazon S3", "ServiceNamespace": "s3", "LastAuthenticated": WHEN,
                 "LastAuthenticatedEntity": field("JobId"), "TotalAuthenticatedEntities": 1}]})
        }
        "AssumeRole" => {
            let role = field("RoleArn");
            if !role.contains(MEMBER) || field("ExternalId") != "our-deal" {
                return (403, error(false, "AccessDenied"));
            }
            json!({"Credentials": {"AccessKeyId": "ASIAMEMBEREXAMPLE000", "SecretAccessKey": "MEMBERSECRET",
                "SessionToken": "MEMBERTOKEN", "Expiration": "2099-01-02T03:04:05Z"},
                "AssumedRoleUser": {"AssumedRoleId": "AROA:tenure-collect", "Arn": role}})
        }
        other => return organization(other, field),
    };
    let body = xml(&result).replace(
        "MAP",
        "<entry><key>Users</key><value>3</value></entry><entry><key>Roles</key><value>1</value></entry>",
    );
    (
        200,
        format!("<{action}Response><{action}Result>{body}</{action}Result></{action}Response>"),
    )
}

fn organization<'f>(action: &str, field: impl Fn(&str) -> &'f str) -> (u16, String) {
    let arn = |rest: &str| format!("arn:aws:organizations::{ACCOUNT}:{rest}");
    let account = |id: &str| {
        json!({"Id": id, "Arn": arn(&format!("account/o-example/{id}")), "Name": format!("account {id}"),
            "Status": "ACTIVE", "State": "ACTIVE", "JoinedMethod": "CREATED", "JoinedTimestamp": 1_700_000_000})
    };
    let policy = |id: &str, kind: &str| json!({"Id": id, "Arn": arn(&format!("policy/o-example/{id}")), "Name": id, "Type": kind, "AwsManaged": false});
    let answer = match (action, field("ParentId")) {
        ("DescribeOrganization", _) => {
            json!({"Organization": {"Id": "o-example", "MasterAccountId": ACCOUNT,
            "Arn": arn("organization/o-example"), "FeatureSet": "ALL"}})
        }
        ("ListAccounts", _) if field("NextToken").is_empty() => {
            json!({"Accounts": [account(ACCOUNT), account(MEMBER)], "NextToken": "more"})
        }
        ("ListAccounts", _) => json!({"Accounts": [account(CLOSED)]}),
        ("ListRoots", _) => {
            json!({"Roots": [{"Id": "r-root", "Arn": arn("root/o-example/r-root"), "Name": "Root"}]})
        }
        ("ListOrganizationalUnitsForParent", "r-root") => json!({"OrganizationalUnits": [
            {"Id": "ou-root-work", "Arn": arn("ou/o-example/ou-root-work"), "Name": "work"}]}),
        ("ListOrganizationalUnitsForParent", _) => json!({"OrganizationalUnits": []}),
        ("ListAccountsForParent", "r-root") => json!({"Accounts": [account(ACCOUNT)]}),
        ("ListAccountsForParent", _) => json!({"Accounts": [account(MEMBER), account(CLOSED)]}),
        ("ListPolicies", _) if field("Filter") == "SERVICE_CONTROL_POLICY" => {
            json!({"Policies": [policy("p-guard", "SERVICE_CONTROL_POLICY")]})
        }
        ("ListPolicies", _) => json!({"Policies": []}),
        ("DescribePolicy", _) => {
            json!({"Policy": {"PolicySummary": policy("p-guard", "SERVICE_CONTROL_POLICY"),
            "Content": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"iam:*\",\"Resource\":\"*\"}]}"}})
        }
        ("ListTargetsForPolicy", _) => {
            json!({"Targets": [{"TargetId": "ou-root-work", "Name": "work",
            "Arn": arn("ou/o-example/ou-root-work"), "Type": "ORGANIZATIONAL_UNIT"}]})
        }
        (other, _) => panic!("nobody should ask {other}"),
    };
    (200, answer.to_string())
}
