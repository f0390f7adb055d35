//! The watch of the configuration and the components: a change of a file reloads.
//!
//! It looks at the files by their paths, again and again, instead of waiting for messages of the
//! system. That is one system call for each file and second, and in turn it works the same on every
//! system and file system (bind mounts, network disks, the symbolic links by which clusters mount a
//! configuration), brings no other code into this process, and does not mind that editors put a new
//! file in the place of the old one.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::config::Config;
use crate::reload::{Look, Reloads, Running, Trigger};

/// How often it looks. Whoever saves a file waits for two looks; a session wakes as often anyway.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Starts the thread that watches, which ends with the process. While the configuration says
/// `watch = false` it looks at nothing.
///
/// # Errors
/// The system gives no thread.
pub fn start(running: Arc<Running>, reloads: Reloads) -> std::io::Result<()> {
    let watch = move || {
        let mut seen = Look::default();
        loop {
            thread::sleep(LOOK_EVERY);
            let (config, read) = running.config_as_read();
            if config.gateway.watch {
                seen = look(seen.or(read), &config, &reloads);
            } else {
                // What changes meanwhile counts from the reload that switches the watch on.
                seen = Look::default();
            }
        }
    };
    thread::Builder::new()
        .name("watch".to_owned())
        .spawn(watch)?;
    Ok(())
}

/// Looks once, and reloads where a file has changed and changes no more: nobody wants half of what an
/// editor writes.
fn look(seen: Look, config: &Config, reloads: &Reloads) -> Look {
    let look = || Look::at(&config.source).and_components(config);
    let mut now = look();
    if !seen.differs(&now) {
        return now;
    }
    loop {
        thread::sleep(LOOK_EVERY);
        let again = look();
        if again == now {
            break;
        }
        now = again;
    }
    reloads.ask_and_block(Trigger::Watch);
    now
}
