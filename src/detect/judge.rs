//! Is this value a secret, or a placeholder, a reference, a name, a word? Judged by the value alone.

use super::rule::GenericRule;
use crate::model::Confidence;
use aho_corasick::AhoCorasick;

/// The marks of placeholders and references, compiled, and the limits.
#[derive(Debug)]
pub(super) struct Judge {
    placeholders: Option<AhoCorasick>,
    references: Option<AhoCorasick>,
    min_length: usize,
    max_length: usize,
    entropy: f64,
}

/// What a value without a format of its own was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) confidence: Confidence,
    pub(super) reason: &'static str,
}

impl Judge {
    /// With the lists of a rule, or with none.
    pub(super) fn new(rule: Option<&GenericRule>) -> Self {
        let automaton = |list: &[String]| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(list)
                .ok()
        };
        Self {
            placeholders: rule.and_then(|rule| automaton(&rule.placeholders)),
            references: rule.and_then(|rule| automaton(&rule.references)),
            min_length: rule.map_or(8, |rule| rule.min_length),
            max_length: rule.map_or(256, |rule| rule.max_length),
            entropy: rule.map_or(0.0, |rule| rule.entropy),
        }
    }

    /// Whether somebody is meant to put the value in here.
    pub(super) fn placeholder(&self, value: &[u8]) -> bool {
        self.placeholders
            .as_ref()
            .is_some_and(|a| a.is_match(value))
            || repetitive(value)
    }

    /// Whether the value says where the secret is instead of being it.
    pub(super) fn reference(&self, value: &[u8]) -> bool {
        let bracketed =
            |open: &[u8], close: &[u8]| value.starts_with(open) && value.ends_with(close);
        self.references.as_ref().is_some_and(|a| a.is_match(value))
            || bracketed(b"<", b">")
            || bracketed(b"%", b"%")
            || bracketed(b"__", b"__")
            || bracketed(b"{", b"}")
            || bracketed(b"[", b"]")
            || matches!(value, [b'$', c, ..] if c.is_ascii_alphabetic() || *c == b'_')
            || matches!(value, [b'$', b'.', ..] | [b'$', b'$', b'.', ..])
            || matches!(value, [b'@', ..])
            || memchr::memmem::find(value, b"%s").is_some()
            || memchr::memmem::find(value, b"%d").is_some()
            || memchr::memmem::find(value, b"%v").is_some()
    }

    /// Judges the value of an assignment to a telling name. `password` is whether the name speaks of
    /// something that people make up rather than something that programs generate.
    pub(super) fn value(&self, value: &[u8], password: bool, quoted: bool) -> Option<Verdict> {
        let length = value.len();
        if length < self.min_length || length > self.max_length {
            return None;
        }
        if !value.iter().all(u8::is_ascii_graphic) {
            // Spaces make a phrase; passwords outside ASCII are rarer than sentences in another script.
            return None;
        }
        if self.reference(value)
            || self.placeholder(value)
            || numeric(value)
            || uuid(value)
            || path(value)
            || code(value, quoted)
            || wordy(value.strip_suffix(b"=").unwrap_or(value))
        {
            return None;
        }
        if hashed(value) {
            return verdict(Confidence::Low, "value is the hash of a password");
        }
        let classes = Classes::of(value);
        if classes.hex && matches!(length, 32 | 40 | 64 | 96 | 128) {
            let reason = "value is as long as a digest";
            return verdict(Confidence::Low, reason);
        }
        let entropy = entropy(value);
        // Random letters alone change their case more often than camel case does.
        let mixed = if classes.digits > 0 {
            classes.letters() > 0
        } else {
            classes.letters() == length && classes.changes * 3 >= length
        };
        if length >= 16 && entropy >= self.entropy && mixed {
            let random = classes.changes * 4 >= length;
            return if random {
                verdict(Confidence::Medium, "value looks random")
            } else {
                verdict(Confidence::Low, "value looks partly random")
            };
        }
        if !password || length > 64 {
            return None;
        }
        match classes.kinds() {
            3.. if entropy >= 2.5 => verdict(Confidence::Medium, "value looks like a password"),
            2 if entropy >= 2.5 && classes.digits > 0 => {
                verdict(Confidence::Low, "value may be a password")
            }
            _ => None,
        }
    }
}

const fn verdict(confidence: Confidence, reason: &'static str) -> Option<Verdict> {
    Some(Verdict { confidence, reason })
}

/// Shannon entropy in bits per byte.
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in value {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|&count| {
            let share = f64::from(count) / total;
            -share * share.log2()
        })
        .sum()
}

/// Whether somebody typed it to fill the space: runs of one character, of the alphabet or of digits.
pub(super) fn repetitive(value: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in value {
        if let Some(slot) = seen.get_mut(usize::from(byte)) {
            *slot = true;
        }
    }
    if value.len() >= 8 && seen.iter().filter(|seen| **seen).count() < 5 {
        return true;
    }
    let (mut same, mut steps) = (1, 1);
    for pair in value.windows(2) {
        let [a, b] = pair else { continue };
        same = if a == b { same + 1 } else { 1 };
        let step = b.is_ascii_alphanumeric() && a.checked_add(1) == Some(*b);
        let wraps = (*a, *b) == (b'9', b'0');
        steps = if step || wraps { steps + 1 } else { 1 };
        if same >= 6 || steps >= 7 {
            return true;
        }
    }
    false
}

fn numeric(value: &[u8]) -> bool {
    let of_number = |b: &u8| b.is_ascii_digit() || b".,:-+/xX_TZ".contains(b);
    value.iter().all(of_number)
        || (value.starts_with(b"0x") && value.iter().skip(2).all(u8::is_ascii_hexdigit))
}

/// `123e4567-e89b-12d3-a456-426614174000`: an id of something, and a secret only where a format says so.
fn uuid(value: &[u8]) -> bool {
    value.windows(36).any(|part| {
        part.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
    })
}

/// What is stored instead of a password: crypt(3)'s `$6$…`, `pbkdf2_sha256$10000$…`, `{SSHA}…`, MySQL's `*`
/// and 40 digits. It opens nothing as it is.
fn hashed(value: &[u8]) -> bool {
    const NAMES: [&[u8]; 8] = [
        b"pbkdf2", b"argon2", b"bcrypt", b"scrypt", b"scram", b"sha1", b"sha256", b"sha512",
    ];
    if let [b'*', digits @ ..] = value {
        return digits.len() == 40 && digits.iter().all(u8::is_ascii_hexdigit);
    }
    if let [b'{', rest @ ..] = value {
        let name = rest.split(|b| *b == b'}').next().unwrap_or_default();
        return (3..=14).contains(&name.len())
            && name
                .iter()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'-');
    }
    let mut parts = value.split(|b| *b == b'$');
    let (first, second) = (parts.next(), parts.next());
    if parts.next().is_none() {
        return false;
    }
    match (first, second) {
        (Some(b""), Some(id)) => {
            matches!(
                id,
                b"1" | b"2a" | b"2b" | b"2x" | b"2y" | b"5" | b"6" | b"7" | b"y" | b"gy" | b"apr1"
            ) || NAMES.iter().any(|name| id.starts_with(name))
        }
        (Some(name), _) => {
            let name = name.to_ascii_lowercase();
            NAMES.iter().any(|known| name.starts_with(known))
        }
        _ => false,
    }
}

/// Paths, URLs, host names, addresses and file names.
fn path(value: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    if has(b"://")
        || value.starts_with(b"./")
        || value.starts_with(b"../")
        || value.starts_with(b"~/")
        || value.starts_with(b"--")
        || has(b":\\")
        || (value.starts_with(b"/") && !has(b"+") && !value.ends_with(b"="))
    {
        return true;
    }
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._-".contains(b);
    // `name@host.tld`
    let mut halves = value.splitn(2, |b| *b == b'@');
    if let (Some(user), Some(host)) = (halves.next(), halves.next()) {
        let domain = host.contains(&b'.') && host.iter().all(plain) && host.len() > 3;
        if domain && !user.is_empty() && user.iter().all(|b| plain(b) || *b == b'+') {
            return wordy(host);
        }
    }
    // `server.key`, `tls-cert.pem`
    let mut ends = value.rsplitn(2, |b| *b == b'.');
    if let (Some(extension), Some(_)) = (ends.next(), ends.next()) {
        const FILES: [&[u8]; 22] = [
            b"cer", b"cfg", b"conf", b"crt", b"csv", b"env", b"gpg", b"html", b"ini", b"jks",
            b"js", b"json", b"key", b"p12", b"pem", b"pfx", b"php", b"pub", b"py", b"txt", b"yaml",
            b"yml",
        ];
        if FILES.contains(&extension) {
            return true;
        }
    }
    // Two slashes between words.
    let slashes = value.iter().filter(|b| **b == b'/').count();
    slashes >= 1
        && value
            .split(|b| *b == b'/')
            .all(|part| part.is_empty() || wordy(part))
}

/// Calls, member accesses and other expressions.
fn code(value: &[u8], quoted: bool) -> bool {
    let call = value.contains(&b'(') && (value.contains(&b')') || !quoted);
    // `\x` is a key in a test of cryptography.
    let expression = [
        b"->".as_slice(),
        b"::",
        b"=>",
        b"&&",
        b"||",
        b"==",
        b"\\x",
        b"\\w",
        b"\\d",
        b".*",
    ];
    if call
        || expression
            .iter()
            .any(|e| memchr::memmem::find(value, e).is_some())
    {
        return true;
    }
    if quoted {
        return false;
    }
    let identifier = |part: &[u8]| {
        part.first()
            .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
            && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
    };
    let member =
        value.contains(&b'.') && value.split(|b| *b == b'.').all(identifier) && wordy(value);
    member || value.ends_with(b"(") || value.iter().any(|b| b"[]{".contains(b))
}

/// Whether the value is made of words: every run of letters can be pronounced, and there are digits only
/// at the ends of words (`oauth2`, `node-01`). It errs towards words: what generators make fails soon.
pub(super) fn wordy(value: &[u8]) -> bool {
    let mut previous = 0_u8;
    let mut word: Vec<u8> = Vec::new();
    let (mut words, mut letters, mut digits, mut others, mut islands) = (0, 0, 0, 0, 0);
    let mut fine = true;
    for &byte in value.iter().chain(std::iter::once(&b' ')) {
        let upper_after_lower = previous.is_ascii_lowercase() && byte.is_ascii_uppercase();
        if !byte.is_ascii_alphabetic() || upper_after_lower {
            if !word.is_empty() {
                words += 1;
                fine &= pronounceable(&word);
                word.clear();
            }
            if byte.is_ascii_digit() {
                digits += 1;
                islands += usize::from(!previous.is_ascii_digit());
            } else if byte != b' ' && !upper_after_lower && !b"_-.:/,[]".contains(&byte) {
                others += 1;
            }
        }
        if byte.is_ascii_alphabetic() {
            letters += 1;
            word.push(byte.to_ascii_lowercase());
        }
        previous = byte;
    }
    fine && others == 0
        && letters > 0
        && islands <= 2
        && digits <= 4
        // Camel case of many short words is base64.
        && letters >= words * if words > 4 { 4 } else { 3 }
}

fn pronounceable(word: &[u8]) -> bool {
    let vowel = |b: &u8| b"aeiouy".contains(b);
    let vowels = word.iter().filter(|b| vowel(b)).count();
    let run = |of: &dyn Fn(&u8) -> bool| word.split(|b| !of(b)).map(<[u8]>::len).max().unwrap_or(0);
    match word.len() {
        0..=4 => true,
        // Seven in a row do not occur in words and abbreviations that people use as names.
        length => {
            vowels * 6 >= length
                && vowels * 10 <= length * 7
                && run(&|b| !vowel(b)) <= 5
                && run(&vowel) <= 3
                && length <= 20
        }
    }
}

struct Classes {
    lower: usize,
    upper: usize,
    digits: usize,
    symbols: usize,
    /// How often the class changes from one character to the next.
    changes: usize,
    hex: bool,
}

impl Classes {
    fn of(value: &[u8]) -> Self {
        let mut classes = Self {
            lower: 0,
            upper: 0,
            digits: 0,
            symbols: 0,
            changes: 0,
            hex: value.iter().all(u8::is_ascii_hexdigit),
        };
        let mut last = 0;
        for byte in value {
            let (class, count) = match byte {
                b'a'..=b'z' => (1, &mut classes.lower),
                b'A'..=b'Z' => (2, &mut classes.upper),
                b'0'..=b'9' => (3, &mut classes.digits),
                _ => (4, &mut classes.symbols),
            };
            *count += 1;
            classes.changes += usize::from(last != 0 && last != class);
            last = class;
        }
        classes
    }

    const fn letters(&self) -> usize {
        self.lower + self.upper
    }

    fn kinds(&self) -> usize {
        [self.lower, self.upper, self.digits, self.symbols]
            .iter()
            .filter(|count| **count > 0)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words_and_random_is_not() {
        for text in [
            "access-token",
            "kubernetes.io/service-account-token",
            "oauth2",
            "clientSecretName",
            "production_database",
            "node-01",
            "sha256",
        ] {
            assert!(wordy(text.as_bytes()), "{text}");
        }
        for text in [
            "x7Kp2mQ9vLr4",
            "hT5gZq8W",
            "wJalrXUtnFEMIK7MDENGbPxRfiCY",
            "p@ssW0rd!9",
        ] {
            assert!(!wordy(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn fillers() {
        for text in [
            "xxxxxxxxxxxx",
            "0123456789",
            "abcdefghij",
            "aabbaabbaabb",
            "key-0000000",
        ] {
            assert!(repetitive(text.as_bytes()), "{text}");
        }
        assert!(!repetitive(b"x7Kp2mQ9vLr4"));
    }

    #[test]
    fn hashes_are_not_passwords() {
        for text in [
            "$6$rounds=656000$tgK3gYTyRLUmhyv2$lAFrYUQwn7E6VsjPOwQwoSx30l",
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            "pbkdf2_sha256$10000$LUyhxJjuLwXF$f6Zbpnx1L5dPze8m0itBaHMDyZ",
            "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            "*1A01CF8FBE6425398935FB90359AD8B817399102",
        ] {
            assert!(hashed(text.as_bytes()), "{text}");
        }
        for text in [
            "Pa$$w0rd!",
            "$ecret$2024",
            "x7Kp$mQ9v$Lr4Z",
            "*k7Qz!p",
            "{x}",
        ] {
            assert!(!hashed(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn entropy_of_known_texts() {
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert!(entropy(b"").abs() < 1e-9);
    }

    #[test]
    fn verdicts() {
        let judge = Judge::new(None);
        let confidence = |value: &str, password| {
            judge
                .value(value.as_bytes(), password, true)
                .map(|verdict| verdict.confidence)
        };
        assert_eq!(
            confidence("x7Kp2mQ9vLr4Zt6Y", false),
            Some(Confidence::Medium)
        );
        assert_eq!(confidence("Tr0ub4dor&3", true), Some(Confidence::Medium));
        assert_eq!(confidence("Tr0ub4dor&3", false), None);
        for text in [
            "123e4567-e89b-12d3-a456-426614174000",
            "/var/run/secrets/token",
            "https://vault.internal/v1/x7Kp2mQ9",
            "get_password(x7Kp2mQ9)",
            "<your-token-here>",
            "$DB_PASSWORD",
            "server.key",
            "two words",
        ] {
            assert_eq!(confidence(text, true), None, "{text}");
        }
    }
}
