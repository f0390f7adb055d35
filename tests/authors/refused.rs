//! What is wrong is told with what mends it, and leaves nothing behind.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use wardlet_author::Language;

use super::{MISSING, author, built, far_away, needs, said};
use crate::fixture::skip;

/// A command that is refused: its arguments, its exit code, and what it says.
const REFUSED: [(&[&str], i32, &[&str]); 9] = [
    (
        &["new", "Refunds", "--lang", "c"],
        2,
        &["`Refunds` is no name", "hint: ", "a-z"],
    ),
    (&["new", "../up", "--lang", "c"], 2, &["`../up` is no name"]),
    (&["new", "", "--lang", "c"], 2, &["`` is no name"]),
    (
        &["new", "a\u{1b}[31m", "--lang", "c"],
        2,
        &["`a\\u{1b}[31m` is no name"],
    ),
    (
        &["new", "there", "--lang", "c"],
        2,
        &["is there already", "hint: ", "--path"],
    ),
    (
        &["new", "new", "--lang", "cobol"],
        2,
        &["cobol", "rust", "cpp"],
    ),
    (
        &["new", "new", "--lang", "c", "--with", "lgo"],
        2,
        &["lgo", "log", "key-value"],
    ),
    (
        &["new", "new", "--lang", "c", "--path", "nowhere"],
        3,
        &["nowhere/new"],
    ),
    (
        &["build"],
        2,
        &["no `plugin.toml` in `.`", "hint: ", "wardlet plugin new"],
    ),
];

#[test]
fn what_is_wrong_is_told_with_what_mends_it() {
    let folder = far_away();
    fs::create_dir(folder.path().join("there")).unwrap();
    for (arguments, code, words) in REFUSED {
        let arguments: Vec<&dyn AsRef<OsStr>> = arguments.iter().map(|one| one as _).collect();
        let output = author(folder.path(), &arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing was written: {left:?}");
}

/// A `plugin.toml` that is wrong, and what is said of it.
const MANIFESTS: [(&str, &str); 6] = [
    (
        "name = \"a\"\nlanguage = \"c\"\nkind = \"judge\"\n",
        "`judge` is no kind of plugin",
    ),
    (
        "name = \"a\"\nlanguage = \"cobol\"\nkind = \"policy\"\n",
        "`cobol` is no language",
    ),
    (
        "name = \"A\"\nlanguage = \"c\"\nkind = \"policy\"\n",
        "`A` is no name",
    ),
    (
        "name = \"a\"\nlanguage = \"c\"\nkind = \"policy\"\ncapabilities = [\"files\"]\n",
        "`files` is no capability",
    ),
    (
        "name = \"a\"\nlanguage = \"c\"\nkind = \"policy\"\ngrants = []\n",
        "unknown field `grants`",
    ),
    ("name = ", "plugin.toml"),
];

#[test]
fn a_manifest_that_is_wrong_is_told() {
    for (manifest, words) in MANIFESTS {
        let folder = far_away();
        fs::write(folder.path().join("plugin.toml"), manifest).unwrap();
        let output = author(folder.path(), &[&"build"]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(words) && said.contains("hint: "),
            "`{words}`: {said}"
        );
    }
}

/// What is said where a language's toolchain is not there: how to get it, and that `--install` does.
const MISSING_TOOLS: [(Language, &[&str]); 8] = [
    (
        Language::Rust,
        &[
            "no Rust toolchain",
            "rustup target add wasm32-unknown-unknown",
            "apt-get install rustc-web",
        ],
    ),
    (
        Language::C,
        &[
            "no compiler of C for WebAssembly",
            "from PyPI into `",
            "apt-get install clang-22",
        ],
    ),
    (
        Language::Cpp,
        &[
            "no compiler of C++ for WebAssembly",
            "from PyPI into `",
            "libc++-22-dev-wasm32",
        ],
    ),
    (
        Language::Zig,
        &[
            "no zig 0.17.x",
            "from PyPI into `",
            "https://ziglang.org/download",
        ],
    ),
    (
        Language::Go,
        &[
            "no Go 1.25 or later",
            "from PyPI into `",
            "https://go.dev/doc/install",
        ],
    ),
    (
        Language::JavaScript,
        &[
            "no node, or one before 20, which componentize-qjs runs in",
            "apt-get install nodejs npm",
        ],
    ),
    (
        Language::TypeScript,
        &[
            "no node, or one before 20, which typescript runs in",
            "apt-get install nodejs npm",
        ],
    ),
    (
        Language::Python,
        &[
            "componentize-py 0.25.1 is not installed",
            "from PyPI into `",
            "about 17 MB",
        ],
    ),
];

#[test]
fn a_missing_toolchain_is_told_with_how_to_get_it() {
    for (language, words) in MISSING_TOOLS {
        let folder = far_away();
        let name = language.name();
        let output = author(folder.path(), &[&"new", &"mine", &"--lang", &name]);
        assert!(output.status.success(), "{}", said(&output));
        let project = folder.path().join("mine");
        for install in [false, true] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_wardlet"));
            command
                .args(["plugin", "build"])
                .args(install.then_some("--install"))
                .current_dir(&project)
                .env_clear()
                .env("PATH", folder.path())
                .env("WARDLET_TOOLS", folder.path().join("tools"))
                .stdin(Stdio::null());
            let output = command.output().unwrap();
            let said = said(&output);
            assert_eq!(output.status.code(), Some(MISSING), "{name}: {said}");
            assert!(said.contains("hint: "), "{name}: {said}");
            if !install {
                assert!(said.contains("--install"), "{name}: {said}");
                for word in words {
                    assert!(said.contains(word), "{name}: `{word}` is not in: {said}");
                }
            }
            assert!(!project.join("build/mine.wasm").exists());
        }
    }
    assert_eq!(MISSING_TOOLS.map(|(language, _)| language), Language::ALL);
}

/// A function in C that nobody calls and that is kept all the same, as is its import.
const DRAWS: &str = "
__attribute__((used)) bool draw(plugin_list_u8_t *to, wardlet_plugin_random_failure_t *err) {
    return wardlet_plugin_random_bytes(8, to, err);
}
";

/// A build that fails leaves the component of the last one that did not.
#[test]
fn a_failed_build_leaves_what_was_there() {
    let folder = far_away();
    let output = author(folder.path(), &[&"new", &"mine", &"--lang", &"c"]);
    assert!(output.status.success(), "{}", said(&output));
    let project = folder.path().join("mine");
    if built(&project, Language::C).is_none() {
        return skip(
            "authors::refused::a_failed_build_leaves_what_was_there",
            needs(Language::C),
        );
    }
    let component = project.join("build/mine.wasm");
    let before = fs::read(&component).unwrap();
    let source = project.join("src/plugin.c");
    let good = fs::read_to_string(&source).unwrap();
    for (bad, words) in [
        (
            format!("{good}\nint broken(void) {{ return missing; }}\n"),
            "missing",
        ),
        // The world does not name the clock, so nothing declares its function.
        (
            format!("{good}\nuint64_t now(void) {{ return wardlet_plugin_clock_now(); }}\n"),
            "hint: if it may use `clock`, add it to `capabilities` of `plugin.toml`",
        ),
    ] {
        fs::write(&source, bad).unwrap();
        let output = author(&project, &[&"build"]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
        assert_eq!(fs::read(&component).unwrap(), before);
    }
    // A world that names what `plugin.toml` does not, and code that uses it.
    fs::write(&source, &good).unwrap();
    let manifest = project.join("plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let world = project.join("wit/world.wit");
    let named = fs::read_to_string(&world).unwrap();
    fs::write(
        &world,
        named.replace("}\n", "    import wardlet:plugin/random@0.1.0;\n}\n"),
    )
    .unwrap();
    fs::write(&source, format!("{good}{DRAWS}")).unwrap();
    let output = author(&project, &[&"build"]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("add `\"random\"` to `capabilities`"),
        "{told}"
    );
    fs::write(
        &manifest,
        text.replace("capabilities = []", "capabilities = [\"random\"]"),
    )
    .unwrap();
    let report = built(&project, Language::C).unwrap();
    assert!(report["imports"].to_string().contains("random"), "{report}");
    assert_eq!(json!(fs::read(&component).unwrap().len()), report["bytes"]);
}

/// `plugin test --build` tries what the sources say now, and nothing where they do not compile.
#[test]
fn a_test_that_builds_first_tries_what_the_sources_say() {
    let folder = far_away();
    let output = author(folder.path(), &[&"new", &"mine", &"--lang", &"c"]);
    assert!(output.status.success(), "{}", said(&output));
    let project = folder.path().join("mine");
    let test = || author(&project, &[&"test", &"--build"]);
    let output = test();
    if output.status.code() == Some(MISSING) {
        return skip(
            "authors::refused::a_test_that_builds_first_tries_what_the_sources_say",
            needs(Language::C),
        );
    }
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        !said(&output).contains("is older than"),
        "{}",
        said(&output)
    );
    let source = project.join("src/plugin.c");
    let good = fs::read_to_string(&source).unwrap();
    for (text, code, words) in [
        (
            format!("{good}\n#error \"nobody builds this\"\n"),
            1,
            "nobody builds this",
        ),
        // Other bytes that make the same component.
        (format!("{good}\n"), 0, ""),
    ] {
        fs::write(&source, text).unwrap();
        let output = test();
        let told = said(&output);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(
            told.contains(words) && !told.contains("is older than"),
            "{told}"
        );
        let passed = String::from_utf8_lossy(&output.stdout).contains(" passed in ");
        assert_eq!(passed, code == 0, "{output:?}");
    }
}

/// Two builds in one work folder at the same time: each component is that of its own sources.
#[test]
fn builds_in_one_folder_wait_for_each_other() {
    let folder = far_away();
    let work = folder.path().join("work");
    let plugins = ["policy", "redactor"].map(|kind| {
        let new: [&dyn AsRef<OsStr>; 8] = [
            &"new", &kind, &"--lang", &"c", &"--kind", &kind, &"--with", &"scan",
        ];
        let new = if kind == "policy" { &new[..6] } else { &new };
        let output = author(folder.path(), new);
        assert!(output.status.success(), "{}", said(&output));
        folder.path().join(kind)
    });
    let build = |project: &std::path::PathBuf| {
        let arguments: [&dyn AsRef<OsStr>; 4] = [&"build", &"--json", &"--work", &work];
        author(project, &arguments)
    };
    // More than once, since what they take from each other depends on which of them is ahead.
    for _ in 0..3 {
        let [policy, redactor] = std::thread::scope(|scope| {
            let started = plugins
                .each_ref()
                .map(|project| scope.spawn(move || build(project)));
            started.map(|thread| thread.join().unwrap())
        });
        if policy.status.code() == Some(MISSING) {
            return skip(
                "authors::refused::builds_in_one_folder_wait_for_each_other",
                needs(Language::C),
            );
        }
        for (output, scans) in [(policy, false), (redactor, true)] {
            assert!(output.status.success(), "{}", said(&output));
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            let imports = report["imports"].to_string();
            assert_eq!(imports.contains("wardlet:plugin/scan@"), scans, "{report}");
        }
    }
}

/// A compiler that takes the probe, and then writes half a module and goes on for ever.
const NEVER_DONE: &str = "#!/bin/sh
case \"$*\" in
*probe.c*) exit 0 ;;
esac
printf '\\0asm' > build/work/module.wasm
echo compiling > started
exec tail -f /dev/null
";

/// As with Ctrl-C the signal goes to the whole group. It is another one, since what a shell starts in the
/// background ignores that of Ctrl-C.
#[test]
fn an_interrupted_build_leaves_no_half_component() {
    let folder = far_away();
    let output = author(folder.path(), &[&"new", &"mine", &"--lang", &"c"]);
    assert!(output.status.success(), "{}", said(&output));
    let project = folder.path().join("mine");
    let tools = folder.path().join("tools");
    fs::create_dir(&tools).unwrap();
    fs::write(tools.join("clang-22"), NEVER_DONE).unwrap();
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(tools.join("clang-22"), executable).unwrap();
    let fifo = Command::new("mkfifo").arg(project.join("started")).status();
    assert!(fifo.unwrap().success());
    let path = std::env::join_paths([tools.as_path(), Path::new("/usr/bin"), Path::new("/bin")]);
    let mut build = Command::new(env!("CARGO_BIN_EXE_wardlet"))
        .args(["plugin", "build"])
        .current_dir(&project)
        .env("PATH", path.unwrap())
        .process_group(0)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Opens once the compiler has begun.
    assert_eq!(
        fs::read_to_string(project.join("started")).unwrap(),
        "compiling\n"
    );
    let group = rustix::process::Pid::from_raw(build.id().cast_signed()).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::TERM).unwrap();
    assert_eq!(build.wait().unwrap().code(), None, "ended by the signal");
    let made = fs::read_dir(project.join("build")).unwrap();
    let made: Vec<_> = made.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made, ["work"], "nothing but what is on the way");
}
