//! `cut`: fields or characters of each line.

use super::machine::{Machine, Run};

/// A call of `cut`.
struct Call<'a> {
    /// What separates fields; `None`: characters are counted.
    delimiter: Option<char>,
    /// First and last place, counted from 1.
    ranges: Vec<(usize, usize)>,
    only_delimited: bool,
    files: Vec<&'a str>,
}

impl<'a> Call<'a> {
    fn read(arguments: &[&'a str]) -> Option<Self> {
        let (mut delimiter, mut fields, mut characters, mut only_delimited) = (None, None, None, false);
        let mut files = Vec::new();
        let mut rest = arguments.iter().copied();
        while let Some(argument) = rest.next() {
            let Some(mut letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                files.push(argument);
                continue;
            };
            while let Some(letter) = letters.chars().next() {
                letters = &letters[letter.len_utf8()..];
                let target = match letter {
                    's' => {
                        only_delimited = true;
                        continue;
                    }
                    'd' => &mut delimiter,
                    'f' => &mut fields,
                    'c' | 'b' => &mut characters,
                    _ => return None,
                };
                let value = if letters.is_empty() { rest.next()? } else { letters };
                if target.replace(value).is_some() {
                    return None;
                }
                break;
            }
        }
        let (list, delimiter) = match (fields, characters, delimiter) {
            (Some(list), None, None) => (list, Some('\t')),
            (Some(list), None, Some(text)) => {
                let mut chars = text.chars();
                let one = chars.next().filter(|c| c.is_ascii() && *c != '\n')?;
                (list, Some(one).filter(|_| chars.next().is_none()))
            }
            (None, Some(list), None) if !only_delimited => (list, None),
            _ => return None,
        };
        if fields.is_some() && delimiter.is_none() {
            return None;
        }
        Some(Self { delimiter, ranges: ranges(list)?, only_delimited, files })
    }

    fn wants(&self, place: usize) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&place))
    }

    fn line(&self, line: &str) -> Option<String> {
        let Some(delimiter) = self.delimiter else {
            let wanted = line.chars().enumerate().filter(|(place, _)| self.wants(place + 1));
            return Some(wanted.map(|(_, c)| c).collect());
        };
        if !line.contains(delimiter) {
            return (!self.only_delimited).then(|| line.to_owned());
        }
        let fields = line.split(delimiter).enumerate().filter(|(place, _)| self.wants(place + 1));
        let fields: Vec<&str> = fields.map(|(_, field)| field).collect();
        Some(fields.join(delimiter.encode_utf8(&mut [0; 4])))
    }
}

/// `1`, `2-3`, `-2`, `4-`, joined by commas.
fn ranges(list: &str) -> Option<Vec<(usize, usize)>> {
    let place = |text: &str| text.parse::<usize>().ok().filter(|place| *place > 0);
    let range = |text: &str| match text.split_once('-') {
        None => place(text).map(|place| (place, place)),
        Some(("", "")) => None,
        Some((first, last)) => {
            let first = if first.is_empty() { 1 } else { place(first)? };
            let last = if last.is_empty() { usize::MAX } else { place(last)? };
            (first <= last).then_some((first, last))
        }
    };
    list.split(',').map(range).collect()
}

impl Machine<'_> {
    pub(super) fn cut(&mut self, arguments: &[&str]) -> Run<i32> {
        let Some(call) = Call::read(arguments) else {
            return self.refuse("this use of `cut`");
        };
        let text = self.filtered_text(&call.files, "cut")?;
        let lines = text.split_terminator('\n').filter_map(|line| call.line(line));
        let out: String = lines.map(|line| line + "\n").collect();
        self.write(&out)?;
        Ok(0)
    }
}
