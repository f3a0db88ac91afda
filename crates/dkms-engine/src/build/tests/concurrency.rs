//! Builds at the same time, and the jobs they share.

use super::*;
use crate::jobs::Jobs;

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
