//! Bowline on a real Kubernetes API, one module for each subject.

mod again;
mod cases;
mod outage;
mod requests;
mod rights;
mod scene;
mod wire;
