//! What a client needs to know, checked once at its making.

use std::path::PathBuf;

use trailhound_env::SecretSource;

use crate::Endpoints;

/// How the app proves who it is. Files and secrets are read anew for every token, so rotation needs no
/// restart.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A client secret's value (not its id).
    Secret(SecretSource),
    /// A certificate registered on the app, with its RSA key: PEM, or PFX when the name ends in `.pfx`/`.p12`.
    Certificate {
        /// PEM with the certificate (and the key, unless `key` is given), or a PFX.
        file: PathBuf,
        /// PEM of the private key, PKCS#8 or PKCS#1.
        key: Option<SecretSource>,
        /// Password of the PFX.
        password: Option<SecretSource>,
    },
    /// A file with a token of an outside issuer (workload identity federation).
    FederatedToken(PathBuf),
    /// The identity of the Azure machine that this runs on.
    ManagedIdentity {
        /// Of a user-assigned identity; `None`: the machine's own.
        client_id: Option<String>,
    },
}

/// Which token endpoint is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenVersion {
    /// `/oauth2/token` with `resource`.
    V1,
    /// `/oauth2/v2.0/token` with `scope`.
    #[default]
    V2,
}

/// One application instance.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Its hosts.
    pub endpoints: Endpoints,
    /// The tenant, a GUID (the API refuses domain names: AF20013).
    pub tenant_id: String,
    /// The registered app, a GUID. Not used by a managed identity; may be empty then.
    pub client_id: String,
    /// How the app proves itself.
    pub credential: Credential,
    /// `PublisherIdentifier` of every call, a GUID; `None`: the tenant's id.
    pub publisher_id: Option<String>,
    /// Which token endpoint.
    pub token_version: TokenVersion,
}

/// The configuration cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a GUID.
    #[error("{field} `{value}` is not a GUID")]
    NotAGuid {
        /// Which field.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// Not usable as an address.
    #[error("the {which} endpoint `{value}` is not an https address (plain http is for loopback only)")]
    Endpoint {
        /// Which endpoint.
        which: &'static str,
        /// Its value, without credentials.
        value: String,
    },
}

impl ConfigError {
    /// What a person can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAGuid { .. } => {
                "copy it from the app's overview page in the Entra admin center: \
                 8-4-4-4-12 hexadecimal digits, not a domain name"
            }
            Self::Endpoint { .. } => "write scheme and host alone, such as `https://manage.office.com`",
        }
    }

    pub(crate) fn endpoint(which: &'static str, value: &str) -> Self {
        // What stands before an `@` may be a password.
        let value = value.rsplit('@').next().unwrap_or_default().to_owned();
        Self::Endpoint { which, value }
    }
}

impl ClientConfig {
    /// Trims the ids, fills in the publisher, and refuses what is not a GUID.
    pub(crate) fn checked(mut self) -> Result<Self, ConfigError> {
        self.tenant_id = guid("tenant_id", &self.tenant_id)?;
        if !matches!(self.credential, Credential::ManagedIdentity { .. }) {
            self.client_id = guid("client_id", &self.client_id)?;
        }
        let publisher = self.publisher_id.as_deref().unwrap_or(&self.tenant_id);
        self.publisher_id = Some(guid("publisher_id", publisher)?);
        Ok(self)
    }
}

fn guid(field: &'static str, value: &str) -> Result<String, ConfigError> {
    let trimmed = value.trim();
    if is_guid(trimmed) {
        Ok(trimmed.to_owned())
    } else {
        Err(ConfigError::NotAGuid { field, value: trimmed.to_owned() })
    }
}

/// 8-4-4-4-12 hexadecimal digits.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(publisher_id: Option<&str>) -> ClientConfig {
        ClientConfig {
            endpoints: Endpoints::of(crate::Cloud::Commercial),
            tenant_id: " 11111111-2222-3333-4444-555555555555 ".into(),
            client_id: "aaaaaaaa-2222-3333-4444-555555555555".into(),
            credential: Credential::Secret(SecretSource::Env("X".into())),
            publisher_id: publisher_id.map(str::to_owned),
            token_version: TokenVersion::V2,
        }
    }

    #[test]
    fn the_publisher_is_the_tenant_unless_given_and_always_a_guid() {
        let tenant = "11111111-2222-3333-4444-555555555555";
        assert_eq!(config(None).checked().unwrap().publisher_id.as_deref(), Some(tenant));
        let other = config(Some("99999999-2222-3333-4444-555555555555 ")).checked().unwrap();
        assert_eq!(other.publisher_id.as_deref(), Some("99999999-2222-3333-4444-555555555555"));
        let error = config(Some("TEST365LOGS")).checked().unwrap_err();
        assert_eq!(error.to_string(), "publisher_id `TEST365LOGS` is not a GUID");
        assert!(error.hint().contains("hexadecimal"));
    }

    #[test]
    fn a_domain_name_is_no_tenant_id() {
        let mut domain = config(None);
        domain.tenant_id = "contoso.onmicrosoft.com".into();
        assert!(domain.checked().is_err());
    }

    #[test]
    fn a_refused_endpoint_does_not_repeat_its_password() {
        let error = Endpoints::custom("https://user:hunter2@host", "https://l.example").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
