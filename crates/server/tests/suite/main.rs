//! Tests of the web server over real HTTP, in front of an embedded API with real access rules.

mod audit_lines;
mod canary;
mod document;
mod guards;
mod identity;
mod matrix;
mod meddle;
mod odahu;
mod oidc;
mod pipelines;
mod rest;
mod sessions;
mod testing;
mod world;
