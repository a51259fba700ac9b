//! Where requests may go: cloud, endpoints, proxy.

use url::{Host, Url};

use super::Checker;
use crate::document::Step;
use crate::wire::EndpointsWire;
use crate::{Cloud, ConfigError, Endpoints, Proxy};

#[derive(Clone, Copy)]
enum Kind {
    Commercial,
    Gcc,
    GccHigh,
    Dod,
    China,
    Custom,
}

const CLOUDS: [(&str, Kind); 6] = [
    ("commercial", Kind::Commercial),
    ("gcc", Kind::Gcc),
    ("gcc-high", Kind::GccHigh),
    ("dod", Kind::Dod),
    ("china", Kind::China),
    ("custom", Kind::Custom),
];

impl Checker<'_> {
    /// `cloud` and `endpoints` belong together: hosts of one's own are for `custom` alone.
    pub(super) fn cloud(
        &self,
        at: usize,
        cloud: Option<&str>,
        endpoints: Option<&EndpointsWire>,
    ) -> Result<Cloud, ConfigError> {
        let place = |key| [Step::Key("application"), Step::Index(at), Step::Key(key)];
        let kind = cloud.map_or(Ok(Kind::Commercial), |text| self.word(&place("cloud"), text, &CLOUDS))?;
        let known = match (kind, endpoints) {
            (Kind::Custom, Some(endpoints)) => return self.endpoints(at, endpoints).map(Cloud::Custom),
            (Kind::Custom, None) => {
                let hint = "write `endpoints = { api = \"https://…\", login = \"https://…\" }`";
                return Err(self.error(&place("cloud"), "`cloud = \"custom\"` needs `endpoints`", hint));
            }
            (_, Some(_)) => {
                let hint = "remove `endpoints`, or write `cloud = \"custom\"`";
                return Err(self.error(
                    &place("endpoints"),
                    "`endpoints` is for `cloud = \"custom\"` only",
                    hint,
                ));
            }
            (Kind::Commercial, None) => Cloud::Commercial,
            (Kind::Gcc, None) => Cloud::Gcc,
            (Kind::GccHigh, None) => Cloud::GccHigh,
            (Kind::Dod, None) => Cloud::Dod,
            (Kind::China, None) => Cloud::China,
        };
        Ok(known)
    }

    fn endpoints(&self, at: usize, wire: &EndpointsWire) -> Result<Endpoints, ConfigError> {
        let place = |key| [Step::Key("application"), Step::Index(at), Step::Key("endpoints"), Step::Key(key)];
        Ok(Endpoints {
            api: self.endpoint(&place("api"), "api", &wire.api)?,
            login: self.endpoint(&place("login"), "login", &wire.login)?,
        })
    }

    fn endpoint(&self, place: &[Step], key: &str, text: &str) -> Result<Url, ConfigError> {
        let example = "write an address such as `https://manage.example.com`";
        let refuse =
            |why: &str, hint: &str| Err(self.error(place, format!("the `{key}` endpoint {why}"), hint));
        let Ok(url) = Url::parse(text) else { return refuse("is not an address", example) };
        if url.host().is_none() || !matches!(url.scheme(), "https" | "http") {
            return refuse("is not an https address", example);
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return refuse("has more than host, port and path", example);
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            let hint = "use `https`: the app's secret and token are sent there. Plain `http` is accepted for loopback \
                        addresses alone";
            return refuse("is plain http", hint);
        }
        Ok(url)
    }

    /// A proxy's address. It may hold a name and a password, so it is never quoted.
    pub(super) fn proxy(&self, place: &[Step], text: &str) -> Result<Proxy, ConfigError> {
        let usable = |url: &Url| {
            url.host().is_some() && matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h")
        };
        Url::parse(text).ok().filter(usable).map(Proxy).ok_or_else(|| {
            let hint = "write it like `http://proxy.example:3128`; schemes are `http`, `https`, `socks5` and `socks5h`";
            self.error(place, "`proxy` is not a proxy's address", hint)
        })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
