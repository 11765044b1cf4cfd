//! Text inside text: what is encoded, packed or split is unfolded, and what comes out is searched like any
//! other text.
//!
//! Each unfolding gives a [`View`]: a text of its own with the way back to where it stands. Views are made
//! only where a cheap look at the text says that there is something to unfold, and are bounded in depth
//! and bytes.

mod alphabet;
mod escapes;
mod manifest;
mod notebook;
mod runs;
mod split;

pub(super) use split::{Broken, PLACES};

use super::place::Place;
use super::search::{Candidate, Found};
use super::text::Lines;
use super::{Detector, READER};
use crate::model::{Credential, Document, Exposure, Problem, ProblemKind, Str};
use std::collections::BTreeMap;
use std::ops::Range;
use zeroize::Zeroizing;

/// Encodings inside encodings are followed this far.
const DEPTH: usize = 3;
/// Bytes that may be unfolded from one document, whatever its size …
const BASE: usize = 4 << 20;
/// … and for each of its bytes, all depths together.
const RATIO: usize = 2;
/// Views of one document.
const VIEWS: usize = 50_000;

/// How something was unfolded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Base64,
    Hex,
    Gzip,
    Percent,
    Escapes,
    Entities,
    QuotedPrintable,
    /// Put together from several literals or lines.
    Parts,
    /// A cell of a notebook: as its author wrote it.
    Cell,
}

impl How {
    const fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Gzip => "gzip",
            Self::Percent => "percent-encoding",
            Self::Escapes => "escape sequences",
            Self::Entities => "character references",
            Self::QuotedPrintable => "quoted-printable",
            Self::Parts => "parts",
            Self::Cell => "a cell",
        }
    }
}

/// A text that was unfolded from another one.
struct View {
    text: Zeroizing<Vec<u8>>,
    /// Offsets in the view, ascending, each with the offset in the outer text that it came from, and what
    /// to call the place.
    marks: Vec<Mark>,
    how: How,
    /// What of the outer text it stands for.
    covers: Vec<Range<usize>>,
    /// Whether the view is what counts even where nothing is found in it.
    instead: bool,
    place: Option<Place>,
}

struct Mark {
    at: usize,
    outer: usize,
    pointer: Option<Str>,
    /// Whether what follows keeps its distances, or all stands for one place.
    verbatim: bool,
}

impl View {
    /// Of one place: whatever is found is said to stand there.
    fn of(text: Zeroizing<Vec<u8>>, how: How, covers: Range<usize>) -> Self {
        let mark = Mark {
            at: 0,
            outer: covers.start,
            pointer: None,
            verbatim: false,
        };
        Self {
            text,
            marks: vec![mark],
            how,
            covers: vec![covers],
            instead: false,
            place: None,
        }
    }

    /// Where in the outer text an offset of the view stands.
    fn outer(&self, at: usize) -> (usize, Option<&Str>) {
        let index = self.marks.partition_point(|mark| mark.at <= at);
        match index.checked_sub(1).and_then(|index| self.marks.get(index)) {
            Some(mark) if mark.verbatim => (mark.outer + (at - mark.at), mark.pointer.as_ref()),
            Some(mark) => (mark.outer, mark.pointer.as_ref()),
            None => (0, None),
        }
    }
}

/// A credential found in a view, as one exposure.
struct Hit {
    at: usize,
    credential: Credential,
    how: Vec<How>,
    pointer: Option<Str>,
}

/// What unfolding a document may still cost.
struct Budget {
    bytes: usize,
    views: usize,
    exceeded: bool,
}

impl Budget {
    fn afford(&mut self, bytes: usize) -> bool {
        let left = self.bytes.checked_sub(bytes);
        match (left, self.views.checked_sub(1)) {
            (Some(bytes), Some(views)) => {
                (self.bytes, self.views) = (bytes, views);
                true
            }
            _ => {
                self.exceeded = true;
                false
            }
        }
    }
}

/// What a text was unfolded for: the same on all depths.
struct Task<'a, 'd> {
    document: &'a Document<'d>,
    budget: Budget,
}

impl Detector {
    /// Everything that stands in a document encoded, packed or split, with its place in the document.
    /// Candidates that are the outside of something found inside are dropped.
    pub(super) fn unfold(
        &self,
        document: &Document<'_>,
        text: &[u8],
        place: &Place,
        found: &mut Found,
    ) -> (Vec<Credential>, Option<Problem>) {
        let mut task = Task {
            document,
            budget: Budget {
                bytes: BASE + text.len().saturating_mul(RATIO),
                views: VIEWS,
                exceeded: false,
            },
        };
        let mut hits = self.inside(&mut task, text, place, found, 1);
        let limited = task.budget.exceeded.then(|| Problem {
            path: document.origin.path.clone(),
            line: None,
            column: None,
            kind: ProblemKind::Limited,
            reader: READER,
            message: "too much encoded text: not all of it was decoded".into(),
        });
        hits.sort_by_key(|hit| hit.at);
        let mut lines = Lines::new(text);
        let credentials = hits
            .into_iter()
            .map(|hit| placed(hit, &mut lines))
            .collect();
        (credentials, limited)
    }

    fn inside(
        &self,
        task: &mut Task<'_, '_>,
        text: &[u8],
        place: &Place,
        found: &mut Found,
        depth: usize,
    ) -> Vec<Hit> {
        let broken = std::mem::take(&mut found.broken);
        let mut search = Search {
            detector: self,
            task,
            place,
            depth,
            hits: Vec::new(),
            inner: Vec::new(),
            parts: Vec::new(),
            instead: Vec::new(),
            known: self.known(&found.candidates),
        };
        let file = search.task.document.origin.file_name().to_owned();
        if depth == 1 {
            notebook::views(&file, text, place, &mut |view| search.look(view));
            escapes::mail(text, &mut |view| search.look(view));
        }
        let whole = !search.instead.is_empty();
        manifest::views(&file, text, place, &mut |view| search.look(view));
        // What was read as a cell or a value of a manifest is not looked at again.
        let mut taken: BTreeMap<usize, usize> = search
            .known
            .iter()
            .map(|(start, (end, _))| (*start, *end))
            .collect();
        taken.extend(search.instead.iter().map(|span| (span.start, span.end)));
        runs::views(text, &taken, program(&file, place), &mut |view| {
            search.look(view)
        });
        search.instead = disjoint(search.instead);
        if !whole {
            split::views(text, &broken, &mut |view| search.look(view));
            escapes::views(text, &mut |view| search.look(view));
        }
        let Search {
            hits,
            inner,
            parts,
            instead,
            known,
            ..
        } = search;
        // What is whole in a view was told of in part, or as its outside.
        let (inner, whole) = (disjoint(inner), disjoint([parts, instead].concat()));
        if !(inner.is_empty() && whole.is_empty()) {
            found.candidates.retain(|candidate| {
                let span = super::credentials::main(candidate);
                let specific = known.contains_key(&span.start);
                !(meets(&whole, &span) || (meets(&inner, &span) && !specific))
            });
        }
        hits
    }

    /// Searches a view, and what is unfolded from it in turn.
    fn look_into(
        &self,
        task: &mut Task<'_, '_>,
        view: &View,
        place: &Place,
        depth: usize,
    ) -> Vec<Hit> {
        let place = view.place.as_ref().unwrap_or(place);
        let path = task.document.origin.path.clone();
        let mut found = self.find_inside(&view.text, &path, place);
        task.budget.exceeded |= !found.limited.is_empty();
        let mut hits = Vec::new();
        if depth < DEPTH {
            hits = self.inside(task, &view.text, place, &mut found, depth + 1);
            for hit in &mut hits {
                let (outer, pointer) = view.outer(hit.at);
                hit.at = outer;
                hit.pointer = pointer.cloned();
                hit.how.push(view.how);
            }
        }
        if found.candidates.is_empty() {
            return hits;
        }
        let (credentials, _) =
            self.credentials(task.document, &view.text, place, found.candidates, &[]);
        let starts: Vec<usize> = std::iter::once(0)
            .chain(memchr::memchr_iter(b'\n', &view.text).map(|at| at + 1))
            .collect();
        for mut credential in credentials {
            for exposure in std::mem::take(&mut credential.exposures) {
                let line = exposure.evidence.line.unwrap_or(1) as usize - 1;
                let column = exposure.evidence.column.unwrap_or(1) as usize - 1;
                let at = starts.get(line).copied().unwrap_or_default() + column;
                let (outer, pointer) = view.outer(at);
                let mut credential = credential.clone();
                credential.exposures.insert(exposure);
                hits.push(Hit {
                    at: outer,
                    credential,
                    how: vec![view.how],
                    pointer: pointer.cloned(),
                });
            }
        }
        hits
    }

    /// What issuers' formats claim already, with the kind: encoded or not, it is a credential as it stands.
    fn known(&self, candidates: &[Candidate]) -> BTreeMap<usize, (usize, Str)> {
        let mut known: BTreeMap<usize, (usize, Str)> = BTreeMap::new();
        for candidate in candidates {
            let Some(kind) = self.kinds.get(candidate.kind).filter(|kind| kind.rank > 0) else {
                continue;
            };
            let found = &candidate.found;
            for span in [&found.secret, &found.id].into_iter().flatten() {
                let claim = known
                    .entry(span.start)
                    .or_insert_with(|| (span.end, kind.id.clone()));
                if span.end > claim.0 {
                    *claim = (span.end, kind.id.clone());
                }
            }
        }
        known
    }
}

/// One text's views being looked into.
struct Search<'s, 'a, 'd> {
    detector: &'s Detector,
    task: &'s mut Task<'a, 'd>,
    place: &'s Place,
    depth: usize,
    hits: Vec<Hit>,
    /// What holds something that was found inside.
    inner: Vec<Range<usize>>,
    /// What was put together from parts.
    parts: Vec<Range<usize>>,
    /// What views stand for whatever is found in them.
    instead: Vec<Range<usize>>,
    /// What the text holds as it stands, and of which kind.
    known: BTreeMap<usize, (usize, Str)>,
}

impl Search<'_, '_, '_> {
    /// Looks into a view. `false` when no more can be afforded.
    fn look(&mut self, view: View) -> bool {
        // What a manifest folds over lines is its value already.
        let parts = view.how == How::Parts;
        if parts && view.covers.iter().any(|span| meets(&self.instead, span)) {
            return true;
        }
        if !self.task.budget.afford(view.text.len()) {
            return false;
        }
        let mut found = self
            .detector
            .look_into(self.task, &view, self.place, self.depth);
        if matches!(view.how, How::Percent | How::Escapes | How::Entities) {
            found.retain(|hit| !self.knows(hit));
        }
        match view.how {
            _ if view.instead => self.instead.extend(view.covers),
            _ if found.is_empty() => {}
            How::Parts => self.parts.extend(view.covers),
            _ => self.inner.extend(view.covers),
        }
        self.hits.extend(found);
        true
    }

    /// Whether the same was found as it stands: an escape inside a signature makes no second one of it.
    fn knows(&self, hit: &Hit) -> bool {
        let last = self.known.range(..=hit.at).next_back();
        last.is_some_and(|(_, (end, kind))| *end > hit.at && *kind == hit.credential.kind)
    }
}

/// Whether a file is program text: names are long there, and data stands elsewhere.
fn program(file: &str, place: &Place) -> bool {
    let data = [".json", ".toml", ".tf", ".hcl", ".sql", ".ps1"];
    place.source && !data.iter().any(|extension| file.ends_with(extension))
}

/// Spans in order, merged where they meet.
fn disjoint(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// Whether a span has bytes in common with any of these, which are in order and disjoint.
fn meets(spans: &[Range<usize>], span: &Range<usize>) -> bool {
    let index = spans.partition_point(|known| known.end <= span.start);
    spans.get(index).is_some_and(|known| known.start < span.end)
}

/// One credential for each id, in the order of ids; the places of one are bounded like in one text.
pub(super) fn merged(credentials: Vec<Credential>, inner: Vec<Credential>) -> Vec<Credential> {
    if inner.is_empty() {
        return credentials;
    }
    let mut all: BTreeMap<_, Credential> = credentials
        .into_iter()
        .map(|credential| (credential.id.clone(), credential))
        .collect();
    for credential in inner {
        match all.get_mut(&credential.id) {
            Some(known) if known.exposures.len() < super::credentials::EXPOSURES => {
                known.merge(credential);
            }
            Some(_) => {}
            None => {
                all.insert(credential.id.clone(), credential);
            }
        }
    }
    all.into_values().collect()
}

/// The credential with its exposure at the place in the document.
fn placed(hit: Hit, lines: &mut Lines<'_>) -> Credential {
    let Hit {
        at,
        mut credential,
        how,
        pointer,
    } = hit;
    let (line, column) = lines.locate(at);
    let reason = reason(&how);
    let moved = |mut exposure: Exposure| {
        exposure.evidence.line = Some(line);
        exposure.evidence.column = Some(column);
        exposure.evidence.pointer = pointer.clone().map(Into::into);
        exposure.reasons.extend(reason.clone());
        exposure
    };
    let exposures = std::mem::take(&mut credential.exposures);
    credential.exposures = exposures.into_iter().map(moved).collect();
    let links = std::mem::take(&mut credential.links);
    credential.links = links
        .into_iter()
        .map(|mut link| {
            link.evidence.line = Some(line);
            link.evidence.column = Some(column);
            link
        })
        .collect();
    credential
}

/// `decoded from base64 in percent-encoding`, the innermost first.
fn reason(how: &[How]) -> Option<Str> {
    let mut names: Vec<&str> = how
        .iter()
        .filter(|how| !matches!(how, How::Cell | How::Parts))
        .map(|how| how.name())
        .collect();
    names.dedup_by(|a, b| a == b && *a == How::Escapes.name());
    let decoded = (!names.is_empty()).then(|| format!("decoded from {}", names.join(" in ")));
    let parts = how.contains(&How::Parts);
    match (decoded, parts) {
        (Some(decoded), true) => Some(format!("{decoded}, put together from parts").into()),
        (Some(decoded), false) => Some(decoded.into()),
        (None, true) => Some("put together from parts".into()),
        (None, false) => None,
    }
}
