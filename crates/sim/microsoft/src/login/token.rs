//! Access tokens: shaped like a JWT, sealed with a hash that only this world knows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use trailhound_model::{ContentHash, Timestamp};

use crate::response::SimResponse;
use crate::world::{Exchange, World};

/// What the API reads from a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    pub(crate) roles: Vec<String>,
}

/// The part of a token's claims that the API looks at.
#[derive(Deserialize)]
struct Sealed {
    exp: i64,
    tid: String,
    appid: String,
    #[serde(default)]
    roles: Vec<String>,
}

pub(super) fn issue(
    world: &mut World,
    exchange: &mut Exchange<'_>,
    tenant: usize,
    resource: &str,
    by_assertion: bool,
    is_v2: bool,
) -> SimResponse {
    exchange.tenant = Some(tenant);
    world.publish(tenant, exchange.now).accounts.tokens += 1;
    let app = &world.config.tenants[tenant];
    let now = exchange.now.as_millis() / 1_000;
    let life = i64::from(world.config.login.token_life_seconds);
    let issuer = format!("https://sts.windows.net/{}/", app.tenant_id);
    let object = exchange.dice.guid();
    let mut claims = json!({
        "aud": resource, "iss": issuer, "idp": issuer, "iat": now, "nbf": now, "exp": now + life,
        "ver": "1.0", "tid": app.tenant_id, "appid": app.client_id,
        "appidacr": if by_assertion { "2" } else { "1" }, "oid": object, "sub": object,
    });
    // Without any granted role the claim is absent, not empty.
    if !app.consent_withdrawn && !app.roles.is_empty() {
        claims["roles"] = serde_json::to_value(&app.roles).unwrap_or_default();
    }
    let token = seal(&claims, world.config.seed);
    let body = if is_v2 {
        json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token})
    } else {
        json!({
            "token_type": "Bearer", "expires_in": life.to_string(), "ext_expires_in": life.to_string(),
            "expires_on": (now + life).to_string(), "not_before": now.to_string(),
            "resource": resource, "access_token": token,
        })
    };
    SimResponse::json(200, &body)
}

fn seal(claims: &Value, seed: u64) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "x5t": "c2lt", "kid": "c2lt"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let body = format!("{}.{}", part(&header), part(claims));
    let signature = signature(&body, seed);
    format!("{body}.{signature}")
}

fn signature(body: &str, seed: u64) -> String {
    let hash = ContentHash::of(format!("{seed}:{body}").as_bytes()).0;
    URL_SAFE_NO_PAD.encode(hash.to_be_bytes())
}

/// The claims of a token that this world sealed and that is still good.
pub(crate) fn read(token: &str, seed: u64, now: Timestamp) -> Option<Claims> {
    let (body, seal) = token.rsplit_once('.')?;
    if signature(body, seed) != seal {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(body.split_once('.')?.1).ok()?;
    let sealed: Sealed = serde_json::from_slice(&payload).ok()?;
    (sealed.exp > now.as_millis() / 1_000).then_some(Claims {
        tenant_id: sealed.tid,
        client_id: sealed.appid,
        roles: sealed.roles,
    })
}
