//! tls
fn main() {}
