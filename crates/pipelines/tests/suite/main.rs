//! Tables of inputs and of what must come out, and the laws that hold for all of them.

mod case;
mod formats;
mod isolation;
mod laws;
mod next_action;
mod schema;
mod tables;
mod worked_examples;
