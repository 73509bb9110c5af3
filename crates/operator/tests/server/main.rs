//! The admission server on real sockets, and its certificates against a real API.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod authority;
mod certificates;
mod client;
mod health;
mod hostile;
mod reviews;
mod rotation;
mod world;
