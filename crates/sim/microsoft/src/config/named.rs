//! The scenarios that come with the product.

use super::{EventsPerHour, Outage, OutageKind, SecretState, SimConfig, TenantConfig, WireSwitches};
use crate::dice::Dice;

const COMPANIES: [(&str, &str); 12] = [
    ("Northwind Health", "northwindhealth"),
    ("Fabrikam Tools", "fabrikamtools"),
    ("Alpine Ski House", "alpineskihouse"),
    ("Woodgrove Bank", "woodgrovebank"),
    ("Litware Media", "litwaremedia"),
    ("Adatum Logistics", "adatumlogistics"),
    ("Trey Research", "treyresearch"),
    ("Proseware Legal", "prosewarelegal"),
    ("Tailspin Toys", "tailspintoys"),
    ("Humongous Insurance", "humongousinsurance"),
    ("Wingtip Energy", "wingtipenergy"),
    ("Graphic Design Institute", "graphicdesign"),
];

impl SimConfig {
    /// Names that [`SimConfig::named`] knows.
    pub fn names() -> &'static [&'static str] {
        &["calm", "busy", "faulty", "outage", "auditing-off", "expired-secret", "odd"]
    }

    /// A scenario by name.
    ///
    /// `calm`: one office, no faults. `busy`: a hundred times as much, many pages. `faulty`: errors, truncated
    /// bodies, throttling, duplicates, late blobs. `outage`: ten minutes in, Microsoft fails for an hour.
    /// `auditing-off` and `expired-secret`: what they say. `odd`: rare shapes of blobs, pages and records.
    pub fn named(name: &str) -> Option<Self> {
        let mut config = Self::default();
        match name {
            "calm" => {}
            "busy" => make_busy(&mut config),
            "faulty" => make_faulty(&mut config),
            "outage" => config.wire.outages = hour_of_outage(),
            "auditing-off" => config.tenants.iter_mut().for_each(|t| t.auditing = false),
            "expired-secret" => {
                config.tenants.iter_mut().for_each(|t| t.secret_state = SecretState::Expired);
            }
            "odd" => make_odd(&mut config),
            _ => return None,
        }
        Some(config)
    }

    /// `n` tenants, the same at each call: ids, secrets and names follow from the index.
    pub fn default_tenants(n: usize) -> Vec<TenantConfig> {
        (0..n).map(default_tenant).collect()
    }
}

fn default_tenant(index: usize) -> TenantConfig {
    let mut dice = Dice::of(&[0x7e4a_0715, index as u64]);
    let (name, domain) = COMPANIES[index % COMPANIES.len()];
    let round = index / COMPANIES.len();
    let suffix = if round == 0 { String::new() } else { round.to_string() };
    TenantConfig {
        name: format!("{name} {suffix}").trim_end().to_owned(),
        domain: format!("{domain}{suffix}.onmicrosoft.com"),
        tenant_id: dice.guid(),
        client_id: dice.guid(),
        client_secret: format!("sim~{:016x}", dice.bits()),
        managed_identity: index == 0,
        ..TenantConfig::default()
    }
}

fn make_busy(config: &mut SimConfig) {
    for tenant in &mut config.tenants {
        tenant.events_per_hour = EventsPerHour::scaled(100.0);
        tenant.people = 4_000;
    }
    config.blobs.blob_every_seconds = 60;
    config.feed.page_size_blobs = 100;
}

fn make_faulty(config: &mut SimConfig) {
    config.wire = WireSwitches {
        error_rate: 0.03,
        unavailable_rate: 0.01,
        request_timeout_rate: 0.005,
        html_rate: 0.005,
        unauthorized_rate: 0.005,
        throttle_rate: 0.01,
        reset_rate: 0.01,
        truncated_rate: 0.02,
        slow_rate: 0.02,
        ..WireSwitches::default()
    };
    config.login.error_rate = 0.05;
    config.blobs.late_rate = 0.02;
    config.blobs.behind_rate = 0.05;
    config.blobs.twin_rate = 0.02;
    config.records.duplicate_rate = 0.02;
    config.records.reissue_rate = 0.002;
    config.records.revision_rate = 0.002;
    config.feed.page_size_blobs = 50;
    config.feed.empty_page_rate = 0.05;
}

fn make_odd(config: &mut SimConfig) {
    config.blobs.bom_rate = 0.02;
    config.blobs.single_object_rate = 0.02;
    config.blobs.white_space_rate = 0.05;
    config.blobs.empty_rate = 0.02;
    config.blobs.huge_record_rate = 0.002;
    config.blobs.expired_early_rate = 0.004;
    config.blobs.unknown_rate = 0.004;
    config.blobs.malformed_rate = 0.002;
    config.blobs.poison_rate = 0.002;
    config.blobs.invalid_json_rate = 0.002;
    config.blobs.hostile_uri_rate = 0.002;
    config.records.without_id_rate = 0.002;
    config.records.revision_rate = 0.005;
    config.feed.cut_blobs_at_window_edges = true;
    config.feed.page_form = super::PageForm::Mixed;
    config.feed.page_size_blobs = 20;
    config.feed.shuffle_page = true;
}

fn hour_of_outage() -> Vec<Outage> {
    vec![Outage {
        starts_after_seconds: 600,
        lasts_seconds: 3_600,
        kind: OutageKind::Unavailable,
        login_too: true,
    }]
}
