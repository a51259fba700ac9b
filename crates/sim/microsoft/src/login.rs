//! The token endpoints: v1, v2, and the managed identity's.

use std::collections::HashMap;

use crate::config::{SecretState, TenantConfig};
use crate::request_log::Operation;
use crate::response::SimResponse;
use crate::world::{Exchange, World};

mod assertion;
mod refusal;
pub(crate) mod token;

use refusal::Refusal;

/// Whether a path (in lower case) is a token endpoint.
pub(crate) fn is_token_path(path: &str) -> bool {
    path == "/metadata/identity/oauth2/token" || endpoint(path).is_some()
}

/// Tenant segment, and whether it is v2.
fn endpoint(path: &str) -> Option<(&str, bool)> {
    let rest = path.strip_prefix('/')?;
    let (tenant, rest) = rest.split_once('/')?;
    match rest {
        "oauth2/token" => Some((tenant, false)),
        "oauth2/v2.0/token" => Some((tenant, true)),
        _ => None,
    }
}

pub(crate) fn answer(world: &mut World, exchange: &mut Exchange<'_>) -> SimResponse {
    exchange.operation = Operation::Token;
    let switches = world.config.login.clone();
    if exchange.dice.chance(switches.throttle_rate) {
        return SimResponse::empty(429).with_header("retry-after", &switches.retry_after_seconds.to_string());
    }
    if exchange.dice.chance(switches.html_rate) {
        return SimResponse::html(502, "Bad gateway");
    }
    let path = exchange.request.uri().path().to_ascii_lowercase();
    if path.starts_with("/metadata/") {
        return managed_identity(world, exchange);
    }
    let granted = if exchange.dice.chance(switches.error_rate) {
        Err(Refusal::new(90_033, "A transient error has occurred. Please try again."))
    } else {
        grant(world, exchange, &path)
    };
    match granted {
        Ok(response) => response,
        Err(refusal) => refusal.response(exchange),
    }
}

fn grant(world: &mut World, exchange: &mut Exchange<'_>, path: &str) -> Result<SimResponse, Refusal> {
    let (segment, is_v2) = endpoint(path).ok_or_else(|| Refusal::malformed("unknown endpoint"))?;
    if exchange.request.method() != http::Method::POST {
        return Err(Refusal::new(
            900_561,
            "The endpoint only accepts POST requests. Received a GET request.",
        ));
    }
    let mut form: HashMap<String, String> =
        url::form_urlencoded::parse(exchange.request.body()).into_owned().collect();
    basic_credentials(exchange, &mut form);
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let grant_type = field("grant_type").ok_or_else(|| Refusal::missing("grant_type"))?;
    if grant_type != "client_credentials" {
        return Err(Refusal::new(70_003, "The app requested an unsupported grant type."));
    }
    let client = field("client_id").ok_or_else(|| Refusal::missing("client_id"))?;
    if segment == "common" || segment == "organizations" {
        return Err(Refusal::new(
            900_023,
            "Specified tenant identifier 'common' is not valid for this grant.",
        ));
    }
    let same_tenant = |tenant: &&TenantConfig| {
        tenant.tenant_id.eq_ignore_ascii_case(segment) || tenant.domain.eq_ignore_ascii_case(segment)
    };
    let mut apps = world.config.tenants.iter().filter(same_tenant).peekable();
    if apps.peek().is_none() {
        return Err(no_tenant(segment));
    }
    let app = apps
        .find(|tenant| tenant.client_id.eq_ignore_ascii_case(client))
        .ok_or_else(|| Refusal::no_app(client, segment))?
        .clone();
    let resource = audience(is_v2, &field, world.config.login.resource_missing)?;
    let by_assertion = check_credentials(&app, &field, exchange, (segment, is_v2))?;
    if app.app_disabled {
        return Err(Refusal::new(7_000_112, &format!("Application '{client}' is disabled.")));
    }
    if world.config.login.blocked_by_policy {
        return Err(Refusal::new(53_003, "Access has been blocked by Conditional Access policies."));
    }
    let index = world.config.tenants.iter().position(|t| *t == app);
    Ok(token::issue(world, exchange, index.unwrap_or(0), &resource, by_assertion, is_v2))
}

fn no_tenant(segment: &str) -> Refusal {
    if segment.contains('.') || is_guid(segment) {
        Refusal::new(
            90_002,
            &format!(
                "Tenant '{segment}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            ),
        )
    } else {
        Refusal::new(
            900_023,
            &format!(
                "Specified tenant identifier '{segment}' is neither a valid DNS name, nor a valid external domain."
            ),
        )
    }
}

pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| {
            if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() }
        })
}

/// The API's root that the token is for.
fn audience<'a>(
    is_v2: bool,
    field: &impl Fn(&str) -> Option<&'a str>,
    resource_missing: bool,
) -> Result<String, Refusal> {
    let resource = if is_v2 {
        if field("resource").is_some() {
            return Err(Refusal::new(901_002, "The 'resource' request parameter is not supported."));
        }
        let scope = field("scope").ok_or_else(|| Refusal::missing("scope"))?;
        if scope.split_whitespace().count() > 1 {
            return Err(Refusal::new(
                700_022,
                "The provided value for the input parameter scope is not valid because it contains more than one resource.",
            ));
        }
        scope.strip_suffix("/.default").ok_or_else(|| {
            Refusal::new(1_002_012, &format!("The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier."))
        })?
    } else {
        field("resource").ok_or_else(|| Refusal::missing("resource"))?
    };
    if resource_missing {
        return Err(Refusal::new(
            500_011,
            &format!("The resource principal named {resource} was not found in the tenant."),
        ));
    }
    Ok(resource.trim_end_matches('/').to_owned())
}

/// Whether it was an assertion.
fn check_credentials<'a>(
    app: &TenantConfig,
    field: &impl Fn(&str) -> Option<&'a str>,
    exchange: &Exchange<'_>,
    endpoint: (&str, bool),
) -> Result<bool, Refusal> {
    if let Some(jwt) = field("client_assertion") {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        if field("client_assertion_type") != Some(kind) {
            return Err(Refusal::missing("client_assertion_type"));
        }
        assertion::check(jwt, app, exchange.now, endpoint)?;
        return Ok(true);
    }
    let secret = field("client_secret").ok_or_else(|| {
        Refusal::new(
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    })?;
    if secret != app.client_secret {
        return Err(Refusal::new(
            7_000_215,
            &format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{}'.",
                app.client_id
            ),
        ));
    }
    if app.secret_state == SecretState::Expired {
        return Err(Refusal::new(
            7_000_222,
            &format!(
                "The provided client secret keys for app '{}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.",
                app.client_id
            ),
        ));
    }
    Ok(false)
}

/// HTTP Basic: client id and secret, both percent-encoded.
fn basic_credentials(exchange: &Exchange<'_>, form: &mut HashMap<String, String>) {
    use base64::Engine;
    let header = exchange.request.headers().get(http::header::AUTHORIZATION);
    let encoded = header.and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Basic "));
    let decoded = encoded.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text.trim()).ok());
    let Some(text) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) else { return };
    let Some((id, secret)) = text.split_once(':') else { return };
    let unescape = |part: &str| {
        url::form_urlencoded::parse(format!("v={part}").as_bytes())
            .next()
            .map(|(_, value)| value.into_owned())
    };
    form.extend(unescape(id).map(|value| ("client_id".to_owned(), value)));
    form.extend(unescape(secret).map(|value| ("client_secret".to_owned(), value)));
}

/// The link-local endpoint that a machine on Azure asks.
fn managed_identity(world: &mut World, exchange: &mut Exchange<'_>) -> SimResponse {
    let bad = |error: &str, why: &str| {
        SimResponse::json(400, &serde_json::json!({"error": error, "error_description": why}))
    };
    let header = exchange.request.headers().get("metadata").and_then(|value| value.to_str().ok());
    if !header.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return bad("invalid_request", "Required metadata header not specified");
    }
    let query: HashMap<String, String> =
        url::form_urlencoded::parse(exchange.request.uri().query().unwrap_or("").as_bytes())
            .into_owned()
            .collect();
    if !query.contains_key("api-version") {
        return bad("bad_request_102", "Required audience or api-version parameter not specified");
    }
    let Some(resource) = query.get("resource") else {
        return bad("invalid_resource", "AADSTS500014: no resource was named");
    };
    let wanted = query.get("client_id");
    let found = world.config.tenants.iter().position(|tenant| match wanted {
        Some(client) => tenant.managed_identity && tenant.client_id.eq_ignore_ascii_case(client),
        None => tenant.managed_identity,
    });
    let Some(index) = found else {
        return bad("invalid_request", "Identity not found");
    };
    let resource = resource.trim_end_matches('/').to_owned();
    token::issue(world, exchange, index, &resource, true, false)
}
