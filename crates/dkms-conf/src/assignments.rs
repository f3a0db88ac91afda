//! Values by directive and index: what an evaluation yields, and what the next file in the sequence sees.
//!
//! Every directive is a sparse array; one without index is index 0. Only set indices exist, and set but empty is set.

use std::collections::BTreeMap;

use crate::diagnostic::Location;
use crate::directive::Directive;

/// One value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The value.
    pub text: String,
    /// The assignment that made it, where known.
    pub origin: Option<Location>,
}

/// Values by directive and index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignments {
    values: BTreeMap<Directive, BTreeMap<usize, Value>>,
}

impl Assignments {
    /// Sets one value.
    pub fn set(&mut self, directive: Directive, index: usize, text: impl Into<String>, origin: Option<Location>) {
        let value = Value { text: text.into(), origin };
        self.values.entry(directive).or_default().insert(index, value);
    }

    /// The value of one index.
    #[must_use]
    pub fn value(&self, directive: Directive, index: usize) -> Option<&Value> {
        self.values.get(&directive)?.get(&index)
    }

    /// The text of one index.
    #[must_use]
    pub fn text(&self, directive: Directive, index: usize) -> Option<&str> {
        Some(self.value(directive, index)?.text.as_str())
    }

    /// The text of index 0, unless it is empty.
    #[must_use]
    pub fn scalar(&self, directive: Directive) -> Option<&str> {
        self.text(directive, 0).filter(|text| !text.is_empty())
    }

    /// The set indices of a directive with their values, in rising order.
    pub fn array(&self, directive: Directive) -> impl Iterator<Item = (usize, &Value)> {
        self.values.get(&directive).into_iter().flatten().map(|(index, value)| (*index, value))
    }

    /// Everything, in the order of the table of directives, then of the index.
    pub fn iter(&self) -> impl Iterator<Item = (Directive, usize, &Value)> {
        self.values.iter().flat_map(|(directive, array)| array.iter().map(|(index, value)| (*directive, *index, value)))
    }

    /// Lays `later` over these values, index by index. A value whose origin is not known is one that the later file
    /// only passed on, so it keeps the origin that it had.
    pub fn merge(&mut self, later: Self) {
        for (directive, array) in later.values {
            let values = self.values.entry(directive).or_default();
            for (index, mut value) in array {
                if value.origin.is_none() {
                    value.origin = values.remove(&index).and_then(|before| before.origin);
                }
                values.insert(index, value);
            }
        }
    }

    /// No value at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.values().all(BTreeMap::is_empty)
    }
}
