//! Bowline on a real Kubernetes API, one module for each subject.

mod adoption;
mod again;
mod bytes;
mod cases;
mod chart;
mod commands;
mod differential;
mod faults;
mod grants;
mod helm;
mod installed;
mod outage;
mod requests;
mod rights;
mod scene;
mod wire;
