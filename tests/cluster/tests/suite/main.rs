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
mod large;
mod outage;
mod requests;
mod rights;
mod scene;
mod users;
mod wire;
