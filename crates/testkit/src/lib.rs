//! What the tests of all crates share: admission cases as data, a cluster in memory, pages made
//! from code, and canaries that betray a leaked secret value. A development dependency only.

pub mod canary;
pub mod cases;
pub mod memory;
pub mod oidc;
pub mod page;
pub mod s3;
pub mod server;
pub mod servers;

pub use canary::{Canaries, Leak};
pub use memory::Memory;
pub use oidc::Oidc;
pub use s3::S3;
