//! From reqwest's errors to the kinds that a person can act on.

use std::error::Error;
use std::io::{self, ErrorKind};

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
        let all = all_words(error);
        let mut detail = self.words(error);
        let connecting = error.is_connect();
        let kind = if chain(error).any(is_tls) {
            TransportErrorKind::Tls
        } else if connecting && (self.explicit_proxy || is_proxy_text(&all)) {
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
        match kind {
            TransportErrorKind::Dns => "the name could not be resolved".clone_into(&mut detail),
            TransportErrorKind::Proxy if error.is_dns() => {
                "the proxy's name could not be resolved".clone_into(&mut detail);
            }
            _ => {}
        }
        TransportError { kind, host: host.to_owned(), detail }
    }

    /// A failure inside the body.
    pub(crate) fn in_body(&self, error: &reqwest::Error, host: &str) -> TransportError {
        let kind =
            if error.is_timeout() { TransportErrorKind::Timeout } else { TransportErrorKind::Interrupted };
        TransportError { kind, host: host.to_owned(), detail: self.words(error) }
    }

    /// The innermost failure in plain words: what stands around it are the names of the libraries' parts.
    fn words(&self, error: &reqwest::Error) -> String {
        let innermost = chain(error).skip(1).last();
        let words = innermost.map_or_else(|| "no reason was given".to_owned(), plain_words);
        self.fit_to_show(&words)
    }

    fn fit_to_show(&self, words: &str) -> String {
        let mut words = words.to_owned();
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

/// The libraries' words from the outside in, without the address.
fn all_words(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    // The outermost layer is reqwest's own and names the address.
    for layer in chain(error).skip(1) {
        let text = layer.to_string();
        if !parts.iter().any(|known| known.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

/// A failure of the system by its kind; of the others those that a person could not make sense of.
fn plain_words(error: &(dyn Error + 'static)) -> String {
    let Some(failure) = error.downcast_ref::<io::Error>() else {
        let own = error.to_string();
        return match own.as_str() {
            "tunnel error: unsuccessful" => "it refused to connect to the host".to_owned(),
            "end of file before message length reached" | "connection closed before message completed" => {
                "the connection ended before the answer did".to_owned()
            }
            "operation timed out" | "deadline has elapsed" => "no answer in the time allowed".to_owned(),
            text if text.ends_with("InvalidContentType") => {
                "what answers there does not speak TLS".to_owned()
            }
            text => text.trim_start_matches("tunnel error: ").to_owned(),
        };
    };
    let known = match failure.kind() {
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::ConnectionReset => "the connection was reset by the other side",
        ErrorKind::ConnectionAborted => "the connection was aborted",
        ErrorKind::BrokenPipe | ErrorKind::NotConnected => "the connection was closed by the other side",
        ErrorKind::UnexpectedEof => "the connection ended too early",
        ErrorKind::TimedOut => "no answer in the time allowed",
        ErrorKind::HostUnreachable => "there is no route to the host",
        ErrorKind::NetworkUnreachable => "the network cannot be reached",
        ErrorKind::PermissionDenied => "the system does not permit the connection",
        _ => {
            let words = failure.to_string().to_lowercase();
            return words.split(" (os error").next().unwrap_or_default().to_owned();
        }
    };
    known.to_owned()
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.is::<rustls::Error>()
}

/// The tunnel's error type is private to the library.
fn is_proxy_text(words: &str) -> bool {
    words.contains("tunnel error") || words.contains("SOCKS") || words.contains("proxy")
}
