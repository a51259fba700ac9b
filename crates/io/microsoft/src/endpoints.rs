//! Hosts of the clouds. Sources: the Management Activity API reference (roots of the four non-China clouds);
//! "National clouds" of the identity platform (login hosts); Azure's page on managed identities (IMDS).

use std::str::FromStr;

use url::{Host, Url};

use crate::ConfigError;

/// Azure's instance metadata service, which gives tokens to managed identities.
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// A Microsoft cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// Worldwide.
    Commercial,
    /// Government community: own API host, worldwide login host.
    Gcc,
    /// US government, high.
    GccHigh,
    /// US department of defence.
    Dod,
    /// Operated by 21Vianet. The API there is not in Microsoft's reference.
    China,
}

/// The text names no cloud.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a cloud: use commercial, gcc, gcc-high, dod or china")]
pub struct UnknownCloud(pub String);

impl FromStr for Cloud {
    type Err = UnknownCloud;

    fn from_str(text: &str) -> Result<Self, UnknownCloud> {
        Ok(match text {
            "commercial" => Self::Commercial,
            "gcc" => Self::Gcc,
            "gcc-high" => Self::GccHigh,
            "dod" => Self::Dod,
            "china" => Self::China,
            _ => return Err(UnknownCloud(text.to_owned())),
        })
    }
}

impl Cloud {
    fn hosts(self) -> (&'static str, &'static str) {
        match self {
            Self::Commercial => ("https://manage.office.com", "https://login.microsoftonline.com"),
            Self::Gcc => ("https://manage-gcc.office.com", "https://login.microsoftonline.com"),
            Self::GccHigh => ("https://manage.office365.us", "https://login.microsoftonline.us"),
            Self::Dod => ("https://manage.protection.apps.mil", "https://login.microsoftonline.us"),
            Self::China => ("https://manage.office365.cn", "https://login.partner.microsoftonline.cn"),
        }
    }
}

/// Where one application instance's requests go. The only hosts that ever see its secret or token (S2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Root of the Management Activity API.
    pub api: Url,
    /// Root of the login authority.
    pub login: Url,
    /// The token address of managed identities.
    pub managed_identity: Url,
    /// The audience that tokens are asked for: the API's root without a slash at its end.
    pub resource: String,
}

impl Endpoints {
    /// The documented hosts of a cloud.
    #[expect(clippy::expect_used, reason = "constants; a test reads them all")]
    pub fn of(cloud: Cloud) -> Self {
        let (api, login) = cloud.hosts();
        Self::custom(api, login).expect("the clouds' addresses are well-formed")
    }

    /// Other hosts: a relay or a simulator. Plain http is accepted for loopback addresses only.
    pub fn custom(api: &str, login: &str) -> Result<Self, ConfigError> {
        let (api, login) = (check("api", api)?, check("login", login)?);
        let resource = api.as_str().trim_end_matches('/').to_owned();
        let managed_identity =
            Url::parse(IMDS).map_err(|_| ConfigError::endpoint("managed identity", IMDS))?;
        Ok(Self { api, login, managed_identity, resource })
    }
}

fn check(which: &'static str, text: &str) -> Result<Url, ConfigError> {
    let refuse = || ConfigError::endpoint(which, text);
    let url = Url::parse(text.trim()).map_err(|_| refuse())?;
    let plain_parts = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if safe && plain_parts && url.has_host() { Ok(url) } else { Err(refuse()) }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_has_its_hosts_and_audience() {
        for (name, api, login) in [
            ("commercial", "manage.office.com", "login.microsoftonline.com"),
            ("gcc", "manage-gcc.office.com", "login.microsoftonline.com"),
            ("gcc-high", "manage.office365.us", "login.microsoftonline.us"),
            ("dod", "manage.protection.apps.mil", "login.microsoftonline.us"),
            ("china", "manage.office365.cn", "login.partner.microsoftonline.cn"),
        ] {
            let endpoints = Endpoints::of(name.parse().unwrap());
            assert_eq!(endpoints.api.host_str(), Some(api));
            assert_eq!(endpoints.login.host_str(), Some(login));
            assert_eq!(endpoints.resource, format!("https://{api}"));
        }
        assert!("moon".parse::<Cloud>().is_err());
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for good in
            ["http://127.0.0.1:9000", "http://localhost:1/", "http://[::1]:2", "https://relay.example/o"]
        {
            assert!(Endpoints::custom(good, good).is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://localhost.evil.com",
            "ftp://127.0.0.1",
            "https://u:p@h",
            "x",
            "https://h/?q",
        ] {
            assert!(Endpoints::custom(bad, "https://login.example").is_err(), "{bad}");
        }
    }
}
