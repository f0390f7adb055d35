use super::*;

/// Declares a package of WIT with one world.
fn declared(wit: &str) -> Result<String, String> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    text(&resolve, world)
}

#[test]
fn every_shape_has_a_declaration() {
    for (wit, expected) in [
        ("type a = list<u8>;", "  export type A = Uint8Array;\n"),
        (
            "type a = list<option<string>>;",
            "  export type A = Array<string | null>;\n",
        ),
        (
            "type a = result<tuple<u64, bool>, char>;",
            "  export type A = { tag: \"ok\", val: [number, boolean] } | { tag: \"err\", val: string };\n",
        ),
        (
            "type a = result;",
            "  export type A = { tag: \"ok\" } | { tag: \"err\" };\n",
        ),
        (
            "enum a-kind { of-one, of-two }",
            "  export type AKind = \"of-one\" | \"of-two\";\n",
        ),
        (
            "flags a { to-read, write }",
            "  export type A = { toRead: boolean, write: boolean };\n",
        ),
        (
            "variant a {\n/// Nothing.\nnone, of-text(string) }",
            "  export type A =\n    /** Nothing. */\n    | { tag: \"none\" }\n    | { tag: \"of-text\"; val: string };\n",
        ),
        (
            "record a {\n/// How `it` is called.\n/// Ends */ nothing.\nits-name: string }",
            "  export interface A {\n    /**\n     * How `it` is called.\n     * Ends * / nothing.\n     */\n    itsName: string;\n  }\n",
        ),
        ("record b { x: u32 } type a = b;", "  export type A = B;\n"),
        (
            "to-do: func(a-b: string, default: f64) -> option<u8>;",
            "  export function toDo(aB: string, default_: number): number | null;\n",
        ),
        (
            "/// Goes.\ngo: func() -> result<_, string>;",
            "  /**\n   * Goes.\n   * @throws {Error & { payload: string }}\n   */\n  export function go(): void;\n",
        ),
        (
            "delete: func();",
            "  function delete_(): void;\n  export { delete_ as delete };\n",
        ),
    ] {
        let world = format!("package a:b@1.0.0; interface i {{ {wit} }} world w {{ import i; }}");
        let text = declared(&world).unwrap();
        assert!(text.contains(expected), "{wit}:\n{text}");
        assert!(
            text.contains("declare module \"a:b/i@1.0.0\" {\n"),
            "{text}"
        );
    }
}

#[test]
fn exports_are_interfaces_and_types_of_others_are_imported() {
    let text = declared(
        "package a:b; interface types { record x { y: u8 } } \
         interface judge-all { use types.{x}; go-on: func(x: x) -> result<x, string>; } \
         world w { export judge-all; }",
    );
    let expected = "declare module \"a:b/judge-all\" {\n  export type X = import(\"a:b/types\").X;\n  \
                    export interface JudgeAll {\n    /** @throws {string} */\n    goOn(x: X): X;\n  }\n";
    let text = text.unwrap();
    assert!(text.contains(expected), "{text}");
}

#[test]
fn what_has_no_declaration_is_told() {
    for (wit, expected) in [
        (
            "interface i { resource r; } world w { import i; }",
            "resource",
        ),
        ("world w { import f: func(); }", "outside of an interface"),
    ] {
        let error = declared(&format!("package a:b; {wit}")).unwrap_err();
        assert!(error.contains(expected), "{wit}: {error}");
    }
}
