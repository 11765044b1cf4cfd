//! *tenure* finds every non-human identity that an organisation runs on and answers three questions of
//! each: **whose is it, what may it do, when does it end?**
//!
//! Data flows one way through the stages below, in this order:
//!
//! ```text
//! source ─▶ reader ─▶ facts ─▶ inventory ─▶ link ─▶ privilege ─▶ ownership ─▶ check ─▶ snapshot ─▶ drift ─▶ report
//!            (detect)          (merged)     (joined)      (assessed)         (findings)
//! ```
//!
//! A stage knows the stages to its left only through the types of [`model`] that it is handed. Which
//! module may import which is written down in `ARCHITECTURE.md` and kept true by `tests/tidy.rs`.

pub mod model;

pub mod platform;

pub mod snapshot;

pub mod source;

pub mod detect;

pub mod reader;

pub mod link;

pub mod privilege;

pub mod ownership;

pub mod check;

pub mod drift;

pub mod report;

pub mod scan;

pub mod cli;
