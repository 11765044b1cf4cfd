//! What directories and personnel systems write where they mean that somebody is there, or is not.

/// What a status says of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing is written.
    Nothing,
    /// Still there.
    There,
    /// No longer.
    Gone,
    /// Something that is not known.
    Unclear,
}

/// Lower case, words apart by single blanks. Accounts that wait, are locked or have expired passwords are of people
/// who are there; those that are suspended, blocked or archived nobody answers at.
const THERE: &[&str] = &[
    "1",
    "active",
    "active assignment",
    "active employee",
    "active full time",
    "active part time",
    "activo",
    "activa",
    "ativo",
    "ativa",
    "actief",
    "actif",
    "active user",
    "active member",
    "admin",
    "aktiv",
    "aktiver mitarbeiter",
    "alta",
    "angestellt",
    "attivo",
    "attiva",
    "awaiting",
    "beschäftigt",
    "beurlaubt",
    "cdd",
    "cdi",
    "confirmed",
    "congé",
    "congé maternité",
    "congé parental",
    "contractor",
    "contratado",
    "current",
    "current employee",
    "de alta",
    "dienstverhältnis",
    "elternzeit",
    "em exercício",
    "employed",
    "employee",
    "en congé",
    "en excedencia",
    "en poste",
    "enabled",
    "ferie",
    "full time",
    "fulltime",
    "furlough",
    "furloughed",
    "garden leave",
    "gardening leave",
    "guest",
    "hired",
    "im dienst",
    "in dienst",
    "in probation",
    "invited",
    "ja",
    "joined",
    "krank",
    "krankenstand",
    "leave",
    "leave of absence",
    "leave with pay",
    "leave without pay",
    "licencia",
    "locked",
    "locked out",
    "long leave",
    "long term leave",
    "maternity leave",
    "medical leave",
    "member",
    "mission",
    "multi channel guest",
    "mutterschutz",
    "new hire",
    "notice",
    "notice period",
    "on leave",
    "on notice",
    "on probation",
    "onboarding",
    "oui",
    "owner",
    "paid leave",
    "parental leave",
    "part time",
    "password expired",
    "pending",
    "pending invite",
    "permanent",
    "pre boarding",
    "preboarding",
    "pre hire",
    "prehire",
    "present",
    "primary owner",
    "probation",
    "probationary",
    "probezeit",
    "provisioned",
    "recovery",
    "regular",
    "s",
    "sabbatical",
    "si",
    "sick leave",
    "sí",
    "single channel guest",
    "staged",
    "temporary",
    "true",
    "unpaid leave",
    "working",
    "workspace owner",
    "y",
    "yes",
];

const GONE: &[&str] = &[
    "0",
    "abgemeldet",
    "archived",
    "archiviert",
    "ausgeschieden",
    "ausgetreten",
    "austritt",
    "baja",
    "banned",
    "blocked",
    "cessato",
    "cessé",
    "closed",
    "contract ended",
    "deactivated",
    "deactivated user",
    "dead",
    "de baja",
    "deceased",
    "deleted",
    "demitido",
    "departed",
    "deprovisioned",
    "desligado",
    "désactivé",
    "desactivado",
    "disabled",
    "discharged",
    "dismissed",
    "ehemalig",
    "ehemaliger mitarbeiter",
    "employment ended",
    "ended",
    "entlassen",
    "ex employee",
    "exempleado",
    "exited",
    "expired",
    "false",
    "finished",
    "former",
    "former employee",
    "gekündigt",
    "gelöscht",
    "gesperrt",
    "gone",
    "inactief",
    "inactif",
    "inactive",
    "inactive employee",
    "inactive user",
    "inactivo",
    "inactiva",
    "inaktiv",
    "inativo",
    "inattivo",
    "laid off",
    "ldap blocked",
    "leaver",
    "left",
    "left company",
    "licencié",
    "n",
    "nein",
    "nicht aktiv",
    "no",
    "no longer employed",
    "non",
    "non actif",
    "not active",
    "not employed",
    "não",
    "off boarded",
    "offboarded",
    "parti",
    "quit",
    "redundant",
    "removed",
    "resigned",
    "retired",
    "retraité",
    "sorti",
    "separated",
    "suspended",
    "term",
    "terminated",
    "terminated employee",
    "terminé",
    "uit dienst",
    "unemployed",
    "verstorben",
    "voluntarily terminated",
    "withdrawn",
];

/// Reads a status. A remark behind a dash, in brackets or behind a colon is left out: `Terminated (voluntary)`.
pub(super) fn status(text: &str) -> Said {
    let known = |text: &str| {
        let words = words(text);
        match words.as_str() {
            "" => Said::Nothing,
            words if THERE.contains(&words) => Said::There,
            words if GONE.contains(&words) => Said::Gone,
            _ => Said::Unclear,
        }
    };
    let text = text.trim();
    if matches!(
        text.to_lowercase().as_str(),
        "" | "-" | "n/a" | "na" | "null" | "none" | "unknown" | "undefined" | "not set"
    ) {
        return Said::Nothing;
    }
    match known(text) {
        // Whoever writes `left?` does not know.
        _ if text.contains('?') => Said::Unclear,
        Said::Unclear => {
            let cut = |end: &str| text.split_once(end).map(|(begin, _)| known(begin));
            let told = ["(", " - ", " – ", ":", ",", "/", ";"]
                .into_iter()
                .find_map(cut);
            told.filter(|said| *said != Said::Nothing)
                .unwrap_or(Said::Unclear)
        }
        said => said,
    }
}

/// Yes or no in the languages that exports come in; a cross is a yes.
pub(super) fn yes_or_no(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "x" | "ja" | "j" | "oui" | "o" | "si" | "sí" | "s" | "sim"
        | "vrai" | "wahr" | "verdadero" | "t" => Some(true),
        "false" | "no" | "n" | "0" | "nein" | "non" | "não" | "nee" | "faux" | "falsch"
        | "falso" | "f" => Some(false),
        _ => None,
    }
}

/// Whether a kind of worker or user is a person: `Employee` is, `Service Account` is not. `None` where it is not said,
/// as by `Member` and `Guest`, which accounts of all kinds are.
pub(super) fn human(kind: &str) -> Option<bool> {
    let words = words(kind);
    let machine = [
        "service",
        "bot",
        "robot",
        "system",
        "shared",
        "room",
        "equipment",
        "functional",
        "technical",
        "technisch",
        "dienstkonto",
        "funktionskonto",
        "funktionspostfach",
        "api",
        "machine",
        "daemon",
        "application",
        "serviceaccount",
        "sharedmailbox",
        "roommailbox",
        "equipmentmailbox",
        "nonhuman",
    ];
    let person = [
        "employee",
        "contractor",
        "contingent",
        "freelancer",
        "intern",
        "staff",
        "consultant",
        "temp",
        "temporary",
        "person",
        "human",
        "mitarbeiter",
        "mitarbeiterin",
        "permanent",
        "apprentice",
        "trainee",
        "worker",
        "extern",
        "external",
        "vendor",
    ];
    let any = |list: &[&str]| words.split(' ').any(|word| list.contains(&word));
    // A word of machines decides: `Service User`, `External System`.
    match any(&machine) || words.contains("non human") {
        true => Some(false),
        false => any(&person).then_some(true),
    }
}

/// Lower case, with a blank for everything that is neither letter nor digit.
pub(super) fn words(text: &str) -> String {
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_in_the_languages_that_exports_come_in() {
        for text in [
            "Active",
            "AKTIV",
            "Actif",
            "Activo",
            "on leave",
            "PASSWORD_EXPIRED",
            "LOCKED_OUT",
            "Elternzeit",
            "Active - Full time",
            "Probation",
            "Y",
        ] {
            assert_eq!(status(text), Said::There, "{text}");
        }
        for text in [
            "Inactive",
            "Ausgeschieden",
            "Inactif",
            "Baja",
            "Terminated (voluntary)",
            "DEPROVISIONED",
            "ldap_blocked",
            "Left",
            "N",
            "no longer employed",
            "Former employee",
            "ex-employee",
        ] {
            assert_eq!(status(text), Said::Gone, "{text}");
        }
        for text in ["", " ", "-", "n/a"] {
            assert_eq!(status(text), Said::Nothing, "{text}");
        }
        for text in ["blue", "see notes", "active?inactive"] {
            assert_eq!(status(text), Said::Unclear, "{text}");
        }
    }

    #[test]
    fn kinds_that_are_no_people() {
        assert_eq!(human("Service Account"), Some(false));
        assert_eq!(human("System user"), Some(false));
        assert_eq!(human("SharedMailbox"), Some(false));
        assert_eq!(human("Contingent Worker"), Some(true));
        // Rooms and service accounts are members, too.
        assert_eq!(human("Member"), None);
        assert_eq!(human("Regular"), None);
    }

    #[test]
    fn a_status_says_one_thing() {
        assert!(THERE.iter().all(|text| !GONE.contains(text)));
        let all = || THERE.iter().chain(GONE);
        assert!(all().all(|text| words(text) == **text));
    }
}
