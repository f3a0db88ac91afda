//! JSON schemas of what the command prints with `--json`, and of the stored verdict.

use std::path::PathBuf;

use anyhow::Result;
use dkms_cli::verbs::explain::Explanations;
use dkms_cli::verbs::mok::status::MokStatus;
use dkms_cli::verbs::plan::PlanOutput;
use dkms_cli::verbs::status::Status;
use dkms_engine::verdict::Verdict;
use dkms_engine::verify::Verification;
use schemars::Schema;

/// One file for each value that programs read.
pub(super) fn files() -> Result<Vec<(PathBuf, String)>> {
    let file = |name: &str, schema: Schema| {
        let path = PathBuf::from("packaging/schema").join(format!("{name}.json"));
        anyhow::Ok((path, serde_json::to_string_pretty(&schema)? + "\n"))
    };
    Ok(vec![
        file("explain", schemars::schema_for!(Explanations))?,
        file("mok-status", schemars::schema_for!(MokStatus))?,
        file("plan", schemars::schema_for!(PlanOutput))?,
        file("status", schemars::schema_for!(Status))?,
        file("verify", schemars::schema_for!(Verification))?,
        file("verdict", schemars::schema_for!(Verdict))?,
    ])
}
