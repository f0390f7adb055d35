//! The macros that make a component's exports of a type.

/// Exports a type that implements [`Plugin`](crate::Plugin) and [`Policy`](crate::Policy). Once
/// per component. Outside of WebAssembly it only checks that the type does.
///
/// `export_policy!(MyPlugin, patterns)` exports its pattern sets too: see [`scan`](crate::scan).
#[macro_export]
macro_rules! export_policy {
    ($plugin:ty) => {
        $crate::__export!($plugin: Policy; policy export_policy);
    };
    ($plugin:ty, patterns) => {
        $crate::__export!($plugin: Policy; policy export_policy, patterns export_patterns);
    };
}

/// Exports a type that implements [`Plugin`](crate::Plugin) and [`Redactor`](crate::Redactor).
/// Once per component. Outside of WebAssembly it only checks that the type does.
///
/// `export_redactor!(MyPlugin, patterns)` exports its pattern sets too: see [`scan`](crate::scan).
#[macro_export]
macro_rules! export_redactor {
    ($plugin:ty) => {
        $crate::__export!($plugin: Redactor; redactor export_redactor);
    };
    ($plugin:ty, patterns) => {
        $crate::__export!($plugin: Redactor; redactor export_redactor, patterns export_patterns);
    };
}

/// Exports a type that implements [`Plugin`](crate::Plugin), [`Policy`](crate::Policy) and
/// [`Redactor`](crate::Redactor). Once per component. Outside of WebAssembly it only checks that
/// the type does.
///
/// `export_policy_and_redactor!(MyPlugin, patterns)` exports its pattern sets too: see
/// [`scan`](crate::scan).
#[macro_export]
macro_rules! export_policy_and_redactor {
    ($plugin:ty) => {
        $crate::__export!(
            $plugin: Policy, Redactor;
            policy export_policy, redactor export_redactor
        );
    };
    ($plugin:ty, patterns) => {
        $crate::__export!(
            $plugin: Policy, Redactor;
            policy export_policy, redactor export_redactor, patterns export_patterns
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ty: $($role:ident),+; $($world:ident $export:ident),+) => {
        const _: () = {
            const fn plays<P: $($crate::$role +)+>() {}
            plays::<$plugin>();
        };
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, missing_docs, unused_qualifications, reason = "generated")]
        const _: () = {
            type Exported = $crate::__private::Exported<$plugin>;
            $crate::bindings::export_plugin!(
                Exported with_types_in $crate::bindings
            );
            $(
                $crate::bindings::$world::$export!(
                    Exported with_types_in $crate::bindings::$world
                );
            )+
        };
    };
}
