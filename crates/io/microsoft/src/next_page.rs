//! Addresses that the service hands out, and the one host they may be on (promise S2).

use url::Url;

/// Longest address that is followed, in bytes.
const MAX_ADDRESS_BYTES: usize = 16 << 10;
const PUBLISHER: &str = "PublisherIdentifier";

/// A link to the next page of a listing, as the service gave it. Checked when it is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextPage(pub(crate) String);

impl NextPage {
    /// From a stored text.
    pub fn new(address: &str) -> Self {
        Self(address.to_owned())
    }

    /// The address as the service spelt it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address, with the publisher appended when it names none, if scheme, host and port are those of
/// `root` and nothing in it could make another reader of addresses see another host.
pub(crate) fn follow(address: &str, root: &Url, publisher_id: &str) -> Option<String> {
    let plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if !plain || address.len() > MAX_ADDRESS_BYTES {
        return None;
    }
    let mut url = Url::parse(address).ok()?;
    let same_host = url.scheme() == root.scheme()
        && url.host_str() == root.host_str()
        && url.port_or_known_default() == root.port_or_known_default();
    let authority = address.split_once("://")?.1.split(['/', '?', '#']).next()?;
    if !same_host || authority.contains('@') || !authority.is_ascii() {
        return None;
    }
    url.set_fragment(None);
    let named = url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case(PUBLISHER));
    let mut whole = String::from(url);
    if !named {
        whole.push(if whole.contains('?') { '&' } else { '?' });
        whole.push_str(PUBLISHER);
        whole.push('=');
        whole.push_str(publisher_id);
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configured_host_is_followed() {
        let root = Url::parse("https://manage.office.com").unwrap();
        let path = "/api/v1.0/t/activity/feed/audit/1$2";
        for good in ["https://manage.office.com", "https://MANAGE.office.com:443"] {
            let followed = follow(&format!("{good}{path}"), &root, "p").unwrap();
            assert_eq!(followed, format!("https://manage.office.com{path}?PublisherIdentifier=p"));
        }
        for bad in [
            "http://manage.office.com",
            "https://manage.office.com:8443",
            "https://manage.office.com.evil.example",
            "https://manage.office.com.",
            "https://evil.example",
            "https://user:pass@manage.office.com",
            "https://@manage.office.com",
            "https://manage.office.com@evil.example",
            "https://manage.office.com\\@evil.example",
            "https://evil.example\\.manage.office.com",
            "https://manage.office.com%2eevil.example",
            "https://m\u{e4}nage.office.com",
            "https://\u{ff4d}anage.office.com",
            "https://xn--mnage-hra.office.com",
            "https:/evil.example",
            "//evil.example",
            "file://manage.office.com",
            " https://manage.office.com",
            "https://manage.office.com/\r\nHost: evil.example",
            "javascript:x",
            "",
        ] {
            assert_eq!(follow(&format!("{bad}{path}"), &root, "p"), None, "{bad}");
        }
    }

    #[test]
    fn the_rest_is_verbatim_and_the_publisher_is_not_doubled() {
        let root = Url::parse("http://127.0.0.1:9000/").unwrap();
        let given = "http://127.0.0.1:9000/api?contenttype=Audit.General&nextpage=2015%2B$x+y";
        assert_eq!(follow(given, &root, "p").unwrap(), format!("{given}&PublisherIdentifier=p"));
        let named = format!("{given}&publisheridentifier=q");
        assert_eq!(follow(&named, &root, "p").unwrap(), named);
        assert_eq!(follow(&"x".repeat(20_000), &root, "p"), None);
    }
}
