//! Kubernetes vocabulary.
