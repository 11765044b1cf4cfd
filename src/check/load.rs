//! Loading one check file: every mistake is found, and named with its place.

use super::compile::{Condition, Names, compile};
use super::controls::Controls;
use super::error::{CheckError, Fault, did_you_mean};
use super::file::{CaseFile, CheckFile, MAX_FILE};
use super::message::Message;
use super::parameter::{self, Parameter};
use super::place::Places;
use super::schema::{Attribute, Basis, SubjectKind, Type};
use super::set::{Case, Check, Compiled};
use super::value::Value;
use crate::model::{Confidence, Outcome, Severity, Str, Timestamp};
use std::cell::OnceCell;
use std::collections::BTreeSet;

const CONFIDENCES: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];

const OUTCOMES: [Outcome; 4] = [
    Outcome::Fail,
    Outcome::Pass,
    Outcome::NotApplicable,
    Outcome::NotEvaluable,
];

/// The name of an outcome.
pub(super) const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "fail",
        Outcome::Pass => "pass",
        Outcome::NotApplicable => "not-applicable",
        Outcome::NotEvaluable => "not-evaluable",
    }
}

/// Loads one file.
pub(super) struct Loader<'f> {
    file: &'f str,
    text: &'f str,
    /// Read when the first error or case wants a place: most files have none to tell.
    places: OnceCell<Places<'f>>,
    /// Absent for files whose controls and cases a test has proven.
    controls: Option<&'f Controls>,
}

impl<'f> Loader<'f> {
    pub(super) fn new(file: &'f str, text: &'f str, controls: Option<&'f Controls>) -> Self {
        // Nothing is looked up in a file that is refused for its size.
        let text = if text.len() > MAX_FILE { "" } else { text };
        Self {
            file,
            text,
            places: OnceCell::new(),
            controls,
        }
    }

    fn places(&self) -> &Places<'f> {
        self.places.get_or_init(|| Places::new(self.text))
    }

    pub(super) fn error(
        &self,
        path: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> CheckError {
        let (line, column) = self.places().of(path);
        CheckError {
            file: self.file.to_owned(),
            line,
            column,
            message: message.into(),
            hint,
        }
    }

    fn fault(&self, path: &str, content: &str, fault: Fault) -> CheckError {
        let (line, column) = self.places().inside(path, content, fault.offset);
        CheckError {
            file: self.file.to_owned(),
            line,
            column,
            message: format!("{path}: {}", fault.message),
            hint: fault.hint,
        }
    }

    pub(super) fn load(&self) -> Result<Check, Vec<CheckError>> {
        if self.text.is_empty() {
            let message = format!("empty, or larger than {MAX_FILE} bytes");
            return Err(vec![self.error("", message, None)]);
        }
        let file: CheckFile =
            serde_yaml::from_str(self.text).map_err(|e| vec![self.yaml_error(&e)])?;
        self.compile(file)
    }

    /// The check of a file that was read.
    pub(super) fn compile(&self, file: CheckFile) -> Result<Check, Vec<CheckError>> {
        let mut errors = Vec::new();
        self.check_texts(&file, &mut errors);
        let severity = self.word("severity", &file.severity, &Severity::ALL, Severity::as_str);
        let confidence = file.confidence.as_deref().unwrap_or("high");
        let confidence = self.word("confidence", confidence, &CONFIDENCES, Confidence::as_str);
        let kind = self.word(
            "applies_to",
            &file.applies_to,
            &SubjectKind::ALL,
            SubjectKind::as_str,
        );
        let (severity, confidence, applies_to) = match (severity, confidence, kind) {
            (Ok(severity), Ok(confidence), Ok(kind)) => (severity, confidence, kind),
            (severity, confidence, kind) => {
                errors.extend(
                    severity
                        .err()
                        .into_iter()
                        .chain(confidence.err())
                        .chain(kind.err()),
                );
                return Err(errors);
            }
        };
        let attributes = applies_to.attributes();
        let parameters = self.parameters(&file, &mut errors);
        let types: Vec<(String, Type)> = parameters
            .iter()
            .map(|(p, _)| (p.name.to_string(), p.kind))
            .collect();
        let names = Names {
            attributes: &attributes,
            parameters: &types,
        };
        let mut condition = |path: &str, text: &str| {
            compile(text, &names)
                .map_err(|fault| errors.push(self.fault(path, text, fault)))
                .ok()
        };
        let when = file.when.as_deref().map(|text| condition("when", text));
        let compiled = condition("condition", &file.condition);
        let message = Message::compile(&file.message, &names)
            .map_err(|fault| errors.push(self.fault("message", &file.message, fault)))
            .ok();
        self.unused_parameters(
            &file,
            &types,
            when.iter().flatten().chain(&compiled),
            &mut errors,
        );
        let cases = self.cases(&file, &attributes, &parameters, &mut errors);
        let (Some(condition), Some(message), true) = (compiled, message, errors.is_empty()) else {
            return Err(errors);
        };
        let (parameters, defaults) = parameters.into_iter().unzip();
        let compiled = Compiled {
            when: when.flatten(),
            bases: bases(&condition, &attributes),
            condition,
            message,
            defaults,
            cases,
        };
        Ok(Check {
            severity,
            confidence,
            applies_to,
            ..self.check(file, parameters, compiled)
        })
    }

    /// A word of a set of named values.
    fn word<T: Copy>(
        &self,
        path: &str,
        word: &str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<T, CheckError> {
        all.iter()
            .copied()
            .find(|t| name(*t) == word)
            .ok_or_else(|| {
                let names: Vec<String> = all.iter().map(|t| format!("`{}`", name(*t))).collect();
                let field = path.rsplit('/').next().unwrap_or(path);
                let message = format!("`{word}` is no {field}; there are {}", names.join(", "));
                let hint = did_you_mean(word, all.iter().map(|t| name(*t)));
                self.error(path, message, hint)
            })
    }

    /// The check with everything but the words of sets.
    fn check(&self, file: CheckFile, parameters: Vec<Parameter>, compiled: Compiled) -> Check {
        let one = |text: String| Str::from(text.trim());
        let all = |texts: Vec<String>| texts.into_iter().map(one).collect();
        Check {
            id: one(file.id),
            title: one(file.title),
            description: one(file.description),
            severity: Severity::Info,
            confidence: Confidence::High,
            applies_to: SubjectKind::Identity,
            parameters,
            when: file.when.map(one),
            condition: one(file.condition),
            message: one(file.message),
            remediation: one(file.remediation),
            controls: all(file.controls),
            references: all(file.references),
            aliases: all(file.aliases),
            file: self.file.into(),
            compiled,
        }
    }

    /// An error of the YAML reader, at its place, with a hint for a misspelt field.
    fn yaml_error(&self, error: &serde_yaml::Error) -> CheckError {
        let text = error.to_string();
        let (line, column) = error.location().map_or((1, 1), |at| {
            let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            (small(at.line()), small(at.column()))
        });
        let message = match text.rfind(" at line ") {
            Some(at) => text.get(..at).unwrap_or(&text).to_owned(),
            None => text,
        };
        // ``unknown field `severty`, expected one of `id`, `title` …``
        let mut quoted = message.split('`').skip(1).step_by(2);
        let hint = message
            .contains("unknown ")
            .then(|| quoted.next())
            .flatten()
            .and_then(|wrong| did_you_mean(wrong, quoted));
        CheckError {
            file: self.file.to_owned(),
            line,
            column,
            message,
            hint,
        }
    }

    fn check_texts(&self, file: &CheckFile, errors: &mut Vec<CheckError>) {
        for (path, id) in file
            .aliases
            .iter()
            .enumerate()
            .map(|(n, a)| (format!("aliases/{n}"), a))
            .chain([("id".to_owned(), &file.id)])
        {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if id.is_empty() || id.len() > 80 || !id.chars().all(plain) {
                let message = format!("`{id}` is no id: lower-case letters, digits and dashes");
                errors.push(self.error(&path, message, None));
            }
        }
        for (path, text) in [
            ("title", &file.title),
            ("description", &file.description),
            ("message", &file.message),
            ("remediation", &file.remediation),
        ] {
            if text.trim().is_empty() {
                errors.push(self.error(path, format!("{path} is empty"), None));
            }
        }
        let mut seen = BTreeSet::new();
        for (n, id) in file.controls.iter().enumerate() {
            let path = format!("controls/{n}");
            if let Some((message, hint)) = self.controls.and_then(|known| known.refuse(id)) {
                errors.push(self.error(&path, message, hint));
            } else if !seen.insert(id) {
                errors.push(self.error(&path, format!("control `{id}` is given twice"), None));
            }
        }
    }

    fn parameters(
        &self,
        file: &CheckFile,
        errors: &mut Vec<CheckError>,
    ) -> Vec<(Parameter, Value<'static>)> {
        let mut parameters = Vec::new();
        for (name, written) in &file.parameters {
            let path = format!("parameters/{name}");
            let kind = match parameter::kind(&written.kind) {
                Ok(kind) => kind,
                Err(hint) => {
                    let message = format!("`{}` is no type of a parameter", written.kind);
                    errors.push(self.error(&format!("{path}/type"), message, hint));
                    continue;
                }
            };
            match parameter::value(kind, &written.default) {
                Ok(default) => parameters.push((
                    Parameter {
                        name: name.as_str().into(),
                        kind,
                        default: written.default.clone(),
                        description: written.description.trim().into(),
                    },
                    default,
                )),
                Err((message, hint)) => {
                    errors.push(self.error(&format!("{path}/default"), message, hint));
                }
            }
        }
        parameters
    }

    /// A parameter that nothing reads would be a setting without effect.
    fn unused_parameters<'c>(
        &self,
        file: &CheckFile,
        parameters: &[(String, Type)],
        conditions: impl Iterator<Item = &'c Condition>,
        errors: &mut Vec<CheckError>,
    ) {
        if !errors.is_empty() {
            return;
        }
        let read: BTreeSet<usize> = conditions.flat_map(|c| &c.parameters).copied().collect();
        for (at, (name, _)) in parameters.iter().enumerate() {
            if !read.contains(&at) && !file.message.contains(&format!("parameters.{name}")) {
                let message = format!("nothing reads parameter `{name}`");
                errors.push(self.error(&format!("parameters/{name}"), message, None));
            }
        }
    }

    fn cases(
        &self,
        file: &CheckFile,
        attributes: &[Attribute],
        parameters: &[(Parameter, Value<'static>)],
        errors: &mut Vec<CheckError>,
    ) -> Vec<Case> {
        let needed: &[Outcome] = match self.controls {
            Some(_) => &[Outcome::Fail, Outcome::Pass],
            None => &[],
        };
        for needed in needed {
            let needed = outcome_name(*needed);
            if !file.cases.iter().any(|c| c.outcome == needed) {
                let message = format!(
                    "no case shows a {needed}: a check proves that it fires and that it holds its tongue"
                );
                errors.push(self.error("cases", message, None));
            }
        }
        let cases = file.cases.iter().enumerate();
        cases
            .map(|(n, case)| self.case(n, case, attributes, parameters, errors))
            .collect()
    }

    fn case(
        &self,
        n: usize,
        case: &CaseFile,
        attributes: &[Attribute],
        parameters: &[(Parameter, Value<'static>)],
        errors: &mut Vec<CheckError>,
    ) -> Case {
        let path = format!("cases/{n}");
        let mut row = vec![Value::Unknown; attributes.len()];
        for (name, written) in &case.subject {
            let path = format!("{path}/subject/{name}");
            let found = attributes
                .iter()
                .zip(&mut row)
                .find(|(a, _)| a.name == name);
            match (found, written) {
                (Some(_), None) => {}
                (Some((attribute, slot)), Some(written)) => {
                    match parameter::value(attribute.kind, written) {
                        Ok(value) => *slot = value,
                        Err((message, hint)) => errors.push(self.error(&path, message, hint)),
                    }
                }
                (None, _) => {
                    let hint = did_you_mean(name, attributes.iter().map(|a| a.name));
                    let message = format!("unknown attribute `{name}`");
                    errors.push(self.error(&path, message, hint));
                }
            }
        }
        let mut values: Vec<Value<'static>> = parameters.iter().map(|(_, v)| v.clone()).collect();
        for (name, written) in &case.parameters {
            let path = format!("{path}/parameters/{name}");
            let found = parameters
                .iter()
                .zip(&mut values)
                .find(|((p, _), _)| &*p.name == name);
            match found.map(|((p, _), slot)| (parameter::value(p.kind, written), slot)) {
                Some((Ok(value), slot)) => *slot = value,
                Some((Err((message, hint)), _)) => errors.push(self.error(&path, message, hint)),
                None => {
                    let hint = did_you_mean(name, parameters.iter().map(|(p, _)| &*p.name));
                    let message = format!("the check declares no parameter `{name}`");
                    errors.push(self.error(&path, message, hint));
                }
            }
        }
        let now = match case.now.as_deref().map(Timestamp::parse) {
            None => Timestamp::from_seconds(1_767_225_600),
            Some(Some(now)) => now,
            Some(None) => {
                let path = format!("{path}/now");
                errors.push(self.error(&path, "not a time", Some("2026-01-31".to_owned())));
                Timestamp::from_seconds(0)
            }
        };
        let outcome = self.word(
            &format!("{path}/outcome"),
            &case.outcome,
            &OUTCOMES,
            outcome_name,
        );
        let outcome = outcome.unwrap_or_else(|error| {
            errors.push(error);
            Outcome::NotEvaluable
        });
        Case {
            name: case.name.clone(),
            line: self.places().of(&path).0,
            row,
            parameters: values,
            now,
            outcome,
        }
    }
}

/// Where the attributes of a condition come from, without repetition.
fn bases(condition: &Condition, attributes: &[Attribute]) -> Vec<Basis> {
    let mut bases = Vec::new();
    for at in &condition.attributes {
        if let Some(attribute) = attributes.get(*at)
            && !bases.contains(&attribute.basis)
        {
            bases.push(attribute.basis);
        }
    }
    bases
}
