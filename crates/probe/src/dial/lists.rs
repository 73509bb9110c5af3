//! The lists by which administrators allow and deny where tests go: networks and host names.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;
use url::Host;

use super::judge::embedded;

/// One line of a list: `10.0.0.0/8`, `192.0.2.7`, `s3.example.com`, `*.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// All addresses whose first bits are these.
    Network(IpAddr, u8),
    /// One name.
    Name(String),
    /// All names below this one.
    Below(String),
}

/// The text is neither a network nor a host name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is neither a network such as `10.0.0.0/8` nor a host such as `*.example.com`")]
pub struct UnknownPattern(String);

impl FromStr for Pattern {
    type Err = UnknownPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownPattern(text.to_owned());
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(a, bits)| (a, Some(bits)));
        if let Ok(address) = address.trim_matches(['[', ']']).parse::<IpAddr>() {
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Ok(most), str::parse).map_err(|_| unknown())?;
            return (bits <= most)
                .then_some(Self::Network(address, bits))
                .ok_or_else(unknown);
        }
        let (name, make): (_, fn(String) -> Self) = match text.strip_prefix("*.") {
            Some(name) => (name, Self::Below),
            None => (text, Self::Name),
        };
        match Host::parse(name) {
            Ok(Host::Domain(name)) if bits.is_none() && !name.contains('*') => {
                Ok(make(bare(&name).to_owned()))
            }
            _ => Err(unknown()),
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Network(address, bits) => write!(f, "{address}/{bits}"),
            Self::Name(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
        }
    }
}

impl Pattern {
    /// Whether it means this target at this address.
    pub(super) fn matches(&self, host: &Host<String>, address: IpAddr) -> bool {
        let name = match host {
            Host::Domain(name) => bare(name),
            _ => "",
        };
        match self {
            Self::Network(network, bits) => {
                forms(address).any(|address| is_in(address, *network, *bits))
            }
            Self::Name(wanted) => name == wanted,
            Self::Below(parent) => name
                .strip_suffix(parent.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        }
    }
}

fn bare(name: &str) -> &str {
    name.trim_end_matches('.')
}

/// The address, and the IPv4 addresses that it stands for.
fn forms(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let within = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(embedded(address).map(IpAddr::V4)),
    };
    std::iter::once(address).chain(within.into_iter().flatten())
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 4),
        IpAddr::V6(address) => (Ipv6Addr::to_bits(address), 6),
    };
    let ((address, family), (network, other)) = (number(address), number(network));
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    family == other && address & mask == network & mask
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("10.0.0.0/8", "a.example", "10.9.9.9", true)]
    #[case("10.0.0.0/8", "a.example", "11.0.0.1", false)]
    #[case("10.0.0.0/8", "a.example", "::ffff:10.1.2.3", true)]
    #[case("10.0.0.0/8", "a.example", "64:ff9b::a01:203", true)]
    #[case("192.0.2.7", "a.example", "192.0.2.7", true)]
    #[case("0.0.0.0/0", "a.example", "192.0.2.7", true)]
    #[case("0.0.0.0/0", "a.example", "2001:db8::1", false)]
    #[case("2001:db8::/32", "a.example", "2001:db8::1", true)]
    #[case("s3.example.com", "s3.example.com.", "192.0.2.7", true)]
    #[case("s3.example.com", "x.s3.example.com", "192.0.2.7", false)]
    #[case("*.example.com", "S3.Example.COM", "192.0.2.7", true)]
    #[case("*.example.com", "example.com", "192.0.2.7", false)]
    #[case("*.example.com", "badexample.com", "192.0.2.7", false)]
    fn a_pattern_means_what_it_says(
        #[case] pattern: Pattern,
        #[case] host: &str,
        #[case] address: IpAddr,
        #[case] expected: bool,
    ) {
        let host = Host::parse(host).expect("a host");
        assert_eq!(pattern.matches(&host, address), expected);
    }

    #[rstest]
    #[case("10.0.0.0/33")]
    #[case("a b")]
    #[case("")]
    #[case("*")]
    #[case("a.*.example")]
    #[case("example.com/8")]
    fn what_is_neither_network_nor_name_is_refused(#[case] text: &str) {
        assert!(text.parse::<Pattern>().is_err());
    }
}
