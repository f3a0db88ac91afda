//! Confs in small roots. They hold nothing that a native evaluation refuses, unless bash is the point.

use super::*;
use crate::target::{KernelId, Target};
use crate::testing;

const CONF: &str = "/usr/src/m-1/dkms.conf";
const PLAIN: &str = "PACKAGE_NAME=m\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME=m\nDEST_MODULE_LOCATION=/extra\nMAKE=\"make KVER=$kernelver\"\n";

struct Scene {
    _directory: tempfile::TempDir,
    setup: Setup,
    target: Target,
    kernel: Kernel,
}

impl Scene {
    fn new(conf: &str) -> Self {
        let (directory, setup) = testing::setup();
        let target = Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new("6.1", "x86_64").unwrap());
        testing::write(&setup, CONF, conf);
        testing::write(&setup, "/lib/modules/6.1/build/include/config/auto.conf", "CONFIG_USB=y\n");
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1")).unwrap();
        setup.root.writable().symlink(Path::new("/usr/src/m-1"), Path::new("/var/lib/dkms/m/1/source")).unwrap();
        let kernel = Kernel::gather(&setup, &target.kernel).unwrap();
        Self { _directory: directory, setup, target, kernel }
    }

    fn wanted(&self) -> Wanted<'_> {
        let module = Some(&self.target.module);
        Wanted { source: None, path: None, module, kernel: &self.kernel, strictness: Strictness::Strict }
    }

    fn load(&self) -> Result<Effective, Error> {
        match evaluate(&self.setup, &Files::default(), &self.wanted())? {
            Evaluation::Native(effective) => Ok(*effective),
            Evaluation::NeedsShell { construct, .. } => panic!("{construct}"),
        }
    }

    fn text(&self) -> String {
        match evaluate(&self.setup, &Files::default(), &self.wanted()).unwrap() {
            Evaluation::Native(effective) => effective.text,
            Evaluation::NeedsShell { text, .. } => text,
        }
    }

    fn problems(&self) -> String {
        match self.load() {
            Err(Error::Conf { problems, .. }) => problems,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_plain_conf_and_its_overrides() {
    let scene = Scene::new(PLAIN);
    let effective = scene.load().unwrap();
    assert_eq!(effective.config.make_command_for("6.1"), Some("make KVER=6.1"));
    assert!(effective.warnings.is_empty(), "{:?}", effective.warnings);
    testing::write(&scene.setup, "/etc/dkms/m.conf", "MAKE[0]=\"${MAKE[0]} A=1\"\n");
    testing::write(&scene.setup, "/etc/dkms/m-1-6.1-x86_64.conf", "MAKE[0]=\"${MAKE[0]} B=2\"\n");
    testing::write(&scene.setup, "/etc/dkms/m-1-6.5.conf", "MAKE[0]=other\n");
    let overridden = scene.load().unwrap();
    assert_eq!(overridden.config.make_command_for("6.1"), Some("make KVER=6.1 A=1 B=2"));
    assert_ne!(effective.text, overridden.text);
}

#[test]
fn a_directive_wins_and_counts_as_an_input() {
    let mut scene = Scene::new(PLAIN);
    let before = scene.load().unwrap().text;
    scene.setup.options.directives = vec![("MAKE".into(), "make mine".into())];
    let effective = scene.load().unwrap();
    assert_eq!(effective.config.make_command_for("6.1"), Some("make mine"));
    assert_ne!(before, effective.text);
    scene.setup.options.directives = vec![("PATH".into(), "/evil".into())];
    assert!(scene.problems().contains("unknown directive `PATH`"));
}

#[test]
fn what_only_the_run_decides_is_no_input() {
    let jobs = format!("{PLAIN}MAKE=\"make -j$(nproc) ${{parallel_jobs+-l$parallel_jobs}}\"\nAUTOINSTALL=no\n");
    let mut scene = Scene::new(&jobs);
    let before = scene.load().unwrap();
    assert_eq!(before.config.make_command_for("6.1"), Some("make -j2 -l2"));
    scene.setup.machine.processors = 64;
    testing::write(&scene.setup, CONF, jobs.replace("AUTOINSTALL=no", "AUTOINSTALL=yes"));
    let now = scene.load().unwrap();
    assert_eq!(now.config.make_command_for("6.1"), Some("make -j64 -l64"));
    assert_eq!(before.text, now.text);
}

#[test]
fn files_that_are_no_text_are_refused_with_their_name() {
    let scene = Scene::new(PLAIN);
    let root = &scene.setup.root;
    let path = Path::new(CONF);
    for content in [vec![b'#'; (1 << 20) + 1], b"\x7fELF\0\0".to_vec()] {
        testing::write(&scene.setup, CONF, content);
        assert!(scene.problems().contains("dkms.conf"));
    }
    root.writable().remove_file(path).unwrap();
    root.writable().create_dir_all(path).unwrap();
    assert!(scene.problems().contains("not a regular file"));
    root.writable().remove_dir(path).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.host_path().join("usr/src/m-1/dkms.conf"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    assert!(scene.problems().contains("not a regular file"));
    root.writable().remove_file(path).unwrap();
    root.writable().symlink(Path::new("dkms.conf"), path).unwrap();
    assert!(matches!(scene.load(), Err(Error::ConfMissing { .. })));
}

#[test]
fn empty_and_wrong_files_say_what_is_missing() {
    let scene = Scene::new("");
    assert!(scene.problems().contains("`PACKAGE_NAME` is missing"));
    testing::write(&scene.setup, CONF, PLAIN.replace("/extra", "/lib"));
    assert!(scene.problems().contains("dkms.conf:4:1: `/lib` does not begin with"), "{}", scene.problems());
}

#[test]
fn another_name_and_strange_owners_are_told() {
    let scene = Scene::new(&PLAIN.replace("PACKAGE_VERSION=1", "PACKAGE_VERSION=2"));
    scene.setup.root.writable().set_mode(Path::new(CONF), 0o666).unwrap();
    let warnings: Vec<_> = scene.load().unwrap().warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.iter().any(|text| text.contains("m/2, but is registered as m/1")), "{warnings:?}");
    let warned = warnings.iter().any(|text| text.contains("users other than root"));
    assert_eq!(warned, rustix::process::geteuid().is_root());
}

#[test]
fn looking_starts_no_shell_and_tells_the_inputs_instead() {
    let mut scene = Scene::new(&format!("{PLAIN}eval \"$(some-program)\"\n. /etc/default/m\n"));
    testing::write(&scene.setup, "/etc/default/m", "");
    let before = scene.text();
    assert_eq!(before, scene.text());
    testing::write(&scene.setup, "/etc/default/m", "X=1\n");
    assert_ne!(before, scene.text(), "a file that the conf mentions is another one");
    // There is no bash in this root.
    let error = evaluate_in_shell(&scene.setup, &Files::default(), &scene.wanted()).unwrap_err().to_string();
    assert!(error.contains("the shell did not evaluate it"), "{error}");
    scene.setup.framework.set(dkms_conf::framework_key::Key::ConfShell, "never");
    assert!(scene.problems().contains("`conf_shell` is `never`"), "{}", scene.problems());
}

#[test]
fn exclusion_asks_the_kernel_configuration() {
    let scene = Scene::new(&format!("{PLAIN}BUILD_EXCLUSIVE_CONFIG=\"CONFIG_USB\"\n"));
    let config = scene.load().unwrap().config;
    assert!(!exclusion(&config, &scene.kernel).is_excluded());
    let scene = Scene::new(&format!("{PLAIN}BUILD_EXCLUSIVE_CONFIG=\"CONFIG_PCI\"\n"));
    let config = scene.load().unwrap().config;
    assert!(exclusion(&config, &scene.kernel).is_excluded());
}

#[test]
fn a_placeholder_is_told_where_the_module_is_registered_by_it() {
    let warned = |registered: &str, version: &str| {
        let mut scene = Scene::new(&PLAIN.replace("PACKAGE_VERSION=1", &format!("PACKAGE_VERSION='{version}'")));
        scene.target.module = ModuleId::new("m", registered).unwrap();
        testing::write(&scene.setup, "/var/lib/dkms/m/x", "");
        let source = Path::new("/usr/src/m-1");
        let module = Some(&scene.target.module);
        let wanted =
            Wanted { source: Some(source), path: None, module, kernel: &scene.kernel, strictness: Strictness::Strict };
        let effective = evaluate_in_shell(&scene.setup, &Files::default(), &wanted).unwrap();
        let is_it = |warning: &Diagnostic| warning.message.contains("placeholder");
        effective.warnings.iter().any(is_it)
    };
    assert!(warned("@PKGVER@", "@PKGVER@") && warned("#MODULE_VERSION#", "#MODULE_VERSION#"));
    // By its directory it has a version, and another one with the next package.
    assert!(!warned("1", "@PKGVER@") && !warned("1", "1"));
}
