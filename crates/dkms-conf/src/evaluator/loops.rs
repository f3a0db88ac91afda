//! Loops, and the commands that leave them.

use super::machine::{Machine, Run, Stop};
use super::syntax::{List, Word};
use crate::budget::Budget;

/// How a pass through the commands of a loop ended.
#[derive(PartialEq, Eq)]
enum Pass {
    /// To the end, or with `continue`.
    Done,
    /// With `break`.
    Left,
}

impl Machine<'_> {
    pub(super) fn for_(&mut self, name: &str, words: Option<&[Word]>, body: &List) -> Run<()> {
        let values = match words {
            Some(words) => self.fields(words)?,
            None => self.all_arguments()?,
        };
        self.status = 0;
        self.looping(|machine| {
            for value in values {
                machine.charge(Budget::COMMAND)?;
                machine.set(name, 0, value)?;
                if machine.pass(body)? == Pass::Left {
                    break;
                }
            }
            Ok(())
        })
    }

    /// `for (( first; condition; step ))`.
    pub(super) fn for_arithmetic(&mut self, [first, condition, step]: &[Word; 3], body: &List) -> Run<()> {
        self.arithmetic_of(first)?;
        self.looping(|machine| {
            let mut status = 0;
            loop {
                machine.charge(Budget::COMMAND)?;
                if !condition.is_blank() && machine.arithmetic_of(condition)? == 0 {
                    break;
                }
                let pass = machine.pass(body)?;
                status = machine.status;
                if pass == Pass::Left {
                    break;
                }
                machine.arithmetic_of(step)?;
            }
            machine.status = status;
            Ok(())
        })
    }

    /// `while`, and `until`, whose condition is `wanted` to fail.
    pub(super) fn while_(&mut self, condition: &List, wanted: bool, body: &List) -> Run<()> {
        self.looping(|machine| {
            let mut status = 0;
            loop {
                machine.charge(Budget::COMMAND)?;
                if machine.pass(condition)? == Pass::Left {
                    return Ok(());
                }
                if (machine.status == 0) != wanted {
                    break;
                }
                let pass = machine.pass(body)?;
                status = machine.status;
                if pass == Pass::Left {
                    break;
                }
            }
            machine.status = status;
            Ok(())
        })
    }

    /// Runs something that `break` and `continue` may end.
    fn looping(&mut self, run: impl FnOnce(&mut Self) -> Run<()>) -> Run<()> {
        self.loops += 1;
        let result = self.deeper(run);
        self.loops -= 1;
        result
    }

    /// Runs what must not leave the loops around it.
    pub(super) fn outside_loops<T>(&mut self, run: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        let loops = std::mem::take(&mut self.loops);
        let result = run(self);
        self.loops = loops;
        result
    }

    fn pass(&mut self, list: &List) -> Run<Pass> {
        match self.run_list(list) {
            Ok(()) | Err(Stop::Continue(0)) => Ok(Pass::Done),
            Err(Stop::Break(0)) => Ok(Pass::Left),
            Err(Stop::Continue(outer)) => Err(Stop::Continue(outer - 1)),
            Err(Stop::Break(outer)) => Err(Stop::Break(outer - 1)),
            Err(stop) => Err(stop),
        }
    }

    /// `break` and `continue`, perhaps with the number of loops. More than there are means all of them.
    pub(super) fn leave_loops(&mut self, name: &str, arguments: &[&str]) -> Run<i32> {
        let count = match arguments {
            [] => Some(1),
            [number] => number.parse::<usize>().ok().filter(|count| *count > 0),
            _ => None,
        };
        let Some(count) = count.filter(|_| self.loops > 0) else {
            return self.refuse(format!("this use of `{name}`"));
        };
        self.status = 0;
        let outer = count.min(self.loops) - 1;
        Err(if name == "break" { Stop::Break(outer) } else { Stop::Continue(outer) })
    }

    /// `let`: the last of the expressions decides.
    pub(super) fn let_(&mut self, expressions: &[&str]) -> Run<i32> {
        let mut value = None;
        for expression in expressions {
            value = Some(self.arithmetic(expression)?);
        }
        match value {
            Some(value) => Ok(i32::from(value == 0)),
            None => self.refuse("`let` without an expression"),
        }
    }
}
