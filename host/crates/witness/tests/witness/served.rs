//! Witnesses that are served for as long as a test holds them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;
use wardlet_audit::SystemClock;
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::note::Note;
use wardlet_audit::witness::Witness;
use wardlet_keys::VerifyingKey;
use wardlet_witness::{HttpPost, serve};

use crate::support::{Entries, ORIGIN, WITNESS, key};

/// How long a peer on this machine may take to answer.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A client that waits as long as that.
pub(crate) fn post() -> HttpPost {
    HttpPost::new(ANSWER_WITHIN)
}

/// A checkpoint of the small log, signed by its key.
pub(crate) fn checkpoint(entries: &mut Entries, size: u64) -> Note {
    let checkpoint = Checkpoint::new(ORIGIN, size, entries.root(size));
    checkpoint.sign([&key(0)]).unwrap()
}

/// The witness in `folder` that knows the log with this key.
pub(crate) fn witness(folder: &Path, log: VerifyingKey) -> Arc<Witness> {
    Arc::new(Witness::open(folder, WITNESS, [log], Box::new(SystemClock)).unwrap())
}

/// A witness that is served until this is dropped.
pub(crate) struct Served {
    pub(crate) host: String,
    /// What stands for it in a policy, after its name.
    pub(crate) entry: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(crate) fn start(witness: Arc<Witness>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let entry = format!("{} http://{host}", witness.cosigner_key().unwrap());
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let stop = async { drop(stopped.await) };
                serve(listener, witness, stop).await.unwrap();
            });
        });
        Served {
            host,
            entry,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking());
    }
}

/// Sends bytes as they are, and gives what comes back until the end.
pub(crate) fn talk(host: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(ANSWER_WITHIN)).unwrap();
    // A server that has heard enough closes while the rest is being sent.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
