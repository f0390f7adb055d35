//! Cosignatures (C2SP tlog-cosignature, type 0x04): a witness signs the time and the text of a
//! checkpoint.

use wardlet_keys::{CosignerKey, EntryKey, KeyError, SIGNATURE_BYTES};

use crate::note::{NoteKey, NoteSignature};

/// The time in seconds since 1970 stands before the signature, the highest byte first.
const TIME_BYTES: usize = 8;

/// What a cosignature signs.
fn message(time: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

/// The cosignature of `text`, the text of a checkpoint, by the witness `name` at `time`, in seconds
/// since 1970.
///
/// # Errors
/// [`KeyError::Name`]
pub fn cosign(
    key: &EntryKey,
    name: &str,
    time: u64,
    text: &str,
) -> Result<NoteSignature, KeyError> {
    let signature: [u8; SIGNATURE_BYTES] = key.sign(&message(time, text));
    let bytes = [time.to_be_bytes().as_slice(), &signature].concat();
    Ok(NoteSignature::new(&key.cosigner_key(name)?, bytes))
}

impl NoteKey for CosignerKey {
    /// When the witness signed, in seconds since 1970.
    type Statement = u64;

    fn name(&self) -> &str {
        self.name()
    }

    fn key_id(&self) -> [u8; 4] {
        self.key_id()
    }

    fn check(&self, text: &str, signature: &[u8]) -> Option<u64> {
        let (time, signature) = signature.split_first_chunk::<TIME_BYTES>()?;
        let time = u64::from_be_bytes(*time);
        // The format allows no later one.
        i64::try_from(time).ok()?;
        self.verify(&message(time, text), signature).then_some(time)
    }
}

#[cfg(test)]
mod tests {
    use wardlet_keys::EntryKey;

    use super::{cosign, message};
    use crate::note::{Note, NoteError, NoteKey as _};

    const NAME: &str = "witness.example/w1";

    #[test]
    fn the_message_of_the_specification() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let expected = "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n\
            CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(message(1_679_315_147, text), expected.as_bytes());
    }

    #[test]
    fn a_cosignature_fits_its_text_its_time_and_its_key() {
        let key = EntryKey::generate().unwrap();
        let public = key.cosigner_key(NAME).unwrap();
        for time in [0, 1_795_392_000, (1 << 63) - 1] {
            let mut note = Note::new("text\n").unwrap();
            note.add(cosign(&key, NAME, time, note.text()).unwrap());
            let note = Note::parse(note.to_string().as_bytes()).unwrap();
            assert_eq!(note.signed_by(&public), Ok(vec![time]));
            let log = key.verifying_key(NAME).unwrap();
            assert!(matches!(
                note.signed_by(&log),
                Err(NoteError::Unsigned { .. })
            ));
        }
        let message = message(7, "text\n");
        let mut good = 7_u64.to_be_bytes().to_vec();
        good.extend(key.sign(&message));
        assert_eq!(public.check("text\n", &good), Some(7));
        for bit in 0..good.len() * 8 {
            let mut wrong = good.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(public.check("text\n", &wrong), None, "bit {bit}");
        }
        for length in 0..good.len() {
            assert_eq!(public.check("text\n", &good[..length]), None);
        }
        assert_eq!(public.check("test\n", &good), None);
        let late = cosign(&key, NAME, 1 << 63, "text\n").unwrap();
        let mut note = Note::new("text\n").unwrap();
        note.add(late);
        assert!(matches!(
            note.signed_by(&public),
            Err(NoteError::Forged { .. })
        ));
    }
}
