//! What an entry of the registry leaves out, by itself.

use super::YEAR;
use crate::model::{DateField, GapKind, Owner, Registration, RegistryEntry, Timestamp};
use crate::ownership::roster::Roster;

/// Fewer characters than this say nothing of a purpose.
const SHORTEST_PURPOSE: usize = 10;

/// What people write who do not say what something is for. Without case and punctuation.
const GENERIC: [&str; 38] = [
    "access",
    "account",
    "admin",
    "api access",
    "application",
    "as discussed",
    "automation",
    "automation account",
    "backup",
    "default",
    "does things",
    "fix",
    "for testing",
    "integration",
    "internal",
    "internal use",
    "misc",
    "miscellaneous",
    "na",
    "needed",
    "none",
    "not applicable",
    "other",
    "purpose",
    "required",
    "script",
    "service",
    "service account",
    "support",
    "support access",
    "system",
    "tbc",
    "tbd",
    "temporary",
    "test",
    "testing",
    "to be defined",
    "unknown",
];

/// The gaps of an entry.
pub(super) fn gaps(
    entry: &RegistryEntry,
    roster: &mut Roster<'_>,
    now: Option<Timestamp>,
) -> Registration {
    use GapKind as Gap;
    let mut found = Registration::default();
    if entry.owner.is_none() {
        found.add(Gap::OwnerMissing, None);
    }
    dates(entry, now, &mut found);
    // A person's own account answers to the personnel department.
    if entry.human == Some(true) {
        return found;
    }
    match (&entry.owner, &entry.backup_owner) {
        (_, None) => found.add(Gap::BackupOwnerMissing, None),
        (Some((owner, _)), Some((backup, _))) if owner == backup => {
            found.add(Gap::BackupOwnerSame, None);
        }
        _ => {}
    }
    match entry.purpose.as_deref() {
        None => found.add(Gap::PurposeMissing, None),
        Some(purpose) if is_generic(purpose) => found.add(Gap::PurposeGeneric, None),
        Some(_) => {}
    }
    for (missing, kind) in [
        (entry.environment.is_none(), Gap::EnvironmentMissing),
        (entry.tenants.is_empty(), Gap::TenantsMissing),
        (entry.data_categories.is_empty(), Gap::DataCategoriesMissing),
        (entry.approver.is_none(), Gap::ApproverMissing),
        (entry.revocation.is_none(), Gap::RevocationMissing),
    ] {
        if missing {
            found.add(kind, None);
        }
    }
    accountability(entry, roster, &mut found);
    found
}

/// Whether a stated purpose says nothing.
fn is_generic(purpose: &str) -> bool {
    let words: Vec<String> = purpose
        .split(|c: char| !c.is_alphanumeric() && c != '/')
        .map(|word| word.replace('/', "").to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    purpose.trim().chars().count() < SHORTEST_PURPOSE || GENERIC.contains(&words.join(" ").as_str())
}

fn accountability(entry: &RegistryEntry, roster: &mut Roster<'_>, found: &mut Registration) {
    let parts = &entry.accountability;
    let named = [
        ("workflow owner", &parts.workflow_owner),
        ("policy owner", &parts.policy_owner),
        ("operator", &parts.operator),
    ];
    let missing: Vec<&str> = named
        .iter()
        .filter(|(_, party)| party.is_none())
        .map(|(part, _)| *part)
        .collect();
    if !missing.is_empty() {
        let detail = format!("without {}", missing.join(", "));
        found.add(GapKind::AccountabilityIncomplete, Some(detail));
        return;
    }
    let parties: Vec<&Owner> = named
        .iter()
        .filter_map(|(_, party)| party.as_ref().map(|(owner, _)| owner))
        .collect();
    // Three people of one team can still look at each other's work.
    let person = |owner: &&&Owner| !matches!(owner, Owner::Team(_));
    if let [first, rest @ ..] = &*parties
        && parties.iter().filter(person).count() == parties.len()
        && rest.iter().all(|other| roster.same_party(first, other))
    {
        found.add(GapKind::AccountabilityCollapsed, Some(first.to_string()));
    }
}

fn dates(entry: &RegistryEntry, now: Option<Timestamp>, found: &mut Registration) {
    use GapKind as Gap;
    let past = |date: &Timestamp, days: i64| now.is_some_and(|now| now.days_since(*date) > days);
    match &entry.expires {
        DateField::At(end) if past(end, 0) => {
            found.add(Gap::ExpiryPast, Some(format!("ended on {}", end.date())));
        }
        DateField::At(_) => {}
        DateField::Absent => found.add(Gap::ExpiryAbsent, None),
        DateField::Empty => found.add(Gap::ExpiryEmpty, None),
        DateField::Ambiguous(_) => found.add(Gap::ExpiryAmbiguous, None),
        DateField::Malformed(_) => found.add(Gap::ExpiryMalformed, None),
    }
    match &entry.review_by {
        DateField::At(due) if past(due, 0) => {
            found.add(
                Gap::ReviewOverdue,
                Some(format!("was due on {}", due.date())),
            );
        }
        DateField::At(_) => {}
        DateField::Absent => found.add(Gap::ReviewAbsent, None),
        DateField::Empty => found.add(Gap::ReviewEmpty, None),
        DateField::Ambiguous(_) => found.add(Gap::ReviewAmbiguous, None),
        DateField::Malformed(_) => found.add(Gap::ReviewMalformed, None),
    }
    if entry.human != Some(true) && entry.revocation.is_some() {
        match &entry.revocation_tested {
            DateField::At(tried) if past(tried, YEAR) => {
                let detail = format!("last tried on {}", tried.date());
                found.add(Gap::RevocationTestOld, Some(detail));
            }
            DateField::At(_) => {}
            DateField::Absent | DateField::Empty => found.add(Gap::RevocationUntested, None),
            DateField::Ambiguous(_) | DateField::Malformed(_) => {
                found.add(Gap::RevocationTestUnreadable, None);
            }
        }
    }
    match &entry.attested_on {
        DateField::At(on) if past(on, YEAR) => {
            let detail = format!("confirmed on {}", on.date());
            found.add(Gap::AttestationStale, Some(detail));
        }
        DateField::At(_) => {}
        DateField::Absent | DateField::Empty => found.add(Gap::AttestationMissing, None),
        DateField::Ambiguous(_) | DateField::Malformed(_) => {
            found.add(Gap::AttestationUnreadable, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_generic;

    #[test]
    fn purposes_that_say_nothing() {
        for purpose in [
            "test",
            "Support",
            "n/a",
            "fix",
            "N/A.",
            "service account",
            "Temporary!",
            "for testing",
            "deploys",
        ] {
            assert!(is_generic(purpose), "{purpose}");
        }
        for purpose in [
            "deploys the payments API from CI",
            "support access to tenant acme",
            "résumé parser of the portal",
        ] {
            assert!(!is_generic(purpose), "{purpose}");
        }
    }
}
