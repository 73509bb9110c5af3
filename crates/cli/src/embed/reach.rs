//! What `bowline up --listen` serves beyond loopback: the Kubernetes API and the web, over TLS. What
//! takes a caller's word for who they are, or speaks in clear, stays on loopback.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use bowline_server::callers::Callers;
use bowline_server::guard::Hosts;
use bowline_server::{Settings, testing};

use super::at_fault;
use crate::failure::{Failure, Kind};

/// The port on which HTTPS needs no number in a name.
const HTTPS: u16 = 443;

/// Where clients on other machines reach us.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// An address of this machine.
    pub(crate) address: IpAddr,
    /// Port of the web over TLS.
    pub(crate) https_port: u16,
}

/// The web over TLS, bound and not yet serving.
pub(super) struct Far {
    pub(super) listener: TcpListener,
    pub(super) web: Router,
}

impl Reach {
    /// The web for clients there: known by its address alone, and without health and metrics, which
    /// ask nobody who they are.
    pub(super) fn web(
        self,
        listener: TcpListener,
        near: &Settings,
        callers: Arc<dyn Callers>,
    ) -> Result<Far, Failure> {
        let address = listener.local_addr().map_err(|error| at_fault(&error))?;
        let hosts = Hosts::default().and(names(address).iter().map(String::as_str));
        let hosts = hosts.map_err(|error| at_fault(&error))?;
        let homes = near.types.homes().clone();
        let mut far = Settings::new(hosts, true, near.reader.clone(), homes);
        far.oidc.clone_from(&near.oidc);
        far.odahu.clone_from(&near.odahu);
        far.metrics = near.metrics.clone();
        // Whoever is elsewhere could not go where this machine goes.
        far.testing = testing::Settings {
            is_open: false,
            ..near.testing.clone()
        };
        let web = bowline_server::routes(far, callers, Router::new());
        Ok(Far { listener, web })
    }
}

fn names(address: SocketAddr) -> Vec<String> {
    let mut names = vec![address.to_string()];
    if address.port() == HTTPS {
        let text = address.to_string();
        names.extend(text.rsplit_once(':').map(|(host, _)| host.to_owned()));
    }
    names
}

/// A listener on a port of an address.
pub(super) fn bind(flag: &str, address: IpAddr, port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((address, port)).map_err(|error| {
        if error.kind() == ErrorKind::AddrNotAvailable {
            let what = format!("{address} is not an address of this machine");
            return Failure::new(Kind::Usage, what)
                .caused_by(&error)
                .help("name one by which others reach this machine with `--listen`");
        }
        let place = match address {
            IpAddr::V4(Ipv4Addr::LOCALHOST) => "this machine".to_owned(),
            address => format!("address {address}"),
        };
        Failure::new(
            Kind::Unavailable,
            format!("port {port} of {place} cannot be used"),
        )
        .caused_by(&error)
        .help(format!(
            "choose another with `{flag}`; 0 means any free one"
        ))
    })
}
