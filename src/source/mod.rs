//! Where bytes come from: directory trees, single files, standard input, what git knows about them, and (feature
//! `live`) accounts that are asked for export files.
//!
//! Nothing here executes or follows what the input says: links are not followed, pipes and devices are
//! not opened, repository hooks, filters and includes are never run or read.

pub mod archive;
pub mod authors;
pub mod cache;
pub mod history;
#[cfg(feature = "live")]
pub mod live;
pub mod open;
pub mod repository;
pub mod tree;
