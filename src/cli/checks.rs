//! `tenure checks`.
