//! The disk as SQLite's VFS: the only place with unsafe code.
//!
//! SQLite calls `system.rs` for paths and `handle.rs` for open files. Every function there turns C's arguments into
//! Rust's, calls safe code, and turns its answer into a result code.
//!
//! Source: <https://www.sqlite.org/c3ref/vfs.html>, <https://www.sqlite.org/c3ref/io_methods.html>.

mod codes;
mod handle;
mod lease;
mod system;

pub(crate) use lease::Lease;
