//! What libdnf5's plugin `actions` and we say to one another before a transaction: a line of JSON each
//! (libdnf5-actions(8), "mode=json").

use std::io::{BufRead, Write};

use dkms_engine::setup::Setup;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::incoming;

/// The answer to what is asked, as far as it is of interest.
#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "return")]
    answer: Answer,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    trans_packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    direction: String,
    full_nevra: String,
}

/// Asks for the packages, tells what follows, and has the transaction stopped if it is to be.
pub(crate) fn converse(setup: &Setup) {
    ask(&json!({"op": "get", "domain": "trans_packages", "args": {"output": ["full_nevra", "direction"]}}));
    let mut line = String::new();
    if let Err(error) = std::io::stdin().lock().read_line(&mut line) {
        log::debug!("the answer of dnf5: {error}");
    }
    let mut reasons = Vec::new();
    let stops = incoming::report(setup, &names(&line), &mut |text| {
        dkms_hook::say(text);
        reasons.extend(text.lines().map(str::to_owned));
    });
    if stops {
        ask(&json!({"op": "stop", "args": {"message": format!("dkms: {}", reasons.join("; "))}}));
    }
}

/// The names of packages that come, one a line. Of an answer that is not understood nothing comes.
fn names(reply: &str) -> String {
    let packages =
        serde_json::from_str::<Reply>(reply).map(|reply| reply.answer.trans_packages).unwrap_or_else(|error| {
            log::debug!("the answer of dnf5: {error}");
            Vec::new()
        });
    packages.into_iter().filter(|package| package.direction == "IN").map(|package| package.full_nevra + "\n").collect()
}

fn ask(request: &Value) {
    let mut stdout = std::io::stdout().lock();
    // If it is closed, there is no process left to ask.
    drop(writeln!(stdout, "{request}").and_then(|()| stdout.flush()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_taken_from_the_answer() {
        let reply = r#"{ "op": "reply", "requested_op": "get", "domain": "trans_packages", "return": { "trans_packages": [
            { "direction": "OUT", "full_nevra": "foo-0:1.0-1.noarch" },
            { "direction": "IN", "full_nevra": "foo-0:1.1-1.noarch" } ] }, "status": "OK" }"#;
        assert_eq!(names(reply), "foo-0:1.1-1.noarch\n");
        for other in ["", "x", "{}", r#"{"status":"ERROR","return":{}}"#, r#"{"return":{"trans_packages":[{}]}}"#] {
            assert_eq!(names(other), "", "{other}");
        }
    }
}
