//! Texts that nobody means: whatever comes in, an answer comes out.

use dkms_conf::pattern::Pattern;
use dkms_conf::world::TableWorld;
use dkms_conf::{Assignments, Context, FrameworkConfig, Source, ere, evaluator, version};
use proptest::prelude::*;

fn shellish() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "A", "=", "(", ")", "[", "]", "[[", "]]", "{", "}", "$", "${", "$(", "$((", "))", "`", "'", "\"", "\\", "\n",
        " ", ";", ";;", "&", "&&", "|", "||", "<", ">", "<<", "#", "!", "*", "?", "@(", "%", "/", ":", "-", "+", "++",
        "0", "9", "if", "then", "fi", "for", "in", "do", "done", "case", "esac", "f()", "local", "echo", "é",
        "\u{fffd}", "\r", "\t", "~", ",", "MAKE", "PATCH[", "]=", "+=", "return", "test", "source", "-n", "==", "=~",
        "-eq",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

fn evaluate(text: &str) -> bool {
    let source = Source::new("dkms.conf", text);
    evaluator::evaluate(&source, &Context::default(), &Assignments::default(), &TableWorld::default()).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(text in shellish(), other in "\\PC{0,40}") {
        for text in [&text, &other] {
            evaluate(text);
            let _ = FrameworkConfig::parse(&[Source::new("framework.conf", text.as_str())]);
            let _ = ere::is_match(text, &other);
            let _ = Pattern::new(text).matches("6.1.0-13-amd64");
            let _ = version::compare(text, &other);
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["(", "{ ", "$(", "\"$(", "${A:-", "$((", "if ", "[[ ! ", "[[ (", "A=$(( (", "@("] {
        assert!(!evaluate(&open.repeat(50_000)), "{open}");
    }
    assert!(!evaluate(&format!("(( {}1 ))", "-".repeat(50_000))));
    assert!(!evaluate("f() { f; }\nf\n"));
}

#[test]
fn endless_values_and_loops_are_refused() {
    assert!(!evaluate("A=aaaaaaaaaaaaaaaa\nf() { A+=$A; }\nf;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f\n"));
    let digits = "for i in 0 1 2 3 4 5 6 7 8 9; do ".repeat(7);
    assert!(!evaluate(&format!("{digits} : {}", "; done".repeat(7))));
}
