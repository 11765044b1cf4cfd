//! Why a check file was refused, with the place and, where one comes to mind, a way out.

use std::fmt;

/// Something wrong with a check file, a parameter setting or a condition. A wrong check is refused
/// when it is loaded, before anything is scanned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckError {
    /// The file's name as it was handed in.
    pub file: String,
    /// Line, 1-based; 0 when the error has no place.
    pub line: u32,
    /// Column in characters, 1-based; 0 when only the line is known.
    pub column: u32,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What the author may have meant, or can do.
    pub hint: Option<String>,
}

impl fmt::Display for CheckError {
    /// `file:line:column: message (hint)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for CheckError {}

/// Trouble inside one text (a condition, a message): where in it, what, and a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Characters before the place.
    pub offset: usize,
    /// What.
    pub message: String,
    /// What may have been meant.
    pub hint: Option<String>,
}

impl Fault {
    pub(super) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// `did you mean …?` for the candidate nearest to a misspelt name, if any is near.
pub(super) fn did_you_mean<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    // A long name from a hostile file would make the comparison costly and the hint useless.
    if name.len() > 64 {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| {
            let last = candidate.rsplit('.').next().unwrap_or(candidate);
            let near = strsim::jaro_winkler(name, candidate);
            // `state` is likely to mean `owner.state`.
            let near = if last == name { near.max(0.95) } else { near };
            (near, candidate)
        })
        .filter(|(near, _)| *near >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}
