//! Encodings, digests, paths and addresses.

use super::super::super::tree;
use super::super::engine::{Engine, error};
use super::super::value::{self, Value};
use super::{Answer, Arguments};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use sha2::Digest;
use std::collections::BTreeMap;

/// Most values that one text of YAML or JSON may hold.
const MAX_VALUES: usize = 100_000;

pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

pub(super) fn call(engine: &mut Engine, name: &str, a: &Arguments) -> Answer {
    let text = |text: String| Ok(Value::str(text));
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    Some(match name {
        "toYaml" | "mustToYaml" | "toYamlPretty" | "toJson" | "mustToJson" | "toPrettyJson"
        | "mustToPrettyJson" | "toRawJson" | "mustToRawJson" => {
            let weight = a.get(0).weight(MAX_VALUES);
            if let Err(stop) = engine.spend(weight.saturating_mul(16)) {
                return Some(Err(stop));
            }
            if weight >= MAX_VALUES {
                return Some(error("more than can be written"));
            }
            if name.ends_with("Yaml") || name.ends_with("YamlPretty") {
                text(value::to_yaml(a.get(0)))
            } else {
                text(value::to_json(a.get(0)))
            }
        }
        "toToml" => Ok(engine.unknown()),
        "fromYaml" | "mustFromYaml" | "fromJson" | "mustFromJson" => {
            match parse(&a.text(0), name.contains("Yaml")) {
                Some(value @ Value::Map(_)) => Ok(value),
                Some(value) if name.contains("Json") => Ok(value),
                _ => Ok(Value::map(BTreeMap::new())),
            }
        }
        "fromYamlArray" | "fromJsonArray" => match parse(&a.text(0), name.contains("Yaml")) {
            Some(value @ Value::List(_)) => Ok(value),
            _ => Ok(Value::list(Vec::new())),
        },
        "b64enc" => text(base64(a.text(0).as_bytes())),
        "b64dec" => {
            let given = a.text(0);
            let bytes = BASE64_STANDARD
                .decode(given.trim())
                .or_else(|_| BASE64_STANDARD_NO_PAD.decode(given.trim()));
            match bytes {
                Ok(bytes) => text(String::from_utf8_lossy(&bytes).into_owned()),
                Err(_) => error("not base64"),
            }
        }
        "b32enc" | "b32dec" => Ok(engine.unknown()),
        "sha256sum" => text(hex(&sha2::Sha256::digest(a.text(0)))),
        "sha512sum" => text(hex(&sha2::Sha512::digest(a.text(0)))),
        "sha1sum" => text(hex(&sha1::Sha1::digest(a.text(0)))),
        "adler32sum" => {
            let (mut low, mut high) = (1u32, 0u32);
            for byte in a.text(0).bytes() {
                low = (low + u32::from(byte)) % 65521;
                high = (high + low) % 65521;
            }
            text(((high << 16) | low).to_string())
        }
        "base" | "osBase" => {
            let path = a.text(0);
            let path = path.trim_end_matches('/');
            text(path.rsplit('/').next().unwrap_or_default().to_owned())
        }
        "dir" | "osDir" => {
            let path = a.text(0);
            text(path.rsplit_once('/').map_or(".", |(dir, _)| dir).to_owned())
        }
        "ext" | "osExt" => {
            let path = a.text(0);
            let file = path.rsplit('/').next().unwrap_or_default();
            text(
                file.rfind('.')
                    .and_then(|at| file.get(at..))
                    .unwrap_or_default()
                    .to_owned(),
            )
        }
        "clean" | "osClean" => text(a.text(0)),
        "isAbs" | "osIsAbs" => Ok(Value::Bool(a.text(0).starts_with('/'))),
        "urlParse" => {
            let given = a.text(0);
            let (scheme, rest) = given.split_once("://").unwrap_or(("", &given));
            let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
            let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
            let (host, path) = match rest.find('/') {
                Some(at) => rest.split_at(at),
                None => (rest, ""),
            };
            let (user, host) = host.rsplit_once('@').unwrap_or(("", host));
            let hostname = host.split(':').next().unwrap_or_default();
            let entries = [
                ("scheme", scheme),
                ("host", host),
                ("hostname", hostname),
                ("path", path),
                ("query", query),
                ("fragment", fragment),
                ("opaque", ""),
                ("userinfo", user),
            ];
            let entries = entries.map(|(key, text)| (key.to_owned(), Value::str(text)));
            Ok(Value::map(BTreeMap::from(entries)))
        }
        "urlJoin" => {
            let part = |key| a.get(0).get(key).map(|v| v.text()).unwrap_or_default();
            text(format!(
                "{}://{}{}",
                part("scheme"),
                part("host"),
                part("path")
            ))
        }
        _ => return None,
    })
}

fn parse(text: &str, yaml: bool) -> Option<Value> {
    let read = if yaml {
        tree::yaml(text)
    } else {
        tree::json(text.as_bytes())
    };
    Some(Value::of(read.first()?.as_ref().ok()?))
}
