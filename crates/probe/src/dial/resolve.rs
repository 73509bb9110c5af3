//! Asking for the addresses of a name: a trait, so that tests can answer as hostile name servers do,
//! and the system's own way.

use std::io;
use std::net::IpAddr;

use futures::future::BoxFuture;

/// The addresses of a name, some time later.
pub type Resolving<'a> = BoxFuture<'a, io::Result<Vec<IpAddr>>>;

/// Who tells the addresses of names.
pub trait Resolve: Send + Sync {
    /// All addresses of a name, in the order in which they should be tried.
    fn addresses<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// The system's own way: hosts file and name servers.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Resolve for System {
    fn addresses<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let mut found: Vec<IpAddr> = Vec::new();
            for address in tokio::net::lookup_host((name, 0)).await? {
                if !found.contains(&address.ip()) {
                    found.push(address.ip());
                }
            }
            Ok(found)
        })
    }
}
