//! Tables of inputs and of what must come out, and the laws that hold for all of them.

mod case;
mod isolation;
mod laws;
mod tables;
mod worked_examples;
