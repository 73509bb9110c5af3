//! Bowline on a real Kubernetes API, one module for each subject.

mod bytes;
mod cases;
mod smoke;
mod wire;
