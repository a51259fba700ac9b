//! Exit codes: the one place where their meaning stands.
//!
//! | code | meaning | comes from |
//! |---|---|---|
//! | 0 | done | everything asked for was done |
//! | 1 | failed | Microsoft, the network, the disk or an output failed; stopped before the end; sums do not balance |
//! | 2 | wrong usage or configuration | the command line (clap) or the configuration file |
//! | 3 | done, with gaps | everything that can be had was done, and what cannot is a gap with a reason |
//! | 4 | credentials or permission | the secret, the consent, the tenant or the client id was refused |

use std::process::ExitCode;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Wrong usage or configuration.
    Usage,
    /// Done, with gaps.
    Gaps,
    /// Credentials or permission.
    Access,
}

impl Exit {
    /// The number that the system sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Gaps => 3,
            Self::Access => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
