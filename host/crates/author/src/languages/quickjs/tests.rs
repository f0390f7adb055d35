use super::*;

/// How many canonical functions make a handle, and how many look at one.
fn handles(bytes: &[u8]) -> (usize, usize) {
    let (mut new, mut rep) = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::ComponentCanonicalSection(section) = payload.unwrap() {
            for function in section {
                match function.unwrap() {
                    CanonicalFunction::ResourceNew { .. } => new += 1,
                    CanonicalFunction::ResourceRep { .. } => rep += 1,
                    _ => {}
                }
            }
        }
    }
    (new, rep)
}

#[test]
fn what_makes_handles_looks_at_them_instead() {
    let resource = "(type $r (resource (rep i32)))";
    let new = "(core func (canon resource.new $r))";
    for (component, before) in [
        ("(component)".to_owned(), (0, 0)),
        (format!("(component {resource} {new})"), (1, 0)),
        (
            format!(
                "(component (component {resource} (core func (canon resource.drop $r)) {new} {new} \
                 (core func (canon resource.rep $r))))"
            ),
            (2, 1),
        ),
    ] {
        let mut bytes = wat::parse_str(&component).unwrap();
        assert_eq!(handles(&bytes), before, "{component}");
        let length = bytes.len();
        without_handles(&mut bytes).unwrap();
        assert_eq!(handles(&bytes), (0, before.0 + before.1), "{component}");
        assert_eq!(bytes.len(), length);
    }
    for mut bytes in [b"\0asm".to_vec(), b"no component".to_vec()] {
        assert!(without_handles(&mut bytes).is_err());
    }
}
