//! Live accounts: asks AWS what the readers read, and writes the answers as export files. The only code of the program
//! that speaks to a network.
//!
//! A folder holds the answers of one account, a file for each question, named as the AWS command line calls it, in the
//! form in which that prints it (where an answer does not name what was asked about, with that beside it). A
//! manifest tells which answers are there. Every page is on disk before the next is asked for, so that
//! whatever interrupts a collection loses at most that page.

mod account;
mod answers;
mod collection;
mod connection;
mod folder;
mod manifest;
mod organization;
mod permissions;
mod signed;
mod subjects;
mod trouble;

pub use permissions::policy;
pub use trouble::Failure;

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::SharedCredentialsProvider;
use collection::Collection;
use connection::{Caller, Guard};
use signed::Service;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trouble::Trouble;

/// How many member accounts are asked at a time; each has its own limits of requests.
const ACCOUNTS_AT_A_TIME: usize = 4;
/// The name of sessions in other accounts, as their logs will show it.
const SESSION: &str = "tenure-collect";

/// What to collect, as whom, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The profile of the AWS configuration; else what the environment says.
    pub profile: Option<String>,
    /// The region, which chooses the partition.
    pub region: Option<String>,
    /// Where all services are instead.
    pub endpoint: Option<String>,
    /// The folder; `aws-export-<account>` by default.
    pub output: Option<PathBuf>,
    /// Go on with what is in the folder.
    pub resume: bool,
    /// Ask for each user and role what it used.
    pub last_accessed: bool,
    /// Ask the organisation, and every account of it.
    pub organization: bool,
    /// The accounts of the organisation: an export of `list-accounts`.
    pub accounts: Option<PathBuf>,
    /// The role to assume in member accounts.
    pub role_name: String,
    /// What the role's trust wants to hear.
    pub external_id: Option<String>,
    /// Open questions at a time, for each account.
    pub concurrency: usize,
    /// How often a question is asked before it is given up.
    pub attempts: u32,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Where the answers are.
    pub folder: PathBuf,
    /// The accounts that were asked.
    pub accounts: usize,
    /// Answers that are not there.
    pub missing: Vec<Missing>,
    /// Why it ended early.
    pub stopped: Option<String>,
}

/// An answer that is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// Of which account.
    pub account: String,
    /// The question.
    pub part: String,
    /// Why.
    pub why: String,
}

/// Hears what is being done.
pub trait Progress: Send + Sync {
    /// In a few words.
    fn doing(&self, what: &str);
}

/// Collects.
///
/// # Errors
/// When it cannot begin, or cannot write. What begins and then ends early is an [`Outcome`].
pub fn collect(options: &Options, progress: Arc<dyn Progress>) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Start(format!("no runtime: {error}")))?;
    // Everything is done by this thread: the work is waiting.
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, all(options, progress))
}

async fn all(options: &Options, progress: Arc<dyn Progress>) -> Result<Outcome, Failure> {
    progress.doing("credentials");
    let (config, guard) = connection::connect(options).await?;
    let caller = match connection::caller(&config).await {
        Ok(caller) => caller,
        Err(trouble) => return Err(Failure::Start(trouble.words())),
    };
    let folder = options
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("aws-export-{}", caller.account)));
    if options.organization {
        everywhere(options, &config, &guard, &caller, folder, progress).await
    } else {
        let mut collection = Collection::open(
            &folder,
            options.resume,
            &caller.account,
            &caller.arn,
            options.concurrency,
            progress,
        )?;
        let stopped = here(&mut collection, &config, options.last_accessed).await?;
        Ok(Outcome {
            folder,
            accounts: 1,
            missing: collection.missing(),
            stopped,
        })
    }
}

/// Asks one account. The answer is why it ended early, if it did.
async fn here(
    collection: &mut Collection,
    config: &SdkConfig,
    last_accessed: bool,
) -> Result<Option<String>, Failure> {
    let extra = last_accessed.then_some(&permissions::USE);
    let questions = permissions::ACCOUNT.iter().chain(extra);
    let iam = aws_sdk_iam::Client::new(config);
    let asked = async {
        collection.plan(questions.map(|question| question.name))?;
        account::account(collection, &iam, last_accessed).await?;
        collection.finish()
    };
    ended(asked.await)
}

/// What ended a collection early, unless it is a file that cannot be written.
fn ended(asked: Result<(), Trouble>) -> Result<Option<String>, Failure> {
    match asked {
        Ok(()) => Ok(None),
        Err(Trouble::Write(path, error)) => Err(Failure::Folder(path, error)),
        Err(trouble) => Ok(Some(trouble.words())),
    }
}

/// Asks the organisation and its accounts, each into a folder of its own.
async fn everywhere(
    options: &Options,
    config: &SdkConfig,
    guard: &Guard,
    caller: &Caller,
    folder: PathBuf,
    progress: Arc<dyn Progress>,
) -> Result<Outcome, Failure> {
    let given = options.accounts.as_deref().map(given).transpose()?;
    // Nothing but the folders of this collection is in it, so the first of them tells whether it may go on.
    let around = folder::Folder::open(&folder, options.resume)?;
    let tree = around.file("organization");
    let known = manifest::Manifest::read(&tree)?;
    if let Some(known) = &known {
        known.goes_on(&folder, &caller.account)?;
    } else if std::fs::read_dir(&folder).is_ok_and(|mut all| all.next().is_some()) {
        return Err(Failure::Usage(format!(
            "{}: no collection of an organisation that could go on",
            folder.display()
        )));
    }
    let open = |path: &Path, account: &str, caller: &str| {
        let progress = Arc::clone(&progress);
        Collection::open(path, true, account, caller, options.concurrency, progress)
    };
    let mut collection = open(&tree, &caller.account, &caller.arn)?;
    let credentials = config.credentials_provider();
    let credentials = credentials.ok_or_else(|| Failure::Start("no AWS credentials".to_owned()))?;
    let service = Service::organizations(
        guard,
        credentials,
        endpoint(options, config),
        caller.partition(),
        options.attempts,
    );
    let asked = async {
        collection.plan(permissions::TREE.iter().map(|question| question.name))?;
        organization::organization(&mut collection, &service).await?;
        collection.finish()
    };
    let stopped = ended(asked.await)?;
    let mut outcome = Outcome {
        folder,
        accounts: 0,
        missing: collection.missing(),
        stopped,
    };
    let mut accounts = match given {
        Some(given) => given,
        None => match collection.complete_file(permissions::ACCOUNTS) {
            Some(path) => {
                organization::active(&path).map_err(|error| Failure::Folder(path, error))?
            }
            None => Vec::new(),
        },
    };
    if !accounts.contains(&caller.account) {
        accounts.push(caller.account.clone());
    }
    if outcome.stopped.is_none() {
        members(
            options,
            config,
            caller,
            accounts,
            &around,
            progress,
            &mut outcome,
        )
        .await?;
    }
    outcome.missing.sort();
    Ok(outcome)
}

/// The accounts of a list that the user has.
fn given(path: &Path) -> Result<Vec<String>, Failure> {
    let why = match organization::active(path) {
        Ok(accounts) if !accounts.is_empty() => return Ok(accounts),
        Ok(_) => "names no active account (`aws organizations list-accounts` prints such a list)"
            .to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Failure::Usage(format!("{}: {why}", path.display())))
}

/// Asks accounts, a few at a time.
async fn members(
    options: &Options,
    config: &SdkConfig,
    caller: &Caller,
    accounts: Vec<String>,
    around: &folder::Folder,
    progress: Arc<dyn Progress>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let mut rest = accounts.into_iter();
    let mut open = tokio::task::JoinSet::new();
    loop {
        while open.len() < ACCOUNTS_AT_A_TIME
            && outcome.stopped.is_none()
            && let Some(account) = rest.next()
        {
            let (options, config, caller) = (options.clone(), config.clone(), caller.clone());
            let (path, progress) = (around.file(&account), Arc::clone(&progress));
            open.spawn_local(async move {
                member(&options, config, &caller, &account, &path, progress).await
            });
        }
        let Some(done) = open.join_next().await else {
            break;
        };
        let (missing, stopped) = match done {
            Ok(done) => done?,
            Err(_) => (Vec::new(), Some("a task was dropped".to_owned())),
        };
        outcome.accounts += 1;
        outcome.missing.extend(missing);
        outcome.stopped = outcome.stopped.take().or(stopped);
    }
    outcome.missing.extend(rest.map(|account| Missing {
        account,
        part: "account".to_owned(),
        why: "not asked".to_owned(),
    }));
    Ok(())
}

/// Asks one account of an organisation, as a role in it unless it is the caller's own.
async fn member(
    options: &Options,
    config: SdkConfig,
    caller: &Caller,
    account: &str,
    path: &Path,
    progress: Arc<dyn Progress>,
) -> Result<(Vec<Missing>, Option<String>), Failure> {
    let open = |arn: &str| {
        let progress = Arc::clone(&progress);
        Collection::open(path, true, account, arn, options.concurrency, progress)
    };
    if account == caller.account {
        let mut collection = open(&caller.arn)?;
        let stopped = here(&mut collection, &config, options.last_accessed).await?;
        return Ok((collection.missing(), stopped));
    }
    let role = format!(
        "arn:{}:iam::{account}:role/{}",
        caller.partition(),
        options.role_name
    );
    let mut provider = AssumeRoleProvider::builder(&role)
        .session_name(SESSION)
        .configure(&config);
    if let Some(id) = &options.external_id {
        provider = provider.external_id(id);
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    let config = config
        .into_builder()
        .credentials_provider(provider.clone())
        .build();
    let mut collection = open(&role)?;
    let extra = options.last_accessed.then_some(&permissions::USE);
    let questions = || permissions::ACCOUNT.iter().chain(extra);
    if questions().all(|question| collection.has(question.name)) {
        let stopped = ended(collection.finish())?;
        return Ok((collection.missing(), stopped));
    }
    // Asked for here, so that a role that cannot be assumed is told from a caller that cannot ask.
    let assumed = connection::assumed(&provider, &role).await;
    let session = match assumed {
        Ok(()) => connection::caller(&config).await,
        Err(trouble) => Err(trouble),
    };
    let refused = match session {
        Ok(session) if session.account == account => None,
        Ok(_) => Some(Trouble::Failed(format!(
            "{role}: leads into another account"
        ))),
        Err(Trouble::Write(path, error)) => return Err(Failure::Folder(path, error)),
        Err(trouble) => Some(trouble),
    };
    let Some(trouble) = refused else {
        let stopped = here(&mut collection, &config, options.last_accessed).await?;
        return Ok((collection.missing(), stopped));
    };
    let stopped = matches!(trouble, Trouble::Stop(_)).then(|| trouble.words());
    let why = trouble.words();
    for question in questions() {
        if !collection.has(question.name) {
            let trouble = match &trouble {
                Trouble::Denied(_) => Trouble::Denied(why.clone()),
                _ => Trouble::Failed(why.clone()),
            };
            ended(collection.give_up(question.name, trouble))?;
        }
    }
    let missing = vec![Missing {
        account: account.to_owned(),
        part: "account".to_owned(),
        why,
    }];
    Ok((missing, stopped))
}

/// Where the Organizations service is instead, by the same rules as the SDK has for its services.
fn endpoint(options: &Options, config: &SdkConfig) -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    options
        .endpoint
        .clone()
        .or_else(|| set("AWS_ENDPOINT_URL_ORGANIZATIONS"))
        .or_else(|| config.endpoint_url().map(str::to_owned))
}
