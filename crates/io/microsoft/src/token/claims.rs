//! The payload of an access token, read without verification: for display and checks only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Claims of an app-only token. An opaque token has none.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Claims {
    pub(crate) roles: Vec<String>,
    pub(crate) tid: Option<String>,
    pub(crate) appid: Option<String>,
    pub(crate) aud: Option<String>,
}

impl Claims {
    pub(crate) fn read(token: &str) -> Self {
        let payload = token.split('.').nth(1).unwrap_or_default();
        let json = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).unwrap_or_default();
        serde_json::from_slice(&json).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_and_an_opaque_token_has_none() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"roles":["ActivityFeed.Read"],"tid":"t","exp":1}"#);
        let claims = Claims::read(&format!("h.{payload}.s"));
        assert_eq!(claims.roles, ["ActivityFeed.Read"]);
        assert_eq!(claims.tid.as_deref(), Some("t"));
        for opaque in ["", "opaque", "a.b.c", "..", "a.bnVsbA.c"] {
            assert!(Claims::read(opaque).roles.is_empty(), "{opaque}");
        }
    }
}
