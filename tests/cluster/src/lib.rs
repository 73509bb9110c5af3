//! What the tests of a cluster share: the parts of other people's software that Bowline meets there.

pub mod storage;
