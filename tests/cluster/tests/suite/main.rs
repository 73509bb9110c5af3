//! Bowline on a real Kubernetes API, one module for each subject.

mod chart;
mod smoke;
