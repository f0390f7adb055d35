//! Addresses of mail.

/// The domain of an address of the form `local@domain`; none where a text is of any other form. What
/// two readers could take apart differently is no address here.
pub(crate) fn domain(address: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b',';
    if !address.bytes().all(plain) {
        return None;
    }
    let (local, domain) = address.split_once('@')?;
    let is_one = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
    is_one.then_some(domain)
}
