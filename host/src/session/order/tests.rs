use super::super::calls::Scale;
use super::{Effect, MAX_LINES, Order, Place, Ready};

fn ready(text: &str) -> Ready {
    Ready {
        line: Some(text.as_bytes().to_vec()),
        effect: Effect::Nothing,
        _weight: Scale::default().weigh(text.len()),
    }
}

/// Plays a session. `+x` a notification comes, `-x` it is searched; `>x` an answer comes, `<x` it is
/// searched. What was sent, in its order.
fn play(steps: &str) -> String {
    let mut order = Order::default();
    let mut places: Vec<(char, Option<Place>)> = Vec::new();
    let mut sent = String::new();
    let steps: Vec<char> = steps.chars().filter(|c| *c != ' ').collect();
    for step in steps.chunks(2) {
        let (what, name) = (step[0], step[1]);
        let place = places.iter().find(|(other, _)| *other == name);
        let place = place.and_then(|(_, place)| *place);
        let line = ready(&name.to_string());
        let now = match what {
            '+' => {
                places.push((name, Some(order.take())));
                Vec::new()
            }
            '>' => {
                places.push((name, order.begin_answer()));
                Vec::new()
            }
            '-' => order.fill(place.unwrap(), line),
            _ => {
                order.end_answer();
                order.behind(place, line).into_iter().collect()
            }
        };
        for ready in now {
            sent.push_str(std::str::from_utf8(&ready.line.unwrap()).unwrap());
        }
    }
    assert_eq!(order.under_way() == 0, places.len() == sent.len());
    sent
}

#[test]
fn what_overtakes_what() {
    let cases = [
        ("+a -a +b -b", "ab"),
        // Notifications keep their order among themselves.
        ("+a +b -b", ""),
        ("+a +b -b -a", "ab"),
        ("+a +b +c -c -a -b", "abc"),
        // An answer waits for the notifications before it, and for none after it.
        ("+a >x <x", ""),
        ("+a >x <x -a", "ax"),
        ("+a >x +b <x -a", "ax"),
        ("+a >x +b <x -b -a", "axb"),
        ("+a +b >x <x -b -a", "abx"),
        (">x +a <x", "x"),
        (">x +a -a <x", "ax"),
        ("+a >x -a <x", "ax"),
        // Answers overtake answers.
        (">x >y <y <x", "yx"),
        ("+a >x >y <y <x -a", "ayx"),
    ];
    for (steps, sent) in cases {
        assert_eq!(play(steps), sent, "{steps}");
    }
}

#[test]
fn what_is_under_way_is_bounded() {
    let mut order = Order::default();
    let scale = Scale::default();
    let first = order.take();
    for _ in 1..MAX_LINES {
        assert!(order.has_room(0));
        order.begin_answer();
    }
    assert!(!order.has_room(0));
    // An answer that waits counts as one that is searched.
    order.end_answer();
    assert!(order.behind(order.last(), ready("x")).is_none());
    assert!(!order.has_room(0));
    assert_eq!(order.fill(first, ready("a")).len(), 2);
    assert!(order.has_room(0));
    assert!(!order.has_room(wardlet_mcp::MAX_LINE_BYTES));
    let weight = scale.weigh(7);
    assert_eq!(scale.bytes(), 7);
    drop(weight);
    assert_eq!(scale.bytes(), 0);
}

#[test]
fn what_is_given_up_leaves_what_is_ready() {
    let mut order = Order::default();
    let (first, second) = (order.take(), order.take());
    assert!(order.fill(second, ready("b")).is_empty());
    assert!(order.behind(Some(first), ready("x")).is_none());
    let lines: Vec<_> = order.give_up().into_iter().filter_map(|r| r.line).collect();
    assert_eq!(lines, [b"x".to_vec(), b"b".to_vec()]);
    // What comes of the first one now has no place any more.
    assert!(order.fill(first, ready("a")).is_empty());
    assert_eq!(order.under_way(), 0);
}
