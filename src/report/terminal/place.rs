//! Where a row's evidence stands, short enough for a column.

use super::super::text::{self, clean, cut_start};
use crate::snapshot::Evidence;

/// Where: of a path the end tells most, and so does that of a pointer in it.
pub(super) struct Place {
    path: String,
    pointer: Option<String>,
}

impl Place {
    pub(super) fn new(evidence: &Evidence) -> Self {
        // More than this never fits, and a hostile path may be long.
        const MOST: usize = 300;
        let line = evidence.line.map(|n| format!(":{n}")).unwrap_or_default();
        let pointer = evidence.pointer.as_deref().map(clean);
        Self {
            path: cut_start(&format!("{}{line}", clean(&evidence.path)), MOST),
            pointer: pointer.map(|p| cut_start(&p, MOST)),
        }
    }

    pub(super) fn fit(&self, room: usize) -> String {
        let Some(pointer) = &self.pointer else {
            return cut_start(&self.path, room);
        };
        let whole = format!("{}#{pointer}", self.path);
        if text::columns(&whole) <= room {
            return whole;
        }
        let half = room / 2;
        let (path, pointer) = (
            cut_start(&self.path, half),
            cut_start(pointer, half.saturating_sub(1)),
        );
        format!("{path}#{pointer}")
    }
}
