//! Points and lengths of time, as people and programs read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Nanoseconds since 1970 on the clock and calendar of the machine, to the second.
pub fn local(nanoseconds: i64) -> String {
    shown(timestamp(nanoseconds), TimeZone::system())
}

/// The same as RFC 3339 has it, in UTC.
pub fn utc(nanoseconds: i64) -> String {
    timestamp(nanoseconds).to_string()
}

/// Milliseconds as one would say them.
pub fn span(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        seconds if seconds < 60 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_second(nanoseconds.div_euclid(1_000_000_000)).unwrap_or_default()
}

fn shown(time: Timestamp, zone: TimeZone) -> String {
    let zone = if zone.is_unknown() { TimeZone::UTC } else { zone };
    time.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let nanoseconds = 1_767_225_605_900_000_000;
        assert_eq!(utc(nanoseconds), "2026-01-01T00:00:05Z");
        assert_eq!(shown(timestamp(nanoseconds), TimeZone::UTC), "2026-01-01 00:00:05");
        assert_eq!(shown(timestamp(nanoseconds), TimeZone::unknown()), "2026-01-01 00:00:05");
        assert_eq!(utc(-1), "1969-12-31T23:59:59Z");
        assert_eq!([0, 3240, 60_000, 3_725_999].map(span), ["0.0 s", "3.2 s", "1 min 0 s", "62 min 5 s"]);
    }
}
