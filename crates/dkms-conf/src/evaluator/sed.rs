//! `sed`: scripts of `s`, `p`, `d` and `q`, with a line number, `$` or an expression in front.

use super::expression::Found;
use super::machine::{Machine, Run};
use super::sed_script::{Action, Address, Command, Script, Substitution};

impl Machine<'_> {
    pub(super) fn sed(&mut self, arguments: &[&str]) -> Run<i32> {
        let Some((script, files)) = Script::read(arguments) else {
            return self.refuse("this use of `sed`");
        };
        let text = self.filtered_text(&files, "sed")?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut printed = Printed::default();
        for (number, line) in lines.iter().enumerate() {
            let mut space = line.strip_suffix('\n').unwrap_or(line).to_owned();
            // Only the last line may have no end, and then what is printed of it has none.
            printed.ends = line.ends_with('\n');
            let last = number + 1 == lines.len();
            let next = self.sed_cycle(&script, number + 1, last, &mut space, &mut printed)?;
            if !script.quiet && next != Next::Deleted {
                printed.line(&space);
            }
            if next == Next::Quit {
                // How much of the input is read by then is not known.
                self.input = self.input.take().filter(|_| !files.is_empty());
                break;
            }
        }
        self.write(&printed.text)?;
        Ok(0)
    }

    fn sed_cycle(
        &mut self,
        script: &Script,
        number: usize,
        last: bool,
        space: &mut String,
        printed: &mut Printed,
    ) -> Run<Next> {
        for Command { address, action } in &script.commands {
            self.charge(16 + space.len())?;
            let chosen = match address {
                None => true,
                Some(Address::Line(line)) => *line == number,
                Some(Address::Last) => last,
                Some(Address::Match(expression)) => {
                    self.charge(expression.cost(space.len()))?;
                    expression.is_match(space)
                }
            };
            if !chosen {
                continue;
            }
            match action {
                Action::Delete => return Ok(Next::Deleted),
                Action::Quit => return Ok(Next::Quit),
                Action::Print => printed.line(space),
                Action::Substitute(substitution) => {
                    let replaced = self.substituted_text(substitution, space)?;
                    if let Some(replaced) = replaced {
                        *space = replaced;
                        if substitution.print {
                            printed.line(space);
                        }
                    }
                }
            }
        }
        Ok(Next::Done)
    }

    /// The line after an `s`; `None` if nothing was replaced.
    fn substituted_text(&mut self, substitution: &Substitution, line: &str) -> Run<Option<String>> {
        let mut out = String::new();
        let mut replaced = false;
        let (mut at, mut from, mut count, mut last_end) = (0, 0, 0, None);
        while from <= line.len() {
            self.charge(substitution.expression.cost(line.len()))?;
            let groups = match substitution.expression.find(line, from, substitution.uses_groups()) {
                Found::Nothing => break,
                Found::Unsure => return self.refuse("an expression of `sed` where it is not certain how much matches"),
                Found::Match(groups) => groups,
            };
            let Some((start, end)) = groups.first().copied().flatten() else { break };
            out.push_str(&line[at..start]);
            at = start;
            // Nothing at all is no match right after another one.
            if start < end || last_end != Some(start) {
                last_end = Some(end);
                count += 1;
                at = end;
                if count >= substitution.number {
                    substitution.replace(line, &groups, &mut out);
                    replaced = true;
                    if !substitution.all {
                        break;
                    }
                } else {
                    out.push_str(&line[start..end]);
                }
            }
            from = end;
            if start == end {
                let Some(c) = line[end..].chars().next() else { break };
                out.push(c);
                from += c.len_utf8();
                at = from;
            }
        }
        self.charge(out.len())?;
        out.push_str(&line[at..]);
        Ok(replaced.then_some(out))
    }
}

/// What was printed.
#[derive(Default)]
struct Printed {
    text: String,
    /// The line that is worked on ends in a line end.
    ends: bool,
    /// The last line that was printed has no end yet.
    open: bool,
}

impl Printed {
    fn line(&mut self, line: &str) {
        if self.open {
            self.text.push('\n');
        }
        self.text.push_str(line);
        if self.ends {
            self.text.push('\n');
        }
        self.open = !self.ends;
    }
}

/// How a pass over one line ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Done,
    Deleted,
    Quit,
}
