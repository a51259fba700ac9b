//! The signed statement by which an app with a certificate proves itself. Source: "Certificate credentials"
//! of the identity platform (PS256, `x5t#S256`, `aud` = the token URL).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Context;
use super::certificate::CertificateKey;
use crate::ApiError;

/// How long an assertion is good for, in seconds; the vendor advises five to ten minutes.
const VALID_SECONDS: i64 = 600;

#[derive(Serialize)]
struct AssertionClaims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Signs for one token request, dated by the server's clock when that is known.
pub(super) fn sign(
    key: &CertificateKey,
    client_id: &str,
    token_url: &str,
    context: &Context<'_>,
) -> Result<SecretString, ApiError> {
    let unusable = |error: jsonwebtoken::errors::Error| {
        super::certificate::unreadable(&format!("the key cannot sign: {error}"))
    };
    let now = (context.clock.now().as_millis() + context.skew.millis().unwrap_or(0)) / 1_000;
    let claims = AssertionClaims {
        aud: token_url,
        iss: client_id,
        sub: client_id,
        jti: context.entropy.uuid(),
        iat: now,
        nbf: now,
        exp: now + VALID_SECONDS,
    };
    let mut header = Header::new(Algorithm::PS256);
    header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(Sha256::digest(&key.certificate)));
    let signer = EncodingKey::from_rsa_pem(key.key_pem.expose_secret().as_bytes()).map_err(unusable)?;
    jsonwebtoken::encode(&header, &claims, &signer).map(SecretString::from).map_err(unusable)
}
