//! Admission cases as data: what a person does to Secrets and workloads, and what must come of it.
//! The files in `cases/` hold the data, [`World`] is where they are played, [`run`] plays them.

mod check;
mod expect;
mod fixture;
mod format;
mod in_memory;
mod review;
mod run;
mod show;
mod world;

#[cfg(test)]
mod tests;

pub use format::{Case, File, Reach, Step, Then, load};
pub use in_memory::InMemory;
pub use run::{Report, run};
pub use world::World;

/// Namespace that all cases play in.
pub const NAMESPACE: &str = "team-a";
/// Name of the workload where a case gives none.
pub const NAME: &str = "demo";
/// User name of the requester.
pub const USER: &str = "developer";
