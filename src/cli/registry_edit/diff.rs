//! What changes, as a unified diff that `patch` and `git apply` take.

use super::Changed;
use super::layout::{line_start, next_line};

/// Lines around a change.
const CONTEXT: usize = 3;

/// Old lines `start..end` become these.
struct Hunk<'a> {
    start: usize,
    end: usize,
    new: Vec<&'a str>,
}

impl Changed {
    /// The diff, with the file's name at its head; empty where nothing changes.
    pub(in crate::cli) fn diff(&self, name: &str, existed: bool) -> String {
        let mut hunks = self.hunks();
        hunks.retain(|hunk| hunk.start != hunk.end || !hunk.new.is_empty());
        if hunks.is_empty() {
            return String::new();
        }
        let from = match existed {
            true => format!("a/{name}"),
            false => "/dev/null".to_owned(),
        };
        let mut out = format!("--- {from}\n+++ b/{name}\n");
        let old: Vec<&str> = self.old.split_inclusive('\n').collect();
        let mut shift = 0isize;
        let mut rest = hunks.as_slice();
        while let Some(first) = rest.first() {
            // Changes whose surroundings touch are told together.
            let mut many = 1;
            while let (Some(a), Some(b)) = (rest.get(many - 1), rest.get(many)) {
                if b.start > a.end + 2 * CONTEXT {
                    break;
                }
                many += 1;
            }
            let (group, after) = rest.split_at(many);
            rest = after;
            let from = first.start.saturating_sub(CONTEXT);
            let to = group.last().map_or(first.end, |h| h.end) + CONTEXT;
            let to = to.min(old.len());
            let added: usize = group.iter().map(|h| h.new.len()).sum();
            let taken: usize = group.iter().map(|h| h.end - h.start).sum();
            let length = to - from;
            let grown = length + added - taken;
            let place = |at: usize, length: usize| if length == 0 { at } else { at + 1 };
            let new_from = from.saturating_add_signed(shift);
            out.push_str(&format!(
                "@@ -{},{length} +{},{grown} @@\n",
                place(from, length),
                place(new_from, grown)
            ));
            let mut at = from;
            for hunk in group {
                lines(&mut out, ' ', old.get(at..hunk.start).unwrap_or_default());
                lines(
                    &mut out,
                    '-',
                    old.get(hunk.start..hunk.end).unwrap_or_default(),
                );
                lines(&mut out, '+', &hunk.new);
                at = hunk.end;
            }
            lines(&mut out, ' ', old.get(at..to).unwrap_or_default());
            shift += added as isize - taken as isize;
        }
        out
    }

    /// The lines that splices touch, those on one line together.
    fn hunks(&self) -> Vec<Hunk<'_>> {
        let mut hunks = Vec::new();
        let unfinished = !self.old.is_empty() && !self.old.ends_with('\n');
        let (mut line, mut seen, mut shift) = (0, 0, 0isize);
        let mut rest = self.splices.as_slice();
        while let Some(first) = rest.first() {
            let insertion = |s: &super::Splice| {
                s.start == s.end
                    && line_start(&self.old, s.start) == s.start
                    && (s.text.ends_with('\n') || s.start == self.old.len())
            };
            let start = line_start(&self.old, first.start);
            let mut end = match insertion(first) && !(first.start == self.old.len() && unfinished) {
                true => first.start,
                false => next_line(&self.old, first.end),
            };
            let mut grown = growth(first);
            let mut many = 1;
            while let Some(next) = rest.get(many) {
                if next.start > end || (next.start == end && insertion(next) && end != first.start)
                {
                    break;
                }
                // A last line without its break is changed by what is put behind it.
                let open = unfinished && end == self.old.len();
                if next.start == end && !insertion(next) && !open {
                    break;
                }
                if !(insertion(next) && next.start == end) {
                    end = end.max(next_line(&self.old, next.end));
                }
                grown += growth(next);
                many += 1;
            }
            rest = rest.get(many..).unwrap_or_default();
            line += count(&self.old, seen, start);
            let first_line = line;
            line += count_lines(self.old.get(start..end).unwrap_or_default());
            seen = end;
            let new_start = start.saturating_add_signed(shift);
            shift += grown;
            let new_end = end.saturating_add_signed(shift);
            let new = self.new.get(new_start..new_end).unwrap_or_default();
            hunks.push(Hunk {
                start: first_line,
                end: line,
                new: new.split_inclusive('\n').collect(),
            });
        }
        hunks
    }
}

fn growth(splice: &super::Splice) -> isize {
    splice.text.len() as isize - (splice.end - splice.start) as isize
}

fn count(text: &str, from: usize, to: usize) -> usize {
    count_lines(text.get(from..to).unwrap_or_default())
}

fn count_lines(text: &str) -> usize {
    text.split_inclusive('\n').count()
}

fn lines(out: &mut String, mark: char, lines: &[&str]) {
    for line in lines {
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}
