//! Tells the operator when the log is not published any further: calls go on, and nobody outside can check
//! what was decided since.

use std::sync::Arc;

use wardlet_audit::{CHECKPOINT_EVERY, Log};

/// Looks whenever a checkpoint may be due, for as long as the process lives, and tells each change once.
pub async fn tell_problems(log: Arc<Log>) {
    let mut told = None;
    let mut turns = tokio::time::interval(CHECKPOINT_EVERY);
    loop {
        turns.tick().await;
        let problem = log.published().error;
        if problem == told {
            continue;
        }
        match &problem {
            Some(error) => tracing::error!(%error, "the log is not published any further"),
            None => tracing::info!("the log is published again"),
        }
        told = problem;
    }
}
