//! The host-owned documents of a check. Pointers are RFC 6901; [`child`] and [`item`] build them.

use crate::host::document as host;
use crate::{Failure, Leaf, Part, Value};

/// The value at a pointer (`""` is the whole part); none where nothing stands there.
///
/// # Errors
/// [`Failure`]
pub fn get(part: Part, pointer: &str) -> Result<Option<Value>, Failure> {
    host::get(part, pointer)
}

/// The text of the string at a pointer; none where there is no string.
///
/// # Errors
/// [`Failure`]
pub fn string(part: Part, pointer: &str) -> Result<Option<String>, Failure> {
    Ok(match get(part, pointer)? {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    })
}

/// All member names of the object at a pointer, in the order of the document. Empty where no
/// object stands there.
///
/// # Errors
/// [`Failure`]
pub fn names(part: Part, pointer: &str) -> Result<Vec<String>, Failure> {
    let mut all = host::names(part, pointer, 0)?;
    // A page that is not full is the last one.
    let mut full = all.len() >= PAGE;
    while full {
        let skip = u32::try_from(all.len()).map_err(|_| Failure::TooLarge)?;
        let page = host::names(part, pointer, skip)?;
        full = page.len() >= PAGE;
        all.extend(page);
    }
    Ok(all)
}

/// The most names that the host gives in one call.
const PAGE: usize = 256;

/// The text leaves at and below a pointer, in the order of the document: string values and member
/// names that the grant shows. Fetched in batches of at most 64 KiB, whose memory is used again once
/// nothing of a batch, and nothing else that was allocated meanwhile, is kept.
pub fn strings(part: Part, pointer: &str) -> Strings<'_> {
    Strings {
        part,
        pointer,
        next: Some(0),
        leaves: Vec::new().into_iter(),
    }
}

/// The whole part as canonical JSON (RFC 8785), in which a number that has no canonical form keeps
/// its literal; none where the part is absent. Reading fields through [`get`] is far cheaper.
///
/// # Errors
/// [`Failure`]; `NotGranted` unless the whole part is granted.
pub fn text(part: Part) -> Result<Option<String>, Failure> {
    host::text(part)
}

/// The pointer of a leaf that [`strings`] gave; for a name, that of its member.
///
/// # Errors
/// [`Failure`]
pub fn locate(part: Part, leaf: u32) -> Result<Option<String>, Failure> {
    host::locate(part, leaf)
}

/// The pointer of a member: escapes `~` and `/` in its name.
#[must_use]
pub fn child(pointer: &str, name: &str) -> String {
    let mut child = String::with_capacity(pointer.len() + name.len() + 1);
    child.push_str(pointer);
    child.push('/');
    for character in name.chars() {
        match character {
            '~' => child.push_str("~0"),
            '/' => child.push_str("~1"),
            plain => child.push(plain),
        }
    }
    child
}

/// The pointer of an array's item.
#[must_use]
pub fn item(pointer: &str, index: u32) -> String {
    let mut digits = [0_u8; 10];
    let mut rest = index;
    let mut first = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        first = at;
        if rest == 0 {
            break;
        }
    }
    let digits = digits.get(first..).unwrap_or_default();
    let mut child = String::with_capacity(pointer.len() + digits.len() + 1);
    child.push_str(pointer);
    child.push('/');
    child.extend(digits.iter().map(|digit| char::from(*digit)));
    child
}

/// The leaves of [`strings`]. Ends after the first failure.
#[derive(Debug)]
pub struct Strings<'a> {
    part: Part,
    pointer: &'a str,
    next: Option<u32>,
    leaves: std::vec::IntoIter<Leaf>,
}

impl Iterator for Strings<'_> {
    type Item = Result<Leaf, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(leaf) = self.leaves.next() {
                return Some(Ok(leaf));
            }
            let next = self.next.take()?;
            // The last batch is freed before the next one comes, so that it can take its place.
            self.leaves = Vec::new().into_iter();
            #[cfg(target_arch = "wasm32")]
            crate::arena::begin_batch();
            match host::strings(self.part, self.pointer, next) {
                Ok(batch) => {
                    self.next = batch.next;
                    self.leaves = batch.leaves.into_iter();
                }
                Err(failure) => return Some(Err(failure)),
            }
        }
    }
}
