//! A guest that makes one call to the document and hands over what it got, word by word, as edits.

use wardlet_call::{Code, Part};
use wardlet_sandbox::{Check, DEFAULT_EDITS, Grant, Plugin};

use crate::support::{Guest, RET, load, subject};

/// Words of the area where the host puts what does not fit a register.
const RET_WORDS: u32 = 5;

/// What a call gave: the return area, and the memory that the host filled through `cabi_realloc`.
pub(crate) struct Seen {
    words: Vec<u32>,
    heap: u32,
}

/// A text, or the failure that came instead: 0 not-granted, 1 bad-pointer, 2 too-large.
pub(crate) type Answer<T> = Result<T, u8>;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SeenLeaf {
    pub(crate) id: u32,
    pub(crate) name: bool,
    pub(crate) text: String,
}

impl Seen {
    fn word(&self, at: u32) -> u32 {
        self.words[usize::try_from(at / 4).unwrap()]
    }

    /// A word of the memory.
    fn load(&self, address: u32) -> u32 {
        self.word(address - self.heap + RET_WORDS * 4)
    }

    fn text(&self, address: u32, length: u32) -> String {
        let bytes: Vec<u8> = (address..address + length)
            .map(|at| self.load(at & !3).to_le_bytes()[usize::try_from(at & 3).unwrap()])
            .collect();
        String::from_utf8(bytes).unwrap()
    }

    fn failure(&self) -> Answer<()> {
        match self.word(0) & 0xff {
            0 => Ok(()),
            _ => Err(u8::try_from(self.word(4) & 0xff).unwrap()),
        }
    }
}

/// The guest. Each edit is a word: first those of the return area, then those of the heap.
fn guest() -> Guest {
    let mut guest = Guest::redactor().importing("document");
    let [entity, length] = guest.text("secret");
    let calls = [
        (
            'g',
            "(call $document_get (local.get $part) (local.get $name) (local.get $name_len) (i32.const @RET))",
        ),
        (
            'n',
            "(call $document_names (local.get $part) (local.get $name) (local.get $name_len) (local.get $a) (i32.const @RET))",
        ),
        (
            's',
            "(call $document_strings (local.get $part) (local.get $name) (local.get $name_len) (local.get $a) (i32.const @RET))",
        ),
        (
            'l',
            "(call $document_locate (local.get $part) (local.get $a) (i32.const @RET))",
        ),
        (
            't',
            "(call $document_text (local.get $part) (i32.const @RET))",
        ),
    ];
    let calls: String = calls
        .map(|(letter, call)| {
            let call = call.replace("@RET", &RET.to_string());
            format!(
                "(if (i32.eq (i32.load8_u (local.get $method)) (i32.const {})) (then {call}))\n",
                u32::from(letter)
            )
        })
        .concat();
    let words = RET_WORDS;
    guest
        .finding(format!(
            "(local $end i32) (local $list i32) (local $count i32) (local $word i32)
            (loop $digits (if (i32.lt_u (local.get $b) (local.get $server_len)) (then
                (local.set $a (i32.add (i32.mul (local.get $a) (i32.const 10))
                    (i32.sub (i32.load8_u (i32.add (local.get $server) (local.get $b))) (i32.const 48))))
                (local.set $b (i32.add (local.get $b) (i32.const 1)))
                (br $digits))))
            {calls}
            (local.set $end (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (local.set $list (local.get $end))
            (local.set $count (i32.add (i32.const {words}) (i32.shr_u (i32.sub (local.get $end) (i32.const @HEAP)) (i32.const 2))))
            (if (i32.gt_u (local.get $count) (i32.const {DEFAULT_EDITS})) (then (local.set $count (i32.const {DEFAULT_EDITS}))))
            (drop (memory.grow (i32.add (i32.const 1) (i32.div_u (i32.mul (local.get $count) (i32.const 24)) (i32.const 65536)))))
            (local.set $b (i32.const 0))
            (loop $edits
                (local.set $word (i32.add (i32.mul (local.get $b) (i32.const 4))
                    (select (i32.const {RET}) (i32.sub (i32.const @HEAP) (i32.const {skipped})) (i32.lt_u (local.get $b) (i32.const {words})))))
                (local.set $c (i32.add (local.get $list) (i32.mul (local.get $b) (i32.const 24))))
                (i32.store (local.get $c) (i32.load (local.get $word)))
                (i32.store offset=4 (local.get $c) (i32.const @HEAP))
                (i32.store offset=12 (local.get $c) (i32.const {entity}))
                (i32.store offset=16 (local.get $c) (i32.const {length}))
                (local.set $b (i32.add (local.get $b) (i32.const 1)))
                (br_if $edits (i32.lt_u (local.get $b) (local.get $count))))
            (i32.store (i32.const 64) (i32.const 0))
            (i32.store (i32.const 68) (local.get $list))
            (i32.store (i32.const 72) (local.get $count))
            (i32.const 64)",
            skipped = 4 * RET_WORDS,
        ))
}

/// A loaded probe.
pub(crate) struct Probe(pub(crate) Plugin);

impl Probe {
    pub(crate) fn new(grant: Grant) -> Self {
        Probe(load(guest(), grant).unwrap())
    }

    fn ask(&self, what: &str, check: &Check, part: Part, pointer: &str, number: u32) -> Seen {
        let asked = subject(what, &number.to_string(), pointer);
        let edits = self.0.find(&asked, part, check).0.unwrap();
        let secret = Code::parse("secret").unwrap();
        assert!(edits.iter().all(|edit| edit.entity == secret));
        Seen {
            heap: edits[0].start,
            words: edits.iter().map(|edit| edit.leaf).collect(),
        }
    }

    /// `get`, written in words.
    pub(crate) fn get(&self, check: &Check, part: Part, pointer: &str) -> Answer<Option<String>> {
        let seen = self.ask("get", check, part, pointer, 0);
        seen.failure()?;
        if seen.word(4) & 0xff == 0 {
            return Ok(None);
        }
        let number = seen.word(12);
        Ok(Some(match seen.word(8) & 0xff {
            0 => "null".into(),
            1 => format!("boolean {}", number & 0xff),
            2 => format!("number {}", seen.text(number, seen.word(16))),
            3 => format!("text {}", seen.text(number, seen.word(16))),
            4 => format!("items {number}"),
            case => format!("members {number} ({case})"),
        }))
    }

    pub(crate) fn names(
        &self,
        check: &Check,
        part: Part,
        pointer: &str,
        skip: u32,
    ) -> Answer<Vec<String>> {
        let seen = self.ask("names", check, part, pointer, skip);
        seen.failure()?;
        let list = seen.word(4);
        let name = |i: u32| seen.text(seen.load(list + 8 * i), seen.load(list + 8 * i + 4));
        Ok((0..seen.word(8)).map(name).collect())
    }

    /// One batch, and where to go on.
    pub(crate) fn strings(
        &self,
        check: &Check,
        part: Part,
        pointer: &str,
        from: u32,
    ) -> Answer<(Vec<SeenLeaf>, Option<u32>)> {
        let seen = self.ask("strings", check, part, pointer, from);
        seen.failure()?;
        let leaf = |i: u32| {
            let at = seen.word(4) + 16 * i;
            let text = seen.text(seen.load(at + 8), seen.load(at + 12));
            SeenLeaf {
                id: seen.load(at),
                name: seen.load(at + 4) & 0xff == 1,
                text,
            }
        };
        let next = (seen.word(12) & 0xff == 1).then(|| seen.word(16));
        Ok(((0..seen.word(8)).map(leaf).collect(), next))
    }

    pub(crate) fn locate(&self, check: &Check, part: Part, leaf: u32) -> Answer<Option<String>> {
        self.optional(&self.ask("locate", check, part, "", leaf))
    }

    pub(crate) fn text(&self, check: &Check, part: Part) -> Answer<Option<String>> {
        self.optional(&self.ask("text", check, part, "", 0))
    }

    fn optional(&self, seen: &Seen) -> Answer<Option<String>> {
        seen.failure()?;
        Ok((seen.word(4) & 0xff == 1).then(|| seen.text(seen.word(8), seen.word(12))))
    }
}
