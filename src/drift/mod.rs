//! Drift: two snapshots compared.
