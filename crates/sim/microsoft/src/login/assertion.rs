//! Client assertions: of a certificate, or of a federated issuer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use trailhound_model::Timestamp;

use super::refusal::Refusal;
use crate::calendar;
use crate::config::{Federation, TenantConfig};

/// How far a client's clock may be ahead, in seconds.
const CLOCK_TOLERANCE_SECONDS: i64 = 300;

/// Checks an assertion for the token endpoint `(tenant segment, is v2)`.
pub(super) fn check(
    jwt: &str,
    app: &TenantConfig,
    now: Timestamp,
    endpoint: (&str, bool),
) -> Result<(), Refusal> {
    let mut parts = jwt.split('.');
    let header = parts.next().and_then(decode);
    let claims = parts.next().and_then(decode);
    let signed = parts.next().is_some_and(|signature| !signature.is_empty()) && parts.next().is_none();
    let (Some(header), Some(claims), true) = (header, claims, signed) else {
        return Err(Refusal::new(50_027, "JWT token is invalid or malformed."));
    };
    check_times(&claims, now)?;
    match &app.federation {
        Some(federation) if text(&claims, "iss") != app.client_id => check_federated(&claims, federation),
        _ => {
            check_algorithm(&header)?;
            check_certificate(&header, app)?;
            check_subject(&claims, app)?;
            check_audience(&claims, app, endpoint)?;
            check_signature(jwt, &header, app)
        }
    }
}

fn decode(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn text<'a>(claims: &'a Value, name: &str) -> &'a str {
    claims[name].as_str().unwrap_or("")
}

fn check_times(claims: &Value, now: Timestamp) -> Result<(), Refusal> {
    let seconds = now.as_millis() / 1_000;
    let expires = claims["exp"].as_i64().ok_or_else(|| claim_missing("exp"))?;
    let from = claims["nbf"].as_i64().or(claims["iat"].as_i64()).unwrap_or(seconds);
    if expires < seconds || from > seconds + CLOCK_TOLERANCE_SECONDS {
        return Err(Refusal::new(
            700_024,
            &format!(
                "Client assertion is not within its valid time range. Current time: {}, assertion valid from {from}, expiry time of assertion {expires}.",
                calendar::with_millis(now)
            ),
        ));
    }
    Ok(())
}

fn claim_missing(name: &str) -> Refusal {
    Refusal::new(90_014, &format!("The required field '{name}' is missing from the credential."))
}

fn check_federated(claims: &Value, federation: &Federation) -> Result<(), Refusal> {
    let no_match = |code, what: &str, value: &str| {
        Err(Refusal::new(
            code,
            &format!("No matching federated identity record found for presented assertion {what} '{value}'."),
        ))
    };
    if text(claims, "iss") != federation.issuer {
        return no_match(700_211, "issuer", text(claims, "iss"));
    }
    if text(claims, "aud") != federation.audience {
        return no_match(700_212, "audience", text(claims, "aud"));
    }
    if text(claims, "sub") != federation.subject {
        return no_match(700_213, "subject", text(claims, "sub"));
    }
    Ok(())
}

fn check_algorithm(header: &Value) -> Result<(), Refusal> {
    let algorithm = text(header, "alg");
    if matches!(algorithm, "PS256" | "RS256" | "RS384" | "RS512") {
        return Ok(());
    }
    Err(Refusal::new(
        5_002_738,
        &format!(
            "Invalid JWT token. '{algorithm}' is not a supported signature algorithm. Supported signing algorithms are: 'RS256, RS384, RS512, PS256'."
        ),
    ))
}

fn check_certificate(header: &Value, app: &TenantConfig) -> Result<(), Refusal> {
    let presented: Vec<&str> =
        ["x5t#S256", "x5t", "kid"].iter().map(|name| text(header, name)).filter(|v| !v.is_empty()).collect();
    if presented.is_empty() {
        return Err(Refusal::new(
            5_002_723,
            "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId specified in token header.",
        ));
    }
    let known = |print: &&str| app.certificate_thumbprints.iter().any(|known| known == print);
    if app.certificate_thumbprints.is_empty() || presented.iter().any(known) {
        return Ok(());
    }
    Err(Refusal::new(
        700_027,
        "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]",
    ))
}

fn check_subject(claims: &Value, app: &TenantConfig) -> Result<(), Refusal> {
    let fits = |name| text(claims, name).eq_ignore_ascii_case(&app.client_id);
    if fits("iss") && fits("sub") {
        return Ok(());
    }
    Err(Refusal::new(700_021, "Client assertion application identifier doesn't match 'client_id' parameter."))
}

fn check_audience(claims: &Value, app: &TenantConfig, (segment, is_v2): (&str, bool)) -> Result<(), Refusal> {
    let audience = text(claims, "aud").to_ascii_lowercase();
    let version = if is_v2 { "/v2.0" } else { "" };
    let fits = [segment, &app.tenant_id, &app.domain]
        .iter()
        .any(|tenant| audience.ends_with(&format!("/{}/oauth2{version}/token", tenant.to_ascii_lowercase())));
    if fits {
        return Ok(());
    }
    Err(Refusal::new(700_023, "Client assertion audience claim does not match Realm issuer."))
}

fn check_signature(jwt: &str, header: &Value, app: &TenantConfig) -> Result<(), Refusal> {
    if app.public_key_pem.is_empty() {
        return Ok(());
    }
    let algorithm = match text(header, "alg") {
        "PS256" => Algorithm::PS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        _ => Algorithm::RS256,
    };
    let mut rules = Validation::new(algorithm);
    // Times and audience were checked against Microsoft's clock.
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    let verified = DecodingKey::from_rsa_pem(app.public_key_pem.as_bytes())
        .and_then(|key| jsonwebtoken::decode::<Value>(jwt, &key, &rules));
    match verified {
        Ok(_) => Ok(()),
        Err(error) => Err(Refusal::new(
            700_027,
            &format!(
                "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was found, but verification failed: {error}.]"
            ),
        )),
    }
}
