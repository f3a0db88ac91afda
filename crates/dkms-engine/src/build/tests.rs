//! Builds with real shells, makes and compilers.

use std::path::Path;

use super::testing::Setting;
use super::*;

mod concurrency;
mod copy;
mod environment;
mod failure;
mod steps;
mod verify;

fn failed(setting: &Setting, make: &str) -> Box<Failed> {
    setting.build(setting.order(Some(make))).unwrap_err()
}

fn log(setting: &Setting, failed: &Failed) -> String {
    setting.setup.root.read_to_string(failed.log.as_ref().unwrap()).unwrap()
}

fn shell_build(setting: &Setting, script: &str) -> String {
    let make = format!("{{ {script}; }} && make -C $kernel_source_dir M=$dkms_tree/m/1/build");
    let built = setting.build(setting.order(Some(&make))).unwrap();
    setting.setup.root.read_to_string(built.log.path()).unwrap()
}
