//! Bowline on a real Kubernetes API, one module for each subject.

mod again;
mod bytes;
mod cases;
mod chart;
mod grants;
mod installed;
mod outage;
mod requests;
mod rights;
mod scene;
mod smoke;
mod wire;
