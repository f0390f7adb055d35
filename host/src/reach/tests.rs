use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wardlet_call::{Caller, Moment, PluginName, StoreError as Failure, Taken};
use wardlet_sandbox::CAPABILITIES;

use super::{BucketSet, Outside, STORE};
use crate::config::{self, Config};

const CONFIG: &str = r#"
[server.files]
command = ["server"]
[bucket.writes]
rate = "2/h"
per = "principal"
[plugin.a]
component = "a.wasm"
grants = ["key-value", "rate-limit"]
buckets = ["writes"]
[plugin.b]
component = "b.wasm"
grants = ["counter", "rate-limit"]
buckets = ["writes"]
[plugin.plain]
component = "plain.wasm"
grants = ["log"]
[[rule]]
name = "all"
tools = ["files/*"]
policies = ["a", "b", "plain"]
"#;

fn plugin(text: &str, name: &str) -> (PluginName, config::Plugin) {
    let config = Config::parse(text, Path::new("wardlet.toml"), CAPABILITIES).unwrap();
    let name = PluginName::parse(name).unwrap();
    let plugin = config.plugins[&name].clone();
    (name, plugin)
}

fn take(buckets: &BucketSet, text: &str, name: &str) -> Taken {
    let outside = Outside::for_check(Path::new("/nowhere"));
    let (name, plugin) = plugin(text, name);
    let buckets = outside.of(&name, &plugin, buckets).unwrap().buckets;
    let taken = buckets.unwrap().take("writes", 1, &Caller::default());
    taken.unwrap()
}

#[test]
fn a_bucket_is_shared_and_stays_while_its_terms_do() {
    let first = BucketSet::default();
    assert_eq!(take(&first, CONFIG, "a"), Taken::Taken(1));
    assert_eq!(take(&first, CONFIG, "b"), Taken::Taken(0));
    // As after a reload: the plugins are loaded again, and the bucket is as empty as it was.
    let second = first.next();
    assert!(matches!(take(&second, CONFIG, "a"), Taken::Refused(_)));
    let other = CONFIG.replace("2/h", "9/h");
    let third = second.next();
    assert_eq!(take(&third, &other, "a"), Taken::Taken(8));
    assert_eq!(take(&third, &other, "b"), Taken::Taken(7));
    // Had the third set been refused, the next one would follow the second.
    assert!(matches!(
        take(&second.next(), CONFIG, "a"),
        Taken::Refused(_)
    ));
}

#[test]
fn the_store_is_made_where_a_plugin_that_runs_needs_it() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state");
    let moment = || Moment {
        now_ms: 1,
        until: Instant::now() + Duration::from_secs(60),
    };
    let (a, b, plain) = (
        plugin(CONFIG, "a"),
        plugin(CONFIG, "b"),
        plugin(CONFIG, "plain"),
    );
    let none = BucketSet::default();
    let check = Outside::for_check(&state);
    let looked = check.of(&a.0, &a.1, &none).unwrap().store.unwrap();
    assert_eq!(looked.get("key", moment()), Err(Failure::Unavailable));
    let run = Outside::for_run(&state);
    assert!(run.of(&plain.0, &plain.1, &none).unwrap().store.is_none());
    assert!(!state.exists(), "nobody needed it");
    let [a, b] = [a, b].map(|(name, plugin)| run.of(&name, &plugin, &none).unwrap().store.unwrap());
    assert_eq!(a.add("key", 1, None, moment()), Ok(1));
    assert_eq!(b.add("key", 1, None, moment()), Ok(1));
    assert!(state.join(STORE).exists());
}

#[test]
fn a_store_that_is_not_ours_refuses_whoever_needs_it_and_nobody_else() {
    for outside in [Outside::for_run, Outside::for_check] {
        let folder = TempDir::new().unwrap();
        drop(wardlet_keys::PrivateFolder::open(&folder.path().join("state")).unwrap());
        let state = folder.path().join("state");
        let path = state.join(STORE);
        let private = wardlet_keys::PrivateFolder::open(&state).unwrap();
        private
            .create_new(STORE, "no database ".repeat(90).as_bytes())
            .unwrap();
        let (outside, none) = (outside(&state), BucketSet::default());
        let (name, needs) = plugin(CONFIG, "b");
        let error = outside.of(&name, &needs, &none).unwrap_err();
        assert!(
            error.to_string().contains("not a store of Wardlet"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("move it away"), "{error}");
        let (name, plain) = plugin(CONFIG, "plain");
        assert!(outside.of(&name, &plain, &none).is_ok());
        assert!(fs::read(&path).unwrap().starts_with(b"no database"));
    }
}
