//! Functions of templates: Go's own, Sprig's and Helm's.

use super::engine::{Engine, Stop, error};
use super::value::{self, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

mod data;
mod encode;
mod number;
mod pattern;
mod text;
mod version;

/// What a function makes of its arguments; `None` when it is not of this family.
type Answer = Option<Result<Value, Stop>>;

/// Arguments by place; what is missing is nothing.
pub(super) struct Arguments(Vec<Value>);

impl Arguments {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, i: usize) -> &Value {
        self.0.get(i).unwrap_or(&Value::Null)
    }

    /// As text, as Sprig's `strval` has it.
    fn text(&self, i: usize) -> String {
        self.get(i).text()
    }

    fn int(&self, i: usize) -> i64 {
        self.get(i).int()
    }

    fn last(&self) -> &Value {
        self.0.last().unwrap_or(&Value::Null)
    }

    fn all(&self) -> &[Value] {
        &self.0
    }
}

impl Engine {
    /// Calls a function.
    pub(super) fn call(&mut self, name: &str, arguments: Vec<Value>) -> Result<Value, Stop> {
        self.step()?;
        // What goes in bounds what comes out but for a few, which take from the budget themselves.
        let size: usize = arguments
            .iter()
            .map(|value| match value {
                Value::Str(text) => text.len(),
                _ => 8,
            })
            .sum();
        self.spend(size)?;
        let arguments = Arguments(arguments);
        if let Some(answer) = self.control(name, &arguments) {
            return answer;
        }
        let families = [
            text::call,
            data::call,
            number::call,
            encode::call,
            pattern::call,
            version::call,
        ];
        for family in families {
            if let Some(answer) = family(self, name, &arguments) {
                let value = answer?;
                if let Value::Str(text) = &value {
                    self.spend(text.len())?;
                }
                return Ok(value);
            }
        }
        error(format!("function {name} is not known"))
    }

    /// Functions that run templates, or that decide whether one goes on.
    fn control(&mut self, name: &str, arguments: &Arguments) -> Answer {
        let string = |done: Result<String, Stop>| done.map(Value::str);
        Some(match name {
            "include" => string(self.include(&arguments.text(0), arguments.get(1))),
            "tpl" => string(self.tpl(&arguments.text(0), arguments.get(1))),
            "required" => match arguments.get(1) {
                Value::Null => Ok(self.not_given()),
                Value::Str(text) if text.is_empty() => Ok(self.not_given()),
                given => Ok(given.clone()),
            },
            "fail" => {
                self.trouble("these values are refused by the chart (fail)");
                Ok(Value::Null)
            }
            "lookup" => Ok(Value::map(BTreeMap::new())),
            "now" | "date" | "dateInZone" | "date_in_zone" | "htmlDate" | "htmlDateInZone"
            | "dateModify" | "date_modify" | "mustDateModify" | "must_date_modify" | "toDate"
            | "mustToDate" | "unixEpoch" | "ago" | "duration" | "durationRound" | "uuidv4"
            | "randAlphaNum" | "randAlpha" | "randNumeric" | "randAscii" | "randBytes"
            | "genPrivateKey" | "derivePassword" | "htpasswd" | "bcrypt" | "encryptAES"
            | "decryptAES" | "getHostByName" | "shuffle" => Ok(self.unknown()),
            "randInt" => Ok(Value::Int(0)),
            "genCA"
            | "genSelfSignedCert"
            | "genSignedCert"
            | "genCAWithKey"
            | "genSelfSignedCertWithKey"
            | "genSignedCertWithKey"
            | "buildCustomCert" => {
                let symbol = self.unknown();
                let part = |name: &str| (name.to_owned(), symbol.clone());
                Ok(Value::map(BTreeMap::from([part("Cert"), part("Key")])))
            }
            "env" | "expandenv" => error("the environment is nobody's business"),
            _ => return None,
        })
    }

    fn not_given(&mut self) -> Value {
        let symbol = self.unknown();
        self.trouble("a value that the chart requires is not given");
        symbol
    }

    /// Members of `.Files`.
    pub(super) fn file_member(
        &mut self,
        files: &Rc<BTreeMap<String, Rc<str>>>,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, Stop> {
        let argument = arguments.first().map(Value::text).unwrap_or_default();
        let argument = argument.trim_start_matches("./");
        let found = || files.get(argument).cloned().unwrap_or_else(|| "".into());
        let collected = |encode: fn(&str) -> String| {
            let entries = files.iter().map(|(path, text)| {
                let file = path.rsplit('/').next().unwrap_or_default();
                (file.to_owned(), Value::str(encode(text)))
            });
            Value::str(value::to_yaml(&Value::map(entries.collect())))
        };
        let answer = match name {
            "Get" | "GetBytes" => Value::Str(found()),
            "Lines" => Value::list(found().lines().map(Value::str).collect()),
            "Glob" => {
                let Some(pattern) = pattern::glob(argument) else {
                    return error("a pattern of files that cannot be read");
                };
                let chosen = files.iter().filter(|(path, _)| pattern.is_match(path));
                let chosen = chosen.map(|(path, text)| (path.clone(), Rc::clone(text)));
                Value::Files(Rc::new(chosen.collect()))
            }
            "AsConfig" => collected(str::to_owned),
            "AsSecrets" => collected(|text| encode::base64(text.as_bytes())),
            other => match files.get(other) {
                Some(text) => Value::Str(Rc::clone(text)),
                None => Value::Null,
            },
        };
        if let Value::Str(text) = &answer {
            self.spend(text.len())?;
        }
        Ok(answer)
    }
}
