//! A signer in a process of its own, killed at moments that nobody chose.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected fails"
)]

#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use support::{Entries, ORIGIN};
use wardlet_audit::Head;
use wardlet_audit::signer::{
    CheckpointSigner as _, LocalSigner, SignError, SignerClient, SignerServer, listen,
};

/// In a child of this test: where the signer's folder and socket are.
const PLACE: &str = "WARDLET_TEST_SIGNER";

/// What a child says once it listens.
const READY: &str = "the signer listens";

/// How often the signer is killed, unless `WARDLET_KILLS` says another number.
const KILLS: usize = 20;

/// The most turns that other threads get before the signer is killed: some milliseconds, in which a
/// few checkpoints are signed.
const MOST_TURNS: u32 = 1 << 15;

fn serve(place: &Path) {
    let signer = LocalSigner::open(&place.join("signer"), ORIGIN).unwrap();
    let listener = listen(&place.join("socket"), false).unwrap();
    println!("{READY}");
    let ended = SignerServer::new(Box::new(signer), &[]).serve(&listener);
    panic!("it ended: {ended:?}");
}

/// Starts the signer as a process: this very test, told to be one.
fn start(place: &Path) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "a_signer_that_is_killed_forgets_nothing",
            "--nocapture",
        ])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.map(Result::unwrap).any(|line| line.ends_with(READY));
    assert!(ready, "the signer did not start");
    child
}

/// Lets the signer sign one entry more each time until it is gone; gives the sizes that were asked
/// for and handed out last.
fn sign_until_killed(client: &mut SignerClient, entries: &mut Entries, from: u64) -> (u64, u64) {
    let (mut asked, mut handed) = (from, from);
    loop {
        let proof = entries.consistency(handed, asked + 1);
        asked += 1;
        match client.sign(asked, &entries.root(asked), &proof) {
            Ok(note) => {
                assert!(note.starts_with(&format!("{ORIGIN}\n{asked}\n")));
                handed = asked;
            }
            Err(SignError::Unreachable { .. }) => return (asked, handed),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_signer_that_is_killed_forgets_nothing() {
    if let Some(place) = env::var_os(PLACE) {
        return serve(&PathBuf::from(place));
    }
    let temporary = tempfile::tempdir().unwrap();
    let place = temporary.path();
    let kills = env::var("WARDLET_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut entries = Entries::new(100_000);
    let mut forked = Entries::forked(100_000, 0);
    let (mut asked, mut handed) = (0, 0);
    for kill in 0..kills {
        let mut child = start(place);
        let mut client = SignerClient::new(&place.join("socket"), None);
        let last = client.last().unwrap();
        let size = last.map_or(0, |head| head.size);
        // What was asked for last may have been signed, and nobody got it.
        assert!(
            (handed..=asked).contains(&size),
            "kill {kill}: {handed} {size} {asked}"
        );
        let root = entries.root(size);
        assert_eq!(last, (size > 0).then_some(Head { size, root }));
        if size > 0 {
            let fork = client.sign(size, &forked.root(size), &[]);
            assert!(fork.unwrap_err().is_refusal(), "kill {kill}");
        }
        let turns = u32::from_be_bytes(wardlet_keys::random().unwrap()) % MOST_TURNS;
        let killer = thread::spawn(move || {
            (0..turns).for_each(|_| thread::yield_now());
            child.kill().unwrap();
            child.wait().unwrap();
        });
        (asked, handed) = sign_until_killed(&mut client, &mut entries, size);
        killer.join().unwrap();
    }
    assert!(handed > 0, "nothing was signed at all");
}
