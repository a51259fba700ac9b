//! Who lives in a tenant: the same people, machines and files in every event, from the seed.

use crate::config::TenantConfig;
use crate::dice::{Dice, text_seed};

/// A tenant's people, sites and teams.
#[derive(Clone, Debug)]
pub struct Population {
    /// GUID.
    pub tenant_id: String,
    /// Such as `fabrikamtools.onmicrosoft.com`.
    pub domain: String,
    /// First label of the domain: part of SharePoint's host names.
    pub label: String,
    /// Never empty; the first three are administrators.
    pub people: Vec<Person>,
    /// SharePoint sites, never empty.
    pub sites: Vec<Site>,
}

/// A user.
#[derive(Clone, Debug)]
pub struct Person {
    /// `Given Family`.
    pub name: String,
    /// Sign-in name.
    pub upn: String,
    /// Entra object id.
    pub object_id: String,
    /// `1003200…`.
    pub puid: String,
    /// Mailbox GUID.
    pub mailbox: String,
    /// Security identifier.
    pub sid: String,
    /// Office, home, mobile; the first is used most.
    pub addresses: Vec<String>,
    /// Browser.
    pub agent: &'static str,
    /// Device name.
    pub device: String,
    /// Path of the OneDrive.
    pub drive: String,
}

/// A SharePoint site or a team.
#[derive(Clone, Debug)]
pub struct Site {
    /// Title.
    pub title: &'static str,
    /// Site GUID.
    pub site_id: String,
    /// Web GUID.
    pub web_id: String,
    /// List GUID of its library.
    pub list_id: String,
    /// `https://…/sites/…/`.
    pub url: String,
    /// `19:…@thread.tacv2`.
    pub thread: String,
    /// Group behind the team.
    pub group_id: String,
}

impl Population {
    /// The people of a tenant; the same for the same seed and tenant id.
    pub fn of(seed: u64, config: &TenantConfig) -> Self {
        let mut dice = Dice::of(&[seed, text_seed(&config.tenant_id), 0x009e_091e]);
        let label = config.domain.split('.').next().unwrap_or("tenant").to_owned();
        let office =
            format!("{}.{}.{}", dice.pick(&["81", "46", "203.0", "198.51", "84"]), 100, dice.below(250));
        let count = config.people.clamp(3, 50_000);
        let people = (0..count).map(|n| person(&mut dice, n, &config.domain, &label, &office)).collect();
        let sites = SITES.iter().map(|title| site(&mut dice, title, &label)).collect();
        Self { tenant_id: config.tenant_id.clone(), domain: config.domain.clone(), label, people, sites }
    }
}

fn person(dice: &mut Dice, n: u32, domain: &str, label: &str, office: &str) -> Person {
    let (given, family) = (dice.pick(GIVEN), dice.pick(FAMILY));
    let number = if n < 400 { String::new() } else { (n / 400).to_string() };
    let local = format!("{}.{}{number}", ascii(given), ascii(family));
    let object_id = dice.guid();
    let tail = 1_000_000_000 + dice.below(2_000_000_000);
    Person {
        name: format!("{given} {family}"),
        upn: format!("{local}@{domain}"),
        puid: format!("1003200{:09X}", dice.bits() & 0xf_ffff_ffff),
        mailbox: dice.guid(),
        sid: format!("S-1-5-21-1376570662-{tail}-1187618197-{}", 20_000_000 + n),
        addresses: addresses(dice, office),
        agent: dice.pick(AGENTS),
        device: format!("{}-{:04X}", dice.pick(&["LAPTOP", "DESKTOP", "PC", "MBP"]), dice.bits() & 0xffff),
        drive: format!("https://{label}-my.sharepoint.com/personal/{}/", local_path(&local, domain)),
        object_id,
    }
}

fn local_path(local: &str, domain: &str) -> String {
    format!("{local}@{domain}").replace(['.', '@'], "_")
}

fn addresses(dice: &mut Dice, office: &str) -> Vec<String> {
    let four: Vec<&str> = office.split('.').collect();
    let mut list = vec![format!("{}.{}", four[..3.min(four.len())].join("."), 1 + dice.below(254))];
    let first = dice.pick(&["77", "91", "176", "86", "24", "73"]);
    list.push(format!("{first}.{}.{}.{}", dice.below(256), dice.below(256), 1 + dice.below(254)));
    let (a, b) = (dice.bits(), dice.bits());
    list.push(format!(
        "2a02:{:x}:{:x}:{:x}::{:x}",
        a & 0xffff,
        (a >> 16) & 0xffff,
        (b >> 16) & 0xffff,
        (b & 0xffff) | 1
    ));
    list
}

fn site(dice: &mut Dice, title: &'static str, label: &str) -> Site {
    let path: String = title.chars().filter(char::is_ascii_alphanumeric).collect();
    let (a, b) = (dice.bits(), dice.bits());
    Site {
        title,
        site_id: dice.guid(),
        web_id: dice.guid(),
        list_id: dice.guid(),
        url: format!("https://{label}.sharepoint.com/sites/{path}/"),
        thread: format!("19:{a:016x}{b:016x}@thread.tacv2"),
        group_id: dice.guid(),
    }
}

fn ascii(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            'é' | 'è' => 'e',
            'ö' | 'ø' => 'o',
            'ü' => 'u',
            'ñ' => 'n',
            'Ł' => 'l',
            other => other.to_ascii_lowercase(),
        })
        .filter(char::is_ascii_alphanumeric)
        .collect()
}

const GIVEN: &[&str] = &[
    "Anna", "Björn", "Chidi", "Dana", "Elif", "Farid", "Greta", "Hana", "Ivan", "José", "Karin", "Liam",
    "Mei", "Noah", "Olga", "Priya", "Quentin", "Rosa", "Sven", "Tomás", "Ulla", "Victor", "Wen", "Ximena",
    "Yusuf", "Zoë", "André", "Beatriz", "Carlo", "Dmitri",
];

const FAMILY: &[&str] = &[
    "Almeida", "Bauer", "Castillo", "Dubois", "Eriksen", "Fischer", "García", "Hansen", "Ito", "Jansen",
    "Kowalski", "Łukasz", "Müller", "Nguyen", "O'Brien", "Peeters", "Quiroga", "Rossi", "Schmidt", "Tanaka",
    "Usman", "Vogel", "Weber", "Xu", "Yılmaz", "Zhang", "Ibáñez", "Ström", "Okafor", "Petrov",
];

const SITES: &[&str] = &[
    "Finance",
    "Human Resources",
    "Project Aurora",
    "Board",
    "Engineering",
    "Sales EMEA",
    "Marketing",
    "Legal",
    "IT Operations",
    "Research Lab",
    "Customer Success",
    "Procurement",
];

const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
];
