//! The system's journal, where an administrator looks for what last night's transaction said.

use dkms_engine::setup::Setup;
use log::{Level, Record};
use systemd_journal_logger::JournalLog;

/// Sends an error; a machine without a journal is as good.
pub(crate) fn send(setup: &Setup, message: &str) {
    if !setup.root.is_host() {
        return;
    }
    let sent = JournalLog::empty().and_then(|journal| {
        let journal = journal.with_syslog_identifier("dkms".to_owned());
        journal.journal_send(&Record::builder().level(Level::Error).args(format_args!("{message}")).build())
    });
    if let Err(error) = sent {
        log::debug!("no journal: {error}");
    }
}
