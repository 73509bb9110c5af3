//! Connection types and connections: what is given, what is stored, what is said about it. The pure
//! parts by tables and laws, the rest on the embedded Kubernetes API in this process.

// api
mod cases;
// compatibility
// connections
// edit
// laws
mod naming;
mod rules;
// types
mod values;
