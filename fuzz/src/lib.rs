//! What hostile bytes may do to the product: nothing.
//!
//! What it is: one function for each place where bytes of others come in. It feeds them to the product's public
//! interface and panics when a promise does not hold. The inputs in `corpus/` are replayed by this package's tests;
//! `cargo xtask fuzz` builds the same functions with coverage counters and lets libFuzzer look for more.
//! What it promises: the same bytes always do the same; no clock, no network, no disk.
//! What it never does: take part in the product.
//! Where to start: [`TARGETS`], then `exchange.rs` (how an input becomes a conversation over HTTP).

mod api_error;
mod config;
mod config_secret;
mod exchange;
mod headers;
mod shown;
mod splitter;
mod template;
mod token;

/// Longest input that is tried, in bytes. Longer ones find little more and take long.
pub const MAX_INPUT_BYTES: usize = 8_192;

/// One place where bytes come in.
pub struct Target {
    /// Name of its folder in `corpus/` and of its file in `dict/`.
    pub name: &'static str,
    /// What is fed, and what must hold.
    pub about: &'static str,
    /// Feeds one input.
    ///
    /// # Panics
    /// When a promise does not hold.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "splitter",
        about: "the body of a blob in pieces: only JSON is accepted, and the pieces change nothing",
        run: splitter::run,
    },
    Target {
        name: "headers",
        about: "answers of the API with their headers and addresses: the token goes to its host only (S2)",
        run: headers::run,
    },
    Target {
        name: "token",
        about: "answers of the token endpoint: the secret goes there only and is never shown (S1, S2)",
        run: token::run,
    },
    Target {
        name: "api_error",
        about: "error answers of every operation: no secret or token is in what is shown (S1)",
        run: api_error::run,
    },
    Target {
        name: "config",
        about: "the configuration file: every refusal names its place, no literal secret is shown (S1)",
        run: config::run,
    },
    Target {
        name: "config_secret",
        about: "lines around a literal secret, well-formed or not: it is never shown (S1)",
        run: config_secret::run,
    },
    Target {
        name: "template",
        about: "path templates of the file output: the file is where the template says, or it is refused",
        run: template::run,
    },
];

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
