//! bash as the oracle of the evaluator: real edge cases, and generated files.

mod commands;
mod conditions;
mod edge_cases;
mod expansions;
mod filters;
mod matching;
mod oracle;
mod property;
