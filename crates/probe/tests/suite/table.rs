//! The table of outcomes and these tests belong together.
