//! A simulated disk under the real SQLite: seeded, in memory, with power losses at chosen moments.
//!
//! What it is: [`SimDisk`], a model of what a file system promises (only what was synced, and names only when their
//! folder was), a SQLite VFS over it, and the [`trailhound_env::Storage`] by which a journal opens there.
//! What it promises: after a power loss everything that was synced is there; of everything else any part, torn and
//! out of order, by the seed; whoever had files open gets nothing but errors from then on. Equal seeds and
//! equal calls, equal outcome (SQLite's own salts aside, which no outcome depends on).
//! What it never does: touch the machine's disk; run in production.
//! Where to start: [`SimDisk`]; then `file.rs` and `names.rs` (what is durable), `vfs/` (how SQLite gets there).
//!
//! ```
//! # use trailhound_sim_disk::SimDisk;
//! let disk = SimDisk::new(7);
//! let storage = disk.storage(); // for `JournalConfig::storage`, with any absolute `data_dir`
//! disk.power_loss(); // what `storage` opened is dead
//! let storage = disk.storage(); // the machine after its restart
//! # drop(storage);
//! ```

mod dice;
mod disk;
mod fault;
mod file;
mod locks;
mod machine;
mod names;
mod shared_memory;
mod state;
mod storage;
#[expect(unsafe_code, reason = "SQLite takes a VFS as a table of C functions")]
mod vfs;
mod whole_files;

pub use disk::SimDisk;
