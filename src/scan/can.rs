//! The part of a scan that requests need: what exports tell of principals and their policies.

use super::intake::{self, Intake};
use super::{Input, Observer, ScanError, vintage};
use crate::detect::Detector;
use crate::link;
use crate::model::{Coverage, Inventory};
use crate::reader::{self, Family};
use crate::source::tree::TreeOptions;
use std::sync::Arc;

pub use crate::privilege::aws::request::{BadRequest, Estate, Inquiry, Terms, decide, who_can};

/// Reads the exports of AWS among the inputs and joins them. Nothing is judged and no secret is looked for.
///
/// # Errors
/// When an input that the user named cannot be read at all. Trouble inside inputs is data, in the coverage.
pub fn exports(
    inputs: &[Input],
    tree: &TreeOptions,
    archives: bool,
    detector: Detector,
    observer: &dyn Observer,
) -> Result<(Inventory, Coverage), ScanError> {
    let mut readers = reader::readers(Arc::new(detector));
    readers.retain(|reader| Family::of(reader.name()) == Family::Aws);
    let intake = Intake {
        readers: &readers,
        text_limit: super::DEFAULT_TEXT_LIMIT,
        cache: None,
        allows: false,
        clusters: &[],
        plan: None,
        archives,
        observer,
    };
    observer.stage("reading");
    let mut read = intake::read_all(inputs, tree, &intake)?;
    let newest = vintage::apart(&mut read, inputs, tree, &intake)?;
    let (mut inventory, coverage) = (read.inventory, read.coverage);
    if let Some(newest) = newest {
        inventory = intake::joined(inventory, newest.newest());
    }
    observer.stage("joining");
    link::link(&mut inventory);
    Ok((inventory, coverage))
}
