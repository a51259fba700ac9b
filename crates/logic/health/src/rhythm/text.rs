//! A rhythm as one line of text, for the journal's control state.

use trailhound_model::Timestamp;

use super::{HOURS_OF_WEEK, MAX_RECENT_HOURS, Rhythm, whole};

/// First word of the form.
const VERSION: &str = "rhythm1";

impl Rhythm {
    /// `rhythm1 FIRST_HOUR LAG MEANS WEEKS RECENT`: means in tenths of a record; lists with commas; at most 4 kB.
    pub fn to_text(&self) -> String {
        let lag = self.usual_lag_seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.0}"));
        let means = list(self.mean.iter().map(|mean| whole(mean * 10.0)));
        let weeks = list(self.weeks.iter().map(|weeks| u64::from(*weeks)));
        let recent = list(self.recent.iter().map(|count| u64::from(*count)));
        format!("{VERSION} {} {lag} {means} {weeks} {recent}", self.first_hour)
    }

    /// The inverse; `None` for what is not in that form.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        if words.next()? != VERSION {
            return None;
        }
        let first_hour = words.next()?.parse().ok().filter(|hour: &i64| hour.unsigned_abs() < 1 << 40)?;
        let lag = words.next()?;
        let usual_lag_seconds = match lag {
            "-" => None,
            seconds => Some(seconds.parse().ok().filter(|s: &f32| (1.0..1e9).contains(s))?),
        };
        let means = numbers(words.next()?)?;
        let weeks = numbers(words.next()?)?;
        let recent = numbers(words.next()?)?;
        if recent.len() > MAX_RECENT_HOURS {
            return None;
        }
        let means: Vec<f32> = means.into_iter().map(|tenths| tenths as f32 / 10.0).collect();
        let weeks: Vec<u8> = weeks.into_iter().map(|weeks| u8::try_from(weeks).unwrap_or(u8::MAX)).collect();
        let mean: Box<[f32; HOURS_OF_WEEK]> = means.into_boxed_slice().try_into().ok()?;
        let weeks: Box<[u8; HOURS_OF_WEEK]> = weeks.into_boxed_slice().try_into().ok()?;
        let recent = recent.into_iter().map(|count| u32::try_from(count).unwrap_or(u32::MAX)).collect();
        Some(Self { mean, weeks, recent, first_hour, usual_lag_seconds, lag_noted: Timestamp::default() })
    }
}

/// Zeros are left out between the commas: most of a quiet stream's are.
fn list(numbers: impl Iterator<Item = u64>) -> String {
    let words: Vec<String> =
        numbers.map(|number| if number == 0 { String::new() } else { number.to_string() }).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(",") }
}

fn numbers(text: &str) -> Option<Vec<u64>> {
    if text == "-" {
        return Some(Vec::new());
    }
    text.split(',').map(|word| if word.is_empty() { Some(0) } else { word.parse().ok() }).collect()
}
