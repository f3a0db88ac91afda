//! The process around the command: it hands over argv and takes back a status.

use std::process::ExitCode;

fn main() -> ExitCode {
    dkms_cli::run(std::env::args_os().skip(1))
}
