//! Resolves `[plugin.<name>]`.

use std::path::Path;

use wardlet_call::{PluginName, Projection, ProjectionError};
use wardlet_keys::digest::PIN_PREFIX;
use wardlet_reach::{DEFAULT_QUOTA, MAX_QUOTA, MIN_QUOTA};

use super::bucket::Buckets;
use super::fault::Gathered;
use super::kind::{FaultKind, quoted};
use super::model::{BuiltIn, Plugin};
use super::nearest::nearest;
use super::raw::{RawPlugin, Text};
use super::resolve::{bad_name, refuse_unusable, size};
use super::secret::Secrets;
use super::table::refuse_repeated;

/// Resolves one plugin; none where its name is not one.
pub(super) fn resolve(
    raw: &RawPlugin,
    folder: &Path,
    (capabilities, buckets, secrets): (&[&str], &Buckets<'_>, &Secrets<'_>),
    gathered: &mut Gathered<'_>,
) -> Option<(PluginName, Plugin)> {
    let text = raw.name.get_ref();
    let name = PluginName::parse(text);
    if name.is_err() {
        gathered.at(raw.name.span(), bad_name("plugin", &raw.name));
    }
    if BuiltIn::from_name(text).is_some() {
        gathered.at(raw.name.span(), FaultKind::ReservedName);
    }
    let component = raw.component.as_ref().map(|component| {
        refuse_unusable(component, "component", gathered);
        folder.join(component.get_ref())
    });
    let digest = raw.digest.as_ref().and_then(|digest| {
        let bytes = parse_digest(digest.get_ref());
        if bytes.is_none() {
            gathered.at(digest.span(), FaultKind::DigestForm(text.clone()));
        }
        bytes
    });
    let plugin = Plugin {
        component: component.unwrap_or_default(),
        digest,
        grants: grants(raw.grants.as_deref(), capabilities, gathered),
        sees: sees(raw.sees.as_deref(), gathered),
        settings: raw.settings.clone(),
        limits: raw.limits.resolve(gathered),
        quota: quota(raw, gathered),
        buckets: buckets.granted(raw.listed_buckets(), gathered),
        http: raw.outside.http(folder, gathered),
        folders: raw.outside.folders(folder, gathered),
        secrets: secrets.granted(raw.outside.secrets(), gathered),
    };
    Some((name.ok()?, plugin))
}

/// What the plugin may keep.
fn quota(raw: &RawPlugin, gathered: &mut Gathered<'_>) -> u64 {
    let text = raw.store.as_ref().and_then(|(_, quota)| quota.as_ref());
    let quota = text.and_then(|text| size("quota", text, (MIN_QUOTA, MAX_QUOTA), gathered));
    quota.unwrap_or(DEFAULT_QUOTA)
}

fn parse_digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix(PIN_PREFIX)?.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            *byte = (*byte << 4) | value;
        }
    }
    Some(digest)
}

fn grants(
    listed: Option<&[Text]>,
    capabilities: &[&str],
    gathered: &mut Gathered<'_>,
) -> Vec<String> {
    let listed = listed.unwrap_or_default();
    refuse_repeated(listed, "grants", gathered);
    for name in listed {
        if !capabilities.contains(&name.get_ref().as_str()) {
            let kind = FaultKind::Capability {
                name: name.get_ref().clone(),
                known: quoted(capabilities),
                near: nearest(name.get_ref(), capabilities.iter().copied()).map(str::to_owned),
            };
            gathered.at(name.span(), kind);
        }
    }
    listed.iter().map(|name| name.get_ref().clone()).collect()
}

fn sees(listed: Option<&[Text]>, gathered: &mut Gathered<'_>) -> Projection {
    let listed = listed.unwrap_or_default();
    refuse_repeated(listed, "sees", gathered);
    for text in listed {
        // One by one, so that each fault has its place.
        if let Err(error) = Projection::parse(&[text.get_ref()]) {
            gathered.at(text.span(), error.into());
        }
    }
    let texts: Vec<&String> = listed.iter().map(|text| text.get_ref()).collect();
    match (Projection::parse(&texts), listed.last()) {
        (Ok(projection), _) => projection,
        (Err(ProjectionError::TooMany), Some(last)) => {
            gathered.at(last.span(), ProjectionError::TooMany.into());
            Projection::default()
        }
        (Err(_), _) => Projection::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_digest;

    #[test]
    fn digests() {
        let digits = "0123456789abcdef".repeat(4);
        let good = parse_digest(&format!("sha256:{digits}")).unwrap();
        assert_eq!(&good[..4], [0x01, 0x23, 0x45, 0x67]);
        for bad in [
            digits.clone(),
            format!("sha512:{digits}"),
            format!("sha256:{}", digits.to_uppercase()),
            format!("sha256:{digits}0"),
            format!("sha256:{}", &digits[1..]),
            format!("sha256:{}é", &digits[2..]),
            String::new(),
        ] {
            assert_eq!(parse_digest(&bad), None, "{bad}");
        }
    }
}
