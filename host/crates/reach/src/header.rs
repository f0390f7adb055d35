//! Which headers may be sent.

/// Headers of one request: no interface needs more.
const MAX_HEADERS: usize = 32;

/// Bytes of all headers together: what most servers take.
const MAX_BYTES: usize = 8 << 10;

/// The host frames the message, names the server, and keeps what comes back whole and readable: it has
/// to be searched for secrets, which neither compression nor a part of an answer would allow.
const HOSTS_OWN: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-range",
    "keep-alive",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Why a secret cannot be attached as a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It is not a header's name.
    #[error("it is no name of a header")]
    Name,
    /// The host sets it, or it speaks to proxies.
    #[error("it is a header that only the host may set")]
    HostsOwn,
}

fn is_token(name: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_part)
}

/// Whether a value stands on one line, in visible ASCII, with no white space around it.
pub(crate) fn is_value(value: &[u8]) -> bool {
    let plain = |b: &u8| matches!(b, b' ' | b'\t' | 0x21..=0x7e);
    value.iter().all(plain) && value.trim_ascii().len() == value.len()
}

fn is_hosts_own(lower: &str) -> bool {
    HOSTS_OWN.contains(&lower) || lower.starts_with("proxy-")
}

/// The name of a header that a secret can be attached as, in lower case.
///
/// # Errors
/// [`HeaderError`]
pub fn attachable(name: &str) -> Result<String, HeaderError> {
    if !is_token(name) {
        return Err(HeaderError::Name);
    }
    let lower = name.to_ascii_lowercase();
    if is_hosts_own(&lower) {
        return Err(HeaderError::HostsOwn);
    }
    Ok(lower)
}

/// Whether a plugin may send these headers itself; `attached` are those that secrets stand in, in lower
/// case.
pub(crate) fn may_send(headers: &[(String, String)], attached: &[&str]) -> bool {
    let bytes: usize = headers.iter().map(|(n, v)| n.len() + v.len()).sum();
    let may = |(name, value): &(String, String)| {
        let lower = name.to_ascii_lowercase();
        is_token(name)
            && is_value(value.as_bytes())
            && !is_hosts_own(&lower)
            && lower != "authorization"
            && !attached.contains(&lower.as_str())
    };
    headers.len() <= MAX_HEADERS && bytes <= MAX_BYTES && headers.iter().all(may)
}

#[cfg(test)]
mod tests {
    use super::{HeaderError, attachable, may_send};

    #[test]
    fn what_only_the_host_may_set_is_refused() {
        let check = |name: &str, value: &str, expected: bool| {
            let headers = [(name.to_owned(), value.to_owned())];
            assert_eq!(
                may_send(&headers, &["x-api-key"]),
                expected,
                "{name:?}: {value:?}"
            );
        };
        for name in [
            "accept",
            "Content-Type",
            "x-request-id",
            "cookie",
            "if-none-match",
        ] {
            check(name, "a b\tc", true);
            check(name, "", true);
        }
        for name in [
            "Connection",
            "keep-alive",
            "TE",
            "trailer",
            "Transfer-Encoding",
            "upgrade",
            "expect",
            "Host",
            "content-length",
            "accept-encoding",
            "range",
            "if-range",
            "Authorization",
            "proxy-authorization",
            "Proxy-Connection",
            "X-Api-Key",
        ] {
            check(name, "a", false);
        }
        // Lines that would become headers, or requests, of their own.
        for name in ["", "a b", "a:", "a\r\nhost", "a\n", "\u{e4}", " a", "a\0"] {
            check(name, "a", false);
        }
        for value in [
            "a\r\nx: y",
            "a\nb",
            "a\rb",
            "a\0b",
            "\u{e4}",
            " a",
            "a ",
            "\r\n\r\nGET / HTTP/1.1",
        ] {
            check("x-a", value, false);
        }
    }

    #[test]
    fn headers_are_counted_and_weighed() {
        let header = |length| ("x-a".to_owned(), "a".repeat(length));
        assert!(may_send(&vec![header(1); 32], &[]));
        assert!(!may_send(&vec![header(1); 33], &[]));
        assert!(may_send(&[header(8192 - 3)], &[]));
        assert!(!may_send(&[header(8192 - 2)], &[]));
    }

    #[test]
    fn secrets_are_attached_as_what_carries_them() {
        assert_eq!(attachable("Authorization").as_deref(), Ok("authorization"));
        assert_eq!(attachable("x-api-key").as_deref(), Ok("x-api-key"));
        assert_eq!(attachable("a b"), Err(HeaderError::Name));
        assert_eq!(attachable("Host"), Err(HeaderError::HostsOwn));
        assert_eq!(
            attachable("proxy-authorization"),
            Err(HeaderError::HostsOwn)
        );
    }
}
