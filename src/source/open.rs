//! Opening one file of a tree that may change under us, or that wants to harm us.

use std::fs::File;
use std::io;
use std::path::Path;

/// Opens a regular file for reading and returns it with its size.
///
/// The file was regular when the tree was walked, but that was then: it is opened without following a
/// final link and without blocking (a pipe put in its place would hang the scan), and looked at again.
///
/// # Errors
/// As the system reports them; `InvalidInput` when it is not a regular file any more.
pub fn regular(path: &Path) -> io::Result<(File, u64)> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    Ok((file, metadata.len()))
}

/// Reads a small regular file, such as a configuration file inside a tree, whole.
///
/// # Errors
/// As [`regular`]; `FileTooLarge` when it is larger than `limit` bytes.
pub fn small(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use io::Read;
    let (file, size) = regular(path)?;
    if size > limit {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
