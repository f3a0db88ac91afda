//! `dkms.conf`: evaluated, handed over and checked without a shell, and asked for which kernels it is meant.
#![no_main]

use dkms_conf::world::TableWorld;
use dkms_conf::{Context, Kernel, ModuleConfig, Request, Source, Strictness};
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

const RELEASE: &str = "6.12.57+deb13-amd64";

fuzz_target!(|bytes: &[u8]| {
    let once = within_limits(|| read(bytes));
    if bytes.len() < 4096 {
        assert_eq!(once, read(bytes), "the same text means the same");
    }
});

/// The configuration, or what is said of it.
fn read(bytes: &[u8]) -> Result<(ModuleConfig, String), String> {
    let context = Context {
        kernelver: Some(RELEASE.into()),
        arch: Some("x86_64".into()),
        kernel_source_dir: Some(format!("/lib/modules/{RELEASE}/build")),
        ..Context::default()
    };
    let world = TableWorld { directory: "/usr/src/m-1".into(), ..TableWorld::default() }
        .with_file("/usr/src/m-1/VERSION", "1.2\n")
        .with_file("/proc/cpuinfo", "processor : 0\nvendor_id : GenuineIntel\n");
    let source = Source::from_bytes("/usr/src/m-1/dkms.conf", bytes).map_err(|error| error.to_string())?;
    let sources = std::slice::from_ref(&source);
    let request = Request { sources, directives: &[], context: &context, world: &world, shell: None };
    let evaluated = dkms_conf::evaluate(&request).map_err(|rejected| rejected.to_string())?;
    let checked = evaluated.module_config(Strictness::Strict).map_err(|rejected| rejected.to_string())?;
    let option = |name: &str| (name == "CONFIG_PCI").then(|| "y".to_owned());
    let exclusion = checked.config.exclusion(Kernel { release: RELEASE, arch: "x86_64", option: Some(&option) });
    let reason = exclusion.package.map(|reason| reason.to_string()).unwrap_or_default();
    Ok((checked.config, reason))
}
