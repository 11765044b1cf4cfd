//! The questions of one account, in the order in which later ones need earlier answers.

use super::answers;
use super::collection::{Collection, Page};
use super::permissions::{
    ALIASES, DETAILS, KEYS, KEYS_USED, LAST_ACCESSED, MFA, OIDC, OIDC_LIST, REPORT, SAML,
    SAML_LIST, SERVICE_CREDENTIALS, SUMMARY,
};
use super::subjects::{self, Subjects};
use super::trouble::{Trouble, judge};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AccessAdvisorUsageGranularityType, JobStatusType, ReportStateType};
use serde_json::{Value, json};
use std::time::Duration;

/// Largest page that IAM gives.
const PAGE: i32 = 1000;
/// How often a job of AWS's is asked about before it is given up; with the pauses between, about four minutes.
const POLLS: u32 = 60;

/// Asks everything. A question that may not be asked is noted and left out; what comes back as an error is what makes
/// all others pointless.
pub(super) async fn account(
    collection: &mut Collection,
    iam: &Client,
    last_accessed: bool,
) -> Result<(), Trouble> {
    let client = iam;
    collection
        .pages(DETAILS, async |marker| {
            let request = client.get_account_authorization_details();
            let page = request.max_items(PAGE).set_marker(marker).send().await;
            let page = page.map_err(|e| judge("iam:GetAccountAuthorizationDetails", &e))?;
            let answer = answers::details(&page);
            next(answer, page.is_truncated, page.marker)
        })
        .await?;
    if !collection.has(REPORT) {
        let report = credential_report(collection, iam).await;
        collection.whole(REPORT, report)?;
    }
    let subjects = Subjects::read(
        collection.complete_file(DETAILS).as_deref(),
        collection.complete_file(REPORT).as_deref(),
    )?;
    keys(collection, iam, &subjects).await?;
    service_credentials(collection, iam, &subjects).await?;
    providers(collection, iam).await?;
    if !collection.has(SUMMARY) {
        let answer = iam.get_account_summary().send().await;
        let answer = answer.map_err(|e| judge("iam:GetAccountSummary", &e));
        collection.whole(SUMMARY, answer.map(|a| vec![answers::summary(&a)]))?;
    }
    collection
        .pages(ALIASES, async |marker| {
            let page = client
                .list_account_aliases()
                .set_marker(marker)
                .send()
                .await;
            let page = page.map_err(|e| judge("iam:ListAccountAliases", &e))?;
            let answer = json!({"AccountAliases": page.account_aliases});
            next(answer, page.is_truncated, page.marker)
        })
        .await?;
    collection
        .pages(MFA, async |marker| {
            let request = client.list_virtual_mfa_devices();
            let page = request.max_items(PAGE).set_marker(marker).send().await;
            let page = page.map_err(|e| judge("iam:ListVirtualMFADevices", &e))?;
            let answer = answers::mfa_devices(&page);
            next(answer, page.is_truncated, page.marker)
        })
        .await?;
    if last_accessed {
        let asked = iam.clone();
        let ask = |arn: String| used(asked.clone(), arn);
        if subjects.complete {
            collection.each(LAST_ACCESSED, &subjects.arns, ask).await?;
        } else {
            let why = format!("{LAST_ACCESSED}: which users and roles there are is not known");
            collection.give_up(LAST_ACCESSED, Trouble::Failed(why))?;
        }
    }
    Ok(())
}

/// An answer, and where it goes on.
fn next(answer: Value, truncated: bool, marker: Option<String>) -> Result<Page, Trouble> {
    if truncated && marker.is_none() {
        let why = "more pages are said to exist, but not where they begin";
        return Err(Trouble::Failed(why.to_owned()));
    }
    let next = marker.filter(|_| truncated);
    Ok(Page { answer, next })
}

/// How long to wait before a job is asked about again.
fn pause(poll: u32) -> Duration {
    Duration::from_millis((250 << poll.min(4)).min(4000))
}

async fn credential_report(collection: &Collection, iam: &Client) -> Result<Vec<Value>, Trouble> {
    let mut denied = None;
    for poll in 0..POLLS {
        collection.say(REPORT, "being made");
        let asked = iam.generate_credential_report().send().await;
        match asked.map_err(|e| judge("iam:GenerateCredentialReport", &e)) {
            Ok(answer) if answer.state() == Some(&ReportStateType::Complete) => {}
            Ok(_) => {
                tokio::time::sleep(pause(poll)).await;
                continue;
            }
            // Somebody else may have had one made.
            Err(trouble @ Trouble::Denied(_)) => denied = Some(trouble),
            Err(trouble) => return Err(trouble),
        }
        match iam.get_credential_report().send().await {
            Ok(report) => return Ok(vec![answers::credential_report(&report)]),
            Err(error) => {
                let service = error.as_service_error();
                let early = service.is_some_and(|e| {
                    e.is_credential_report_not_present_exception()
                        || e.is_credential_report_not_ready_exception()
                        || e.is_credential_report_expired_exception()
                });
                match denied {
                    Some(denied) => return Err(denied),
                    None if !early => return Err(judge("iam:GetCredentialReport", &error)),
                    None => tokio::time::sleep(pause(poll)).await,
                }
            }
        }
    }
    let why = format!("{REPORT}: not ready after minutes; try --resume later");
    Err(Trouble::Failed(why))
}

/// The report has no ids of keys, and leaked keys are found by their ids: everybody who has keys is asked for them.
async fn keys(
    collection: &mut Collection,
    iam: &Client,
    subjects: &Subjects,
) -> Result<(), Trouble> {
    if subjects.users.is_none() {
        let why = "which users there are is not known";
        collection.give_up(KEYS, Trouble::Failed(format!("{KEYS}: {why}")))?;
        return collection.give_up(KEYS_USED, Trouble::Failed(format!("{KEYS_USED}: {why}")));
    }
    let asked = iam.clone();
    collection
        .each(KEYS, &subjects.with_keys, |user| {
            let iam = asked.clone();
            async move {
                let mut pages = Vec::new();
                let mut marker = None;
                loop {
                    let request = iam.list_access_keys().user_name(&user);
                    let page = request.set_marker(marker).send().await;
                    let page = page.map_err(|e| judge("iam:ListAccessKeys", &e))?;
                    pages.push(answers::access_keys(&page));
                    marker = page.marker.filter(|_| page.is_truncated);
                    if marker.is_none() {
                        return Ok(pages);
                    }
                }
            }
        })
        .await?;
    // The report tells when the first two keys of a user were last used.
    if !collection.has(KEYS) {
        let why = format!("{KEYS_USED}: which keys there are is not known");
        return collection.give_up(KEYS_USED, Trouble::Failed(why));
    }
    let unknown = match collection.complete_file(KEYS) {
        Some(listed) => subjects::keys_without_use(&listed, subjects)?,
        None => Vec::new(),
    };
    collection
        .each(KEYS_USED, &unknown, |key| {
            let iam = asked.clone();
            async move {
                let request = iam.get_access_key_last_used().access_key_id(&key);
                let answer = request.send().await;
                let answer = answer.map_err(|e| judge("iam:GetAccessKeyLastUsed", &e))?;
                Ok(vec![answers::key_last_used(&key, &answer)])
            }
        })
        .await
}

/// One question for all users; where that is not understood, one for each.
async fn service_credentials(
    collection: &mut Collection,
    iam: &Client,
    subjects: &Subjects,
) -> Result<(), Trouble> {
    const ACTION: &str = "iam:ListServiceSpecificCredentials";
    if collection.has(SERVICE_CREDENTIALS) {
        return Ok(());
    }
    let mut pages = Vec::new();
    let mut marker = None;
    let all = loop {
        let request = iam.list_service_specific_credentials().all_users(true);
        let page = request.set_marker(marker).send().await;
        let page = match page.map_err(|e| judge(ACTION, &e)) {
            Ok(page) => page,
            Err(trouble) => break Err(trouble),
        };
        pages.push(answers::service_credentials(&page));
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            break Ok(pages);
        }
    };
    match (all, &subjects.users) {
        (Err(Trouble::Failed(_)), Some(users)) => {
            let asked = iam.clone();
            let ask = |user: String| {
                let iam = asked.clone();
                async move {
                    let request = iam.list_service_specific_credentials().user_name(user);
                    let page = request.send().await.map_err(|e| judge(ACTION, &e))?;
                    Ok(vec![answers::service_credentials(&page)])
                }
            };
            collection.each(SERVICE_CREDENTIALS, users, ask).await
        }
        (all, _) => collection.whole(SERVICE_CREDENTIALS, all),
    }
}

async fn providers(collection: &mut Collection, iam: &Client) -> Result<(), Trouble> {
    let unknown = |part: &str| Trouble::Failed(format!("{part}: which there are is not known"));
    if !collection.has(OIDC) {
        let listed = iam.list_open_id_connect_providers().send().await;
        let listed = listed.map_err(|e| judge("iam:ListOpenIDConnectProviders", &e));
        let listed = listed.map(|answer| answer.open_id_connect_provider_list.unwrap_or_default());
        let arns = listed.as_ref().ok().map(|providers| {
            let mut arns: Vec<String> = providers.iter().filter_map(|p| p.arn.clone()).collect();
            arns.sort();
            arns
        });
        let answer =
            listed.map(|_| vec![answers::oidc_providers(arns.as_deref().unwrap_or_default())]);
        collection.whole(OIDC_LIST, answer)?;
        let asked = iam.clone();
        let ask = |arn: String| {
            let iam = asked.clone();
            async move {
                let request = iam.get_open_id_connect_provider();
                let answer = request.open_id_connect_provider_arn(&arn).send().await;
                let answer = answer.map_err(|e| judge("iam:GetOpenIDConnectProvider", &e))?;
                Ok(vec![answers::oidc_provider(&arn, &answer)])
            }
        };
        match arns {
            Some(arns) => collection.each(OIDC, &arns, ask).await?,
            None => collection.give_up(OIDC, unknown(OIDC))?,
        }
    }
    if !collection.has(SAML) {
        let listed = iam.list_saml_providers().send().await;
        let listed = listed.map_err(|e| judge("iam:ListSAMLProviders", &e));
        let listed = listed.map(|answer| answer.saml_provider_list.unwrap_or_default());
        let arns = listed.as_ref().ok().map(|providers| {
            let mut arns: Vec<String> = providers.iter().filter_map(|p| p.arn.clone()).collect();
            arns.sort();
            arns
        });
        let answer = listed.map(|providers| vec![answers::saml_providers(&providers)]);
        collection.whole(SAML_LIST, answer)?;
        let asked = iam.clone();
        let ask = |arn: String| {
            let iam = asked.clone();
            async move {
                let answer = iam.get_saml_provider().saml_provider_arn(&arn).send().await;
                let answer = answer.map_err(|e| judge("iam:GetSAMLProvider", &e))?;
                Ok(vec![answers::saml_provider(&arn, &answer)])
            }
        };
        match arns {
            Some(arns) => collection.each(SAML, &arns, ask).await?,
            None => collection.give_up(SAML, unknown(SAML))?,
        }
    }
    Ok(())
}

/// What a user or role used of what it may do: a job that is started, waited for and read.
async fn used(iam: Client, arn: String) -> Result<Vec<Value>, Trouble> {
    const READ: &str = "iam:GetServiceLastAccessedDetails";
    let request = iam.generate_service_last_accessed_details().arn(&arn);
    let granularity = AccessAdvisorUsageGranularityType::ActionLevel;
    let started = request.granularity(granularity).send().await;
    let started = started.map_err(|e| judge("iam:GenerateServiceLastAccessedDetails", &e))?;
    let Some(job) = started.job_id else {
        let why = "iam:GenerateServiceLastAccessedDetails: an answer without a job";
        return Err(Trouble::Failed(why.to_owned()));
    };
    let mut pages = Vec::new();
    let mut marker: Option<String> = None;
    let mut poll = 0;
    loop {
        let request = iam.get_service_last_accessed_details().job_id(&job);
        let page = request
            .max_items(PAGE)
            .set_marker(marker.clone())
            .send()
            .await;
        let page = page.map_err(|e| judge(READ, &e))?;
        if page.job_status == JobStatusType::InProgress {
            if poll == POLLS {
                let why = format!("{READ}: a job is not ready after minutes; try --resume later");
                return Err(Trouble::Failed(why));
            }
            tokio::time::sleep(pause(poll)).await;
            poll += 1;
            continue;
        }
        pages.push(answers::last_accessed(&arn, &page));
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(pages);
        }
    }
}
