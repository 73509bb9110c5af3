//! Where no test ever goes, however it is written and whoever says so.

use std::net::Ipv4Addr;

use bowline_probe::dial::Target;
use bowline_probe::{Guard, Settings};
use rstest::rstest;

use crate::kit::{self, connection, expect, knowing};
use crate::stub::{Stub, answer};

/// Every way of writing an IPv4 address that some reader takes for it.
fn disguises(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let number = u32::from(address);
    let (cd, bcd) = (number & 0xffff, number & 0x00ff_ffff);
    let (high, low) = (number >> 16, cd);
    let mut all = vec![
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{a}.{b}.{cd}"),
        format!("{a}.{bcd}"),
        format!("{number}"),
        format!("0x{number:x}"),
        format!("0X{number:08X}"),
        format!("0{number:o}"),
        format!("0000{number:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("0{a:o}.{b}.0x{c:x}.{d}"),
        format!("0x{a:x}.{bcd}"),
        format!("0{a:o}.0x{bcd:x}"),
        format!("000{a:o}.000{b:o}.000{c:o}.000{d:o}"),
        format!("{a}.{b}.{c}.0x{d:x}"),
        percent_encoded(&format!("{a}.{b}.{c}.{d}")),
        format!("{a}%2e{b}%2E{c}%2e{d}"),
        format!("{a}。{b}．{c}｡{d}"),
        format!("{a}.{b}.{c}.{d}").chars().map(full_width).collect(),
        format!("{number}").chars().map(full_width).collect(),
        format!("[::ffff:{a}.{b}.{c}.{d}]"),
        format!("[::FFFF:{high:x}:{low:x}]"),
        format!("[0:0:0:0:0:ffff:{high:x}:{low:x}]"),
        format!("[0000:0000:0000:0000:0000:FFFF:{high:04x}:{low:04x}]"),
        format!("[::ffff:0:{a}.{b}.{c}.{d}]"),
        format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
        format!("[64:ff9b::{high:x}:{low:x}]"),
        format!("[64:ff9b:1::{high:x}:{low:x}]"),
        format!("[2002:{high:x}:{low:x}::]"),
        format!("[2002:{high:x}:{low:x}::1]"),
        format!("[2001::{:x}:{:x}]", !high & 0xffff, !low & 0xffff),
        format!("[2001:db8::5efe:{high:x}:{low:x}]"),
        format!("[2001:db8::200:5efe:{high:x}:{low:x}]"),
    ];
    if high != 0 {
        all.push(format!("[::{a}.{b}.{c}.{d}]"));
        all.push(format!("[::{high:x}:{low:x}]"));
    }
    all
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn full_width(c: char) -> char {
    c.to_digit(10)
        .and_then(|digit| char::from_u32(0xff10 + digit))
        .unwrap_or(c)
}

const NAMES_AND_ADDRESSES: [&str; 30] = [
    "localhost",
    "LOCALHOST",
    "LocalHost.",
    "localhost.",
    "ｌｏｃａｌｈｏｓｔ",
    "%6cocalhost",
    "ⓛocalhost",
    "metadata.google.internal",
    "METADATA.Google.Internal",
    "metadata.google.internal.",
    "metadata。google。internal",
    "metadata",
    "metadata.",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "Instance-Data",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%lo]",
    "[FEBF::1]",
    "[ff02::1]",
    "[fd00:ec2::254]",
    "[FD00:0EC2:0::0254]",
    "[fd20:ce::254]",
];

fn spellings() -> Vec<String> {
    let addresses = [
        "127.0.0.1",
        "127.0.0.53",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "192.0.0.192",
    ];
    let mut all: Vec<String> = addresses
        .iter()
        .flat_map(|ip| disguises(ip.parse().expect("an address")))
        .collect();
    all.extend(NAMES_AND_ADDRESSES.map(str::to_owned));
    all
}

/// Tricks with what stands around a host.
fn urls(host: &str, port: u16) -> Vec<String> {
    vec![
        format!("http://{host}:{port}/"),
        format!("http://example.com@{host}:{port}/"),
        format!("http://example.com:80@{host}:{port}/"),
        format!("http:\\\\{host}:{port}\\"),
        format!("HTTP://{host}:{port}/"),
        format!("http:/{host}:{port}/"),
        format!("http://\t{host}:{port}/"),
    ]
}

#[tokio::test]
async fn two_hundred_disguised_spellings_of_forbidden_addresses_make_no_hit() {
    let stub = Stub::everywhere().await;
    let spellings = spellings();
    assert!(spellings.len() >= 200, "only {}", spellings.len());
    let guard = Guard::new();
    for host in &spellings {
        let Some(target) = Target::new(host, stub.port()) else {
            continue;
        };
        let patience = Settings::default().connect;
        match guard.resolve(&target, patience).await {
            Err(outcome) => assert!(
                ["address-forbidden", "address-own", "name-unknown"].contains(&outcome.id),
                "{host}: {}",
                outcome.id
            ),
            Ok(addresses) => panic!("{host} was let through as {addresses:?}"),
        }
    }
    assert_eq!(stub.hits(), 0);
}

#[tokio::test]
async fn no_spelling_in_a_url_of_any_form_makes_a_hit() {
    let stub = Stub::everywhere().await;
    let guard = Guard::new();
    for host in spellings() {
        for url in urls(&host, stub.port()) {
            let report = kit::run(&connection("uri", &[("URI", &url)]), &guard).await;
            assert!(report.kind().is_some(), "{url}\n{}", kit::lines(&report));
        }
    }
    assert_eq!(stub.hits(), 0);
}

#[rstest]
#[case("169.254.169.254")]
#[case("fd00:ec2::254")]
#[case("100.100.100.200")]
#[case("fe80::1")]
#[case("224.0.0.1")]
#[case("255.255.255.255")]
fn metadata_is_refused_even_where_everything_else_is_allowed(#[case] address: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let report = runtime.block_on(async {
        let guard = Guard {
            allowed: vec![
                "0.0.0.0/0".parse().expect("a network"),
                "::/0".parse().expect("a network"),
            ],
            ..knowing(&[("models.example", &[&[address]])])
        };
        kit::run(
            &connection("uri", &[("URI", "http://models.example/a")]),
            &guard,
        )
        .await
    });
    expect(&report, "address-forbidden");
}

#[tokio::test]
async fn loopback_is_refused_unless_it_is_allowed() {
    let stub = Stub::start(|_| answer("200 OK", "", "x")).await;
    let connection = connection("uri", &[("URI", &stub.url())]);
    expect(&kit::run(&connection, &Guard::new()).await, "address-own");
    assert_eq!(stub.hits(), 0);
    kit::run(&connection, &kit::at_home()).await;
    assert_ne!(stub.hits(), 0);
}

#[tokio::test]
async fn the_machines_own_address_is_refused_like_loopback() {
    // Which address this machine would send from, without sending anything.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    let is_routed = socket.connect("192.0.2.1:9").is_ok();
    let own = socket.local_addr().expect("an address").ip();
    assert!(!is_routed || own.is_ipv4());
    if !is_routed || own.is_loopback() {
        return;
    }
    let stub = Stub::everywhere().await;
    let url = format!("http://{own}:{}/", stub.port());
    expect(
        &kit::run(&connection("uri", &[("URI", &url)]), &Guard::new()).await,
        "address-own",
    );
    assert_eq!(stub.hits(), 0);
}

#[tokio::test]
async fn the_address_that_was_judged_is_the_one_that_is_dialled() {
    let stub = Stub::start(|_| answer("200 OK", "", "x")).await;
    // Whoever asks a second time is told of metadata.
    let guard = knowing(&[("rebinding.example", &[&["127.0.0.1"], &["169.254.169.254"]])]);
    let url = format!("http://rebinding.example:{}/", stub.port());
    let report = kit::run(&connection("uri", &[("URI", &url)]), &guard).await;
    assert!(report.kind().is_none(), "{}", kit::lines(&report));
    assert_eq!(stub.hits(), 1);
}

#[tokio::test]
async fn a_name_that_turns_into_loopback_after_it_was_judged_makes_no_hit() {
    let stub = Stub::everywhere().await;
    // The first answer is a public address where nobody is.
    let guard = Guard {
        is_own_allowed: false,
        ..knowing(&[("rebinding.example", &[&["192.0.2.1"], &["127.0.0.1"]])])
    };
    let url = format!("http://rebinding.example:{}/", stub.port());
    let settings = Settings {
        connect: std::time::Duration::from_millis(200),
        ..Settings::default()
    };
    let connection = connection("uri", &[("URI", &url)]);
    for _ in 0..3 {
        let report = kit::run_with(
            &kit::request(&connection, &Default::default()),
            &guard,
            &settings,
        )
        .await;
        assert!(report.kind().is_some());
    }
    assert_eq!(stub.hits(), 0);
}

#[tokio::test]
async fn one_bad_address_among_good_ones_refuses_the_name() {
    let guard = knowing(&[("mixed.example", &[&["192.0.2.1", "169.254.169.254"]])]);
    let report = kit::run(
        &connection("uri", &[("URI", "http://mixed.example/")]),
        &guard,
    )
    .await;
    expect(&report, "address-forbidden");
}

#[tokio::test]
async fn lists_decide_by_name_and_by_address() {
    let stub = Stub::start(|_| answer("200 OK", "", "x")).await;
    let guard = knowing(&[
        ("a.example", &[&["127.0.0.1"]]),
        ("b.example", &[&["127.0.0.1"]]),
    ]);
    let denying = Guard {
        denied: vec!["a.example".parse().expect("a name")],
        ..guard.clone()
    };
    let allowing = Guard {
        allowed: vec!["127.0.0.0/8".parse().expect("a network")],
        ..guard.clone()
    };
    let only_other = Guard {
        allowed: vec!["*.example.org".parse().expect("a name")],
        ..guard
    };
    let url = |name: &str| {
        connection(
            "uri",
            &[("URI", &format!("http://{name}.example:{}/", stub.port()))],
        )
    };
    expect(&kit::run(&url("a"), &denying).await, "address-denied");
    assert!(kit::run(&url("b"), &denying).await.kind().is_none());
    assert!(kit::run(&url("a"), &allowing).await.kind().is_none());
    expect(&kit::run(&url("a"), &only_other).await, "address-denied");
}

/// Else whoever writes connections could learn which ports of a network are open.
#[tokio::test]
async fn what_lists_deny_looks_the_same_whether_somebody_listens_or_not() {
    let open = Stub::start(|_| answer("200 OK", "", "x")).await;
    let closed = Stub::start(|_| answer("200 OK", "", "x")).await;
    let (open_port, closed_port) = (open.port(), closed.port());
    drop(closed);
    let guard = Guard {
        allowed: vec!["192.0.2.0/24".parse().expect("a network")],
        ..kit::at_home()
    };
    let mut seen = Vec::new();
    for port in [open_port, closed_port] {
        let url = format!("http://127.0.0.1:{port}/");
        let report = kit::run(&connection("uri", &[("URI", &url)]), &guard).await;
        expect(&report, "address-denied");
        seen.push(kit::lines(&report).replace(&port.to_string(), "[port]"));
    }
    assert_eq!(seen[0], seen[1]);
    let dialled = &guard.counts.dialled;
    assert_eq!(dialled.load(std::sync::atomic::Ordering::Relaxed), 0);
    assert_eq!(open.hits(), 0);
}

#[rstest]
#[case("file:///etc/passwd")]
#[case("hdfs://name/path")]
#[tokio::test]
async fn schemes_that_are_not_tested_reach_nobody(#[case] uri: &str) {
    let guard = Guard::new();
    let report = kit::run(&connection("uri", &[("URI", uri)]), &guard).await;
    expect(&report, "scheme-not-tested");
    assert_eq!(
        guard
            .counts
            .dialled
            .load(std::sync::atomic::Ordering::Relaxed),
        0
    );
}

#[rstest]
#[case("gopher://127.0.0.1/")]
#[case("ext::sh -c touch")]
#[case("unix:///run/some.sock")]
#[tokio::test]
async fn unknown_schemes_are_refused_before_anything_is_sent(#[case] uri: &str) {
    expect(
        &kit::run(&connection("uri", &[("URI", uri)]), &Guard::new()).await,
        "fields-wrong",
    );
}

#[tokio::test]
async fn nothing_of_this_process_is_sent() {
    // The variables are those by which clients find proxies, logins and identities.
    let stub = Stub::start(|_| answer("200 OK", "", "x")).await;
    let report = kit::run(&connection("uri", &[("URI", &stub.url())]), &kit::at_home()).await;
    assert!(report.kind().is_none());
    let heard = stub.heard().to_ascii_lowercase();
    let names: Vec<&str> = heard
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name)
        .collect();
    let known = ["host", "user-agent", "accept-encoding", "range"];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
}

#[tokio::test]
async fn an_address_that_no_way_leads_to_is_told() {
    // TCP goes to no broadcast address, and this one is known without a network.
    let uri = "http://127.255.255.255/";
    let report = kit::run(&connection("uri", &[("URI", uri)]), &kit::at_home()).await;
    expect(&report, "unreachable");
}
