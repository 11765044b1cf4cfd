//! The terminal text for one subject: whose, what, when, and how that is known.

use super::Style;
use super::paint::{self, BOLD, DIM, GREEN, PLAIN, Pen, RED, YELLOW};
use super::show::{CredentialView, IdentityView};
use super::subject::{credential_name, tier};
use super::text::{accepted, clean, count, day, exposed, number, owner, place, when};
use super::view::severity;
use crate::model::{ChangeKind, Timestamp};
use crate::platform::aws::vendors::{Vendor, vendor};
use crate::snapshot::{
    Change, Credential, Entitlement, Evidence, Finding, Ownership, Path, Privilege, Proof, Review,
    Trust, When,
};
use std::io;
use std::sync::Arc;

/// How many of a kind are listed before the rest is counted.
const MANY: usize = 12;

pub(super) fn identity(
    view: &IdentityView<'_>,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    let pen = &mut Pen::new(out, style);
    let i = view.identity;
    let name = pen.paint(BOLD, &clean(&i.name));
    pen.line(&name)?;
    pen.field("id", PLAIN, &clean(&i.id))?;
    let kind = [
        Some(clean(&i.kind)),
        i.namespace.as_deref().map(clean),
        view.subject
            .account
            .as_deref()
            .map(|account| match view.account_name {
                Some(name) => format!("{} ({})", clean(account), clean(name)),
                None => clean(account),
            }),
    ];
    let kind: Vec<_> = kind.into_iter().flatten().collect();
    pen.field("kind", PLAIN, &kind.join(" · "))?;
    let mut nature = clean(&i.humanity);
    if !i.humanity_reason.is_empty() {
        nature.push_str(&format!(": {}", clean(&i.humanity_reason)));
    }
    pen.field("nature", PLAIN, &nature)?;
    if let Some(reason) = &i.provider_managed {
        pen.field("provider's", PLAIN, &clean(reason))?;
    }
    if !i.serves.is_empty() {
        pen.field("serves", PLAIN, &clean(&i.serves.join(", ")))?;
    }
    if !i.presence.is_empty() {
        pen.field("known as", PLAIN, &clean(&i.presence.join(", ")))?;
    }
    places(&i.evidence, pen)?;
    if !i.traits.is_empty() {
        pen.field("notable", PLAIN, &clean(&i.traits.join(", ")))?;
    }
    for (index, line) in i.derivation.iter().take(MANY).enumerate() {
        let label = if index == 0 { "worked out" } else { "" };
        pen.field(label, DIM, &clean(line))?;
    }
    rest(i.derivation.len(), MANY, "line", "lines", pen)?;

    heading("WHOSE IS IT", pen)?;
    whose(&i.ownership, pen)?;
    purpose(view, pen)?;

    heading("WHAT MAY IT DO", pen)?;
    may(&i.privilege, pen)?;
    entitlements(&i.entitlements, pen)?;
    becoming(view, pen)?;
    super::jobs::section(view, pen)?;
    if let Some(unused) = &i.privilege.unused {
        super::unused::section(unused, view.proposal, pen)?;
    }

    heading("WHEN DOES IT END", pen)?;
    times(
        i.created.as_deref(),
        &i.last_used,
        &i.expires,
        view.subject.expired,
        view.scanned_at,
        pen,
    )?;
    if let Some(found) = &i.review {
        review(found, pen)?;
    }
    if let Some(day) = view.subject.registered_end {
        let past = view.subject.past_registered_end;
        let style = if past { RED } else { GREEN };
        pen.field(
            "registered",
            style,
            &format!("until {}", dated(day, view.scanned_at)),
        )?;
    }
    if let Some(enabled) = i.enabled {
        pen.field(
            "status",
            PLAIN,
            if enabled { "enabled" } else { "disabled" },
        )?;
    }
    if i.console_access == Some(true) {
        let factor = match i.mfa {
            Some(true) => "with a second factor",
            Some(false) => "without a second factor",
            None => "second factor unknown",
        };
        let style = if i.mfa == Some(true) { PLAIN } else { YELLOW };
        pen.field("sign-in", style, &format!("interactive, {factor}"))?;
    }
    for credential in &view.credentials {
        one_credential(credential, view.scanned_at, pen)?;
    }
    findings(&view.findings, pen)?;
    changes(&view.changes, pen)
}

pub(super) fn credential(
    view: &CredentialView<'_>,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    let pen = &mut Pen::new(out, style);
    let c = view.credential;
    let name = pen.paint(BOLD, &clean(&credential_name(c)));
    pen.line(&name)?;
    pen.field("id", PLAIN, &clean(&c.id))?;
    let kind = match &*c.issuer {
        "" | "unknown" => clean(&c.kind),
        issuer => format!("{} · issued by {}", clean(&c.kind), clean(issuer)),
    };
    pen.field("kind", PLAIN, &kind)?;
    heading("WHOSE IS IT", pen)?;
    match &c.identity {
        Some(id) => pen.field("of", PLAIN, &clean(id))?,
        None => pen.field("of", YELLOW, "no identity is known to hold it")?,
    }
    whose(&c.ownership, pen)?;
    heading("WHAT MAY IT DO", pen)?;
    let (style, may) = match (&c.implied_tier, &c.implied_tier_basis) {
        (Some(tier), Some(basis)) => (PLAIN, format!("{}: {}", clean(tier), clean(basis))),
        _ => {
            let unknown = "unknown: as much as the identity that it authenticates as";
            (DIM, unknown.to_owned())
        }
    };
    pen.field("may", style, &may)?;
    heading("WHEN DOES IT END", pen)?;
    times(
        c.created.as_deref(),
        &c.last_used,
        &c.expires,
        view.subject.expired,
        view.scanned_at,
        pen,
    )?;
    one_credential(c, view.scanned_at, pen)?;
    findings(&view.findings, pen)?;
    changes(&view.changes, pen)
}

pub(super) fn heading(text: &str, pen: &mut Pen<'_>) -> io::Result<()> {
    pen.blank()?;
    let text = pen.paint(BOLD, text);
    pen.line(&text)
}

pub(super) fn places(evidence: &[Evidence], pen: &mut Pen<'_>) -> io::Result<()> {
    for (index, e) in evidence.iter().take(MANY).enumerate() {
        let label = if index == 0 { "read in" } else { "" };
        pen.field(
            label,
            PLAIN,
            &format!("{} ({})", place(e), clean(&e.reader)),
        )?;
    }
    rest(evidence.len(), MANY, "place", "places", pen)
}

pub(super) fn whose(ownership: &Ownership, pen: &mut Pen<'_>) -> io::Result<()> {
    let state = paint::ownership(&ownership.state);
    pen.field("owner", state, &owner(Some(ownership)))?;
    if !ownership.reason.is_empty() {
        pen.field("because", PLAIN, &clean(&ownership.reason))?;
    }
    for (index, claim) in ownership.claims.iter().take(MANY).enumerate() {
        let label = if index == 0 { "claims" } else { "" };
        let text = format!(
            "{} by {} ({}, {} confidence): {}",
            clean(&claim.owner),
            clean(&claim.method),
            if claim.declared {
                "declared"
            } else {
                "inferred"
            },
            clean(&claim.confidence),
            place(&claim.evidence)
        );
        let text = match &claim.why {
            Some(why) => format!("{text}: {}", clean(why)),
            None => text,
        };
        pen.field(label, PLAIN, &text)?;
    }
    rest(ownership.claims.len(), MANY, "claim", "claims", pen)
}

/// When the need is to be reviewed: the date, or why there is none, and what says so.
pub(super) fn review(review: &Review, pen: &mut Pen<'_>) -> io::Result<()> {
    let style = match &*review.state {
        "due" => GREEN,
        "overdue" => RED,
        _ => YELLOW,
    };
    let date = match &review.date {
        Some(date) => format!("{} {}", clean(&review.state), clean(date)),
        None => clean(&review.state),
    };
    let source = clean(&review.source);
    let text = format!("{date}: {source} ({})", place(&review.evidence));
    pen.field("review", style, &text)
}

fn purpose(view: &IdentityView<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    let i = view.identity;
    match &i.purpose {
        Some(purpose) => pen.field("purpose", PLAIN, &clean(purpose))?,
        None => pen.field("purpose", DIM, "not declared")?,
    }
    if let Some(environment) = &i.environment {
        pen.field("environment", PLAIN, &clean(environment))?;
    }
    if !i.tenants.is_empty() {
        pen.field("tenants", PLAIN, &clean(&i.tenants.join(", ")))?;
    }
    for d in view.declarations.iter().take(MANY) {
        let mut text = format!("{} ({})", clean(&d.id), place(&d.evidence));
        for (label, value) in [
            ("review by", &d.review_by),
            ("to end on", &d.expires),
            ("revoke by", &d.revocation),
        ] {
            if let Some(value) = value {
                text.push_str(&format!("; {label} {}", clean(value)));
            }
        }
        pen.field("registry", PLAIN, &text)?;
    }
    Ok(())
}

fn may(privilege: &Privilege, pen: &mut Pen<'_>) -> io::Result<()> {
    let own = tier(privilege);
    // What everybody is given counts here, where the proof says so.
    let tier = if privilege.tier.is_empty() {
        own
    } else {
        &*privilege.tier
    };
    let mut text = clean(tier);
    if own != tier {
        text.push_str(&format!(", as everybody can; {} by itself", clean(own)));
    }
    if !matches!(&*privilege.certainty, "" | "certain") && tier != "unknown" {
        text.push_str(&format!(" ({})", clean(&privilege.certainty)));
    }
    pen.field("tier", paint::tier(tier), &text)?;
    let mut shown = Vec::new();
    if let Some(proof) = &privilege.proof {
        chain(proof, &mut shown, pen)?;
    }
    if !privilege.reach.is_empty() {
        pen.field("reach", PLAIN, &clean(&privilege.reach.join(", ")))?;
    }
    paths(&privilege.paths, privilege.paths_left_out, pen)?;
    for capability in &privilege.capabilities {
        let mut can = clean(&capability.name);
        match capability.proof.breadth.as_deref() {
            Some("all") => can.push_str(", on all resources"),
            Some("prefix") => can.push_str(", on what a pattern matches"),
            Some("single") => can.push_str(", on one resource"),
            _ => {}
        }
        pen.field("can", PLAIN, &can)?;
        chain(&capability.proof, &mut shown, pen)?;
    }
    if let Some(wildcard) = &privilege.wildcard {
        pen.field("wildcard", YELLOW, "a rule grants by wildcard")?;
        chain(wildcard, &mut shown, pen)?;
    }
    for (index, document) in privilege.unresolved.iter().take(MANY).enumerate() {
        let label = if index == 0 { "not read" } else { "" };
        pen.field(label, YELLOW, &clean(document))?;
    }
    rest(
        privilege.unresolved.len(),
        MANY,
        "document",
        "documents",
        pen,
    )
}

/// The ways further than the own rights, with what each depends on.
fn paths(paths: &[Arc<Path>], left_out: u64, pen: &mut Pen<'_>) -> io::Result<()> {
    for path in paths.iter().take(MANY) {
        let style = match &*path.certainty {
            "certain" => RED,
            _ => YELLOW,
        };
        let mut text = format!(
            "to {}: {} ({}), {}",
            match &*path.goal {
                "data" => "data",
                _ => "everything",
            },
            clean(&path.title),
            clean(&path.rule),
            clean(&path.certainty)
        );
        if !path.also.is_empty() {
            text.push_str(&format!("; also {}", clean(&path.also.join(", "))));
        }
        pen.field("path", style, &text)?;
        pen.text(15, PLAIN, &format!("on {}", clean(&path.subject)))?;
        for hop in path.hops.iter().take(MANY) {
            let at = match &hop.evidence {
                Some(evidence) => place(evidence),
                None => "the platform's own".to_owned(),
            };
            pen.item(15, (DIM, "→"), DIM, &format!("{}: {at}", clean(&hop.what)))?;
        }
        rest(path.hops.len(), MANY, "step", "steps", pen)?;
        if !path.conditions.is_empty() {
            let keys = clean(&path.conditions.join(", "));
            pen.text(15, YELLOW, &format!("depends on {keys}"))?;
        }
        for missing in &path.missing {
            pen.text(15, YELLOW, &format!("if there is {}", clean(missing)))?;
        }
    }
    let all = paths.len().saturating_add(left_out as usize);
    rest(all, paths.len().min(MANY), "path", "paths", pen)
}

/// A proof, step by step; one that has been shown is only named.
fn chain<'a>(proof: &'a Proof, shown: &mut Vec<&'a Proof>, pen: &mut Pen<'_>) -> io::Result<()> {
    if shown.contains(&proof) {
        let claim = format!("{} (as above)", clean(&proof.claim));
        return pen.text(15, DIM, &claim);
    }
    let same_path = shown.iter().any(|other| other.hops == proof.hops);
    shown.push(proof);
    let mut claim = clean(&proof.claim);
    if !matches!(&*proof.certainty, "" | "certain") {
        claim.push_str(&format!(" ({})", clean(&proof.certainty)));
    }
    if same_path && !proof.hops.is_empty() {
        claim.push_str(", by a path shown above");
        return pen.text(15, PLAIN, &claim);
    }
    pen.text(15, PLAIN, &claim)?;
    for hop in proof.hops.iter().take(MANY) {
        let at = match &hop.evidence {
            Some(evidence) => place(evidence),
            None => "the platform's own".to_owned(),
        };
        pen.item(15, (DIM, "←"), DIM, &format!("{}: {at}", clean(&hop.what)))?;
    }
    rest(proof.hops.len(), MANY, "step", "steps", pen)
}

fn entitlements(held: &[Entitlement], pen: &mut Pen<'_>) -> io::Result<()> {
    for (index, e) in held.iter().take(MANY).enumerate() {
        let label = if index == 0 { "holds" } else { "" };
        let group = match &e.group {
            Some(group) => format!(" through group {}", clean(group)),
            None => String::new(),
        };
        let cap = if e.boundary { ", as a boundary" } else { "" };
        let text = format!(
            "{} {} in {}{cap}{group} ({}: {})",
            clean(&e.policy_kind),
            clean(&e.policy_name),
            clean(&e.scope),
            clean(&e.via),
            place(&e.evidence)
        );
        pen.field(label, PLAIN, &text)?;
    }
    rest(held.len(), MANY, "policy", "policies", pen)
}

fn becoming(view: &IdentityView<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    let assigned = &view.identity.assigned;
    for who in assigned.iter().take(MANY) {
        pen.field("assigned", PLAIN, &format!("to {}", clean(who)))?;
    }
    rest(assigned.len(), MANY, "assignment", "assignments", pen)?;
    for id in view.identity.becomes.iter().take(MANY) {
        pen.field("becomes", PLAIN, &clean(id))?;
    }
    rest(
        view.identity.becomes.len(),
        MANY,
        "identity",
        "identities",
        pen,
    )?;
    for id in view.become_by.iter().take(MANY) {
        pen.field("is become", PLAIN, &format!("by {}", clean(id)))?;
    }
    rest(view.become_by.len(), MANY, "identity", "identities", pen)?;
    for (index, t) in view.trusts.iter().take(MANY).enumerate() {
        let label = if index == 0 { "trusts" } else { "" };
        let open = t.effect != "deny" && t.condition_keys.is_empty();
        let risky = open && (t.cross_account == Some(true) || t.principal_kind == "anyone");
        pen.field(label, if risky { RED } else { PLAIN }, &trust(t))?;
        if let Some(vendor) = vendor_of(t) {
            pen.text(
                15,
                DIM,
                &format!("the account is {}'s", clean(&vendor.name)),
            )?;
        }
        if let Some(exposure) = &t.exposure {
            let (style, who) = exposed_to(exposure);
            let why = match &t.exposure_reason {
                Some(why) => format!(": {}", clean(why)),
                None => String::new(),
            };
            pen.text(
                15,
                style,
                &format!("lets in {who} ({}){why}", clean(exposure)),
            )?;
        }
    }
    rest(view.trusts.len(), MANY, "trust", "trusts", pen)?;
    for (index, w) in view.workloads.iter().take(MANY).enumerate() {
        let label = if index == 0 { "run as it" } else { "" };
        let notable = match &*w.traits {
            [] => String::new(),
            traits => format!(" ({})", clean(&traits.join(", "))),
        };
        let text = format!(
            "{} {}{notable}: {}",
            clean(&w.kind),
            clean(&w.name),
            place(&w.evidence)
        );
        pen.field(label, PLAIN, &text)?;
    }
    rest(view.workloads.len(), MANY, "workload", "workloads", pen)
}

/// Whose tokens get in, in words, and how bad that is.
fn exposed_to(exposure: &str) -> (anstyle::Style, &'static str) {
    match exposure {
        "nobody" => (YELLOW, "nobody"),
        "pinned" => (GREEN, "one workload as it was meant"),
        "project" => (PLAIN, "one repository, project or namespace"),
        "organization" => (YELLOW, "everything of one owner"),
        "platform" => (RED, "whoever has an account with the provider"),
        _ => (RED, "whoever asks"),
    }
}

/// The vendor whose account a trust names.
fn vendor_of(t: &Trust) -> Option<&'static Vendor> {
    match &*t.principal_kind {
        "account" => vendor(&t.principal),
        "principal" => vendor(t.principal.split(':').nth(4)?),
        _ => None,
    }
}

fn trust(t: &Trust) -> String {
    let who = match &*t.principal_kind {
        "anyone" => "anyone".to_owned(),
        kind => format!("{} {}", clean(kind), clean(&t.principal)),
    };
    let denied = if t.effect == "deny" { "denied: " } else { "" };
    let cross = if t.cross_account == Some(true) {
        " of another account"
    } else {
        ""
    };
    let conditions = match &*t.condition_keys {
        [] => "without conditions".to_owned(),
        keys => format!("if {}", clean(&keys.join(", "))),
    };
    let actions = clean(&t.actions.join(", "));
    format!(
        "{denied}{who}{cross}, {actions} {conditions}: {}",
        place(&t.evidence)
    )
}

fn times(
    created: Option<&str>,
    last_used: &When,
    expires: &When,
    expired: bool,
    now: &str,
    pen: &mut Pen<'_>,
) -> io::Result<()> {
    let made = created.map_or("unknown".to_owned(), |at| dated(at, now));
    pen.field("created", PLAIN, &made)?;
    let dated_when = |w: &When| {
        w.at()
            .map_or_else(|| when(w).to_owned(), |at| dated(at, now))
    };
    pen.field("last used", PLAIN, &dated_when(last_used))?;
    let style = match expires {
        When::Never => YELLOW,
        When::At { .. } if expired => RED,
        When::At { .. } => GREEN,
        When::Unknown => DIM,
    };
    pen.field("ends", style, &dated_when(expires))
}

/// `2024-03-01, 991 days ago`.
fn dated(at: &str, now: &str) -> String {
    let date = clean(day(at));
    let (Some(at), Some(now)) = (Timestamp::parse(at), Timestamp::parse(now)) else {
        return date;
    };
    match now.days_since(at) {
        0 => format!("{date}, less than a day ago"),
        days if days > 0 => format!("{date}, {} ago", count(days as usize, "day", "days")),
        days => format!(
            "{date}, in {}",
            count(days.unsigned_abs() as usize, "day", "days")
        ),
    }
}

fn one_credential(c: &Credential, now: &str, pen: &mut Pen<'_>) -> io::Result<()> {
    let made = match c.created.as_deref() {
        Some(at) => format!("created {}", dated(at, now)),
        None => "creation unknown".to_owned(),
    };
    let moment = |w: &When| {
        w.at()
            .map_or_else(|| when(w).to_owned(), |at| dated(at, now))
    };
    let text = format!(
        "{} [{}]: {made}; last used {}; ends {}",
        clean(&credential_name(c)),
        clean(if c.status.is_empty() {
            "unknown"
        } else {
            &c.status
        }),
        moment(&c.last_used),
        moment(&c.expires),
    );
    pen.field("credential", PLAIN, &text)?;
    if let Some(basis) = &c.identity_basis {
        pen.item(15, (DIM, "how known:"), DIM, &clean(basis))?;
    }
    for (name, values) in &c.claims {
        let shown: Vec<String> = values.iter().take(MANY).map(|v| clean(v)).collect();
        let more = match values.len().saturating_sub(MANY) {
            0 => String::new(),
            left => format!(" and {left} more"),
        };
        let text = format!("{} {}{more}", clean(name), shown.join(", "));
        let (label, text) = match name.as_str() {
            // Not its own word, but the fields by which an export can tell whose it is.
            "joins-by" => ("look for it by:", clean(&shown.join(", "))),
            _ => ("says:", text),
        };
        pen.item(15, (DIM, label), DIM, &text)?;
    }
    if !c.traits.is_empty() {
        let traits = clean(&c.traits.join(", "));
        pen.item(15, (DIM, "notable:"), DIM, &traits)?;
    }
    if let Some(tier) = &c.implied_tier {
        let basis = c.implied_tier_basis.as_deref().unwrap_or_default();
        let text = format!("{} ({})", clean(tier), clean(basis));
        pen.item(15, (DIM, "may by itself:"), DIM, &text)?;
    }
    for e in c.exposures.iter().take(MANY) {
        let environment = match &e.environment {
            Some(environment) => format!(", {}", clean(environment)),
            None => String::new(),
        };
        let text = format!(
            "{} ({} confidence{environment})",
            exposed(e),
            clean(&e.confidence)
        );
        let label = if e.in_tree {
            "in the open:"
        } else {
            "in history:"
        };
        pen.item(15, (RED, label), RED, &text)?;
        if !e.reasons.is_empty() {
            let reasons: Vec<_> = e.reasons.iter().map(|r| clean(r)).collect();
            pen.item(17, (DIM, "because:"), DIM, &reasons.join(", "))?;
        }
    }
    rest(c.exposures.len(), MANY, "place", "places", pen)?;
    for record in c.records.iter().take(3) {
        pen.item(15, (DIM, "listed in:"), DIM, &place(record))?;
    }
    if let Some(revocation) = &c.revocation {
        pen.item(15, (PLAIN, "revoke at:"), PLAIN, &clean(revocation))?;
    }
    Ok(())
}

pub(super) fn findings(findings: &[&Finding], pen: &mut Pen<'_>) -> io::Result<()> {
    heading(&format!("FINDINGS  {}", findings.len()), pen)?;
    if findings.is_empty() {
        return pen.text(2, GREEN, "none");
    }
    for f in findings {
        let level = severity(&f.severity);
        let mark = (paint::severity(level), level.as_str());
        let new = match f.status.as_deref() {
            Some("new") => " (new)",
            _ => "",
        };
        let head = format!("{}{new} [{}]", clean(&f.title), clean(&f.check));
        pen.item(2, mark, BOLD, &head)?;
        pen.text(4, PLAIN, &clean(&f.message))?;
        for e in f.evidence.iter().take(4) {
            pen.item(4, (DIM, "at"), DIM, &place(e))?;
        }
        if f.evidence.len() > 4 {
            let left = count(f.evidence.len() - 4, "place", "places");
            pen.text(4, DIM, &format!("and {left} more"))?;
        }
        if let Some(w) = &f.waiver {
            pen.text(4, YELLOW, &format!("waived {}", accepted(w)))?;
        }
        if !f.remediation.is_empty() {
            pen.item(4, (PLAIN, "→"), PLAIN, &clean(&f.remediation))?;
        }
    }
    Ok(())
}

fn changes(changes: &[&Change], pen: &mut Pen<'_>) -> io::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    heading(&format!("CHANGES  {}", changes.len()), pen)?;
    for change in changes {
        let kind = ChangeKind::from_name(&change.kind);
        let bearing = kind.map_or(crate::model::Bearing::Neutral, ChangeKind::bearing);
        let (style, mark) = paint::bearing(bearing);
        let sides = match (&change.before, &change.after) {
            (Some(before), Some(after)) => format!("{} → {}", clean(before), clean(after)),
            (None, Some(after)) => clean(after),
            (Some(before), None) => format!("was {}", clean(before)),
            (None, None) => String::new(),
        };
        pen.item(
            2,
            (style, mark),
            PLAIN,
            &format!("{}: {sides}", clean(&change.kind)),
        )?;
    }
    Ok(())
}

fn rest(all: usize, shown: usize, one: &str, many: &str, pen: &mut Pen<'_>) -> io::Result<()> {
    if all <= shown {
        return Ok(());
    }
    let left = all - shown;
    let what = if left == 1 { one } else { many };
    let text = format!("and {} more {what}", number(left as u64));
    pen.text(15, DIM, &text)
}
