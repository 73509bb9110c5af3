//! From connection to bytes.
