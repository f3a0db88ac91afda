//! Texts without a meaning: whatever comes in, an answer comes out.

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
    for open in ["(", "{ ", "$(", "\"$(", "${A:-", "$((", "if ", "[[ ! ", "[[ (", "A=$(( (", "@(", "function f "] {
        assert!(!evaluate(&open.repeat(50_000)), "{open}");
    }
    for term in ["1**", "-", "a=", "1?", "1?2:", "a[", "(", "!"] {
        assert!(!evaluate(&format!("(( {}1 ))", term.repeat(50_000))), "{term}");
    }
    // Neither read twice nor nested, however long it is.
    assert!(evaluate(&format!("(( {}0{} ))", "a[".repeat(30), "]".repeat(30))));
    assert!(evaluate(&format!("[[ a{} ]]", " || a".repeat(20_000))));
    assert!(!evaluate("f() { f; }\nf\n"));
}

#[test]
fn endless_values_and_loops_are_refused() {
    assert!(!evaluate("A=aaaaaaaaaaaaaaaa\nf() { A+=$A; }\nf;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f;f\n"));
    let digits = "for i in 0 1 2 3 4 5 6 7 8 9; do ".repeat(7);
    assert!(!evaluate(&format!("{digits} : {}", "; done".repeat(7))));
}

/// What would take for ever, or all of the memory, is over budget; each of these took minutes or gigabytes.
#[test]
fn what_costs_too_much_is_refused() {
    let value = "X=aaaaaaaaaaaaaaaa\nX=$X$X$X$X$X$X$X$X$X$X$X$X$X$X$X$X\nX=$X$X$X$X$X$X$X$X$X$X$X$X$X$X$X$X\n";
    let expressions: String = (0..70).map(|at| format!("a{at}=a{}+a{}\n", at + 1, at + 1)).collect();
    for bomb in [
        // A word that is far larger than any value, and many values.
        format!("{value}Y={}", "$X".repeat(100_000)),
        format!("{value}{}", (0..20_000).map(|at| format!("A[{at}]=$X\n")).collect::<String>()),
        format!("{value}f() {{ local Y=$X; f; }}\nfor i in {}; do echo $(echo $(echo $X)); done", "1 ".repeat(10_000)),
        // A copy of all variables for each subshell.
        format!("{value}{}for i in {}; do (Y=1); done", "A+=($X)\n".repeat(60), "1 ".repeat(1000)),
        // Read again with twice the text each time.
        format!("{expressions}(( a0 ))"),
        format!("X={}x{}", "$((".repeat(22), ") ; x)".repeat(22)),
        // The end is looked for again from every place.
        "(((a); ".repeat(100_000),
        "echo ${A[@]} ${A[@]}\n".repeat(20_000).replacen("echo", &format!("A=({})\necho", "a ".repeat(2000)), 1),
    ] {
        let source = Source::new("dkms.conf", bomb.as_str());
        let refusal =
            evaluator::evaluate(&source, &Context::default(), &Assignments::default(), &TableWorld::default());
        let shown: String = bomb.chars().take(60).collect();
        assert!(refusal.as_ref().is_err_and(|refusal| refusal.over_budget), "{shown}: {refusal:?}");
    }
}

/// Many values are no reason to refuse, nor to look at the whole file for each of them.
#[test]
fn sixty_thousand_values() {
    let text: String = (0..60_000).map(|at| format!("PATCH[{at}]=$kernelver.p;")).collect();
    let head = "PACKAGE_NAME=x\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME=x\nDEST_MODULE_LOCATION=/extra\n";
    let request = dkms_conf::Request {
        sources: &[Source::new("dkms.conf", format!("{head}{text}"))],
        directives: &[],
        context: &Context { kernelver: Some("6.1".to_owned()), ..Context::default() },
        world: &TableWorld::default(),
        shell: None,
    };
    let checked = dkms_conf::evaluate(&request).unwrap().module_config(dkms_conf::Strictness::Strict).unwrap();
    assert_eq!(checked.config.patches.len(), 60_000);
}
