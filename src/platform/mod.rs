//! Vocabularies of the platforms: names, wildcard matching, key formats, and the data tables that ship
//! with the program. Pure functions over plain values; imports nothing else of ours.

pub mod aws;
pub mod embedded;
pub mod federation;
pub mod glob;
pub mod kubernetes;
pub mod literal;
pub mod located;
pub mod named;
pub mod paths;
pub mod tree;
