//! `=~`, and BASH_REMATCH: what the last one that matched took.

use std::rc::Rc;

use super::expression::{Expression, Found};
use super::machine::{LastMatch, Machine, Run};
use crate::ere::Ere;

impl Machine<'_> {
    /// Whether `text` matches an expression, some of whose characters are quoted.
    pub(super) fn matches_expression(&mut self, text: &str, expression: Vec<(char, bool)>) -> Run<bool> {
        let compiled = self.expression(Ere::from_quoted(&expression, self.budget), "a `=~`")?;
        if text.contains('\n') && compiled.has_anchors() {
            return self.refuse("a `=~` with anchors in a text of several lines");
        }
        let matches = self.within(compiled.is_match(text, self.budget))?;
        self.charge(text.len() + 8 * expression.len())?;
        self.last_match = matches.then(|| Rc::new(LastMatch { expression, text: text.to_owned() }));
        Ok(matches)
    }

    /// The elements of BASH_REMATCH, or one of them.
    pub(super) fn rematch(&mut self, all: bool, index: usize) -> Run<Vec<String>> {
        let Some(last) = self.last_match.clone() else {
            return Ok(Vec::new());
        };
        let expression = extended(&last.expression).and_then(|extended| Expression::new(&extended, false));
        let Some(expression) = expression else {
            return self.refuse("BASH_REMATCH of an unusual expression");
        };
        self.charge(expression.cost(last.text.len()))?;
        let Found::Match(groups) = expression.find(&last.text, 0, true) else {
            return self.refuse("BASH_REMATCH where it is not certain how much matches");
        };
        // A group that took no part is empty, not unset.
        let group = |place: Option<(usize, usize)>| place.map_or("", |(start, end)| &last.text[start..end]).to_owned();
        let wanted = groups.into_iter().enumerate().filter(|(at, _)| all || *at == index);
        Ok(wanted.map(|(_, place)| group(place)).collect())
    }
}

/// The expression as a text, in which a quoted character has a backslash; `None` where that would not do, in brackets.
fn extended(chars: &[(char, bool)]) -> Option<String> {
    let mut out = String::new();
    // How many members of a bracket expression came before; `None` outside.
    let mut members: Option<usize> = None;
    for &(c, quoted) in chars {
        let special = quoted && c.is_ascii_punctuation();
        members = match (members, c) {
            (Some(_), _) if special => return None,
            (Some(1..), ']') => None,
            (Some(0), '^') => Some(0),
            (Some(count), _) => Some(count + 1),
            (None, '[') if !quoted => Some(0),
            (None, _) => None,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    Some(out)
}
