//! Builds with real shells, makes and compilers.

use std::path::Path;
use std::sync::atomic::Ordering;

use dkms_conf::module_config::{Patch, Scripts};

use super::testing::Setting;
use super::*;
use crate::jobs::Jobs;

fn failed(setting: &Setting, make: &str) -> Box<Failed> {
    setting.build(setting.order(Some(make))).unwrap_err()
}

fn log(setting: &Setting, failed: &Failed) -> String {
    setting.setup.root.read_to_string(failed.log.as_ref().unwrap()).unwrap()
}

fn shell_build(setting: &Setting, script: &str) -> String {
    let make = format!("{{ {script}; }} && make -C $kernel_source_dir M=$dkms_tree/m/1/build");
    let built = setting.build(setting.order(Some(&make))).unwrap();
    setting.setup.root.read_to_string(built.log.path()).unwrap()
}

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
fn commands_see_the_conventional_directory_and_the_usual_variables() {
    let mut setting = Setting::new();
    let pairs = [("CFLAGS", "-bad"), ("CC", "bad"), ("MAKEFLAGS", " -j8 --jobserver-auth=77,78"), ("MAKELEVEL", "3")];
    let pairs = pairs.iter().chain(&[("PATH", crate::layout::DEFAULT_PATH), ("KEPT", "yes")]);
    setting.setup.environment =
        crate::system::environment::Environment::new(pairs.map(|(n, v)| ((*n).into(), (*v).into())));
    let script = "pwd; echo [$kernelver $arch $module $module_version $CC $CFLAGS $MAKELEVEL $KEPT $DKMS_RS_LOCK_HELD]";
    let log = shell_build(&setting, script);
    let build = setting.path("tree/m/1/build");
    assert!(log.contains(&format!("\n{}\n[6.1.0 x86_64 m 1 yes 1]\n", build.display())), "{log}");
    assert!(!log.contains("make[4]") && !log.contains("warning: jobserver"), "{log}");
}

#[test]
fn directives_of_the_command_line_and_the_build_environment_are_exported() {
    let mut setting = Setting::new();
    setting.write("env.sh", "echo noise; export TOOLSET=$kernelver-tools\nunexported=1\n");
    let value = format!("build_environment={}", setting.path("env.sh").display());
    let source = dkms_conf::Source::new("framework.conf", value);
    setting.setup.framework = dkms_conf::FrameworkConfig::parse(&[source]).0;
    let mut order = setting.order(Some("echo [$TOOLSET $unexported $STRIP]; exit 3"));
    order.config.exported = vec![(dkms_conf::directive::Directive::Strip, "no".into())];
    let failed = setting.build(order).unwrap_err();
    let log = log(&setting, &failed);
    assert!(log.contains("[6.1.0-tools no]") && !log.contains("noise"), "{log}");
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

#[test]
fn a_failure_has_status_first_error_and_log() {
    let setting = Setting::new();
    setting.write("src/m-1/m.c", "int f(void) { return g; }\n");
    let failed = setting.build(setting.order(None)).unwrap_err();
    assert_eq!(failed.status, 2);
    let first = failed.diagnosis.text().unwrap();
    assert!(first.starts_with("m.c:1:22: error: ") && first.contains("undeclared"), "{first}");
    let kept = setting.path("tree/.dkms-rs/failed/m/1/6.1.0/x86_64/make.log");
    assert!(
        matches!(&failed.error, Error::MakeFailed { log, diagnosis, .. } if *log == kept && !diagnosis.lines.is_empty())
    );
    assert!(log(&setting, &failed).contains("# exit code: 2"));
    drop(failed);
    assert_eq!(setting.names("tree/m/1"), ["source"]);
}

#[test]
fn a_killed_make_says_so() {
    let setting = Setting::new();
    let failed = failed(&setting, "kill -9 $$");
    assert!(failed.status == 137 && failed.of_the_machine);
    assert!(log(&setting, &failed).contains("# it was killed by signal 9\n# exit code: 137"));
}

#[test]
fn what_hangs_is_ended_and_named() {
    let mut setting = Setting::new();
    setting.setup.framework.set(dkms_conf::framework_key::Key::BuildTimeout, "1");
    let failed = failed(&setting, "sleep 1000 & sleep 1000");
    assert!(matches!(failed.error, Error::TookTooLong { what: "make", .. }), "{}", failed.error);
    assert!(failed.error.is_of_the_module() && !failed.of_the_machine);
    assert!(failed.error.to_string().starts_with("make of `m/1` took longer than 1 s"), "{}", failed.error);
}

/// Something of the size of a floppy disk, for this test alone.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(path: &Path) -> Self {
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", path, "tmpfs", flags, Some(c"size=128k")).expect("this test needs root");
        Self(path.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH);
    }
}

#[test]
#[ignore = "needs root"]
fn a_full_disk_is_called_by_its_name() {
    let setting = Setting::new();
    let _disk = SmallDisk::mount(&setting.path("tree/m"));
    setting.setup.root.writable().create_dir_all(&setting.path("tree/m/1")).unwrap();
    setting.setup.root.writable().symlink(&setting.path("src/m-1"), &setting.path("tree/m/1/source")).unwrap();
    let failed = setting.build(setting.order(Some("dd if=/dev/zero of=big bs=1k count=1000"))).unwrap_err();
    assert!(failed.of_the_machine && matches!(failed.error, Error::MakeFailed { .. }), "{}", failed.error);
    drop(failed);
    setting.write("src/m-1/huge", &"x".repeat(200_000));
    let failed = setting.build(setting.order(None)).unwrap_err();
    let Error::SourceUncopied { cause, .. } = &failed.error else { panic!("{}", failed.error) };
    assert!(matches!(&**cause, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull));
    assert!(failed.error.hint().unwrap().starts_with("make room"), "{}", failed.error);
    drop(failed);
    assert_eq!(setting.names("tree/m/1"), ["source"]);
}

#[test]
fn unusable_objects_are_refused() {
    let setting = Setting::new();
    let make = "make -C $kernel_source_dir M=$dkms_tree/m/1/build";
    for (command, reason) in [
        (": > m.ko".to_owned(), "it is empty"),
        ("echo text > m.ko".to_owned(), "it is not an ELF file"),
        (format!("sed -i s/6.1.0/6.6.6/ m.c; {make}"), "it is built for kernel 6.6.6"),
        (format!("sed -i /vermagic/d m.c; {make}"), "it has no vermagic, so it is not a kernel module"),
        (
            format!("{make} && gcc -shared -o shared m.ko && mv shared m.ko"),
            "it is an ELF file, but not a relocatable one",
        ),
        (
            format!("{make} && printf '\\267\\0' | dd of=m.ko bs=1 seek=18 conv=notrunc"),
            "it is for the ELF machine EM_AARCH64",
        ),
    ] {
        let failed = failed(&setting, &command);
        let Error::ObjectWrong { reason: found, object, .. } = &failed.error else {
            panic!("{command}: {}", failed.error)
        };
        assert!(found.starts_with(reason) && object == "m.ko", "{command}: {found}");
    }
    assert!(matches!(&failed(&setting, "true").error, Error::NotBuilt { object, .. } if object == "m.ko"));
}

#[test]
fn headers_may_serve_a_kernel_of_another_name() {
    let setting = Setting::new();
    let mut order = setting.order(None);
    order.target.kernel.release = "6.1.0-custom".into();
    assert!(setting.build(order).is_ok());
}

#[test]
fn another_name_inside_is_worth_a_word() {
    let setting = Setting::new();
    let make = "sed -i s/name=m/name=other/ m.c; make -C $kernel_source_dir M=$dkms_tree/m/1/build";
    assert!(setting.build(setting.order(Some(make))).is_ok());
    assert!(setting.warnings()[0].contains("calls itself `other`"));
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

#[test]
fn a_cancelled_build_leaves_nothing() {
    let setting = Setting::new();
    let cell = setting.setup.cancel.cell();
    let jobs = setting.jobs();
    let failed = super::build(&setting.setup, setting.order(Some("sleep 1000 & wait")), &jobs, &|event| {
        if matches!(event, BuildEvent::StepBegun { .. }) {
            cell.store(2, Ordering::Relaxed);
        }
    })
    .unwrap_err();
    assert!(matches!(failed.error, Error::Interrupted { signal: 2 }));
    drop(failed);
    assert_eq!(setting.names("tree/m/1"), ["source"]);
}

#[test]
fn sources_that_cannot_be_built_from() {
    let setting = Setting::new();
    setting.setup.root.writable().remove_file(&setting.path("src/m-1/m.c")).unwrap();
    setting.setup.root.writable().remove_file(&setting.path("src/m-1/Makefile")).unwrap();
    assert!(matches!(setting.build(setting.order(None)).unwrap_err().error, Error::SourceEmpty { .. }));
    setting.setup.root.writable().remove_tree(&setting.path("src/m-1")).unwrap();
    assert!(matches!(setting.build(setting.order(None)).unwrap_err().error, Error::Broken { .. }));
}

#[test]
fn the_copy_keeps_modes_times_and_links() {
    let setting = Setting::new();
    setting.executable("src/m-1/sub/tool", "#!/bin/sh\n");
    setting.setup.root.writable().symlink(Path::new("../m.c"), &setting.path("src/m-1/sub/link")).unwrap();
    setting.setup.root.writable().set_mtime(&setting.path("src/m-1/m.c"), 1_000_000_000_000_000_000).unwrap();
    setting.write("src/m-1/make.log", "of somebody else\n");
    let built = setting.build(setting.order(None)).unwrap();
    let (root, build) = (&setting.setup.root, built.work.build());
    assert_eq!(root.meta(&build.join("sub/tool")).unwrap().mode, 0o755);
    assert_eq!(root.read_link(&build.join("sub/link")).unwrap(), Path::new("../m.c"));
    assert_eq!(root.meta(&build.join("m.c")).unwrap().mtime, 1_000_000_000_000_000_000);
    assert!(!root.exists(&build.join("make.log")));
}

/// Two kernels at once: each build waits until the other one has written its file into "the" build directory.
fn two_at_once(setting: &Setting, jobs: &Jobs) {
    let meet = "echo $kernelver > who; : > $dkms_tree/../met-$kernelver; for i in $(seq 300); do \
                [ $(ls $dkms_tree/.. | grep -c met-) = 2 ] && break; sleep 0.01; done; [ \"$(cat who)\" = $kernelver ] && \
                make -C $kernel_source_dir M=$dkms_tree/m/1/build";
    std::thread::scope(|scope| {
        for release in ["6.1.0", "6.1.0-other"] {
            let mut order = setting.order(Some(meet));
            order.target.kernel.release = release.into();
            scope.spawn(move || {
                let result = setting.build_with(order, jobs);
                assert!(result.is_ok(), "{:?}", result.map_err(|failed| log(setting, &failed)));
            });
        }
    });
    assert_eq!(setting.names("tree/m/1"), ["source"]);
}

#[test]
#[ignore = "needs root"]
fn two_kernels_build_at_once_in_the_same_place() {
    let mut setting = Setting::new();
    setting.setup.options.jobs = Some(2);
    let jobs = setting.jobs();
    assert!(
        jobs.mounts(&setting.setup) != crate::jobs::Mounts::Refused,
        "this test needs a system that allows mount namespaces"
    );
    two_at_once(&setting, &jobs);
}

#[test]
fn without_namespaces_they_take_turns() {
    let mut setting = Setting::new();
    setting.setup.options.jobs = Some(2);
    setting.write("tree/m/1/build/make.log", "of an earlier failure\n");
    let jobs = setting.jobs();
    jobs.refuse_private_mounts();
    let make = "mkdir $dkms_tree/../mine && echo $kernelver > who && sleep 0.05 && [ $(cat who) = $kernelver ] && \
                rmdir $dkms_tree/../mine && make -C $kernel_source_dir M=$dkms_tree/m/1/build";
    std::thread::scope(|scope| {
        for release in ["6.1.0", "6.1.0-other", "6.1.0-third"] {
            let mut order = setting.order(Some(make));
            order.target.kernel.release = release.into();
            let (setting, jobs) = (&setting, &jobs);
            scope.spawn(move || {
                let result = setting.build_with(order, jobs);
                assert!(result.is_ok(), "{:?}", result.map_err(|failed| log(setting, &failed)));
            });
        }
    });
    assert_eq!(setting.text("tree/m/1/build/make.log"), "of an earlier failure\n");
    assert_eq!(setting.names("tree/m/1"), ["build", "source"]);
}

/// Every "compiler" notes how many of them there are while it runs.
#[test]
fn never_more_compilers_than_jobs() {
    let mut setting = Setting::new();
    setting.setup.options.jobs = Some(2);
    setting.setup.root.writable().create_dir_all(&setting.path("running")).unwrap();
    let running = setting.path("running");
    let compile = format!(
        "#!/bin/sh\n: > {0}/$$; ls {0} | wc -l >> {1}; sleep 0.03; rm {0}/$$\n",
        running.display(),
        setting.path("counts").display()
    );
    setting.executable("compile", &compile);
    for name in ["a", "b", "c", "d"] {
        setting.module(name, "1", "6.1.0");
        let parts: Vec<String> = (0..5).map(|n| format!("part{n}")).collect();
        let makefile = format!(
            "objects: {name}.ko {parts}\n\t$(MAKE) inner\ninner: {parts2}\n%.ko: %.c\n\tgcc -c -o $@ $<\npart%:\n\t{compile}\n",
            parts = parts.join(" "),
            parts2 = parts.join("x ") + "x",
            compile = setting.path("compile").display()
        );
        setting.write(&format!("src/{name}-1/Makefile"), &makefile);
    }
    let jobs = setting.jobs();
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let (setting, jobs) = (&setting, &jobs);
            scope.spawn(move || {
                let result = setting.build_with(setting.order_for(name, "1", None), jobs);
                assert!(result.is_ok(), "{:?}", result.map_err(|failed| log(setting, &failed)));
            });
        }
    });
    let counts: Vec<u32> = setting.text("counts").lines().map(|line| line.trim().parse().unwrap()).collect();
    assert_eq!(counts.len(), 40);
    assert!(counts.iter().all(|count| *count <= 2), "{counts:?}");
    assert!(counts.contains(&2), "{counts:?}");
}

#[test]
fn one_build_alone_gets_all_jobs() {
    let mut setting = Setting::new();
    setting.setup.options.jobs = Some(3);
    // Three targets that wait for each other cannot be made by fewer than three jobs.
    let meet =
        "\t: > met-$@; for i in $$(seq 300); do [ $$(ls | grep -c met-) = 3 ] && exit 0; sleep 0.01; done; exit 1\n";
    let makefile = format!("objects: m.ko x1 x2 x3\n%.ko: %.c\n\tgcc -c -o $@ $<\nx1 x2 x3:\n{meet}");
    setting.write("src/m-1/Makefile", &makefile);
    let result = setting.build(setting.order(None));
    assert!(result.is_ok(), "{:?}", result.map_err(|failed| log(&setting, &failed)));
    setting.setup.options.jobs = Some(0);
    assert!(setting.build(setting.order(None)).is_ok(), "and without a limit");
}

#[test]
fn dependencies_hand_over_their_symbols() {
    let setting = Setting::new();
    setting.write("tree/dep/2/6.1.0/x86_64/module/Module.symvers", "0x0\tsym\tdep\tEXPORT_SYMBOL\t\n");
    setting
        .setup
        .root
        .writable()
        .symlink(Path::new("2/6.1.0/x86_64"), &setting.path("tree/dep/kernel-6.1.0-x86_64"))
        .unwrap();
    let mut order = setting.order(Some("cat $KBUILD_EXTRA_SYMBOLS; exit 3"));
    order.config.build_depends = vec!["dep".into()];
    let failed = setting.build(order).unwrap_err();
    assert!(log(&setting, &failed).contains("\tsym\tdep\t"));
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
