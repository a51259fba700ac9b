//! Names and ids. Each is a type of its own, so that one cannot stand in for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest name of an instance or an output, in bytes: it becomes part of file names and metrics labels.
pub const MAX_NAME_BYTES: usize = 64;

/// The text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a name: use 1 to 64 letters, digits, `.`, `_` or `-`, beginning with a letter or digit"
)]
pub struct InvalidName(pub String);

fn check_name(text: &str) -> Result<Arc<str>, InvalidName> {
    let fits = (1..=MAX_NAME_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && text.as_bytes()[0].is_ascii_alphanumeric();
    if fits { Ok(text.into()) } else { Err(InvalidName(text.to_owned())) }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the characters and the length ([`MAX_NAME_BYTES`]).
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                check_name(text).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// An application instance: one tenant as seen by one registered app. `[[application]] name`.
    InstanceName
);
name_type!(
    /// A content stream of an instance, such as `Audit.Exchange`. Opaque to all but the source's own crate.
    StreamName
);
name_type!(
    /// A configured output. `[[output]] name`. Also the name of its reader in the journal.
    OutputName
);

/// One stream of one instance: the unit of the ledger.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct StreamKey {
    /// The application instance.
    pub instance: InstanceName,
    /// Its stream.
    pub stream: StreamName,
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.instance, self.stream)
    }
}

/// Microsoft's id of a blob. Opaque; unique within one stream.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentId(Arc<str>);

impl ContentId {
    /// Any text is an id.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as Microsoft spelt it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_paths_and_labels() {
        for good in ["contoso", "Audit.Exchange", "a-b_c.9"] {
            assert!(StreamName::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "-x", "a/b", "a b", "ü", &"x".repeat(65)] {
            assert!(InstanceName::new(bad).is_err(), "{bad}");
        }
    }
}
