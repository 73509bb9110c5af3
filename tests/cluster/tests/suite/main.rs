//! Bowline on a real Kubernetes API, one module for each subject.

mod chart;
mod cases;
mod smoke;
mod wire;
