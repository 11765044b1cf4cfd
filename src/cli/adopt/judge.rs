//! What the rows of a sheet say: an answer, nothing, or something that cannot be taken.

use super::super::registry_edit::writable;
use super::sheet::Row;
use crate::model::{DateField, Owner, Timestamp};
use crate::snapshot::{Declaration, Identity, Ownership, Party, Snapshot};
use std::collections::HashMap;

/// Longest purpose that is taken, in characters.
const LONGEST: usize = 1000;
/// How far ahead of the scan's clock an attestation may be dated: a day, for time zones.
const AHEAD: i64 = 24 * 3600;

/// What an answer speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// An identity or a credential, by id.
    Subject(String),
    /// A registry entry, by what it is called.
    Entry(String),
}

/// What somebody attests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub target: Target,
    pub owner: Option<String>,
    pub purpose: Option<String>,
    pub by: String,
    /// `YYYY-MM-DD`.
    pub on: String,
}

/// What the snapshot knows of the subjects that a row can name.
pub(super) struct Known<'a> {
    pub identities: HashMap<&'a str, &'a Identity>,
    credentials: HashMap<&'a str, (&'a Ownership, Option<&'a str>)>,
    declarations: HashMap<&'a str, &'a Declaration>,
    by_ref: HashMap<String, (&'static str, &'a str)>,
    /// Everybody who is named as an owner, by every name.
    parties: HashMap<&'a str, &'a Party>,
    now: Option<Timestamp>,
}

impl<'a> Known<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let identities = snapshot.identities.iter().map(|i| (&*i.id, i));
        let credentials = snapshot
            .credentials
            .iter()
            .map(|c| (&*c.id, (&c.ownership, c.identity.as_deref())));
        let all = snapshot.identities.iter().map(|i| ("identity", &*i.id));
        let all = all.chain(snapshot.credentials.iter().map(|c| ("credential", &*c.id)));
        let all = all.chain(
            snapshot
                .declarations
                .iter()
                .map(|d| ("declaration", &*d.id)),
        );
        let mut parties: HashMap<&str, &Party> = HashMap::new();
        for party in &snapshot.owners {
            for name in party.names.iter().chain([&party.owner]) {
                parties.entry(name).or_insert(party);
            }
        }
        Self {
            parties,
            identities: identities.collect(),
            credentials: credentials.collect(),
            declarations: snapshot.declarations.iter().map(|d| (&*d.id, d)).collect(),
            by_ref: all
                .map(|(kind, id)| (crate::report::ref_id(kind, id), (kind, id)))
                .collect(),
            now: Timestamp::parse(&snapshot.scanned_at),
        }
    }

    /// Which subject a row names, by both its names where it has both.
    fn subject(&self, row: &Row) -> Result<(String, String), String> {
        let (kind, id) = (row.cell("subject_type"), row.cell("subject_id"));
        let reference = row.cell("ref_id");
        match (self.by_ref.get(reference), id) {
            (Some((kind, id)), "") => Ok(((*kind).to_owned(), (*id).to_owned())),
            (Some((_, known)), id) if *known != id && !cut(known, id) => Err(
                "`ref_id` and `subject_id` name different subjects; the row was mixed up"
                    .to_owned(),
            ),
            (Some((kind, id)), _) => Ok(((*kind).to_owned(), (*id).to_owned())),
            (None, "") => Err("it names no subject".to_owned()),
            (None, id) => {
                let kind = match kind {
                    "" if self.identities.contains_key(id) => "identity",
                    "" if self.credentials.contains_key(id) => "credential",
                    kind => kind,
                };
                Ok((kind.to_owned(), id.to_owned()))
            }
        }
    }

    /// What an answer in this row would speak of, and whose that is now.
    fn target(&self, row: &Row) -> Result<(Target, Option<&'a Ownership>, Current), String> {
        let (kind, id) = self.subject(row)?;
        let of_identity = |id: &str| {
            let identity = self.identities.get(id)?;
            let current = Current {
                owners: identity
                    .ownership
                    .owner
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                purpose: identity.purpose.as_deref().map(str::to_owned),
            };
            let target = Target::Subject(identity.id.to_string());
            Some((target, Some(&identity.ownership), current))
        };
        match &*kind {
            "identity" => {
                of_identity(&id).ok_or_else(|| "no identity of this id was found".to_owned())
            }
            "credential" => {
                let known = self.credentials.get(&*id);
                let (ownership, holder) =
                    known.ok_or_else(|| "no credential of this id was found".to_owned())?;
                // Whoever answers for the identity answers for what it signs in with.
                let own = ownership.owner.iter().map(ToString::to_string);
                Ok(match holder.and_then(of_identity) {
                    Some((target, of_holder, mut current)) => {
                        current.owners.extend(own);
                        (target, of_holder, current)
                    }
                    None => {
                        let current = Current {
                            owners: own.collect(),
                            purpose: None,
                        };
                        (Target::Subject(id.clone()), Some(*ownership), current)
                    }
                })
            }
            "declaration" => {
                let entry = self.declarations.get(&*id);
                let entry =
                    entry.ok_or_else(|| "no registry entry of this id was found".to_owned())?;
                // A report shows whose the identity is, where the entry speaks of one.
                let behind = entry
                    .identities
                    .iter()
                    .filter_map(|id| self.identities.get(&**id));
                let behind = behind.filter_map(|i| i.ownership.owner.as_deref());
                let named = entry.owner.as_deref().into_iter();
                let current = Current {
                    owners: named.chain(behind).map(str::to_owned).collect(),
                    purpose: entry.purpose.clone(),
                };
                Ok((Target::Entry(entry.id.clone()), None, current))
            }
            "trust" | "workload" | "job" => of_identity(row.cell("identity")).ok_or_else(|| {
                "no identity stands behind it; answer for that in its own row".to_owned()
            }),
            "" => Err("neither an identity nor a credential of this id was found".to_owned()),
            _ => Err("a registry speaks of identities and credentials only".to_owned()),
        }
    }

    /// The answer of a row; `None` where nobody filled anything in.
    pub(super) fn answer(&self, row: &Row) -> Result<Option<Answer>, String> {
        if let Some(why) = row.broken {
            return Err(why.to_owned());
        }
        let (by, on) = (row.cell("attested_by"), row.cell("attested_on"));
        let (named, said) = (row.cell("attested_owner"), row.cell("attested_purpose"));
        let touched = [by, on, named, said].iter().any(|cell| !cell.is_empty());
        let (target, ownership, current) = match self.target(row) {
            Ok(found) => found,
            // What nobody answered for is nobody's trouble.
            Err(_) if !touched => return Ok(None),
            Err(why) => return Err(why),
        };
        let (shown_owner, shown_purpose) = (row.cell("owner"), row.cell("purpose"));
        // An owner that the row itself proves is what was exported, whoever it is by now.
        let edited_owner = match self.proven(row) {
            true => "",
            false => shown_owner,
        };
        let edited = current.differs(edited_owner, shown_purpose);
        if !touched && !edited {
            return Ok(None);
        }
        let missing = match (by, on) {
            ("", "") => Some("`attested_by` and `attested_on` are empty"),
            ("", _) => Some("`attested_by` is empty"),
            (_, "") => Some("`attested_on` is empty"),
            _ => None,
        };
        if let Some(missing) = missing {
            return Err(format!("{missing}: an attestation needs who and when"));
        }
        if !writable(by) || Owner::parse(by).is_none() {
            return Err("`attested_by` names nobody".to_owned());
        }
        let on = self.date(on)?;
        let owner = match (named, shown_owner) {
            ("", "") => None,
            ("", shown) => Some(self::owner("owner", shown)?),
            (named, _) => Some(self::owner("attested_owner", named)?),
        };
        if let Some(party) = owner.as_deref().and_then(|owner| self.parties.get(owner))
            && matches!(&*party.standing, "left" | "empty")
        {
            return Err(format!("the owner it names is gone: {}", party.reason));
        }
        if let (Some(owner), Some(ownership)) = (&owner, ownership)
            && ownership.state == "orphaned"
            && ownership.owner.as_deref() == Some(owner)
        {
            return Err(format!("the owner it names is gone: {}", ownership.reason));
        }
        let purpose = match (said, shown_purpose) {
            ("", "") => None,
            ("", shown) => Some(purpose(shown)?),
            (said, _) => Some(purpose(said)?),
        };
        if owner.is_none() && purpose.is_none() {
            return Err("it attests neither an owner nor a purpose".to_owned());
        }
        Ok(Some(Answer {
            target,
            owner,
            purpose,
            by: by.to_owned(),
            on,
        }))
    }

    /// Whether rosters and other sources know nobody of this name; never where no roster was read.
    pub(super) fn stranger(&self, owner: &str) -> bool {
        let roster = |party: &&Party| party.standing != "unknown";
        !self.parties.contains_key(owner) && self.parties.values().any(roster)
    }

    /// What a row speaks of where nobody filled in an attestation.
    pub(super) fn unattested(&self, row: &Row) -> Option<Target> {
        let cells = [
            "attested_by",
            "attested_on",
            "attested_owner",
            "attested_purpose",
        ];
        let empty = cells.iter().all(|column| row.cell(column).is_empty());
        let target = self.target(row).ok().filter(|_| empty)?;
        Some(target.0)
    }

    /// Whether the owner in a row is one that its own evidence names.
    fn proven(&self, row: &Row) -> bool {
        let party = |text: &str| -> Option<String> {
            let owner = Owner::parse(text)?.to_string();
            let known = self.parties.get(owner.as_str());
            Some(known.map_or(owner, |party| party.owner.to_string()))
        };
        let Some(shown) = party(row.cell("owner")) else {
            return false;
        };
        let claims = row.cell("owner_evidence").split(" | ");
        let mut named = claims.filter_map(|claim| party(claim.rsplit_once(": ")?.1));
        named.any(|owner| owner == shown)
    }

    fn date(&self, text: &str) -> Result<String, String> {
        let date = match DateField::read(Some(text)) {
            DateField::At(date) => date,
            DateField::Ambiguous(_) => {
                return Err(
                    "`attested_on` can be read as two dates; write it as YYYY-MM-DD".to_owned(),
                );
            }
            DateField::Absent | DateField::Empty => {
                return Err("`attested_on` is empty: an attestation needs who and when".to_owned());
            }
            DateField::Malformed(_) => {
                return Err(
                    "`attested_on` is not a date that can be read; write it as YYYY-MM-DD"
                        .to_owned(),
                );
            }
        };
        match self.now {
            Some(now) if date.seconds() > now.seconds() + AHEAD => {
                Err("`attested_on` lies in the future".to_owned())
            }
            _ => Ok(date.date()),
        }
    }
}

/// What a report says today: the owners it may show, and the purpose.
struct Current {
    owners: Vec<String>,
    purpose: Option<String>,
}

impl Current {
    /// Whether somebody wrote another owner or purpose over what was exported. What was emptied says nothing.
    fn differs(&self, owner: &str, purpose: &str) -> bool {
        let party = |text: &str| Owner::parse(text).map(|o| o.to_string());
        let same = |known: &String| {
            known == owner || (party(owner).is_some() && party(known) == party(owner))
        };
        let other_owner = !owner.is_empty() && !self.owners.iter().any(same);
        let known = self.purpose.as_deref().map(folded);
        let other_purpose = !purpose.is_empty() && known != Some(folded(purpose));
        other_owner || other_purpose
    }
}

/// Whether a cell is the start of an id that was too long for a spreadsheet.
fn cut(id: &str, cell: &str) -> bool {
    cell.strip_suffix('…')
        .is_some_and(|start| start.len() > 1000 && id.starts_with(start))
}

fn owner(column: &str, text: &str) -> Result<String, String> {
    let text = folded(text);
    match Owner::parse(&text) {
        Some(owner) if writable(&text) => Ok(owner.to_string()),
        _ => Err(format!("`{column}` names nobody")),
    }
}

fn purpose(text: &str) -> Result<String, String> {
    let text = folded(text);
    if text.chars().count() > LONGEST {
        return Err(format!("the purpose is longer than {LONGEST} characters"));
    }
    match writable(&text) {
        true => Ok(text),
        false => Err("the purpose holds control or invisible characters".to_owned()),
    }
}

/// On one line: cells have line breaks, sentences need none.
fn folded(text: &str) -> String {
    text.split([' ', '\n', '\r', '\t'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
