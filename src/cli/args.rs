//! What the user can type. The texts here are the help.

use crate::report::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Finds every non-human identity and answers: whose is it, what may it do, when does it end?
#[derive(Debug, Parser)]
#[command(
    name = "tenure",
    version,
    max_term_width = 100,
    after_help = "\
Exit codes:
  0  done, nothing at or above --fail-on (default: never fail on findings)
  1  findings at or above --fail-on
  2  could not run: usage, configuration, or an input named here cannot be read
  3  done, but some input inside was unreadable or malformed
     (--allow-incomplete turns 3 into 0)

Environment:
  TENURE_FINGERPRINT_KEY  your own key for the fingerprints of secrets and
                          findings; keep it the same between scans that are
                          to be compared
  NO_COLOR                no colour

No command but `collect` speaks to a network; no telemetry; nothing of the input is executed."
)]
pub(super) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Colour in terminal output. `auto` also honours NO_COLOR.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Say nothing on standard error but errors.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read files, directories and exports, judge what is in them, write reports.
    Scan(ScanArguments),
    /// Compare two snapshots.
    Diff(DiffArguments),
    /// Render a snapshot again, in any format.
    Report(ReportArguments),
    /// One identity, credential or container (namespace, account, …) whole: owner, credentials,
    /// entitlements, paths, findings.
    Show(ShowArguments),
    /// May this AWS principal do this to that, and which statements decide? Asked of exports, or of requests
    /// that bring their policies.
    Can(super::can::CanArguments),
    /// The checks and the kinds of credential: list, show, test.
    Checks(ChecksArguments),
    /// Ask an account for the export files that `scan` reads.
    Collect(CollectArguments),
    /// Write a starter tenure.yaml, and an nhi-registry.yaml filled with what was found.
    Init(InitArguments),
    /// Owners: what each answers for and how that is known, how much of the estate has one, and a scorecard.
    Owners(Box<super::owners::OwnersArguments>),
    /// Close ownership gaps: add what was found to nhi-registry.yaml, or put the answers of a filled-in
    /// ownership-gaps.csv into it.
    Adopt(Box<super::adopt::AdoptArguments>),
    /// Print a JSON schema: of snapshots and JSON reports, of nhi-registry.yaml, or of vendors.yaml.
    Schema(SchemaArguments),
}

/// Which schema to print.
#[derive(Args, Debug)]
pub(super) struct SchemaArguments {
    /// What it describes.
    #[arg(value_enum, default_value_t = Schema::Snapshot)]
    pub of: Schema,
}

/// What there are schemas of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Schema {
    /// Snapshots and JSON reports.
    Snapshot,
    /// `nhi-registry.yaml`.
    Registry,
    /// `vendors.yaml`.
    Vendors,
}

/// What to read, and how.
#[derive(Args, Debug)]
pub(super) struct InputArguments {
    /// Directories, files, or `-` for standard input, mixed freely.
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Leave out what matches this glob (gitignore syntax, relative to each PATH). May be repeated.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Leave out files that git ignores. They are read by default: that is where .env lives.
    #[arg(long)]
    pub respect_gitignore: bool,
    /// How much of histories to look at.
    #[command(flatten)]
    pub history: HistoryArguments,
    /// Search at most this many bytes of a text file for secrets. Recognised exports are read whole.
    #[arg(long, value_name = "BYTES", default_value_t = crate::scan::DEFAULT_TEXT_LIMIT)]
    pub max_file_size: u64,
    /// Do not open archives (zip, jar, whl, tar, gzip, bzip2, xz, zstd). Their members are read like files
    /// otherwise, nested ones too, within limits.
    #[arg(long)]
    pub no_archives: bool,
    /// Configuration file. Default: tenure.yaml here, or at the root of the first PATH.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read no configuration file and honour no `tenure:allow` comment; use this on repositories you do not trust.
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
    /// Your own checks and detectors: a YAML file or a directory of them. May be repeated.
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Read only these, comma-separated: secrets, aws, kubernetes, infrastructure (Terraform,
    /// CloudFormation, Pulumi, Ansible, Compose, dotfiles), ci, ownership, providers (Entra, Okta,
    /// SailPoint, Google Cloud, GitHub). `secrets` alone is the fast path.
    #[arg(long, value_name = "FAMILIES", value_delimiter = ',', value_parser = family)]
    pub only: Vec<crate::scan::Family>,
    /// Skip files that were read before with the same rules and held nothing, as this file remembers.
    #[arg(long, value_name = "FILE")]
    pub cache: Option<PathBuf>,
    /// Show of a token the issuer's prefix and this many characters (0 to 4), nothing else; of passwords nothing.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=4))]
    pub reveal_prefix: Option<u8>,
    /// Judge ages and expiries as of this time (ISO 8601). Default: the clock.
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Threads. Default: one a core. Results do not depend on it.
    #[arg(long, short = 'j', value_name = "N")]
    pub threads: Option<usize>,
}

/// How much of the histories of git repositories to look at. Default: all of it.
#[derive(Args, Debug)]
pub(super) struct HistoryArguments {
    /// Do not look through the history of git repositories.
    #[arg(long, conflicts_with_all = ["since", "branch", "commits", "staged"])]
    pub no_history: bool,
    /// Of histories, look only at commits made at this time or later (ISO 8601).
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Of histories, look only at what this branch leads to. May be repeated.
    #[arg(long, value_name = "NAME")]
    pub branch: Vec<String>,
    /// Look only at what these commits change, and at no files: A..B, A...B or one commit (for pull
    /// requests). May be repeated.
    #[arg(long, value_name = "RANGE", conflicts_with_all = ["since", "branch"])]
    pub commits: Vec<String>,
    /// Look only at what is staged, and at no files (for a pre-commit hook).
    #[arg(long, conflicts_with_all = ["since", "branch", "commits"])]
    pub staged: bool,
    /// Whom to look for in the history of files as a suggestion for an owner: of everything (all), of what has no
    /// declared owner (undeclared), or of nothing (none). With `all`, the JSON report's coverage tells how often
    /// suggestions agree with declared owners.
    #[arg(long, value_name = "WHICH", default_value = "undeclared", value_parser = owners_asked)]
    pub owner_history: crate::scan::OwnersAsked,
}

fn owners_asked(text: &str) -> Result<crate::scan::OwnersAsked, String> {
    use crate::scan::OwnersAsked;
    match text {
        "all" => Ok(OwnersAsked::All),
        "undeclared" => Ok(OwnersAsked::Undeclared),
        "none" => Ok(OwnersAsked::None),
        _ => Err("all, undeclared or none".to_owned()),
    }
}

/// Where results go, and in which form.
#[derive(Args, Debug)]
pub(super) struct OutputArguments {
    /// Format of standard output: terminal, json, sarif, markdown, csv (ownership gaps), csv-inventory,
    /// csv-findings, csv-owners or csv-registry. Default: terminal, or none with --out.
    #[arg(long, short, value_name = "FORMAT", value_parser = format)]
    pub format: Option<Format>,
    /// Also write ownership-gaps.csv, inventory.csv, findings.csv, owners.csv, registry.csv, report.json,
    /// report.sarif and report.md here.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Include identities that people act through.
    #[arg(long)]
    pub include_human: bool,
    /// Include identities that belong to the platform's provider.
    #[arg(long)]
    pub include_provider_managed: bool,
    /// Show findings of this severity and above.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = Severity::Info)]
    pub min_severity: Severity,
    /// List waived findings, too.
    #[arg(long)]
    pub show_waived: bool,
    /// Rows of the terminal table and of Markdown before the rest is counted.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// In CSV, leave cells that a spreadsheet takes for formulas as they are.
    #[arg(long)]
    pub csv_raw: bool,
}

/// Severities, for arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Severity {
    /// Worth knowing.
    Info,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl From<Severity> for crate::model::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }
}

/// `tenure scan`.
#[derive(Args, Debug)]
pub(super) struct ScanArguments {
    /// What to read.
    #[command(flatten)]
    pub input: InputArguments,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArguments,
    /// Write the snapshot here, for a later --baseline or diff.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Compare with this earlier snapshot: findings are new, persisting or gone.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Exit with 1 when there are findings of this severity or above that no waiver covers.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
    /// With --baseline, let only new findings count for --fail-on.
    #[arg(long, requires = "baseline")]
    pub new_only: bool,
    /// Exit with 0 rather than 3 when some input could not be read.
    #[arg(long)]
    pub allow_incomplete: bool,
}

/// `tenure diff`.
#[derive(Args, Debug)]
pub(super) struct DiffArguments {
    /// The earlier snapshot.
    pub old: PathBuf,
    /// The later snapshot.
    pub new: PathBuf,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArguments,
}

/// `tenure report`.
#[derive(Args, Debug)]
pub(super) struct ReportArguments {
    /// The snapshot (`-` for standard input).
    pub snapshot: PathBuf,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArguments,
}

/// `tenure show`.
#[derive(Args, Debug)]
pub(super) struct ShowArguments {
    /// The id, name or key id of an identity, credential or container, or an end of its id that only one
    /// has; of a credential also where it stands (`src/app.py:12`) or what a report shows of it.
    pub identity: String,
    /// Look in this snapshot rather than scanning.
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub snapshot: Option<PathBuf>,
    /// What to read.
    #[command(flatten)]
    pub input: InputArguments,
    /// `terminal` or `json`.
    #[arg(long, short, value_name = "FORMAT", value_parser = format, default_value = "terminal")]
    pub format: Format,
    /// Print the smaller policy that would do for what was used, too (JSON holds it always).
    #[arg(long)]
    pub proposal: bool,
}

/// `tenure checks`.
#[derive(Args, Debug)]
pub(super) struct ChecksArguments {
    /// What to do with them.
    #[command(subcommand)]
    pub action: ChecksAction,
    /// Your own checks and detectors: a YAML file or a directory of them. May be repeated.
    #[arg(long, value_name = "PATH", global = true)]
    pub rules: Vec<PathBuf>,
}

/// What can be done with checks.
#[derive(Debug, Subcommand)]
pub(super) enum ChecksAction {
    /// A line each: id, severity, what it is asked of, title.
    List {
        /// Only those whose id or title holds this text.
        #[arg(value_name = "TEXT")]
        like: Option<String>,
    },
    /// One check whole: why, condition, parameters, controls, remediation.
    Show {
        /// The check's id.
        id: String,
    },
    /// Run every check's own cases, and the examples of every kind of credential.
    Test,
    /// The kinds of credential that are known, a line each: id, severity, issuer, title.
    Kinds {
        /// Only those whose id, issuer or title holds this text.
        #[arg(value_name = "TEXT")]
        like: Option<String>,
    },
    /// The attributes that conditions can name.
    Attributes,
}

/// `tenure collect`.
#[derive(Args, Debug)]
pub(super) struct CollectArguments {
    /// Whom to ask.
    #[command(subcommand)]
    pub source: CollectSource,
}

/// Who can be asked.
#[derive(Debug, Subcommand)]
pub(super) enum CollectSource {
    /// An AWS account, or all accounts of an organisation.
    Aws(Box<CollectAwsArguments>),
}

/// `tenure collect aws`.
#[derive(Args, Debug)]
#[cfg_attr(
    not(feature = "live"),
    allow(dead_code, reason = "the help is the same in every build")
)]
#[command(after_help = "\
Credentials and region come from where the AWS command line has them (environment, profile, process, \
single sign-on, role of the machine). They are neither written nor printed. Nothing in the account is changed, but that \
AWS makes the credential report and, with --last-accessed, the reports of use.

Exit codes:
  0  everything was answered
  2  could not begin: usage, no credentials, expired credentials, no connection
  3  begun, but some answers are missing: denied, interrupted, credentials
     expired on the way; the folder's tenure-collection.json names them, and
     --resume asks for them again")]
pub(super) struct CollectAwsArguments {
    /// The profile of the AWS configuration.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// The region, which also chooses the partition (cn-…, us-gov-…).
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// The folder to write to, new or empty. [default: aws-export-<account>]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Go on with what an interrupted collection of the last 24 hours left in the folder.
    #[arg(long)]
    pub resume: bool,
    /// Ask for each user and role which services and actions it used (two calls and more for each).
    #[arg(long)]
    pub last_accessed: bool,
    /// Ask the organisation for its tree and control policies, and every active account as a role in it.
    #[arg(long)]
    pub organization: bool,
    /// With --organization: the accounts, as `aws organizations list-accounts` prints them, instead of asking.
    #[arg(long, value_name = "FILE", requires = "organization")]
    pub accounts: Option<PathBuf>,
    /// With --organization: the role to assume in member accounts.
    #[arg(long, value_name = "NAME", default_value = "OrganizationAccountAccessRole", value_parser = role_name)]
    pub role_name: String,
    /// With --organization: the external id that the role asks for.
    #[arg(long, value_name = "ID", requires = "organization")]
    pub external_id: Option<String>,
    /// Print the least policy that allows what these options ask, and ask nothing.
    #[arg(long)]
    pub print_policy: bool,
    /// Where the services are, for tests and private endpoints: https, or http on this machine's loopback.
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Open questions at a time, for each account.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// How often a question is asked before it is given up.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub attempts: u16,
}

/// A role's name, with its path where it has one.
fn role_name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_/".contains(c);
    if !text.is_empty() && text.len() <= 512 && text.chars().all(allowed) && !text.starts_with('/')
    {
        Ok(text.to_owned())
    } else {
        Err("not the name of a role".to_owned())
    }
}

/// `tenure init`.
#[derive(Args, Debug)]
pub(super) struct InitArguments {
    /// What to read.
    #[command(flatten)]
    pub input: InputArguments,
    /// Directory to write to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Overwrite files that exist.
    #[arg(long)]
    pub force: bool,
}

fn family(text: &str) -> Result<crate::scan::Family, String> {
    text.trim().parse()
}

pub(super) fn format(text: &str) -> Result<Format, String> {
    text.parse()
        .map_err(|e: crate::report::UnknownFormat| e.to_string())
}
