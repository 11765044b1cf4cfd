//! The detector: every rule's own examples, and what must hold whatever the rules are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

use proptest::strategy::Strategy as _;
use tenure::detect::{Detector, RuleError};
use tenure::model::{
    Confidence, Credential, Document, Fingerprinter, Moment, Origin, Problem, Timestamp,
};
use tenure::platform::embedded::DETECTORS;

fn detector() -> Detector {
    Detector::new(DETECTORS, Fingerprinter::new(None)).unwrap()
}

fn scan_bytes(path: &str, bytes: &[u8]) -> (Vec<Credential>, Vec<Problem>) {
    let origin = Origin::file(path);
    detector().scan(&Document {
        origin: &origin,
        bytes,
    })
}

fn scan(path: &str, text: &str) -> Vec<Credential> {
    scan_bytes(path, text.as_bytes()).0
}

fn kinds(credentials: &[Credential]) -> Vec<&str> {
    credentials.iter().map(|c| &*c.kind).collect()
}

fn confidence(path: &str, text: &str) -> Option<Confidence> {
    let found = scan(path, text);
    assert!(found.len() <= 1, "{found:?}");
    found.first().and_then(Credential::confidence)
}

/// Random-looking characters; never a whole token in this file.
const RANDOM: &str = "q8Zt3Lk9Xw2Vb7Nm4Rp6Ty1Us5HdGjFcKa0QeWoIuYxBvMnPzSlDrE";

fn random(length: usize) -> &'static str {
    &RANDOM[..length]
}

fn github() -> String {
    format!("{}{}", "ghp_", random(36))
}

fn secret_key() -> String {
    format!("{}{}", "wJ4lrXUtnFEMI/K7MDENG/bPxRf", "iCYq8Zt3Lk9Xw")
}

// --- rules -----------------------------------------------------------------------------------------

#[test]
fn every_rule_passes_its_own_examples() {
    assert_eq!(detector().check_examples(), []);
}

#[test]
fn built_in_patterns_compile_as_strictly_as_users_own() {
    // One more byte and the text is no longer the built-in one: its patterns are compiled and examined.
    let texts: Vec<(&str, String)> = DETECTORS
        .iter()
        .map(|(name, text)| (*name, format!("{text}\n")))
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (*n, t.as_str())).collect();
    Detector::new(&files, Fingerprinter::new(None)).unwrap();
}

#[test]
fn there_are_rules_for_what_organisations_use() {
    let detector = detector();
    assert!(detector.kinds().count() >= 600);
    let issuers: std::collections::BTreeSet<&str> = detector.kinds().map(|k| k.issuer()).collect();
    assert!(issuers.len() >= 450, "{}", issuers.len());
    for kind in detector.kinds() {
        assert!(kind.docs().starts_with("https://"), "{}", kind.id());
    }
}

const RULE: &str = r#"
issuer: acme
title: Acme
docs: https://acme.example/docs
kinds:
  - id: acme-token
    title: Acme token
    severity: high
    literals: [acme_]
    pattern: '(?P<secret>acme_[0-9a-f]{16})'
    examples:
      positive: ['acme_{{hex:16}}']
      negative: ['acme_']
"#;

fn refused(text: &str) -> RuleError {
    let files: Vec<(&str, &str)> = DETECTORS
        .iter()
        .copied()
        .chain([("mine.yaml", text)])
        .collect();
    Detector::new(&files, Fingerprinter::new(None)).unwrap_err()
}

#[test]
fn users_rules_are_found_beside_the_built_in_ones() {
    let files: Vec<(&str, &str)> = DETECTORS
        .iter()
        .copied()
        .chain([("mine.yaml", RULE)])
        .collect();
    let detector = Detector::new(&files, Fingerprinter::new(None)).unwrap();
    assert_eq!(detector.check_examples(), []);
    let origin = Origin::file("a.txt");
    let (found, _) = detector.scan(&Document {
        origin: &origin,
        bytes: b"acme_0f1e2d3c4b5a6978",
    });
    assert_eq!(kinds(&found), ["acme-token"]);
}

#[test]
fn wrong_rules_are_refused_with_file_line_and_field() {
    for (from, to, line, field) in [
        ("severity: high", "severity: grave", Some(8), "grave"),
        ("literals:", "literal:", Some(9), "literal"),
        (
            "literals: [acme_]",
            "literals: [ac]",
            Some(9),
            "acme-token.literals",
        ),
        ("literals: [acme_]\n", "\n", Some(6), "acme-token.literals"),
        ("(?P<secret>", "(?P<secret", Some(10), "acme-token.pattern"),
        ("?P<secret>", "?P<token>", Some(10), "acme-token.pattern"),
        (
            "positive: ['acme_{{hex:16}}']",
            "positive: []",
            Some(11),
            "acme-token.examples",
        ),
        (
            "negative: ['acme_']",
            "negative: []",
            Some(11),
            "acme-token.examples",
        ),
        ("      negative: ['acme_']\n", "", Some(12), "negative"),
        ("id: acme-token", "id: Acme Token", Some(6), "Acme Token.id"),
        (
            "id: acme-token",
            "id: aws-access-key",
            Some(6),
            "aws-access-key.id",
        ),
        ("https://acme.example/docs", "ask bob", Some(4), "docs"),
        ("kinds:", "kinds: [", None, "file"),
    ] {
        assert!(RULE.contains(from), "{from}");
        let error = refused(&RULE.replacen(from, to, 1));
        assert_eq!(error.file, "mine.yaml");
        assert_eq!(error.field, field, "{from}: {error}");
        if line.is_some() {
            assert_eq!(error.line, line, "{from}: {error}");
        }
        assert!(!error.problem.is_empty() && !error.hint.is_empty());
    }
}

#[test]
fn wrong_examples_are_told() {
    let text = RULE
        .replace("acme_{{hex:16}}", "acme_{{hex:15}}")
        .replace("negative: ['acme_']", "negative: ['acme_', 'x {{hex:9']");
    let detector = Detector::new(&[("mine.yaml", &text)], Fingerprinter::new(None)).unwrap();
    let failures = detector.check_examples();
    let places: Vec<_> = failures.iter().map(|f| (f.list, f.index)).collect();
    assert_eq!(places, [("positive", 1), ("negative", 2)]);
}

// --- secrets stay inside ---------------------------------------------------------------------------

#[test]
fn no_value_leaves_the_detector() {
    let password = "kV8#rT2!qZ7m";
    let text = format!(
        "t={}\ndb_password: \"{password}\"\nurl: postgres://app:{}@db.internal/app\nkey AKIAQ{} {}\n",
        github(),
        random(16),
        "YLPMN5HFIQR7XYA",
        secret_key(),
    );
    let (found, problems) = scan_bytes("a.yaml", text.as_bytes());
    assert_eq!(found.len(), 4, "{:?}", kinds(&found));
    let shown = format!("{found:?} {problems:?}");
    for secret in [&github(), password, random(16), &secret_key()] {
        assert!(!shown.contains(secret), "{secret}");
        assert!(!shown.contains(&secret[4..12]), "{secret}");
    }
    let generic = found.iter().find(|c| &*c.kind == "generic-secret").unwrap();
    assert_eq!(generic.display.as_deref(), Some("…"));
    let token = found.iter().find(|c| &*c.issuer == "github").unwrap();
    let display = token.display.as_deref().unwrap();
    assert!(
        display.starts_with("ghp_…") && display.chars().count() == 9,
        "{display}"
    );
}

#[test]
fn fingerprints_depend_on_the_key_and_nothing_else() {
    let id = |path: &str, text: &str| scan(path, text).first().unwrap().id.clone();
    let one = id("a.env", &format!("A={}", github()));
    assert_eq!(one, id("b/c.py", &format!("x = '{}'", github())));
    let origin = Origin::file("a.env");
    let other = Detector::new(DETECTORS, Fingerprinter::new(Some(b"key"))).unwrap();
    let text = format!("A={}", github());
    let (found, _) = other.scan(&Document {
        origin: &origin,
        bytes: text.as_bytes(),
    });
    assert_ne!(one, found.first().unwrap().id);
}

// --- one credential per secret ---------------------------------------------------------------------

#[test]
fn the_same_secret_twice_is_one_credential_with_two_places() {
    let text = format!("a={0}\n\n  b={0}\n", github());
    let found = scan("a.env", &text);
    let [credential] = found.as_slice() else {
        panic!("{found:?}");
    };
    let places: Vec<_> = credential
        .exposures
        .iter()
        .map(|e| (e.evidence.line, e.evidence.column))
        .collect();
    assert_eq!(places, [(Some(1), Some(3)), (Some(3), Some(5))]);
    assert!(credential.id.0.starts_with("secret:"));
}

#[test]
fn the_more_specific_rule_gets_the_bytes() {
    let jwt = |claims: &str| {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        format!(
            "{}.{}.{}",
            engine.encode("{\"alg\":\"RS256\"}"),
            engine.encode(claims),
            random(43)
        )
    };
    let pair = format!(
        "aws_access_key_id = AKIAQ{}\naws_secret_access_key = {}\n",
        "YLPMN5HFIQR7XYA",
        secret_key()
    );
    for (text, expected) in [
        (
            format!("github_token = \"{}\"", github()),
            "github-personal-access-token",
        ),
        (
            format!("url: https://x:{}@github.com/a/b", github()),
            "github-personal-access-token",
        ),
        (
            format!("token = \"{}\"", jwt("{\"sub\":\"svc\"}")),
            "json-web-token",
        ),
        (
            format!(
                "token: {}",
                jwt("{\"sub\":\"system:serviceaccount:ci:deployer\"}")
            ),
            "kubernetes-service-account-token",
        ),
        (pair, "aws-access-key"),
        (
            format!("AWS_SECRET_ACCESS_KEY={}", secret_key()),
            "aws-secret-access-key",
        ),
        (
            format!(
                "DATABASE_SECRET=postgres://app:{}@db.internal/app",
                random(16)
            ),
            "postgresql-url-password",
        ),
        (
            "DATADOG_API_KEY=5d41402abc4b2a76b9719d911017c592".to_owned(),
            "datadog-api-key",
        ),
    ] {
        assert_eq!(kinds(&scan("a.env", &text)), [expected], "{text}");
    }
}

// --- what credentials say of themselves --------------------------------------------------------------

#[test]
fn aws_keys_carry_id_account_and_end() {
    let id = format!("AKIA{}", "Y34FZKBOKMUTVV7A");
    let lone = scan("a.env", &format!("KEY={id}\n"));
    let lone = lone.first().unwrap();
    assert_eq!(&*lone.id.0, format!("aws:access-key:{id}"));
    assert_eq!(lone.display.as_deref(), Some(id.as_str()));
    assert_eq!(lone.account.as_deref(), Some("609629065308"));
    assert_eq!(lone.fingerprint, None);
    assert_eq!(lone.expires, Moment::Never);
    assert_eq!(lone.confidence(), Some(Confidence::Medium));

    let pair = scan("a.env", &format!("KEY={id}\nSECRET={}\n", secret_key()));
    let pair = pair.first().unwrap();
    assert_eq!(pair.id, lone.id);
    assert!(pair.fingerprint.is_some());
    assert_eq!(pair.confidence(), Some(Confidence::High));

    // A commit hash near the id is not the secret.
    let hash = format!("{id} 356a192b7913b04c54574d18c28d46e6395428ab");
    assert_eq!(scan("a", &hash).first().unwrap().fingerprint, None);
}

#[test]
fn secrets_of_neighbouring_keys_are_not_mixed_up() {
    let ids = ["AKIAQYLPMN5HFIQR7XYA", "AKIAQYLPMN5HFIQR7XYB"];
    let second = secret_key().replace('q', "w");
    let text = format!("{} {}\n{} {second}\n", ids[0], secret_key(), ids[1]);
    let found = scan("a.env", &text);
    assert_eq!(kinds(&found), ["aws-access-key"; 2]);
    assert!(found.iter().all(|c| c.fingerprint.is_some()));
    assert_ne!(found[0].fingerprint, found[1].fingerprint);
    // Only the first has one.
    let text = format!("{} {}\n{}\n", ids[0], secret_key(), ids[1]);
    let found = scan("a.env", &text);
    let known: Vec<bool> = found.iter().map(|c| c.fingerprint.is_some()).collect();
    assert_eq!(known, [true, false]);
}

#[test]
fn tokens_say_when_they_end_and_whose_they_are() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let token = |claims: &str| {
        let header = engine.encode("{\"alg\":\"RS256\"}");
        format!("t: {header}.{}.{}", engine.encode(claims), random(43))
    };
    let one = |text: &str| scan("a.yaml", text).into_iter().next().unwrap();
    let ends = one(&token("{\"sub\":\"a\",\"exp\":1893456000}"));
    assert_eq!(
        ends.expires,
        Moment::At(Timestamp::from_seconds(1_893_456_000))
    );
    assert_eq!(one(&token("{\"sub\":\"a\"}")).expires, Moment::Never);
    assert_eq!(
        one(&token("{\"sub\":\"a\",\"exp\":\"soon\"}")).expires,
        Moment::Unknown
    );
    let holder = one(&token("{\"sub\":\"system:serviceaccount:ci:deployer\"}"));
    assert_eq!(
        holder.identity().unwrap().to_string(),
        "k8s:cluster/ci/deployer"
    );
    // A name that could not be one is not taken over.
    let odd = one(&token(
        "{\"sub\":\"system:serviceaccount:ci:x y\\u001b[31m\"}",
    ));
    assert_eq!(odd.identity(), None);

    let sas = format!(
        "https://a.blob.core.windows.net/c?sv=2023-11-03&se=2027-01-01T00%3A00%3A00Z&sp=r&sig={}%3D",
        random(43)
    );
    let sas = one(&sas);
    assert_eq!(
        sas.expires,
        Moment::At(Timestamp::parse("2027-01-01").unwrap())
    );
}

#[test]
fn a_private_key_is_the_same_in_a_file_and_in_a_service_account() {
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    let body = [random(48), "Zy", random(40), "Wv", random(44)].concat();
    let file = format!("{begin}\n{}\n{}\n{end}\n", &body[..64], &body[64..]);
    let json = format!(
        "{{\"client_email\": \"ci@p.iam.gserviceaccount.com\", \"private_key\": \"{}\", \
         \"private_key_id\": \"356a192b7913b04c54574d18c28d46e6395428ab\", \"project_id\": \"p-1\"}}",
        file.replace('\n', "\\n")
    );
    let (pem, gcp) = (scan("k.pem", &file), scan("sa.json", &json));
    assert_eq!(kinds(&pem), ["private-key"]);
    assert_eq!(kinds(&gcp), ["gcp-service-account-key"]);
    assert_eq!(pem[0].fingerprint, gcp[0].fingerprint);
    assert_eq!(gcp[0].account.as_deref(), Some("p-1"));
    let holder = gcp[0].identity().unwrap().to_string();
    assert_eq!(holder, "ci@p.iam.gserviceaccount.com");
    assert_eq!(
        gcp[0].display.as_deref(),
        Some("356a192b7913b04c54574d18c28d46e6395428ab")
    );
}

// --- confidence ------------------------------------------------------------------------------------

#[test]
fn places_and_checksums_are_weighed() {
    let text = "SESSION_SECRET=kV8rT2qZ7mLk9Xw2Vb7N";
    assert_eq!(confidence("app.env", text), Some(Confidence::High));
    assert_eq!(confidence("tests/app.env", text), Some(Confidence::Medium));
    assert_eq!(confidence("app.env.example", text), Some(Confidence::Low));
    // A wrong checksum lowers and does not hide; so does the place, and both together more.
    let wrong = format!("T={}", github());
    assert_eq!(confidence("a.env", &wrong), Some(Confidence::Medium));
    assert_eq!(confidence("tests/a.env", &wrong), Some(Confidence::Low));
    // A documented example stays in sight, as unlikely.
    let documented = format!("AWS_ACCESS_KEY_ID={}\n", "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(confidence("a.env", &documented), Some(Confidence::Low));
    let key = format!("A=dckr_pat_{}", random(27));
    assert_eq!(confidence("a.env", &key), Some(Confidence::High));
    assert_eq!(confidence("docs/a.md", &key), Some(Confidence::Medium));
}

#[test]
fn environments_come_from_the_path() {
    let text = format!("A=dckr_pat_{}", random(27));
    for (path, expected) in [
        (".env.production", Some("prod")),
        ("deploy/values-staging.yaml", Some("staging")),
        ("a.env", None),
    ] {
        let found = scan(path, &text);
        let exposure = found[0].exposures.first().unwrap();
        assert_eq!(exposure.environment.as_deref(), expected, "{path}");
    }
}

#[test]
fn ordinary_text_holds_its_tongue() {
    for text in [
        "password = os.environ['DB_PASSWORD']",
        "password: {{ .Values.database.password }}",
        "token: ${{ secrets.GITHUB_TOKEN }}",
        "PASSWORD=$(vault read -field=password secret/db)",
        "api_key = \"your-api-key-goes-here\"",
        "secret_name = \"payments-db-credentials-v2\"",
        "token_endpoint: https://login.internal/oauth2/v2.0/token",
        "integrity sha512-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08==",
        "password = self.config.get_password(user)",
        "const token = await getToken({ audience: 'payments' });",
        "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: {name: db, key: password}\n",
        "secret: projects/1234/secrets/db-password/versions/3",
        "aws_secret_access_key = var.secret_key",
        "Please enter your password: it must have 8 characters",
        "uuid token = 123e4567-e89b-12d3-a456-426614174000",
        "-----BEGIN CERTIFICATE-----\nMIIabc\n-----END CERTIFICATE-----",
    ] {
        assert_eq!(kinds(&scan("a.yaml", text)), [""; 0], "{text}");
    }
}

// --- encodings and hostile inputs ---------------------------------------------------------------------

#[test]
fn utf_16_and_binary() {
    let text = format!("first\nA=dckr_pat_{}\n", random(27));
    for big_endian in [false, true] {
        let mut bytes = if big_endian {
            vec![0xfe, 0xff]
        } else {
            vec![0xff, 0xfe]
        };
        for unit in text.encode_utf16() {
            bytes.extend(if big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            });
        }
        let (found, _) = scan_bytes("a.txt", &bytes);
        assert_eq!(kinds(&found), ["docker-personal-access-token"]);
        let exposure = found[0].exposures.first().unwrap();
        assert_eq!(exposure.evidence.line, Some(2));
        assert_eq!(found[0].id, scan("a.txt", &text)[0].id);
    }
    let mut binary = b"\x7fELF\0\0".to_vec();
    binary.extend(text.as_bytes());
    assert_eq!(scan_bytes("a.bin", &binary).0, []);
    assert_eq!(scan_bytes("empty", b"").0, []);
}

#[test]
fn bytes_of_no_encoding() {
    let mut bytes: Vec<u8> = (1..=255).cycle().take(4096).collect();
    bytes.extend(format!(" dckr_pat_{} ", random(27)).bytes());
    bytes.extend([0xff, 0xc0, 0x80]);
    let (found, _) = scan_bytes("a", &bytes);
    assert_eq!(kinds(&found), ["docker-personal-access-token"]);
}

/// Literals of every rule and telling words, each repeated a quarter of a million bytes long: whatever the rules do there, it
/// must stay linear.
#[test]
fn hostile_repetition_is_linear() {
    let detector = detector();
    let origin = Origin::file("a.env");
    for piece in [
        "AKIA",
        "AKIAQYLPMN5HFIQR7XYA ",
        "eyJ",
        "-eyJaaaaaaaaaaaa",
        "eyJaaaaaaaaaa.eyJaaaaaaaaaa.",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "\"private_key_id\": \"356a192b7913b04c54574d18c28d46e6395428ab\" ",
        "://",
        "://a:bbbbbbbb",
        "&sig=",
        "password",
        "token=",
        "token: \"",
        "password:password=",
        "secret\n",
        "value",
        "-us1",
        ":AA",
        "JQQJ99",
        "T3BlbkFJ",
        "hvs.",
        "hvs.a-",
        "PuTTY-User-Key-File-2: Private-Lines: 1",
        "\\",
        "\"",
        "a",
    ] {
        let text = piece.repeat((1 << 18) / piece.len());
        let (found, _) = detector.scan(&Document {
            origin: &origin,
            bytes: text.as_bytes(),
        });
        let places: usize = found.iter().map(|c| c.exposures.len()).sum();
        assert!(places <= 100, "{piece}: {places}");
    }
}

#[test]
fn one_long_line_is_searched_to_its_end() {
    let mut text = "{\"id\":1,\"href\":\"/a/b\"},".repeat(1 << 18);
    let column = text.len() + 1;
    text.push_str(&format!("dckr_pat_{}", random(27)));
    let found = scan("a.json", &text);
    let exposure = found[0].exposures.first().unwrap();
    assert_eq!(exposure.evidence.line, Some(1));
    assert_eq!(exposure.evidence.column, u32::try_from(column).ok());
}

#[test]
fn more_places_than_anyone_reads_are_counted_not_listed() {
    let text = format!("A=dckr_pat_{}\n", random(27)).repeat(500);
    let (found, problems) = scan_bytes("a.env", text.as_bytes());
    assert_eq!(found[0].exposures.len(), 100);
    assert_eq!(problems.len(), 1);
    assert!(!problems[0].message.contains(random(27)));
}

#[test]
fn detectors_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Detector>();
    let detector = detector();
    let text = format!("A=dckr_pat_{}\n", random(27));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let origin = Origin::file("a.env");
                let (found, _) = detector.scan(&Document {
                    origin: &origin,
                    bytes: text.as_bytes(),
                });
                assert_eq!(found.len(), 1);
            });
        }
    });
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Rules' literals and assignments cut and glued in any order never panic.
    #[test]
    fn any_bytes_are_survived(
        parts in proptest::collection::vec(
            proptest::prop_oneof![
                proptest::sample::select(vec![
                    "AKIA", "ghp_", "eyJ", "://", "token", "password", "=", ":", "\"", "\\", "\n", "value",
                    "-----BEGIN ", "PRIVATE KEY-----", "&sig=", "sv=", "[", "]", "<", ">", "é", "Bearer ",
                ]).prop_map(|s: &str| s.as_bytes().to_vec()),
                proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20),
            ],
            0..60,
        )
    ) {
        static DETECTOR: std::sync::LazyLock<Detector> = std::sync::LazyLock::new(detector);
        let origin = Origin::file("a.yaml");
        let bytes = parts.concat();
        let _ = DETECTOR.scan(&Document { origin: &origin, bytes: &bytes });
    }
}
