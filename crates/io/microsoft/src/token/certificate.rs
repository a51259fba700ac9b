//! A certificate and its RSA key, from PEM or PFX files. Read anew for every token, so rotation is seen.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use trailhound_env::{SecretError, SecretSource};
use trailhound_model::Timestamp;

use crate::{ApiError, Operation};

/// What signs assertions.
pub(super) struct CertificateKey {
    /// DER of the app's own certificate.
    pub(super) certificate: Vec<u8>,
    /// PEM of its private key.
    pub(super) key_pem: SecretString,
}

impl CertificateKey {
    /// When the certificate ends, as it says itself (`notAfter`); `None` if that cannot be read.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        let (_, certificate) = x509_parser::parse_x509_certificate(&self.certificate).ok()?;
        let millis = certificate.validity().not_after.timestamp().checked_mul(1_000)?;
        Some(Timestamp::from_millis(millis))
    }
}

/// Reads both parts. The first certificate of a PEM file is the app's own.
pub(super) fn load(
    file: &Path,
    key: Option<&SecretSource>,
    password: Option<&SecretSource>,
) -> Result<CertificateKey, ApiError> {
    let is_pfx = file
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("pfx") || end.eq_ignore_ascii_case("p12"));
    let source = SecretSource::File(PathBuf::from(file));
    if is_pfx { load_pfx(&source, password) } else { load_pem(&source, key) }
}

fn load_pem(source: &SecretSource, key: Option<&SecretSource>) -> Result<CertificateKey, ApiError> {
    let text = source.read().map_err(|error| secret_unreadable(&error))?;
    let certificate = CertificateDer::from_pem_slice(text.expose_secret().as_bytes())
        .map_err(|_| unreadable(&format!("{source} holds no PEM certificate")))?;
    let key = match key {
        Some(source) => source.read().map_err(|error| secret_unreadable(&error))?,
        None => text,
    };
    let key_pem = key_section(key.expose_secret()).ok_or_else(|| {
        unreadable("no unencrypted private key (`PRIVATE KEY` or `RSA PRIVATE KEY`) was found in the PEM")
    })?;
    Ok(CertificateKey { certificate: certificate.to_vec(), key_pem })
}

/// The section of the private key alone: the signer wants nothing else in its PEM.
fn key_section(text: &str) -> Option<SecretString> {
    ["PRIVATE KEY", "RSA PRIVATE KEY"].iter().find_map(|label| {
        let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
        let start = text.find(&begin)?;
        let length = text[start..].find(&end)? + end.len();
        Some(text[start..start + length].to_owned().into())
    })
}

fn load_pfx(source: &SecretSource, password: Option<&SecretSource>) -> Result<CertificateKey, ApiError> {
    let bytes = source.read_bytes().map_err(|error| secret_unreadable(&error))?;
    let password = match password {
        Some(source) => source.read().map_err(|error| secret_unreadable(&error))?,
        None => SecretString::default(),
    };
    let store = KeyStore::from_pkcs12(&bytes, password.expose_secret(), Pkcs12ImportPolicy::Strict)
        .map_err(|error| unreadable(&format!("{source} cannot be opened: {error}")))?;
    let (_, chain) = store
        .private_key_chain()
        .ok_or_else(|| unreadable(&format!("{source} holds no private key with its certificate")))?;
    let certificate = chain.certs().first().map(|certificate| certificate.as_der().to_vec());
    let certificate = certificate.ok_or_else(|| unreadable(&format!("{source} holds no certificate")))?;
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(chain.key().as_der())
    );
    Ok(CertificateKey { certificate, key_pem: pem.into() })
}

fn secret_unreadable(error: &SecretError) -> ApiError {
    ApiError::of_row(Operation::Token, "secret-unreadable", &error.to_string())
}

pub(super) fn unreadable(detail: &str) -> ApiError {
    ApiError::of_row(Operation::Token, "certificate-unreadable", detail)
}
