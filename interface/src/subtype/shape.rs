//! Whether two value types are built alike, apart from the definitions that they name.

use super::Comparison;
use crate::model::{Body, Model, Ty, TypeId};
use crate::name::fits;
use crate::text;

/// A type as the comparison sees it: a definition with members, or anything else.
enum View<'a> {
    Definition(TypeId),
    Other(&'a Ty),
}

fn view<'a>(model: &'a Model, ty: &'a Ty) -> View<'a> {
    let Ty::Named(id) = ty else { return View::Other(ty) };
    let id = model.origin(*id);
    match &model.types[id].body {
        Body::Value(Ty::Record(_) | Ty::Variant(_) | Ty::Flags(_) | Ty::Enum(_)) => View::Definition(id),
        Body::Value(inner) => View::Other(inner),
        Body::Resource => View::Other(ty),
    }
}

impl<'a> Comparison<'a> {
    /// Whether two types are built alike; pairs of definitions are collected and not entered.
    pub(super) fn same_shape(
        &self,
        expected: &'a Ty,
        found: &'a Ty,
        pairs: &mut Vec<(TypeId, TypeId)>,
    ) -> bool {
        if let (Some(expected), Some(found)) = (name_in(expected), name_in(found))
            && self.reported.contains(&(self.expected.origin(expected), self.found.origin(found)))
        {
            return true;
        }
        let (expected, found) = match (view(self.expected, expected), view(self.found, found)) {
            (View::Definition(expected), View::Definition(found)) => {
                let same = definition_kind(self.expected, expected) == definition_kind(self.found, found);
                if same {
                    pairs.push((expected, found));
                }
                return same;
            }
            (View::Other(expected), View::Other(found)) => (expected, found),
            _ => return false,
        };
        match (expected, found) {
            (Ty::Primitive(expected), Ty::Primitive(found)) => expected == found,
            (Ty::List(expected), Ty::List(found)) | (Ty::Option(expected), Ty::Option(found)) => {
                self.same_shape(expected, found, pairs)
            }
            (Ty::FixedList(expected, expected_length), Ty::FixedList(found, found_length)) => {
                expected_length == found_length && self.same_shape(expected, found, pairs)
            }
            (Ty::Map(expected_key, expected), Ty::Map(found_key, found)) => {
                // Both halves are looked at, so that the definitions of both are collected.
                let keys = self.same_shape(expected_key, found_key, pairs);
                self.same_shape(expected, found, pairs) && keys
            }
            (Ty::Tuple(expected), Ty::Tuple(found)) => {
                let all = expected
                    .iter()
                    .zip(found)
                    .map(|(expected, found)| self.same_shape(expected, found, pairs));
                all.filter(|same| !same).count() == 0 && expected.len() == found.len()
            }
            (Ty::Result(expected_ok, expected_err), Ty::Result(found_ok, found_err)) => {
                let ok = self.same_optional(expected_ok, found_ok, pairs);
                self.same_optional(expected_err, found_err, pairs) && ok
            }
            (Ty::Future(expected), Ty::Future(found)) | (Ty::Stream(expected), Ty::Stream(found)) => {
                self.same_optional(expected, found, pairs)
            }
            (Ty::Own(expected), Ty::Own(found)) | (Ty::Borrow(expected), Ty::Borrow(found)) => {
                self.same_resource(*expected, *found)
            }
            // Definitions without a name, which WIT cannot write but a component may have.
            (
                Ty::Record(_) | Ty::Variant(_) | Ty::Flags(_) | Ty::Enum(_),
                Ty::Record(_) | Ty::Variant(_) | Ty::Flags(_) | Ty::Enum(_),
            ) => text::ty(self.expected, expected) == text::ty(self.found, found),
            _ => false,
        }
    }

    fn same_optional(
        &self,
        expected: &'a Option<Box<Ty>>,
        found: &'a Option<Box<Ty>>,
        pairs: &mut Vec<(TypeId, TypeId)>,
    ) -> bool {
        match (expected, found) {
            (None, None) => true,
            (Some(expected), Some(found)) => self.same_shape(expected, found, pairs),
            _ => false,
        }
    }

    pub(super) fn same_resource(&self, expected: TypeId, found: TypeId) -> bool {
        let (expected, found) = (
            &self.expected.types[self.expected.origin(expected)],
            &self.found.types[self.found.origin(found)],
        );
        if expected.name != found.name {
            return false;
        }
        match (&expected.home, &found.home) {
            // A resource of the imported interface itself is filled by whatever resource the export brings.
            (Some(home), _) if Some(home.as_str()) == self.own_home => true,
            (Some(expected), Some(found)) => fits(expected, found),
            (None, _) => true,
            (Some(_), None) => false,
        }
    }

    /// Two types that read alike but are not: with the definition, or the home of the resource, written out.
    pub(super) fn spelled_out(&self, model: &Model, ty: &Ty) -> String {
        let short = text::ty(model, ty);
        let mut notes = Vec::new();
        ty.visit_names(&mut |id| {
            let origin = model.origin(id);
            let note = match (&model.types[origin].body, &model.types[origin].home) {
                (Body::Resource, Some(home)) => {
                    format!("resource `{}` of `{home}`", model.types[origin].name)
                }
                _ => format!("`{}`", text::definition(model, origin)),
            };
            if !notes.contains(&note) {
                notes.push(note);
            }
        });
        if notes.is_empty() { short } else { format!("{short} ({})", notes.join(", ")) }
    }
}

/// The named type that a type is, or is a handle of.
fn name_in(ty: &Ty) -> Option<TypeId> {
    match ty {
        Ty::Named(id) | Ty::Own(id) | Ty::Borrow(id) => Some(*id),
        _ => None,
    }
}

fn definition_kind(model: &Model, id: TypeId) -> &'static str {
    match &model.types[id].body {
        Body::Value(ty) => text::kind(ty),
        Body::Resource => "resource",
    }
}
