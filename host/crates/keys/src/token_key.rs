//! The ES256 key (RFC 7518, section 3.4) that signs the tokens of calls.

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use crate::base64url;
use crate::digest::sha256;
use crate::entry_key::SIGNATURE_BYTES;
use crate::error::KeyError;

/// The length of one coordinate of a point on P-256.
const COORDINATE_BYTES: usize = 32;

/// The private key that signs tokens, with its public half as a JSON Web Key (RFC 7517).
pub struct TokenKey {
    pair: EcdsaKeyPair,
    x: String,
    y: String,
    kid: String,
    /// The encoded JOSE header, the same in every token.
    header: String,
}

impl TokenKey {
    /// A new key that lives in memory alone.
    ///
    /// # Errors
    /// [`KeyError::Random`]
    pub fn generate() -> Result<Self, KeyError> {
        // What `ring` just made it also reads; the only failure is missing randomness.
        Self::from_pkcs8(&Self::generate_pkcs8()?).ok_or(KeyError::Random)
    }

    /// The PKCS#8 document (RFC 5208, RFC 5915) of a new key.
    pub(crate) fn generate_pkcs8() -> Result<Vec<u8>, KeyError> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
        Ok(document.map_err(|_| KeyError::Random)?.as_ref().to_vec())
    }

    pub(crate) fn from_pkcs8(document: &[u8]) -> Option<Self> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document, &SystemRandom::new()).ok()?;
        // An uncompressed point (SEC 1, section 2.3.3): 0x04, then both coordinates.
        let (x, y) = match pair.public_key().as_ref().split_first() {
            Some((0x04, point)) => point.split_at_checked(COORDINATE_BYTES)?,
            _ => return None,
        };
        let (x, y) = (base64url::encode(x), base64url::encode(y));
        let kid = thumbprint(&x, &y);
        let header = format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"at+jwt"}}"#);
        Some(TokenKey {
            header: base64url::encode(header.as_bytes()),
            pair,
            x,
            y,
            kid,
        })
    }

    /// Signs `message`; r and s as 32 bytes each (RFC 7518, section 3.4).
    ///
    /// # Errors
    /// [`KeyError::Sign`]
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], KeyError> {
        let made = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| KeyError::Sign)?;
        made.as_ref().try_into().map_err(|_| KeyError::Sign)
    }

    /// Signs a token (RFC 7519, RFC 9068) whose payload is `claims`, the text of a JSON object.
    /// The text is signed as it stands.
    ///
    /// # Errors
    /// [`KeyError::Sign`]
    pub fn sign_jwt(&self, claims: &str) -> Result<String, KeyError> {
        let mut token = format!("{}.{}", self.header, base64url::encode(claims.as_bytes()));
        let signature = self.sign(token.as_bytes())?;
        token.push('.');
        token.push_str(&base64url::encode(&signature));
        Ok(token)
    }

    /// The key's id: its RFC 7638 thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as a JSON Web Key.
    #[must_use]
    pub fn jwk(&self) -> String {
        let TokenKey { x, y, kid, .. } = self;
        format!(
            r#"{{"alg":"ES256","crv":"P-256","kid":"{kid}","kty":"EC","use":"sig","x":"{x}","y":"{y}"}}"#
        )
    }

    /// The key set (RFC 7517, section 5) with this key alone.
    #[must_use]
    pub fn jwks(&self) -> String {
        format!(r#"{{"keys":[{}]}}"#, self.jwk())
    }
}

/// RFC 7638, section 3: the digest of the required members in the order of their names.
fn thumbprint(x: &str, y: &str) -> String {
    let required = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    base64url::encode(&sha256(required.as_bytes()))
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({}, private)", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::{TokenKey, thumbprint};
    use crate::base64url::decode;

    #[test]
    fn the_thumbprint_of_the_key_of_rfc_7517_appendix_a_1() {
        let (x, y) = (
            "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        );
        assert_eq!(
            thumbprint(x, y),
            "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
        );
    }

    #[test]
    fn a_token_verifies_with_the_published_key_and_no_other() {
        let key = TokenKey::generate().unwrap();
        let claims = r#"{"aud":"https://tickets.example","exp":1700000030}"#;
        let token = key.sign_jwt(claims).unwrap();
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!("{token}");
        };
        assert_eq!(decode(payload).unwrap(), claims.as_bytes());
        let header: serde_json::Value = serde_json::from_slice(&decode(header).unwrap()).unwrap();
        let set: serde_json::Value = serde_json::from_str(&key.jwks()).unwrap();
        let jwk = &set["keys"][0];
        assert_eq!(
            header,
            serde_json::json!({"alg": "ES256", "kid": key.kid(), "typ": "at+jwt"})
        );
        assert_eq!(set["keys"].as_array().unwrap().len(), 1);
        for (member, expected) in [
            ("kty", "EC"),
            ("crv", "P-256"),
            ("use", "sig"),
            ("alg", "ES256"),
            ("kid", key.kid()),
        ] {
            assert_eq!(jwk[member], expected, "{member}");
        }
        let mut point = vec![0x04];
        for member in ["x", "y"] {
            point.extend(decode(jwk[member].as_str().unwrap()).unwrap());
        }
        let signed = token.rsplit_once('.').unwrap().0;
        let signature = decode(signature).unwrap();
        let check = |point: &[u8], signed: &str| {
            let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
            public.verify(signed.as_bytes(), &signature).is_ok()
        };
        assert!(check(&point, signed));
        assert!(!check(&point, &signed[1..]));
        let other = TokenKey::generate().unwrap();
        assert_ne!(other.kid(), key.kid());
        let other: serde_json::Value = serde_json::from_str(&other.jwk()).unwrap();
        point.truncate(1);
        for member in ["x", "y"] {
            point.extend(decode(other[member].as_str().unwrap()).unwrap());
        }
        assert!(!check(&point, signed));
    }
}
