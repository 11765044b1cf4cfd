//! What fuzz targets do with their bytes, also run on stable Rust by `tests/fuzz_corpus.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::io::{self, Cursor, Read};
use std::sync::{Arc, OnceLock};
use tenure::detect::Detector;
use tenure::link;
use tenure::model::{Document, Fingerprinter, Inventory, Origin, Probe, Problem};
use tenure::platform::embedded::DETECTORS;
use tenure::privilege;
use tenure::reader::{self, Family, Reader};
use tenure::source::archive::{self, Limits, Sink};

fn detector() -> &'static Detector {
    static DETECTOR: OnceLock<Detector> = OnceLock::new();
    DETECTOR.get_or_init(|| {
        Detector::new(DETECTORS, Fingerprinter::new(None)).expect("the built-in rules are right")
    })
}

fn scan(path: &str, bytes: &[u8]) {
    let origin = Origin::file(path);
    let document = Document {
        origin: &origin,
        bytes,
    };
    let (credentials, _) = detector().scan(&document);
    for exposure in credentials.iter().flat_map(|found| &found.exposures) {
        assert!(exposure.evidence.line.is_some(), "a place has a line");
    }
}

/// Counts what comes out; bounded, whatever goes in.
struct Count {
    bytes: u64,
    most: u64,
}

impl Sink for Count {
    fn member(
        &mut self,
        origin: &Arc<Origin>,
        head: Vec<u8>,
        rest: &mut dyn Read,
    ) -> io::Result<()> {
        assert!(
            origin.path.starts_with("x!/"),
            "members are below their archive"
        );
        assert_eq!(origin.on_disk(), "x");
        self.bytes += head.len() as u64;
        let read = io::copy(rest, &mut io::sink());
        self.bytes += *read.as_ref().unwrap_or(&0);
        assert!(self.bytes <= self.most, "expands beyond its budget");
        read.map(|_| ())
    }

    fn problem(&mut self, problem: Problem) {
        assert!(problem.path.starts_with('x'));
    }

    fn head(&self) -> usize {
        512
    }
}

/// The bytes as an archive.
pub fn archive(data: &[u8]) {
    let limits = Limits {
        base: 4 << 20,
        nested_zip: 1 << 20,
        ..Limits::default()
    };
    let size = data.len() as u64;
    let mut count = Count {
        bytes: 0,
        // What passes the budget last may be one buffer too much.
        most: limits.base + size * (limits.ratio + 1) + (1 << 20),
    };
    archive::expand(
        &mut Cursor::new(data),
        size,
        &Origin::file("x"),
        &limits,
        &mut count,
    );
}

/// The bytes as text in which something is packed.
pub fn layers(data: &[u8]) {
    scan("a.txt", data);
    scan("a.txt", STANDARD.encode(data).as_bytes());
    scan(
        "a.yaml",
        &[b"kind: Secret\ndata:\n  password: ", data].concat(),
    );
    scan(
        "a.json",
        &[b"{\"kind\":\"Secret\",\"data\":{\"password\":\"", data].concat(),
    );
    scan(
        "a.ipynb",
        &[b"{\"cells\": [{\"source\": [\"", data].concat(),
    );
    scan("a.eml", &[b"quoted-printable\n", data].concat());
    scan("a.py", &[b"password = 'a' + '", data].concat());
    scan("a.yaml", &[b"password: >-\n  ", data].concat());
}

/// The bytes as a file.
pub fn whole(data: &[u8]) {
    for path in [
        "a.txt",
        "src/main.rs",
        ".env",
        "config.json",
        "values-prod.yaml",
    ] {
        scan(path, data);
    }
}

/// The bytes inside tokens that describe themselves.
pub fn decoders(data: &[u8]) {
    let url = URL_SAFE_NO_PAD.encode(data);
    let standard = STANDARD.encode(data);
    let text = String::from_utf8_lossy(data);
    let header = URL_SAFE_NO_PAD.encode("{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
    let tokens = [
        format!("t = \"{header}.{url}.{url}\"\n"),
        format!(
            "t = \"{header}.{}.{url}\"\n",
            URL_SAFE_NO_PAD.encode(format!("{{\"sub\":{text}}}"))
        ),
        format!("t = \"glc_{standard}\"\n"),
        format!("t = \"sntrys_{standard}_{url}\"\n"),
        format!("Authorization: Basic {standard}\n"),
        format!("t = \"cmVmdGtu{standard}\"\n"),
        format!("-----BEGIN RSA PRIVATE KEY-----\n{standard}\n-----END RSA PRIVATE KEY-----\n"),
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----\n"),
        format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\n{text}\nPrivate-Lines: 1\n{standard}\nPrivate-MAC: {url}\n"
        ),
        format!(
            "{{\"type\": \"service_account\", \"private_key\": \"{text}\", \"client_email\": \"{text}\"}}"
        ),
        format!("https://x.blob.core.windows.net/c?sv=2024-01-01&se={text}&sig={url}\n"),
        format!("postgres://app:{text}@db.corp.net/x\n"),
        format!("github_pat_11{url}_{url}\n"),
        format!("ghs_1_{header}.{url}.{url}\n"),
    ];
    for token in tokens {
        scan("a.txt", token.as_bytes());
    }
}

/// Every reader of AWS's exports that takes the bytes for its own; then what they say, joined and judged.
pub fn exports(bytes: &[u8]) {
    static READERS: OnceLock<Vec<Box<dyn Reader>>> = OnceLock::new();
    let readers = READERS.get_or_init(|| {
        let detector = Detector::new(DETECTORS, Fingerprinter::new(None));
        let mut all = reader::readers(Arc::new(detector.expect("the built-in rules are right")));
        all.retain(|reader| Family::of(reader.name()) == Family::Aws);
        all
    });
    let origin = Origin::file("x.json");
    let head = bytes.get(..8192).unwrap_or(bytes);
    let probe = Probe {
        origin: &origin,
        head,
        complete: head.len() == bytes.len(),
        binary: head.contains(&0),
    };
    let document = Document {
        origin: &origin,
        bytes,
    };
    let mut inventory = Inventory::default();
    for reader in readers.iter().filter(|reader| reader.accepts(&probe)) {
        let (facts, problems) = reader.read(&document);
        assert!(problems.iter().all(|p| p.path.starts_with('x')));
        inventory.absorb(facts);
    }
    link::link(&mut inventory);
    let _ = privilege::assess(&inventory);
}
