//! Assignments: from a telling word in a text to the name it belongs to and the value given to that name.
//!
//! Dedicated code rather than a pattern: the many ways to write an assignment would make one pattern of
//! hundreds of bytes that runs at every third identifier of a program.

use super::place::Place;
use super::text::{after, before};
use std::ops::Range;

/// Names longer than this are not looked at whole.
const NAME: usize = 64;
/// Values longer than this are none.
const VALUE: usize = 512;

/// What may stand before the credential in an `Authorization` header.
pub(super) const SCHEMES: [&[u8]; 5] = [b"Bearer ", b"bearer ", b"Basic ", b"Token ", b"token "];

/// A name and the literal value given to it, as offsets into the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// The whole name, with the parts before and behind the telling word.
    pub(super) name: Range<usize>,
    /// The value, without quotes.
    pub(super) value: Range<usize>,
    /// Whether the value stood in quotes.
    pub(super) quoted: bool,
}

/// The end of the name that the word at `word` belongs to: no other word inside is worth a look.
pub(super) fn name(text: &[u8], word: Range<usize>) -> Range<usize> {
    let left = before(text, word.start, NAME);
    let start = word.start - left.iter().rev().take_while(|b| of_name(**b)).count();
    let right = after(text, word.end, NAME);
    let end = word.end
        + right
            .iter()
            .take_while(|b| of_name(**b) && **b != b'.')
            .count();
    start..end
}

const fn of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Reads the assignment to a name. `None` when none stands there, or its value is not a literal.
pub(super) fn read(text: &[u8], name: Range<usize>, place: &Place) -> Option<Assignment> {
    let dashes = after(text, name.start, 2)
        .iter()
        .take_while(|b| **b == b'-')
        .count();
    let mut cursor = Cursor { text, at: name.end };
    // The end of `"name"`, `'name']`, `name[]`, `name[32]`, `name?`.
    let opened = before(text, name.start, 1).first().copied();
    let mut quote = None;
    cursor.eat(b"\\");
    if let Some(byte @ (b'"' | b'\'' | b'`')) = cursor.peek() {
        if opened != Some(byte) {
            return None;
        }
        quote = Some(byte);
        cursor.at += 1;
        cursor.eat(b"]");
    } else if cursor.at > name.end {
        return None;
    } else if cursor.eat(b"[") {
        cursor.skip(|b| b.is_ascii_alphanumeric() || b == b'_', 32);
        if !cursor.eat(b"]") {
            return None;
        }
    } else {
        let _ = cursor.eat(b"?");
    }
    let behind_name = cursor.at;
    let within = opened.filter(|b| matches!(b, b'"' | b'\'' | b'`') && quote.is_none());
    cursor.blanks();
    if cursor.eat(b"{") && !cursor.eat_accessors() {
        cursor.at = behind_name;
        return cursor.of_default(quote, name, place);
    }
    // `||=`, `??=`: only where nothing is yet.
    if cursor.rest(3) == b"||=" || cursor.rest(3) == b"??=" {
        cursor.at += 2;
    }
    let value = match cursor.peek()? {
        // `"X-Api-Key: value"`: a header as one text.
        b':' if within.is_some() && cursor.rest(2) == b": " => {
            cursor.at += 2;
            let _ = SCHEMES.iter().any(|scheme| cursor.eat(scheme));
            cursor.up_to(within?)?
        }
        // `${NAME:-value}`: the value where none is given.
        b':' if before(text, name.start, 2) == b"${" => {
            cursor.at += 1;
            cursor.skip(|b| b == b'-' || b == b'=', 1);
            cursor.up_to(b'}')?
        }
        b':' => {
            cursor.at += 1;
            if cursor.peek() == Some(b':') {
                return None;
            }
            cursor.eat(b"=");
            cursor.blanks();
            if cursor.quoted_next() {
                cursor.value(place, Style::Colon)?
            } else if let Some(at) = cursor.behind_type() {
                cursor.at = at;
                cursor.value(place, Style::Equals)?
            } else {
                cursor.value(place, Style::Colon)?
            }
        }
        b'=' => {
            cursor.at += 1;
            match cursor.peek()? {
                b'=' | b'~' => return None,
                b'>' => cursor.at += 1,
                _ => {}
            }
            let tight = cursor.blanks() == 0;
            let query = matches!(opened, Some(b'?' | b'&')) && tight;
            let style = if tight && in_connection_string(text, name.start) {
                Style::Setting
            } else if query {
                Style::Query
            } else if tight && dashes == 2 {
                Style::Flag
            } else {
                Style::Equals
            };
            cursor.value(place, style)?
        }
        // setPassword("value"), .password("value"), std::string password("value")
        b'(' if cursor.at == behind_name && gives(text, &name) => {
            cursor.at += 1;
            if !cursor.quoted_next() {
                return None;
            }
            let value = cursor.value(place, Style::Equals)?;
            let mut end = Cursor {
                text,
                at: value.0.end + 1,
            };
            end.blanks();
            if end.peek() != Some(b')') {
                return None;
            }
            value
        }
        // <string name="password">value</string>, <key>password</key> <string>value</string>
        b'>' if quote.is_some() => {
            cursor.at += 1;
            cursor.up_to(b'<')?
        }
        b'<' if cursor.eat(b"</key>") => {
            cursor.skip(|b| b.is_ascii_whitespace(), 80);
            if !cursor.eat(b"<string>") {
                return None;
            }
            cursor.up_to(b'<')?
        }
        b'?' if cursor.eat(b"?=") => {
            cursor.blanks();
            cursor.value(place, Style::Equals)?
        }
        // <password>value</password>
        b'>' if opened == Some(b'<') => {
            cursor.at += 1;
            let at = cursor.at;
            let end = memchr::memchr(b'<', after(text, at, VALUE))? + at;
            (at..end, true)
        }
        b'(' => return None,
        _ if cursor.at > behind_name && dashes == 2 => cursor.value(place, Style::Flag)?,
        _ if cursor.at > behind_name && (place.netrc || behind(text, name.start, b"\nENV "))
            || behind(text, name.start, b"#define ") && cursor.quoted_next() =>
        {
            cursor.value(place, Style::Flag)?
        }
        _ => {
            cursor.at = behind_name;
            cursor.of_pair(quote, &name, place)?
        }
    };
    let (value, quoted) = value;
    (!value.is_empty()).then_some(Assignment {
        name,
        value,
        quoted,
    })
}

/// Whether a directive stands right before the name: `ENV NAME value`, `#define NAME value`.
fn behind(text: &[u8], at: usize, directive: &[u8]) -> bool {
    let line = directive.strip_prefix(b"\n").unwrap_or(directive);
    before(text, at, directive.len()) == directive
        || (at == line.len() && text.starts_with(line) && line.len() < directive.len())
}

/// `Server=db;User Id=app;Password=…`: a setting among others in one text.
fn in_connection_string(text: &[u8], at: usize) -> bool {
    const OTHERS: [&[u8]; 8] = [
        b"server=",
        b"data source=",
        b"host=",
        b"user id=",
        b"userid=",
        b"uid=",
        b"username=",
        b"endpoint=",
    ];
    let left = before(text, at, 200);
    let left = left.rsplit(|b| matches!(b, b'"' | b'\'' | b'\n')).next();
    let left = left.unwrap_or_default().to_ascii_lowercase();
    left.trim_ascii_end().ends_with(b";")
        && OTHERS
            .iter()
            .any(|other| memchr::memmem::find(&left, other).is_some())
}

/// Whether a call of this name takes the value rather than names it: a setter, a builder's step, a
/// constructor. `password("…")` alone may ask for one.
fn gives(text: &[u8], name: &Range<usize>) -> bool {
    let whole = text.get(name.clone()).unwrap_or_default();
    let last = whole.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let setter = [b"set".as_slice(), b"with", b"Set", b"With"]
        .iter()
        .any(|prefix| last.starts_with(prefix));
    let declared = match before(text, name.start, 2) {
        [kind, b' '] => kind.is_ascii_alphanumeric() || *kind == b'>',
        _ => false,
    };
    // `new JsonPathToken("…")` makes something else.
    let lower = last.first().is_some_and(u8::is_ascii_lowercase);
    setter || lower && (last.len() < whole.len() || declared)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `name: value`
    Colon,
    /// `name = value`
    Equals,
    /// `--name value`
    Flag,
    /// `?name=value&`
    Query,
    /// `;name=value;`
    Setting,
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self, length: usize) -> &[u8] {
        after(self.text, self.at, length)
    }

    fn eat(&mut self, expected: &[u8]) -> bool {
        let found = self.rest(expected.len()) == expected;
        if found {
            self.at += expected.len();
        }
        found
    }

    fn skip(&mut self, of: impl Fn(u8) -> bool, most: usize) -> usize {
        let count = self.rest(most).iter().take_while(|b| of(**b)).count();
        self.at += count;
        count
    }

    fn blanks(&mut self) -> usize {
        self.skip(|b| b == b' ' || b == b'\t', 64)
    }

    fn quoted_next(&self) -> bool {
        matches!(self.peek(), Some(b'"' | b'\'' | b'`')) || self.rest(2) == b"\\\""
    }

    /// `password: Option<&str> = "…"`: where the value stands behind a type.
    fn behind_type(&self) -> Option<usize> {
        let of_type = |b: &u8| b.is_ascii_alphanumeric() || b"_<>&'[]|., ?*:".contains(b);
        let rest = self.rest(64);
        let length = rest.iter().take_while(|b| of_type(b)).count();
        let behind = rest.get(length..)?;
        let spaces = behind
            .strip_prefix(b"=")?
            .iter()
            .take_while(|b| **b == b' ')
            .count();
        let at = self.at + length + 1 + spaces;
        let next = after(self.text, at, 1).first().copied();
        (length > 0 && matches!(next, Some(b'"' | b'\'' | b'`'))).then_some(at)
    }

    /// A text without blanks up to this byte, which ends it.
    fn up_to(&self, end: u8) -> Option<(Range<usize>, bool)> {
        let rest = self.rest(VALUE);
        let length = rest
            .iter()
            .position(|b| *b == end || b.is_ascii_whitespace())?;
        (rest.get(length) == Some(&end)).then_some((self.at..self.at + length, true))
    }

    /// `{ get; set; }` between a property and its value; the cursor stands behind the brace.
    fn eat_accessors(&mut self) -> bool {
        let rest = self.rest(48);
        let length = rest
            .iter()
            .take_while(|b| b.is_ascii_lowercase() || matches!(b, b' ' | b';'))
            .count();
        let fine = length > 3 && rest.get(length) == Some(&b'}');
        if fine {
            self.at += length + 1;
            self.blanks();
        }
        fine
    }

    /// `variable "db_password" { default = "…" }`
    fn of_default(
        &mut self,
        quote: Option<u8>,
        name: Range<usize>,
        place: &Place,
    ) -> Option<Assignment> {
        quote?;
        let at = name.start.checked_sub(1)?;
        if !before(self.text, at, 9).ends_with(b"variable ") {
            return None;
        }
        let block = self.rest(400);
        let block = block.split(|b| *b == b'}').next()?;
        let found = memchr::memmem::find(block, b"default")?;
        self.at += found + 7;
        self.blanks();
        if !self.eat(b"=") {
            return None;
        }
        self.blanks();
        let (value, quoted) = self.value(place, Style::Equals)?;
        (!value.is_empty()).then_some(Assignment {
            name,
            value,
            quoted,
        })
    }

    /// `env.TOKEN || "…"`: what is taken where the expression gives nothing; and the literal inside a
    /// conversion, `[]byte("…")`.
    fn behind_expression(&mut self, place: &Place) -> Option<(Range<usize>, bool)> {
        const CONVERSIONS: [&[u8]; 12] = [
            b"[]byte(",
            b"String::from(",
            b"Some(",
            b"SecretStr(",
            b"SecretString::from(",
            b"SecretString::new(",
            b"Secret::new(",
            b"Buffer.from(",
            b"std::string(",
            b"string(",
            b"bytes(",
            b"new String(",
        ];
        if CONVERSIONS.iter().any(|call| self.eat(call)) {
            if !self.quoted_next() {
                return None;
            }
            return self.value(place, Style::Equals);
        }
        let line = self.rest(120);
        let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_.[]\"'$?()>-: ".contains(b);
        let length = line.iter().take_while(|b| plain(b)).count();
        let operator = line.get(length..)?;
        let head = line.get(..length)?;
        let skipped = if operator.starts_with(b"||") {
            length + 2
        } else if let Some(at) = memchr::memmem::find(head, b" ?? ") {
            at + 4
        } else {
            memchr::memmem::find(head, b" or ")? + 4
        };
        self.at += skipped;
        self.blanks();
        if !self.quoted_next() {
            return None;
        }
        self.value(place, Style::Equals)
    }

    /// The name is itself a value: `name: DB_PASSWORD` with `value: …` behind it, as containers'
    /// environments, XML settings and Terraform have it; or the first of two arguments.
    fn of_pair(
        &mut self,
        quote: Option<u8>,
        name: &Range<usize>,
        place: &Place,
    ) -> Option<(Range<usize>, bool)> {
        let comma = self.eat(b",");
        let spaces = self.skip(|b| b.is_ascii_whitespace(), 80);
        if comma && quote.is_some() && self.quoted_next() {
            let start = self.at;
            let quote = self.peek();
            self.at += 1;
            if !(self.eat(b"value") && self.peek() == quote) {
                self.at = start;
                let value = self.value(place, Style::Equals)?;
                return self.two(name.start, value.0.end).then_some(value);
            }
            self.at = start;
        }
        if !comma && spaces == 0 {
            return None;
        }
        let inner = self.skip(|b| b == b'"' || b == b'\'', 1);
        if !(self.eat(b"value") || self.eat(b"Value")) {
            return None;
        }
        self.skip(|b| b == b'"' || b == b'\'', inner);
        self.blanks();
        let style = match self.peek()? {
            b':' => Style::Colon,
            b'=' => Style::Equals,
            _ => return None,
        };
        self.at += 1;
        self.blanks();
        self.value(place, style)
    }

    /// Whether name and value are arguments or a pair, and not two of many texts in a list.
    fn two(&self, name: usize, value: usize) -> bool {
        let left = before(self.text, name.saturating_sub(1), 40).trim_ascii_end();
        let right = after(self.text, value + 1, 80).trim_ascii_start();
        let (left, right) = (left.last().copied(), right.first().copied());
        match left {
            Some(b'(') => true,
            Some(b'[') => right == Some(b']'),
            Some(b'{') => right == Some(b'}'),
            _ => right == Some(b')'),
        }
    }

    /// The literal at the cursor.
    fn value(&mut self, place: &Place, style: Style) -> Option<(Range<usize>, bool)> {
        if self.eat(b"\\\"") {
            let end = memchr::memmem::find(self.rest(VALUE), b"\\\"")?;
            return Some((self.at..self.at + end, true));
        }
        let prefix = self
            .rest(3)
            .iter()
            .take_while(|b| b"rbfuLR@$".contains(b))
            .count();
        if let Some(quote @ (b'"' | b'\'' | b'`')) = self.text.get(self.at + prefix).copied() {
            // Interpolated texts are put together from references.
            if self.rest(prefix).iter().any(|b| b"f$".contains(b)) {
                return None;
            }
            self.at += prefix + 1;
            return self.quoted(quote);
        }
        for scheme in SCHEMES {
            if self.eat(scheme) {
                return self.bare(Style::Flag);
            }
        }
        if place.source && !matches!(style, Style::Flag | Style::Query | Style::Setting) {
            return self.behind_expression(place);
        }
        self.bare(style)
    }

    fn quoted(&self, quote: u8) -> Option<(Range<usize>, bool)> {
        let mut length = 0;
        let mut bytes = self.rest(VALUE).iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                _ if byte == quote => return Some((self.at..self.at + length, true)),
                b'\n' => return None,
                b'\\' => {
                    bytes.next();
                    length += 2;
                }
                _ => length += 1,
            }
        }
        None
    }

    fn bare(&self, style: Style) -> Option<(Range<usize>, bool)> {
        let rest = self.rest(VALUE);
        let stops = |b: u8| match style {
            Style::Query => b.is_ascii_whitespace() || b"&\"'<>#;".contains(&b),
            Style::Setting => b.is_ascii_whitespace() || b"\"'<>;".contains(&b),
            Style::Flag => b.is_ascii_whitespace() || b"\"'`;|)".contains(&b),
            Style::Colon | Style::Equals => b.is_ascii_whitespace() || b"\"'`;".contains(&b),
        };
        let length = rest.iter().position(|b| stops(*b));
        // A value that runs into the limit is none, unless the text ends there.
        let length = match length {
            Some(length) => length,
            None if rest.len() < VALUE => rest.len(),
            None => return None,
        };
        let value = rest.get(..length)?;
        let value = value.strip_suffix(b",").unwrap_or(value);
        if style == Style::Colon && phrase(rest.get(length..)?) {
            return None;
        }
        Some((self.at..self.at + value.len(), false))
    }
}

/// Whether more words follow on the line: then it is a sentence, not `name: value`.
fn phrase(rest: &[u8]) -> bool {
    let line = rest.split(|b| *b == b'\n').next().unwrap_or_default();
    let more = line.trim_ascii();
    !(more.is_empty() || more.starts_with(b"#") || more.starts_with(b"//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(path: &str, text: &str) -> Option<String> {
        let at = text.to_ascii_lowercase().find("password")?;
        let name = name(text.as_bytes(), at..at + 8);
        let found = read(text.as_bytes(), name, &Place::of(path))?;
        text.get(found.value).map(str::to_owned)
    }

    #[test]
    fn ways_to_write_an_assignment() {
        for (path, text) in [
            ("a.env", "DB_PASSWORD=VALUE\n"),
            ("a.env", "export DB_PASSWORD='VALUE'"),
            ("a.yaml", "password: VALUE # rotate\n"),
            ("a.yaml", "password: \"VALUE\""),
            ("a.json", "{\"password\": \"VALUE\"}"),
            ("a.json", "{\\\"password\\\": \\\"VALUE\\\"}"),
            ("a.py", "config['password'] = 'VALUE'"),
            ("a.py", "password: str = \"VALUE\""),
            ("a.rs", "let password: &str = \"VALUE\";"),
            ("a.go", "password := \"VALUE\""),
            ("a.c", "char password[] = \"VALUE\";"),
            ("a.c", "static char password[32] = \"VALUE\";"),
            ("a.rb", ":password => 'VALUE'"),
            ("a.js", "set(\"password\", \"VALUE\")"),
            ("a.xml", "<password>VALUE</password>"),
            ("a.xml", "<add key=\"Password\" value=\"VALUE\"/>"),
            ("a.yaml", "- name: DB_PASSWORD\n  value: VALUE\n"),
            (
                "a.json",
                "{\"name\": \"DB_PASSWORD\", \"value\": \"VALUE\"}",
            ),
            ("a.tf", "name  = \"DB_PASSWORD\"\n value = \"VALUE\""),
            ("a.sh", "run --password VALUE --x"),
            ("a.sh", "run --password=VALUE --x"),
            ("Dockerfile", "FROM x\nENV DB_PASSWORD VALUE\n"),
            (".netrc", "machine h login u password VALUE"),
            ("a.md", "https://host/?password=VALUE&b=c"),
            ("Makefile", "PASSWORD ?= VALUE\n"),
            ("a.sh", "curl -H 'X-Password: VALUE' https://x"),
            ("a.sh", "curl -H \"X-Password: VALUE\" https://x"),
            ("a.sh", ": \"${DB_PASSWORD:=VALUE}\""),
            ("a.java", "@Value(\"${db.password:VALUE}\")"),
            ("a.java", "conn.setPassword(\"VALUE\");"),
            ("a.java", "builder.withPassword(\"VALUE\")"),
            ("a.rs", "    .password(\"VALUE\")"),
            ("a.cpp", "std::string password(\"VALUE\");"),
            ("a.go", "var password = []byte(\"VALUE\")"),
            ("a.rs", "let password = String::from(\"VALUE\");"),
            ("a.js", "const password = process.env.PASS || 'VALUE';"),
            ("a.ts", "const password = process.env.PASS ?? \"VALUE\";"),
            ("a.py", "password = os.environ.get('P') or 'VALUE'"),
            ("a.ts", "process.env.PASSWORD ??= \"VALUE\";"),
            ("a.rb", "ENV['PASSWORD'] ||= 'VALUE'"),
            ("a.cs", "string Password { get; set; } = \"VALUE\";"),
            (
                "a.cs",
                "\"Server=db;User Id=sa;Password=VALUE;Encrypt=true\"",
            ),
            ("a.h", "#define DB_PASSWORD \"VALUE\""),
            ("a.xml", "<string name=\"password\">VALUE</string>"),
            ("a.plist", "<key>Password</key>\n<string>VALUE</string>"),
            ("a.tf", "variable \"password\" {\n  default = \"VALUE\"\n}"),
        ] {
            assert_eq!(value(path, text).as_deref(), Some("VALUE"), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_assignment_of_a_literal() {
        for (path, text) in [
            ("a.c", "password = get_it();"),
            ("a.c", "if (password == \"VALUE\")"),
            ("a.cc", "password::hash"),
            ("a.py", "password(\"VALUE\")"),
            ("a.py", "password = f\"{x}\""),
            ("a.md", "the password: it is a long story"),
            ("a.md", "the password is"),
            ("a.js", "[\"x\", \"password\", \"VALUE\", \"y\"]"),
            ("a.js", "[\"password\", \"VALUE\", \"y\"]"),
            ("a.js", "read(password(\"VALUE\"))"),
            ("a.js", "new x.PathPassword(\"VALUE\")"),
            ("a.md", "the Password (\"VALUE\")"),
            ("a.h", "#define ACK_PASSWORD VALUE\n"),
            ("a.js", "x;password=VALUE;y"),
            ("a.tf", "output \"password\" {\n  default = \"VALUE\"\n}"),
            ("a.txt", "password"),
            ("a.txt", "password="),
        ] {
            assert_eq!(value(path, text), None, "{text}");
        }
    }
}
