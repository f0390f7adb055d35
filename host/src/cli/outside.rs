//! Where a plugin connects to, which folders it reads and which secrets it uses, in plain words.

use serde_json::{Value, json};
use wardlet_sandbox::Capability;

use crate::config::{Plugin, SecretGrant, show_size};

/// One line for each server, folder and secret, of the capabilities that the plugin imports.
pub(super) fn lines(plugin: &Plugin, imports: &[Capability]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(http) = plugin
        .http
        .as_ref()
        .filter(|_| imports.contains(&Capability::HttpFetch))
    {
        let grant = &http.grant;
        let public = grant.allow.iter().map(|origin| (origin, ""));
        let private = grant.allow_private.iter();
        let private = private.map(|origin| (origin, ", at private addresses too"));
        for (origin, also) in public.chain(private) {
            lines.push(format!("connects  to {origin}{also}"));
        }
        let trusts = match &http.ca {
            Some(path) => format!("the authorities in {}", path.display()),
            None => "the authorities that Mozilla lists".to_owned(),
        };
        lines.push(format!(
            "          at most {} times in a check, for answers of at most {}; trusts {trusts}",
            grant.requests,
            show_size(grant.max_response as u64),
        ));
    }
    if imports.contains(&Capability::FsRead) {
        for (name, path) in &plugin.folders {
            lines.push(format!(
                "reads     all of the folder {name}: {}",
                path.display()
            ));
        }
    }
    if imports.contains(&Capability::SecretUse) {
        for (name, grant) in &plugin.secrets {
            lines.push(format!("uses      {}", secret(name, grant)));
        }
    }
    lines
}

fn secret(name: &str, grant: &SecretGrant) -> String {
    let source = &grant.secret.source;
    let mut text = format!("the secret {name} (of {source}), which it never sees");
    if let Some(attach) = grant.secret.attach.as_ref().filter(|_| grant.attach) {
        let origins: Vec<String> = attach.origins.iter().map(ToString::to_string).collect();
        let (header, origins) = (&attach.header, origins.join(", "));
        text.push_str(&format!("; sends it as `{header}` to {origins} alone"));
    }
    if grant.hmac {
        text.push_str(if grant.secret.raw {
            "; signs any bytes with it (`raw`)"
        } else {
            "; signs with it in its own name"
        });
    }
    text
}

/// The same for programs.
pub(super) fn as_json(plugin: &Plugin) -> Value {
    let texts = |origins: &[wardlet_reach::Origin]| {
        origins.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let http = plugin.http.as_ref().map(|http| {
        json!({
            "allow": texts(&http.grant.allow),
            "allow_private": texts(&http.grant.allow_private),
            "requests": http.grant.requests,
            "max_response": http.grant.max_response,
            "ca": http.ca.as_ref().map(|path| path.display().to_string()),
        })
    });
    let folders = plugin.folders.iter();
    let folders =
        folders.map(|(name, path)| json!({"name": name, "path": path.display().to_string()}));
    let secrets = plugin.secrets.iter().map(|(name, grant)| {
        let attach = grant.secret.attach.as_ref().filter(|_| grant.attach);
        json!({
            "name": name,
            "hmac": grant.hmac,
            "raw": grant.secret.raw,
            "header": attach.map(|attach| attach.header.as_str()),
            "origins": attach.map(|attach| texts(&attach.origins)),
        })
    });
    json!({
        "http": http,
        "folders": folders.collect::<Vec<_>>(),
        "secrets": secrets.collect::<Vec<_>>(),
    })
}
