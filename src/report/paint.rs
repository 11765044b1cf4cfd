//! Colour, and the shapes that terminal reports share.

use super::Style;
use super::text::{columns, wrap};
use crate::model::{Bearing, Severity};
use anstyle::{AnsiColor, Color, Style as Ansi};
use std::io;

pub(super) const PLAIN: Ansi = Ansi::new();
pub(super) const BOLD: Ansi = Ansi::new().bold();
pub(super) const DIM: Ansi = Ansi::new().dimmed();
pub(super) const RED: Ansi = fg(AnsiColor::Red);
pub(super) const YELLOW: Ansi = fg(AnsiColor::Yellow);
pub(super) const GREEN: Ansi = fg(AnsiColor::Green);
pub(super) const CYAN: Ansi = fg(AnsiColor::Cyan);

const fn fg(color: AnsiColor) -> Ansi {
    Ansi::new().fg_color(Some(Color::Ansi(color)))
}

/// The colour of a severity.
pub(super) const fn severity(severity: Severity) -> Ansi {
    match severity {
        Severity::Critical => fg(AnsiColor::Red).bold(),
        Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low => CYAN,
        Severity::Info => DIM,
    }
}

/// The colour of a state of ownership.
pub(super) fn ownership(state: &str) -> Ansi {
    match state {
        "owned" => GREEN,
        "disputed" | "suggested" => YELLOW,
        "unknown" => DIM,
        _ => RED,
    }
}

/// The colour of a tier.
pub(super) fn tier(tier: &str) -> Ansi {
    match tier {
        "admin" | "escalate" => fg(AnsiColor::Red).bold(),
        "issue" => RED,
        "write" => YELLOW,
        "unknown" => DIM,
        _ => PLAIN,
    }
}

/// The colour and the mark of a change.
pub(super) const fn bearing(bearing: Bearing) -> (Ansi, &'static str) {
    match bearing {
        Bearing::Worse => (RED, "▲"),
        Bearing::Neutral => (YELLOW, "•"),
        Bearing::Better => (GREEN, "▼"),
    }
}

/// Width of the column of labels.
const LABEL: usize = 13;

/// A terminal of a width, with colour or without.
pub(super) struct Pen<'a> {
    pub(super) out: &'a mut dyn io::Write,
    pub(super) width: usize,
    color: bool,
}

impl<'a> Pen<'a> {
    pub(super) fn new(out: &'a mut dyn io::Write, style: &Style) -> Self {
        Self {
            out,
            // Below 60 columns nothing lines up; beyond 132 the eye loses the line.
            width: style.width.clamp(60, 132),
            color: style.color,
        }
    }

    /// The text in a style, if there is colour.
    pub(super) fn paint(&self, style: Ansi, text: &str) -> String {
        if !self.color || style == PLAIN || text.is_empty() {
            return text.to_owned();
        }
        format!("{}{text}{}", style.render(), style.render_reset())
    }

    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// `  label     one · two`, each part in its own style, broken between parts.
    pub(super) fn parts(&mut self, label: &str, parts: &[(Ansi, String)]) -> io::Result<()> {
        let room = self.width - 2 - LABEL;
        let (mut line, mut used, mut label) = (String::new(), 0, label);
        for (style, text) in parts {
            let needed = columns(text);
            if used > 0 && used + 3 + needed > room {
                self.labelled(label, &line)?;
                (line, used, label) = (String::new(), 0, "");
            }
            if used > 0 {
                line.push_str(" · ");
                used += 3;
            }
            line.push_str(&self.paint(*style, text));
            used += needed;
        }
        self.labelled(label, &line)
    }

    fn labelled(&mut self, label: &str, line: &str) -> io::Result<()> {
        let pad = " ".repeat(LABEL.saturating_sub(columns(label)));
        let label = self.paint(DIM, label);
        writeln!(self.out, "  {label}{pad}{line}")
    }

    /// `  label     text`, wrapped, the label dimmed.
    pub(super) fn field(&mut self, label: &str, style: Ansi, text: &str) -> io::Result<()> {
        let lines = wrap(text, self.width - 2 - LABEL);
        for (index, line) in lines.iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let line = self.paint(style, line);
            self.labelled(label, &line)?;
        }
        Ok(())
    }

    /// Wrapped text at an indent.
    pub(super) fn text(&mut self, indent: usize, style: Ansi, text: &str) -> io::Result<()> {
        self.item(indent, (PLAIN, ""), style, text)
    }

    /// Wrapped text at an indent, its first line after a mark in a style of its own.
    pub(super) fn item(
        &mut self,
        indent: usize,
        (mark_style, mark): (Ansi, &str),
        style: Ansi,
        text: &str,
    ) -> io::Result<()> {
        let hang = if mark.is_empty() {
            0
        } else {
            columns(mark) + 1
        };
        let lines = wrap(text, self.width.saturating_sub(indent + hang));
        for (index, line) in lines.iter().enumerate() {
            let pad = " ".repeat(indent);
            let line = self.paint(style, line);
            match (index, hang) {
                (_, 0) => writeln!(self.out, "{pad}{line}")?,
                (0, _) => writeln!(self.out, "{pad}{} {line}", self.paint(mark_style, mark))?,
                _ => writeln!(self.out, "{pad}{}{line}", " ".repeat(hang))?,
            }
        }
        Ok(())
    }
}
