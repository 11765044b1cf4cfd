//! Expressions of GitHub Actions: what `${{ … }}` refers to.

/// A step of a reference: `.name`, `['name']`, or one that only a run decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// By name.
    Name(String),
    /// `.*`, `[expression]`.
    Open,
}

/// A reference to a context: `secrets.TOKEN`, `github.event.issue.title`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// The context and the way in it.
    pub(super) parts: Vec<Part>,
}

impl Reference {
    fn is(&self, at: usize, name: &str) -> bool {
        matches!(self.parts.get(at), Some(Part::Name(found)) if found.eq_ignore_ascii_case(name))
    }

    /// The name after the context, where it is this context.
    pub(super) fn below(&self, context: &str) -> Option<&str> {
        match self.parts.get(1) {
            Some(Part::Name(name)) if self.is(0, context) => Some(name),
            _ => None,
        }
    }

    /// Whether it is the whole context, or a part that only a run decides.
    pub(super) fn whole(&self, context: &str) -> bool {
        self.is(0, context) && !matches!(self.parts.get(1), Some(Part::Name(_)))
    }

    /// `github.event.commits.*.message`, lower case.
    pub(super) fn text(&self) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Name(name) => name.to_ascii_lowercase(),
            Part::Open => "*".to_owned(),
        });
        parts.collect::<Vec<_>>().join(".")
    }
}

/// The insides of every `${{ … }}` in a text.
pub(super) fn expressions(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${{") {
        let inside = rest.get(at + 3..).unwrap_or_default();
        match end(inside) {
            Some(length) => {
                found.push(inside.get(..length).unwrap_or_default());
                rest = inside.get(length + 2..).unwrap_or_default();
            }
            None => break,
        }
    }
    found
}

/// Where an expression ends: `}}` outside of quotes. Quotes that nothing closes are none.
fn end(inside: &str) -> Option<usize> {
    let plain = inside.find("}}")?;
    let mut quoted = false;
    let mut bytes = inside.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\'' => quoted = !quoted,
            b'}' if !quoted && bytes.peek().is_some_and(|(_, next)| *next == b'}') => {
                return Some(at);
            }
            b'\n' if quoted && at > plain => return Some(plain),
            _ => {}
        }
    }
    Some(plain)
}

/// Deepest nesting of indices that is followed.
const MAX_DEPTH: usize = 20;

/// What an expression refers to, indices included.
pub(super) fn references(expression: &str) -> Vec<Reference> {
    let tokens = tokens(expression);
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = chain(&tokens, at, &mut out, 0).max(at + 1);
    }
    out
}

/// What all expressions of a text refer to.
pub(super) fn of_text(text: &str) -> Vec<Reference> {
    let found = expressions(text).into_iter();
    found.flat_map(references).collect()
}

/// The strings that an expression holds.
pub(super) fn literals(expression: &str) -> Vec<String> {
    let tokens = tokens(expression).into_iter();
    let texts = tokens.filter_map(|token| match token {
        Token::Text(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn tokens(expression: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut chars = expression.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            let mut text = String::new();
            while let Some(c) = chars.next() {
                if c != '\'' {
                    text.push(c);
                } else if chars.next_if_eq(&'\'').is_some() {
                    text.push('\'');
                } else {
                    break;
                }
            }
            out.push(Token::Text(text));
        } else if c.is_alphabetic() || c == '_' {
            let mut word = String::from(c);
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
                word.push(c);
            }
            out.push(Token::Word(word));
        } else if c.is_ascii_digit() {
            while chars
                .next_if(|c| c.is_alphanumeric() || *c == '.')
                .is_some()
            {}
            out.push(Token::Text(String::new()));
        } else if !c.is_whitespace() {
            out.push(Token::Sign(c));
        }
    }
    out
}

/// Reads a reference that begins at a token; where it ends.
fn chain(tokens: &[Token], from: usize, out: &mut Vec<Reference>, depth: usize) -> usize {
    let Some(Token::Word(first)) = tokens.get(from) else {
        return from + 1;
    };
    let mut at = from + 1;
    if tokens.get(at) == Some(&Token::Sign('(')) || depth > MAX_DEPTH {
        return at;
    }
    let mut parts = vec![Part::Name(first.clone())];
    loop {
        match (tokens.get(at), tokens.get(at + 1)) {
            (Some(Token::Sign('.')), Some(Token::Word(name))) => {
                parts.push(Part::Name(name.clone()));
                at += 2;
            }
            (Some(Token::Sign('.')), Some(Token::Sign('*'))) => {
                parts.push(Part::Open);
                at += 2;
            }
            (Some(Token::Sign('[')), Some(Token::Text(name)))
                if tokens.get(at + 2) == Some(&Token::Sign(']')) && !name.is_empty() =>
            {
                parts.push(Part::Name(name.clone()));
                at += 3;
            }
            (Some(Token::Sign('[')), Some(_)) => {
                parts.push(Part::Open);
                at += 1;
                while let Some(token) = tokens.get(at) {
                    if *token == Token::Sign(']') {
                        at += 1;
                        break;
                    }
                    at = chain(tokens, at, out, depth + 1).max(at + 1);
                }
            }
            _ => break,
        }
    }
    out.push(Reference { parts });
    at
}

/// What of a text may be handed on: names of secrets, all of them, the job's own token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Handed {
    /// Names of secrets, upper case, without the job's own token.
    pub(super) secrets: std::collections::BTreeSet<String>,
    /// All secrets: `toJSON(secrets)` (`json`) or `secrets[…]` (`dynamic`).
    pub(super) all: Option<&'static str>,
    /// The job's own token.
    pub(super) token: bool,
    /// Inputs of an action or called workflow.
    pub(super) inputs: std::collections::BTreeSet<String>,
}

impl Handed {
    /// Takes over what another text hands on.
    pub(super) fn extend(&mut self, other: Self) {
        self.secrets.extend(other.secrets);
        self.all = self.all.max(other.all);
        self.token |= other.token;
        self.inputs.extend(other.inputs);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.all.is_none()
    }
}

/// What the expressions of a text hand on.
pub(super) fn handed(text: &str) -> Handed {
    of_references(&of_text(text))
}

/// What references hand on.
pub(super) fn of_references(references: &[Reference]) -> Handed {
    let mut out = Handed::default();
    for reference in references {
        if let Some(name) = reference.below("secrets") {
            if name.eq_ignore_ascii_case("GITHUB_TOKEN") {
                out.token = true;
            } else {
                out.secrets.insert(name.to_ascii_uppercase());
            }
        } else if reference.whole("secrets") {
            let dynamic = reference.parts.len() > 1;
            out.all = out.all.max(Some(if dynamic { "dynamic" } else { "json" }));
        } else if let Some(name) = reference.below("inputs") {
            out.inputs.insert(name.to_ascii_lowercase());
        } else if reference.below("github") == Some("token") {
            out.token = true;
        } else if reference.parts.len() == 3
            && reference.text().starts_with("github.event.inputs.")
            && let Some(Part::Name(_)) = reference.parts.get(2)
        {
            // Inputs of a dispatch: nothing secret.
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(expression: &str) -> Vec<String> {
        references(expression).iter().map(Reference::text).collect()
    }

    #[test]
    fn references_are_found_in_any_spelling() {
        assert_eq!(texts(" secrets.TOKEN "), ["secrets.token"]);
        assert_eq!(texts("secrets['TOKEN']"), ["secrets.token"]);
        assert_eq!(
            texts("secrets [ 'TOKEN' ] || github.token"),
            ["secrets.token", "github.token"]
        );
        assert_eq!(
            texts("secrets[format('KEY_{0}', matrix.env)]"),
            ["matrix.env", "secrets.*"]
        );
        assert_eq!(texts("toJSON(secrets)"), ["secrets"]);
        assert_eq!(texts("contains('secrets.NOT', inputs.x)"), ["inputs.x"]);
        assert_eq!(
            texts("github.event.commits.*.message"),
            ["github.event.commits.*.message"]
        );
    }

    #[test]
    fn expressions_end_where_quotes_say() {
        assert_eq!(expressions("a ${{ x }} b ${{ y }}"), [" x ", " y "]);
        assert_eq!(expressions("${{ format('}}', z) }}"), [" format('}}', z) "]);
        assert_eq!(expressions("${{ open"), Vec::<&str>::new());
    }

    #[test]
    fn what_is_handed_on() {
        let all = handed("${{ toJSON(secrets) }}");
        assert_eq!((all.all, all.secrets.len()), (Some("json"), 0));
        let one = handed("${{ secrets.github_token }} ${{ secrets.Deploy }}");
        assert!(one.token);
        assert_eq!(one.secrets.into_iter().collect::<Vec<_>>(), ["DEPLOY"]);
    }
}
