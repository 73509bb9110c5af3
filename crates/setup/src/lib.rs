//! An installation of pipelines where it runs: its rendered objects against those of a cluster, and its
//! readers at the object store. What the objects are and what each reader finds in them is left to
//! `bowline_pipelines`, how endpoints are spoken with to `bowline_probe`, showing it to the faces.

pub mod apply;
pub mod check;
pub mod objects;
mod opt_in;
