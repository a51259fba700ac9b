use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use sha2::{Digest, Sha256};
use trailhound_env::{SecretSource, TransportErrorKind};
use trailhound_model::Timestamp;

use crate::testing::{
    APP, Canned, HandClock, TENANT, World, answer, config, secret, token, with, world, world_of,
};
use crate::{ApiError, Cloud, ContentType, Credential, Endpoints, Reaction, TokenVersion};

fn field(form: &[(String, String)], name: &str) -> String {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn login_error(code: u32, words: &str) -> Canned {
    let body = serde_json::json!({
        "error": "invalid_client", "error_codes": [code], "error_description": format!("AADSTS{code}: {words}")
    });
    answer(401, body.to_string())
}

async fn error_of(credential: Credential, answers: impl IntoIterator<Item = Canned>) -> ApiError {
    world_of(config(credential), answers).client.token_info().await.unwrap_err()
}

#[tokio::test]
async fn both_versions_of_the_endpoint_and_odd_secrets() {
    let odd = "a+b&c%d=e ü";
    let world = world_of(config(secret(odd)), [token("T")]);
    world.client.token_info().await.unwrap();
    assert_eq!(
        world.script.urls()[0],
        format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
    );
    let form = world.script.form(0);
    assert_eq!(field(&form, "client_secret"), odd);
    assert_eq!(field(&form, "client_id"), APP);
    assert_eq!(field(&form, "grant_type"), "client_credentials");
    assert_eq!(field(&form, "scope"), "https://manage.office.com/.default");
    assert_eq!(world.script.header(0, "content-type"), "application/x-www-form-urlencoded");

    let mut v1 = config(secret("x"));
    v1.token_version = TokenVersion::V1;
    v1.endpoints = Endpoints::of(Cloud::GccHigh);
    let world = world_of(v1, [answer(200, r#"{"expires_in":"3599","access_token":"T"}"#)]);
    let info = world.client.token_info().await.unwrap();
    assert_eq!(world.script.urls()[0], format!("https://login.microsoftonline.us/{TENANT}/oauth2/token"));
    assert_eq!(field(&world.script.form(0), "resource"), "https://manage.office365.us");
    assert_eq!(info.expires_at, HandClock::START + Duration::from_secs(3_599));
}

#[tokio::test]
async fn what_the_token_says_is_told_but_never_the_token() {
    let payload = URL_SAFE_NO_PAD
        .encode(r#"{"aud":"https://manage.office.com","tid":"t","appid":"a","roles":["ActivityFeed.Read"]}"#);
    let name = format!("eyJhbGciOiJub25lIn0.{payload}.sig");
    let world = world([token(&name)]);
    let info = world.client.token_info().await.unwrap();
    assert_eq!(info.roles, ["ActivityFeed.Read"]);
    assert_eq!((info.tenant_id.as_deref(), info.app_id.as_deref()), (Some("t"), Some("a")));
    let shown = format!("{info:?} {:?}", world.client);
    assert!(!shown.contains("sig") && !shown.contains("s3cret"), "{shown}");
}

async fn list(world: &World) -> Result<(), ApiError> {
    let from = HandClock::START;
    let span = trailhound_model::Span::new(from, from + Duration::from_mins(1)).unwrap();
    world.client.list(ContentType::AuditGeneral, span).await.map(|_| ())
}

#[tokio::test]
async fn a_token_is_kept_for_most_of_its_life_and_asked_for_once() {
    let world = world([token("T1"), answer(200, "[]"), answer(200, "[]"), answer(200, "[]")]);
    let all = futures::join!(list(&world), list(&world), list(&world));
    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok());
    assert_eq!(world.script.urls().iter().filter(|url| url.contains("/oauth2/")).count(), 1);

    world.clock.pass(Duration::from_secs(2_500));
    world.script.then(answer(200, "[]"));
    list(&world).await.unwrap();
    world.clock.pass(Duration::from_secs(400));
    world.script.then_all([token("T2"), answer(200, "[]")]);
    list(&world).await.unwrap();
    let last = world.script.urls().len() - 1;
    assert_eq!(world.script.header(last, "authorization"), "Bearer T2");
    assert!(world.script.is_done());
}

#[tokio::test]
async fn a_failed_renewal_leaves_the_old_token_in_use_until_it_dies() {
    let world = world([token("T1"), answer(503, "")]);
    world.client.token_info().await.unwrap();
    world.clock.pass(Duration::from_mins(50));
    world.client.token_info().await.unwrap();
    world.clock.pass(Duration::from_secs(30));
    world.client.token_info().await.unwrap();
    assert!(world.script.is_done(), "no second attempt within the minute");
    world.clock.pass(Duration::from_mins(10));
    world.script.then(answer(503, ""));
    assert_eq!(world.client.token_info().await.unwrap_err().code, "HTTP 503");
}

#[tokio::test]
async fn those_who_wait_share_a_failure_and_the_next_asks_anew() {
    let world = world([login_error(7_000_222, "expired"), token("T"), answer(200, "[]")]);
    let all = futures::join!(list(&world), list(&world), list(&world));
    for result in [all.0, all.1, all.2] {
        assert_eq!(result.unwrap_err().reaction, Reaction::Credential);
    }
    list(&world).await.unwrap();
    assert!(world.script.is_done());
}

#[tokio::test]
async fn a_failure_never_holds_the_secret_or_a_token() {
    let words = "Invalid client secret: s3cret was sent with eyJhbGciOiJQUzI1NiJ9.payload.signature";
    let error = error_of(secret("s3cret"), [login_error(7_000_215, words)]).await;
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("signature"), "{shown}");
    assert_eq!((error.code.as_str(), error.is_credentials()), ("AADSTS7000215", true));

    let odd = r#"{"access_token":["eyJhbGciOiJQUzI1NiJ9.payload.signature"]}"#;
    for body in [odd, "", "<html>", "[]", r#"{"access_token":""}"#, "{\"access_token\":\"a\\r\\nX: y\"}"] {
        let error = error_of(secret("x"), [answer(200, body)]).await;
        assert_eq!(error.code, "malformed-answer", "{body}");
        assert!(!error.to_string().contains("signature"));
    }
    let long = error_of(secret("x"), [answer(200, " ".repeat(70_000))]).await;
    assert_eq!(long.code, "too-long");
}

#[tokio::test]
async fn secrets_are_read_for_every_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "first\n").unwrap();
    let credential = Credential::Secret(SecretSource::File(file.clone()));
    let world = world_of(config(credential), [login_error(7_000_222, "x"), token("T")]);
    world.client.token_info().await.unwrap_err();
    std::fs::write(&file, "second\n").unwrap();
    world.client.token_info().await.unwrap();
    assert_eq!(field(&world.script.form(0), "client_secret"), "first");
    assert_eq!(field(&world.script.form(1), "client_secret"), "second");
    std::fs::remove_file(&file).unwrap();
    let gone = error_of(Credential::Secret(SecretSource::File(file)), []).await;
    assert_eq!((gone.code.as_str(), gone.reaction), ("secret-unreadable", Reaction::Credential));
}

#[tokio::test]
async fn a_federated_token_is_read_for_every_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "outside.one\n").unwrap();
    let world = world_of(config(Credential::FederatedToken(file.clone())), [answer(503, ""), token("T")]);
    world.client.token_info().await.unwrap_err();
    std::fs::write(&file, "outside.two\n").unwrap();
    world.client.token_info().await.unwrap();
    let form = world.script.form(1);
    assert_eq!(field(&world.script.form(0), "client_assertion"), "outside.one");
    assert_eq!(field(&form, "client_assertion"), "outside.two");
    assert_eq!(
        field(&form, "client_assertion_type"),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
}

#[tokio::test]
async fn a_managed_identity_asks_the_machine() {
    let mut managed = config(Credential::ManagedIdentity { client_id: Some("u".to_owned()) });
    managed.client_id = String::new();
    let world = world_of(managed, [answer(200, r#"{"expires_in":"86399","access_token":"T"}"#)]);
    world.client.token_info().await.unwrap();
    assert_eq!(
        world.script.urls()[0],
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01\
         &resource=https%3A%2F%2Fmanage.office.com&client_id=u"
    );
    assert_eq!(world.script.header(0, "metadata"), "true");
    let absent = Credential::ManagedIdentity { client_id: None };
    let error = error_of(absent, [Canned::Broken(TransportErrorKind::Connect)]).await;
    assert_eq!((error.code.as_str(), error.reaction), ("no-managed-identity", Reaction::Configuration));
}

struct Made {
    folder: tempfile::TempDir,
    key: KeyPair,
    cert_pem: String,
    cert_der: Vec<u8>,
}

fn certificate() -> Made {
    certificate_until(2099)
}

fn certificate_until(year: i32) -> Made {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::new(vec!["app".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(year, 3, 1);
    let cert = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    Made { folder, cert_pem: cert.pem(), cert_der: cert.der().to_vec(), key }
}

impl Made {
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

fn credential(file: PathBuf, key: Option<PathBuf>, password: Option<&str>) -> Credential {
    let password = password.map(|text| SecretSource::Literal(text.to_owned().into()));
    Credential::Certificate { file, key: key.map(SecretSource::File), password }
}

/// Checks signature and claims with nothing but the public key, and gives `nbf`.
fn verify(made: &Made, assertion: &str) -> i64 {
    let header = jsonwebtoken::decode_header(assertion).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::PS256, Some("JWT")));
    assert_eq!(header.x5t_s256, Some(URL_SAFE_NO_PAD.encode(Sha256::digest(&made.cert_der))));
    let mut validation = Validation::new(Algorithm::PS256);
    validation.set_audience(&[format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")]);
    validation.validate_exp = false;
    let public = DecodingKey::from_rsa_pem(made.key.public_key_pem().as_bytes()).unwrap();
    let claims = jsonwebtoken::decode::<serde_json::Value>(assertion, &public, &validation).unwrap().claims;
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some(APP), Some(APP)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 600);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
    claims["nbf"].as_i64().unwrap()
}

#[tokio::test]
async fn an_assertion_is_signed_with_the_certificates_key() {
    let made = certificate();
    let key_pem = made.key.serialize_pem();
    let both = made.write("both.pem", format!("{key_pem}{}", made.cert_pem));
    let (cert, key) = (made.write("cert.pem", &made.cert_pem), made.write("key.pem", &key_pem));
    let mut ids = Vec::new();
    for credential in [credential(both, None, None), credential(cert, Some(key), None)] {
        let world = world_of(config(credential), [token("T")]);
        world.client.token_info().await.unwrap();
        let assertion = field(&world.script.form(0), "client_assertion");
        assert_eq!(verify(&made, &assertion), HandClock::START.as_millis() / 1_000);
        assert_eq!(field(&world.script.form(0), "client_secret"), "");
        ids.push(assertion);
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_pfx_serves_as_well() {
    use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
    let made = certificate();
    let key = PrivateKey::from_der(&made.key.serialize_der()).unwrap();
    let chain = PrivateKeyChain::new("id", key, [Certificate::from_der(&made.cert_der).unwrap()]);
    let mut store = KeyStore::new();
    store.add_entry("app", KeyStoreEntry::PrivateKeyChain(chain));
    let file = made.write("app.PFX", store.writer("pass").write().unwrap());

    let world = world_of(config(credential(file.clone(), None, Some("pass"))), [token("T")]);
    world.client.token_info().await.unwrap();
    verify(&made, &field(&world.script.form(0), "client_assertion"));
    let wrong = error_of(credential(file, None, Some("hunter2")), []).await;
    assert_eq!(wrong.code, "certificate-unreadable");
    assert!(!format!("{wrong:?}").contains("hunter2"));
}

#[tokio::test]
async fn the_certificates_end_is_known_and_a_renewed_file_is_seen_with_the_next_token() {
    let end = |year: i32| Timestamp::parse(&format!("{year}-03-01T00:00:00Z")).unwrap();
    let (old, new) = (certificate_until(2027), certificate_until(2029));
    let pem = |made: &Made| format!("{}{}", made.key.serialize_pem(), made.cert_pem);
    let file = old.write("app.pem", pem(&old));
    let credential = credential(file.clone(), None, None);
    let world = world_of(config(credential), [token("T"), login_error(700_027, "no such key"), token("U")]);
    assert_eq!(world.client.certificate_ends(), None);
    world.client.token_info().await.unwrap();
    assert_eq!(world.client.certificate_ends(), Some(end(2027)));

    std::fs::write(&file, pem(&new)).unwrap();
    world.client.token_info().await.unwrap();
    assert_eq!(world.client.certificate_ends(), Some(end(2027)), "the token still serves");
    world.clock.pass(Duration::from_hours(2));
    world.client.token_info().await.unwrap_err();
    assert_eq!(world.client.certificate_ends(), Some(end(2029)), "told although the login refuses it");
    world.client.token_info().await.unwrap();
    verify(&new, &field(&world.script.form(2), "client_assertion"));

    let world = world_of(config(secret("x")), [token("T")]);
    world.client.token_info().await.unwrap();
    assert_eq!(world.client.certificate_ends(), None);
}

#[tokio::test]
async fn an_unusable_certificate_is_told_without_its_key() {
    let made = certificate();
    let key_pem = made.key.serialize_pem();
    let other = KeyPair::generate().unwrap().serialize_pem();
    for (name, content) in [
        ("none.pem", key_pem.clone()),
        ("keyless.pem", made.cert_pem.clone()),
        ("elliptic.pem", format!("{}{other}", made.cert_pem)),
        ("locked.pem", format!("{}{}", made.cert_pem, key_pem.replace("PRIVATE", "ENCRYPTED PRIVATE"))),
    ] {
        let error = error_of(credential(made.write(name, content), None, None), []).await;
        assert_eq!(
            (error.code.as_str(), error.reaction),
            ("certificate-unreadable", Reaction::Credential),
            "{name}"
        );
        assert!(!error.to_string().contains("BEGIN"), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_from_the_servers_and_tried_once_more() {
    let made = certificate();
    let both = made.write("both.pem", format!("{}{}", made.key.serialize_pem(), made.cert_pem));
    let body = r#"{"error":"invalid_client","error_codes":[700024],"error_description":"AADSTS700024: x"}"#;
    let skewed = || with(401, &[("date", "Fri, 20 Nov 2026 18:00:00 GMT")], body);
    let world = world_of(config(credential(both, None, None)), [skewed(), token("T")]);
    world.client.token_info().await.unwrap();
    let nbf = |index| verify(&made, &field(&world.script.form(index), "client_assertion"));
    assert_eq!(nbf(1) - nbf(0), 7_200);

    let both = made.folder.path().join("both.pem");
    let error = error_of(credential(both, None, None), [skewed(), skewed()]).await;
    assert_eq!(error.code, "AADSTS700024");
}
