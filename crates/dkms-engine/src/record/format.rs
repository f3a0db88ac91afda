//! The number of the format that a stored value has.

use serde::{Deserialize, Serialize};

/// Stands for the number of this program's own format: a value with another one does not load, and is measured again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub struct Format;

impl Format {
    /// The number of all stored values.
    const NUMBER: u32 = 1;
}

impl From<Format> for u32 {
    fn from(_: Format) -> u32 {
        Format::NUMBER
    }
}

impl TryFrom<u32> for Format {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        if number == Format::NUMBER {
            return Ok(Self);
        }
        Err(format!("its format is {number}, and this program knows {}", Format::NUMBER))
    }
}
