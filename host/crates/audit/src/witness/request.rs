//! The body of a request to a witness (C2SP tlog-witness, add-checkpoint).

use std::fmt;

use crate::merkle::Hash;
use crate::note::{MAX_NOTE_BYTES, Note, NoteError};
use crate::text;

/// The most hashes of a request's proof.
pub const MAX_PROOF_LINES: usize = 63;

/// The longest request: the longest checkpoint, a proof, and the first line.
pub const MAX_REQUEST_BYTES: usize = MAX_NOTE_BYTES + MAX_PROOF_LINES * 45 + 64;

/// Why a body is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is not what the format says.
    #[error("not a request: {why}")]
    Malformed {
        /// Which rule it breaks.
        why: &'static str,
    },
    /// What should be the checkpoint is no signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Asks a witness to cosign a checkpoint. Shown it is the body of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness cosigned last, 0 where it never did.
    pub old: u64,
    /// The proof that the checkpoint continues it.
    pub proof: Vec<Hash>,
    /// The checkpoint, signed by the log.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads the body of a request. Nothing of it is checked yet.
    ///
    /// # Errors
    /// Any [`RequestError`].
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let malformed = |why| RequestError::Malformed { why };
        if body.len() > MAX_REQUEST_BYTES {
            return Err(malformed("it is too long"));
        }
        let body = str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
        let (lines, checkpoint) = body
            .split_once("\n\n")
            .ok_or_else(|| malformed("it has no empty line before the checkpoint"))?;
        let mut lines = lines.split('\n');
        let old = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(text::decimal)
            .ok_or_else(|| malformed("its first line is no old size"))?;
        let proof = text::hashes(lines, MAX_PROOF_LINES).map_err(malformed)?;
        Ok(AddCheckpoint {
            old,
            proof,
            checkpoint: Note::parse(checkpoint.as_bytes())?,
        })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", text::base64(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::{AddCheckpoint, MAX_PROOF_LINES, MAX_REQUEST_BYTES};

    /// The example of C2SP tlog-witness.
    const PUBLISHED: &str = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
        \n\
        example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
        \n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        \u{2014} example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";

    #[test]
    fn forms() {
        let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
        let checkpoint = PUBLISHED.split_once("\n\n").unwrap().1;
        let with_hashes = |count: usize| format!("old 7\n{}\n{checkpoint}", hash.repeat(count));
        let long = "x".repeat(MAX_REQUEST_BYTES);
        for (case, body, fits) in [
            ("published", PUBLISHED.to_owned(), true),
            ("no proof", with_hashes(0), true),
            ("the longest proof", with_hashes(MAX_PROOF_LINES), true),
            ("too long a proof", with_hashes(MAX_PROOF_LINES + 1), false),
            (
                "no old size",
                PUBLISHED.replace("old 20852014\n", ""),
                false,
            ),
            (
                "a leading zero",
                PUBLISHED.replace("old 2", "old 02"),
                false,
            ),
            ("no space", PUBLISHED.replace("old ", "old"), false),
            ("two spaces", PUBLISHED.replace("old ", "old  "), false),
            ("upper case", PUBLISHED.replace("old ", "Old "), false),
            ("carriage returns", PUBLISHED.replace('\n', "\r\n"), false),
            ("half a hash", PUBLISHED.replace("PlRN", ""), false),
            ("no empty line", PUBLISHED.replacen("\n\n", "\n", 1), false),
            (
                "no checkpoint",
                PUBLISHED.split_once("\n\n").unwrap().0.to_owned(),
                false,
            ),
            (
                "no signature",
                PUBLISHED.rsplit_once("\n\n").unwrap().0.to_owned(),
                false,
            ),
            ("empty", String::new(), false),
            ("too long", long, false),
        ] {
            match AddCheckpoint::parse(body.as_bytes()) {
                Ok(request) => {
                    assert!(fits, "{case}");
                    assert_eq!(request.to_string(), body, "{case}");
                }
                Err(error) => assert!(!fits, "{case}: {error}"),
            }
        }
        assert!(AddCheckpoint::parse(b"old 1\n\n\xff").is_err());
    }
}
