//! What the crate makes, against the world: stores with access rules.

mod isolation;
