//! `printf`: a format that is used as often as there are arguments for it.

use super::escapes::{Place, unescape};
use super::machine::{Machine, Run};
use super::substring::is_name;

/// A piece of a format.
enum Piece {
    Text(String),
    Conversion(Conversion),
}

/// `%` with its flags, width, precision and letter.
struct Conversion {
    left: bool,
    zero: bool,
    plus: bool,
    blank: bool,
    alternative: bool,
    width: Option<Size>,
    precision: Option<Size>,
    letter: char,
}

/// A number of characters, in the format or in an argument.
#[derive(Clone, Copy)]
enum Size {
    Given(usize),
    Argument,
}

/// Wider than anything in a conf.
const MAX_SIZE: usize = 4096;

impl Machine<'_> {
    pub(super) fn printf(&mut self, arguments: &[&str]) -> Run<i32> {
        let (name, arguments) = match arguments {
            ["-v", name, rest @ ..] => (Some(*name), rest),
            rest => (None, rest),
        };
        let arguments = arguments.strip_prefix(&["--"]).unwrap_or(arguments);
        let written = match arguments {
            [format, values @ ..] if !format.starts_with('-') || format.len() == 1 => self.formatted(format, values)?,
            _ => None,
        };
        match (written, name) {
            (Some(text), None) => self.write(&text)?,
            (Some(text), Some(name)) if is_name(name) => self.set(name, 0, text)?,
            _ => return self.refuse("this use of `printf`"),
        }
        Ok(0)
    }

    /// `None` if something is not understood.
    fn formatted(&mut self, format: &str, values: &[&str]) -> Run<Option<String>> {
        let Some(pieces) = pieces(format) else {
            return Ok(None);
        };
        let mut out = String::new();
        let mut rest = values.iter().copied();
        loop {
            let before = rest.len();
            for piece in &pieces {
                let text = match piece {
                    Piece::Text(text) => Some(text.clone()),
                    Piece::Conversion(conversion) => conversion.apply(&mut rest),
                };
                let Some(text) = text else {
                    return Ok(None);
                };
                self.charge(16 + text.len())?;
                out.push_str(&text);
            }
            if rest.len() == 0 || rest.len() == before {
                return Ok(Some(out));
            }
        }
    }
}

fn pieces(format: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = format;
    loop {
        let at = rest.find('%').unwrap_or(rest.len());
        // An escape never reaches over a `%`, so each stretch can be read by itself.
        pieces.push(Piece::Text(unescape(&rest[..at], Place::Format)?));
        let Some(after) = rest.get(at + 1..) else {
            return Some(pieces);
        };
        if let Some(after) = after.strip_prefix('%') {
            pieces.push(Piece::Text("%".to_owned()));
            rest = after;
            continue;
        }
        let (conversion, length) = Conversion::read(after)?;
        pieces.push(Piece::Conversion(conversion));
        rest = &after[length..];
    }
}

impl Conversion {
    /// A conversion after its `%`, and its length.
    fn read(text: &str) -> Option<(Self, usize)> {
        let flags = text.bytes().take_while(|byte| b"-0+ #".contains(byte)).count();
        let has = |flag: char| text[..flags].contains(flag);
        let mut at = flags;
        let width = size(text, &mut at)?;
        let mut precision = None;
        if text[at..].starts_with('.') {
            at += 1;
            precision = Some(size(text, &mut at)?.unwrap_or(Size::Given(0)));
        }
        let letter = text[at..].chars().next().filter(|letter| "sbcdiuxXo".contains(*letter))?;
        let conversion = Self {
            left: has('-'),
            zero: has('0'),
            plus: has('+'),
            blank: has(' '),
            alternative: has('#'),
            width,
            precision,
            letter,
        };
        Some((conversion, at + 1))
    }

    /// The text for the next argument; one that is missing is empty, or 0.
    fn apply<'a>(&self, values: &mut impl Iterator<Item = &'a str>) -> Option<String> {
        let mut left = self.left;
        let mut width = 0;
        if let Some(size) = self.width {
            let given = size.of(values)?;
            left |= given < 0;
            width = given.unsigned_abs();
        }
        let precision = match self.precision {
            Some(size) => Some(size.of(values)?).and_then(|given| usize::try_from(given).ok()),
            None => None,
        };
        let value = values.next();
        let body = match self.letter {
            's' => cut(value.unwrap_or_default(), precision)?,
            'b' => cut(&unescape(value.unwrap_or_default(), Place::Text)?, precision)?,
            'c' => value?.chars().next().filter(char::is_ascii)?.to_string(),
            _ => return self.number(number(value)?, width, precision, left),
        };
        // Zeros in front of a text are not the same everywhere.
        if self.zero || self.plus || self.blank || self.alternative || !body.is_ascii() && width > 0 {
            return None;
        }
        Some(padded(&body, width, left))
    }

    fn number(&self, value: i64, width: usize, precision: Option<usize>, left: bool) -> Option<String> {
        let (sign, mut digits) = match self.letter {
            'd' | 'i' => {
                let sign = if value < 0 {
                    "-"
                } else if self.plus {
                    "+"
                } else if self.blank {
                    " "
                } else {
                    ""
                };
                (sign, value.unsigned_abs().to_string())
            }
            'x' if self.alternative && value != 0 => ("0x", format!("{value:x}")),
            'X' if self.alternative && value != 0 => ("0X", format!("{value:X}")),
            'x' => ("", format!("{value:x}")),
            'X' => ("", format!("{value:X}")),
            'o' if !self.alternative => ("", format!("{value:o}")),
            'u' => ("", u64::from_ne_bytes(value.to_ne_bytes()).to_string()),
            _ => return None,
        };
        match precision {
            Some(0) if value == 0 => digits.clear(),
            Some(least) => digits.insert_str(0, &"0".repeat(least.saturating_sub(digits.len()))),
            None if self.zero && !left => {
                digits.insert_str(0, &"0".repeat(width.saturating_sub(sign.len() + digits.len())));
            }
            None => {}
        }
        Some(padded(&format!("{sign}{digits}"), width, left))
    }
}

impl Size {
    fn of<'a>(self, values: &mut impl Iterator<Item = &'a str>) -> Option<isize> {
        let given = match self {
            Self::Given(size) => isize::try_from(size).ok()?,
            Self::Argument => isize::try_from(number(values.next())?).ok()?,
        };
        (given.unsigned_abs() <= MAX_SIZE).then_some(given)
    }
}

/// A width or precision at this place; the outer `None` if it is too large.
fn size(text: &str, at: &mut usize) -> Option<Option<Size>> {
    if text[*at..].starts_with('*') {
        *at += 1;
        return Some(Some(Size::Argument));
    }
    let length = text[*at..].bytes().take_while(u8::is_ascii_digit).count();
    let digits = &text[*at..*at + length];
    *at += length;
    if digits.is_empty() {
        return Some(None);
    }
    digits.parse().ok().filter(|size| *size <= MAX_SIZE).map(|size| Some(Size::Given(size)))
}

/// A number as `printf` reads it: decimal, `0x` hexadecimal, `0` octal, `'c` the number of a character. `None` for what
/// it complains about.
fn number(value: Option<&str>) -> Option<i64> {
    let Some(text) = value else {
        return Some(0);
    };
    if let Some(quoted) = text.strip_prefix(['\'', '"']) {
        return quoted.chars().next().filter(char::is_ascii).map(|c| i64::from(u32::from(c)));
    }
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let (digits, base) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    if !digits.starts_with(|c: char| c.is_digit(base)) {
        return None;
    }
    let value = i64::from_str_radix(digits, base).ok()?;
    Some(if negative { -value } else { value })
}

/// The first characters of a text.
fn cut(text: &str, most: Option<usize>) -> Option<String> {
    match most {
        Some(most) if text.len() > most => text.is_ascii().then(|| text[..most].to_owned()),
        _ => Some(text.to_owned()),
    }
}

fn padded(text: &str, width: usize, left: bool) -> String {
    if left { format!("{text:<width$}") } else { format!("{text:>width$}") }
}
