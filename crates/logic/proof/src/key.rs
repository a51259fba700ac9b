//! Ed25519 keys, and bytes as hexadecimal text.

use std::fmt;
use std::fmt::Write as _;

use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// DER of a public key of this kind, but for its last 32 bytes (RFC 8410).
const SPKI_PREFIX: &str = "302a300506032b6570032100";

/// A key cannot be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The system gave no randomness.
    #[error("make a key: the system gives no randomness")]
    NotMade,
    /// It is not the text of a private key.
    #[error("read the key: it is not 64 hexadecimal digits")]
    NotPrivate,
    /// It is not the text of a public key.
    #[error("read the public key: it is neither 64 hexadecimal digits nor a PEM file of an Ed25519 key")]
    NotPublic,
}

/// Signs. Its text is a secret; it has no `Debug`, `Display` or `Serialize`.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// A new key, from the crypto library's own randomness.
    pub fn make() -> Result<Self, KeyError> {
        Ed25519KeyPair::generate().map(Self).map_err(|_| KeyError::NotMade)
    }

    /// Reads what [`SigningKey::secret_text`] wrote.
    pub fn from_secret_text(text: &str) -> Result<Self, KeyError> {
        let seed: [u8; 32] = bytes_of(text.trim()).ok_or(KeyError::NotPrivate)?;
        Ed25519KeyPair::from_seed_unchecked(&seed).map(Self).map_err(|_| KeyError::NotPrivate)
    }

    /// For the file that keeps it: 64 hexadecimal digits.
    pub fn secret_text(&self) -> Result<String, KeyError> {
        let seed = self.0.seed().map_err(|_| KeyError::NotPrivate)?;
        let bytes: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_| KeyError::NotPrivate)?;
        Ok(hex(bytes.as_ref()))
    }

    /// The other half.
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(key)
    }

    pub(crate) fn sign(&self, message: &str) -> String {
        hex(self.0.sign(message.as_bytes()).as_ref())
    }
}

/// Verifies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads 64 hexadecimal digits, or PEM.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if !text.contains("-----BEGIN PUBLIC KEY-----") {
            return bytes_of(text).map(Self).ok_or(KeyError::NotPublic);
        }
        let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = base64_bytes(&body).ok_or(KeyError::NotPublic)?;
        let digits = hex(&der);
        let key = digits.strip_prefix(SPKI_PREFIX).and_then(bytes_of);
        key.map(Self).ok_or(KeyError::NotPublic)
    }

    /// 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// As other tools read it.
    pub fn to_pem(self) -> String {
        let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        der.extend_from_slice(&self.0);
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64_text(&der))
    }

    pub(crate) fn verifies(self, message: &str, signature: &str) -> bool {
        let Some(signature) = bytes_of::<64>(signature) else { return false };
        UnparsedPublicKey::new(&ED25519, self.0).verify(message.as_bytes(), &signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// Lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Exactly so many bytes in lower-case digits: no other spelling, so that no byte of a report is free.
pub(crate) fn bytes_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_text(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let joined =
            group.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = BASE64[(joined >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut joined, mut bits) = (0u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = BASE64.iter().position(|known| *known == letter)?;
        joined = (joined << 6 | u32::try_from(value).ok()?) & 0xfff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((joined >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}
