//! Records as a tenant has them: shapes with blanks, filled from a seed.
//!
//! Their size follows a real tenant's feed: 1.3 to 1.4 KB on average. In blobs of 500 they become ten times smaller
//! with gzip at level 6; records of 2021, poorer in ids, become 12 to 19 times smaller.

mod shapes;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use shapes::SHAPES;
use trailhound_model::Timestamp;

/// People of the tenant.
const USERS: u32 = 400;
/// Of these: active in the same ten minutes.
const ACTIVE_USERS: u32 = 40;

/// Files or rules that one of them works on.
const ITEMS: u32 = 6;
const TEN_MINUTES_MILLIS: i64 = 600_000;

/// A piece of a shape: text as it stands, or a blank.
enum Piece {
    Text(&'static str),
    Blank(&'static str),
}

/// All shapes, taken apart.
pub(crate) struct Shapes {
    by_stream: Vec<(&'static str, Vec<Vec<Piece>>)>,
}

impl Shapes {
    /// Takes the shapes apart, once.
    pub(crate) fn new() -> Self {
        let take_apart = |shapes: &[&'static str]| shapes.iter().map(|shape| pieces(shape)).collect();
        let by_stream = SHAPES.iter().map(|(stream, shapes)| (*stream, take_apart(shapes))).collect();
        Self { by_stream }
    }

    /// The content streams that there are shapes for.
    pub(crate) fn streams() -> impl Iterator<Item = &'static str> {
        SHAPES.iter().map(|(stream, _)| *stream)
    }

    /// Appends one record as compact JSON.
    pub(crate) fn push_record(&self, rng: &mut ChaCha8Rng, stream: usize, at: Timestamp, out: &mut String) {
        let (_, shapes) = &self.by_stream[stream % self.by_stream.len()];
        let shape = &shapes[rng.random_range(0..shapes.len())];
        let scene = Scene::draw(rng, at);
        for piece in shape {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Blank(name) => out.push_str(&scene.fill(name, rng)),
            }
        }
    }
}

/// What is the same throughout one record.
struct Scene {
    id: String,
    correlation: String,
    user: u32,
    address: u32,
    item: u32,
    at: String,
}

impl Scene {
    fn draw(rng: &mut ChaCha8Rng, at: Timestamp) -> Self {
        let shift = u32::try_from(at.as_millis() / TEN_MINUTES_MILLIS % i64::from(USERS)).unwrap_or_default();
        let user = (shift * 7 + rng.random_range(0..ACTIVE_USERS)) % USERS;
        // Everybody has two addresses, one of which is seldom used.
        let address = user + if rng.random_range(0..8) == 0 { USERS } else { 0 };
        let item = user * ITEMS + rng.random_range(0..ITEMS);
        let (id, correlation) = (guid(rng.random()), guid(rng.random()));
        Self { id, correlation, user, address, item, at: at.to_seconds_string() }
    }

    fn fill(&self, blank: &str, rng: &mut ChaCha8Rng) -> String {
        match blank {
            "id" => self.id.clone(),
            "correlation" => self.correlation.clone(),
            "user" => format!("{}@contoso.onmicrosoft.com", person(self.user)),
            "person" => person(self.user),
            "user_guid" => guid(settled(self.user, 1)),
            "puid" => format!("1003200{:09X}", settled(self.user, 2) & 0xf_ffff_ffff),
            "session" => guid(settled(self.user, 4)),
            "site_guid" => guid(settled(self.user % 40, 3)),
            "item" => self.item.to_string(),
            "item_guid" => guid(settled(self.item, 5)),
            "rid" => (25_000 + self.user).to_string(),
            "ip" => format!("203.0.{}.{}", self.address / 250, self.address % 250 + 1),
            "time" => self.at.clone(),
            "number" => rng.random_range(0..10_000u32).to_string(),
            "bytes" => rng.random_range(2_000..9_000_000u32).to_string(),
            other => unreachable!("a shape has an unknown blank `{other}`"),
        }
    }
}

/// `given.family`, the same for the same number.
fn person(user: u32) -> String {
    const GIVEN: [&str; 20] = [
        "adele",
        "alex",
        "amara",
        "bianca",
        "chen",
        "diego",
        "emily",
        "farid",
        "grady",
        "henrietta",
        "isaiah",
        "johanna",
        "lee",
        "lidia",
        "lynne",
        "megan",
        "miriam",
        "nestor",
        "patti",
        "pradeep",
    ];
    const FAMILY: [&str; 20] = [
        "vance",
        "wilber",
        "okafor",
        "pisani",
        "wei",
        "garcia",
        "braun",
        "haddad",
        "archie",
        "mueller",
        "langer",
        "lorenz",
        "gu",
        "holloway",
        "robbins",
        "bowen",
        "graham",
        "wilke",
        "fernandez",
        "gupta",
    ];
    let user = user as usize;
    format!("{}.{}", GIVEN[user % GIVEN.len()], FAMILY[user / GIVEN.len() % FAMILY.len()])
}

/// 128 bits that belong to a number once and for all.
fn settled(number: u32, purpose: u64) -> u128 {
    xxhash_rust::xxh3::xxh3_128_with_seed(&number.to_le_bytes(), purpose)
}

fn guid(bits: u128) -> String {
    let text = format!("{bits:032x}");
    format!("{}-{}-4{}-8{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..])
}

/// `"a %id% b"` → text, blank, text.
fn pieces(shape: &'static str) -> Vec<Piece> {
    let parts = shape.split('%').enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { Piece::Text(part) } else { Piece::Blank(part) }).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_shape_is_valid_json_with_an_id_of_its_own_and_of_believable_size() {
        let shapes = Shapes::new();
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut ids = std::collections::HashSet::new();
        let (mut bytes, rounds) = (0, 400);
        for round in 0..rounds {
            let mut text = String::new();
            shapes.push_record(&mut rng, round, Timestamp::from_millis(1_795_190_400_000), &mut text);
            let record: Value = serde_json::from_str(&text).unwrap();
            assert!(ids.insert(record["Id"].as_str().unwrap().to_owned()));
            assert_eq!(record["CreationTime"].as_str().unwrap().len(), 19);
            assert!(!text.contains(['\n', '%']));
            bytes += text.len();
        }
        let mean = bytes / rounds;
        assert!((1_200..1_400).contains(&mean), "{mean}");
    }
}
