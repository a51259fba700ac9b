//! The five content types and which records belong to which.

use serde::{Deserialize, Serialize};

/// A content type of the Management Activity API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stream {
    /// Entra ID: sign-ins and directory changes.
    #[serde(rename = "Audit.AzureActiveDirectory")]
    AzureActiveDirectory,
    /// Mailboxes and Exchange cmdlets.
    #[serde(rename = "Audit.Exchange")]
    Exchange,
    /// SharePoint and OneDrive.
    #[serde(rename = "Audit.SharePoint")]
    SharePoint,
    /// Every other workload.
    #[serde(rename = "Audit.General")]
    General,
    /// Data-loss prevention of all workloads.
    #[serde(rename = "DLP.All")]
    Dlp,
}

impl Stream {
    /// All of them, in the order of [`Stream::index`].
    pub const ALL: [Self; 5] =
        [Self::AzureActiveDirectory, Self::Exchange, Self::SharePoint, Self::General, Self::Dlp];

    /// 0 to 4.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Microsoft's exact spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::AzureActiveDirectory => "Audit.AzureActiveDirectory",
            Self::Exchange => "Audit.Exchange",
            Self::SharePoint => "Audit.SharePoint",
            Self::General => "Audit.General",
            Self::Dlp => "DLP.All",
        }
    }

    /// Case does not matter: the real service takes any.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.name().eq_ignore_ascii_case(text))
    }

    /// Where a record arrives, by its `RecordType` and, for types that are not listed, its `Workload`.
    pub fn of_record(record_type: i64, workload: &str) -> Self {
        match record_type {
            8 | 9 | 15 => Self::AzureActiveDirectory,
            1 | 2 | 3 | 19 | 50 => Self::Exchange,
            4 | 6 | 7 | 14 | 36 | 37 | 54..=56 => Self::SharePoint,
            11 | 13 | 33 | 63 | 107 => Self::Dlp,
            _ => match workload {
                "SharePoint" | "OneDrive" => Self::SharePoint,
                "Exchange" => Self::Exchange,
                "AzureActiveDirectory" => Self::AzureActiveDirectory,
                _ => Self::General,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_records_find_their_stream() {
        for stream in Stream::ALL {
            assert_eq!(Stream::parse(&stream.name().to_uppercase()), Some(stream));
            assert_eq!(Stream::ALL[stream.index()], stream);
        }
        assert_eq!(Stream::parse("Audit.Teams"), None);
        assert_eq!(Stream::of_record(50, "Exchange"), Stream::Exchange);
        assert_eq!(Stream::of_record(11, "SharePoint"), Stream::Dlp);
        assert_eq!(Stream::of_record(9999, "OneDrive"), Stream::SharePoint);
        assert_eq!(Stream::of_record(9999, "Copilot"), Stream::General);
    }
}
