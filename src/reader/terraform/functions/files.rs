//! Paths, and texts of files that are part of the scan.

use super::super::eval::Scope;
use super::super::modules::local_path;
use super::super::value::V;
use super::super::world::World;
use super::{Outcome, text_of};

pub(super) fn apply(
    world: &World<'_>,
    name: &str,
    values: &[V],
    scope: Scope<'_, '_>,
) -> Option<Outcome> {
    let text = text_of(values, 0);
    let decided = values.first().is_some_and(V::decided);
    Some(match name {
        "file" | "fileexists" | "filebase64" => {
            let Some(path) = text.filter(|_| decided) else {
                return Some(Outcome::Open);
            };
            match (name, world.text(&path, scope)) {
                ("file", Some(text)) => {
                    world.charge(text.len() / 16);
                    Outcome::Known(V::text(text))
                }
                ("fileexists", Some(_)) => Outcome::Known(V::Bool(true)),
                // Not every file of a tree is kept: that it is not here says nothing.
                _ => Outcome::Open,
            }
        }
        "abspath" | "pathexpand" => match text {
            Some(text) => Outcome::Known(V::Text(text)),
            None => Outcome::Open,
        },
        "basename" => match text.filter(|_| decided) {
            Some(text) => {
                let text = text.trim_end_matches('/');
                Outcome::Known(V::text(text.rsplit('/').next().unwrap_or_default()))
            }
            None => Outcome::Open,
        },
        "dirname" => match text.filter(|_| decided) {
            Some(text) => {
                let directory = text.rsplit_once('/').map_or(".", |(directory, _)| directory);
                Outcome::Known(V::text(directory))
            }
            None => Outcome::Open,
        },
        _ => return None,
    })
}

impl World<'_> {
    /// The text of a file of the scan: by its path from the scan's root, or from the module.
    fn text(&self, path: &str, scope: Scope<'_, '_>) -> Option<&str> {
        let plain = path.strip_prefix("./").unwrap_or(path);
        if let Some(text) = self.texts.get(plain) {
            return Some(text);
        }
        let local = format!("./{plain}");
        let path = local_path(scope.instance.module.directory, &local)?;
        self.texts.get(&*path).copied()
    }
}
