//! `--cache`: opened before the scan, written after it.

use super::error::Error;
use super::{Context, inputs, output};
use crate::scan::{Cache, Detector};
use std::path::Path;
use std::sync::Arc;

/// The cache in a file. One that cannot be used is said to be so and counts as empty.
pub(super) fn open(
    context: &Context,
    path: &Path,
    detector: &Detector,
) -> Result<Arc<Cache>, Error> {
    // That it cannot be written is better known before the long work.
    output::check_writable(path)?;
    let mut cache = Cache::new(detector.digest(), &inputs::fingerprinter());
    if let Err(why) = cache.load(path) {
        context.say(format_args!("cache {} is not used: {why}", path.display()));
    }
    Ok(Arc::new(cache))
}

/// Writes down what the scan learned, if anything.
pub(super) fn save(path: &Path, cache: &Cache) -> Result<(), Error> {
    if cache.changed() || !path.exists() {
        output::file(path, |out| cache.write(out))?;
    }
    Ok(())
}
