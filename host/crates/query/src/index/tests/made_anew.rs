//! An index grows with its log, and is made anew where it does not fit.

use super::*;

/// SQLite's pages.
const PAGE_BYTES: usize = 4_096;

#[test]
fn in_steps_or_at_once_it_is_the_same() {
    let state = State::new();
    let lines = LINES.clone();
    let (mut index, made) = state.read(&lines.first(0));
    assert_eq!((made.added, made.rebuilt), (0, Some(Rebuilt::Missing)));
    for count in [1, 2, 65, 66, 300, 301, lines.0.len()] {
        let before = index.entries().unwrap();
        let mut told = Vec::new();
        let lines = lines.first(count);
        let updated = index
            .update(&lines, &mut |progress| told.push(progress.entries))
            .unwrap();
        assert_eq!(updated.entries, count as u64);
        assert_eq!(
            (updated.added, updated.rebuilt),
            (count as u64 - before, None)
        );
        assert!(told.is_sorted());
        assert_eq!(told.last(), Some(&(count as u64)));
        check(&index, &all(&indexed(&lines)), &format!("{count} entries"));
        // Again, and nothing changes.
        assert_eq!(index.update(&lines, &mut |_| {}).unwrap().added, 0);
    }
    drop(index);
    let (index, found) = state.read(&lines);
    assert_eq!((found.added, found.rebuilt), (0, None));
    check(&index, &WHOLE, "the whole log");
    let mode = fs::metadata(state.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Two that have the same file open, of which one makes it anew for another log and back.
#[test]
fn made_anew_under_another() {
    let state = State::new();
    let (mut one, _) = state.read(&LINES.first(100));
    let mut other_log = LINES.first(300);
    for line in &mut other_log.0 {
        // Other names come first here, so that the same numbers mean other words.
        *line = line
            .replace("\"server\":\"server-", "\"server\":\"renamed-")
            .replace("\"build\":\"0.1.0\"", "\"build\":\"0.1.1\"");
    }
    let (mut other, updated) = state.read(&other_log);
    assert_eq!(updated.rebuilt, Some(Rebuilt::OtherLog));
    check(&one, &all(&indexed(&other_log)), "through the other");
    for lines in [LINES.first(200), other_log, LINES.clone()] {
        for index in [&mut one, &mut other] {
            index.update(&lines, &mut |_| {}).unwrap();
            check(index, &all(&indexed(&lines)), "in turn");
        }
    }
}

/// The log itself, through its own reader.
#[test]
fn from_the_folder_of_a_log() {
    let state = State::with_log();
    let log = state.folder.join("log");
    let place = Place::Beside(&state.folder);
    let (index, made) = Index::current(&place, &LogFolder(&log), &mut |_| {}).unwrap();
    assert!(made.entries.abs_diff(ENTRIES) <= 3);
    assert_eq!(LogFolder(&log).size().unwrap(), made.entries);
    check(&index, &all(&indexed(&state.lines())), "the folder");
    let nowhere = state.folder.join("nowhere");
    let error = Index::current(&Place::Beside(&nowhere), &LogFolder(&log), &mut |_| {}).err();
    assert!(
        matches!(error, Some(IndexError::NoFolder { .. })),
        "{error:?}"
    );
    assert!(!nowhere.exists());
    let error = Index::current(&place, &LogFolder(&nowhere), &mut |_| {}).err();
    assert!(
        matches!(error, Some(IndexError::Log(AuditError::Io { .. }))),
        "{error:?}"
    );
}

#[test]
fn another_log_or_a_shorter_one() {
    let state = State::new();
    let lines = LINES.clone();
    let other = {
        let other = State::new();
        generate::write(&other.folder.join("other"), ENTRIES, 8).unwrap();
        Lines::read(&other.folder.join("other"))
    };
    let mut fork = lines.clone();
    for line in &mut fork.0[400..] {
        *line = line.replace("\"build\":\"0.1.0\"", "\"build\":\"0.1.1\"");
    }
    let renamed = Lines(
        lines
            .0
            .iter()
            .map(|line| line.replace(generate::ORIGIN, "other.example/log"))
            .collect(),
    );
    for (name, changed) in [
        ("shorter", lines.first(lines.0.len() - 1)),
        ("empty", lines.first(0)),
        ("another", other),
        ("forked", fork),
        ("of another origin", renamed),
    ] {
        state.read(&lines);
        let (index, updated) = state.read(&changed);
        assert_eq!(updated.rebuilt, Some(Rebuilt::OtherLog), "{name}");
        check(&index, &all(&indexed(&changed)), name);
        assert_eq!(
            index.kinds().unwrap(),
            indexed(&changed).kinds().unwrap(),
            "{name}"
        );
    }
}

#[test]
fn damaged_of_another_version_or_open_to_others() {
    let state = State::new();
    let lines = LINES.clone();
    let version = |number: i32| {
        let connection = rusqlite::Connection::open(state.file()).unwrap();
        connection
            .pragma_update(None, "user_version", number)
            .unwrap();
    };
    let change = |how: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(state.file()).unwrap();
        how(&mut bytes);
        fs::write(state.file(), bytes).unwrap();
    };
    let pages = |bytes: &mut Vec<u8>| bytes[PAGE_BYTES..].fill(0x5a);
    let cases: [(&str, Rebuilt, &dyn Fn()); 10] = [
        ("gone", Rebuilt::Missing, &|| {
            fs::remove_file(state.file()).unwrap()
        }),
        ("empty", Rebuilt::Missing, &|| {
            fs::write(state.file(), "").unwrap()
        }),
        ("no database", Rebuilt::Damaged, &|| {
            fs::write(state.file(), "x".repeat(9_000)).unwrap()
        }),
        ("pages of nothing", Rebuilt::Damaged, &|| change(&pages)),
        ("cut off", Rebuilt::Damaged, &|| {
            change(&|bytes| bytes.truncate(9_000))
        }),
        ("a later version", Rebuilt::Version, &|| version(2)),
        ("an earlier version", Rebuilt::Version, &|| version(-1)),
        ("no tables", Rebuilt::Damaged, &|| {
            let connection = rusqlite::Connection::open(state.file()).unwrap();
            connection
                .execute_batch("DROP TABLE posting; VACUUM")
                .unwrap();
        }),
        ("open to others", Rebuilt::Missing, &|| {
            fs::set_permissions(state.file(), fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("a link", Rebuilt::Missing, &|| {
            let elsewhere = state.folder.join("elsewhere");
            fs::rename(state.file(), &elsewhere).unwrap();
            symlink(&elsewhere, state.file()).unwrap();
        }),
    ];
    for (name, why, damage) in cases {
        drop(state.read(&lines));
        damage();
        // One entry more, so that there is something to write.
        let (index, updated) = state.read(&lines);
        assert_eq!(updated.rebuilt, Some(why), "{name}");
        check(&index, &WHOLE, name);
        let found = fs::symlink_metadata(state.file()).unwrap();
        assert!(
            found.is_file() && found.permissions().mode() & 0o777 == 0o600,
            "{name}"
        );
    }
}

/// One page that is not what it was: no answer is wrong, and a new index gives the right one.
#[test]
fn damage_that_only_a_question_finds() {
    let state = State::new();
    drop(state.read(&LINES));
    let good = fs::read(state.file()).unwrap();
    let mut by_questions = 0;
    for page in (1..good.len() / PAGE_BYTES).step_by(3) {
        let mut bytes = good.clone();
        bytes[page * PAGE_BYTES..][..PAGE_BYTES].fill(0x5a);
        fs::write(state.file(), bytes).unwrap();
        let (index, updated) = state.read(&LINES);
        let page = index.find(&Filter::default(), Order::OldestFirst, None, u32::MAX);
        match (page, updated.rebuilt) {
            (Ok(_), _) => check(&index, &WHOLE, "damaged"),
            (Err(IndexError::Damaged), None) => {
                by_questions += 1;
                Index::discard(&state.folder).unwrap();
                let (index, updated) = state.read(&LINES);
                assert_eq!(updated.rebuilt, Some(Rebuilt::Missing));
                check(&index, &WHOLE, "the whole log");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(by_questions > 0);
}

/// A database of something else is left alone.
#[test]
fn a_file_of_something_else() {
    let state = State::new();
    let connection = rusqlite::Connection::open(state.file()).unwrap();
    connection
        .execute_batch("CREATE TABLE precious (a); INSERT INTO precious VALUES (1)")
        .unwrap();
    drop(connection);
    fs::set_permissions(state.file(), fs::Permissions::from_mode(0o600)).unwrap();
    let before = fs::read(state.file()).unwrap();
    let error = Index::current(&Place::Beside(&state.folder), &LINES.clone(), &mut |_| {}).err();
    assert!(
        matches!(error, Some(IndexError::Foreign { .. })),
        "{error:?}"
    );
    assert_eq!(fs::read(state.file()).unwrap(), before);
}

/// A log with one entry that is not what a gateway writes: which, what is wrong with it, and the log.
fn misfits() -> Vec<(usize, Damage, Lines)> {
    let first = |with: &str| LINES.0.iter().position(|line| line.contains(with)).unwrap();
    let outcome = first("\"kind\":\"outcome\"");
    let decision = first("\"effect\":\"allow\"");
    let instead = |at: usize, damage, text: &str| {
        let mut changed = LINES.clone();
        changed.0[at] = text.to_owned();
        (at, damage, changed)
    };
    let swap = |at: usize, damage, from: &str, to: &str| {
        let line = &LINES.0[at];
        assert!(line.contains(from), "{from}");
        instead(at, damage, &line.replace(from, to))
    };
    let mut again = LINES.clone();
    let (own, next) = (
        format!("\"index\":{outcome}"),
        format!("\"index\":{}", outcome + 1),
    );
    again
        .0
        .insert(outcome + 1, LINES.0[outcome].replace(&own, &next));
    let bytes = "\"arguments\":{\"bytes\":";
    let too_large = format!("{bytes}99999999999999999");
    use Damage::{Index, NotAnEntry, Origin, Outcome, Time, Version};
    vec![
        instead(0, NotAnEntry, ""),
        instead(400, NotAnEntry, "{}"),
        instead(400, NotAnEntry, "[1]"),
        instead(400, NotAnEntry, &"[".repeat(50_000)),
        swap(400, Version, "\"v\":1", "\"v\":2"),
        swap(400, Index, "\"index\":400", "\"index\":401"),
        swap(400, Origin, generate::ORIGIN, "other"),
        swap(400, Time, "\"time\":\"2026", "\"time\":\"026"),
        swap(decision, NotAnEntry, "\"effect\":\"allow\"", "\"effect\":1"),
        swap(decision, NotAnEntry, "\"txn\"", "\"txm\""),
        swap(decision, NotAnEntry, bytes, &too_large),
        swap(outcome, NotAnEntry, "\"status\"", "\"state\""),
        swap(outcome, Outcome, "\"decision\":", "\"decision\":9"),
        (outcome + 1, Outcome, again),
    ]
}

#[test]
fn entries_that_do_not_fit() {
    let fresh = indexed(&LINES);
    for (at, damage, changed) in misfits() {
        let state = State::new();
        let result = Index::current(&Place::Beside(&state.folder), &changed, &mut |_| {});
        match result.err() {
            Some(IndexError::Entry {
                index,
                damage: found,
            }) => {
                assert_eq!((index, found), (at as u64, damage.clone()));
            }
            other => panic!("entry {at} with {damage:?} gave {other:?}"),
        }
        // What stands before it was kept; mended, the index goes on as if nothing had been.
        let (index, updated) = state.read(&LINES);
        assert_eq!(updated.added, (LINES.0.len() - at) as u64, "{damage:?}");
        check(&index, &WHOLE, &format!("{damage:?}"));
        for field in Field::ALL {
            let values = |index: &Index| index.values(field, u32::MAX).unwrap();
            assert_eq!(values(&index), values(&fresh), "{damage:?}");
        }
    }
}

/// A reader that fails in the middle.
struct Failing<'a>(&'a Lines, usize);

impl Source for Failing<'_> {
    fn entries(&self, from: u64) -> Result<Box<dyn Iterator<Item = Numbered> + '_>, AuditError> {
        let failure = AuditError::Poisoned;
        let whole = self
            .0
            .entries(from)?
            .take(self.1.saturating_sub(from as usize));
        Ok(Box::new(whole.chain(std::iter::once(Err(failure)))))
    }
}

#[test]
fn a_log_that_cannot_be_read_on() {
    let lines = LINES.clone();
    for count in [0, 1, 63, 64, 65, 500] {
        let state = State::new();
        let place = Place::Beside(&state.folder);
        let error = Index::current(&place, &Failing(&lines, count), &mut |_| {}).err();
        assert!(
            matches!(error, Some(IndexError::Log(AuditError::Poisoned))),
            "{error:?}"
        );
        let (index, updated) = state.read(&lines);
        assert_eq!(
            updated.added,
            (lines.0.len() - count) as u64,
            "what was read is kept"
        );
        check(&index, &WHOLE, "the whole log");
    }
}

#[test]
fn kinds_that_are_not_known() {
    let state = State::new();
    let mut lines = LINES.clone();
    let last: serde_json::Value = serde_json::from_str(lines.0.last().unwrap()).unwrap();
    for (kind, body) in [
        ("heartbeat", serde_json::json!({})),
        ("erasure", serde_json::json!(7)),
    ] {
        let mut entry = last.clone();
        entry["index"] = lines.0.len().into();
        entry["kind"] = kind.into();
        entry["body"] = body;
        lines.0.push(entry.to_string());
    }
    let (index, _) = state.read(&lines);
    let kinds = index.kinds().unwrap();
    let of = |name: &str| {
        kinds
            .iter()
            .find(|(kind, _)| kind == name)
            .map(|(_, count)| *count)
    };
    assert_eq!(
        (of("heartbeat"), of("erasure"), of("policy")),
        (Some(1), Some(1), Some(1))
    );
    let counted: u64 = kinds.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, lines.0.len() as u64);
    assert_eq!(all(&index).len() as u64, of("decision").unwrap());
}
