//! AWS vocabulary.

pub mod key_id;
