//! Several processes write one log, and one of them is killed, over and over, most often the one that writes for all: nothing
//! that was said to be written is lost or doubled, and each allowed call has one outcome. `WARDLET_KILLS` says how
//! often; 20 by default.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected fails"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use support::ORIGIN;
use support::log::{decision, entry_key, signer};
use wardlet_audit::signer::LocalSigner;
use wardlet_audit::{
    Durability, Effect, Gateway, Options, Outcome, Select, SharedLog, Status, WriterRole, show,
    verify,
};
use wardlet_call::Json;

#[allow(dead_code, reason = "other tests use the rest")]
mod support;

/// Where a child finds its folder, and that it is one.
const FOLDER: &str = "WARDLET_SHARED_FOLDER";

/// What the transactions of a child begin with.
const NAME: &str = "WARDLET_SHARED_NAME";

/// Processes at a time.
const GATEWAYS: usize = 4;

/// Threads of each that write.
const WRITERS: usize = 2;

/// A child: it writes until its input ends or it is killed, and says what is written. Run as a test of its own it does
/// nothing.
#[test]
fn child() {
    let (Ok(folder), Ok(name)) = (env::var(FOLDER), env::var(NAME)) else {
        return;
    };
    let folder = Path::new(&folder);
    let gateway = Gateway {
        build: "0.1.0".to_owned(),
        name: "laptop".to_owned(),
    };
    let place = folder.with_extension("signer");
    let signer = move || Ok(Box::new(LocalSigner::open(&place, ORIGIN)?) as _);
    let key = entry_key(folder);
    let log = SharedLog::open(folder, ORIGIN, &gateway, key, Box::new(signer)).unwrap();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (log, name, ended) = (&log, &name, &ended);
            scope.spawn(move || {
                for number in 0.. {
                    if ended.load(Ordering::Relaxed) {
                        return;
                    }
                    let txn = format!("{name}-{writer}-{number}");
                    let durability = match number % 16 {
                        0 => Durability::Durable,
                        _ => Durability::Written,
                    };
                    let written = log.decision(&decision(Effect::Allow, &txn), durability);
                    let written = written.unwrap_or_else(|error| panic!("{txn}: {error}"));
                    let role = match log.role() {
                        WriterRole::Owner => "owner",
                        WriterRole::Follower => "follower",
                    };
                    say(&format!("written {txn} {role}"));
                    log.outcome(written, &Outcome::new(Status::Answered))
                        .unwrap_or_else(|error| panic!("{txn}: {error}"));
                    say(&format!("closed {txn} {role}"));
                }
            });
        }
        // Nothing comes: the parent closes it, or ends.
        let _ = std::io::stdin().read_line(&mut String::new());
        ended.store(true, Ordering::Relaxed);
    });
    log.publish().unwrap();
}

/// One write, so that no line is cut in two.
fn say(line: &str) {
    let line = format!("\n{line}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// A line of a child.
enum Said {
    Line(usize, String),
    Ended,
}

struct Gateways<'a> {
    folder: &'a Path,
    children: BTreeMap<usize, (Child, ChildStdin)>,
    next: usize,
    ended: usize,
    lines: (Sender<Said>, Receiver<Said>),
    owner: Option<usize>,
    /// All that ever wrote for the others.
    owners: BTreeSet<usize>,
    written: BTreeSet<String>,
    closed: BTreeSet<String>,
}

impl Gateways<'_> {
    fn start(&mut self) {
        let number = self.next;
        self.next += 1;
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(FOLDER, self.folder)
            .env(NAME, format!("g{number}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let sender = self.lines.0.clone();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(Said::Line(number, line));
            }
            let _ = sender.send(Said::Ended);
        });
        let input = child.stdin.take().unwrap();
        self.children.insert(number, (child, input));
    }

    /// Takes the next line of a child that says something.
    fn hear(&mut self) {
        let Said::Line(number, line) = self.lines.1.recv().unwrap() else {
            self.ended += 1;
            return;
        };
        let mut words = line.split(' ');
        let (what, txn, role) = (words.next(), words.next(), words.next());
        match (what, txn) {
            (Some("written"), Some(txn)) => drop(self.written.insert(txn.to_owned())),
            (Some("closed"), Some(txn)) => drop(self.closed.insert(txn.to_owned())),
            _ => return,
        }
        if role == Some("owner") && self.children.contains_key(&number) {
            self.owner = Some(number);
            self.owners.insert(number);
        }
    }

    fn kill(&mut self, number: usize) {
        let (mut child, _input) = self.children.remove(&number).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        self.owner = self.owner.filter(|owner| *owner != number);
    }
}

#[test]
fn killed_writers_lose_nothing_of_anybody() {
    let kills = env::var("WARDLET_KILLS").map_or(20, |count| count.parse().unwrap());
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    let mut gateways = Gateways {
        folder: &folder,
        children: BTreeMap::new(),
        next: 0,
        ended: 0,
        lines: channel(),
        owner: None,
        owners: BTreeSet::new(),
        written: BTreeSet::new(),
        closed: BTreeSet::new(),
    };
    for _ in 0..GATEWAYS {
        gateways.start();
    }
    for round in 0..kills {
        // At moments all over the filling of a bundle, and of the taking over of the one before.
        for _ in 0..1 + round * 97 % 301 {
            gateways.hear();
        }
        let any = *gateways.children.keys().nth(round % GATEWAYS).unwrap();
        let victim = match round % 3 {
            0 => any,
            _ => gateways.owner.unwrap_or(any),
        };
        gateways.kill(victim);
        gateways.start();
    }
    let mut children = Vec::new();
    for (_, (child, input)) in std::mem::take(&mut gateways.children) {
        drop(input);
        children.push(child);
    }
    // What they say must be taken, else they wait for that.
    while gateways.ended < gateways.next {
        gateways.hear();
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    check(&folder, &gateways);
}

/// The log is whole; each of what was written is there once, and has the outcome that was said.
fn check(folder: &Path, gateways: &Gateways<'_>) {
    let keys = signer(folder).verifying_keys().unwrap();
    let key = entry_key(folder).verifying_key(ORIGIN).unwrap();
    let options = Options {
        checkpoint_keys: &keys,
        ..Options::default()
    };
    let report = verify(folder, &key, options).unwrap();
    assert!(report.open.is_empty(), "{:?}", report.open);
    assert_eq!(report.checkpoint, Some(report.head));
    let (mut decisions, mut outcomes) = (BTreeMap::new(), BTreeMap::new());
    for entry in show(folder, Select::All).unwrap() {
        let entry = entry.unwrap();
        let body = entry.value.member("body").unwrap();
        let of = |name: &str| body.member(name).and_then(Json::as_str).map(str::to_owned);
        if let Some(txn) = of("txn") {
            let before = decisions.insert(txn.clone(), entry.index);
            assert_eq!(before, None, "{txn} is there twice");
        }
        if let (Some(status), Some(Json::Number(decision))) =
            (of("status"), body.member("decision"))
        {
            let decision: u64 = decision.parse().unwrap();
            assert_eq!(
                outcomes.insert(decision, status),
                None,
                "two outcomes of {decision}"
            );
        }
    }
    for txn in &gateways.written {
        assert!(decisions.contains_key(txn), "{txn} is lost");
    }
    for txn in &gateways.closed {
        assert_eq!(outcomes[&decisions[txn]], "answered", "{txn}");
    }
    assert!(gateways.closed.len() > GATEWAYS);
    // The test is about taking over: it happened, over and over.
    assert!(
        gateways.owners.len() > gateways.next / 4,
        "{:?}",
        gateways.owners
    );
}
