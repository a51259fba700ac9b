//! Microsoft's side of the wire: Entra tokens and the Office 365 Management Activity API, in types.
//!
//! What it is: [`Client`] speaks the API's five operations for one application instance; [`BlobDecoder`]
//! turns the bytes of a blob into records; [`ApiError`] says of every failure what it means and what to do.
//! What it promises: the token goes to the configured hosts only, whatever a listing says (promise S2); no
//! secret or token is in an error, a log or a debug text (S1); every body has a limit (B1); nothing that
//! cannot be read is passed over in silence.
//! What it never does: retry on a timer, decide what to fetch, keep anything on disk. (The one repetition is
//! a fresh token after a 401.)
//! Where to start: [`Client::list`] and [`Client::fetch`], then `error/table.rs`.

mod blob;
mod client;
mod config;
mod content_type;
mod endpoints;
mod error;
mod http_date;
mod next_page;
#[cfg(test)]
mod testing;
mod token;
mod wire;

pub use blob::{BlobDecoder, BlobError, BlobErrorKind, MAX_KEPT_GZIP_BYTES};
pub use client::{BlobBody, Client, MAX_ERROR_BODY_BYTES, MAX_PAGE_BYTES, Page, Started, Subscription};
pub use config::{ClientConfig, ConfigError, Credential, TokenVersion};
pub use content_type::{ContentType, UnknownContentType};
pub use endpoints::{Cloud, Endpoints, UnknownCloud};
pub use error::{ApiError, Operation, Reaction};
pub use next_page::NextPage;
pub use token::{MAX_TOKEN_ANSWER_BYTES, TokenInfo};
