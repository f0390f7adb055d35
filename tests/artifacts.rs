//! Compilation by a child of the real binary, and what is kept of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use wardlet_call::PluginName;
use wardlet_keys::digest::{pin, sha256};
use wardlet_sandbox::{
    Artifacts, Budget, Child, CompileError, Compiler, Grant, LoadError, Sandbox,
};

use crate::fixture::{Agent, Gateway, Setup, run, text, wardlet};

/// The sandbox of the real binary, with a budget of its own.
fn sandbox(budget: Option<Budget>) -> Sandbox {
    let binary = env!("CARGO_BIN_EXE_wardlet").into();
    let child = Child::new(binary, vec!["compile-component".into()]);
    let child = match budget {
        Some(budget) => child.within(budget),
        None => child,
    };
    let artifacts = Artifacts::new(Compiler::Child(child), None);
    Sandbox::new().unwrap().with(artifacts)
}

/// A component of one module with these functions. It is no plugin.
fn component(functions: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (core module {functions}))")).unwrap()
}

/// So many functions, each of them small.
fn many(functions: usize) -> Vec<u8> {
    component(&"(func (param i32) (result i32) local.get 0 i32.const 3 i32.mul)".repeat(functions))
}

/// What takes the compiler many seconds of processor time.
fn slow() -> Vec<u8> {
    many(200_000)
}

fn load(sandbox: &Sandbox, component: &[u8]) -> LoadError {
    let name = PluginName::parse("hostile").unwrap();
    sandbox
        .load(&name, component, Grant::default())
        .unwrap_err()
}

#[test]
fn components_that_are_large_are_compiled_within_their_budget() {
    let sandbox = sandbox(None);
    let nested = format!(
        "(func {} {})",
        "block ".repeat(50_000),
        "end ".repeat(50_000)
    );
    for (what, component) in [("many", many(50_000)), ("nested", component(&nested))] {
        let error = load(&sandbox, &component);
        assert!(matches!(error, LoadError::NoRole(_)), "{what}: {error}");
    }
}

#[test]
fn components_that_take_too_much_are_refused() {
    // One function of a megabyte, all of which the compiler has in mind at one time.
    let long = component(&format!(
        "(func (param i32) (result i32) {} local.get 0)",
        "local.get 0 i32.const 7 i32.mul local.set 0 ".repeat(100_000)
    ));
    let (slow, small) = (slow(), many(5_000));
    let budget = Budget::of(slow.len());
    type Expected = fn(&CompileError) -> bool;
    let cases: [(&str, &[u8], Budget, Expected); 4] = [
        (
            "processor time",
            &slow,
            Budget {
                cpu_seconds: 1,
                ..budget
            },
            |error| matches!(error, CompileError::CpuTime(1)),
        ),
        (
            "wall time",
            &slow,
            Budget {
                wall: Duration::from_millis(300),
                ..budget
            },
            |error| matches!(error, CompileError::WallTime(_)),
        ),
        (
            "machine code",
            &small,
            Budget {
                artifact: 64 << 10,
                ..budget
            },
            |error| matches!(error, CompileError::Artifact(_)),
        ),
        ("memory", &long, Budget::of(long.len()), |error| {
            matches!(error, CompileError::Memory(_))
        }),
    ];
    for (what, component, budget, expected) in cases {
        let error = load(&sandbox(Some(budget)), component);
        let LoadError::Compile(compile) = &error else {
            panic!("{what}: {error}");
        };
        assert!(expected(compile), "{what}: {error}");
        assert!(compile.hint().is_some());
    }
}

/// A configuration's table for a component, which is written beside it.
fn table(folder: &Path, name: &str, component: &[u8]) -> String {
    fs::write(folder.join(name), component).unwrap();
    let digest = pin(&sha256(component));
    format!("\n[plugin.{name}]\ncomponent = \"{name}\"\ndigest = \"{digest}\"\n")
}

fn append(config: &Path, text: &str) {
    let whole = fs::read_to_string(config).unwrap() + text;
    fs::write(config, whole).unwrap();
}

/// `wardlet check` while it compiles a component that takes long, and the compiler's process.
fn compiling(folder: &Path) -> (Process, Pid) {
    let config = folder.join("wardlet.toml");
    append(&config, &table(folder, "hostile", &slow()));
    let check = Command::new(env!("CARGO_BIN_EXE_wardlet"))
        .args(["check", "--offline", "--config"])
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The honest plugins have compilers too, which end soon: one that has used a second is the one.
    let compiler = until("the compiler", || {
        children(check.id())
            .into_iter()
            .find(|child| seconds(*child) >= 1)
    });
    (check, compiler)
}

/// Looks at the system again and again until something is there.
fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waiting for {what}");
        std::thread::yield_now();
    }
}

/// The children of all threads of a process.
fn children(process: u32) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let numbers: Vec<i32> = lists
        .flat_map(|list| {
            list.split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect::<Vec<_>>()
        })
        .collect();
    numbers.into_iter().filter_map(Pid::from_raw).collect()
}

/// The fields of a process's state behind its name, none where it is gone.
fn stat(process: Pid) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Seconds of processor time that a process has used, at the clock's usual 100 ticks.
fn seconds(process: Pid) -> u64 {
    stat(process).map_or(0, |fields| fields[11].parse::<u64>().unwrap() / 100)
}

#[test]
fn a_compiler_that_is_killed_is_told_and_the_gateway_goes_on() {
    let folder = Setup::default().write();
    let (check, compiler) = compiling(folder.path());
    kill_process(compiler, Signal::KILL).unwrap();
    let output = check.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let expected =
        "error: plugin `hostile`: cannot be compiled: the compiler was killed (signal 9)\nhint: ";
    assert!(said.contains(expected), "{said}");
    assert_eq!(said.matches("error:").count(), 1, "the others load: {said}");
}

#[test]
fn a_compiler_ends_with_the_gateway() {
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let folder = Setup::default().write();
        let (mut check, compiler) = compiling(folder.path());
        let gateway = Pid::from_raw(check.id().cast_signed()).unwrap();
        kill_process(gateway, signal).unwrap();
        check.wait().unwrap();
        // It may stay as a name until whoever inherits it asks for its status.
        until("the compiler's end", || {
            let ended = stat(compiler).is_none_or(|fields| fields[0] == "Z" || fields[0] == "X");
            ended.then_some(())
        });
    }
}

#[test]
fn what_is_wrong_with_several_plugins_is_told_in_their_order() {
    let folder = Setup::default().write();
    let config = folder.path().join("wardlet.toml");
    let bad = component("(func)");
    for name in ["d", "b", "e", "a", "c"] {
        append(&config, &table(folder.path(), name, &bad));
    }
    fs::remove_file(folder.path().join("c")).unwrap();
    fs::write(folder.path().join("e"), "no component").unwrap();
    let output = wardlet(&["check", "--offline"], &config);
    let said = String::from_utf8(output.stderr).unwrap();
    let errors: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("error: plugin "))
        .collect();
    let begins = [
        "`a`: exports no",
        "`b`: exports no",
        "`c`: cannot read",
        "`d`: exports no",
        "`e`: the component is",
    ];
    assert_eq!(errors.len(), begins.len(), "{said}");
    for (error, begin) in errors.iter().zip(begins) {
        assert!(error.starts_with(begin), "{said}");
    }
    assert_eq!(output.status.code(), Some(2));
    assert!(
        !folder.path().join(".wardlet").exists(),
        "a check makes no state"
    );
}

/// The kept artifacts, in the order of their names.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join(".wardlet/cache")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// What tells one writing of a file from another.
fn written(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A session over a folder: what is allowed is answered, what is not is refused. Gives the log.
fn session(folder: &Path) -> String {
    let log = folder.join("gateway.log");
    let mut agent = Agent::start(run(folder), &log);
    agent.initialise();
    let allowed = agent.call("echo", &json!({"path": "/srv/data/report"}));
    assert_ne!(allowed["result"]["isError"], true, "{allowed}");
    let refused = agent.call("echo", &json!({"path": "/etc/shadow"}));
    assert!(text(&refused).starts_with("refused"), "{refused}");
    assert!(agent.close().success());
    fs::read_to_string(log).unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told to its end")]
fn plugins_are_kept_and_not_trusted_where_something_changed() {
    let folder = Setup::default().write();
    let folder = folder.path();
    assert!(
        !session(folder).contains("WARN"),
        "nothing to warn of at the first start"
    );
    let paths = kept(folder);
    assert_eq!(paths.len(), 2);
    assert_eq!(mode(&folder.join(".wardlet/cache")), 0o700);
    let good: Vec<_> = paths
        .iter()
        .map(|path| (fs::read(path).unwrap(), written(path)))
        .collect();
    assert!(!session(folder).contains("WARN"));
    for (path, (bytes, number)) in paths.iter().zip(&good) {
        assert_eq!(
            (mode(path), written(path)),
            (0o600, *number),
            "it is used, not made again"
        );
        assert_eq!(fs::read(path).unwrap(), *bytes);
    }
    let [one, two] = [&paths[0], &paths[1]];
    let spoil: [(&str, usize, &dyn Fn()); 6] = [
        ("a flipped bit", 1, &|| {
            let mut bytes = good[0].0.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(one, bytes).unwrap();
        }),
        ("cut", 1, &|| {
            fs::write(one, &good[0].0[..good[0].0.len() - 1]).unwrap()
        }),
        ("exchanged with another plugin's", 2, &|| {
            let away = folder.join("away");
            fs::rename(one, &away).unwrap();
            fs::rename(two, one).unwrap();
            fs::rename(&away, two).unwrap();
        }),
        ("open to others", 1, &|| {
            fs::set_permissions(one, Permissions::from_mode(0o644)).unwrap();
        }),
        ("a link", 1, &|| {
            let away = folder.join("away");
            fs::rename(one, &away).unwrap();
            symlink(&away, one).unwrap();
        }),
        ("the key of another installation", 2, &|| {
            fs::remove_file(folder.join(".wardlet/keys/artifact.key")).unwrap();
        }),
    ];
    for (what, count, spoil) in spoil {
        spoil();
        let log = session(folder);
        assert_eq!(log.matches("not trusted").count(), count, "{what}: {log}");
        assert_eq!(log.matches("WARN").count(), count, "{what}: {log}");
        for path in [one, two] {
            assert_eq!(mode(path), 0o600, "{what}");
            assert!(fs::symlink_metadata(path).unwrap().is_file(), "{what}");
        }
        assert!(
            !session(folder).contains("WARN"),
            "{what}: made again and kept"
        );
    }
}

#[test]
fn a_check_uses_what_the_gateway_kept() {
    let gateway = Gateway::start(&Setup::default());
    let config = gateway.config();
    let folder = gateway.finish().folder;
    let path = kept(folder.path()).remove(0);
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(long_ago).unwrap();
    let number = written(&path);
    let output = wardlet(&["check", "--offline"], &config);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(written(&path), number);
    assert_ne!(
        fs::metadata(&path).unwrap().modified().unwrap(),
        long_ago,
        "its use is noted"
    );
}

#[test]
fn a_folder_that_cannot_be_used_is_no_reason_not_to_start() {
    let folder = Setup::default().write();
    let cache = folder.path().join(".wardlet/cache");
    session(folder.path());
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, "in the way").unwrap();
    let log = session(folder.path());
    assert_eq!(
        log.matches("compiled plugins are not kept").count(),
        1,
        "{log}"
    );
    fs::remove_file(&cache).unwrap();
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, Permissions::from_mode(0o755)).unwrap();
    let log = session(folder.path());
    assert_eq!(
        log.matches("compiled plugins are not kept").count(),
        1,
        "{log}"
    );
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);
}
