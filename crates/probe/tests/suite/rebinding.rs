//! A name that answers differently the second time, through the system's own resolver: a name server on
//! loopback, asked by the dialler as any other. Only namespaces of Linux let a test say where the system
//! asks, so the test runs itself again in some of its own.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bowline_probe::{Ask, Guard, Settings};
use tokio::net::UdpSocket;

use crate::kit::{self, connection};
use crate::stub::Stub;

/// Says that the test has its namespaces.
const INSIDE: &str = "BOWLINE_TEST_HAS_NAMESPACES";
/// A network of loopback only, in which names are asked for at `127.0.0.1`, and addresses of the public
/// lead nowhere.
const ENTER: &str = "ip link set lo up && echo nameserver 127.0.0.1 > \"$1/names\" && echo hosts: dns > \"$1/switch\" \
    && mount --bind \"$1/names\" /etc/resolv.conf && { [ ! -e /etc/nsswitch.conf ] || mount --bind \"$1/switch\" /etc/nsswitch.conf; }";

/// Answers for each name with one address after another; the last answer stays.
struct NameServer {
    socket: UdpSocket,
    answers: Vec<Ipv4Addr>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl NameServer {
    async fn run(self) {
        let mut query = [0; 512];
        while let Ok((length, from)) = self.socket.recv_from(&mut query).await {
            let Some((name, is_v4, end)) = question(&query[..length]) else {
                continue;
            };
            let found = is_v4.then(|| {
                let mut asked = self.asked.lock().expect("no panic");
                let before = asked.iter().filter(|known| **known == name).count();
                asked.push(name);
                self.answers[before.min(self.answers.len() - 1)]
            });
            let answer = answer(&query[..end], found);
            self.socket
                .send_to(&answer, from)
                .await
                .expect("it is sent");
        }
    }
}

/// The name that is asked for, whether its IPv4 addresses are wanted, and where the question ends (RFC 1035).
fn question(query: &[u8]) -> Option<(String, bool, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).into_owned());
        at += length;
    }
    let kind = query.get(at..at + 2)?;
    Some((labels.join("."), kind == [0, 1], at + 4))
}

/// The answer to a question, good for no time at all.
fn answer(question: &[u8], found: Option<Ipv4Addr>) -> Vec<u8> {
    let mut answer = question.to_vec();
    let count = u8::from(found.is_some());
    answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0]);
    if let Some(address) = found {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    answer
}

/// One test after another of a name that was public when it was asked for first.
async fn rebind() {
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let server = NameServer {
        socket: UdpSocket::bind("127.0.0.1:53").await.expect("a port"),
        answers: vec![Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::LOCALHOST],
        asked: Arc::clone(&asked),
    };
    tokio::spawn(server.run());
    let stub = Stub::everywhere().await;
    let url = format!("http://rebinding.example:{}/", stub.port());
    let connection = connection("uri", &[("URI", &url)]);
    let settings = Settings {
        connect: Duration::from_secs(2),
        ..Settings::default()
    };
    let ask = Ask::default();
    let request = kit::request(&connection, &ask);

    // What was judged is what is dialled, though the name would now answer with loopback.
    let guard = Guard::new();
    kit::expect(
        &kit::run_with(&request, &guard, &settings).await,
        "unreachable",
    );
    assert_eq!(*asked.lock().expect("no panic"), ["rebinding.example"]);
    // The next test judges the next answer.
    kit::expect(
        &kit::run_with(&request, &guard, &settings).await,
        "address-own",
    );
    assert_eq!(stub.hits(), 0);
    // That very answer does lead to the stub.
    kit::expect(
        &kit::run_with(&request, &kit::at_home(), &settings).await,
        "parts-ignored",
    );
    assert_ne!(stub.hits(), 0);
}

#[tokio::test]
async fn a_name_server_that_answers_with_loopback_the_second_time_makes_no_hit() {
    if std::env::var_os(INSIDE).is_some() {
        return rebind().await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let run = |then: &str| {
        let own = std::env::current_exe().expect("a path");
        let name =
            "rebinding::a_name_server_that_answers_with_loopback_the_second_time_makes_no_hit";
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--net", "--mount", "sh", "-c"])
            .args([&format!("{ENTER} && {then}"), "sh"])
            .arg(folder.path())
            .arg(own)
            .args(["--exact", name])
            .env(INSIDE, "yes")
            .output()
    };
    if !run("true").is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: there are no namespaces for users here, or no `unshare` or `ip`");
        return;
    }
    let output = run("shift && exec \"$@\"").expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
