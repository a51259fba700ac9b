//! Outputs: where records go.
//!
//! What it is: the contract of an output, the outputs, and the behaviour suite that each of them passes.
//! What it promises: L3 (no receipt without an accepting answer), and what each output's capabilities say.
//! What it never does: retry, read the journal, decide what to send.
//! Where to start: [`Output`], then `file/`; to add an output, `testing/`.

mod contract;
mod file;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use contract::{Accepted, Capabilities, Output, OutputError};
pub use file::{Compression, FileConfig, FileOutput, Format, MAX_OPEN_FILES, MAX_TRACKED_FILES};
