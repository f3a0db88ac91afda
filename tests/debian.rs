//! Suite `debian`: real apt transactions in roots where our package stands in for `dkms`.

use anyhow::{Context, Result, ensure};
use testbed::example::{MODULE, OBJECT, PACKAGE, kernel_line};
use testbed::layer::{self, Kernels, Layer};
use testbed::root::Root;
use testbed::{disk, installed, package, vm};

use super::parallel;
use super::{Request, Tally};

/// What the checks start from.
struct Bench {
    kernels: Kernels,
    /// One kernel and the package under test.
    subject: Layer,
    /// One kernel and the original.
    original: Layer,
    twins: bool,
}

type Check = fn(&Bench) -> Result<()>;

const CHECKS: [(&str, Check); 8] = [
    ("debian/lintian", lintian),
    ("debian/module-then-kernel-loaded", module_then_kernel),
    ("debian/remove-module", remove_module),
    ("debian/remove-kernel", remove_kernel),
    ("debian/headers-later", headers_later),
    ("debian/failing-module", failing_module),
    ("debian/reinstall-module", reinstall_module),
    ("debian/from-the-original-and-back", from_the_original_and_back),
];

/// Runs all checks.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let kernels = Kernels::of_archive()?;
    let below = layer::kernel(&kernels)?;
    let subject = request.subject(&below)?;
    let original = layer::original(&below)?;
    let bench = Bench { kernels, subject, original, twins: request.twins };
    let checks: Vec<_> = CHECKS.iter().filter(|(name, _)| request.wants(name)).collect();
    Ok(parallel::run(&checks, |(name, check)| ((*name).to_owned(), check(&bench).map(|()| Vec::new()))))
}

fn module(root: &Root) -> Result<()> {
    root.apt_install(&[PACKAGE])
}

/// The package itself, before anything is done with it.
fn lintian(bench: &Bench) -> Result<()> {
    if bench.twins { Ok(()) } else { package::lint(&package::deb()?) }
}

fn no_trace(root: &Root, release: &str) -> Result<()> {
    let left = root.must(&format!(
        "find /lib/modules/{release}/updates -name '{OBJECT}*' 2>/dev/null; grep {OBJECT} /lib/modules/{release}/modules.dep || true"
    ))?;
    ensure!(left.stdout.is_empty(), "left of {OBJECT} for {release}:\n{}", left.stdout);
    Ok(())
}

/// The main job: a module package, then a newer kernel, loaded by that kernel.
fn module_then_kernel(bench: &Bench) -> Result<()> {
    let root = Root::over(&bench.subject)?;
    module(&root)?;
    installed::check(&root, MODULE, &bench.kernels.older, OBJECT)?;
    root.must(&kernel_line(&bench.kernels.newer))?;
    installed::check(&root, MODULE, &bench.kernels.older, OBJECT)?;
    let version = installed::check(&root, MODULE, &bench.kernels.newer, OBJECT)?;
    for loaded in vm::load(&root, &bench.kernels.newer, &[OBJECT])? {
        loaded.check(&version)?;
    }
    Ok(())
}

fn remove_module(bench: &Bench) -> Result<()> {
    let root = Root::over(&bench.subject)?;
    module(&root)?;
    root.must(&format!("apt-get remove -y -q {PACKAGE}"))?;
    no_trace(&root, &bench.kernels.older)?;
    let status = root.must("dkms status")?.stdout;
    ensure!(status.is_empty(), "status after the removal:\n{status}");
    root.must(&format!("test ! -e /var/lib/dkms/{MODULE}")).map(drop)
}

fn remove_kernel(bench: &Bench) -> Result<()> {
    let (root, newer) = (Root::over(&bench.subject)?, &bench.kernels.newer);
    module(&root)?;
    root.must(&kernel_line(newer))?;
    root.must(&format!("apt-get purge -y -q linux-image-{newer} linux-headers-{newer}"))?;
    installed::check(&root, MODULE, &bench.kernels.older, OBJECT)?;
    let left = root.must(&format!("ls -d /lib/modules/{newer} /var/lib/dkms/*/*/{newer} 2>/dev/null || true"))?;
    ensure!(left.stdout.is_empty(), "left of the removed kernel:\n{}", left.stdout);
    Ok(())
}

fn headers_later(bench: &Bench) -> Result<()> {
    let (root, newer) = (Root::over(&bench.subject)?, &bench.kernels.newer);
    module(&root)?;
    root.must(&format!("apt-get install -y -q --no-install-recommends linux-image-{newer}"))?;
    let state = installed::state(&root, MODULE, newer)?;
    ensure!(state.is_none(), "without headers {MODULE} is {state:?} for {newer}");
    root.must(&format!("apt-get install -y -q --no-install-recommends linux-headers-{newer}"))?;
    installed::check(&root, MODULE, newer, OBJECT).map(drop)
}

/// A module that does not compile never fails the kernel's package, and the others are installed.
fn failing_module(bench: &Bench) -> Result<()> {
    let (root, newer) = (Root::over(&bench.subject)?, &bench.kernels.newer);
    module(&root)?;
    let source = root.path("/usr/src/failing-1.0");
    testbed::command::Cmd::new("cp").args(["-r", "tests/fixtures/failing-1.0"]).arg(source).checked()?;
    root.must("dkms add failing/1.0")?;
    let output = root.bash(&kernel_line(newer))?;
    if !bench.twins {
        ensure!(output.code == 0, "apt failed with {}\n{}", output.code, output.tail());
        let told = format!("{}{}", output.stdout, output.stderr);
        ensure!(told.contains("failing"), "nothing says which module failed");
    }
    installed::check(&root, MODULE, newer, OBJECT)?;
    let state = installed::state(&root, "failing", newer)?;
    ensure!(state.is_none(), "failing is {state:?}");
    Ok(())
}

/// Reinstalling the same package ends as it began.
fn reinstall_module(bench: &Bench) -> Result<()> {
    let root = Root::over(&bench.subject)?;
    module(&root)?;
    let before = root.must("dkms status")?.stdout;
    root.must(&format!("apt-get install -y -q --reinstall {PACKAGE}"))?;
    let after = root.must("dkms status")?.stdout;
    ensure!(before == after, "status before:\n{before}after:\n{after}");
    installed::check(&root, MODULE, &bench.kernels.older, OBJECT).map(drop)
}

/// Switching packages either way loses nothing and builds nothing.
fn from_the_original_and_back(bench: &Bench) -> Result<()> {
    let root = Root::over(&bench.original)?;
    module(&root)?;
    let built = |when: &str| -> Result<(String, String)> {
        installed::check(&root, MODULE, &bench.kernels.older, OBJECT).context(when.to_owned())?;
        let status = root.must("dkms status")?.stdout;
        let files = root.must(&format!(
            "find /lib/modules/*/updates /var/lib/dkms/{MODULE} -name '*.ko*' -printf '%p %T@\\n' | sort"
        ))?;
        Ok((status, files.stdout))
    };
    let before = built("with the original")?;
    if !bench.twins {
        disk::copy(&package::deb()?, &root.path("/root/ours.deb"))?;
        root.must("apt-get install -y -q --no-install-recommends /root/ours.deb")?;
    }
    let with_ours = built("after switching to ours")?;
    ensure!(before == with_ours, "switching to ours changed\n{before:?}\nto\n{with_ours:?}");
    root.must(&format!("dkms autoinstall -k {}", bench.kernels.older))?;
    ensure!(before == built("after an autoinstall of ours")?, "an autoinstall of ours changed something");
    root.must("apt-get install -y -q --no-install-recommends dkms")?;
    root.must(&format!("dkms autoinstall -k {}", bench.kernels.older))?;
    let back = built("back at the original")?;
    ensure!(before == back, "switching back changed\n{before:?}\nto\n{back:?}");
    Ok(())
}
