//! Generated patterns and expressions, matched by bash and here: whatever is not refused has to agree.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests ask the bash of the machine, and end when it is not there"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use dkms_conf::budget::Budget;
use dkms_conf::ere::{Ere, EreError};
use dkms_conf::pattern::Pattern;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// For each pair of a pattern and a text that is read: what `==` and the operators of expansions make of it, and the
/// status of `=~`.
const SCRIPT: &str = r#"
shopt -s extglob
while IFS= read -r -d '' P && IFS= read -r -d '' X; do
    [[ $X == $P ]]
    printf '%s\0' "$?" "${X#$P}" "${X##$P}" "${X%$P}" "${X%%$P}" "${X/$P/-}" "${X//$P/-}" "${X/#$P/-}" "${X/%$P/-}"
    [[ $X =~ $P ]] 2>/dev/null
    printf '%s\0' "$?"
done
"#;
const ANSWERS: usize = 10;

fn pieces(texts: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(texts), 0..most).prop_map(|pieces| pieces.concat())
}

fn pattern() -> impl Strategy<Value = String> {
    let leaf = pieces(
        &[
            "a",
            "b",
            "ab",
            "*",
            "?",
            "[ab]",
            "[!a]",
            "[[:digit:]]",
            "[b-a]",
            "[]a]",
            ".",
            "1",
            "_",
            "\\*",
            "é",
            "[",
            "-",
        ],
        4,
    );
    leaf.prop_recursive(3, 8, 3, |inner| {
        let group = (prop::sample::select(vec!["@", "?", "*", "+", "!"]), prop::collection::vec(inner.clone(), 1..3));
        prop_oneof![
            2 => group.prop_map(|(kind, choices)| format!("{kind}({})", choices.join("|"))),
            1 => (inner.clone(), inner).prop_map(|(left, right)| left + &right),
        ]
    })
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = pieces(
        &[
            "a",
            "b",
            "ab",
            ".",
            "^",
            "$",
            "[ab]",
            "[^a]",
            "[[:alpha:]]",
            "[a-]",
            "[]b]",
            "1",
            " ",
            "\\b",
            "\\B",
            "\\<",
            "\\>",
            "\\w",
            "\\W",
            "\\s",
            "\\S",
            "\\.",
            "*",
            "+",
            "?",
            "{2}",
            "{0,1}",
            "{,2}",
            "{1,}",
            "é",
            ")",
            "-",
            "_",
            "{",
            "|",
            "\\",
        ],
        4,
    );
    leaf.prop_recursive(3, 8, 3, |inner| {
        let repeated = prop::sample::select(vec!["", "*", "+", "?", "{2}", "{0,2}", "{0}"]);
        prop_oneof![
            2 => (inner.clone(), inner.clone(), repeated).prop_map(|(left, right, times)| format!("({left}|{right}){times}")),
            1 => (inner.clone(), inner).prop_map(|(left, right)| left + &right),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    pieces(&["a", "b", "ab", "1", ".", " ", "_", "é", "-", "*", "[", "\n"], 8)
}

fn bash(pairs: &[(String, String)]) -> Vec<Vec<u8>> {
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-c", SCRIPT]).env_clear().env("LC_ALL", "C");
    let mut child = bash.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let text: String = pairs.iter().map(|(pattern, text)| format!("{pattern}\0{text}\0")).collect();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.stdout.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// The characters of the value of a variable, as a pattern: a backslash quotes the next one.
fn unquoted(text: &str, escapes: bool) -> Vec<(char, bool)> {
    let mut chars = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if escapes => chars.push(rest.next().map_or(('\\', true), |next| (next, true))),
            _ => chars.push((c, false)),
        }
    }
    chars
}

fn agree(kind: impl Strategy<Value = String>, check: impl Fn(&str, &str, &[Vec<u8>])) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (kind, text());
    let pairs: Vec<_> = (0..4000).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let answers = bash(&pairs);
    assert_eq!(answers.len(), pairs.len() * ANSWERS + 1);
    for ((pattern, text), answers) in pairs.iter().zip(answers.chunks(ANSWERS)) {
        check(pattern, text, answers);
    }
}

#[test]
fn patterns_mean_what_they_mean_to_bash() {
    let understood = std::cell::Cell::new(0);
    agree(pattern(), |pattern, text, answers| {
        let budget = Budget::new();
        let parsed = Pattern::from_quoted(&unquoted(pattern, true), &budget).unwrap();
        if parsed.oddity().is_some() {
            return;
        }
        understood.set(understood.get() + 1);
        let shown = |answer: usize| String::from_utf8_lossy(&answers[answer]).into_owned();
        let matches = parsed.matches_within(text, &budget).unwrap();
        assert_eq!(matches, answers[0] == b"0", "{pattern:?} and {text:?}");
        for (answer, (end, longest)) in [(false, false), (false, true), (true, false), (true, true)].iter().enumerate()
        {
            let trimmed = parsed.trim(text, *end, *longest, &budget).unwrap();
            assert_eq!(
                trimmed,
                answers[1 + answer],
                "{pattern:?} off {text:?} ({end} {longest}): {}",
                shown(1 + answer)
            );
        }
        for (answer, (all, anchor)) in
            [(false, None), (true, None), (false, Some('#')), (false, Some('%'))].iter().enumerate()
        {
            let Some(replaced) = parsed.replace(text, "-", *all, *anchor, &budget).unwrap() else {
                continue;
            };
            assert_eq!(
                replaced,
                answers[5 + answer],
                "{pattern:?} in {text:?} ({all} {anchor:?}): {}",
                shown(5 + answer)
            );
        }
    });
    assert!(understood.get() > 3000, "{}", understood.get());
}

#[test]
fn expressions_mean_what_they_mean_to_bash() {
    let understood = std::cell::Cell::new(0);
    agree(expression(), |expression, text, answers| {
        let budget = Budget::new();
        let status = answers[9].as_slice();
        match Ere::from_quoted(&unquoted(expression, false), &budget) {
            Ok(parsed) if text.contains('\n') && parsed.has_anchors() => {}
            Ok(parsed) => {
                understood.set(understood.get() + 1);
                let matches = parsed.is_match(text, &budget).unwrap();
                let expected: &[u8] = if matches { b"0" } else { b"1" };
                assert_eq!(expected, status, "{expression:?} in {text:?}");
            }
            Err(EreError::Unsupported(_)) => {}
            Err(why) => assert_eq!(status, b"2", "{expression:?}: {why}"),
        }
    });
    assert!(understood.get() > 1500, "{}", understood.get());
}
