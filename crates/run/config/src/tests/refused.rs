//! Refusals, as a person reads them.

use super::{TENANT, refuse, text, with_line};

#[test]
fn an_unknown_key_names_the_nearest() {
    let said = [
        refuse(&with_line(&format!("tenant_id = \"{TENANT}\""), "tennant_id = \"x\"")),
        refuse(&text(|text| text + "colour = 1\n")),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_wrong_type_says_which_is_right() {
    let said = [
        refuse(&with_line("name = \"siem\"", "name = 5")),
        refuse(&text(|text| text.replace("streams = [", "streams = \"x\" #["))),
        refuse(&with_line("type = \"office365\"", "type = \"office365\"\nsecret_expires = 2027-03-01")),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_broken_text_is_placed() {
    let said = [refuse(&with_line("name = \"siem\"", "name = siem"))];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_bad_time_shows_a_good_one() {
    let said = [refuse(&with_line(
        "type = \"office365\"",
        "type = \"office365\"\ncollection_start = \"yesterday\"",
    ))];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_name_is_used_once() {
    let mut said = Vec::new();
    let twice =
        text(|text| format!("{text}\n[[output]]\nname = \"siem\"\ntype = \"file\"\npath = \"other\"\n"));
    said.push(refuse(&twice));
    let same_path =
        twice.replacen("name = \"siem\"", "name = \"bus\"", 1).replace("\"other\"", "\"/log/{date}.ndjson\"");
    said.push(refuse(&same_path));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_domain_is_no_tenant_id() {
    let said = [
        refuse(&with_line(&format!("tenant_id = \"{TENANT}\""), "tenant_id = \"contoso.com\"")),
        refuse(&with_line(&format!("client_id = \"{TENANT}\""), "client_id = \"12\"")),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn plain_http_is_for_loopback() {
    let mut said = Vec::new();
    let custom = |endpoints: &str| {
        refuse(&with_line("type = \"office365\"", &format!("type = \"office365\"\n{endpoints}")))
    };
    said.push(custom(
        "cloud = \"custom\"\nendpoints = { api = \"http://10.0.0.1:9000\", login = \"https://a.example\" }",
    ));
    said.push(custom("cloud = \"custom\""));
    said.push(custom("endpoints = { api = \"https://a.example\", login = \"https://a.example\" }"));
    said.push(custom("cloud = \"gcchigh\""));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn one_credential_is_needed_and_one_is_enough() {
    let mut said = Vec::new();
    let secret = r#"client_secret = { env = "CONTOSO_SECRET" }"#;
    said.push(refuse(&with_line(secret, &format!("{secret}\ncertificate = {{ file = \"c.pem\" }}"))));
    said.push(refuse(&with_line(secret, "")));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn an_unknown_stream_names_the_nearest() {
    let said = [
        refuse(&text(|text| text.replace("audit.general", "Audit.Sharepiont"))),
        refuse(&text(|text| text.replace("audit.general", "AUDIT.EXCHANGE"))),
        refuse(&text(|text| text.replace("\"Audit.Exchange\", \"audit.general\"", ""))),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_missing_key_is_named() {
    let said = [
        refuse(&with_line(&format!("tenant_id = \"{TENANT}\""), "")),
        refuse(&with_line("path = \"/log/{date}.ndjson\"", "")),
        refuse(""),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_comes_later_is_said_to() {
    let said = [
        refuse(&text(|text| {
            text + "[[output]]\nname = \"bus\"\ntype = \"nats\"\nurl = \"nats://127.0.0.1\"\n"
        })),
        refuse(&text(|text| text + "[search]\nenabled = true\n")),
        refuse(&text(|text| text + "format = \"ecs\"\n")),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn values_have_units_and_limits() {
    let said = [
        refuse(&text(|text| text + "rotate_size = \"512\"\n")),
        refuse(&text(|text| text + "rotate_every = \"10s\"\n")),
        refuse(&text(|text| text + "compression = \"gz\"\n")),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn an_address_that_others_can_reach() {
    let listen = |address: &str| refuse(&text(|text| format!("{text}\n[console]\nlisten = \"{address}\"\n")));
    insta::assert_snapshot!([listen("0.0.0.0:8365"), listen("[::]:8365"), listen("8365")].join("\n"));
}

#[test]
fn an_empty_secret_and_a_start_before_the_api() {
    let said = [
        refuse(&with_line(r#"client_secret = { env = "CONTOSO_SECRET" }"#, "client_secret = \" \"")),
        refuse(&with_line("type = \"office365\"", "type = \"office365\"\ncollection_start = \"1999-01-01\"")),
    ];
    insta::assert_snapshot!(said.join("\n"));
}
