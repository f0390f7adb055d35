//! Tells the operator what goes wrong beside the calls, which go on: nobody outside can check what was decided
//! since, its witnesses have not seen it, or what entries commit to is not kept.

use std::sync::Arc;

use wardlet_audit::CHECKPOINT_EVERY;

use crate::gate::Gate;

/// Looks whenever a checkpoint may be due, for as long as the process lives, and tells each change once.
pub async fn tell(gate: Arc<Gate>) {
    let mut log = Told::default();
    let mut vault = Told::default();
    let mut witnesses = Told::default();
    let mut lost = 0;
    let mut turns = tokio::time::interval(CHECKPOINT_EVERY);
    loop {
        turns.tick().await;
        // Where another gateway writes it is asked, which may take until it is found to be gone.
        let asked = Arc::clone(gate.log());
        let Ok(published) = tokio::task::spawn_blocking(move || asked.published()).await else {
            return;
        };
        log.see(
            published.error,
            "the log is not published any further",
            "the log is published again",
        );
        witnesses.see(
            gate.witnesses().and_then(|all| all.standing().problem),
            "the log is not witnessed",
            "the log is witnessed again",
        );
        let kept = gate.principals().kept();
        if kept.lost > lost {
            let values = kept.lost - lost;
            tracing::error!(values, "values that entries commit to were not kept");
            lost = kept.lost;
        }
        vault.see(
            kept.problem,
            "what entries commit to is not kept",
            "what entries commit to is kept again",
        );
    }
}

/// What was told last.
#[derive(Default)]
struct Told(Option<String>);

impl Told {
    fn see(&mut self, problem: Option<String>, bad: &str, good: &str) {
        if problem == self.0 {
            return;
        }
        match &problem {
            Some(error) => tracing::error!(%error, "{bad}"),
            None => tracing::info!("{good}"),
        }
        self.0 = problem;
    }
}
