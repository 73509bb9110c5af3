//! Addresses of auth proxies whose word is taken for who sends a request.

use std::net::IpAddr;
use std::str::FromStr;

/// One address, or all that begin with the same bits: `10.2.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

/// A text that names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address such as `10.2.0.7` or a network such as `10.2.0.0/16`")]
pub struct BadNetwork(String);

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let bad = || BadNetwork(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| bad())?.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| bad())?;
        if bits > most {
            return Err(bad());
        }
        Ok(Self { address, bits })
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

/// The proxies that are trusted; by default there are none.
#[derive(Debug, Clone, Default)]
pub struct Proxies(pub Vec<Network>);

impl Proxies {
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(peer))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("10.2.0.7", "10.2.0.7", true)]
    #[case("10.2.0.7", "10.2.0.8", false)]
    #[case("10.2.0.0/16", "10.2.255.1", true)]
    #[case("10.2.0.0/16", "10.3.0.1", false)]
    #[case("0.0.0.0/0", "192.0.2.1", true)]
    #[case("0.0.0.0/0", "2001:db8::1", false)]
    #[case("2001:db8::/32", "2001:db8:1::1", true)]
    #[case("2001:db8::/32", "2001:db9::1", false)]
    #[case("10.2.0.7", "::ffff:10.2.0.7", true)]
    fn a_network_contains_what_begins_as_it_does(
        #[case] network: &str,
        #[case] peer: &str,
        #[case] expected: bool,
    ) {
        let proxies = Proxies(vec![network.parse().expect("a network")]);
        assert_eq!(proxies.trusts(peer.parse().expect("an address")), expected);
    }

    #[rstest]
    #[case("")]
    #[case("proxy.example.org")]
    #[case("10.2.0.0/33")]
    #[case("10.2.0.0/")]
    #[case("10.2.0.0/-1")]
    #[case("::/129")]
    fn other_texts_name_no_network(#[case] text: &str) {
        assert!(text.parse::<Network>().is_err());
    }
}
