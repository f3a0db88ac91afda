//! A variable of the shell: its values and where they were assigned.

use std::collections::BTreeMap;

use crate::budget::Budget;

/// One value of a variable, and the byte of the file where it was assigned.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) text: String,
    pub(super) origin: Option<usize>,
}

/// Every variable is a sparse array; a plain one has index 0. No element at all: declared, but not set.
pub(super) type Variable = BTreeMap<usize, Element>;

/// What a variable costs that is made or copied.
pub(super) fn size(variable: &Variable) -> usize {
    variable.values().map(|element| Budget::ELEMENT + element.text.len()).sum::<usize>() + Budget::ELEMENT
}

/// No value of a conf is larger than this.
pub(super) const MAX_TEXT: usize = 1 << 20;
