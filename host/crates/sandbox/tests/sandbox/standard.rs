//! What guests are built against: the contract, and what they import of WASI.

use std::path::Path;

use super::Interface;

/// The version of the interfaces in the sandbox's own `wasi.wit`.
pub(crate) const VERSION: &str = "0.2.12";

/// Core signatures of what the guests here call.
pub(crate) const INTERFACES: &[Interface] = &[
    (
        "poll",
        "wasi:io/poll@0.2.12",
        &[
            ("poll", "(param i32 i32 i32)"),
            ("[method]pollable.block", "(param i32)"),
            ("[method]pollable.ready", "(param i32) (result i32)"),
            ("[resource-drop]pollable", "(param i32)"),
        ],
    ),
    (
        "streams",
        "wasi:io/streams@0.2.12",
        &[
            ("[method]input-stream.read", "(param i32 i64 i32)"),
            ("[method]output-stream.check-write", "(param i32 i32)"),
            ("[method]output-stream.write", "(param i32 i32 i32 i32)"),
            ("[method]output-stream.write-zeroes", "(param i32 i64 i32)"),
            ("[method]output-stream.splice", "(param i32 i32 i64 i32)"),
            ("[resource-drop]output-stream", "(param i32)"),
        ],
    ),
    (
        "environment",
        "wasi:cli/environment@0.2.12",
        &[
            ("get-environment", "(param i32)"),
            ("get-arguments", "(param i32)"),
            ("initial-cwd", "(param i32)"),
        ],
    ),
    ("exit", "wasi:cli/exit@0.2.12", &[("exit", "(param i32)")]),
    (
        "stdin",
        "wasi:cli/stdin@0.2.12",
        &[("get-stdin", "(result i32)")],
    ),
    (
        "stdout",
        "wasi:cli/stdout@0.2.12",
        &[("get-stdout", "(result i32)")],
    ),
    (
        "stderr",
        "wasi:cli/stderr@0.2.12",
        &[("get-stderr", "(result i32)")],
    ),
    (
        "terminal",
        "wasi:cli/terminal-stdout@0.2.12",
        &[("get-terminal-stdout", "(param i32)")],
    ),
    (
        "monotonic",
        "wasi:clocks/monotonic-clock@0.2.12",
        &[
            ("now", "(result i64)"),
            ("subscribe-duration", "(param i64) (result i32)"),
        ],
    ),
    (
        "wall",
        "wasi:clocks/wall-clock@0.2.12",
        &[("now", "(param i32)")],
    ),
    (
        "rand",
        "wasi:random/random@0.2.12",
        &[
            ("get-random-bytes", "(param i64 i32)"),
            ("get-random-u64", "(result i64)"),
        ],
    ),
    (
        "seed",
        "wasi:random/insecure-seed@0.2.12",
        &[("insecure-seed", "(param i32)")],
    ),
    (
        "files",
        "wasi:filesystem/types@0.2.12",
        &[
            ("[method]descriptor.sync", "(param i32 i32)"),
            ("filesystem-error-code", "(param i32 i32)"),
        ],
    ),
    (
        "preopens",
        "wasi:filesystem/preopens@0.2.12",
        &[("get-directories", "(param i32)")],
    ),
];

/// A part of the standard's filesystem, which the sandbox links without its signatures.
const FILES: &str = "
    package wasi:filesystem@0.2.12 {
        interface types {
            use wasi:io/error@0.2.12.{error};
            use wasi:clocks/wall-clock@0.2.12.{datetime};
            enum error-code { access, would-block }
            record stat { changed: option<datetime> }
            resource descriptor {
                sync: func() -> result<_, error-code>;
            }
            filesystem-error-code: func(err: borrow<error>) -> option<error-code>;
        }
        interface preopens {
            use types.{descriptor};
            get-directories: func() -> list<tuple<descriptor, string>>;
        }
    }";

/// The interfaces of WASI that guests are built against.
pub(crate) fn wasi() -> String {
    format!("{}{FILES}", include_str!("../../src/check/wasi/wasi.wit"))
}

/// The contract in one text. The file that names the package comes first.
pub(crate) fn contract() -> String {
    // Benches and fuzz targets of other packages build guests too: the root is above all of them.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("wit"))
        .find(|folder| folder.join("types.wit").exists())
        .unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let mut others: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".wit") && name != "types.wit" && name != "worlds.wit")
        .collect();
    others.sort();
    let texts = others.iter().map(|name| read(name));
    std::iter::once(read("types.wit")).chain(texts).collect()
}
