//! AWS vocabulary: names and ids, the policy language, and the tables of what actions amount to.

pub mod arn;

pub mod key_id;

pub mod oidc;

pub mod pattern;

pub mod policy;

pub mod access_level;

pub mod tables;

pub mod vendors;
