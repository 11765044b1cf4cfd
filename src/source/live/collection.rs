//! One folder being filled: parts that are begun, continued, completed or given up, each step on disk before the next.

use super::folder::Folder;
use super::manifest::{self, Manifest, Part, State};
use super::permissions::NAMELESS;
use super::trouble::{Failure, Trouble};
use super::{Missing, Progress};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder with its manifest.
pub(super) struct Collection {
    folder: Folder,
    manifest: Manifest,
    progress: Arc<dyn Progress>,
    /// How many questions may be open at a time.
    concurrency: usize,
}

/// One page of an answer.
pub(super) struct Page {
    /// In the provider's own form.
    pub answer: Value,
    /// Where the next one begins.
    pub next: Option<String>,
}

impl Collection {
    /// Begins in an empty folder, or goes on.
    pub(super) fn open(
        path: &Path,
        resume: bool,
        account: &str,
        caller: &str,
        concurrency: usize,
        progress: Arc<dyn Progress>,
    ) -> Result<Self, Failure> {
        let folder = Folder::open(path, resume)?;
        let found = Manifest::read(path)?;
        if found.is_none() && std::fs::read_dir(path).is_ok_and(|mut all| all.next().is_some()) {
            return Err(Failure::Usage(format!(
                "{}: no collection that could go on: {} is not there",
                path.display(),
                manifest::NAME
            )));
        }
        if let Some(found) = &found {
            found.goes_on(path, account)?;
        }
        let mut collection = Self {
            folder,
            manifest: found.unwrap_or_else(|| Manifest::new(account, caller)),
            progress,
            concurrency: concurrency.max(1),
        };
        collection.manifest.finished = None;
        let saved = collection.save();
        saved.map_err(|error| Failure::Folder(path.to_path_buf(), error))?;
        Ok(collection)
    }

    /// The finished file of a part, if it is complete and there was anything to write.
    pub(super) fn complete_file(&self, part: &str) -> Option<PathBuf> {
        let entry = self.part(part);
        let written = entry.state == State::Complete && entry.bytes > 0;
        written.then(|| self.folder.file(&file_name(part)))
    }

    /// Names the parts that are to come, so that an interruption leaves them named.
    pub(super) fn plan(
        &mut self,
        parts: impl IntoIterator<Item = &'static str>,
    ) -> Result<(), Trouble> {
        for part in parts {
            self.manifest.parts.entry(part.to_owned()).or_default();
        }
        self.kept()
    }

    fn state(&self, part: &str) -> State {
        self.manifest
            .parts
            .get(part)
            .map_or(State::Pending, |part| part.state)
    }

    /// Everything was asked.
    pub(super) fn finish(&mut self) -> Result<(), Trouble> {
        self.manifest.finished = Some(manifest::now().to_string());
        self.kept()
    }

    /// The parts that are not complete.
    pub(super) fn missing(&self) -> Vec<Missing> {
        let parts = self.manifest.parts.iter();
        parts
            .filter(|(_, part)| part.state != State::Complete)
            .map(|(name, part)| Missing {
                account: self.manifest.account.clone(),
                part: name.clone(),
                why: part.error.clone().unwrap_or_else(|| "not asked".to_owned()),
            })
            .collect()
    }

    /// A part that could not be asked for.
    pub(super) fn give_up(&mut self, part: &str, trouble: Trouble) -> Result<(), Trouble> {
        let entry = self.manifest.parts.entry(part.to_owned()).or_default();
        entry.error = Some(trouble.words());
        let (state, stop) = match trouble {
            Trouble::Denied(_) => (State::Denied, None),
            Trouble::Absent(_) | Trouble::Failed(_) => (State::Failed, None),
            stop @ (Trouble::Stop(_) | Trouble::Write(..)) => {
                let begun = entry.state == State::Partial;
                let state = if begun {
                    State::Partial
                } else {
                    State::Pending
                };
                (state, Some(stop))
            }
        };
        entry.state = state;
        let kept = self.kept();
        match stop {
            Some(stop) => Err(stop),
            None => kept,
        }
    }

    /// Asks for a part page by page.
    pub(super) async fn pages<F>(&mut self, part: &'static str, ask: F) -> Result<(), Trouble>
    where
        F: AsyncFn(Option<String>) -> Result<Page, Trouble>,
    {
        if self.state(part) == State::Complete {
            return Ok(());
        }
        match self.all_pages(part, ask).await {
            Ok(()) => self.completed(part),
            Err(trouble) => self.give_up(part, trouble),
        }
    }

    async fn all_pages<F>(&mut self, part: &'static str, ask: F) -> Result<(), Trouble>
    where
        F: AsyncFn(Option<String>) -> Result<Page, Trouble>,
    {
        let mut file = self.begin(part, None)?;
        loop {
            let entry = self.part(part);
            let (done, marker) = (entry.done, entry.marker.clone());
            if done > 0 && marker.is_none() {
                return Ok(());
            }
            self.say(part, &format!("page {}", done + 1));
            let page = ask(marker.clone()).await?;
            if page.next.is_some() && page.next == marker {
                let why = format!("{part}: the next page is said to be the one just had");
                return Err(Trouble::Failed(why));
            }
            self.append(
                part,
                &mut file,
                std::slice::from_ref(&page.answer),
                page.next,
            )?;
        }
    }

    /// Asks a question about each of some things, several at a time; answers are written in the things' order.
    pub(super) async fn each<F, A>(
        &mut self,
        part: &'static str,
        subjects: &[String],
        ask: F,
    ) -> Result<(), Trouble>
    where
        F: Fn(String) -> A,
        A: Future<Output = Result<Vec<Value>, Trouble>> + Send + 'static,
    {
        if self.state(part) == State::Complete {
            return Ok(());
        }
        match self.all_of(part, subjects, ask).await {
            Ok(()) => self.completed(part),
            Err(trouble) => self.give_up(part, trouble),
        }
    }

    async fn all_of<F, A>(
        &mut self,
        part: &'static str,
        subjects: &[String],
        ask: F,
    ) -> Result<(), Trouble>
    where
        F: Fn(String) -> A,
        A: Future<Output = Result<Vec<Value>, Trouble>> + Send + 'static,
    {
        let mut file = self.begin(part, Some(digest(subjects)))?;
        let done = self.part(part).done;
        let mut rest = subjects.iter().skip(done);
        let mut open = VecDeque::new();
        let mut count = done;
        loop {
            while open.len() < self.concurrency
                && let Some(subject) = rest.next()
            {
                open.push_back(tokio::spawn(ask(subject.clone())));
            }
            let Some(first) = open.pop_front() else {
                return Ok(());
            };
            count += 1;
            self.say(part, &format!("{count} of {}", subjects.len()));
            let answers = match first.await {
                Ok(Ok(answers)) => answers,
                // Deleted since it was listed.
                Ok(Err(Trouble::Absent(_))) => Vec::new(),
                Ok(Err(trouble)) => {
                    open.iter().for_each(tokio::task::JoinHandle::abort);
                    return Err(trouble);
                }
                Err(_) => return Err(Trouble::Failed(format!("{part}: the question was dropped"))),
            };
            self.append(part, &mut file, &answers, None)?;
        }
    }

    /// Writes a part that is one answer.
    pub(super) fn whole(
        &mut self,
        part: &'static str,
        answers: Result<Vec<Value>, Trouble>,
    ) -> Result<(), Trouble> {
        let written = answers.and_then(|answers| {
            self.part_mut(part).state = State::Pending;
            let mut file = self.begin(part, None)?;
            self.append(part, &mut file, &answers, None)
        });
        match written {
            Ok(()) => self.completed(part),
            Err(trouble) => self.give_up(part, trouble),
        }
    }

    /// Whether a part is complete already.
    pub(super) fn has(&self, part: &str) -> bool {
        self.state(part) == State::Complete
    }

    /// Tells what is being done.
    pub(super) fn say(&self, part: &str, how_far: &str) {
        self.progress
            .doing(&format!("{}: {part}: {how_far}", self.manifest.account));
    }

    /// Opens a part's file where it was left.
    fn begin(&mut self, part: &str, subjects: Option<String>) -> Result<File, Trouble> {
        let name = file_name(part);
        let entry = self.part_mut(part);
        let again = entry.state != State::Partial || entry.subjects != subjects;
        if again {
            *entry = Part::default();
        }
        entry.state = State::Partial;
        entry.error = None;
        entry.subjects = subjects;
        let bytes = entry.bytes;
        let write = |error| Trouble::Write(self.folder.file(&name), error);
        if again {
            self.folder.forget(&name).map_err(write)?;
        }
        let file = match self.folder.unfinished(&name, bytes).map_err(write)? {
            Some(file) => file,
            None => {
                // Somebody has cut it: what is missing is asked for again.
                let entry = self.part_mut(part);
                (entry.done, entry.bytes, entry.marker) = (0, 0, None);
                let opened = self.folder.unfinished(&name, 0).transpose();
                let write = |error| Trouble::Write(self.folder.file(&name), error);
                match opened {
                    Some(opened) => opened.map_err(write)?,
                    None => return Err(write(std::io::ErrorKind::UnexpectedEof.into())),
                }
            }
        };
        self.kept()?;
        Ok(file)
    }

    fn append(
        &mut self,
        part: &str,
        file: &mut File,
        answers: &[Value],
        marker: Option<String>,
    ) -> Result<(), Trouble> {
        let mut bytes = Vec::new();
        for answer in answers {
            let written = match answer.as_object() {
                Some(fields) if NAMELESS.contains(&part) => {
                    let mut named = fields.clone();
                    named.insert(
                        "AccountId".to_owned(),
                        self.manifest.account.as_str().into(),
                    );
                    serde_json::to_writer(&mut bytes, &named)
                }
                _ => serde_json::to_writer(&mut bytes, answer),
            };
            if written.is_err() {
                return Err(Trouble::Failed(format!(
                    "{part}: an answer that cannot be written"
                )));
            }
            bytes.push(b'\n');
        }
        let written = file.write_all(&bytes).and_then(|()| file.flush());
        written.map_err(|error| Trouble::Write(self.folder.file(&file_name(part)), error))?;
        let entry = self.part_mut(part);
        entry.done += 1;
        entry.bytes += bytes.len() as u64;
        entry.marker = marker;
        self.kept()
    }

    fn completed(&mut self, part: &str) -> Result<(), Trouble> {
        let name = file_name(part);
        let finished = if self.part(part).bytes > 0 {
            self.folder.finish(&name)
        } else {
            self.folder.forget(&name)
        };
        finished.map_err(|error| Trouble::Write(self.folder.file(&name), error))?;
        let entry = self.part_mut(part);
        entry.state = State::Complete;
        entry.error = None;
        entry.marker = None;
        entry.subjects = None;
        self.kept()
    }

    fn part(&self, part: &str) -> &Part {
        const NONE: &Part = &Part {
            state: State::Pending,
            error: None,
            done: 0,
            bytes: 0,
            marker: None,
            subjects: None,
        };
        self.manifest.parts.get(part).unwrap_or(NONE)
    }

    fn part_mut(&mut self, part: &str) -> &mut Part {
        self.manifest.parts.entry(part.to_owned()).or_default()
    }

    fn save(&self) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(&self.manifest)?;
        bytes.push(b'\n');
        self.folder.write(manifest::NAME, &bytes)
    }

    fn kept(&self) -> Result<(), Trouble> {
        self.save()
            .map_err(|error| Trouble::Write(self.folder.file(manifest::NAME), error))
    }
}

/// The file of a part.
fn file_name(part: &str) -> String {
    format!("{part}.json")
}

fn digest(subjects: &[String]) -> String {
    let mut hasher = Sha256::new();
    for subject in subjects {
        hasher.update(subject.as_bytes());
        hasher.update([0]);
    }
    let digest = hasher.finalize();
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}
