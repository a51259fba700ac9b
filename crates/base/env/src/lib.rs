//! Everything non-deterministic, as parameters: time, randomness, the network, the disk.
//!
//! What it is: six traits and their real implementations, plus the seeded and virtual ones that tests use.
//! What it promises: no other crate needs the system clock, a random source, or a path of its own to them.
//! What it never does: know what is sent or stored.
//! Where to start: [`Clock`], [`Entropy`], [`HttpTransport`], [`Disk`], [`Storage`], [`WholeFiles`].

mod clock;
mod disk;
mod entropy;
mod folders;
mod http_transport;
mod secret;
mod storage;
mod whole_files;

pub use clock::{Clock, SystemClock, VirtualClock};
pub use disk::{Disk, DiskFile, RealDisk};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use http_transport::{Body, HttpTransport, Response, TransportError, TransportErrorKind, collect_body};
pub use secret::{MAX_SECRET_BYTES, SecretError, SecretSource};
pub use storage::{FileFacts, FileIdentity, HeldLock, RealStorage, Storage};
pub use whole_files::{NewFile, RealWholeFiles, WholeFile, WholeFiles};
