//! One agent, one upstream, and the gate between them (MCP, stdio transport).
//!
//! The session knows ids, routes and who waits for what. It judges nothing: requests that need a
//! decision go to the gate, and what comes back from there is what is sent.

mod agent;
mod beside;
mod calls;
mod catalogue;
mod malformed;
mod order;
mod pipe;
mod redacting;
mod reloaded;
mod server;
mod settle;
mod upstream;

use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use wardlet_call::Reason;
use wardlet_mcp::{Line, Lines, MAX_LINE_BYTES};

use crate::gate::{Approvals, Gate, PolicySet};
use crate::reload::Terms;
use calls::{Calls, Scale};
use catalogue::Catalogue;
use malformed::Malformed;
use order::Order;
use pipe::{Outbox, Source};

pub(crate) use upstream::Server;
pub use upstream::{Launch, LaunchError};

/// How long calls under way may still be answered after the agent has closed its side, as a pipeline
/// does that feeds requests from a file. A client that will not wait says so with SIGTERM.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// How long they may after the gateway was told to stop: SDK clients give it two seconds in all.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// How often calls are looked through for those whose time is up. Timeouts are given in seconds.
const SWEEP: Duration = Duration::from_secs(1);

/// How long the last lines may take to reach the agent.
const LAST_LINES: Duration = Duration::from_millis(500);

/// How often a thread that writes is asked whether it is done.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The agent closed its side.
    Agent,
    /// The gateway was told to stop.
    Told,
    /// The upstream ended.
    Upstream,
    /// The agent sent nothing but rubbish.
    Flood,
}

/// Why a session cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The server does not start.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The agent's or the server's descriptors cannot be used.
    #[error("the session has no usable streams: {0}")]
    Streams(#[from] std::io::Error),
}

/// How far a session of the legacy era has come (MCP 2025-11-25, lifecycle).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lifecycle {
    /// The agent has sent `initialize`.
    begun: bool,
    /// The version that the upstream agreed to.
    version: Option<String>,
    /// The upstream tells it when its list of tools changes.
    tells_changed_tools: bool,
    /// The agent was shown tools.
    listed: bool,
}

pub(crate) struct Session {
    gate: Arc<Gate>,
    approvals: Arc<Approvals>,
    terms: watch::Receiver<Terms>,
    /// The policy set under which the agent was last told which tools there are.
    shown_by: RefCell<Arc<PolicySet>>,
    to_agent: Outbox,
    to_upstream: Outbox,
    calls: RefCell<Calls>,
    catalogue: RefCell<Catalogue>,
    lifecycle: RefCell<Lifecycle>,
    malformed: RefCell<Malformed>,
    rubbish: Cell<u64>,
    /// The session ends: nobody is asked any more.
    stopping: Cell<bool>,
    /// Lines of the upstream that redactors look at.
    order: RefCell<Order>,
    /// Bytes of these lines.
    searched: Scale,
    /// Something that was waited for has happened: a call was judged or decided, a line was searched.
    settled: Notify,
    next_id: Cell<u64>,
}

/// Runs a session until one side ends it or `stop` says so, and leaves no process behind.
///
/// # Errors
/// [`SessionError`]
pub async fn run(
    gate: Arc<Gate>,
    approvals: Arc<Approvals>,
    launch: &Launch,
    terms: watch::Receiver<Terms>,
    (input, output): (OwnedFd, OwnedFd),
    stop: impl Future<Output = ()>,
) -> Result<End, SessionError> {
    let (upstream, to_upstream, from_upstream) = launch.start()?;
    let mut agent = Source::new(input)?;
    let mut server = Source::new(from_upstream)?;
    let session = Rc::new(Session {
        shown_by: RefCell::new(gate.policy_set()),
        gate,
        approvals,
        terms,
        to_agent: Outbox::new(output)?,
        to_upstream: Outbox::new(to_upstream)?,
        calls: RefCell::default(),
        catalogue: RefCell::default(),
        lifecycle: RefCell::default(),
        malformed: RefCell::default(),
        rubbish: Cell::new(0),
        stopping: Cell::new(false),
        order: RefCell::default(),
        searched: Scale::default(),
        settled: Notify::new(),
        next_id: Cell::new(0),
    });
    let mut from_server = Lines::new(MAX_LINE_BYTES);
    tokio::pin!(stop);
    let end = session
        .serve(&mut agent, (&mut server, &mut from_server), stop.as_mut())
        .await;
    session
        .finish(end, (&mut server, &mut from_server), stop)
        .await;
    session.to_upstream.close();
    tokio::join!(upstream.end(), session.deliver_last());
    Ok(end)
}

impl Session {
    /// Carries lines in both directions until one side ends.
    async fn serve(
        self: &Rc<Self>,
        agent: &mut Source,
        (server, from_server): (&mut Source, &mut Lines),
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> End {
        let mut from_agent = Lines::new(MAX_LINE_BYTES);
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut terms = self.terms.clone();
        loop {
            tokio::select! {
                // An agent that does not read its answers gets no more of them.
                read = agent.read(from_agent.spare()),
                    if self.to_upstream.has_room() && self.to_agent.has_room() => {
                    let count = read.unwrap_or(0);
                    if count == 0 {
                        return End::Agent;
                    }
                    from_agent.advance(count);
                    while let Some(line) = from_agent.next_line() {
                        if self.from_agent(line).is_err() {
                            return End::Flood;
                        }
                    }
                }
                read = server.read(from_server.spare()),
                    if self.to_agent.has_room() && self.may_take_more() => {
                    let count = read.unwrap_or(0);
                    if count == 0 {
                        return End::Upstream;
                    }
                    from_server.advance(count);
                    self.take_from_server(from_server);
                }
                () = self.settled.notified() => self.take_from_server(from_server),
                () = self.to_agent.deliver() => {}
                () = self.to_upstream.deliver() => {}
                _ = sweep.tick() => {
                    self.sweep();
                    // Nothing is read of the agent meanwhile, not even that it has ended.
                    if self.to_upstream.is_stuck(self.timeout()) {
                        tracing::warn!(server = %self.gate.server(), "the server reads nothing");
                        return End::Upstream;
                    }
                }
                Ok(()) = terms.changed() => self.reloaded(),
                () = stop.as_mut() => return End::Told,
            }
        }
    }

    /// How long a call may wait for the server.
    fn timeout(&self) -> Duration {
        self.terms.borrow().timeout
    }

    /// Takes the lines that were read, as long as redactors keep up. The rest stays where it is until
    /// they have caught up.
    fn take_from_server(self: &Rc<Self>, lines: &mut Lines) {
        while self.may_take_more()
            && let Some(line) = lines.next_line()
        {
            match line {
                Line::Whole(line) => self.from_server(line),
                Line::TooLong { bytes } => self.rubbish(&format!("a line of over {bytes} bytes")),
            }
        }
    }

    /// Ends what is under way: what waits for a human is refused; what the upstream has is given a
    /// moment where the agent ended, and is then recorded as unknown.
    async fn finish(
        self: &Rc<Self>,
        end: End,
        (server, from_server): (&mut Source, &mut Lines),
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) {
        let reason = match end {
            End::Upstream => Reason::UpstreamGone,
            End::Agent | End::Told | End::Flood => Reason::Stopping,
        };
        self.stopping.set(true);
        self.approvals.withdraw_all(&reason);
        let patience = if end == End::Agent {
            LAST_ANSWERS
        } else {
            LAST_MOMENT
        };
        let deadline = Instant::now() + patience;
        let mut upstream_lives = matches!(end, End::Agent | End::Told);
        self.take_from_server(from_server);
        while self.calls.borrow().any_here()
            || self.order.borrow().under_way() > 0
            || (upstream_lives && self.calls.borrow().any_with_upstream())
        {
            tokio::select! {
                read = server.read(from_server.spare()),
                    if upstream_lives && self.may_take_more() => {
                    let count = read.unwrap_or(0);
                    from_server.advance(count);
                    self.take_from_server(from_server);
                    upstream_lives = count > 0;
                }
                () = self.settled.notified() => self.take_from_server(from_server),
                () = self.to_agent.deliver() => {}
                () = self.to_upstream.deliver() => {}
                () = stop.as_mut(), if end != End::Told => break,
                () = sleep_until(deadline) => break,
            }
        }
        let ready = self.order.borrow_mut().give_up();
        self.release(ready);
        self.refuse_all_parked(&reason);
        self.end_all(&reason);
        self.sum_up_malformed();
    }

    async fn deliver_last(&self) {
        let deadline = Instant::now() + LAST_LINES;
        while !self.to_agent.is_empty() && Instant::now() < deadline {
            tokio::select! {
                () = self.to_agent.deliver() => {}
                // A thread that writes for a terminal or a file tells nobody when it is done.
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// An upstream that writes what is no message: nobody is told but the operator, and not for
    /// each line, since a server that prints its log there would drown everything else.
    fn rubbish(&self, what: &str) {
        let count = self.rubbish.get() + 1;
        self.rubbish.set(count);
        if count.is_power_of_two() {
            tracing::warn!(
                server = %self.gate.server(),
                count,
                "the server wrote {what} to its standard output; it is dropped"
            );
        }
    }
}

/// Asks a future once whether it has its value already. Whoever goes on with it polls it anew.
fn once<T>(future: Pin<&mut dyn Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
