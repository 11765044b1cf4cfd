//! Which column of a register says what.

use std::collections::BTreeSet;

/// What a column says of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Id,
    Name,
    /// The vendor that a contract, solution or representative is of.
    Provider,
    Aliases,
    Domain,
    Owner,
    Approver,
    Status,
    Start,
    End,
    Contract,
    Data,
    DataOwner,
    Accounts,
    Identities,
    Accountability,
    Criticality,
    Mail,
    /// Only in the sheet of entities.
    Entity,
}

/// Headers without case, blanks and punctuation.
const HEADERS: [(Sort, &[&str]); 19] = [
    (
        Sort::Id,
        &[
            "refid",
            "id",
            "vendorid",
            "supplierid",
            "vendorref",
            "vendorcode",
            "suppliernumber",
            "vendornumber",
            "thirdpartyid",
        ],
    ),
    (
        Sort::Name,
        &[
            "vendorname",
            "vendor",
            "suppliername",
            "supplier",
            "thirdpartyname",
            "thirdparty",
            "companyname",
            "company",
            "name",
            "provider",
            "providername",
            "organisation",
            "organization",
        ],
    ),
    (Sort::Provider, &["providerentityrefid"]),
    (
        Sort::Aliases,
        &[
            "alias",
            "aliases",
            "alsoknownas",
            "aka",
            "tradingname",
            "tradingas",
            "products",
        ],
    ),
    (
        Sort::Domain,
        &[
            "domain",
            "domains",
            "emaildomain",
            "maildomain",
            "website",
            "url",
            "web",
        ],
    ),
    (
        Sort::Owner,
        &[
            "businessowner",
            "vendorowner",
            "supplierowner",
            "relationshipowner",
            "internalowner",
            "contractowner",
            "owner",
            "vendormanager",
            "relationshipmanager",
            "businesssponsor",
            "sponsor",
            "responsible",
            "responsibleperson",
        ],
    ),
    (
        Sort::Approver,
        &["approver", "approvedby", "customerapprover"],
    ),
    (
        Sort::Status,
        &[
            "contractstatus",
            "status",
            "vendorstatus",
            "supplierstatus",
            "state",
            "lifecycle",
            "active",
        ],
    ),
    (
        Sort::Start,
        &[
            "contractstart",
            "contractstartdate",
            "startdate",
            "start",
            "effectivedate",
            "validfrom",
            "commencementdate",
        ],
    ),
    (
        Sort::End,
        &[
            "contractend",
            "contractenddate",
            "enddate",
            "end",
            "contractexpiry",
            "contractexpirydate",
            "contractexpiration",
            "expirydate",
            "expirationdate",
            "expires",
            "terminationdate",
            "validuntil",
            "validto",
        ],
    ),
    (
        Sort::Contract,
        &[
            "contract",
            "contractid",
            "contractref",
            "contractnumber",
            "contractreference",
            "agreement",
        ],
    ),
    (
        Sort::Data,
        &[
            "datacategories",
            "datacategory",
            "data",
            "datatypes",
            "datatype",
            "dataaccessed",
            "datashared",
            "personaldata",
        ],
    ),
    (
        Sort::DataOwner,
        &[
            "dataowner",
            "datacategoryowner",
            "datasteward",
            "informationowner",
        ],
    ),
    (
        Sort::Accounts,
        &[
            "accounts",
            "account",
            "awsaccount",
            "awsaccountid",
            "awsaccounts",
            "tenantid",
            "tenantids",
            "entratenantid",
            "azuretenantid",
            "githuborg",
            "githubapp",
            "githubapps",
        ],
    ),
    (
        Sort::Identities,
        &[
            "identities",
            "identity",
            "serviceaccounts",
            "serviceaccount",
            "identityids",
        ],
    ),
    (
        Sort::Accountability,
        &[
            "accountability",
            "accountabilitymodel",
            "responsibilitymodel",
            "servicemodel",
        ],
    ),
    (
        Sort::Criticality,
        &["criticality", "tier", "risk", "risktier", "riskrating"],
    ),
    (
        Sort::Mail,
        &["email", "mail", "contactemail", "emailaddress"],
    ),
    (
        Sort::Entity,
        &["parententityrefid", "parententityid", "mission"],
    ),
];

/// The columns of a table, in order.
#[derive(Debug)]
pub(super) struct Columns {
    sorts: Vec<Option<Sort>>,
    found: BTreeSet<Sort>,
    vendors: bool,
}

/// How many of the headers for names speak of vendors.
const OF_VENDORS: usize = 6;

impl Columns {
    /// By their headers; `None` when these are of no register at all.
    pub(super) fn of<'h>(headers: impl Iterator<Item = &'h str>) -> Option<Self> {
        let mut sorts: Vec<(Option<Sort>, usize)> = headers.take(256).map(sort).collect();
        // `vendor` beside `name`: the one that stands earlier in the list is meant.
        for (wanted, _) in HEADERS {
            if matches!(wanted, Sort::Accounts | Sort::Domain | Sort::Entity) {
                continue;
            }
            let best = sorts
                .iter()
                .filter(|(s, _)| *s == Some(wanted))
                .map(|(_, rank)| *rank)
                .min();
            let mut taken = false;
            for (sort, rank) in sorts.iter_mut().filter(|(s, _)| *s == Some(wanted)) {
                if taken || Some(*rank) != best {
                    *sort = None;
                }
                taken |= sort.is_some();
            }
        }
        let of_vendors =
            |(sort, rank): &(Option<Sort>, usize)| *sort == Some(Sort::Name) && *rank < OF_VENDORS;
        let vendors = sorts.iter().any(of_vendors);
        let sorts: Vec<Option<Sort>> = sorts.into_iter().map(|(sort, _)| sort).collect();
        let found: BTreeSet<Sort> = sorts.iter().flatten().copied().collect();
        let columns = Self {
            sorts,
            found,
            vendors,
        };
        (columns.is_exchange() || columns.is_register()).then_some(columns)
    }

    /// Of a text's first line, with the delimiter.
    pub(super) fn of_head(head: &[u8]) -> Option<(Self, u8)> {
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        let line = head.split(|&b| matches!(b, b'\n' | b'\r')).next()?;
        let count = |delimiter| memchr::memchr_iter(delimiter, line).count();
        let delimiters = [b',', b';', b'\t'].into_iter().rev();
        let delimiter = delimiters.max_by_key(|&d| count(d))?;
        let mut record = csv::ByteRecord::new();
        csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .from_reader(line)
            .read_byte_record(&mut record)
            .ok()?;
        let headers: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        let columns = Self::of(headers.iter().map(AsRef::as_ref))?;
        Some((columns, delimiter))
    }

    pub(super) fn has(&self, sort: Sort) -> bool {
        self.found.contains(&sort)
    }

    /// Of CISO Assistant, whatever the file is called: no other table has such headers.
    pub(super) fn is_exchange(&self) -> bool {
        self.has(Sort::Provider) || self.has(Sort::Entity) && self.has(Sort::Name)
    }

    /// Of a register, if the file is called so.
    pub(super) fn is_register(&self) -> bool {
        let telling = [
            Sort::Domain,
            Sort::Owner,
            Sort::Status,
            Sort::End,
            Sort::Data,
            Sort::Accounts,
            Sort::Identities,
            Sort::Criticality,
            Sort::Accountability,
        ];
        self.has(Sort::Name) && telling.into_iter().any(|sort| self.has(sort))
    }

    /// Whether a header says that the names are those of vendors.
    pub(super) fn names_vendors(&self) -> bool {
        self.vendors
    }

    /// The texts of a row that say this, without those that say nothing.
    pub(super) fn all<'r>(&self, row: &'r [String], sort: Sort) -> impl Iterator<Item = &'r str> {
        let cells = self.sorts.iter().zip(row);
        let cells = cells
            .filter(move |(s, _)| **s == Some(sort))
            .map(|(_, cell)| cell.trim());
        // A guard against formulas in spreadsheets is not part of the text.
        let cells = cells.map(|cell| match cell.strip_prefix('\'') {
            Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
            _ => cell,
        });
        cells
            .filter(|cell| !cell.is_empty())
            .collect::<Vec<_>>()
            .into_iter()
    }

    pub(super) fn first<'r>(&self, row: &'r [String], sort: Sort) -> Option<&'r str> {
        self.all(row, sort).next()
    }
}

/// What a header says, and how early it stands among the headers that say so.
fn sort(header: &str) -> (Option<Sort>, usize) {
    let plain: String = header
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(64)
        .collect();
    for (sort, names) in HEADERS {
        if let Some(rank) = names.iter().position(|name| *name == plain) {
            return (Some(sort), rank);
        }
    }
    (None, 0)
}
