//! Whose an account is, of those that vendors tell their customers to trust: `rules/aws/vendors.yaml`.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Whose an account is.
#[derive(Debug)]
pub struct Vendor {
    /// What people call it: `Datadog`.
    pub name: String,
    /// Whether it is a service of AWS itself.
    pub aws: bool,
    /// The page that tells the account's id.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    vendor: String,
    #[serde(default)]
    aws: bool,
    source: String,
    accounts: Vec<String>,
}

static VENDORS: LazyLock<BTreeMap<String, Vendor>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/aws/vendors.yaml");
    let rows: Vec<Row> = serde_yaml::from_str(text).unwrap_or_default();
    let vendors = rows.into_iter().flat_map(|row| {
        row.accounts.into_iter().map(move |account| {
            let vendor = Vendor {
                name: row.vendor.clone(),
                aws: row.aws,
                source: row.source.clone(),
            };
            (account, vendor)
        })
    });
    vendors.collect()
});

/// The vendor of a 12-digit account, where the table has it.
pub fn vendor(account: &str) -> Option<&'static Vendor> {
    VENDORS.get(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::aws::arn::is_account;

    #[test]
    fn the_table_can_be_read_and_no_account_has_two_vendors() {
        let text = include_str!("../../../rules/aws/vendors.yaml");
        let rows: Vec<Row> = serde_yaml::from_str(text).unwrap();
        let accounts = rows.iter().flat_map(|row| &row.accounts);
        assert_eq!(accounts.clone().count(), VENDORS.len());
        assert!(VENDORS.len() > 180, "{}", VENDORS.len());
        for account in accounts {
            assert!(is_account(account), "{account}");
        }
        for row in &rows {
            assert!(row.source.starts_with("http"), "{}", row.vendor);
        }
        assert_eq!(vendor("464622532012").unwrap().name, "Datadog");
        assert!(vendor("127311923021").unwrap().aws);
        assert!(vendor("111122223333").is_none());
    }
}
