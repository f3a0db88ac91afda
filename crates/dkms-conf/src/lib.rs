//! What people write in `dkms.conf` and `framework.conf`, turned into what dkms knows. No disk, no process, no clock.
//!
//! ```text
//! Source -> evaluator (or shell) -> raw values -> transfer -> Assignments -> check -> ModuleConfig
//!   one file                                                  all files               typed, stored with a build
//! ```
//!
//! The caller loads the files, answers questions about the machine ([`World`]), and may offer a contained bash
//! ([`Shell`]) for what the evaluator refuses.
#![deny(missing_docs)]

pub mod assignments;
pub mod budget;
pub mod check;
pub mod conf;
pub mod context;
pub mod diagnostic;
pub mod directive;
pub mod ere;
pub mod evaluator;
pub mod exclusion;
pub mod file_name;
pub mod framework;
pub mod framework_key;
mod matcher;
pub mod module_config;
pub mod nearest;
pub mod pattern;
pub mod placeholder;
mod refusal;
pub mod shell;
pub mod source;
pub mod template;
pub mod transfer;
pub mod version;
pub mod world;

pub use assignments::Assignments;
pub use check::{Checked, Strictness};
pub use conf::{Evaluated, Request, evaluate};
pub use context::Context;
pub use diagnostic::{Diagnostic, Location, Rejected, Severity};
pub use directive::Directive;
pub use exclusion::{Exclusion, Kernel};
pub use framework::FrameworkConfig;
pub use module_config::{ModuleConfig, Record};
pub use refusal::Refusal;
pub use shell::{Shell, ShellAnswer, ShellRequest};
pub use source::Source;
pub use world::{FileKind, World};
