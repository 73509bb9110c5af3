//! Keys that a program prints, for stores of keys elsewhere. The program is started as it is, without
//! a shell, and what it prints is bounded in time and length.

use super::{Keys, LENGTH, Raw};
use crate::store::StoreError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Read as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long the program may take; people may have to unlock their keys meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);
/// More than any number of keys takes that makes sense.
const LONGEST: u64 = 4096;

/// Runs the program and reads the keys that it prints.
pub(super) fn run(keys: &Keys, words: &[String]) -> Result<Vec<Raw>, StoreError> {
    let failed = |why: String| StoreError::KeyCommand {
        keys: keys.to_string(),
        why,
    };
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| failed("it names no program".to_owned()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("it cannot be started: {error}")))?;
    let printed = child
        .stdout
        .take()
        .map(read_on_a_thread)
        .ok_or_else(|| failed("it has no output".to_owned()))?;
    let deadline = Instant::now() + PATIENCE;
    let bytes = printed.recv_timeout(PATIENCE).ok();
    let ended = end(&mut child, deadline);
    match (bytes, ended) {
        (Some(bytes), Some(status)) if status.success() => {
            parse(&bytes).ok_or_else(|| keys.malformed())
        }
        (_, Some(status)) if !status.success() => Err(failed(format!("it ended with {status}"))),
        _ => Err(failed(format!("it took longer than {PATIENCE:?}"))),
    }
}

/// On a thread, since a program that the program started may hold its output open for ever.
fn read_on_a_thread(output: ChildStdout) -> mpsc::Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize));
        // What could be read of an output that breaks off is no key, and is found out as such.
        let _ = output.take(LONGEST).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

/// How the program ended; none where it had to be killed.
fn end(child: &mut Child, deadline: Instant) -> Option<std::process::ExitStatus> {
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => std::thread::sleep(PAUSE),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// One key a line, in base64 or hexadecimal digits.
fn parse(printed: &[u8]) -> Option<Vec<Raw>> {
    let text = std::str::from_utf8(printed).ok()?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Vec<Raw> = lines.map(key).collect::<Option<_>>()?;
    (1..=super::MOST).contains(&keys.len()).then_some(keys)
}

fn key(line: &str) -> Option<Raw> {
    let bytes = Zeroizing::new(match line.len() {
        length if length == 2 * LENGTH => line
            .as_bytes()
            .chunks(2)
            .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
            .collect::<Option<Vec<u8>>>()?,
        _ => STANDARD.decode(line).ok()?,
    });
    let key: [u8; LENGTH] = bytes.as_slice().try_into().ok()?;
    Some(Zeroizing::new(key))
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::base64("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n", 1)]
    #[case::digits(&"07".repeat(32), 1)]
    #[case::two(
        "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n0808080808080808080808080808080808080808080808080808080808080808\n",
        2
    )]
    fn keys_are_read_a_line_each(#[case] printed: &str, #[case] count: usize) {
        let keys = parse(printed.as_bytes()).expect("these are keys");
        assert_eq!(keys.len(), count);
        assert_eq!(*keys[0], [7; LENGTH]);
    }

    #[rstest]
    #[case::nothing("")]
    #[case::short("BwcH\n")]
    #[case::no_digits(&"0x".repeat(32))]
    #[case::signs(&"+7".repeat(32))]
    #[case::beyond_ascii(&"é".repeat(32))]
    #[case::too_many(&format!("{}\n", "07".repeat(32)).repeat(9))]
    fn what_is_no_key_is_not_taken_for_one(#[case] printed: &str) {
        assert!(parse(printed.as_bytes()).is_none());
    }
}
