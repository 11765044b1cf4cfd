//! Calls of modules that were not read.

use super::Resource;
use super::sink::Sink;

/// What a call of a module states.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    let _ = (sink, resource);
}
