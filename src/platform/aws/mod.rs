//! AWS vocabulary: names and ids, the policy language, and the tables of what actions amount to.

pub mod arn;

pub mod key_id;

pub mod oidc;

pub mod pattern;

pub mod policy;

pub mod actions;

pub mod access_level;

pub mod managed;

pub mod requirement;

pub mod rows;

pub mod tables;

pub mod organization;

pub mod single_sign_on;

pub mod compute;

pub mod hint;

pub mod vendors;
