//! Files that work.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use trailhound_env::SecretSource;
use trailhound_model::{StreamName, hours, seconds};

use super::{TENANT, accept, text, with_line};
use crate::{Cloud, Compression, Config, Credential, Output, TokenVersion, reference, schema};

#[test]
fn the_least_file_gets_the_defaults() {
    let (config, warnings) = accept(&text(|text| text));
    assert_eq!(warnings, []);
    assert_eq!(config.console.listen.to_string(), "127.0.0.1:8365");
    assert_eq!(config.journal.retention, hours(24));
    let application = &config.applications[0];
    assert_eq!(application.cloud, Cloud::Commercial);
    assert_eq!(application.token_version, TokenVersion::V2);
    assert_eq!(application.poll_interval, None);
    let streams: Vec<&str> = application.streams.iter().map(StreamName::as_str).collect();
    assert_eq!(streams, ["Audit.Exchange", "Audit.General"], "in Microsoft's spelling");
    let Output::File(file) = &config.outputs[0];
    assert_eq!((file.compression, file.rotate_bytes, file.rotate_after), (Compression::None, None, None));
}

#[test]
fn every_key_is_read() {
    let (config, warnings) = accept(&format!(
        r#"data_dir = "data"
        [console]
        listen = "[::1]:9000"
        [journal]
        retention = "2d"
        [[application]]
        name = "lab"
        type = "office365"
        tenant_id = "{}"
        client_id = "{TENANT}"
        certificate = {{ file = "c.pfx", key = {{ env = "KEY" }}, password = {{ file = "p" }} }}
        secret_expires = "2027-03-01"
        streams = ["dlp.all"]
        collection_start = "2026-11-20T01:00:00+01:00"
        cloud = "custom"
        endpoints = {{ api = "http://127.0.0.1:9000", login = "https://login.example" }}
        proxy = "http://user:hunter2@proxy:3128"
        ca_file = "ca.pem"
        publisher_id = "{TENANT}"
        token_version = 1
        poll_interval = "90s"
        requests_per_minute = 4000
        [[output]]
        name = "siem"
        type = "file"
        path = "x"
        format = "raw"
        rotate_size = "512MiB"
        rotate_every = "1h"
        compression = "zstd"
        "#,
        "AAAAAAAA-2222-3333-4444-555555555555"
    ));
    assert_eq!(warnings, []);
    let application = &config.applications[0];
    assert_eq!(application.tenant_id, "aaaaaaaa-2222-3333-4444-555555555555");
    let Credential::Certificate {
        file,
        key: Some(SecretSource::Env(key)),
        password: Some(SecretSource::File(password)),
    } = &application.credential
    else {
        panic!("{:?}", application.credential)
    };
    assert_eq!((file, key.as_str(), password), (&PathBuf::from("c.pfx"), "KEY", &PathBuf::from("p")));
    assert_eq!(application.secret_expires.unwrap().to_string(), "2027-03-01T00:00:00.000Z");
    assert_eq!(application.collection_start.unwrap().to_string(), "2026-11-20T00:00:00.000Z");
    let Cloud::Custom(endpoints) = &application.cloud else { panic!("{:?}", application.cloud) };
    assert_eq!(endpoints.api.as_str(), "http://127.0.0.1:9000/");
    assert_eq!(application.proxy.as_ref().unwrap().expose().password(), Some("hunter2"));
    assert_eq!(application.ca_file.as_deref(), Some(Path::new("ca.pem")));
    assert_eq!(application.publisher_id.as_deref(), Some(TENANT));
    assert_eq!(application.token_version, TokenVersion::V1);
    assert_eq!(application.poll_interval, Some(seconds(90)));
    assert_eq!(application.requests_per_minute, Some(4000));
    assert_eq!(config.journal.retention, hours(48));
    let Output::File(file) = &config.outputs[0];
    assert_eq!(file.rotate_bytes, Some(512 << 20));
    assert_eq!(file.rotate_after, Some(hours(1)));
    assert_eq!(file.compression, Compression::Zstd);
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn other_credentials_are_taken() {
    let secret = r#"client_secret = { env = "CONTOSO_SECRET" }"#;
    let (config, _) = accept(&with_line(secret, r#"federated_token = { file = "token" }"#));
    assert!(
        matches!(&config.applications[0].credential, Credential::FederatedToken(path) if path == Path::new("token"))
    );
    let without_client = with_line(secret, "managed_identity = {}").replace("client_id", "#client_id");
    let (config, _) = accept(&without_client);
    assert_eq!(config.applications[0].client_id, None);
    assert!(matches!(config.applications[0].credential, Credential::ManagedIdentity { client_id: None }));
}

#[test]
fn a_file_without_outputs_is_warned_of() {
    let (config, warnings) = accept(&text(|text| text[..text.find("[[output]]").unwrap()].to_owned()));
    assert!(config.outputs.is_empty());
    insta::assert_snapshot!(warnings[0], @"line 1: there is no `[[output]]`; records stay in the journal only, and go after `retention`");
}

#[test]
fn running_needs_an_application() {
    let (config, _) = accept(&text(|text| text));
    assert_eq!(config.require_application(Path::new("trailhound.toml")), Ok(()));
    let (config, _) = accept("data_dir = \"x\"");
    let error = config.require_application(Path::new("trailhound.toml")).unwrap_err();
    insta::assert_snapshot!(error.report(), @r"
    trailhound.toml:1:1: there is no `[[application]]`
    hint: `trailhound config example` prints a commented sample
    ");
}

#[test]
fn the_sample_works_and_its_comments_do_too() {
    accept(Config::example());
    let with_more = Config::example()
        .replace("# [journal]", "[journal]")
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(code)
                if !["certificate", "federated", "managed"].iter().any(|way| code.starts_with(way)) =>
            {
                if code.contains(" = ") { code } else { line }
            }
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n");
    let (config, _) = accept(&with_more);
    assert!(config.applications[0].proxy.is_some(), "the commented keys were read");
}

#[test]
fn the_schema_knows_every_section() {
    let schema = schema();
    assert_eq!(schema["$defs"]["Application"]["additionalProperties"], false);
    assert_eq!(schema["$defs"]["Secret"]["oneOf"].as_array().unwrap().len(), 3);
    assert!(schema["$defs"]["Application"]["properties"]["cloud"]["enum"].is_array());
}

#[test]
fn the_reference_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/configuration.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, reference()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page == reference(), "write it anew: UPDATE=1 cargo test -p trailhound-config");
}

proptest! {
    #[test]
    fn any_text_is_taken_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Config::parse(&String::from_utf8_lossy(&bytes), Path::new("x"));
    }

    /// Damage of one place in a working file: never a panic, and the message is in the file.
    #[test]
    fn a_damaged_file_is_accepted_or_placed(at in 0usize..400, cut in 0usize..40, insert in "[\\PC\n\"'={}\\[\\]]{0,6}") {
        let text = text(|text| text);
        let from = at.min(text.len());
        let to = (from + cut).min(text.len());
        let damaged = format!("{}{insert}{}", &text[..from], &text[to..]);
        if let Err(error) = Config::parse(&damaged, Path::new("x")) {
            prop_assert!(error.line >= 1 && error.line <= damaged.matches('\n').count() + 1);
            prop_assert!(!error.what.is_empty() && error.report().contains(&error.what));
        }
    }
}
