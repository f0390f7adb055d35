//! `wardlet plugin new` and `wardlet plugin build`, with the real binary, far from this repository; and the
//! examples, which are what they write, in a gateway.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use wardlet_author::{CAPABILITIES, Kind, Language};
use wardlet_keys::digest::sha256;

use crate::cases::check_component;
use crate::fixture::{Gateway, Setup, is_refusal, plugin, root, skip, text};

/// What a language needs that a machine may not have.
const fn needs(language: Language) -> &'static str {
    match language {
        Language::Rust => "a Rust toolchain for wasm32-unknown-unknown",
        Language::C => "clang with wasi-libc and lld, or zig as `cargo xtask guests` installs it",
        Language::Cpp => {
            "clang++ with libc++ for wasm32, or zig as `cargo xtask guests` installs it"
        }
    }
}

/// The exit code of a command that misses something.
const MISSING: i32 = 3;

/// A folder that no repository is above of.
fn far_away() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("wardlet-author-")
        .tempdir()
        .unwrap();
    let above = folder
        .path()
        .ancestors()
        .any(|above| above.join(".git").exists());
    assert!(!above, "{} is in a repository", folder.path().display());
    folder
}

/// Runs `wardlet plugin …` in a folder. The tools are those that `cargo xtask` installed.
fn author(folder: &Path, arguments: &[&dyn AsRef<OsStr>]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardlet"));
    command
        .arg("plugin")
        .args(arguments.iter().map(AsRef::as_ref))
        .current_dir(folder)
        .env("WARDLET_TOOLS", root().join("target/tools"))
        .stdin(Stdio::null());
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Builds the plugin of a folder, and gives what the build says; none where the toolchain is missing.
fn built(folder: &Path, language: Language) -> Option<Value> {
    // What cargo compiles of the SDK is shared by all runs.
    let work = root().join("target/authors").join(language.name());
    let output = author(folder, &[&"build", &"--json", &"--work", &work]);
    if output.status.code() == Some(MISSING) {
        let said = said(&output);
        assert!(said.contains("hint: "), "{said}");
        return None;
    }
    assert!(
        output.status.success(),
        "{}: {}",
        language.name(),
        said(&output)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn digest(file: &Path) -> String {
    let digest = sha256(&fs::read(file).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_new_plugin_builds_far_from_here_and_answers_its_cases() {
    for language in Language::ALL {
        for (kind, with) in [
            (Kind::Policy, ""),
            (Kind::Redactor, "log,clock"),
            (Kind::Redactor, "scan"),
        ] {
            let folder = far_away();
            let (lang, kind) = (language.name(), kind.name());
            let name = format!("my-{kind}{}", with.len());
            let new: [&dyn AsRef<OsStr>; 6] = [&"new", &name, &"--lang", &lang, &"--kind", &kind];
            let mut new = new.to_vec();
            if !with.is_empty() {
                new.extend([&"--with" as &dyn AsRef<OsStr>, &with]);
            }
            let output = author(folder.path(), &new);
            assert!(output.status.success(), "{}", said(&output));
            let project = folder.path().join(&name);
            let Some(report) = built(&project, language) else {
                let test = "authors::a_new_plugin_builds_far_from_here_and_answers_its_cases";
                skip(test, needs(language));
                break;
            };
            let component = project.join("build").join(&name).with_extension("wasm");
            check_report(&report, &name, &component, with);
            check_component(&name, &component, &project.join("cases"));
            check_declared_name(&name, &component, kind);
        }
    }
}

/// What a build says is what is there. Only what is called is imported where the linker decides; a world
/// is all that is imported elsewhere, so no more than was asked for.
fn check_report(report: &Value, name: &str, component: &Path, with: &str) {
    let bytes = fs::read(component).unwrap();
    assert_eq!(report["name"], name);
    assert_eq!(report["bytes"], bytes.len(), "{report}");
    assert_eq!(report["digest"], format!("sha256:{}", digest(component)));
    assert!(report["memory_pages"].as_u64() > Some(0), "{report}");
    let imports = report["imports"].as_array().unwrap();
    let named: Vec<&str> = imports.iter().map(|one| one.as_str().unwrap()).collect();
    assert!(named.contains(&"wardlet:plugin/document@0.1.0"), "{report}");
    for import in named {
        let interface = import.split(['/', '@']).nth(1).unwrap();
        let asked = with.split(',').any(|one| one == interface);
        assert!(asked || interface == "document", "{name} imports {import}");
    }
    let text = String::from_utf8_lossy(&bytes);
    let held = [root().to_owned(), component.parent().unwrap().to_owned()];
    for path in held {
        let path = format!("{}/", path.display());
        assert!(!text.contains(&path), "{name} holds `{path}`");
    }
}

/// The operator's view of it: it loads, under the name that its author gave it.
fn check_declared_name(name: &str, component: &Path, kind: &str) {
    let folder = far_away();
    let role = if kind == "policy" {
        "policies"
    } else {
        "redactors"
    };
    let settings = if kind == "policy" {
        r#"{ domains = ["example.com"] }"#
    } else {
        "{}"
    };
    let pass = if kind == "policy" {
        ""
    } else {
        "policies = [\"allow-all\"]\n"
    };
    let config = format!(
        "[gateway]\nname = \"test\"\n\n[server.mail]\ncommand = [\"true\"]\n\n[plugin.mine]\n\
         component = {component:?}\ndigest = \"sha256:{}\"\ngrants = [\"log\", \"clock\", \"scan\"]\n\
         sees = [\"/arguments\", \"/result\"]\nsettings = {settings}\n\n\
         [[rule]]\nname = \"all\"\ntools = [\"mail/*\"]\n{pass}{role} = [\"mine\"]\n",
        digest(component)
    );
    let file = folder.path().join("wardlet.toml");
    fs::write(&file, config).unwrap();
    let output = crate::fixture::wardlet(&["check", "--offline"], &file);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}{}", said(&output));
    assert!(shown.contains(name), "`{name}` is not in\n{shown}");
}

/// The example of a language and kind, where it is built.
fn example(language: Language, kind: Kind) -> Option<(PathBuf, String)> {
    let name = format!("examples/{}-{}", language.name(), kind.name());
    let file = root()
        .join("target/plugins")
        .join(&name)
        .with_extension("wasm");
    file.exists().then(|| plugin(&name))
}

#[test]
fn examples_answer_the_same_cases() {
    for language in Language::ALL {
        for kind in Kind::ALL {
            let (lang, kind_name) = (language.name(), kind.name());
            let Some((component, _)) = example(language, kind) else {
                skip("authors::examples_answer_the_same_cases", needs(language));
                continue;
            };
            let cases = root()
                .join("plugins/examples")
                .join(lang)
                .join(kind_name)
                .join("cases");
            check_component(&format!("{lang}-{kind_name}"), &component, &cases);
        }
    }
}

/// What becomes of a call of `echo` where both examples of a language stand in its way.
enum Fate {
    /// It passes: what is in the answer, and what is not.
    Passes(&'static str, &'static str),
    /// It is refused, for this reason.
    Refused(&'static str),
}
use Fate::{Passes, Refused};

const CALLS: [(&str, Fate); 4] = [
    (
        r#"{"to":"ann@example.com","note":"hello"}"#,
        Passes("hello", "EMP-"),
    ),
    (
        r#"{"to":"ann@example.com","note":"EMP-123456"}"#,
        Passes("employee-number", "EMP-123456"),
    ),
    (r#"{"to":"eve@evil.test"}"#, Refused("foreign-domain")),
    (r#"{"note":"EMP-123456"}"#, Refused("no-recipient")),
];

#[test]
fn examples_of_every_language_judge_and_redact_in_a_gateway() {
    for language in Language::ALL {
        let examples = Kind::ALL.map(|kind| example(language, kind));
        let [Some(policy), Some(redactor)] = examples else {
            let test = "authors::examples_of_every_language_judge_and_redact_in_a_gateway";
            skip(test, needs(language));
            continue;
        };
        let tables = [
            (
                "recipients",
                policy,
                "/arguments",
                r#"{ domains = ["example.com"] }"#,
            ),
            ("employee-numbers", redactor, "/result", "{}"),
        ]
        .map(|(name, (component, digest), sees, settings)| {
            format!(
                "[plugin.{name}]\ncomponent = {component:?}\ndigest = \"{digest}\"\n\
                 grants = [\"log\"]\nsees = [\"{sees}\"]\nsettings = {settings}\n\n"
            )
        });
        let rules = format!(
            "{}[[rule]]\nname = \"mail\"\ntools = [\"echo/*\"]\npolicies = [\"recipients\"]\n\
             redactors = [\"employee-numbers\"]\n",
            tables.concat()
        );
        let mut gateway = Gateway::start(&Setup::rules(&rules));
        let mut allowed = 0;
        for (arguments, fate) in CALLS {
            let arguments: Value = serde_json::from_str(arguments).unwrap();
            let answer = gateway.agent.call("echo", &arguments);
            let told = format!("{}: {arguments}: {answer}", language.name());
            match fate {
                Passes(there, absent) => {
                    allowed += 1;
                    assert!(!is_refusal(&answer), "{told}");
                    assert!(text(&answer).contains(there), "{told}");
                    assert!(!answer.to_string().contains(absent), "{told}");
                }
                Refused(reason) => {
                    assert!(is_refusal(&answer), "{told}");
                    let entries = gateway.entries();
                    let last = entries.of_kind("decision").last().unwrap().to_string();
                    assert!(last.contains(reason), "{told}: {last}");
                }
            }
        }
        let log = gateway.log();
        assert!(log.contains("counted the recipients"), "{log}");
        assert!(log.contains("looked for employee numbers"), "{log}");
        assert_eq!(gateway.finish().entries.count("allow"), allowed);
    }
}

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
const MISSING_TOOLS: [(Language, &[&str]); 3] = [
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
            "authors::a_failed_build_leaves_what_was_there",
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
            "clock",
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

#[test]
fn capabilities_are_those_of_the_sandbox() {
    assert_eq!(CAPABILITIES.as_slice(), wardlet_sandbox::CAPABILITIES);
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

/// As Ctrl-C does, the signal goes to the whole group.
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
    rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    assert_eq!(build.wait().unwrap().code(), None, "ended by the signal");
    let made = fs::read_dir(project.join("build")).unwrap();
    let made: Vec<_> = made.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made, ["work"], "nothing but what is on the way");
}
