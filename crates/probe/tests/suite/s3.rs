//! S3 connections, against a real server and against stubs with one fault each.

mod errands;
mod faults;
pub(crate) mod real;
