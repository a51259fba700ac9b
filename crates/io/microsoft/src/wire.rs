//! The shapes of the API's answers. They never leave this crate.

use serde::Deserialize;
use trailhound_model::{Blob, ContentId, Timestamp};

/// An element of `subscriptions/list`. The reference has a sample without `status`: it counts as enabled.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSubscription {
    pub(crate) content_type: String,
    pub(crate) status: Option<String>,
}

impl WireSubscription {
    pub(crate) fn is_enabled(&self) -> bool {
        self.status.as_deref().is_none_or(|status| status.eq_ignore_ascii_case("enabled"))
    }
}

/// The answer of `subscriptions/start`: the subscription as it is now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireStarted {
    status: String,
}

impl WireStarted {
    pub(crate) fn is_enabled(&self) -> bool {
        self.status.eq_ignore_ascii_case("enabled")
    }
}

/// An element of `subscriptions/content`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the service's own names")]
pub(crate) struct WireBlob {
    content_uri: String,
    content_id: String,
    content_created: String,
    content_expiration: String,
}

impl TryFrom<WireBlob> for Blob {
    type Error = String;

    fn try_from(wire: WireBlob) -> Result<Self, String> {
        if wire.content_id.is_empty() || wire.content_uri.is_empty() {
            return Err("an element has an empty contentId or contentUri".to_owned());
        }
        let time = |text: &str| Timestamp::parse(text.trim()).map_err(|error| error.to_string());
        Ok(Self {
            content_id: ContentId::new(&wire.content_id),
            created: time(&wire.content_created)?,
            expires: time(&wire.content_expiration)?,
            uri: wire.content_uri,
        })
    }
}
