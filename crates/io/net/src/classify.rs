//! From reqwest's errors to the kinds that a person can act on.

use std::error::Error;
use std::io;

use trailhound_env::{TransportError, TransportErrorKind};
use url::Url;

/// Most words of the libraries that are kept, in characters.
const MAX_DETAIL_CHARS: usize = 300;

/// Knows whether a proxy stands between, and what must not be shown of it.
#[derive(Clone)]
pub(crate) struct Classifier {
    explicit_proxy: bool,
    environment_proxy: bool,
    credentials: Vec<String>,
}

impl Classifier {
    pub(crate) fn new(proxy: Option<&Url>) -> Self {
        let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        let named = names.map(|name| std::env::var(name).unwrap_or_default());
        let urls = proxy.into_iter().cloned().chain(named.iter().filter_map(|text| Url::parse(text).ok()));
        let credentials = urls
            .flat_map(|url| [url.username().to_owned(), url.password().unwrap_or_default().to_owned()])
            .filter(|part| !part.is_empty());
        Self {
            explicit_proxy: proxy.is_some(),
            environment_proxy: named.iter().any(|text| !text.is_empty()),
            credentials: credentials.collect(),
        }
    }

    /// A failure before the status line came.
    pub(crate) fn before_answer(&self, error: &reqwest::Error, host: &str) -> TransportError {
        let mut detail = self.words(error);
        let connecting = error.is_connect();
        let kind = if chain(error).any(is_tls) {
            TransportErrorKind::Tls
        } else if connecting && (self.explicit_proxy || is_proxy_text(&detail)) {
            TransportErrorKind::Proxy
        } else if error.is_dns() {
            TransportErrorKind::Dns
        } else if connecting {
            if self.environment_proxy {
                detail.push_str(" (the environment names a proxy)");
            }
            TransportErrorKind::Connect
        } else if error.is_timeout() {
            TransportErrorKind::Timeout
        } else if error.is_request() || error.is_body() {
            TransportErrorKind::Interrupted
        } else {
            TransportErrorKind::Other
        };
        TransportError { kind, host: host.to_owned(), detail }
    }

    /// A failure inside the body.
    pub(crate) fn in_body(&self, error: &reqwest::Error, host: &str) -> TransportError {
        let kind =
            if error.is_timeout() { TransportErrorKind::Timeout } else { TransportErrorKind::Interrupted };
        TransportError { kind, host: host.to_owned(), detail: self.words(error) }
    }

    /// The libraries' words from the outside in, without the address.
    fn words(&self, error: &reqwest::Error) -> String {
        let mut parts: Vec<String> = Vec::new();
        // The outermost layer is reqwest's own and names the address.
        for layer in chain(error).skip(1) {
            let text = layer.to_string();
            if !parts.iter().any(|known| known.contains(&text)) {
                parts.push(text);
            }
        }
        let mut words = parts.join(": ");
        for hidden in &self.credentials {
            words = words.replace(hidden, "[hidden]");
        }
        words.chars().filter(|c| !c.is_control()).take(MAX_DETAIL_CHARS).collect()
    }
}

/// All layers from the outside in. The system's errors hide what they wrap from `source`.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error: &&'a (dyn Error + 'static)| {
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inside.map(|inner| -> &'a (dyn Error + 'static) { inner }).or_else(|| error.source())
    })
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.is::<rustls::Error>()
}

/// The tunnel's error type is private to the library.
fn is_proxy_text(words: &str) -> bool {
    words.contains("tunnel error") || words.contains("SOCKS") || words.contains("proxy")
}
