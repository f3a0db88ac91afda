//! `[ ]`, `[[ ]]` and arithmetic: which rule applies to how many words, and what a number is where.

use crate::oracle::{agreed, agreed_value, all_refused, context};
use dkms_conf::world::TableWorld;
use dkms_conf::{Assignments, Directive as D, Source, evaluator};

/// One digit for each test: its status.
fn statuses(tests: &[&str]) -> String {
    let lines = tests.iter().map(|test| format!("{test}\nMAKE+=$?\n"));
    agreed_value(&format!("A=1 B=\nn=10\n{}", lines.collect::<String>()), D::Make)
}

#[test]
fn a_not_belongs_to_its_operand() {
    let tests = [
        "test ! -z \"$A\" -a ! -z \"$B\"",
        "[ ! x86_64 = x86_64 -a ! x86_64 = aarch64 ]",
        "[ ! -e / -o -e / ]",
        "[ ! -n \"$A\" -o ! -n \"$B\" -a -d / ]",
        "[ ! ! -n \"$A\" -a x ]",
        "[ a = b -o a = a -a ! b = c ]",
        "[ a = a -o b -a \"\" ]",
    ];
    assert_eq!(statuses(&tests), "1100000");
}

#[test]
fn up_to_four_arguments_have_rules_of_their_own() {
    let tests =
        ["[ ]", "[ ! ]", "[ -n ]", "[ \"\" ]", "[ ! \"\" ]", "[ ! a ]", "[ -z \"\" ]", "[ ! = ! ]", "[ ! -a a ]"];
    assert_eq!(statuses(&tests), "100101000");
    let tests = ["[ ! -o \"\" ]", "[ ! -z a ]", "[ '(' a ')' ]", "[ ! a = b ]", "[ ! ! -z a ]", "[ '(' -z '' ')' ]"];
    assert_eq!(statuses(&tests), "000010");
    let tests = ["[ '(' a = b ')' -o c ]", "[ ! '(' a = a -a '' ')' -a '(' x ')' ]", "[ -a -a / ]", "[ -v n -a -v x ]"];
    assert_eq!(statuses(&tests), "0001");
}

#[test]
fn what_bash_complains_about_is_left_to_it() {
    all_refused(&[
        "[ a b ]",
        "[ a b c ]",
        "[ a b c d ]",
        "[ a = a b ]",
        "[ a -a b c d ]",
        "[ a = a -a ]",
        "[ '(' a = a -a b ]",
        "[ a -nt b ]",
        "[ a -eq 1 ]",
        "[ '' -eq 0 ]",
        "[ -o posix ]",
        "[ 1 -eq \"1\n\" ]",
        "[[ 1a -eq 1 ]]",
        "[[ 1/0 -eq 1 ]]",
        "[[ 09 -gt 4 ]]",
        "[[ 1.2 -gt 1 ]]",
        "[[ '\"1\"' -eq 1 ]]",
    ]);
}

#[test]
fn numbers_are_decimal_in_one_and_expressions_in_the_other() {
    let tests = [
        "[ 010 -eq 10 ]",
        "[ ' +5 ' -eq 5 ]",
        "[ -1 -lt 0 ]",
        "[[ 010 -eq 8 ]]",
        "[[ 0x1f -eq 31 ]]",
        "[[ 2#101 -ge 5 ]]",
        "[[ n -eq 10 ]]",
        "[[ n+1 -gt n*1 ]]",
        "[[ '' -eq 0 ]]",
        "[[ nowhere -eq 0 ]]",
        "[[ x=4 -eq x ]]",
        "[[ \"$((n - 1))\" -le 9 ]]",
    ];
    assert_eq!(statuses(&tests), "000000000000");
}

#[test]
fn double_quotes_in_arithmetic_mean_nothing() {
    let values = agreed(
        "PATCH=(3 4 5)\ni=1\nMAKE=\"${PATCH[\"i\"]}${PATCH[\"2\"]}$(( PATCH[\"0\"] + \"$i\" ))\"\nPATCH[\"0\"]=x\n\
         PATCH[\"i\"+2]=y\nPATCH[\" $i \"]=z\n(( \"i\" == 1 )) && STRIP=no\n(( )) || CLEAN=$?$(( ))\n",
    );
    assert_eq!(values.text(D::Make, 0), Some("454"));
    assert_eq!(values.array(D::Patch).map(|(_, value)| value.text.as_str()).collect::<String>(), "xz5y");
    assert_eq!((values.text(D::Strip, 0), values.text(D::Clean, 0)), (Some("no"), Some("10")));
    all_refused(&["PATCH['0']=x", "i=1; MAKE=${PATCH['i']}", "PATCH[\\0]=x", "PATCH[\"x y\"]=1", "MAKE=$(('1' + 2))"]);
}

/// Every test of two to five of these words that the evaluator does not leave to bash.
#[test]
fn words_are_operators_where_bash_takes_them_for_operators() {
    const WORDS: [&str; 7] = ["!", "-n", "a", "=", "-a", "-o", "''"];
    let mut tests = vec![Vec::new()];
    let mut understood = Vec::new();
    for length in 1..=5 {
        let longer = |test: &Vec<&'static str>| WORDS.map(|word| [test.as_slice(), &[word]].concat());
        tests = tests.iter().flat_map(longer).collect();
        let lines = tests.iter().map(|test| format!("[ {} ]", test.join(" ")));
        let reads = |line: &String| {
            let source = Source::new("./dkms.conf", line.as_str());
            evaluator::evaluate(&source, &context(), &Assignments::default(), &TableWorld::default()).is_ok()
        };
        understood.extend(lines.filter(|line| length > 1 && reads(line)));
    }
    assert!(understood.len() > 1_000, "{}", understood.len());
    for tests in understood.chunks(2000) {
        let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
        assert_eq!(statuses(&tests).len(), tests.len());
    }
}
