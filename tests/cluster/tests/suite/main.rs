//! The tests of a cluster, one module for each subject.

mod bytes;
