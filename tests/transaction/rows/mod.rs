//! Rows that are the same with every package manager.

pub(crate) mod concurrency;
pub(crate) mod full;
pub(crate) mod kernels;
pub(crate) mod modules;
pub(crate) mod news;
pub(crate) mod owners;
pub(crate) mod pairs;
pub(crate) mod staying;
