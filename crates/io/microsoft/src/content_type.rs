//! The five content types. Source: "Office 365 Management Activity API reference", working with the API.

use std::fmt;
use std::str::FromStr;

/// A content type: what one subscription delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentType {
    /// `Audit.AzureActiveDirectory`: sign-ins and changes of the directory.
    AuditAzureActiveDirectory,
    /// `Audit.Exchange`: mailboxes and their administration.
    AuditExchange,
    /// `Audit.SharePoint`: `SharePoint` and `OneDrive`.
    AuditSharePoint,
    /// `Audit.General`: every workload that has no type of its own.
    AuditGeneral,
    /// `DLP.All`: data loss prevention of all workloads.
    DlpAll,
}

/// The text names no content type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a content type")]
pub struct UnknownContentType(pub String);

impl ContentType {
    /// All of them, in the order of the vendor's page.
    pub const ALL: [Self; 5] = [
        Self::AuditAzureActiveDirectory,
        Self::AuditExchange,
        Self::AuditSharePoint,
        Self::AuditGeneral,
        Self::DlpAll,
    ];

    /// The exact spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuditAzureActiveDirectory => "Audit.AzureActiveDirectory",
            Self::AuditExchange => "Audit.Exchange",
            Self::AuditSharePoint => "Audit.SharePoint",
            Self::AuditGeneral => "Audit.General",
            Self::DlpAll => "DLP.All",
        }
    }

    /// Reads a name in any case: the service itself answers in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(text.trim()))
    }

    /// The application roles that its token must carry.
    pub const fn required_roles(self) -> &'static [&'static str] {
        match self {
            Self::DlpAll => &["ActivityFeed.Read", "ActivityFeed.ReadDlp"],
            _ => &["ActivityFeed.Read"],
        }
    }
}

impl FromStr for ContentType {
    type Err = UnknownContentType;

    fn from_str(text: &str) -> Result<Self, UnknownContentType> {
        Self::parse(text).ok_or_else(|| UnknownContentType(text.to_owned()))
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for known in ContentType::ALL {
            assert_eq!(ContentType::parse(&known.as_str().to_lowercase()), Some(known));
        }
        assert_eq!(ContentType::parse("Audit.Unknown"), None);
        assert!("x".parse::<ContentType>().unwrap_err().to_string().contains("`x`"));
    }
}
