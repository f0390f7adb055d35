//! `wardlet plugin`: what authors do with a component, behind the real binary.

mod recorded;
mod run;
mod test;
mod watched;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::guest::Guest;

/// The folder of a plugin, with a cache of its own beside it.
pub(crate) struct Author {
    folder: TempDir,
}

impl Author {
    /// One with a component and the cases of a file.
    fn new(component: &[u8], cases: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let author = Author { folder };
        let path = author.path("");
        fs::create_dir_all(path.join("build")).unwrap();
        fs::create_dir_all(path.join("cases")).unwrap();
        fs::write(
            path.join("plugin.toml"),
            "name = \"guest\"\nlanguage = \"c\"\n",
        )
        .unwrap();
        fs::write(path.join("build/guest.wasm"), component).unwrap();
        fs::write(path.join("cases/all.json"), cases).unwrap();
        author
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("guest").join(name)
    }

    /// The command `wardlet plugin`, in the folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardlet"));
        command
            .arg("plugin")
            .args(arguments)
            .current_dir(self.path(""))
            .env("NO_COLOR", "1")
            .env("XDG_CACHE_HOME", self.folder.path().join("cache"))
            .stdin(Stdio::null());
        command
    }

    fn wardlet(&self, arguments: &[&str]) -> Told {
        Told::of(&self.command(arguments).output().unwrap())
    }
}

/// What a command told, and its exit code.
#[derive(Debug)]
pub(crate) struct Told {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Told {
    fn of(output: &Output) -> Self {
        Told {
            code: output.status.code(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Holds the exit code and that each text was told, on either stream.
    fn check(&self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for text in texts {
            let told = self.out.contains(text) || self.err.contains(text);
            assert!(told, "`{text}` is not in {}\n{}", self.out, self.err);
        }
    }
}

/// A file with one case.
fn case(members: &str) -> String {
    format!("{{\"cases\": [\n{{\"name\": \"one\",\n{members}}}\n]}}\n")
}

/// Writes a line to the log, with a field, and denies where the argument `deny` stands.
fn speaking() -> Guest {
    let mut guest = Guest::policy().importing("document").importing("log");
    let [at, length] = guest.text("/deny");
    let [message, message_length] = guest.text("looked");
    let [key, key_length] = guest.text("at");
    let fields = guest.words(&[key, key_length, at, length]);
    let deny = guest.verdict(2, "outside", &[]);
    let allow = guest.verdict(1, "", &[("durable", "", true)]);
    let ret = crate::guest::RET;
    guest.evaluating(format!(
        "(call $log_write (i32.const 1) (i32.const {message}) (i32.const {message_length})
            (i32.const {fields}) (i32.const 1))
        (call $document_get (i32.const 0) (i32.const {at}) (i32.const {length}) (i32.const {ret}))
        (if (i32.and (i32.eqz (i32.load8_u (i32.const {ret}))) (i32.load8_u (i32.const {some})))
            (then (return (i32.const {deny}))))
        (i32.const {allow})",
        some = ret + 4,
    ))
}

/// A path as an argument.
fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}
