//! Tests of the web server over real HTTP, in front of an embedded API with real access rules.

mod guards;
mod identity;
mod odahu;
mod sessions;
mod world;
