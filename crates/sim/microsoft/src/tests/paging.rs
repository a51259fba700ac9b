//! Paging, while the world goes on.

use std::collections::BTreeSet;

use proptest::prelude::*;
use trailhound_model::{hours, seconds};

use super::client::{Client, code, json};
use crate::{PageForm, SimConfig, Stream};

fn ids(blobs: &[serde_json::Value]) -> Vec<String> {
    blobs.iter().map(|blob| blob["contentId"].as_str().unwrap().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// What was visible at the first page is named exactly once, whatever appears meanwhile.
    #[test]
    fn a_listing_is_complete_under_concurrent_publication(
        seed in 0u64..1_000,
        page_size in 1usize..30,
        step_seconds in 0u64..900,
        empty_pages in prop_oneof![Just(0.0), Just(0.4)],
        form in prop_oneof![Just(PageForm::LowerCase), Just(PageForm::Reference), Just(PageForm::Mixed)],
    ) {
        let mut config = SimConfig { seed, history_hours: 24, ..SimConfig::default() };
        config.blobs.late_rate = 0.1;
        config.blobs.late_hours_max = 6;
        config.blobs.behind_rate = 0.3;
        config.blobs.twin_rate = 0.2;
        config.feed.page_size_blobs = 100_000;
        config.login.token_life_seconds = 1_000_000;
        config.feed.quota_per_minute = 1_000_000;
        let mut client = Client::subscribed(config);
        let now = client.now;
        let expected = ids(&client.list_all(Stream::Exchange, now - hours(5), now + hours(1), |_| {}));
        client.sim.configure(|c| {
            c.feed.page_size_blobs = page_size;
            c.feed.empty_page_rate = empty_pages;
            c.feed.page_form = form;
        });
        let paged = client.list_all(Stream::Exchange, now - hours(5), now + hours(1), |client| {
            client.now = client.now + seconds(step_seconds);
        });
        let paged = ids(&paged);
        prop_assert_eq!(paged.len(), paged.iter().collect::<BTreeSet<_>>().len());
        prop_assert_eq!(paged, expected);
    }
}

#[test]
fn late_blobs_appear_in_a_later_listing_of_the_same_window() {
    let mut config = SimConfig::default();
    config.blobs.late_rate = 0.2;
    config.blobs.late_hours_max = 5;
    config.feed.page_size_blobs = 1_000;
    let mut client = Client::subscribed(config);
    let now = client.now;
    let first: BTreeSet<String> =
        ids(&client.list_all(Stream::SharePoint, now - hours(10), now, |_| {})).into_iter().collect();
    client.now = now + hours(6);
    client.token = Client::of(client.sim.clone(), client.now).token;
    let second: BTreeSet<String> =
        ids(&client.list_all(Stream::SharePoint, now - hours(10), now, |_| {})).into_iter().collect();
    assert!(first.is_subset(&second) && second.len() > first.len());
}

#[test]
fn the_next_page_has_the_documented_and_the_real_form() {
    let mut config = SimConfig::default();
    config.feed.page_size_blobs = 2;
    let client = Client::subscribed(config);
    let next = |client: &Client| {
        let page = client.get("subscriptions/content?contentType=Audit.Exchange");
        assert_eq!(json(&page).as_array().unwrap().len(), 2);
        page.headers["nextpageuri"].to_str().unwrap().to_owned()
    };
    let real = next(&client);
    assert!(real.contains("/api/v1.0/") && real.contains("?contenttype=Audit.Exchange&starttime="), "{real}");
    assert!(!real.to_lowercase().contains("publisher"));
    client.sim.configure(|c| c.feed.page_form = PageForm::Reference);
    let documented = next(&client);
    assert!(documented.contains("/api/v1/") && documented.contains("&nextPage="), "{documented}");
    assert_eq!(client.request("GET", &documented, "").status, 200);
    client.sim.configure(|c| c.feed.page_token_life_seconds = 60);
    let late = Client { now: client.now + seconds(61), ..client };
    assert_eq!(code(&late.request("GET", &real, "")), "AF20031");
}

#[test]
fn hostile_uris_name_the_hostile_host_and_a_leak_is_counted() {
    let mut config = SimConfig::default();
    config.feed.page_size_blobs = 2;
    config.feed.hostile_next_page_rate = 1.0;
    config.blobs.hostile_uri_rate = 1.0;
    let client = Client::subscribed(config);
    let page = client.get("subscriptions/content?contentType=Audit.Exchange");
    let next = page.headers["nextpageuri"].to_str().unwrap().to_owned();
    let uri = json(&page)[0]["contentUri"].as_str().unwrap().to_owned();
    assert!(
        next.starts_with("https://feed.attacker.example/")
            && uri.starts_with("https://feed.attacker.example/")
    );
    assert_eq!(client.sim.tokens_leaked(), 0);
    client.request("GET", &uri, "");
    assert_eq!(client.sim.tokens_leaked(), 1);
}
