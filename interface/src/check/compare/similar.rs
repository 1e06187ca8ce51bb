//! What is new and may be what is gone under another name.

use std::collections::HashMap;

use super::drafts::Drafts;
use crate::near::nearest;

/// All that is new in one place.
#[derive(Default)]
pub(super) struct Successors {
    names: Vec<String>,
    by_shape: HashMap<String, Vec<usize>>,
}

impl Successors {
    /// Adds something new; an empty shape says nothing.
    pub(super) fn add(&mut self, name: String, shape: String) {
        if !shape.is_empty() {
            self.by_shape.entry(shape).or_default().push(self.names.len());
        }
        self.names.push(name);
    }

    /// The rest of a message that says that `name` is gone: what it may be called now.
    pub(super) fn of(&self, name: &str, shape: &str, drafts: &mut Drafts) -> String {
        if let Some([only]) = self.by_shape.get(shape).map(Vec::as_slice) {
            return format!("; `{}` is new and has the same type", self.names[*only]);
        }
        if self.names.is_empty() || !drafts.may_try(self.names.len()) {
            return String::new();
        }
        nearest(name, self.names.iter().map(String::as_str))
            .map(|similar| format!("; `{similar}` is new and has a name like it"))
            .unwrap_or_default()
    }
}
