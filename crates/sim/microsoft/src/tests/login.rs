//! The token endpoints and their refusals.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde_json::{Value, json as object};

use super::client::{ROOT, json, noon, post};
use crate::{Federation, SecretState, SimConfig, SimMicrosoft, SimResponse};

const SCOPE: &str = "scope=https://manage.office.com/.default";
const ASSERTION_TYPE: &str =
    "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

struct Login {
    sim: SimMicrosoft,
    tenant: String,
    client: String,
    secret: String,
}

fn login(change: impl FnOnce(&mut SimConfig)) -> Login {
    let mut config = SimConfig::default();
    change(&mut config);
    let app = config.tenants[0].clone();
    Login {
        sim: SimMicrosoft::new(config),
        tenant: app.tenant_id,
        client: app.client_id,
        secret: app.client_secret,
    }
}

impl Login {
    fn v2(&self, form: &str) -> SimResponse {
        let path = format!("/{}/oauth2/v2.0/token", self.tenant);
        let body = format!("grant_type=client_credentials&client_id={}&{form}", self.client);
        post(&self.sim, noon(), &path, &body)
    }

    fn code_of(&self, form: &str) -> (u16, u64, String) {
        refusal(&self.v2(form))
    }

    fn with_secret(&self) -> (u16, u64, String) {
        self.code_of(&format!("{SCOPE}&client_secret={}", self.secret))
    }

    /// A form with an assertion whose header and claims are changed.
    fn assertion(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let now = noon().as_millis() / 1_000;
        let mut header = object!({"alg": "PS256", "typ": "JWT", "x5t#S256": "abc"});
        let mut claims = object!({
            "aud": format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", self.tenant),
            "iss": self.client, "sub": self.client, "jti": "1", "nbf": now, "iat": now, "exp": now + 600,
        });
        change(&mut header, &mut claims);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{SCOPE}&{ASSERTION_TYPE}&client_assertion={}.{}.c2ln", part(&header), part(&claims))
    }
}

fn refusal(response: &SimResponse) -> (u16, u64, String) {
    let body = json(response);
    let code = body["error_codes"][0].as_u64().unwrap_or(0);
    if code > 0 {
        let text = body["error_description"].as_str().unwrap();
        assert!(text.starts_with(&format!("AADSTS{code}: ")) && text.contains("Trace ID: "));
    }
    (response.status.as_u16(), code, body["error"].as_str().unwrap_or("").to_owned())
}

#[test]
fn both_versions_answer_in_their_own_form() {
    let login = login(|_| {});
    let two = json(&login.v2(&format!("{SCOPE}&client_secret={}", login.secret)));
    assert_eq!((&two["expires_in"], &two["token_type"]), (&object!(3599), &object!("Bearer")));
    let path = format!("/{}/oauth2/token?api-version=1.0", login.sim.config().tenants[0].domain);
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&resource=https%3A%2F%2Fmanage.office.com",
        login.client, login.secret
    );
    let one = json(&post(&login.sim, noon(), &path, &body));
    assert_eq!(
        (&one["expires_in"], &one["resource"]),
        (&object!("3599"), &object!("https://manage.office.com"))
    );
    let token = one["access_token"].as_str().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["tid"], login.tenant.as_str());
    assert_eq!(claims["roles"], object!(["ActivityFeed.Read", "ActivityFeed.ReadDlp"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3_599);
}

#[test]
fn a_secret_works_in_http_basic_too() {
    let login = login(|_| {});
    let basic = STANDARD.encode(format!("{}:{}", login.client, login.secret));
    let request = http::Request::post(format!("{ROOT}/{}/oauth2/v2.0/token", login.tenant))
        .header("authorization", format!("Basic {basic}"))
        .body(Bytes::from(format!("grant_type=client_credentials&{SCOPE}")))
        .unwrap();
    assert_eq!(login.sim.handle(noon(), &request).status, 200);
}

#[test]
fn secrets_apps_and_tenants_that_are_wrong_are_refused_by_code() {
    let fine = login(|_| {});
    let invalid = "invalid_client".to_owned();
    assert_eq!(fine.code_of(&format!("{SCOPE}&client_secret=x")), (401, 7_000_215, invalid.clone()));
    assert_eq!(fine.code_of(SCOPE), (401, 7_000_218, invalid.clone()));
    assert_eq!(fine.code_of("client_secret=x"), (400, 900_144, "invalid_request".to_owned()));
    let secret = format!("client_secret={}", fine.secret);
    assert_eq!(fine.code_of(&format!("{secret}&scope=x")).1, 1_002_012);
    assert_eq!(fine.code_of(&format!("{secret}&scope=a/.default+b/.default")).1, 700_022);
    assert_eq!(fine.code_of(&format!("{secret}&{SCOPE}&resource=x")).1, 901_002);
    let expired = login(|c| c.tenants[0].secret_state = SecretState::Expired);
    assert_eq!(expired.with_secret(), (401, 7_000_222, invalid));
    assert_eq!(login(|c| c.tenants[0].app_disabled = true).with_secret().1, 7_000_112);
    assert_eq!(login(|c| c.login.blocked_by_policy = true).with_secret().1, 53_003);
    assert_eq!(login(|c| c.login.resource_missing = true).with_secret().1, 500_011);
    assert_eq!(login(|c| c.login.error_rate = 1.0).with_secret().2, "temporarily_unavailable");
    let stranger = Login { client: "nobody".to_owned(), ..login(|_| {}) };
    assert_eq!(stranger.with_secret(), (400, 700_016, "unauthorized_client".to_owned()));
    for (tenant, code) in [("nowhere.example", 90_002), ("%20x", 900_023), ("common", 900_023)] {
        let lost = Login { tenant: tenant.to_owned(), ..login(|_| {}) };
        assert_eq!(lost.with_secret().1, code, "{tenant}");
    }
}

#[test]
fn assertions_are_checked_part_by_part() {
    let login = login(|c| c.tenants[0].certificate_thumbprints = vec!["abc".to_owned()]);
    let code =
        |change: &dyn Fn(&mut Value, &mut Value)| login.code_of(&login.assertion(|h, c| change(h, c))).1;
    assert_eq!(code(&|_, _| {}), 0);
    assert_eq!(code(&|h, _| h["alg"] = "HS256".into()), 5_002_738);
    assert_eq!(code(&|h, _| h["x5t#S256"] = Value::Null), 5_002_723);
    assert_eq!(code(&|h, _| h["x5t#S256"] = "other".into()), 700_027);
    assert_eq!(code(&|_, c| c["sub"] = "other".into()), 700_021);
    assert_eq!(code(&|_, c| c["aud"] = "https://login.microsoftonline.com/".into()), 700_023);
    assert_eq!(code(&|_, c| c["exp"] = 1.into()), 700_024);
    let ahead = noon().as_millis() / 1_000 + 3_600;
    assert_eq!(code(&|_, c| c["nbf"] = ahead.into()), 700_024);
    assert_eq!(code(&|_, c| c["exp"] = Value::Null), 90_014);
    assert_eq!(login.code_of(&format!("{SCOPE}&{ASSERTION_TYPE}&client_assertion=x.y")).1, 50_027);
}

#[test]
fn federated_assertions_match_issuer_audience_and_subject() {
    let federation = Federation {
        issuer: "https://cluster.example".to_owned(),
        subject: "system:serviceaccount:ns:sa".to_owned(),
        audience: "api://AzureADTokenExchange".to_owned(),
    };
    let login = login(|c| c.tenants[0].federation = Some(federation));
    let code = |issuer: &str, audience: &str, subject: &str| {
        let form = login.assertion(|_, c| {
            c["iss"] = issuer.into();
            c["aud"] = audience.into();
            c["sub"] = subject.into();
        });
        login.code_of(&form).1
    };
    let (issuer, audience, subject) =
        ("https://cluster.example", "api://AzureADTokenExchange", "system:serviceaccount:ns:sa");
    assert_eq!(code(issuer, audience, subject), 0);
    assert_eq!(code("https://other", audience, subject), 700_211);
    assert_eq!(code(issuer, "x", subject), 700_212);
    assert_eq!(code(issuer, audience, "x"), 700_213);
}

#[test]
fn the_managed_identity_needs_its_header() {
    let login = login(|_| {});
    let ask = |header: Option<&str>| {
        let path =
            "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://manage.office.com";
        let mut request = http::Request::get(format!("http://169.254.169.254{path}"));
        if let Some(value) = header {
            request = request.header("metadata", value);
        }
        login.sim.handle(noon(), &request.body(Bytes::new()).unwrap())
    };
    assert_eq!(ask(None).status, 400);
    let granted = json(&ask(Some("true")));
    assert!(granted["access_token"].is_string() && granted["expires_in"].is_string());
}

#[test]
fn without_consent_a_token_comes_without_roles() {
    let login = login(|c| c.tenants[0].consent_withdrawn = true);
    let body = json(&login.v2(&format!("{SCOPE}&client_secret={}", login.secret)));
    let token = body["access_token"].as_str().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert!(!String::from_utf8(claims).unwrap().contains("roles"));
}

/// A public key and an assertion of the first default tenant's app, valid at noon, signed with its private key,
/// which was thrown away.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxcdXCSbDPy6Yk1QRCY1r\n\
Zu4wymhAA/NlWI1YIu0e3OqO/iI2z8o6s2/+kYx2W6lsTmUcmqBK69q4EggbM485\n\
f2FWZfCVGnpAdS3yQq+9NjmjxrKPzt0lE1kG7d0QiI/jhKLriMq8nvx69sNBBcqO\n\
CViTmmrg7HDlL+9zkBXCPbnDFZjL5zbELAAVh6TaJzNsSvY2uPFGS26lmRzahz1M\n\
FsLAbFxnMqJqq66/+tusOiiH2oLBV8Jb7AbgPxsMejTcjQ+g+m3tTn4m1Lj3mTnf\n\
ZVcjmQa2Ub4ntuSsprmHWpUnuECg7rsLXNIH0MTnKZ6qBN770PlUVtIMoVrVB4Du\n\
JQIDAQAB\n\
-----END PUBLIC KEY-----";
const SIGNED: &str = concat!(
    "eyJhbGciOiAiUlMyNTYiLCAidHlwIjogIkpXVCIsICJ4NXQiOiAiYWJjIn0.eyJhdWQiOiAiaHR0cHM6Ly9sb2dpbi",
    "5taWNyb3NvZnRvbmxpbmUuY29tL2JhYmY1NGJjLWM1ZTAtNDVlNC05Mzc2LTUyNWVkY2ZjZTBjNy9vYXV0aDIvdjIu",
    "MC90b2tlbiIsICJpc3MiOiAiNGRjZWYwZWYtNDc4OS00YjEwLWFhOWUtOGFkODY2NTdmOTAxIiwgInN1YiI6ICI0ZG",
    "NlZjBlZi00Nzg5LTRiMTAtYWE5ZS04YWQ4NjY1N2Y5MDEiLCAianRpIjogIjEiLCAibmJmIjogMTc5NTE3NjAwMCwg",
    "ImV4cCI6IDE3OTUxNzY2MDB9.BEUOZaZV3k4O8feyhlIYbjkAEI021tc2afN-BzBcOZkvyhwwZLuPZ07pQkAb1ojtj",
    "cAKLGKKPPaf9DGvc9pG3FxlVibUBY9PKFowtckzVkWeQNh9mXY1QzbjuuBDZPvtxA7kaYkAihVR6G4dNp9EvrEpalq",
    "twBIDkIC26sZflgcGnVXOphh0gK-GedpxcKwAK-DlYSCSEXpTqWMolyu51zCFeCmALcPQrMEpWSTWIFSld1sr6k8EA",
    "zvaJnnvaAOL8hp9nGtAMKXQ1kINN28a_GfuE74cFAgF4ORMBbyzzQX5JV6nPyji4dPjCDBGkf6IV9bMLJyZoR9-EtO",
    "iBy6TSQ",
);

#[test]
fn signatures_are_verified_when_a_key_is_configured() {
    let login = login(|c| c.tenants[0].public_key_pem = PUBLIC_KEY.to_owned());
    let form = |jwt: &str| format!("{SCOPE}&{ASSERTION_TYPE}&client_assertion={jwt}");
    assert_eq!(login.code_of(&form(SIGNED)).1, 0);
    let (signed, signature) = SIGNED.rsplit_once('.').unwrap();
    let forged: String = signature.chars().rev().collect();
    assert_eq!(
        login.code_of(&form(&format!("{signed}.{forged}"))),
        (401, 700_027, "invalid_client".to_owned())
    );
}
