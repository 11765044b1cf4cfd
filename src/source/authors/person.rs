//! Who stands behind the name and address of a commit: a person, a machine, or nobody.

use crate::model::Owner;

/// Longest name and longest address that are shown.
const LONGEST: usize = 200;

/// Words that only machines have in their names or in front of the `@`.
const MACHINES: [&str; 22] = [
    "bot",
    "robot",
    "renovate",
    "renovatebot",
    "dependabot",
    "snyk",
    "greenkeeper",
    "mergify",
    "allcontributors",
    "imgbot",
    "weblate",
    "pre-commit-ci",
    "github-actions",
    "github-action",
    "gitlab-ci",
    "azure-pipelines",
    "semantic-release",
    "argocd",
    "fluxcdbot",
    "svc",
    "serviceaccount",
    "service-account",
];

/// What a machine is called where that is all of the name: people may have such a word in theirs.
const ALONE: [&str; 38] = [
    "actions",
    "admin",
    "administrator",
    "argo",
    "argocd-image-updater",
    "atlantis",
    "automation",
    "build",
    "builder",
    "buildkite",
    "ci",
    "circleci",
    "claude",
    "concourse",
    "copilot",
    "cursor",
    "cursoragent",
    "codex",
    "deploy",
    "deployer",
    "deployment",
    "drone",
    "flux",
    "git",
    "github",
    "gitlab",
    "jenkins",
    "ops",
    "release",
    "root",
    "scala-steward",
    "spinnaker",
    "system",
    "teamcity",
    "terraform",
    "travis",
    "ubuntu",
    "user",
];

/// Parts in front of the `@` of addresses that nobody reads.
const UNREAD: [&str; 5] = [
    "noreply",
    "no-reply",
    "no.reply",
    "donotreply",
    "do-not-reply",
];

/// Who stands behind a name and an address; `None` for a machine, or where it is nobody's.
///
/// An address that a forge gives those who hide theirs tells the login: `12345+jdoe@users.noreply.github.com` and
/// `12-jdoe@users.noreply.gitlab.com` are `user:jdoe`.
pub fn behind(name: &str, mail: &str) -> Option<Owner> {
    let (name, mail) = (name.trim().to_lowercase(), mail.trim().to_lowercase());
    if is_machine(&name) {
        return None;
    }
    let (local, host) = mail.rsplit_once('@')?;
    let plain = !mail
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "<>".contains(c));
    if local.is_empty() || host.is_empty() || mail.len() > 320 || !plain {
        return None;
    }
    if let Some(login) = login(local, host) {
        let known = !is_machine(login) && !login.is_empty();
        return known.then(|| Owner::User(login.into()));
    }
    let tagged = |word: &&str| {
        let rest = local.strip_prefix(*word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', '-', '_', '.']))
    };
    let unread = UNREAD.iter().any(tagged)
        || UNREAD.iter().any(|word| host.starts_with(word))
        || host.starts_with("users.noreply.");
    // What git makes up where no address is set and the host has no name.
    let made_up = host == "localhost" || host.contains("(none)");
    // `Jenkins <jane.doe@…>` runs on a machine; `Mary Jenkins <jenkins@…>` is Mary.
    let machine = is_machine(local) && !two_words(&name);
    if unread || made_up || machine {
        return None;
    }
    Some(Owner::Mail(mail.into()))
}

/// The login that a forge's address for those who hide theirs tells.
pub(super) fn login<'m>(local: &'m str, host: &str) -> Option<&'m str> {
    let forge = host.strip_prefix("users.noreply.")?;
    if forge.is_empty() {
        return None;
    }
    // GitHub writes `+`, GitLab `-`; older addresses have no number. A login may itself begin with digits.
    let digits = local.len() - local.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = local.split_at_checked(digits)?;
    let rest = match number {
        "" => None,
        _ => rest.strip_prefix(['+', '-']),
    };
    Some(rest.unwrap_or(local))
}

fn two_words(name: &str) -> bool {
    name.split_whitespace()
        .filter(|word| word.chars().count() > 1)
        .count()
        > 1
}

/// Whether a name, login or the part in front of an `@` is a machine's. Lower case.
fn is_machine(name: &str) -> bool {
    if name.contains("[bot]") || name.contains("%5bbot%5d") {
        return true;
    }
    let name = name.trim();
    let kept = |c: char| c.is_alphanumeric();
    let words = || {
        name.split(|c: char| !kept(c))
            .filter(|word| !word.is_empty())
    };
    // `github actions`, `github-actions`, `GitHub_Actions` are one.
    let joined = words().collect::<Vec<_>>().join("-");
    let whole = |word: &str| joined == word;
    let first = words().next().unwrap_or_default();
    let last = words().next_back().unwrap_or_default();
    let within = |word: &str| {
        if word.contains('-') {
            joined == word
                || joined.starts_with(&format!("{word}-"))
                || joined.ends_with(&format!("-{word}"))
        } else {
            first == word || last == word
        }
    };
    // `acme-ci`, `payments-automation`, `terraform-user`; but not `Wang Ci`.
    let suffix = !name.contains(' ')
        && [
            "-ci",
            "-cd",
            "-cicd",
            "-automation",
            "-jenkins",
            "-terraform",
            "-deployer",
        ]
        .iter()
        .any(|end| joined.ends_with(end));
    let prefix = !name.contains(' ')
        && [
            "svc-",
            "ci-",
            "jenkins-",
            "terraform-",
            "argocd-",
            "argo-cd-",
            "flux-",
        ]
        .iter()
        .any(|start| joined.starts_with(start));
    let glued = !name.contains(' ')
        && name.len() > 4
        && name.ends_with("bot")
        && [
            "-bot", "_bot", ".bot", "ibot", "sbot", "tbot", "ebot", "nbot", "dbot",
        ]
        .iter()
        .any(|end| name.ends_with(end))
        && !HUMAN_BOTS.contains(&name);
    MACHINES.iter().any(|word| within(word))
        || ALONE.iter().any(|word| whole(word))
        || suffix
        || prefix
        || glued
}

/// Names of people that end as those of machines do.
const HUMAN_BOTS: [&str; 3] = ["abbot", "talbot", "elliot-talbot"];

/// A name or an address as it may be shown: in one line, without what steers a terminal.
pub fn shown(text: &str) -> String {
    let plain = |c: char| {
        let steers = c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
        if steers { ' ' } else { c }
    };
    let text: String = text.chars().take(LONGEST).map(plain).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{behind, shown};

    #[test]
    fn people_are_told_from_machines() {
        for (name, mail, who) in [
            ("Jane Doe", "Jane.Doe@Acme.Test", "mail:jane.doe@acme.test"),
            ("jdoe", "12345+JDoe@users.noreply.github.com", "user:jdoe"),
            ("Jane Doe", "jdoe@users.noreply.github.com", "user:jdoe"),
            (
                "Jane",
                "12-jane.doe@users.noreply.gitlab.com",
                "user:jane.doe",
            ),
            ("Jane", "7-jane@users.noreply.gitlab.acme.test", "user:jane"),
            (
                "x",
                "1+99problems@users.noreply.github.com",
                "user:99problems",
            ),
            (
                "x",
                "99problems@users.noreply.github.com",
                "user:99problems",
            ),
            (
                "Mary Jenkins",
                "mary.jenkins@acme.test",
                "mail:mary.jenkins@acme.test",
            ),
            (
                "Mary Jenkins",
                "jenkins@acme.test",
                "mail:jenkins@acme.test",
            ),
            ("Liz Talbot", "talbot@acme.test", "mail:talbot@acme.test"),
            ("Anna Abbot", "abbot@acme.test", "mail:abbot@acme.test"),
            ("Ci Wang", "ci.wang@acme.test", "mail:ci.wang@acme.test"),
            ("jane", "jane@laptop.local", "mail:jane@laptop.local"),
        ] {
            let found = behind(name, mail).map(|owner| owner.to_string());
            assert_eq!(found.as_deref(), Some(who), "{name} <{mail}>");
        }
        for (name, mail) in [
            (
                "dependabot[bot]",
                "49699333+dependabot[bot]@users.noreply.github.com",
            ),
            (
                "renovate[bot]",
                "29139614+renovate[bot]@users.noreply.github.com",
            ),
            ("Renovate Bot", "bot@renovateapp.com"),
            ("github-actions", "github-actions@github.com"),
            ("GitHub Actions", "actions@github.com"),
            ("GitHub", "noreply@github.com"),
            ("Jenkins", "jenkins@acme.test"),
            ("acme-ci", "ci@acme.test"),
            ("terraform", "terraform@acme.test"),
            ("argocd-image-updater", "noreply@argoproj.io"),
            ("svc-deploy", "svc-deploy@acme.test"),
            ("Deployment", "svc-deploy@acme.test"),
            (
                "project_12_bot_3fa8",
                "project_12_bot_3fa8@noreply.gitlab.acme.test",
            ),
            ("acmebot", "acme-bot@acme.test"),
            ("Jane", "no-reply@acme.test"),
            ("Jane", "jane"),
            ("Jane", ""),
            ("Jane", "jane doe@acme.test"),
            ("root", "root@localhost"),
            ("Claude", "noreply@anthropic.com"),
            ("Copilot", "198982749+Copilot@users.noreply.github.com"),
        ] {
            assert_eq!(behind(name, mail), None, "{name} <{mail}>");
        }
    }

    #[test]
    fn what_is_shown_stands_in_one_line() {
        assert_eq!(shown("Jane\u{1b}[2J \u{202E}Doe\n\n"), "Jane [2J Doe");
        assert_eq!(shown(&"x".repeat(10_000)).len(), 200);
    }
}
