//! Why the disk refuses.

use std::io::{self, ErrorKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Power was lost since the caller came, or the caller was killed.
    Dead,
    /// The device does not answer, as the test wants it.
    Failing,
    /// No room.
    Full,
    /// No such file, or no folder to put it in.
    Absent,
    /// Another has it.
    Busy,
    /// The name is another file's.
    Taken,
}

pub(crate) type Answer<T> = Result<T, Fault>;

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Dead => io::Error::other("the machine lost power"),
            Fault::Failing => io::Error::other("the device does not answer"),
            Fault::Full => ErrorKind::StorageFull.into(),
            Fault::Absent => ErrorKind::NotFound.into(),
            Fault::Busy => ErrorKind::WouldBlock.into(),
            Fault::Taken => ErrorKind::AlreadyExists.into(),
        }
    }
}
