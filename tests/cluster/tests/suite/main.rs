//! Bowline on a real Kubernetes API, one module for each subject.

mod bytes;
mod cases;
mod chart;
mod grants;
mod installed;
mod smoke;
mod wire;
