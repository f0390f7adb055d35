//! URLs, read strictly: whatever two readers could take for two things is refused.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::may_reach;

/// Longer URLs are refused: servers take no longer ones, and a policy has none.
const MAX_URL: usize = 2048;

/// The longest name of a host (RFC 1035).
const MAX_HOST: usize = 253;

/// The longest step of a host's name (RFC 1035).
const MAX_LABEL: usize = 63;

/// Why a text is no URL, or no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Over 2,048 bytes.
    #[error("it is longer than 2,048 bytes")]
    TooLong,
    /// Something other than visible ASCII, or a character that has to be escaped.
    #[error("it has a character that has to be escaped, or a name that is not in ASCII")]
    Character,
    /// It does not begin with `http://` or `https://`.
    #[error("it does not begin with `http://` or `https://`")]
    Scheme,
    /// It has a user or password.
    #[error("it has a user before the host")]
    User,
    /// Its host is neither a name nor an address in its usual form.
    #[error("its host is neither a name nor an address in its usual form")]
    Host,
    /// Its port is none.
    #[error("its port is no number from 1 to 65535")]
    Port,
    /// It has a path where only scheme, host and port may stand.
    #[error("it has a path, and only scheme, host and port may stand here")]
    Path,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Host {
    /// In lower case.
    Name(String),
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Address(IpAddr::V4(address)) => address.fmt(f),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Scheme, host and port. Two are the same if all three are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    tls: bool,
    host: Host,
    port: u16,
}

impl Origin {
    /// Reads `https://opa.example.com:443`; the port may be left out where it is 80 or 443. A host is a name in
    /// ASCII without a final dot, an IPv4 address of four decimal numbers, or an IPv6 address in
    /// brackets without a zone.
    ///
    /// # Errors
    /// [`UrlError`]
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let url = Url::parse(text)?;
        if url.target != "/" || text.ends_with('/') {
            return Err(UrlError::Path);
        }
        Ok(url.origin)
    }

    /// Whether it is `https`.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether it is an address of this machine's own.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        matches!(&self.host, Host::Address(address) if address.is_loopback())
    }

    /// Whether a connection may go there, with or without a grant of private addresses. Of a name that is not
    /// known before it is resolved.
    #[must_use]
    pub fn may_be_reached(&self, private: bool) -> bool {
        match &self.host {
            Host::Address(address) => may_reach(*address, private),
            Host::Name(_) => true,
        }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// What stands in the header `host`.
    pub(crate) fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Always with its port.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme(), self.host, self.port)
    }
}

/// An origin, and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) origin: Origin,
    /// Path and query; begins with `/`.
    pub(crate) target: String,
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > MAX_URL {
            return Err(UrlError::TooLong);
        }
        if !text.bytes().all(is_plain) {
            return Err(UrlError::Character);
        }
        let (tls, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(UrlError::Scheme);
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (host, port) = split(authority)?;
        let port = match port {
            Some(port) => parse_port(port)?,
            None if tls => 443,
            None => 80,
        };
        let target = if target.starts_with('/') {
            target.to_owned()
        } else {
            format!("/{target}")
        };
        Ok(Url {
            origin: Origin { tls, host, port },
            target,
        })
    }

    /// Where a redirect from here leads.
    pub(crate) fn join(&self, location: &str) -> Result<Self, UrlError> {
        let location = location.split('#').next().unwrap_or_default();
        let origin = &self.origin;
        if location.starts_with("//") {
            return Url::parse(&format!("{}:{location}", origin.scheme()));
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let first = location.split(['/', '?']).next().unwrap_or_default();
        let target = if first.contains(':') {
            return Url::parse(location);
        } else if location.starts_with('/') {
            location.to_owned()
        } else if location.is_empty() || location.starts_with('?') {
            format!("{path}{location}")
        } else {
            let folder = path.rfind('/').and_then(|slash| path.get(..=slash));
            format!("{}{location}", folder.unwrap_or("/"))
        };
        Url::parse(&format!("{origin}{target}"))
    }
}

/// Whether a byte may stand in a URL as it is. A fragment never leaves for a server, so `#` may not.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        )
}

fn split(authority: &str) -> Result<(Host, Option<&str>), UrlError> {
    if authority.contains('@') {
        return Err(UrlError::User);
    }
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(UrlError::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| UrlError::Host)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port),
            None if rest.is_empty() => None,
            None => return Err(UrlError::Port),
        };
        return Ok((Host::Address(address.into()), port));
    }
    match authority.split_once(':') {
        Some((host, port)) => Ok((parse_host(host)?, Some(port))),
        None => Ok((parse_host(authority)?, None)),
    }
}

fn parse_host(text: &str) -> Result<Host, UrlError> {
    if text.is_empty() || text.len() > MAX_HOST {
        return Err(UrlError::Host);
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= MAX_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if !text.split('.').all(is_label) {
        return Err(UrlError::Host);
    }
    let last = text.rsplit('.').next().unwrap_or_default();
    // What ends like a number is an address to some readers: `127.1`, `0x7f000001`, `017700000001`.
    let is_number = last.bytes().all(|b| b.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .or(last.strip_prefix("0X"))
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    if is_number {
        let address: Ipv4Addr = text.parse().map_err(|_| UrlError::Host)?;
        return Ok(Host::Address(address.into()));
    }
    Ok(Host::Name(text.to_ascii_lowercase()))
}

fn parse_port(text: &str) -> Result<u16, UrlError> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    let port = text.parse().ok().filter(|_| plain);
    port.ok_or(UrlError::Port)
}

#[cfg(test)]
mod tests;
