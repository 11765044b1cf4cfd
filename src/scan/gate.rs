//! The last gate: no secret leaves, whatever a reader took it for.

mod texts;
mod values;

use crate::detect::Detector;
use crate::model::Str;
use crate::snapshot::Snapshot;
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use texts::Texts;

/// The snapshot with every text that holds a secret redacted. What readers take for names (users of an
/// export, objects of a manifest, files of a tree) comes from the input, and somebody may have pasted a
/// token there; nothing of known format leaves, whatever a reader took it for.
pub(super) fn without_secrets(mut snapshot: Snapshot, detector: &Detector) -> Snapshot {
    values::strike(&mut snapshot, detector);
    clean(&mut snapshot.identities, detector);
    clean(&mut snapshot.credentials, detector);
    clean(&mut snapshot.trusts, detector);
    clean(&mut snapshot.workloads, detector);
    clean(&mut snapshot.jobs, detector);
    clean(&mut snapshot.secret_uses, detector);
    clean(&mut snapshot.containers, detector);
    clean(&mut snapshot.owners, detector);
    clean(&mut snapshot.declarations, detector);
    clean(&mut snapshot.vendors, detector);
    clean(&mut snapshot.findings, detector);
    clean_names(&mut snapshot.account_names, detector);
    clean(std::slice::from_mut(&mut snapshot.coverage), detector);
    snapshot
}

/// How many records are looked at together: one search in a long text is cheaper than one for each text.
const PIECE: usize = 4_096;
/// Texts are looked at when there are so many bytes of them.
const FULL: usize = 1 << 20;

/// Redacts records that hold a secret.
fn clean<T: Serialize + DeserializeOwned + Default + Send>(items: &mut [T], detector: &Detector) {
    items.par_chunks_mut(PIECE).for_each(|piece| {
        let mut texts = Texts::new();
        for index in 0..piece.len() {
            // What cannot be serialised cannot be written either.
            let gathered = piece.get(index).map(|item| item.serialize(&mut texts));
            let odd = !matches!(gathered, Some(Ok(())));
            if odd || index + 1 == piece.len() || texts.lines.len() > FULL {
                if odd || detector.holds_secret(&texts.lines) {
                    // A text is gathered once, and may stand in records before or behind.
                    piece.iter_mut().for_each(|item| rewrite(item, detector));
                    return;
                }
                texts.lines.clear();
            }
        }
    });
}

/// Redacts names by their keys, keys included.
fn clean_names(names: &mut BTreeMap<Str, Str>, detector: &Detector) {
    let mut pairs: Vec<(Str, Str)> = std::mem::take(names).into_iter().collect();
    clean(&mut pairs, detector);
    names.extend(pairs);
}

fn rewrite<T: Serialize + DeserializeOwned + Default>(item: &mut T, detector: &Detector) {
    let Ok(mut value) = serde_json::to_value(&*item) else {
        *item = T::default();
        return;
    };
    if redact(&mut value, detector) {
        *item = serde_json::from_value(value).unwrap_or_default();
    }
}

/// Whether something was redacted.
fn redact(value: &mut serde_json::Value, detector: &Detector) -> bool {
    let mut any = false;
    match value {
        serde_json::Value::String(text) => {
            if let Some(redacted) = detector.redact(text) {
                *text = redacted;
                any = true;
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                any |= redact(item, detector);
            }
        }
        serde_json::Value::Object(fields) => {
            for field in fields.values_mut() {
                any |= redact(field, detector);
            }
        }
        _ => {}
    }
    any
}
