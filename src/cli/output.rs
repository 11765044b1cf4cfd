//! Writing results: standard output, or files that appear whole or not at all.

use super::error::Error;
use std::io::Write;
use std::path::Path;

/// Writes a file under a temporary name in the same directory and renames it into place.
pub(super) fn file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Error> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let written = (|| {
        let mut temporary = tempfile::Builder::new()
            .prefix(".tenure-")
            .tempfile_in(directory)?;
        {
            let mut buffered = std::io::BufWriter::new(temporary.as_file_mut());
            write(&mut buffered)?;
            buffered.flush()?;
        }
        // A temporary file is private; a result is as readable as any other file the user makes.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(path).map_or(0o644, |m| m.permissions().mode() & 0o777);
            temporary
                .as_file()
                .set_permissions(std::fs::Permissions::from_mode(mode))?;
        }
        temporary.persist(path).map_err(|e| e.error)?;
        Ok(())
    })();
    written.map_err(|error| Error::output(path, error))
}

/// Makes sure before the long work that a file can be written there.
pub(super) fn check_writable(path: &Path) -> Result<(), Error> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    tempfile::Builder::new()
        .prefix(".tenure-")
        .tempfile_in(directory)
        .map(|_| ())
        .map_err(|e| Error::output(path, e))
}
