//! Does a text hold anything at all? Asked of versions of files before it is known where they stood.

use super::place::Place;
use super::prefilter::Action;
use super::search::{Found, Work};
use super::text::Text;
use super::{Detector, runs};
use crate::model::{Document, Origin};

impl Detector {
    /// Whether [`Detector::scan`] could find something in these bytes at some path: `false` is certain,
    /// `true` is not. Stops at the first candidate.
    pub fn suspects(&self, bytes: &[u8]) -> bool {
        let Some(text) = Text::of(bytes) else {
            return Self::knows_store(bytes);
        };
        let text = text.bytes();
        let places = Place::unknown();
        let mut works = [(); 3].map(|()| Work::new(text.len()));
        let mut found = self.could_be_filed(text);
        if !found {
            self.prefilter.each_hit(text, |at, action| {
                found = found || self.leads(text, at, action, &places, &mut works);
            });
        }
        let [place, ..] = &places;
        let [work, ..] = &mut works;
        if !found {
            runs::each(text, |run| self.try_run(text, run, place, work));
            found = works.iter().any(Work::something);
        }
        found || self.folded_in(bytes, text, place, works)
    }

    fn leads(
        &self,
        text: &[u8],
        at: usize,
        action: Action,
        places: &[Place; 3],
        works: &mut [Work; 3],
    ) -> bool {
        match action {
            Action::Kind(index) => {
                let ([place, ..], [work, ..]) = (places, works);
                self.try_kind(text, at, index, place, work);
                work.something()
            }
            Action::Word(length) => {
                let mut found = false;
                for (place, work) in places.iter().zip(works) {
                    if work.name.contains(&at) {
                        continue;
                    }
                    self.try_assignment(text, at..at + length, "", place, work);
                    if work.name.is_empty() {
                        // The word goes on, whatever the path.
                        break;
                    }
                    found |= work.something();
                }
                found
            }
        }
    }

    /// Whether something stands there encoded, packed or split.
    fn folded_in(&self, bytes: &[u8], text: &[u8], place: &Place, works: [Work; 3]) -> bool {
        let origin = Origin::file("-");
        let document = Document {
            origin: &origin,
            bytes,
        };
        let mut found = Found {
            candidates: Vec::new(),
            limited: Vec::new(),
            broken: works.into_iter().flat_map(|work| work.broken).collect(),
        };
        let (inside, limited) = self.unfold(&document, text, place, &mut found);
        !inside.is_empty() || limited.is_some()
    }
}
