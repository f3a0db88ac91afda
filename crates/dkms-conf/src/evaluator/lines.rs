//! Programs that choose, order or count the lines of a text: `head`, `tail`, `sort`, `uniq`, `wc`.

use std::cmp::Ordering;

use super::machine::{Machine, Run};
use super::version_sort;

impl Machine<'_> {
    /// `head -n 3`, `-3`, `-n -3` for all but the last ones; `tail -n 3`, `-3`, `-n +3` for all from the third one on.
    pub(super) fn head_or_tail(&mut self, name: &str, arguments: &[&str]) -> Run<i32> {
        let (count, files) = match arguments {
            ["-n", count, files @ ..] => (*count, files),
            [first, files @ ..] if first.starts_with("-n") => (&first[2..], files),
            [first, files @ ..] if first.strip_prefix('-').is_some_and(is_number) => (&first[1..], files),
            files => ("10", files),
        };
        let sign = count.chars().next().filter(|c| matches!(c, '-' | '+'));
        let digits = &count[usize::from(sign.is_some())..];
        let sure = is_number(digits) && files.len() < 2 && files.iter().all(|file| !file.starts_with('-'));
        let Some(number) = digits.parse::<usize>().ok().filter(|_| sure) else {
            return self.refuse(format!("this use of `{name}`"));
        };
        let text = self.filtered_text(files, name)?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let size = lines.len();
        if name == "head" && files.is_empty() {
            // How much of the input is read is not known.
            self.input = None;
        }
        let chosen = match (name, sign) {
            ("head", None) => 0..number.min(size),
            ("head", Some('-')) => 0..size.saturating_sub(number),
            ("tail", None | Some('-')) => size.saturating_sub(number)..size,
            ("tail", Some(_)) => number.saturating_sub(1).min(size)..size,
            _ => return self.refuse(format!("this use of `{name}`")),
        };
        self.write(&lines[chosen].concat())?;
        Ok(0)
    }

    /// `sort` with `-V`, `-n`, `-r`, `-u`, and the question `-C`.
    pub(super) fn sort(&mut self, arguments: &[&str]) -> Run<i32> {
        let options = arguments.iter().take_while(|argument| argument.starts_with('-') && argument.len() > 1).count();
        let (options, files) = arguments.split_at(options);
        let letters: String = options.iter().map(|option| &option[1..]).collect();
        let has = |letter: char| letters.contains(letter);
        let by_version = has('V');
        let known = letters.chars().all(|letter| "VnruC".contains(letter));
        let clash = (by_version && (has('n') || has('u'))) || (has('C') && (has('r') || has('u')));
        if !known || clash || files.iter().any(|file| file.starts_with('-')) {
            return self.refuse("this use of `sort`");
        }
        let text = self.filtered_text(files, "sort")?;
        let mut lines: Vec<&str> = text.split_terminator('\n').collect();
        self.charge(text.len().saturating_mul(16))?;
        let key = |left: &str, right: &str| match (by_version, has('n')) {
            (true, _) => version_sort::compare(left, right),
            (_, true) => Number::of(left).compare(&Number::of(right)),
            _ => left.cmp(right),
        };
        // Lines that are equal by their key are in the order of their bytes.
        let order = |left: &str, right: &str| key(left, right).then_with(|| left.cmp(right));
        if has('C') {
            return Ok(i32::from(!lines.windows(2).all(|pair| order(pair[0], pair[1]).is_le())));
        }
        if has('u') {
            // Of lines that are equal by their key the first one stays.
            lines.sort_by(|left, right| key(left, right));
            lines.dedup_by(|second, first| key(first, second).is_eq());
        } else {
            lines.sort_by(|left, right| order(left, right));
        }
        if has('r') {
            lines.reverse();
        }
        self.write(&lines.iter().flat_map(|line| [line, "\n"]).collect::<String>())?;
        Ok(0)
    }

    /// `uniq`: of equal lines after one another, the first.
    pub(super) fn uniq(&mut self, arguments: &[&str]) -> Run<i32> {
        if arguments.len() > 1 || arguments.iter().any(|argument| argument.starts_with('-')) {
            return self.refuse("this use of `uniq`");
        }
        let text = self.filtered_text(arguments, "uniq")?;
        let mut lines: Vec<&str> = text.split_terminator('\n').collect();
        lines.dedup();
        self.write(&lines.iter().flat_map(|line| [line, "\n"]).collect::<String>())?;
        Ok(0)
    }

    /// `wc` of one thing: `-l`, `-w`, `-c`.
    pub(super) fn count(&mut self, arguments: &[&str]) -> Run<i32> {
        let [what @ ("-l" | "-w" | "-c"), files @ ..] = arguments else {
            return self.refuse("this use of `wc`");
        };
        if files.len() > 1 || files.iter().any(|file| file.starts_with('-')) {
            return self.refuse("this use of `wc`");
        }
        let text = self.filtered_text(files, "wc")?;
        let count = match *what {
            "-l" => text.matches('\n').count(),
            "-w" => text.split_ascii_whitespace().count(),
            _ => text.len(),
        };
        let name = files.first().map(|file| format!(" {file}")).unwrap_or_default();
        self.write(&format!("{count}{name}\n"))?;
        Ok(0)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What `sort -n` sees of a line: a sign, digits, digits after a dot; anything else is 0.
struct Number<'l> {
    negative: bool,
    whole: &'l str,
    fraction: &'l str,
}

impl<'l> Number<'l> {
    fn of(line: &'l str) -> Self {
        let line = line.trim_start_matches([' ', '\t']);
        let negative = line.starts_with('-');
        let line = line.strip_prefix('-').unwrap_or(line);
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = line.split_at(digits(line));
        let fraction = rest.strip_prefix('.').unwrap_or_default();
        let fraction = fraction[..digits(fraction)].trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        Self { negative: negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let size = |number: &Self| (number.whole.len(), number.whole.to_owned(), number.fraction.to_owned());
        match (self.negative, other.negative) {
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}
