//! Generated files: whatever the evaluator does not refuse means to it what it means to bash, before and after the
//! hand-over; and the script for the contained shell brings back what bash has.

use crate::oracle::{ask, context, ends, handed_over, listed, native, shell_answer};
use dkms_conf::{Source, shell};
use proptest::prelude::*;
use proptest::strategy::Union;

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    prop::sample::select(texts).prop_map(str::to_owned)
}

/// A variable of dkms, of the file, or none.
fn variable() -> impl Strategy<Value = String> + Clone {
    one_of(&["kernelver", "v", "w", "A", "module", "nowhere", "MAKE", "PATCH", "parallel_jobs"])
}

fn directive() -> impl Strategy<Value = String> + Clone {
    one_of(&["MAKE", "PATCH", "BUILT_MODULE_NAME", "STRIP", "PACKAGE_NAME", "CLEAN", "v", "w", "A"])
}

/// Text that means nothing without quotes.
fn plain() -> impl Strategy<Value = String> + Clone {
    one_of(&["a", "b c", "6.1", "-rt-", "x=y", "yes", "/kernel/a", ",", ":", "%", "0", "2", ".ko", "#", "A"])
}

/// Text that means something, in some quotes or in none.
fn special() -> impl Strategy<Value = String> + Clone {
    one_of(&[
        "  ", "\t", "*", "?", "[ab]", "~", "{a,b}", "!", "@(a|b)", "&", ";", "(", "'", "\\n", "\\\\", "\\$", "$", "=",
    ])
}

/// A program that reads a text and writes a text.
fn filter() -> impl Strategy<Value = String> + Clone {
    one_of(&[
        "sed 's/[a-c]*/X/g'",
        "sed -n 's/\\(.*\\)-\\(.*\\)/\\2\\1/p'",
        "sed -E 's/(a|ab)(c|.b)?/<\\1>/'",
        "grep -o '[0-9]*'",
        "grep -w a",
        "grep -c 6",
        "cut -d. -f2-",
        "cut -c2",
        "tr a-c x-z",
        "tr -s ' ./' _",
        "sort -rV",
        "head -n1",
        "wc -w",
        "while read -r x y; do echo $y$x; done",
    ])
}

fn expansion(inner: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let operator =
        one_of(&[":-", "-", "+", ":+", "%", "%%", "#", "##", "/", "//", "/%", "/#", ":=", ":", "@", "^^", ",,"]);
    let index = one_of(&["", "", "", "[0]", "[1]", "[@]", "[*]", "[$w]"]);
    prop_oneof![
        3 => variable().prop_map(|name| format!("${name}")),
        2 => (variable(), index).prop_map(|(name, index)| format!("${{{name}{index}}}")),
        1 => variable().prop_map(|name| format!("${{#{name}[@]}}")),
        3 => (variable(), operator, inner.clone()).prop_map(|(name, operator, word)| match operator.as_str() {
            "^^" | ",," => format!("${{{name}{operator}}}"),
            "/" | "//" | "/%" | "/#" => format!("${{{name}{operator}{word}/z}}"),
            _ => format!("${{{name}{operator}{word}}}"),
        }),
        1 => (variable(), one_of(&["", "[@]", "[*]"]), -3..4_i32, prop::option::of(0..4_i32)).prop_map(
            |(name, all, offset, length)| match length {
                Some(length) => format!("${{{name}{all}: {offset}:{length}}}"),
                None => format!("${{{name}{all}: {offset}}}"),
            }
        ),
        1 => (variable(), one_of(&["", "[@]", "[*]"])).prop_map(|(name, all)| format!("${{!{name}{all}}}")),
        2 => (inner.clone(), filter()).prop_map(|(word, filter)| format!("$(echo {word} | {filter})")),
        1 => (one_of(&["%s", "%5s|", "%-4.2s", "%b", "%%", "%s-%s\\n"]), inner.clone())
            .prop_map(|(format, word)| format!("$(printf '{format}' {word})")),
        1 => (0..9_i32, one_of(&["+", "*", "-", "<", "==", "&&", "/", "%", "<<", "|"]), 1..9_i32)
            .prop_map(|(left, operator, right)| format!("$(( {left} {operator} (w++) + {right} ))")),
        1 => inner.clone().prop_map(|word| format!("$(echo {word})")),
        1 => inner.prop_map(|word| format!("`echo {}`", word.replace(['`', '\\'], ""))),
    ]
    .boxed()
}

/// A word: parts in quotes and without.
fn word() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => one_of(&["a", "bc", "6.1", "-rt-", "yes", "/kernel", ".ko", "0"]),
        2 => plain().prop_map(|text| format!("'{text}'")),
        2 => plain().prop_map(|text| format!("\"{text}\"")),
        1 => special().prop_map(|text| format!("'{}'", text.replace('\'', ""))),
        1 => special().prop_map(|text| format!("\"{text}\"")),
        1 => special().prop_map(|text| format!("\\{}", text.chars().next().unwrap_or('x'))),
        1 => one_of(&["%", ",", "=", ":", "+", "]", "#x", "\\\n", "''", "\"\"", "*", "~"]),
    ]
    .boxed();
    leaf.prop_recursive(3, 12, 3, |inner| {
        let expanded = expansion(inner.clone().boxed());
        prop_oneof![
            2 => expanded.clone(),
            3 => prop::collection::vec(prop_oneof![plain(), expanded], 1..3)
                .prop_map(|parts| format!("\"{}\"", parts.concat())),
            2 => prop::collection::vec(inner, 1..3).prop_map(|parts| parts.concat()),
        ]
    })
    .boxed()
}

fn assignment() -> BoxedStrategy<String> {
    let index = one_of(&["", "", "[0]", "[1]", "[3]", "[$w]", "[w]", "[$((w+1))]", "[w++]"]);
    prop_oneof![
        6 => (directive(), index, one_of(&["=", "=", "=", "+="]), word())
            .prop_map(|(name, index, operator, value)| format!("{name}{index}{operator}{value}")),
        1 => (directive(), one_of(&["=", "+="]), prop::collection::vec(word(), 0..4))
            .prop_map(|(name, operator, words)| format!("{name}{operator}( {} )", words.join("\n  "))),
        1 => (directive(), 0..4_i32, word(), word())
            .prop_map(|(name, index, first, second)| format!("{name}=([{index}]={first} {second})")),
        1 => directive().prop_map(|name| format!("unset {name}")),
        1 => (directive(), word()).prop_map(|(name, value)| format!("export {name}={value}")),
        1 => (directive(), word()).prop_map(|(name, value)| format!("local {name}=\"{}\"", value.replace('"', ""))),
        1 => (0..9_i32).prop_map(|number| format!("w={number}")),
    ]
    .boxed()
}

/// What is a number to `[ ]`, to `[[ ]]`, or to both.
fn number() -> impl Strategy<Value = String> + Clone {
    one_of(&["7", "010", "-3", "0x1f", "2#101", "w", "w+1", "$w", "\"8\"", "' 7'", "''", "w=4", "A[0]"])
}

/// `[ ]` with words that are operators or not because of where they stand.
fn many_words() -> impl Strategy<Value = String> + Clone {
    let word = one_of(&["!", "-n", "-z", "a", "\"$v\"", "=", "!=", "-a", "-o", "''", "b", "'('", "')'", "-e", "/"]);
    prop::collection::vec(word, 2..9).prop_map(|words| format!("[ {} ]", words.join(" ")))
}

fn condition() -> BoxedStrategy<String> {
    let comparison = one_of(&["==", "!=", "=", "<", ">"]);
    let test = prop_oneof![
        (word(), comparison.clone(), word())
            .prop_map(|(left, operator, right)| format!("[[ {left} {operator} {right} ]]")),
        (word(), one_of(&["=", "!="]), word())
            .prop_map(|(left, operator, right)| format!("[ {left} {operator} {right} ]")),
        (one_of(&["-n", "-z", "-e", "!"]), word()).prop_map(|(operator, word)| format!("[ {operator} {word} ]")),
        (one_of(&["-n", "-z"]), word()).prop_map(|(operator, word)| format!("[[ {operator} {word} ]]")),
        (variable(), one_of(&["-rt-", "^6\\.1", "(a|6)\\.", "[0-9]+$", "\"6.\"", "$v"]))
            .prop_map(|(name, expression)| format!("[[ ${name} =~ {expression} ]]")),
        (variable(), one_of(&["6.*", "+([0-9]).*", "@(yes|a*)", "*-rt-*", "?", "[!a]*", "\"6.\"*"]))
            .prop_map(|(name, pattern)| format!("[[ ${name} == {pattern} ]]")),
        (0..4_i32).prop_map(|number| format!("test $w -gt {number}")),
        (number(), one_of(&["-eq", "-ne", "-lt", "-ge"]), number(), one_of(&["[ | ]", "[[ | ]]"]))
            .prop_map(|(left, operator, right, form)| form.replace('|', &format!("{left} {operator} {right}"))),
        many_words(),
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("(( w > 2 ))".to_owned()),
    ];
    (prop::bool::weighted(0.2), test).prop_map(|(not, test)| if not { format!("! {test}") } else { test }).boxed()
}

fn statement() -> BoxedStrategy<String> {
    assignment()
        .prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                6 => inner.clone(),
                2 => (condition(), inner.clone(), inner.clone())
                    .prop_map(|(test, yes, no)| format!("if {test}; then\n  {yes}\nelse {no}; fi")),
                2 => (condition(), one_of(&["&&", "||"]), inner.clone())
                    .prop_map(|(test, join, then)| format!("{test} {join} {then}")),
                1 => (prop::collection::vec(word(), 1..3), inner.clone())
                    .prop_map(|(words, body)| format!("for v in {}; do {body}; done", words.join(" "))),
                1 => (inner.clone(), 0..3_i32, one_of(&["break", "continue", "false"])).prop_map(|(body, count, leave)| {
                    format!("for ((n=0; n<3; n++)); do\n [ $n = {count} ] && {leave}; {body}\ndone; STRIP=$n$?")
                }),
                1 => (inner.clone(), one_of(&[".", "-", ". ", ""]), word()).prop_map(|(body, separators, word)| {
                    format!("IFS='{separators}' read -r v A <<< {word}; {body}")
                }),
                1 => (word(), one_of(&["6.*", "a|b", "*", "\"a\"*", "[0-9]"]), inner.clone(), inner.clone())
                    .prop_map(|(word, pattern, first, other)| {
                        format!("case {word} in\n {pattern}) {first} ;;\n *) {other}\nesac")
                    }),
                1 => (inner.clone(), word())
                    .prop_map(|(body, word)| format!("f() {{ local w=2; {body}; STRIP=$1$#; }}\nf {word} x")),
                1 => (inner.clone(), prop::bool::ANY)
                    .prop_map(|(body, shell)| if shell { format!("( {body} )") } else { format!("{{ {body}; }}") }),
                1 => word().prop_map(|word| format!("echo {word} >/dev/null # comment '")),
            ]
        })
        .boxed()
}

fn file() -> impl Strategy<Value = String> {
    let line = Union::new_weighted(vec![
        (8, statement()),
        (1, one_of(&["", "# comment", "  :", "return", "v=$?", "STRIP=no # x"]).boxed()),
    ]);
    prop::collection::vec(line, 1..6).prop_map(|lines| lines.join("\n"))
}

/// Whether there is a parameter with another value in each process: number, options, last child, name.
fn names_the_process(text: &str) -> bool {
    ["$$", "$-", "$!", "$0"].iter().any(|parameter| text.contains(parameter))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        max_global_rejects: 30_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn means_what_it_means_to_bash(text in file()) {
        let context = context();
        let Ok(raw) = native(&text, &context) else {
            return Err(TestCaseError::reject("left to bash"));
        };
        // At the second reading they are those of the process that does it.
        prop_assume!(!listed(&raw).iter().any(|value| names_the_process(value)));
        let said = ask(&text, &context);
        prop_assert_eq!(Some(listed(&raw)), said.raw);
        let transferred = handed_over(&raw, &text, &context);
        if transferred.errors.is_empty() && transferred.warnings.is_empty() {
            prop_assert_eq!(listed(&transferred.values), said.values);
        }
    }

    #[test]
    fn the_contained_shell_brings_back_what_bash_has(text in file()) {
        let context = context();
        // A backslash that is left out between backquotes leaves one of them.
        prop_assume!(!names_the_process(&text));
        // Loops that count up what they set back.
        prop_assume!(ends(&text, &context));
        let source = Source::new("./dkms.conf", text.clone());
        let answer = shell_answer(&source, &context);
        let values = shell::read_result(&source, &answer).expect("a whole result");
        prop_assert_eq!(values.map(|values| listed(&values)), ask(&text, &context).raw);
    }
}

#[test]
fn what_never_ends_is_left_out() {
    assert!(!ends("while :; do :; done", &context()));
    assert!(ends("false", &context()));
}
