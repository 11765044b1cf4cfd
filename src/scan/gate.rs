//! The last gate: no secret leaves, whatever a reader took it for.

use crate::detect::Detector;
use crate::snapshot::Snapshot;
use rayon::prelude::*;

/// The snapshot with every text that holds a secret redacted. What readers take for names (users of an
/// export, objects of a manifest, files of a tree) comes from the input, and somebody may have pasted a
/// token there; nothing of known format leaves, whatever a reader took it for.
pub(super) fn without_secrets(snapshot: Snapshot, detector: &Detector) -> Snapshot {
    if !holds_secret(&snapshot, detector) {
        return snapshot;
    }
    let Ok(mut value) = serde_json::to_value(&snapshot) else {
        return Snapshot::default();
    };
    redact(&mut value, detector);
    serde_json::from_value(value).unwrap_or_default()
}

/// Whether any text of the snapshot holds a secret, looked at in pieces: one search in a long text is
/// cheaper than one for each text, and a snapshot as a whole can be large.
fn holds_secret(snapshot: &Snapshot, detector: &Detector) -> bool {
    fn any<T: serde::Serialize + Sync>(items: &[T], detector: &Detector) -> bool {
        items.par_chunks(256).any(|chunk| {
            // What cannot be serialised cannot be written either.
            serde_json::to_vec(chunk).is_ok_and(|text| detector.holds_secret(&text))
        })
    }
    any(&snapshot.identities, detector)
        || any(&snapshot.credentials, detector)
        || any(&snapshot.trusts, detector)
        || any(&snapshot.workloads, detector)
        || any(&snapshot.declarations, detector)
        || any(&snapshot.findings, detector)
        || any(std::slice::from_ref(&snapshot.coverage), detector)
}

fn redact(value: &mut serde_json::Value, detector: &Detector) {
    match value {
        serde_json::Value::String(text) => {
            if let Some(redacted) = detector.redact(text) {
                *text = redacted;
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| redact(item, detector)),
        serde_json::Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| redact(field, detector)),
        _ => {}
    }
}
