//! Byte streams of this process and of its child, without a thread or a copy where the system
//! allows it.
//!
//! Pipes and sockets are switched to non-blocking reads and writes. A terminal or a file is not,
//! since that would change it for other processes too: a thread stands in for it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::fs::{FileType, fstat};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// Bytes that wait for a slow reader before nothing more is read from the other side: one message
/// of the largest size.
const MAX_BACKLOG: usize = wardlet_mcp::MAX_LINE_BYTES;

/// Bytes that a thread reads at a time: what a Linux pipe holds.
const THREAD_READ: usize = 64 << 10;

/// Reads that a thread may be ahead: 1 MiB, beyond which it waits for the gate.
const THREAD_AHEAD: usize = 16;

/// Where bytes come from.
pub(crate) enum Source {
    Pipe(pipe::Receiver),
    Socket(UnixStream),
    Thread {
        chunks: mpsc::Receiver<Vec<u8>>,
        rest: Vec<u8>,
    },
}

/// Where bytes go.
enum Sink {
    Pipe(pipe::Sender),
    Socket(UnixStream),
    Thread(std::sync::mpsc::Sender<Vec<u8>>, Arc<AtomicUsize>),
}

impl Source {
    /// Takes a descriptor.
    ///
    /// # Errors
    /// Where it cannot be switched or no thread can be started.
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        match kind(&fd)? {
            FileType::Fifo => Ok(Source::Pipe(pipe::Receiver::from_owned_fd(fd)?)),
            FileType::Socket => Ok(Source::Socket(socket(fd)?)),
            _ => Source::thread(fd),
        }
    }

    fn thread(fd: OwnedFd) -> io::Result<Self> {
        let (sender, chunks) = mpsc::channel(THREAD_AHEAD);
        let mut file = std::fs::File::from(fd);
        std::thread::Builder::new()
            .name("wardlet-read".into())
            .spawn(move || {
                let mut buffer = vec![0; THREAD_READ];
                loop {
                    let count = match file.read(&mut buffer) {
                        Ok(count @ 1..) => count,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        Ok(0) | Err(_) => return,
                    };
                    let chunk = buffer.get(..count).unwrap_or_default().to_vec();
                    if sender.blocking_send(chunk).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Source::Thread {
            chunks,
            rest: Vec::new(),
        })
    }

    /// Waits until there is something, and reads it. Nothing is lost where the wait is given up.
    ///
    /// # Errors
    /// The system's. The end of the stream is 0 bytes.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match self {
                Source::Pipe(pipe) => {
                    pipe.readable().await?;
                    pipe.try_read(buffer)
                }
                Source::Socket(socket) => {
                    socket.readable().await?;
                    socket.try_read(buffer)
                }
                Source::Thread { chunks, rest } => {
                    if rest.is_empty() {
                        *rest = chunks.recv().await.unwrap_or_default();
                    }
                    let count = rest.len().min(buffer.len());
                    let taken = rest.drain(..count);
                    buffer
                        .iter_mut()
                        .zip(taken)
                        .for_each(|(to, from)| *to = from);
                    Ok(count)
                }
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // A socket whose other end is gone has ended.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(0),
                done => return done,
            }
        }
    }
}

impl Sink {
    fn new(fd: OwnedFd, wake: &Arc<Notify>) -> io::Result<Self> {
        match kind(&fd)? {
            FileType::Fifo => Ok(Sink::Pipe(pipe::Sender::from_owned_fd(fd)?)),
            FileType::Socket => Ok(Sink::Socket(socket(fd)?)),
            _ => Sink::thread(fd, Arc::clone(wake)),
        }
    }

    fn thread(fd: OwnedFd, wake: Arc<Notify>) -> io::Result<Self> {
        let (sender, chunks) = std::sync::mpsc::channel::<Vec<u8>>();
        let waiting = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&waiting);
        let mut file = std::fs::File::from(fd);
        std::thread::Builder::new()
            .name("wardlet-write".into())
            .spawn(move || {
                while let Ok(chunk) = chunks.recv() {
                    if file.write_all(&chunk).is_err() {
                        // From here on sending fails; nobody waits for what is not written.
                        drop(chunks);
                        left.store(0, Ordering::SeqCst);
                        return wake.notify_one();
                    }
                    left.fetch_sub(chunk.len(), Ordering::SeqCst);
                    wake.notify_one();
                }
            })?;
        Ok(Sink::Thread(sender, waiting))
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Pipe(pipe) => pipe.try_write(bytes),
            Sink::Socket(socket) => socket.try_write(bytes),
            Sink::Thread(sender, waiting) => {
                waiting.fetch_add(bytes.len(), Ordering::SeqCst);
                sender
                    .send(bytes.to_vec())
                    .map_err(|_| io::ErrorKind::BrokenPipe)?;
                Ok(bytes.len())
            }
        }
    }

    async fn writable(&self) -> io::Result<()> {
        match self {
            Sink::Pipe(pipe) => pipe.writable().await,
            Sink::Socket(socket) => socket.writable().await,
            Sink::Thread(..) => Ok(()),
        }
    }

    /// Bytes that a thread has not written yet.
    fn behind(&self) -> usize {
        match self {
            Sink::Thread(_, waiting) => waiting.load(Ordering::SeqCst),
            Sink::Pipe(_) | Sink::Socket(_) => 0,
        }
    }
}

/// Lines on their way out: written at once where the reader keeps up, else in order as it catches up.
pub(crate) struct Outbox {
    sink: RefCell<Option<Rc<Sink>>>,
    queue: RefCell<VecDeque<Vec<u8>>>,
    /// Bytes in the queue, and of its first line those that are written already.
    size: RefCell<(usize, usize)>,
    /// When the reader last took something, or was first offered something.
    moved: Cell<Instant>,
    wake: Arc<Notify>,
}

/// The reader is gone: nothing of the line was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl Outbox {
    /// Takes a descriptor.
    ///
    /// # Errors
    /// Where it cannot be switched or no thread can be started.
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        let wake = Arc::new(Notify::new());
        Ok(Outbox {
            sink: RefCell::new(Some(Rc::new(Sink::new(fd, &wake)?))),
            queue: RefCell::default(),
            size: RefCell::default(),
            moved: Cell::new(Instant::now()),
            wake,
        })
    }

    /// Sends a line, or queues what the reader does not take at once.
    ///
    /// # Errors
    /// [`Closed`] where it is certain that nothing of it was delivered.
    pub(crate) fn send(&self, line: Vec<u8>) -> Result<(), Closed> {
        let mut sink = self.sink.borrow_mut();
        let Some(open) = sink.as_ref() else {
            return Err(Closed);
        };
        let mut written = 0;
        if self.queue.borrow().is_empty() {
            written = match open.try_write(&line) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(_) => {
                    *sink = None;
                    return Err(Closed);
                }
            };
            if written == line.len() {
                return Ok(());
            }
            self.size.borrow_mut().1 = written;
            self.moved.set(Instant::now());
        }
        self.size.borrow_mut().0 += line.len() - written;
        self.queue.borrow_mut().push_back(line);
        self.wake.notify_one();
        Ok(())
    }

    /// Whether more may be put in before the reader catches up.
    pub(crate) fn has_room(&self) -> bool {
        let sink = self.sink.borrow();
        let behind = sink.as_ref().map_or(0, |sink| sink.behind());
        self.size.borrow().0 + behind < MAX_BACKLOG
    }

    /// Whether there is no room because the reader has taken nothing for this long.
    pub(crate) fn is_stuck(&self, time: Duration) -> bool {
        !self.has_room() && self.moved.get().elapsed() >= time
    }

    /// Whether everything is delivered, or nobody reads any more.
    pub(crate) fn is_empty(&self) -> bool {
        let sink = self.sink.borrow();
        sink.as_ref()
            .is_none_or(|sink| self.queue.borrow().is_empty() && sink.behind() == 0)
    }

    /// Writes what waits. Ends when there is room again after there was none, so that whoever
    /// stopped to read the other side looks again; else never. Giving it up loses nothing.
    pub(crate) async fn deliver(&self) {
        let full = !self.has_room();
        while !(full && self.has_room()) {
            if self.queue.borrow().is_empty() {
                self.wake.notified().await;
                continue;
            }
            let sink = self.sink.borrow().clone();
            let ready = match sink {
                Some(sink) => sink.writable().await.is_ok(),
                None => false,
            };
            if !ready || self.write_some().is_err() {
                self.close();
            }
        }
    }

    fn write_some(&self) -> io::Result<()> {
        let sink = self.sink.borrow();
        let mut queue = self.queue.borrow_mut();
        let mut size = self.size.borrow_mut();
        let (Some(sink), Some(line)) = (sink.as_ref(), queue.front()) else {
            return Ok(());
        };
        match sink.try_write(line.get(size.1..).unwrap_or_default()) {
            Ok(count) => {
                self.moved.set(Instant::now());
                size.0 = size.0.saturating_sub(count);
                size.1 += count;
                if size.1 >= line.len() {
                    queue.pop_front();
                    size.1 = 0;
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Closes the stream. What waits is dropped.
    pub(crate) fn close(&self) {
        *self.sink.borrow_mut() = None;
        self.queue.borrow_mut().clear();
        *self.size.borrow_mut() = (0, 0);
    }
}

fn kind(fd: &impl AsFd) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode))
}

fn socket(fd: OwnedFd) -> io::Result<UnixStream> {
    let socket = std::os::unix::net::UnixStream::from(fd);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}
