//! Exactly one way to prove who the app is.

use secrecy::ExposeSecret;
use trailhound_env::SecretSource;

use super::Checker;
use super::values::{is_guid, last_key};
use crate::document::Step;
use crate::parse::list;
use crate::secret_wire::SecretWire;
use crate::wire::ApplicationWire;
use crate::{ConfigError, Credential};

const WAYS: [&str; 4] = ["client_secret", "certificate", "federated_token", "managed_identity"];

impl Checker<'_> {
    /// Takes the credential out of the section `at`.
    pub(super) fn credential(
        &mut self,
        at: usize,
        wire: &mut ApplicationWire,
    ) -> Result<Credential, ConfigError> {
        let section = [Step::Key("application"), at.into()];
        let given = [
            wire.client_secret.is_some(),
            wire.certificate.is_some(),
            wire.federated_token.is_some(),
            wire.managed_identity.is_some(),
        ];
        let named: Vec<&'static str> =
            WAYS.into_iter().zip(given).filter_map(|(way, is)| is.then_some(way)).collect();
        if let [first, second, ..] = named[..] {
            let place = [section[0], section[1], Step::Key(second)];
            return Err(self.error(
                &place,
                format!("`{first}` and `{second}` are both given"),
                "keep one of them",
            ));
        }
        let place = |key| [section[0], section[1], Step::Key(key)];
        if let Some(secret) = wire.client_secret.take() {
            return Ok(Credential::Secret(self.secret(&place("client_secret"), secret)));
        }
        if let Some(certificate) = wire.certificate.take() {
            let [a, b, c] = place("certificate");
            let mut inner =
                |key, secret: Option<SecretWire>| secret.map(|s| self.secret(&[a, b, c, Step::Key(key)], s));
            return Ok(Credential::Certificate {
                file: certificate.file.into(),
                key: inner("key", certificate.key),
                password: inner("password", certificate.password),
            });
        }
        if let Some(token) = wire.federated_token.take() {
            return Ok(Credential::FederatedToken(token.file.into()));
        }
        if let Some(identity) = wire.managed_identity.take() {
            let [a, b, c] = place("managed_identity");
            let client_id =
                identity.client_id.map(|text| self.guid(&[a, b, c, Step::Key("client_id")], &text));
            return Ok(Credential::ManagedIdentity { client_id: client_id.transpose()? });
        }
        let hint = "write `client_secret = { env = \"…\" }`, or use another of them";
        Err(self.error(&section, format!("one of {} is needed", list(&WAYS)), hint))
    }

    /// Warns of secrets that stand in the file itself.
    fn secret(&mut self, place: &[Step], secret: SecretWire) -> SecretSource {
        if let SecretSource::Literal(text) = &secret.0 {
            let key = last_key(place);
            self.warn(
                place,
                format!("`{key}` stands in the file itself"),
                format!("safer are `{key} = {{ env = \"…\" }}` and `{key} = {{ file = \"…\" }}`"),
            );
            if key == "client_secret" && is_guid(text.expose_secret()) {
                self.warn(
                    place,
                    "`client_secret` looks like the secret's ID",
                    "the portal shows ID and value side by side: the value is needed, and is shown only once",
                );
            }
        }
        secret.0
    }
}
