//! A certificate authority of its own, and a server certificate for the loopback address.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::error::BenchError;

/// What both contestants are told to trust.
pub(crate) const CA_FILE: &str = "ca.pem";
/// The server's certificate and key.
pub(crate) const SERVER_CERTIFICATE: &str = "server.pem";
pub(crate) const SERVER_KEY: &str = "server.key";

/// Writes the three PEM files into the folder.
pub(crate) fn write(folder: &Path) -> Result<(), BenchError> {
    let (authority, certificate, key) = make().map_err(BenchError::setup("make the certificates"))?;
    for (name, text) in [(CA_FILE, authority), (SERVER_CERTIFICATE, certificate), (SERVER_KEY, key)] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(BenchError::file("write", &path))?;
    }
    Ok(())
}

fn make() -> Result<(String, String, String), rcgen::Error> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(rcgen::DnType::CommonName, "trailhound bench");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let key = KeyPair::generate()?;
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    Ok((authority_certificate.pem(), certificate.pem(), key.serialize_pem()))
}
