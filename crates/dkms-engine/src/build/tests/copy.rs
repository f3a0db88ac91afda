//! What a build works on: its copy of the source, and the source and headers that it does not change.

use super::*;

#[test]
fn the_copy_keeps_modes_times_and_links() {
    let setting = Setting::new();
    setting.executable("src/m-1/sub/tool", "#!/bin/sh\n");
    setting.setup.root.writable().symlink(Path::new("../m.c"), &setting.path("src/m-1/sub/link")).unwrap();
    setting.setup.root.writable().set_mtime(&setting.path("src/m-1/m.c"), 1_000_000_000_000_000_000).unwrap();
    setting.write("src/m-1/make.log", "not ours\n");
    let built = setting.build(setting.order(None)).unwrap();
    let (root, build) = (&setting.setup.root, built.work.build());
    assert_eq!(root.meta(&build.join("sub/tool")).unwrap().mode, 0o755);
    assert_eq!(root.read_link(&build.join("sub/link")).unwrap(), Path::new("../m.c"));
    assert_eq!(root.meta(&build.join("m.c")).unwrap().mtime, 1_000_000_000_000_000_000);
    assert!(!root.exists(&build.join("make.log")));
}

/// A MAKE that works in the source tree, waits for the other kernel's there, and copies what it made.
const IN_SOURCE: &str = "cd $source_tree/m-1 && echo $kernelver > who && : > $dkms_tree/../met-$kernelver && \
                         for i in $(seq 300); do [ $(ls $dkms_tree/.. | grep -c met-) = 2 ] && break; sleep 0.01; done && \
                         [ \"$(cat who)\" = $kernelver ] && make objects && cp m.ko $dkms_tree/m/1/build/";

#[test]
#[ignore = "needs root"]
fn a_build_in_the_source_tree_has_a_copy_of_that_too() {
    let mut setting = Setting::new();
    setting.setup.options.jobs = Some(2);
    let jobs = setting.jobs();
    std::thread::scope(|scope| {
        for release in ["6.1.0", "6.1.0-other"] {
            let mut order = setting.order(Some(IN_SOURCE));
            order.target.kernel.release = release.into();
            let (setting, jobs) = (&setting, &jobs);
            scope.spawn(move || {
                let result = setting.build_with(order, jobs);
                assert!(result.is_ok(), "{:?}", result.map_err(|failed| log(setting, &failed)));
            });
        }
    });
    assert_eq!(setting.names("src/m-1"), ["Makefile", "dkms.conf", "m.c"]);
}

#[test]
fn without_namespaces_what_a_build_adds_to_its_source_is_known_as_its_own() {
    let setting = Setting::new();
    let build = |script: &str| {
        let jobs = setting.jobs();
        jobs.refuse_private_mounts();
        let make = format!("{{ {script}; }} && make -C $kernel_source_dir M=$dkms_tree/m/1/build");
        setting.build_with(setting.order(Some(&make)), &jobs).unwrap().work.own_changes()
    };
    assert!(build("touch $source_tree/m-1/m.o").is_empty(), "an object is no input");
    let added = build("echo x > $source_tree/m-1/generated.h");
    let now = crate::facts::fingerprint::SourceTree::look(&setting.setup, &setting.order(None).target.module).unwrap();
    assert_eq!(added.iter().map(|(_, part)| part.stamp.as_str()).collect::<Vec<_>>(), [now.stamp()]);
    assert!(build("echo '//' >> $source_tree/m-1/m.c").is_empty(), "may be a person's work");
}

#[test]
#[ignore = "needs root"]
fn a_build_cannot_change_the_headers() {
    let setting = Setting::new();
    setting.write("common/scripts/x", "as it was");
    let link = setting.path("modules/6.1.0/build/scripts");
    setting.setup.root.writable().symlink(&setting.path("common/scripts"), &link).unwrap();
    let script = "! rm $kernel_source_dir/include/config/kernel.release 2>&1 && ! echo > $kernel_source_dir/scripts/x && \
                  ! touch $kernel_source_dir/new";
    shell_build(&setting, script);
    assert_eq!(setting.text("modules/6.1.0/build/include/config/kernel.release"), "6.1.0\n");
    assert_eq!(setting.text("common/scripts/x"), "as it was");
    assert_eq!(setting.names("modules/6.1.0/build"), ["Makefile", "include", "scripts"]);
}

#[test]
#[ignore = "needs root"]
fn no_right_is_lent_by_a_copy() {
    let setting = Setting::new();
    setting.executable("src/m-1/tool", "#!/bin/sh\n");
    setting.setup.root.writable().set_mode(&setting.path("src/m-1/tool"), 0o6777).unwrap();
    setting.setup.root.writable().create_dir(&setting.path("src/m-1/open"), 0o3777).unwrap();
    let log = shell_build(&setting, "stat -c '[%a %n]' tool open $source_tree/m-1/tool");
    for mode in ["[755 tool]", "[755 open]"] {
        assert!(log.contains(mode), "{log}");
    }
    assert!(log.contains("[755 ") && log.contains("/src/m-1/tool]") && !log.contains("777 "), "{log}");
}
