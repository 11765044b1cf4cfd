//! Progress, on a terminal only.

use crate::scan::Observer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Shows what a scan is doing on standard error; hidden when that is not a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Progress {
    /// Visible on a terminal, unless `quiet`.
    pub(super) fn new(quiet: bool) -> Self {
        let visible = !quiet && std::io::stderr().is_terminal();
        let target = if visible {
            ProgressDrawTarget::stderr_with_hz(8)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        if visible {
            bar.enable_steady_tick(Duration::from_millis(125));
        }
        Self {
            bar,
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }
}

#[cfg(feature = "live")]
impl crate::source::live::Progress for Progress {
    fn doing(&self, what: &str) {
        if !self.bar.is_hidden() {
            self.bar.set_message(what.to_owned());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn file(&self, bytes: u64) {
        let files = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if !self.bar.is_hidden() && files.is_multiple_of(64) {
            self.bar
                .set_message(format!("reading: {files} files, {} MB", bytes / 1_000_000));
        }
    }

    fn stage(&self, name: &'static str) {
        self.bar.set_message(name);
    }
}
