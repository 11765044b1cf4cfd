//! Families of readers, for scans that want only some of them.

use std::fmt;
use std::str::FromStr;

/// Readers that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// The secret detector.
    Secrets,
    /// Exports of AWS.
    Aws,
    /// Manifests and dumps of Kubernetes.
    Kubernetes,
    /// Terraform, CloudFormation, Pulumi, Compose, Ansible, and files that programs keep credentials in.
    Infrastructure,
    /// Workflows and pipelines.
    Ci,
    /// Registry, roster, catalogs and CODEOWNERS: who answers for what.
    Ownership,
    /// Exports of identity providers and platforms: Entra, Okta, SailPoint, Google Cloud, GitHub.
    Providers,
    /// Everything else.
    Other,
}

impl Family {
    /// The families that can be asked for.
    pub const ALL: [Self; 7] = [
        Self::Secrets,
        Self::Aws,
        Self::Kubernetes,
        Self::Infrastructure,
        Self::Ci,
        Self::Ownership,
        Self::Providers,
    ];

    /// The name to ask for it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Aws => "aws",
            Self::Kubernetes => "kubernetes",
            Self::Infrastructure => "infrastructure",
            Self::Ci => "ci",
            Self::Ownership => "ownership",
            Self::Providers => "providers",
            Self::Other => "other",
        }
    }

    /// The family of a reader, by the reader's name.
    pub fn of(reader: &str) -> Self {
        match reader {
            "certificates" | "secrets" => Self::Secrets,
            "kubernetes" | "kubernetes-config" => Self::Kubernetes,
            "terraform"
            | "terraform-state"
            | "terraform-backend"
            | "cloudformation"
            | "pulumi"
            | "ansible"
            | "compose"
            | "dotfiles"
            | "profiles"
            | "jenkins-credentials" => Self::Infrastructure,
            "github-actions" | "gitlab-ci" | "circleci" | "azure-pipelines" | "bitbucket"
            | "jenkinsfile" => Self::Ci,
            "backstage" | "cloud-containers" | "codeowners" | "cortex" | "entra-directory"
            | "environments" | "github-teams" | "gitlab-members" | "google-directory"
            | "mailmap" | "okta-directory" | "opslevel" | "packages" | "pagerduty" | "registry"
            | "roster" | "scim" | "servicenow" | "vendors" => Self::Ownership,
            "entra" | "github" | "google-cloud" | "okta" | "sailpoint" => Self::Providers,
            aws if aws.starts_with("aws-") => Self::Aws,
            _ => Self::Other,
        }
    }
}

impl FromStr for Family {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let near = |family: &Self| strsim::jaro(text, family.as_str());
        Self::ALL
            .into_iter()
            .find(|family| family.as_str() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::as_str).join(", ");
                let nearest = Self::ALL
                    .into_iter()
                    .max_by(|a, b| near(a).total_cmp(&near(b)));
                match nearest.filter(|family| near(family) > 0.7) {
                    Some(family) => format!("did you mean `{family}`? There are {names}"),
                    None => format!("there are {names}"),
                }
            })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Family;
    use crate::detect::Detector;
    use crate::model::Fingerprinter;
    use std::sync::Arc;

    #[test]
    fn every_reader_has_a_family() {
        let detector = Detector::new(&[], Fingerprinter::new(None)).unwrap();
        for reader in super::super::readers(Arc::new(detector)) {
            assert_ne!(
                Family::of(reader.name()),
                Family::Other,
                "{}",
                reader.name()
            );
        }
    }

    #[test]
    fn names_are_validated_with_a_suggestion() {
        assert_eq!("aws".parse(), Ok(Family::Aws));
        let error = "secret".parse::<Family>().unwrap_err();
        assert!(error.starts_with("did you mean `secrets`?"), "{error}");
        assert!("x".parse::<Family>().unwrap_err().starts_with("there are"));
    }
}
