//! JSON schemas of what the command prints with `--json`.

use std::path::PathBuf;

use anyhow::Result;
use dkms_cli::verbs::plan::PlanOutput;
use dkms_cli::verbs::status::Status;
use schemars::Schema;

/// One file for each verb that speaks JSON.
pub(super) fn files() -> Result<Vec<(PathBuf, String)>> {
    let file = |name: &str, schema: Schema| {
        let path = PathBuf::from("packaging/schema").join(format!("{name}.json"));
        anyhow::Ok((path, serde_json::to_string_pretty(&schema)? + "\n"))
    };
    Ok(vec![file("plan", schemars::schema_for!(PlanOutput))?, file("status", schemars::schema_for!(Status))?])
}
