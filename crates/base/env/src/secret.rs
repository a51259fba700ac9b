//! Where a secret comes from, read anew each time it is needed, so that a rotated one is picked up.

use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use secrecy::SecretString;

/// Longest secret that is read from a file, in bytes: a PFX or a key with its chain is far smaller.
pub const MAX_SECRET_BYTES: u64 = 256 << 10;

/// The place of a secret. Printing one never shows the secret (promise S1).
#[derive(Clone)]
pub enum SecretSource {
    /// Written in the configuration itself.
    Literal(SecretString),
    /// An environment variable.
    Env(String),
    /// A file; white space at its end is not part of the secret.
    File(PathBuf),
}

/// A secret could not be read. Holds its place, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret in {place} could not be read: {why}")]
pub struct SecretError {
    /// Which variable or file.
    pub place: String,
    /// What went wrong.
    pub why: String,
}

impl SecretSource {
    /// Reads the secret now.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Env(name) => match std::env::var(name) {
                Ok(value) if !value.trim().is_empty() => Ok(value.trim_end().to_owned().into()),
                Ok(_) => Err(self.error("it is empty")),
                Err(_) => Err(self.error("the variable is not set")),
            },
            Self::File(path) => {
                let bytes = read_limited(path).map_err(|error| self.error(&error.to_string()))?;
                let text = String::from_utf8(bytes).map_err(|_| self.error("it is not UTF-8 text"))?;
                if text.trim().is_empty() {
                    return Err(self.error("it is empty"));
                }
                Ok(text.trim_end().to_owned().into())
            }
        }
    }

    /// Reads a file secret as bytes (a PFX is not text); other sources give their text's bytes.
    pub fn read_bytes(&self) -> Result<Vec<u8>, SecretError> {
        use secrecy::ExposeSecret;
        match self {
            Self::File(path) => read_limited(path).map_err(|error| self.error(&error.to_string())),
            _ => Ok(self.read()?.expose_secret().as_bytes().to_vec()),
        }
    }

    fn error(&self, why: &str) -> SecretError {
        SecretError { place: self.to_string(), why: why.to_owned() }
    }
}

fn read_limited(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        return Err(std::io::Error::other(format!("it is longer than {MAX_SECRET_BYTES} bytes")));
    }
    Ok(bytes)
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(_) => f.write_str("the configuration file"),
            Self::Env(name) => write!(f, "environment variable `{name}`"),
            Self::File(path) => write!(f, "file `{}`", path.display()),
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_prints_its_place_and_never_its_value() {
        let literal = SecretSource::Literal("hunter2".to_owned().into());
        assert!(!format!("{literal:?} {literal}").contains("hunter2"));
        let absent = SecretSource::File("/nonexistent/secret".into());
        assert!(absent.read().unwrap_err().to_string().contains("file `/nonexistent/secret`"));
    }
}
