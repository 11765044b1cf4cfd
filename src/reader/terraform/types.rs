//! Types of variables: what their declaration makes of a value.

use super::eval::Scope;
use super::syntax::{Expr, ExprKind};
use super::value::{Map, V, Val};
use super::world::World;
use std::rc::Rc;

/// Deepest type that is followed.
const MAX_DEPTH: u32 = 20;

/// A value as a declared type has it: sets for lists, defaults of optional attributes.
pub(super) fn convert<'a>(
    world: &World<'a>,
    value: Val,
    kind: &'a Expr<'a>,
    scope: Scope<'_, 'a>,
) -> Val {
    deeper(world, value, kind, scope, MAX_DEPTH)
}

fn deeper<'a>(
    world: &World<'a>,
    value: Val,
    kind: &'a Expr<'a>,
    scope: Scope<'_, 'a>,
    depth: u32,
) -> Val {
    let (name, arguments) = match &kind.kind {
        ExprKind::Call(name, arguments, _) => (&**name, arguments.as_slice()),
        ExprKind::Name(name) => (&**name, [].as_slice()),
        _ => return value,
    };
    if depth == 0 || world.spent() {
        return value;
    }
    let (file, line) = (value.file, value.line);
    let inner = arguments.first();
    let each = |item: &Val| match inner {
        Some(inner) => deeper(world, item.clone(), inner, scope, depth - 1),
        None => item.clone(),
    };
    let v = match (name, &value.v) {
        ("optional", _) => return each(&value),
        ("list", V::Set(items) | V::List(items)) => {
            V::List(Rc::new(items.iter().map(each).collect()))
        }
        ("set", V::List(items) | V::Set(items)) => {
            super::functions::set(items.iter().map(each).collect())
        }
        ("map", V::Map(map)) => V::map(map.iter().map(|(k, v)| (k.clone(), each(v))).collect()),
        ("object", V::Map(map)) => {
            let Some(Expr {
                kind: ExprKind::Object(fields),
                ..
            }) = inner
            else {
                return value;
            };
            let mut out = Map::new();
            for (key, kind) in fields {
                let ExprKind::Text(name) = &key.kind else {
                    continue;
                };
                let given = map.get(&**name).filter(|given| !given.v.is_null());
                let default = match &kind.kind {
                    ExprKind::Call(call, arguments, _) if call == "optional" => arguments.get(1),
                    _ => None,
                };
                let field = match (given, default) {
                    (Some(given), _) => given.clone(),
                    (None, Some(default)) => world.eval(default, scope),
                    (None, None) => Val::NULL,
                };
                out.insert(
                    (**name).into(),
                    deeper(world, field, kind, scope, depth - 1),
                );
            }
            // Entries that are not known stay, whatever the type says.
            for (key, item) in map
                .iter()
                .filter(|(k, _)| super::super::resource::symbolic(k))
            {
                out.insert(key.clone(), item.clone());
            }
            V::map(out)
        }
        ("string", V::Number(_) | V::Bool(_)) => match value.v.scalar() {
            Some(text) => V::Text(text),
            None => return value,
        },
        ("bool", V::Text(_)) => value.v.bool().map_or(value.v.clone(), V::Bool),
        ("number", V::Text(_)) => value.v.number().map_or(value.v.clone(), V::Number),
        _ => return value,
    };
    v.at(file, line)
}
