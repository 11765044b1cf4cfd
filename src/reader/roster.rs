//! Rosters: who works here, in which team, and under which names, as teams keep it already: exports of
//! directories and personnel systems, or a file of one's own.

mod columns;
mod csv;
mod entra_directory;
mod github_teams;
mod gitlab_members;
mod google_directory;
mod headers;
mod json;
mod names;
mod okta_directory;
mod reading;
mod records;
mod scim;
mod status;
mod yaml;

pub use self::entra_directory::EntraDirectory;
pub use self::github_teams::GithubTeams;
pub use self::gitlab_members::GitlabMembers;
pub use self::google_directory::GoogleDirectory;
pub use self::okta_directory::OktaDirectory;
pub use self::scim::Scim;

use self::reading::Reading;
use super::Reader;
use crate::model::{Document, Facts, Probe, Problem};

const NAME: &str = "roster";

/// Reads tables of people, teams and aliases, and `roster.yaml`.
#[derive(Debug)]
pub struct Roster;

impl Reader for Roster {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        !probe.binary && (yaml::accepts(probe) || csv::accepts(probe) || records::accepts(probe))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        let name = document.origin.file_name().to_lowercase();
        match name.rsplit_once('.') {
            Some((_, "yaml" | "yml")) => yaml::read(&mut reading),
            // One's own file is told by its sections.
            Some((stem, "json")) if stem.ends_with("roster") && yaml::sections(document.bytes) => {
                yaml::read(&mut reading);
            }
            Some((_, "json" | "jsonl" | "ndjson")) => records::read(&mut reading),
            _ => csv::read(&mut reading),
        }
        reading.done()
    }
}
