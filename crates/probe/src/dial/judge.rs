//! Which addresses and names no test ever goes to. Pure; whether loopback is allowed is left to the
//! guard.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Names under which clouds serve credentials to their machines.
const METADATA_NAMES: [&str; 9] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "metadata.azure.com",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
    "instance-data",
    "instance-data.ec2.internal",
];

/// Addresses of the same kind that are not link-local: Alibaba Cloud, Oracle Cloud, Azure's host.
const METADATA: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// Networks of the same kind: AWS (`fd00:ec2::254` and its neighbours), Google Cloud.
const METADATA_NETWORKS: [[u16; 2]; 2] = [[0xfd00, 0x0ec2], [0xfd20, 0x00ce]];

/// Whether a name belongs to a cloud's metadata service, however it is written.
pub(super) fn is_metadata_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    METADATA_NAMES.contains(&name.as_str())
}

/// Whether tests never go there: metadata, link-local, multicast, unspecified, reserved.
pub(super) fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_forbidden_v4(address),
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            let is_link_local = first & 0xffc0 == 0xfe80 || first & 0xffc0 == 0xfec0;
            address.is_unspecified()
                || address.is_multicast()
                || is_link_local
                || METADATA_NETWORKS.contains(&[first, second])
                || embedded(address).any(is_forbidden_v4)
        }
    }
}

/// Whether it is loopback, in whatever form.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => {
            address.is_loopback() || embedded(address).any(|v4| v4.is_loopback())
        }
    }
}

/// Whether only the networks around this process know the address: private ones, those of providers'
/// own networks, loopback.
pub(super) fn is_inside(address: IpAddr) -> bool {
    let is_inside_v4 = |address: Ipv4Addr| {
        let [first, second, ..] = address.octets();
        address.is_private()
            || address.is_loopback()
            || (first == 100 && second & 0xc0 == 64)
            || (first == 198 && second & 0xfe == 18)
    };
    match address {
        IpAddr::V4(address) => is_inside_v4(address),
        IpAddr::V6(address) => {
            let [first, ..] = address.segments();
            first & 0xfe00 == 0xfc00 || address.is_loopback() || embedded(address).any(is_inside_v4)
        }
    }
}

/// Whether only name servers around this process know the name.
pub(super) fn is_inside_name(name: &str) -> bool {
    const INSIDE: [&str; 6] = ["local", "internal", "svc", "lan", "localhost", "arpa"];
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    // `service.namespace` means something only in a cluster, but looks like any other name.
    match name.rsplit_once('.') {
        None => true,
        Some((_, last)) => INSIDE.contains(&last),
    }
}

fn is_forbidden_v4(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    address.is_link_local()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || METADATA.contains(&address)
}

/// The IPv4 addresses that an IPv6 address may stand for on its way: mapped, compatible, translated
/// (RFC 2765), NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380), ISATAP (RFC 5214).
pub(super) fn embedded(address: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> {
    let s = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    let last = v4(s[6], s[7]);
    let is_low = |s: &[u16]| s.iter().all(|segment| *segment == 0);
    // `::` and `::1` are judged as what they are.
    let compatible = (is_low(&s[..6]) && s[6] != 0).then_some(last);
    let mapped = (is_low(&s[..5]) && s[5] == 0xffff).then_some(last);
    let translated = (is_low(&s[..4]) && s[4] == 0xffff && s[5] == 0).then_some(last);
    let nat64 = (s[0] == 0x64 && s[1] == 0xff9b).then_some(last);
    let six_to_four = (s[0] == 0x2002).then(|| v4(s[1], s[2]));
    let teredo = (s[0] == 0x2001 && s[1] == 0).then(|| v4(!s[6], !s[7]));
    let isatap = (s[4] & !0x0200 == 0 && s[5] == 0x5efe).then_some(last);
    [
        compatible,
        mapped,
        translated,
        nat64,
        six_to_four,
        teredo,
        isatap,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("10.1.2.3", true)]
    #[case("172.16.0.1", true)]
    #[case("192.168.1.1", true)]
    #[case("100.64.0.1", true)]
    #[case("127.0.0.1", true)]
    #[case("::ffff:10.0.0.1", true)]
    #[case("64:ff9b::10.0.0.1", true)]
    #[case("fd12::1", true)]
    #[case("8.8.8.8", false)]
    #[case("100.128.0.1", false)]
    #[case("2001:db8::1", false)]
    fn addresses_of_networks_around_are_known(#[case] address: IpAddr, #[case] expected: bool) {
        assert_eq!(is_inside(address), expected);
    }

    #[rstest]
    #[case("minio", true)]
    #[case("minio.team-a.svc", true)]
    #[case("MINIO.team-a.svc.cluster.local.", true)]
    #[case("s3.example.org", false)]
    fn names_of_networks_around_are_known(#[case] name: &str, #[case] expected: bool) {
        assert_eq!(is_inside_name(name), expected);
    }
}
