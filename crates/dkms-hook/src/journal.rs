//! The system's journal: where an administrator looks for what a transaction of the night said.
//!
//! The native protocol: a datagram of `FIELD=value` lines; a value with a newline in it has its length, as a little-endian
//! number of 64 bits, between the name and itself (systemd.journal-fields(7), "Native journal protocol").

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use dkms_engine::layout::JOURNAL;
use dkms_engine::setup::Setup;

/// `LOG_ERR`.
const PRIORITY: &str = "3";

/// Sends a message if there is a journal; that there is none is no error.
pub(crate) fn send(setup: &Setup, message: &str) {
    if !setup.root.is_host() {
        return;
    }
    let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to(&datagram(message), Path::new(JOURNAL)));
    if let Err(error) = sent {
        log::debug!("no journal: {error}");
    }
}

fn datagram(message: &str) -> Vec<u8> {
    let mut datagram = format!("PRIORITY={PRIORITY}\nSYSLOG_IDENTIFIER=dkms\nMESSAGE\n").into_bytes();
    datagram.extend((message.len() as u64).to_le_bytes());
    datagram.extend(message.as_bytes());
    datagram.push(b'\n');
    datagram
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_several_lines_has_its_length() {
        let expected = b"PRIORITY=3\nSYSLOG_IDENTIFIER=dkms\nMESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n";
        assert_eq!(datagram("a\nb"), expected);
    }
}
