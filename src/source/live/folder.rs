//! The folder that answers are written to: private, and never through a link.

use super::manifest;
use super::trouble::Failure;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a part's file is called until the part is complete.
const UNFINISHED: &str = ".part";
/// How the names of temporary files begin.
const TEMPORARY: &str = ".tenure-";

/// A folder of this program's own.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Held, where the system can, so that two collections do not write to one folder.
    _lock: Option<File>,
}

impl Folder {
    /// Makes the folder, or takes one that is there: an empty one, or any to go on in.
    pub(super) fn open(path: &Path, resume: bool) -> Result<Self, Failure> {
        let failure = |error| Failure::Folder(path.to_path_buf(), error);
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_dir() => {
                let why = io::Error::new(io::ErrorKind::AlreadyExists, "not a folder, or a link");
                return Err(failure(why));
            }
            Ok(_) => {
                let empty = fs::read_dir(path).map_err(failure)?.next().is_none();
                // Before anything of it is changed: a folder of somebody else's stays as it is.
                let own = [path.join(manifest::NAME), path.join("organization")];
                if resume && !empty && !own.iter().any(|place| place.exists()) {
                    return Err(Failure::Usage(format!(
                        "{}: no collection that could go on: {} is not there",
                        path.display(),
                        manifest::NAME
                    )));
                }
                if !resume && !empty {
                    return Err(Failure::Usage(format!(
                        "{}: the folder is not empty; --resume goes on with an interrupted collection",
                        path.display()
                    )));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut builder = fs::DirBuilder::new();
                builder.recursive(true);
                #[cfg(unix)]
                std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
                builder.create(path).map_err(failure)?;
            }
            Err(error) => return Err(failure(error)),
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failure)?;
        }
        let lock = File::open(path).ok();
        if let Some(lock) = &lock
            && matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock))
        {
            return Err(Failure::Usage(format!(
                "{}: another collection is writing there",
                path.display()
            )));
        }
        let folder = Self {
            path: path.to_path_buf(),
            _lock: lock,
        };
        folder.tidy().map_err(failure)?;
        Ok(folder)
    }

    /// Takes away temporary files of a program that was killed.
    fn tidy(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let temporary = name
                .to_str()
                .is_some_and(|name| name.starts_with(TEMPORARY));
            if temporary && entry.file_type()?.is_file() {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The path of a file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file whole: it appears complete or not at all.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // Temporary files are made with mode 0600, and renaming replaces a link instead of following it.
        let mut file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(&self.path)?;
        file.write_all(bytes)?;
        file.flush()?;
        file.persist(self.file(name)).map_err(|e| e.error)?;
        Ok(())
    }

    /// Opens a part's unfinished file behind its first `length` bytes; what stands after them was not finished.
    /// `None` when it is not as long as that.
    pub(super) fn unfinished(&self, name: &str, length: u64) -> io::Result<Option<File>> {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options
                .mode(0o600)
                .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
        }
        let mut file = options.open(self.unfinished_path(name))?;
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        if found.len() < length {
            return Ok(None);
        }
        file.set_len(length)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        Ok(Some(file))
    }

    /// A part's file is complete.
    pub(super) fn finish(&self, name: &str) -> io::Result<()> {
        fs::rename(self.unfinished_path(name), self.file(name))
    }

    /// Takes away what a part that is begun anew has left.
    pub(super) fn forget(&self, name: &str) -> io::Result<()> {
        for path in [self.unfinished_path(name), self.file(name)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn unfinished_path(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}{UNFINISHED}"))
    }
}
