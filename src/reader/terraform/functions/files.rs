//! Paths, and texts of files that are part of the scan.

use super::super::eval::Scope;
use super::super::modules::local_path;
use super::super::syntax::Expr;
use super::super::value::V;
use super::super::world::World;
use super::{Outcome, text_of};

pub(super) fn apply<'a>(
    world: &World<'a>,
    name: &str,
    values: &[V],
    scope: Scope<'_, 'a>,
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
        "templatefile" => {
            let (Some(path), Some(V::Map(given))) = (text.filter(|_| decided), values.get(1))
            else {
                return Some(Outcome::Open);
            };
            let Some(template) = world.template_at(&path, scope) else {
                return Some(Outcome::Open);
            };
            let scope = Scope {
                given: Some(given),
                bound: None,
                iteration: None,
                ..scope
            };
            Outcome::Known(world.eval(template, scope).v)
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
                let directory = text
                    .rsplit_once('/')
                    .map_or(".", |(directory, _)| directory);
                Outcome::Known(V::text(directory))
            }
            None => Outcome::Open,
        },
        _ => return None,
    })
}

impl<'a> World<'a> {
    /// The text of a file of the scan: by its path from the scan's root, or from the module.
    fn text(&self, path: &str, scope: Scope<'_, 'a>) -> Option<&'a str> {
        find(path, scope, |path| self.texts.get(path).copied())
    }

    fn template_at(&self, path: &str, scope: Scope<'_, 'a>) -> Option<&'a Expr<'a>> {
        find(path, scope, |path| self.templates.get(path))
    }
}

fn find<T>(path: &str, scope: Scope<'_, '_>, get: impl Fn(&str) -> Option<T>) -> Option<T> {
    let plain = path.strip_prefix("./").unwrap_or(path);
    let inside = || {
        let local = format!("./{plain}");
        get(&local_path(scope.instance.module.directory, &local)?)
    };
    // `${path.module}/../x` is written from the scan's root.
    let from_root = || get(&local_path(".", &format!("./{plain}"))?);
    get(plain).or_else(from_root).or_else(inside)
}
