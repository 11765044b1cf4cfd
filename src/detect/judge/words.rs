//! Values that say something: labels, defaults, templates, sentences.

use zeroize::Zeroizing;

/// Not a password in any script: broken text, or a sentence in one without Latin letters and digits.
pub(super) fn foreign(value: &[u8]) -> bool {
    if value.is_ascii() {
        return escaped_letters(value);
    }
    std::str::from_utf8(value).is_err()
        || !value.iter().any(u8::is_ascii_digit)
        || value.contains(&b' ')
}

/// Whether letters of another script stand in it as `\\u` escapes, which generators never write.
fn escaped_letters(value: &[u8]) -> bool {
    memchr::memmem::find_iter(value, b"\\u").any(|at| {
        let digits = value.get(at + 2..at + 6).unwrap_or_default();
        digits.len() == 4
            && digits.iter().all(u8::is_ascii_hexdigit)
            && (digits > b"00A0".as_slice())
    })
}

/// What a value in base64 holds, if that is text: the password, where a user stands before it.
pub(super) fn encoded(value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    use base64::Engine as _;
    if value.len() < 8 || !value.len().is_multiple_of(4) {
        return None;
    }
    let engine = base64::engine::general_purpose::STANDARD;
    let mut text = Zeroizing::new(engine.decode(value).ok()?);
    if !text
        .iter()
        .all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\n'))
    {
        return None;
    }
    if let Some(colon) = memchr::memchr(b':', &text) {
        text.drain(..=colon);
    }
    let length = text.trim_ascii_end().len();
    text.truncate(length);
    Some(text)
}

/// `v2/users/{id}`: a template.
pub(super) fn in_braces(value: &[u8]) -> bool {
    let Some(open) = memchr::memchr(b'{', value) else {
        return false;
    };
    let inner = value.get(open + 1..).unwrap_or_default();
    let Some(length) = memchr::memchr(b'}', inner) else {
        return false;
    };
    let name = inner.get(..length).unwrap_or_default();
    // `{SSHA}…` names the way that a hash was made.
    (open > 0 && name.len() >= 2)
        && name
            .iter()
            .all(|b| b.is_ascii_alphabetic() || *b == b'_' || *b == b'.')
}

/// `user-%s`: something is put in when the program runs. In `Kestrel97%d2W` it is chance.
pub(super) fn formatted(value: &[u8]) -> bool {
    memchr::memchr_iter(b'%', value).any(|at| {
        let rest = value.get(at + 1..).unwrap_or_default();
        matches!(rest.first(), Some(b's' | b'd' | b'v'))
            && rest.get(1).is_none_or(|b| !b.is_ascii_alphanumeric())
    })
}

/// What programs come with, and what people leave in.
pub(in crate::detect) fn defaults(value: &[u8]) -> bool {
    const DEFAULTS: [&[u8]; 44] = [
        b"secret",
        b"admin",
        b"root",
        b"guest",
        b"user",
        b"test",
        b"pass",
        b"postgres",
        b"mysql",
        b"mariadb",
        b"mongo",
        b"redis",
        b"rabbitmq",
        b"default",
        b"welcome",
        b"letmein",
        b"qwerty",
        b"administrator",
        b"master",
        b"tomcat",
        b"oracle",
        b"manager",
        b"demo",
        b"dummy",
        b"foo",
        b"bar",
        b"baz",
        b"abc",
        b"xyz",
        b"unsecure",
        b"insecure",
        b"notneeded",
        b"not-needed",
        b"notused",
        b"not-used",
        b"nopassword",
        b"no-password",
        b"nopass",
        b"anonymous",
        b"public",
        b"private",
        b"secrets",
        b"changeit",
        b"sa",
    ];
    DEFAULTS.iter().any(|d| value.eq_ignore_ascii_case(d))
}

/// `password: "Password"`, `token: 'authToken'`: the value only repeats the name.
pub(super) fn same_words(name: &[u8], value: &[u8]) -> bool {
    let plain = |text: &[u8]| -> Vec<u8> {
        text.iter()
            .filter(|b| b.is_ascii_alphanumeric())
            .map(u8::to_ascii_lowercase)
            .collect()
    };
    let (name, value) = (plain(name), plain(value));
    value.len() < 40
        && (memchr::memmem::find(&name, &value).is_some()
            || memchr::memmem::find(&value, &name).is_some())
}

/// Words that say what is to be put in, which type it is, or what to do, in place of a password.
pub(super) fn label(value: &[u8]) -> bool {
    const LABELS: [&[u8]; 76] = [
        b"enable",
        b"disable",
        b"allow",
        b"deny",
        b"permit",
        b"redacted",
        b"store",
        b"stored",
        b"update",
        b"remove",
        b"string",
        b"text",
        b"hidden",
        b"required",
        b"optional",
        b"enabled",
        b"disabled",
        b"false",
        b"true",
        b"null",
        b"none",
        b"empty",
        b"value",
        b"input",
        b"plain",
        b"plaintext",
        b"plain-text",
        b"basic",
        b"digest",
        b"encrypted",
        b"cleartext",
        b"prompt",
        b"ask",
        b"always",
        b"never",
        b"external",
        b"internal",
        b"vault",
        b"keyring",
        b"keychain",
        b"environment",
        b"file",
        b"boolean",
        b"integer",
        b"number",
        b"object",
        b"varchar",
        b"nullable",
        b"autocomplete",
        b"current",
        b"show",
        b"hide",
        b"toggle",
        b"reset",
        b"forgot",
        b"forgotten",
        b"strong",
        b"weak",
        b"medium",
        b"generate",
        b"generated",
        b"random",
        b"unknown",
        b"username",
        b"credentials",
        b"secure",
        b"inherit",
        b"default",
        b"missing",
        b"invalid",
        b"incorrect",
        b"wrong",
        b"expired",
        b"mandatory",
        b"sensitive",
        b"masked",
    ];
    let lower = value.to_ascii_lowercase();
    LABELS.contains(&lower.as_slice())
        // `CurrentPassword`, `is_required`: several words are a name of something.
        || value.iter().any(|b| b"_-.:/[]".contains(b))
        || value
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
}

/// `wJalrXUtnFEMI…EXAMPLEKEY`: the value says itself what it is.
pub(in crate::detect) fn says_example(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    [b"example".as_slice(), b"xxxxxxxx"]
        .iter()
        .any(|mark| memchr::memmem::find(&lower, mark).is_some())
}

/// `testpass1`, `MyTest123`: nobody guards anything with it.
pub(super) fn mentions_a_test(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [
        b"test", b"demo", b"sample", b"dummy", b"mock", b"stub", b"bogus", b"foo", b"bar",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS
        .iter()
        .any(|word| lower.starts_with(word) || lower.ends_with(word))
}
