//! What children get of what the caller has.

use super::*;
use crate::testing;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())))
}

/// `NAME=VALUE` lines of what a child gets, without those that every child gets.
fn handed_on(variables: &[(&str, &str)]) -> Vec<String> {
    let (_directory, setup) = testing::setup();
    let all = environment(variables).for_children(&setup.root);
    let usual = environment(&[]).for_children(&setup.root);
    let new = all.iter().filter(|(name, value)| usual.get(*name) != Some(value));
    new.map(|(name, value)| format!("{}={}", name.display(), value.display())).collect()
}

#[test]
fn every_name_is_in_one_row_and_every_row_says_why() {
    let mut seen = std::collections::BTreeSet::new();
    for rule in &rules::TABLE {
        assert!(!rule.why.is_empty() && !rule.why.ends_with('.'), "{:?}", rule.names);
        for name in rule.names {
            assert!(seen.insert(name), "`{name}` is in two rows");
        }
    }
}

#[test]
fn words_of_a_make_or_a_shell_above_us_stay_there() {
    let dropped = [
        "BASH_ENV",
        "BASH_FUNC_cd%%",
        "ENV",
        "SHELLOPTS",
        "CDPATH",
        "IFS",
        "MAKEFILES",
        "MAKEFLAGS",
        "GNUMAKEFLAGS",
        "MAKELEVEL",
        "sub_make_done",
        "KBUILD_OUTPUT",
        "KBUILD_EXTMOD",
        "O",
        "M",
        "srctree",
        "KERNELRELEASE",
        "CC",
        "LD",
        "HOSTCC",
        "PYTHONPATH",
        "PERL5LIB",
        "GREP_OPTIONS",
        "LANGUAGE",
        "kernelver",
        "TMPDIR",
    ];
    let variables: Vec<(&str, &str)> = dropped.iter().map(|name| (*name, "x")).collect();
    assert_eq!(handed_on(&variables), Vec::<String>::new());
}

#[test]
fn what_users_live_by_is_handed_on() {
    let passed = [
        "ARCH",
        "CROSS_COMPILE",
        "LLVM",
        "KCFLAGS",
        "KBUILD_SIGN_PIN",
        "KBUILD_BUILD_TIMESTAMP",
        "LD_PRELOAD",
        "TZ",
        "DPKG_MAINTSCRIPT_NAME",
        "XDG_RUNTIME_DIR",
        "HOME",
        "FOO",
        "V",
    ];
    let variables: Vec<(&str, &str)> = passed.iter().map(|name| (*name, "x")).collect();
    let mut expected: Vec<String> = passed.iter().map(|name| format!("{name}=x")).collect();
    expected.sort();
    assert_eq!(handed_on(&variables), expected);
}

#[test]
fn messages_are_in_the_language_of_the_programs() {
    let (_directory, setup) = testing::setup();
    let get = |variables: &[(&str, &str)]| {
        let children = environment(variables).for_children(&setup.root);
        let text = |name: &str| children.get(OsStr::new(name)).and_then(|value| value.to_str()).map(str::to_owned);
        ["LC_ALL", "LANG", "LC_CTYPE", "LC_MESSAGES"].map(text)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(get(&[]), [None, None, None, some("C")]);
    assert_eq!(get(&[("LANG", "de"), ("LC_CTYPE", "fr")]), [None, some("de"), some("fr"), some("C")]);
    assert_eq!(get(&[("LANG", "de"), ("LC_CTYPE", "fr"), ("LC_ALL", "it")]), [None, some("it"), None, some("C")]);
}

#[test]
fn the_usual_directories_come_after_the_callers() {
    let path = |path: &str| {
        let directories = environment(&[("PATH", path)]).search_path();
        directories.iter().map(|directory| directory.display().to_string()).collect::<Vec<_>>().join(":")
    };
    assert_eq!(path(""), DEFAULT_PATH);
    assert_eq!(path("/usr/bin:/bin"), "/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin");
    assert_eq!(path(".::bin:/opt/x"), format!("/opt/x:{DEFAULT_PATH}"));
    assert_eq!(environment(&[]).search_path(), environment(&[("PATH", "")]).search_path());
}

#[test]
fn a_program_of_ours_is_not_taken_from_where_others_can_write() {
    let (_directory, setup) = testing::setup();
    for directory in ["/open", "/ours", "/usr/sbin"] {
        testing::write(&setup, &format!("{directory}/depmod"), "#!/bin/sh\n");
        setup.root.writable().set_mode(&Path::new(directory).join("depmod"), 0o755).unwrap();
    }
    setup.root.writable().set_mode(Path::new("/open"), 0o777).unwrap();
    let find = |path| environment(&[("PATH", path)]).find(&setup.root, OsStr::new("depmod"));
    assert_eq!(find("/open:/ours"), Some("/ours/depmod".into()));
    assert_eq!(find("/open"), Some("/usr/sbin/depmod".into()));
    assert_eq!(find("/bin"), Some("/usr/sbin/depmod".into()));
}

#[test]
fn a_temporary_directory_is_to_be_safe() {
    let (_directory, setup) = testing::setup();
    let of = |path| environment(&[("TMPDIR", path)]).temporary(&setup.root).map(str::to_owned);
    for (path, mode, expected) in [("/private", 0o700, true), ("/sticky", 0o1777, true), ("/open", 0o777, false)] {
        setup.root.writable().create_dir_all(Path::new(path)).unwrap();
        setup.root.writable().set_mode(Path::new(path), mode).unwrap();
        assert_eq!(of(path).is_some(), expected, "{path}");
    }
    testing::write(&setup, "/file", "");
    assert_eq!((of("/none"), of("/file"), of("private")), (None, None, None));
}
