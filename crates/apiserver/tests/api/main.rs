//! The API as clients see it. Most tests speak to the service in this process; `tls` and `kubectl`
//! go through a real socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod admission;
mod apply;
mod bad_input;
mod certificates;
mod changed_definitions;
mod client;
mod definitions;
mod deletions;
mod discovery;
mod escalation;
mod forms;
mod garbage;
mod hostile;
mod kubectl;
mod lists;
mod model;
mod namespaces;
mod objects;
mod owners;
mod patches;
mod policies;
mod refusals;
mod scale;
mod secrets;
mod tls;
mod tokens;
mod values;
mod watches;
mod workloads;
