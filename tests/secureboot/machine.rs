//! A machine with firmware, emulated in software: what it says on its serial console, and a person at that.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use testbed::command::{Cmd, Output};
use testbed::root::Root;
use testbed::{disk, host};

use super::PACKAGES;
use super::store::PASSWORD;

/// How long a boot may take. Alone on its cores it takes half a minute.
const SECONDS: u32 = 300;
/// Boots until one reaches our init.
const ATTEMPTS: usize = 3;
const DOWN: &[u8] = b"\x1b[B";
const ENTER: &[u8] = b"\r";
/// What shim's MokManager shows, and what a person then types: for each sight the keys, each a redraw of the menu apart.
const ANSWERS: [(&str, &[&[u8]]); 6] = [
    ("Press any key to perform MOK management", &[b" "]),
    ("Enroll MOK", &[DOWN, ENTER]),
    ("View key 0", &[DOWN, ENTER]),
    ("Enroll the key(s)?", &[DOWN, ENTER]),
    ("Password:", &[PASSWORD.as_bytes(), ENTER]),
    ("Reboot", &[ENTER]),
];

fn command(root: &Root, store: &Path, disk: &Path) -> Result<Cmd> {
    host::need(&[("qemu-system-x86_64", "qemu-system-x86")])?;
    let code = root.path(&format!("{PACKAGES}/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"));
    let drive = |rest: String| ["-drive".to_owned(), rest];
    Ok(Cmd::new("timeout")
        .arg(SECONDS.to_string())
        .args(["qemu-system-x86_64", "-machine", "q35,smm=on", "-accel", "tcg"])
        .args(["-cpu", "qemu64,+rdrand,+smep,+smap", "-m", "1024"])
        .args(["-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1"])
        .args(drive(format!("if=pflash,format=raw,unit=0,readonly=on,file={}", code.display())))
        .args(drive(format!("if=pflash,format=raw,unit=1,file={}", store.display())))
        .args(drive(format!("if=none,id=disk,format=raw,snapshot=on,file={}", disk.display())))
        .args(["-device", "virtio-blk-pci,drive=disk,bootindex=0"])
        .args(["-nographic", "-vga", "none", "-no-reboot", "-nic", "none"]))
}

/// Boots to the end, on a copy of the variables; what the machine said. Where the emulation fails before our init has begun,
/// nothing was seen, and the machine is booted again.
pub(super) fn boot(root: &Root, store: &Path, disk: &Path) -> Result<String> {
    let copy = store.with_extension("booted");
    let once = || {
        disk::copy(store, &copy)?;
        // Counted instructions: without, the emulation of QEMU 7.2 crashes one kernel in four while it patches its own text.
        let output = command(root, &copy, disk)?.args(["-icount", "shift=auto,sleep=off"]).output()?;
        let began = output.stdout.contains("vm: kernel");
        if output.code == 0 || began { Ok(output.stdout) } else { Err(ended(&output)) }
    };
    (1..ATTEMPTS).find_map(|_| once().ok().filter(|console| console.contains("vm: kernel"))).map_or_else(once, Ok)
}

fn ended(output: &Output) -> anyhow::Error {
    anyhow!("QEMU ended with {}: {}\n{}", output.code, output.stderr.trim(), tail(&output.stdout))
}

/// Boots into MokManager and confirms the request.
pub(super) fn confirm(root: &Root, store: &Path, disk: &Path) -> Result<()> {
    let mut machine = command(root, store, disk)?.piped()?;
    let mut keyboard = machine.stdin.take().context("the machine's keyboard")?;
    let mut screen = machine.stdout.take().context("the machine's screen")?;
    let (mut seen, mut chunk, mut answers) = (Vec::new(), [0; 4096], ANSWERS.iter().peekable());
    loop {
        let length = screen.read(&mut chunk).context("read the machine's screen")?;
        if length == 0 {
            break;
        }
        seen.extend_from_slice(&chunk[..length]);
        let shows = |text: &str| seen.windows(text.len()).any(|part| part == text.as_bytes());
        let Some((_, keys)) = answers.next_if(|(text, _)| shows(text)) else { continue };
        seen.clear();
        for key in *keys {
            type_in(&mut keyboard, key)?;
        }
    }
    machine.wait().context("wait for the machine")?;
    match answers.next() {
        None => Ok(()),
        Some((text, _)) => bail!("the machine never showed `{text}`:\n{}", tail(&String::from_utf8_lossy(&seen))),
    }
}

/// The terminal driver of the firmware loses what comes faster than it looks; an escape sequence has to come at once.
fn type_in(keyboard: &mut impl Write, key: &[u8]) -> Result<()> {
    let size = if key.starts_with(b"\x1b") { key.len() } else { 1 };
    for part in key.chunks(size) {
        std::thread::sleep(Duration::from_secs(1));
        keyboard.write_all(part).and_then(|()| keyboard.flush()).context("type")?;
    }
    Ok(())
}

/// The last lines that say something.
pub(super) fn tail(text: &str) -> String {
    let lines: Vec<&str> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.contains('\x1b')).collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
