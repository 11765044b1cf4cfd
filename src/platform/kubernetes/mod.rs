//! Kubernetes vocabulary: names, the authoriser's rule matching, and what the platform itself defines.

pub mod names;

pub mod rbac;

pub mod resources;

pub mod roles;

pub mod primitives;

pub mod system;

/// Reads one embedded file of `rules/kubernetes`. A file that is missing or breaks its form gives the
/// empty value; the tests of this module keep that from shipping.
fn load<T: serde::de::DeserializeOwned + Default>(name: &str) -> T {
    super::embedded::KUBERNETES
        .iter()
        .find(|(file, _)| *file == name)
        .and_then(|(_, text)| serde_yaml::from_str(text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn embedded_files_have_the_form_they_should() {
        for (name, text) in super::super::embedded::KUBERNETES {
            let read = match *name {
                "roles.yaml" => serde_yaml::from_str::<super::roles::File>(text).map(drop),
                "resources.yaml" => serde_yaml::from_str::<super::resources::File>(text).map(drop),
                "primitives.yaml" => {
                    serde_yaml::from_str::<super::primitives::File>(text).map(drop)
                }
                "system.yaml" => serde_yaml::from_str::<super::system::File>(text).map(drop),
                other => panic!("{other} is read by nobody"),
            };
            read.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
