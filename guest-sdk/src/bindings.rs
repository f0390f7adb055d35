//! The code that wit-bindgen generates from `wit/`. Nothing here is written by hand.
//!
//! The first world imports every capability: the linker drops the imports that a plugin does not
//! call, and the component's import list is made of those that are left. Each role has a world of
//! its own, so that a plugin exports only the roles it has.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "generated"
)]

wit_bindgen::generate!({
    path: "../wit",
    inline: "
        package wardlet:sdk;
        world plugin {
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
            export wardlet:plugin/plugin@0.1.0;
        }
    ",
    world: "wardlet:sdk/plugin",
    pub_export_macro: true,
    export_macro_name: "export_plugin",
    additional_derives: [PartialEq, Eq],
    generate_all,
});

pub mod policy {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package wardlet:sdk;
            world policy { export wardlet:plugin/policy@0.1.0; }
        ",
        world: "wardlet:sdk/policy",
        pub_export_macro: true,
        export_macro_name: "export_policy",
        with: { "wardlet:plugin/types@0.1.0": crate::bindings::wardlet::plugin::types },
    });
}

pub mod redactor {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package wardlet:sdk;
            world redactor { export wardlet:plugin/redactor@0.1.0; }
        ",
        world: "wardlet:sdk/redactor",
        pub_export_macro: true,
        export_macro_name: "export_redactor",
        with: { "wardlet:plugin/types@0.1.0": crate::bindings::wardlet::plugin::types },
    });
}

pub mod patterns {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package wardlet:sdk;
            world patterns { export wardlet:plugin/patterns@0.1.0; }
        ",
        world: "wardlet:sdk/patterns",
        pub_export_macro: true,
        export_macro_name: "export_patterns",
        additional_derives: [PartialEq, Eq],
    });
}
