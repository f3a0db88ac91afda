//! The command of a build, and what runs before it.

use dkms_conf::module_config::{Patch, Scripts};

use super::*;

#[test]
fn the_default_command_builds_and_leaves_the_tree_as_it_was() {
    let setting = Setting::new();
    let built = setting.build(setting.order(None)).unwrap();
    assert!(setting.setup.root.is_file(&built.objects[0].path));
    assert!(built.peak_kib > 1000, "{}", built.peak_kib);
    let log = setting.setup.root.read_to_string(built.log.path()).unwrap();
    let command = format!(
        "# command: make KERNELRELEASE=6.1.0 -C {} M={}",
        setting.path("modules/6.1.0/build").display(),
        setting.path("tree/m/1/build").display()
    );
    assert!(log.contains(&command) && log.contains("# exit code: 0"), "{log}");
    assert_eq!(setting.names("tree/m/1").len(), 2, "source and work");
    drop(built);
    assert_eq!(setting.names("tree/m/1"), ["source"]);
    assert_eq!(setting.names("src/m-1"), ["Makefile", "dkms.conf", "m.c"]);
}

#[test]
fn authors_write_make_in_many_ways() {
    let setting = Setting::new();
    let all = "-C $kernel_source_dir M=$dkms_tree/m/1/build";
    for command in [
        format!("'make' -j2 {all}"),
        format!("( make {all}; make {all} )"),
        format!("cd . && make {all}"),
        format!("make -j3 {all}; true"),
        format!("V=1 make {all}"),
    ] {
        let built = setting.build(setting.order(Some(&command)));
        assert!(built.is_ok(), "{command}: {:?}", built.map_err(|failed| log(&setting, &failed)));
    }
}

#[test]
fn a_make_that_waits_for_input_gets_none() {
    let setting = Setting::new();
    let failed = failed(&setting, "read answer || exit 9; cat /dev/tty");
    assert!(matches!(failed.error, Error::MakeFailed { status: 9, .. }), "{}", failed.error);
}

fn patched(setting: &Setting, file: &str) -> Result<Built, Box<Failed>> {
    let mut order = setting.order(None);
    order.config.patches = vec![Patch { file: file.into(), matching: String::new() }];
    setting.build(order)
}

#[test]
fn patches_apply_or_stop_the_build() {
    let setting = Setting::new();
    let good = "--- a/m.c\n+++ b/m.c\n@@ -4 +4 @@\n-int f(void) { return 1; }\n+int f(void) { return 2; }\n";
    setting.write("src/m-1/patches/good.patch", good);
    setting.write("src/m-1/patches/bad.patch", &good.replace("return 1", "return 7"));
    setting.write("src/m-1/outside.patch", good);
    let built = patched(&setting, "good.patch").unwrap();
    let log = setting.setup.root.read_to_string(built.log.path()).unwrap();
    assert!(log.contains("Applying patch good.patch\n# command: patch -p1 < ./patches/good.patch\n"), "{log}");
    assert!(setting.setup.root.read_to_string(&built.work.build().join("m.c")).unwrap().contains("return 2"));
    assert!(matches!(patched(&setting, "bad.patch").unwrap_err().error, Error::PatchFailed { .. }));
    for outside in ["../outside.patch", "missing.patch", "/etc/passwd"] {
        assert!(matches!(patched(&setting, outside).unwrap_err().error, Error::PatchMissing { .. }), "{outside}");
    }
}

#[test]
fn pre_build_may_prepare_and_may_refuse() {
    let setting = Setting::new();
    setting.executable("src/m-1/tools/pre.sh", "#!/bin/sh\necho \"pre [$1] $kernelver in $(pwd)\"; exit ${2:-0}\n");
    let order = |script: &str| {
        let mut order = setting.order(None);
        order.config.scripts = Scripts { pre_build: Some(script.into()), ..Scripts::default() };
        order
    };
    let built = setting.build(order("tools/pre.sh 'a b'")).unwrap();
    let log = setting.setup.root.read_to_string(built.log.path()).unwrap();
    assert!(log.contains(&format!("pre [a b] 6.1.0 in {}\n", setting.path("tree/m/1/build").display())), "{log}");
    let refused = setting.build(order("tools/pre.sh x 42")).unwrap_err();
    assert!(matches!(refused.error, Error::ScriptFailed { status: 42, directive: "PRE_BUILD", .. }));
    assert!(setting.warnings().is_empty());
    setting.build(order("no-such.sh")).unwrap();
    setting.write("src/m-1/plain.sh", "");
    setting.build(order("plain.sh x")).unwrap();
    let expected = ["`no-such.sh` does not exist", "`plain.sh x` is not executable"];
    for (warning, expected) in setting.warnings().iter().zip(expected) {
        assert!(warning.contains(expected), "{warning}");
    }
}
