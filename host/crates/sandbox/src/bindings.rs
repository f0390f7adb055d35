//! What wasmtime makes of `wit/`: one world for all that a plugin may import, and one for each role
//! that it may export, so that a plugin with one role needs nothing of the others.
#![allow(
    missing_docs,
    unused_qualifications,
    unreachable_pub,
    clippy::all,
    clippy::indexing_slicing
)]

pub(crate) mod imports {
    wasmtime::component::bindgen!({
        path: "../../../wit",
        inline: "
            package wardlet:host;
            world imports {
                import wardlet:plugin/types@0.1.0;
                import wardlet:plugin/document@0.1.0;
                import wardlet:plugin/findings@0.1.0;
                import wardlet:plugin/log@0.1.0;
                import wardlet:plugin/clock@0.1.0;
                import wardlet:plugin/random@0.1.0;
                import wardlet:plugin/scan@0.1.0;
                import wardlet:plugin/key-value@0.1.0;
                import wardlet:plugin/counter@0.1.0;
                import wardlet:plugin/rate-limit@0.1.0;
                import wardlet:plugin/http-fetch@0.1.0;
                import wardlet:plugin/fs-read@0.1.0;
                import wardlet:plugin/secret-use@0.1.0;
            }",
        // Every host function may end the check: the calls are counted.
        imports: { default: trappable },
    });
}

pub(crate) mod declares {
    wasmtime::component::bindgen!({
        path: "../../../wit",
        inline: "
            package wardlet:host;
            world declares { export wardlet:plugin/plugin@0.1.0; }",
        with: { "wardlet:plugin/types@0.1.0": crate::bindings::imports::wardlet::plugin::types },
    });
}

pub(crate) mod judges {
    wasmtime::component::bindgen!({
        path: "../../../wit",
        inline: "
            package wardlet:host;
            world judges { export wardlet:plugin/policy@0.1.0; }",
        with: { "wardlet:plugin/types@0.1.0": crate::bindings::imports::wardlet::plugin::types },
    });
}

pub(crate) mod redacts {
    wasmtime::component::bindgen!({
        path: "../../../wit",
        inline: "
            package wardlet:host;
            world redacts { export wardlet:plugin/redactor@0.1.0; }",
        with: { "wardlet:plugin/types@0.1.0": crate::bindings::imports::wardlet::plugin::types },
    });
}

pub(crate) mod searches {
    wasmtime::component::bindgen!({
        path: "../../../wit",
        inline: "
            package wardlet:host;
            world searches { export wardlet:plugin/patterns@0.1.0; }",
    });
}

/// The virtual WASI, for plugins whose runtime needs one.
pub(crate) mod wasi {
    wasmtime::component::bindgen!({
        path: "src/check/wasi/wasi.wit",
        world: "wardlet:wasi/wasi",
        imports: { default: trappable },
    });
}

pub(crate) use imports::wardlet::plugin::{
    clock, counter, document, findings, fs_read, http_fetch, key_value, log, random, rate_limit,
    scan, secret_use, types,
};
