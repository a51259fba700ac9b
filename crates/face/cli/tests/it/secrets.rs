//! Promise S1 from outside: whatever is logged, no secret and no token is in it.

use crate::support::{Site, trailhound};

#[test]
fn nothing_secret_is_logged_at_any_level() {
    let secret = "S3cret~with.odd-chars_0123456789";
    let site = Site::new(|config| {
        config.tenants[0].client_secret = secret.to_owned();
        config.wire.error_rate = 0.05;
        config.wire.unauthorized_rate = 0.05;
    });
    for command in ["collect", "check", "prove"] {
        for format in ["text", "json"] {
            let told = trailhound(site.path(), &[command, "--log", "trace", "--log-format", format]);
            let all = told.stdout + &told.stderr;
            for forbidden in [secret, "Bearer ", "eyJ", "client_secret="] {
                let at = all.find(forbidden);
                assert!(at.is_none(), "{command}: `{forbidden}` in: {}", context(&all, at));
            }
        }
    }
}

#[test]
fn json_log_lines_are_objects_with_times_in_utc() {
    let site = Site::new(|_| {});
    let told = trailhound(site.path(), &["collect", "--json", "--log", "debug", "--log-format", "json"]);
    let lines: Vec<&str> = told.stderr.lines().filter(|line| line.starts_with('{')).collect();
    assert!(!lines.is_empty(), "{}", told.stderr);
    for line in lines {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.ends_with('Z') && trailhound_model::Timestamp::parse(time).is_ok(), "{time}");
    }
}

fn context(text: &str, at: Option<usize>) -> &str {
    let Some(at) = at else { return "" };
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    text[start..].lines().next().unwrap_or("")
}
