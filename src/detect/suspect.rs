//! Does a text hold anything at all? Asked of versions of files before it is known where they stood.

use super::Detector;
use super::place::Place;
use super::prefilter::Action;
use super::search::Work;
use super::text::Text;

impl Detector {
    /// Whether [`Detector::scan`] could find something in these bytes at some path: `false` is certain,
    /// `true` is not. Stops at the first candidate.
    pub fn suspects(&self, bytes: &[u8]) -> bool {
        let Some(text) = Text::of(bytes) else {
            return false;
        };
        let text = text.bytes();
        let places = Place::unknown();
        let mut works = [(); 3].map(|()| Work::new(text.len()));
        let mut found = false;
        self.prefilter.each_hit(text, |at, action| {
            if found {
                return;
            }
            match action {
                Action::Kind(index) => {
                    if let (Some(place), Some(work)) = (places.first(), works.first_mut()) {
                        self.try_kind(text, at, index, place, work);
                        found = !work.candidates.is_empty() || !work.limited.is_empty();
                    }
                }
                Action::Word(length) => {
                    for (place, work) in places.iter().zip(&mut works) {
                        if !work.name.contains(&at) {
                            self.try_assignment(text, at..at + length, "", place, work);
                            if work.name.is_empty() {
                                // The word goes on, whatever the path.
                                break;
                            }
                            found |= !work.candidates.is_empty() || !work.limited.is_empty();
                        }
                    }
                }
            }
        });
        found
    }
}
