//! The engine: facts, plan, build, sign, install, report. Prints nothing, reads no argv, holds no global.
#![deny(missing_docs)]
