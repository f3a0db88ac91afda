//! Suite `secureboot`: what kernels make of signatures, foretold and seen.
//!
//! Each scenario is a machine with firmware, shim and a signed kernel of Debian's in QEMU, in which every module is
//! inserted. What the engine foretells from the same variables, configuration and modules has to be what happened.

mod machine;
mod scenario;
mod store;

use std::path::Path;

use anyhow::{Context, Result, bail};
use dkms_engine::facts::at_boot::AtBoot;
use dkms_engine::facts::command_line::CommandLine;
use dkms_engine::facts::firmware::Firmware;
use dkms_engine::setup::{Options, Setup};
use dkms_engine::system::cancel::Cancel;
use dkms_engine::system::environment::Environment;
use dkms_engine::trust::{Circumstances, Insists, Trust};
use testbed::cpio::Cpio;
use testbed::disk;
use testbed::layer::{self, Flavour, Kernels, Layer};
use testbed::root::Root;

use self::scenario::{ALL, Booted, Scenario};
use super::parallel;
use crate::request::Request;
use crate::tally::Tally;

/// Where all of it lies in a root.
const WORK: &str = "/srv/secureboot";
/// Unpacked packages.
const PACKAGES: &str = "/srv/secureboot/packages";
const UNPACKED: &str = "ovmf shim-signed shim-unsigned shim-helpers-amd64-signed grub-efi-amd64-signed systemd-boot-efi-amd64-signed \
                        busybox-static";
const MODULES: &str = include_str!("modules.sh");
const DISK: &str = include_str!("disk.sh");
const INIT: &str = include_str!("init.sh");

/// Boots every scenario that is wanted.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let kernels = Kernels::of_archive()?;
    let release = kernels.older.clone();
    let layer = prepared(&kernels)?;
    let mut others = None;
    let wanted = |scenario: &&Scenario| {
        request.wants(&format!("secureboot/{}", scenario.name))
            && (request.full || request.only.is_some() || scenario.telling)
    };
    let scenarios: Vec<&Scenario> = ALL.iter().filter(wanted).collect();
    if scenarios.iter().any(|scenario| scenario.kernel != Booted::Theirs) {
        others = Some(Others::over(&layer)?);
    }
    Ok(parallel::run(&scenarios, |scenario| {
        let name = format!("secureboot/{}", scenario.name);
        let (layer, release) = match (scenario.kernel, &others) {
            (Booted::RealTime, Some(others)) => (&others.layer, &others.real_time),
            (Booted::Backport, Some(others)) => (&others.layer, &others.backport),
            _ => (&layer, &release),
        };
        (name, Root::over(layer).and_then(|root| play(&root, release, scenario)))
    }))
}

/// Keys, modules and an initramfs with all of them.
fn prepared(kernels: &Kernels) -> Result<Layer> {
    let release = &kernels.older;
    let tools = layer::kernel(kernels)?.extend("firmware", &format!("1 {UNPACKED}"), |root| {
        root.apt_install(&["python3-virt-firmware", "mtools", "dosfstools", "xxd"])?;
        let unpack = "for deb in *.deb; do dpkg-deb -x $deb .; done; rm *.deb";
        root.must(&format!("mkdir -p {PACKAGES}; cd {PACKAGES} && apt-get download -qq {UNPACKED} && {unpack}"))
            .map(drop)
    })?;
    tools.extend("secureboot", &format!("1 {MODULES}"), |root| {
        disk::write(&root.path(&format!("{WORK}/modules.sh")), MODULES)?;
        root.must(&format!("cd {WORK} && bash modules.sh {release}")).map(drop)
    })
}

/// Kernels that the modules are not built for.
struct Others {
    layer: Layer,
    real_time: String,
    backport: String,
}

impl Others {
    fn over(below: &Layer) -> Result<Self> {
        let newest = |suite, flavour| {
            let release = layer::releases(suite, flavour)?.pop();
            release.with_context(|| format!("{suite} has no kernel headers of {flavour:?}"))
        };
        let real_time = newest(layer::SUITE, Flavour::RealTime)?;
        let backport = newest(layer::BACKPORTS, Flavour::Cloud)?;
        let layer = below.extend("secureboot-others", &format!("1 {real_time} {backport}"), |root| {
            root.must("apt-get update -q")?;
            root.must(&format!("INITRD=No apt-get install -y -q --no-install-recommends linux-image-{real_time}"))?;
            layer::install_backports(root, &format!("linux-image-{backport}"))
        })?;
        Ok(Self { layer, real_time, backport })
    }
}

fn play(root: &Root, release: &str, scenario: &Scenario) -> Result<Vec<String>> {
    let image = format!("{WORK}/{}.img", scenario.name);
    disk::write(&root.path(&format!("{WORK}/initramfs")), initramfs(root)?)?;
    disk::write(&root.path(&format!("{WORK}/disk.sh")), DISK)?;
    let line = format!("console=ttyS0 quiet panic=-1 {}", scenario.line);
    let chain = scenario.chain.name();
    root.must(&format!(
        "bash {WORK}/disk.sh {chain} {PACKAGES} /boot/vmlinuz-{release} {WORK}/initramfs '{line}' {image}"
    ))?;
    let store = store::make(root, scenario)?;
    let (store_path, disk_path) = (root.path(&store), root.path(&image));
    let shown = tempfile::tempdir().context("make a temporary directory")?;
    // Foretold before anything is booted: confirming is one of the two answers.
    store::show(root, &store, scenario, shown.path())?;
    let foretold = foretell(root, release, scenario, shown.path(), &line)?;
    if scenario.answered {
        machine::confirm(root, &store_path, &disk_path)?;
    }
    let console = machine::boot(root, &store_path, &disk_path)?;
    compare(&foretold, &console, scenario.kernel != Booted::Theirs)
}

fn initramfs(root: &Root) -> Result<Vec<u8>> {
    let mut cpio = Cpio::default();
    for directory in ["proc", "sys", "dev"] {
        cpio.dir(directory);
    }
    cpio.file("init", 0o755, INIT.as_bytes());
    cpio.file("bin/busybox", 0o755, &disk::bytes(&root.path(&format!("{PACKAGES}/usr/bin/busybox")))?);
    let modules = root.path(&format!("{WORK}/modules"));
    for name in disk::names(&modules) {
        cpio.file(&format!("modules/{name}"), 0o644, &disk::bytes(&modules.join(&name))?);
    }
    Ok(cpio.finish())
}

/// What is foretold of a module.
struct Foretold {
    module: String,
    trust: Trust,
    by_lockdown: bool,
    all: String,
}

fn foretell(root: &Root, release: &str, scenario: &Scenario, shown: &Path, line: &str) -> Result<Vec<Foretold>> {
    let engine = |path: &Path| dkms_engine::system::root::Root::open(path).context("open a root");
    disk::make_dirs(&shown.join("etc"))?;
    disk::write(&shown.join("etc/os-release"), "ID=debian\n")?;
    let setup = Setup::load(engine(shown)?, Environment::default(), &[], Options::default(), Cancel::default())?;
    let firmware = match Firmware::gather(&setup) {
        Firmware::Efi(efi) if scenario.answered => {
            Firmware::Efi(Box::new(efi.confirmed().context("nothing is asked for")?))
        }
        other => other,
    };
    let kernel = engine(&root.path("/"))?;
    let directory = Path::new("/lib/modules").join(release);
    let kernel_setup = Setup { root: kernel, ..setup.clone() };
    let mut at_boot = AtBoot::gather(&kernel_setup, &directory, release)?;
    at_boot.command_line = Some(CommandLine::parse(line));
    if at_boot.own_signers.is_empty() {
        bail!("none of the kernel's own modules is signed");
    }
    let circumstances = Circumstances { kernel: &at_boot, firmware: &firmware, distribution: &setup.distribution };
    let modules = root.path(&format!("{WORK}/modules"));
    let foretell = |name: String| {
        let answer = circumstances.judge(&disk::bytes(&modules.join(&name))?);
        let by_lockdown = matches!(answer.insists, Insists::Yes { by_lockdown: true, .. });
        Ok(Foretold { module: name, trust: answer.trust, by_lockdown, all: format!("{answer:?}") })
    };
    disk::names(&modules).into_iter().map(foretell).collect()
}

/// Complaints about each module of which something else was foretold than happened.
fn compare(foretold: &[Foretold], console: &str, is_other: bool) -> Result<Vec<String>> {
    let said = |text: &str| console.lines().find_map(|line| line.trim_end().strip_prefix(text));
    if said("vm: end").is_none() {
        bail!("the machine did not come to its end:\n{}", machine::tail(console));
    }
    let complaint = |one: &Foretold| {
        let happened = said(&format!("vm: module {} ", one.module)).unwrap_or("nothing");
        let expected = match (one.trust, one.by_lockdown) {
            // A signature is judged before the release.
            (Trust::Accepted, _) => happened == "loaded" || (is_other && happened == "invalid module format"),
            (Trust::Refused, true) => matches!(
                happened,
                "Operation not permitted"
                    | "Key was rejected by service"
                    | "Bad message"
                    | "Required key not available"
            ),
            (Trust::Refused, false) => {
                !["loaded", "nothing", "invalid module format", "Operation not permitted"].contains(&happened)
            }
            (Trust::CannotTell, _) => false,
        };
        (!expected).then(|| format!("{}: foretold {}, happened: {happened}", one.module, one.all))
    };
    if foretold.len() < 20 {
        bail!("only {} modules were made", foretold.len());
    }
    Ok(foretold.iter().filter_map(complaint).collect())
}
