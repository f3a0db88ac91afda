//! What the command of a build finds in its environment.

use super::*;

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
