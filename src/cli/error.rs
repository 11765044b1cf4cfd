//! Fatal errors, by who must act.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why the program could not do what it was asked.
#[derive(Debug)]
pub(super) enum Error {
    /// The command line asks for something that cannot be.
    Usage(String),
    /// A configuration or rule file is wrong: messages with file and line.
    Configuration(Vec<String>),
    /// An input that was named does not exist or cannot be read.
    Input(PathBuf, String),
    /// A result could not be written.
    Output(PathBuf, std::io::Error),
    /// The reader of standard output went away: not an error to speak of.
    BrokenPipe,
    /// A bug.
    Internal(String),
}

impl Error {
    /// What to try next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Usage(_) | Self::Configuration(_) => None,
            Self::Input(_, why) if why.starts_with("No such file") => {
                Some("check the path; `-` reads standard input")
            }
            Self::Input(..) => None,
            Self::Output(..) => Some("check that the directory exists and can be written to"),
            Self::Internal(_) => Some("this is a bug in tenure; please report it"),
            Self::BrokenPipe => None,
        }
    }

    /// An error of writing to a path.
    pub(super) fn output(path: &Path, error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::BrokenPipe
        } else {
            Self::Output(path.to_path_buf(), error)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => f.write_str(message),
            Self::Configuration(messages) => f.write_str(&messages.join("\n")),
            Self::Input(path, why) => write!(f, "{}: {}", path.display(), plain(why)),
            Self::Output(path, error) => {
                write!(f, "{}: {}", path.display(), plain(&error.to_string()))
            }
            Self::BrokenPipe => f.write_str("broken pipe"),
            Self::Internal(message) => f.write_str(message),
        }
    }
}

/// The reason without the system's number for it, and without the temporary file's name that may follow.
fn plain(why: &str) -> &str {
    why.split_once(" (os error ").map_or(why, |(why, _)| why)
}
