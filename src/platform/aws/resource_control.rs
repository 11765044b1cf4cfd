//! Which services resource control policies speak of.

use std::sync::LazyLock;

static SERVICES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    include_str!("../../../rules/aws/resource-control-services.txt")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

/// Whether resource control policies apply to an action, by its service: `sts:AssumeRole` yes,
/// `ec2:RunInstances` no.
pub fn governs(action: &str) -> bool {
    let service = action.split(':').next().unwrap_or_default();
    SERVICES.binary_search(&service).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_says_what_the_guide_says() {
        assert!(SERVICES.windows(2).all(|pair| pair[0] < pair[1]));
        for action in [
            "sts:AssumeRole",
            "s3:GetObject",
            "sqs:SendMessage",
            "kms:Decrypt",
        ] {
            assert!(governs(action), "{action}");
        }
        assert!(governs("secretsmanager:GetSecretValue"));
        assert!(!governs("ec2:RunInstances") && !governs("iam:PassRole") && !governs(""));
    }
}
