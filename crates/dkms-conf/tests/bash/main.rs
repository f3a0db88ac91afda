//! bash as the oracle of the evaluator: real edge cases, and generated files.

mod conditions;
mod edge_cases;
mod oracle;
mod property;
