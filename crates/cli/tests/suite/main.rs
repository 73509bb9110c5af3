//! The integration tests of the `bowline` binary, one module for each subject.

mod admission;
mod bad_input;
mod canary;
mod cli;
mod completion;
mod convert;
mod demo;
mod guides;
mod kube_rs;
mod kubectl;
mod manage;
mod mcp;
mod odahu;
mod pipeline_apply;
mod pipeline_check;
mod pipeline_readers;
mod pipelines;
mod project;
mod python;
mod run;
mod store;
mod test;
mod tools;
mod usage;
mod web;
