//! Proves a connection against its real endpoint, step by step: from its fields to the first bytes.
//! What a connection is and what may be wrong with its fields is left to `core`; who may ask for a
//! probe is left to the faces.
