//! From an archive to its members, archives inside archives included.

use super::budget::Budget;
use super::zip::ReadSeek;
use super::{Format, HEAD, Limits, READER, Sink, detect, stream, tar, zip};
use crate::model::{Origin, Problem, ProblemKind};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Hands every member of an archive, of archives inside it, too, to a sink. Trouble is told to the sink,
/// and what can be read besides is.
pub fn expand<F: Read + Seek>(
    file: &mut F,
    size: u64,
    origin: &Arc<Origin>,
    limits: &Limits,
    sink: &mut dyn Sink,
) {
    let budget = Budget::new(limits, size);
    let mut expander = Expander {
        limits,
        budget: &budget,
        sink,
    };
    let mut head = Vec::new();
    let begun = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| (&mut *file).take(HEAD as u64).read_to_end(&mut head))
        .and_then(|_| file.seek(SeekFrom::Start(0)));
    let result = match (begun, detect(&head)) {
        (Err(error), _) => Err(error),
        (Ok(_), Some(Format::Zip)) => expander.zip(file, origin, 1),
        (Ok(_), Some(format)) => expander.container(format, file, origin, 1),
        (Ok(_), None) => Ok(()),
    };
    if let Err(error) = result {
        expander.malformed(origin, &error);
    }
    if budget.spent() {
        let message = "expands to more than its size allows: the rest of the archive was not read";
        expander.problem(origin, ProblemKind::Limited, message);
    }
}

struct Expander<'a> {
    limits: &'a Limits,
    budget: &'a Budget,
    sink: &'a mut dyn Sink,
}

impl Expander<'_> {
    /// A container that is read from front to back.
    fn container(
        &mut self,
        format: Format,
        stream: &mut dyn Read,
        origin: &Arc<Origin>,
        depth: u32,
    ) -> io::Result<()> {
        match format {
            Format::Tar => self.tar(stream, origin, depth),
            Format::Zip => {
                let limit = self.limits.nested_zip;
                let mut bytes = Vec::new();
                stream.take(limit + 1).read_to_end(&mut bytes)?;
                if bytes.len() as u64 > limit {
                    let message =
                        format!("a zip of more than {limit} bytes inside another archive");
                    self.problem(origin, ProblemKind::Limited, &message);
                    return Ok(());
                }
                self.zip(&mut Cursor::new(bytes), origin, depth)
            }
            Format::Gzip | Format::Bzip2 | Format::Xz | Format::Zstd => {
                self.compressed(format, stream, origin, depth)
            }
        }
    }

    fn compressed(
        &mut self,
        format: Format,
        stream: &mut dyn Read,
        origin: &Arc<Origin>,
        depth: u32,
    ) -> io::Result<()> {
        let Some(decoder) = stream::decoder(format, stream) else {
            return Ok(());
        };
        let mut decoder = self.budget.metered(decoder);
        let (head, trouble) = self.head(&mut decoder);
        if head.is_empty() {
            return trouble.map_or(Ok(()), Err);
        }
        if trouble.is_none() && detect(&head) == Some(Format::Tar) {
            return self.tar(&mut head.chain(decoder), origin, depth);
        }
        self.given(
            origin.member(stem(origin.file_name())),
            head,
            trouble,
            &mut decoder,
            depth,
        )
    }

    fn tar(&mut self, stream: &mut dyn Read, origin: &Arc<Origin>, depth: u32) -> io::Result<()> {
        let mut tar = tar::Tar::new(stream);
        while !self.budget.spent() {
            let Some(entry) = tar.next()? else {
                return Ok(());
            };
            if !self.budget.member() {
                return Ok(());
            }
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            self.member(origin.member(&name), &mut tar, depth)?;
        }
        Ok(())
    }

    fn zip(&mut self, file: &mut dyn ReadSeek, origin: &Arc<Origin>, depth: u32) -> io::Result<()> {
        let Some(mut directory) = zip::Directory::read(file)? else {
            self.problem(
                origin,
                ProblemKind::Malformed,
                "has no directory at its end: it may be cut off",
            );
            return self.without_directory(file, origin, depth);
        };
        let mut unread = Unread::default();
        while let Some(entry) = directory.next() {
            if self.budget.spent() || !self.zip_member(file, &entry, origin, depth, &mut unread) {
                break;
            }
        }
        if directory.limited {
            let message = "the directory is too long: not all members were read";
            self.problem(origin, ProblemKind::Limited, message);
        } else if !directory.complete() && !self.budget.spent() {
            let message = "the directory breaks off: members may be missing";
            self.problem(origin, ProblemKind::Malformed, message);
        }
        self.unread(origin, &unread);
        Ok(())
    }

    /// One member after the other, as far as the headers lead.
    fn without_directory(
        &mut self,
        file: &mut dyn ReadSeek,
        origin: &Arc<Origin>,
        depth: u32,
    ) -> io::Result<()> {
        let mut unread = Unread::default();
        let mut offset = 0;
        while let Some((entry, start)) = zip::local(file, offset)? {
            if self.budget.spent() || !self.zip_member(file, &entry, origin, depth, &mut unread) {
                break;
            }
            // A member of unknown length ends somewhere; the next one has its mark.
            offset = match entry.end(start) {
                Some(end) => end,
                None => match next_header(file, start)? {
                    Some(next) => next,
                    None => break,
                },
            };
        }
        self.unread(origin, &unread);
        Ok(())
    }

    /// `false` when the archive has had its share.
    fn zip_member(
        &mut self,
        file: &mut dyn ReadSeek,
        entry: &zip::Entry,
        origin: &Arc<Origin>,
        depth: u32,
        unread: &mut Unread,
    ) -> bool {
        if entry.name.ends_with(b"/") {
            return true;
        }
        if !self.budget.member() {
            return false;
        }
        if entry.encrypted {
            unread.encrypted += 1;
            return true;
        }
        let content = match zip::open(file, entry) {
            Ok(Some(content)) => content,
            Ok(None) => {
                unread.unknown += 1;
                return true;
            }
            Err(_) => {
                unread.broken += 1;
                return true;
            }
        };
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        let mut content = Checked {
            inner: self.budget.metered(content),
            crc: crc32fast::Hasher::new(),
            ended: false,
        };
        let member = origin.member(&name);
        if let Err(error) = self.member(Arc::clone(&member), &mut content, depth) {
            self.malformed(&member, &error);
        } else if content.ended && entry.crc != 0 && content.crc.finalize() != entry.crc {
            let message = "the checksum is wrong: the content is damaged";
            self.problem(&member, ProblemKind::Malformed, message);
        }
        true
    }

    /// One member, which may be an archive itself.
    fn member(
        &mut self,
        origin: Arc<Origin>,
        content: &mut dyn Read,
        depth: u32,
    ) -> io::Result<()> {
        let (head, trouble) = self.head(content);
        self.given(origin, head, trouble, content, depth)
    }

    /// A member of which the first bytes were read, and what went wrong with that.
    fn given(
        &mut self,
        origin: Arc<Origin>,
        head: Vec<u8>,
        trouble: Option<io::Error>,
        rest: &mut dyn Read,
        depth: u32,
    ) -> io::Result<()> {
        let format = detect(&head);
        if let Some(error) = trouble {
            self.sink.member(&origin, head, &mut io::empty())?;
            return Err(error);
        }
        let Some(format) = format else {
            return self.sink.member(&origin, head, rest);
        };
        if depth >= self.limits.depth {
            let message = format!("archives inside archives are opened to depth {depth} only");
            self.problem(&origin, ProblemKind::Limited, &message);
            return Ok(());
        }
        let result = self.container(format, &mut head.chain(&mut *rest), &origin, depth + 1);
        if let Err(error) = result {
            self.malformed(&origin, &error);
        }
        Ok(())
    }

    /// The first bytes of a stream, as many as there are and wanted.
    fn head(&self, stream: &mut dyn Read) -> (Vec<u8>, Option<io::Error>) {
        let mut head = Vec::new();
        let wanted = self.sink.head().max(HEAD) as u64;
        let trouble = stream.take(wanted).read_to_end(&mut head).err();
        (head, trouble)
    }

    fn unread(&mut self, origin: &Origin, unread: &Unread) {
        let members = |count: u64| {
            if count == 1 {
                "member is"
            } else {
                "members are"
            }
        };
        if unread.encrypted > 0 {
            let count = unread.encrypted;
            let message = format!("{count} {} encrypted and not read", members(count));
            self.problem(origin, ProblemKind::Limited, &message);
        }
        if unread.unknown > 0 {
            let count = unread.unknown;
            let message = format!(
                "{count} {} compressed in a way that is not read",
                members(count)
            );
            self.problem(origin, ProblemKind::Limited, &message);
        }
        if unread.broken > 0 {
            let count = unread.broken;
            let message = format!("{count} {} not where the directory says", members(count));
            self.problem(origin, ProblemKind::Malformed, &message);
        }
    }

    fn malformed(&mut self, origin: &Origin, error: &io::Error) {
        // What came of the end of the budget is told once, of the archive as a whole.
        if self.budget.spent() {
            return;
        }
        let message = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the archive ends early",
            _ => "the archive is damaged",
        };
        self.problem(origin, ProblemKind::Malformed, message);
    }

    fn problem(&mut self, origin: &Origin, kind: ProblemKind, message: &str) {
        self.sink.problem(Problem {
            path: origin.path.clone(),
            line: None,
            column: None,
            kind,
            reader: READER,
            message: message.into(),
        });
    }
}

/// Members that were not read, by reason.
#[derive(Default)]
struct Unread {
    encrypted: u64,
    unknown: u64,
    broken: u64,
}

/// A stream that sums what passes, to be compared when it was read to its end.
struct Checked<R> {
    inner: R,
    crc: crc32fast::Hasher,
    ended: bool,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.crc.update(buffer.get(..count).unwrap_or_default());
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

/// The next local header at or behind an offset.
fn next_header(file: &mut dyn ReadSeek, from: u64) -> io::Result<Option<u64>> {
    const PIECE: usize = 64 << 10;
    let mut at = from;
    let mut piece = Vec::new();
    loop {
        piece.clear();
        file.seek(SeekFrom::Start(at))?;
        let count = (&mut *file).take(PIECE as u64).read_to_end(&mut piece)?;
        if let Some(found) = memchr::memmem::find(&piece, b"PK\x03\x04") {
            return Ok(Some(at + found as u64));
        }
        if count < PIECE {
            return Ok(None);
        }
        // The mark may lie across two pieces.
        at += count as u64 - 3;
    }
}

/// The name of what is inside a compressed file: `dump.sql.gz` holds `dump.sql`.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && ["gz", "bz2", "xz", "zst", "z"]
                    .iter()
                    .any(|known| extension.eq_ignore_ascii_case(known)) =>
        {
            stem
        }
        _ => name,
    }
}
