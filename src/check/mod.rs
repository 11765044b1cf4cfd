//! Checks: YAML files with a CEL condition over the normalised model.
