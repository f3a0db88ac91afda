//! One file for each verb: its arguments, what it does, what it prints.

pub mod status;
