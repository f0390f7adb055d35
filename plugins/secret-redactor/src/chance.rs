//! Whether a text looks like chance made it: checksums and entropy, in whole numbers.

/// How many bits a character of the text carries, times 256, by the frequencies of its own
/// characters (Shannon). At most the first 256 bytes count.
pub(crate) fn bits(text: &[u8]) -> u32 {
    let mut counts = [0_u16; 256];
    let text = text.get(..256).unwrap_or(text);
    for byte in text {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    if length == 0 {
        return 0;
    }
    let spent: u32 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| u32::from(*count) * log2(u32::from(*count)))
        .sum();
    log2(length).saturating_sub(spent / length)
}

/// The logarithm to base 2, times 256, by a straight line between powers of two: off by less than
/// a tenth of a bit. A float's logarithm would bring a library into the plugin.
fn log2(number: u32) -> u32 {
    let whole = number.ilog2();
    let fraction = ((u64::from(number) << 8) >> whole) - 256;
    whole * 256 + u32::try_from(fraction).unwrap_or(0)
}

/// Whether the last six of a token's characters are the CRC-32 of those before, in base 62: the
/// checksum of GitHub's and npm's tokens.
pub(crate) fn has_crc(body: &[u8]) -> bool {
    let Some((random, checksum)) = body.split_last_chunk::<6>() else {
        return false;
    };
    let mut rest = crc32(random);
    checksum.iter().rev().all(|digit| {
        let value = (rest % 62) as u8;
        rest /= 62;
        *digit
            == match value {
                0..=9 => b'0' + value,
                10..=35 => b'A' + value - 10,
                _ => b'a' + value - 36,
            }
    })
}

/// CRC-32 as in ISO-HDLC (Ethernet, zip), bit by bit: tokens are short, a table is not.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let mask = (crc & 1).wrapping_neg();
            (crc >> 1) ^ (0xedb8_8320 & mask)
        })
    })
}

/// Whether people put such a text where a credential belongs.
pub(crate) fn is_placeholder(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 17] = [
        b"example",
        b"placeholder",
        b"changeme",
        b"change_me",
        b"change-me",
        b"your",
        b"xxxx",
        b"****",
        b"....",
        b"redacted",
        b"insert",
        b"dummy",
        b"process.env",
        b"os.environ",
        b"0000000",
        b"1234567",
        b"abcdefg",
    ];
    let wrapped = matches!(text.first(), Some(b'$' | b'<' | b'{' | b'[' | b'%' | b'*'));
    wrapped || WORDS.iter().any(|word| contains(text, word))
}

/// Whether a text holds a lower-case word, in whatever case.
fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

/// How many bytes of each class: small letters, capitals, digits, others.
pub(crate) fn classes(text: &[u8]) -> [usize; 4] {
    let mut counts = [0; 4];
    for byte in text {
        let class = match byte {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            _ => 3,
        };
        if let Some(count) = counts.get_mut(class) {
            *count += 1;
        }
    }
    counts
}

/// The digits of a text.
pub(crate) fn digits(text: &[u8]) -> usize {
    text.iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// The letters of a text.
pub(crate) fn letters(text: &[u8]) -> usize {
    text.iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count()
}

#[cfg(test)]
mod tests {
    use super::{bits, crc32, has_crc};

    #[test]
    fn entropy_and_checksums() {
        for (text, least, most) in [
            ("", 0, 0),
            ("aaaaaaaa", 0, 0),
            ("abababab", 256, 256),
            ("abcdefgh", 768, 768),
            ("aaab", 180, 230),
        ] {
            let bits = bits(text.as_bytes());
            assert!((least..=most).contains(&bits), "{text}: {bits}");
        }
        // The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert!(!has_crc(b"12345"));
        assert!(!has_crc(&[b'a'; 36]));
    }
}
