//! No secret is ever shown (promise S1).

use std::path::Path;

use proptest::prelude::*;

use super::{TENANT, accept, refuse, text, with_line};
use crate::Config;

const LINE: &str = r#"client_secret = { env = "CONTOSO_SECRET" }"#;

#[test]
fn a_literal_secret_is_warned_of_and_not_shown() {
    let mut said = Vec::new();
    let (config, warnings) = accept(&with_line(LINE, "client_secret = \"hunter2\""));
    said.push(warnings[0].to_string());
    assert!(!format!("{config:?} {warnings:?}").contains("hunter2"));
    let (_, warnings) = accept(&with_line(LINE, &format!("client_secret = \"{TENANT}\"")));
    said.push(warnings[1].to_string());
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn an_error_in_the_line_of_a_secret_masks_it() {
    let said = [
        refuse(&with_line(LINE, "client_secret = \"hunter2\"\ncertificate = \"hunter2\"")),
        refuse(&with_line(LINE, "client_secret = \"hunter2")),
        refuse(&with_line(LINE, "client_secert = \"hunter2\"")),
        refuse(&with_line(LINE, "client_secret = { env = \"hunter-2\" }")),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

/// Mistakes around a secret; in none of them may it come out.
#[test]
fn no_mistake_shows_a_secret() {
    for line in [
        "client_secret = \"hunter2\" x",
        "client_secret = hunter2",
        "client_secret = 'hunter2",
        "client_secret = \"\"\"\nhunter2 = \n\"\"",
        "client_secret = [\"hunter2\"]",
        "client_secret = { value = \"hunter2\" }",
        "client_secret = { env = \"hunter2\", file = \"hunter2\" }",
        "client_secret = { envv = \"hunter2\", file = \"x\" }",
        "client_secret = \"hunter2\"\nclient_secret = \"hunter2\"",
        "client-secret = \"hunter2\"",
        "clientsecret: hunter2",
        "client_secret \"hunter2\"",
        "certificate = { password = \"hunter2\", file = 5 }",
        "certificate = { pasword = \"hunter2\", file = \"x\" }",
        "certificate = { password = \"hunter2\" fil = \"x\" }",
        "certificate = \"hunter2\"",
        "managed_identity = \"hunter2\"",
        "federated_token = \"hunter2\"",
        "proxy = \"http://user:hunter2@[bad\"",
        "proxy = \"ftp://user:hunter2@host\"",
        "cloud = \"custom\"\nendpoints = { api = \"https://user:hunter2@host\", login = \"https://x\" }",
        "client_secret = \"hunter2\"\nstreams = 5",
        "client_secret = { env =\n5, x = \"hunter2\" }",
        "client_secret = { x =\n\"hunter2\", env = 5 }",
        "client_secret = { x =\n\"hunter2\", y\n= 5 }",
        "[secret]\nvalue = \"hunter2\"",
    ] {
        let text = with_line(LINE, line);
        let Err(error) = Config::parse(&text, Path::new("x")) else { panic!("accepted: {line}") };
        let said = format!("{error} {error:?} {}", error.report());
        assert!(!said.contains("hunter2"), "{line}\n{said}");
    }
}

#[test]
fn an_integer_for_a_secret_is_not_shown_either() {
    let said = refuse(&with_line(LINE, "client_secret = 271828"));
    assert!(!said.contains("271828"), "{said}");
    assert!(said.contains("`client_secret` must be"), "{said}");
    let said = refuse(&text(|text| format!("secret = \"hunter2\"\n{text}")));
    assert!(!said.contains("hunter2"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// One place of the secret's own line is damaged in any way that leaves the secret whole.
    #[test]
    fn no_damage_shows_a_secret(
        form in 0usize..4,
        at in 0usize..60,
        cut in 0usize..20,
        insert in "[a-z \n\"'=,{}\\[\\]#]{0,5}",
    ) {
        let line = [
            "client_secret = \"hunter2\"",
            "client_secret = '''hunter2'''",
            "certificate = { file = \"c.pfx\", password = \"hunter2\" }",
            "proxy = \"http://user:hunter2@proxy:3128\"\nmanaged_identity = {}",
        ][form];
        let from = at.min(line.len());
        let to = (from + cut).min(line.len());
        let damaged = format!("{}{insert}{}", &line[..from], &line[to..]);
        if let Err(error) = Config::parse(&with_line(LINE, &damaged), Path::new("x")) {
            let said = format!("{error} {error:?} {}", error.report());
            prop_assert!(!said.contains("hunter2"), "{damaged}\n{said}");
        }
    }
}
