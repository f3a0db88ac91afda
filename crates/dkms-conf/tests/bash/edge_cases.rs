//! Every edge case that was seen in real files, with the value expected and with bash as a second opinion.

use crate::oracle::{agreed, agreed_in, agreed_value, ask, context, listed, native};
use dkms_conf::{Assignments, Context, Directive as D, Source, evaluator};

fn refused(text: &str) -> String {
    native(text, &context()).expect_err("bash is needed").construct
}

fn list(values: &Assignments, directive: D) -> Vec<(usize, String)> {
    values.array(directive).map(|(index, value)| (index, value.text.clone())).collect()
}

#[test]
fn edge_01_scalar_and_indexed_spelling_of_one_array() {
    let values = agreed(
        "BUILT_MODULE_LOCATION=src\nBUILT_MODULE_NAME[0]=a\nBUILT_MODULE_NAME[1]=\"b\"\nBUILT_MODULE_LOCATION[1]=./x/\n\
         DEST_MODULE_LOCATION=\n",
    );
    assert_eq!(list(&values, D::BuiltModuleLocation), [(0, "src".into()), (1, "./x/".into())]);
    assert_eq!(values.text(D::DestModuleLocation, 0), Some(""));
}

#[test]
fn edge_02_arrays() {
    let values = agreed("PATCH+=(\"x\")\nPATCH+=(y \"z z\")\nMAKE=(a b\n  c # comment\n)\nSTRIP=(no); STRIP+=w\n");
    assert_eq!(list(&values, D::Patch).len(), 3);
    assert_eq!(values.text(D::Make, 2), Some("c"));
    assert_eq!(values.text(D::Strip, 0), Some("now"));
    let many: String = (0..90).map(|number| format!("  {number:04}-fix.patch\n")).collect();
    assert_eq!(list(&agreed(&format!("PATCH=(\n{many})\n")), D::Patch).len(), 90);
}

#[test]
fn edge_03_computed_indices() {
    let values = agreed(
        "i=0\nBUILT_MODULE_NAME[$i]=a\ni=$((i+1))\nBUILT_MODULE_NAME[i]=b\nnn=2\nBUILT_MODULE_NAME[$((nn++))]=c$nn\n\
         BUILT_MODULE_NAME[ nn * 2 ]=d\n",
    );
    let names: Vec<_> = list(&values, D::BuiltModuleName);
    assert_eq!(names, [(0, "a".into()), (1, "b".into()), (2, "c2".into()), (6, "d".into())]);
    assert!(refused("A=(x)\nA[-1]=y").contains("index"));
}

#[test]
fn edge_04_number_of_jobs_set_and_unset() {
    let conf = "MAKE=\"make ${parallel_jobs+-j$parallel_jobs} all\"";
    assert_eq!(agreed_value(conf, D::Make), "make all");
    let set = Context { parallel_jobs: Some("4".to_owned()), ..context() };
    assert_eq!(agreed_in(conf, &set).text(D::Make, 0), Some("make -j4 all"));
}

#[test]
fn edge_05_operators() {
    let conf = "CROSS_COMPILE=arm-\nv=YES\n\
        POST_ADD=${kernel_source_dir/%build/source}\nPOST_BUILD=${CROSS_COMPILE%-}\n\
        PRE_BUILD=\"$( [[ ${v,,} == @(y|yes) ]] && echo on || echo off )\"\n\
        PRE_INSTALL=\"$( [[ -n \\\"${w}\\\" ]] && echo \"--host=${w}\" )\"\n";
    let values = agreed(conf);
    assert_eq!(values.text(D::PostAdd, 0), Some("/lib/modules/6.1.0-13-amd64/source"));
    assert_eq!(values.text(D::PostBuild, 0), Some("arm"));
    assert_eq!(values.text(D::PreBuild, 0), Some("on"));
    // Two literal quotes are never empty.
    assert_eq!(values.text(D::PreInstall, 0), Some("--host="));
}

#[test]
fn edge_06_a_value_of_several_lines_becomes_one() {
    let conf = "PRE_BUILD=\"configure\n  --with=$kernelver\n  $( if [ -e /nowhere ]; then\n  echo --x; else echo --y; fi )\n \"";
    assert_eq!(agreed_value(conf, D::PreBuild), "configure --with=6.1.0-13-amd64 --y ");
}

#[test]
fn edge_07_second_reading() {
    assert_eq!(agreed_value("MAKE='make $kernelver'", D::Make), "make 6.1.0-13-amd64");
    assert_eq!(agreed_value("MAKE=\"make \\${dkms_tree}\"", D::Make), "make /var/lib/dkms");
    assert_eq!(agreed_value("PACKAGE_NAME=p\nMAKE=\"make \\$PACKAGE_NAME\"", D::Make), "make p");
    assert_eq!(agreed_value("MAKE=\"make X=\\\"x\\\"\"", D::Make), "make X=x");
    assert_eq!(agreed_value("MAKE=\"make \\\\\\$X 'a   b'\"", D::Make), "make $X 'a b'");
}

#[test]
fn edge_08_variables_of_dkms_that_a_conf_overwrites() {
    let values = agreed("kernelver=9\nkernel_source_dir=/x\nARCH=y\nVERSION=z\nMAKE=\"$kernelver \\$kernelver $ARCH\"");
    assert_eq!(values.text(D::Make, 0), Some("9 6.1.0-13-amd64 y"));
    assert_eq!(values.iter().count(), 1);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "bash reads it too")]
fn edge_09_sourcing_a_kernel_configuration() {
    let conf = ". $kernel_source_dir/.config\nMAKE=\"make X=${CONFIG_X:-n}\"\n";
    assert_eq!(agreed_value(conf, D::Make), "make X=n");
    let dir = std::env::temp_dir().join(format!("dkms-conf-config-{}", std::process::id()));
    let options: String = (0..10_000).map(|number| format!("CONFIG_OPTION_{number}=y\n")).collect();
    std::fs::write(&dir, format!("# comment\n{options}CONFIG_X=m\nCONFIG_TEXT=\"a b\"\n")).unwrap();
    let made = agreed_value(
        &format!("source {}\nMAKE=\"$CONFIG_X $CONFIG_OPTION_9999 $CONFIG_TEXT\"", dir.display()),
        D::Make,
    );
    assert_eq!(made, "m y a b");
    let _ = std::fs::remove_file(dir);
}

#[test]
fn edge_10_a_last_line_that_is_false_is_no_error() {
    let conf = "PACKAGE_NAME=x\n[[ \"$kernelver\" =~ \"-rt-\" ]] && build_exclude=\"yes\"";
    assert_eq!(agreed_value(conf, D::PackageName), "x");
}

#[test]
fn edge_11_an_assignment_in_front_of_a_command() {
    let conf = "PACKAGE_NAME=x\nPOST_INSTALL=/bin/rm -f x\nPACKAGE_VERSION=1";
    assert!(refused(conf).contains("in front of a command"));
    assert_eq!(ask(conf, &context()).values, ["PACKAGE_NAME[0]=x", "PACKAGE_VERSION[0]=1"]);
}

#[test]
fn edge_12_a_syntax_error_keeps_what_ran_before() {
    let conf = "PACKAGE_NAME=x\nMAKE=\"never closed\n";
    assert!(refused(conf).contains("syntax error"));
    assert_eq!(ask(conf, &context()).raw.unwrap(), ["PACKAGE_NAME[0]=x"]);
}

#[test]
fn what_is_local_twice_keeps_its_elements() {
    let values = agreed(
        "local STRIP=a\nSTRIP[1]=b\nlocal STRIP=c\nf() { local w=1; w[1]=2; local w=3; MAKE=\"${w[*]}\"; }\nf\n",
    );
    assert_eq!(values.text(D::Strip, 1), Some("b"));
    assert_eq!(values.text(D::Make, 0), Some("3 2"));
}

#[test]
fn edge_12_local_and_return_at_the_top() {
    let values = agreed("local nn=3\nlocal kernelver\nMAKE=\"$nn$kernelver\"\nreturn 0\nMAKE=never\n");
    assert_eq!(values.text(D::Make, 0), Some("3"));
}

#[test]
fn edge_12_what_ends_the_shell_loses_everything() {
    for end in ["exit", "set -e; false", "set -u; echo $nope"] {
        let conf = format!("PACKAGE_NAME=x\n{end}\n");
        assert!(native(&conf, &context()).is_err());
        assert_eq!(ask(&conf, &context()).raw, None, "{end}");
    }
}

#[test]
fn edge_14_placeholders_are_values() {
    let values = agreed("PACKAGE_NAME=x\nPACKAGE_VERSION=\"#MODULES_VERSION#\"\nMAKE=%VERSION%");
    assert_eq!(values.text(D::PackageVersion, 0), Some("#MODULES_VERSION#"));
    assert_eq!(agreed("PACKAGE_NAME=x\n#PACKAGE_VERSION=1").iter().count(), 1);
}

#[test]
fn edge_15_strip_of_another_index() {
    let values = agreed("STRIP=\nSTRIP[1]=\"${STRIP[0]}\"\nAUTOINSTALL=\nREMAKE_INITRD=Y");
    assert_eq!(list(&values, D::Strip), [(0, String::new()), (1, String::new())]);
}

#[test]
fn edge_16_carriage_returns() {
    let values = agreed("PACKAGE_NAME=\"x\"\r\n\r\nPACKAGE_VERSION=1\r\n# comment\r\n");
    assert_eq!((values.text(D::PackageName, 0), values.text(D::PackageVersion, 0)), (Some("x"), Some("1")));
    assert!(refused("MAKE=(a b)\r\n").contains("array"));
    assert_eq!(ask("MAKE=(a b)\r\n", &context()).values, ["MAKE[0]=(a b)"]);
}

#[test]
fn edge_16_layout_of_lines() {
    let values = agreed("  PACKAGE_NAME=x # comment\n\tMAKE=\"a \\\n  b\"; STRIP=no   \nPACKAGE_VERSION=1");
    assert_eq!(values.text(D::Make, 0), Some("a b"));
    assert_eq!(values.text(D::PackageVersion, 0), Some("1"));
}

#[test]
fn edge_17_conditional_indices_leave_a_gap() {
    let conf = "BUILT_MODULE_NAME[0]=a\nif [[ $kernelver == 6.8.* ]]; then\nBUILT_MODULE_NAME[1]=b\nfi\n\
                BUILT_MODULE_NAME[2]=c";
    assert_eq!(list(&agreed(conf), D::BuiltModuleName), [(0, "a".into()), (2, "c".into())]);
}

#[test]
fn edge_18_odd_names_and_versions() {
    let values = agreed("PACKAGE_NAME=lime-forensics_x\nPACKAGE_VERSION=0~20220829+git-3\n");
    assert_eq!(values.text(D::PackageVersion, 0), Some("0~20220829+git-3"));
}

#[test]
fn edge_19_quotes_that_close_and_open_again() {
    assert_eq!(agreed_value("v=1\nMAKE=\"a=\"$v\"/b\"'c d'e\\ f", D::Make), "a=1/bc de f");
}

#[test]
fn edge_20_a_variable_of_the_conf_in_single_quotes() {
    assert_eq!(agreed_value("OWN=1\nMAKE='make $OWN x'", D::Make), "make  x");
}

#[test]
fn control_flow() {
    let conf = "f() { local x=$1; shift_=$#; case $x in a|b) echo ab;; c*) echo c;; *) return 3;; esac; }\n\
        for n in a b cc d; do MAKE+=\"$(f $n) \"; done\nf zz; STRIP=$?\nPOST_ADD=`f c`\n\
        if false; then :; elif ! test -d /nowhere; then PATCH=(`echo a b`); fi\n\
        { [ a = b ] || [ 3 -gt 2 -a x ]; } && PRE_BUILD=yes\n( PRE_BUILD=no )\n";
    let values = agreed(conf);
    assert_eq!(values.text(D::Make, 0), Some("ab ab c "));
    assert_eq!(values.text(D::Strip, 0), Some("3"));
    assert_eq!(list(&values, D::Patch).len(), 2);
    assert_eq!(values.text(D::PreBuild, 0), Some("yes"));
}

#[test]
fn programs_with_one_answer() {
    let conf = "MAKE=\"make -j$(nproc) $(uname -r) `uname -m`\"\n\
        { echo 4.4; echo $kernelver; } | sort -V -C && STRIP=yes\n\
        if echo CONFIG_A=y | grep -q '^CONFIG_A=[ym]'; then PATCH=a; fi\n\
        grep -qs x /nowhere; POST_ADD=$?\nPOST_BUILD=$(cat /etc/debian_version)\n";
    agreed(conf);
}

#[test]
fn what_is_written_but_not_reached_is_not_refused() {
    let conf = "if false; then cd /; while read x; do :; done; cat <<<\"x\"; fi\nf() { git describe | sed s/a/b/; }\n\
        K=${kernelver:-$(uname -s)}\nMAKE=$K";
    assert_eq!(agreed_value(conf, D::Make), "6.1.0-13-amd64");
}

#[test]
fn what_is_reached_and_unknown_is_refused_with_its_line() {
    for conf in [
        "cd /",
        "eval A=1",
        "set -e",
        "echo *",
        "echo {a,b}",
        "A=~",
        "echo $RANDOM",
        "IFS=:",
        "cat <<X\nX",
        "true &",
        "echo x >/tmp/file",
        "A=${!B}",
        "[ a -eq b ]",
        "while :; do :; done",
        "exit",
        "source ls",
        "cat -n VERSION",
        "<VERSION",
        "A=$$",
        "./version.sh",
        "A=${A?}",
    ] {
        let refusal = native(&format!("MAKE=1\n{conf}\n"), &context()).expect_err(conf);
        assert_eq!(refusal.location.line, 2, "{conf}: {refusal}");
    }
}

#[test]
fn an_override_sees_the_values_before_it() {
    let first = agreed("MAKE=make\nPATCH=(a b)");
    let source = Source::new("over.conf", "MAKE[0]=\"${MAKE[0]} X ${#PATCH[@]}\"");
    let raw = evaluator::evaluate(&source, &context(), &first, &crate::oracle::Host("/".into())).unwrap();
    assert_eq!(listed(&raw), ["MAKE[0]=make X 2", "PATCH[0]=a", "PATCH[1]=b"]);
}

/// Found by generated files: rules of bash that are rarer than any conf.
#[test]
fn oddities_are_refused() {
    for conf in [
        "[[ -n ]] && MAKE=a",
        "[[ ~ < a ]] && MAKE=a",
        "f() { STRIP=$#; }; f \"${nowhere[@]}$nowhere\" x",
        "f() { STRIP=$#; }; f \"${kernelver:-\"{a,b}\"}\"",
        "PATCH=( \"${kernelver:-'{a,b}'}\" )",
        "export MAKE={a,b}",
        "export MAKE=\"`echo \"{a,b}\"`\"",
        "MAKE=\"${kernelver:-'}\"",
        "MAKE=\"${nope:-\"\\n\"}\"",
    ] {
        refused(conf);
    }
    assert_eq!(agreed_value("MAKE=\"${nope:-\"{a,b}\"}\"", D::Make), "{a,b}");
    assert_eq!(agreed_value("MAKE=\"${nope:-'a  b'}\"", D::Make), "'a b'");
    assert_eq!(agreed_value("n=0; MAKE[$((n++))]=$n", D::Make), "0");
    assert_eq!(agreed_value("false; MAKE=$?$(true)$?", D::Make), "10");
}

#[test]
fn what_lies_beside_the_conf_is_found() {
    let conf = "PACKAGE_VERSION=\"$(cat VERSION)\"\nPOST_ADD=$(<VERSION)\n. ./inner/values\nPOST_BUILD=$FROM\n\
        POST_INSTALL=none\n[ -e VERSION ] && [ ! -e none ] && [[ -d inner ]] && POST_INSTALL=$(cat ./inner/../VERSION)\n\
        grep -q 1.2 VERSION && PRE_BUILD=grep\ncat <VERSION >/dev/null && PRE_INSTALL=\"$(cat < inner/values)\"\n\
        cat < none || POST_REMOVE=missing\nMAKE=$(source inner/values; echo $FROM)\n";
    let values = agreed(conf);
    let text = |directive| values.text(directive, 0).unwrap_or_default();
    assert_eq!([text(D::PackageVersion), text(D::PostAdd), text(D::PostBuild)], ["1.2.1", "1.2.1", "inner"]);
    assert_eq!([text(D::PostInstall), text(D::PreBuild), text(D::PreInstall)], ["1.2.1", "grep", "FROM=inner"]);
    assert_eq!([text(D::PostRemove), text(D::Make)], ["missing", "inner"]);
}

#[test]
fn what_is_local_to_the_reader_of_the_original_is_seen() {
    let conf = "MAKE=\"make -C ${_conf_file%/*} $read_conf_file $to_source_file\"\nPRE_BUILD='x $_conf_file'\nPRE_INSTALL=$0\n\
        POST_BUILD=\"$# ${1%% *}\"\nf() { POST_ADD=\"$# $1\"; }\nf a\nfor x; do PATCH=\"${x:+set}\"; done\n\
        POST_REMOVE='x $#'\n";
    let values = agreed(conf);
    let text = |directive| values.text(directive, 0).unwrap_or_default();
    assert_eq!(text(D::Make), "make -C . ./dkms.conf ./dkms.conf");
    assert_eq!(
        [text(D::PreBuild), text(D::PostRemove), text(D::PreInstall)],
        ["x ./dkms.conf", "x 1", "/usr/sbin/dkms"]
    );
    assert_eq!([text(D::PostBuild), text(D::PostAdd), text(D::Patch)], ["1 PACKAGE_NAME", "1 a", "set"]);
}

#[test]
fn commands_left_in_values_run_at_the_second_reading() {
    let conf = "PACKAGE_NAME=p\nMAKE='make -j$(nproc) ARCH=`uname -m` V=$(cat VERSION)'\n\
        PRE_BUILD=\"s.sh \\$(date +%Y | tr 0-9 n) \\$PACKAGE_NAME\"\nSTRIP=$(echo no)\n";
    let values = agreed(conf);
    assert!(values.text(D::Make, 0).unwrap().ends_with("V=1.2.1"));
    assert_eq!(values.text(D::PreBuild, 0), Some("s.sh nnnn p"));
    // From the first one on that needs a shell all are read by it, each seeing those before.
    let conf = "PACKAGE_NAME='$(echo a | tr a b)'\nPRE_BUILD='x $PACKAGE_NAME \\$y'\nMAKE='m $PRE_BUILD'\nPATCH='$(printf %s q)'";
    let values = agreed(conf);
    assert_eq!(values.text(D::Make, 0), Some("m x b $y"));
    assert_eq!(values.text(D::Patch, 0), Some("q"));
}

#[test]
fn an_empty_pattern_replaces_nothing_unless_it_is_anchored() {
    let conf = "a=abc x=\nMAKE=\"[${x/$v/z}][${x//$v/z}][${x/#$v/z}][${x/%$v/z}][${a/$v/z}][${a//$v/z}][${a/#$v/z}][${a/%$v/z}][${x/*/z}]\"";
    assert_eq!(agreed_value(conf, D::Make), "[][][z][z][abc][abc][zabc][abcz][z]");
}
