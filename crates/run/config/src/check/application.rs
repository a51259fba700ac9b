//! `[[application]]`

use std::time::Duration;

use trailhound_model::{InstanceName, StreamName, Timestamp, days, seconds};

use super::Checker;
use crate::document::{Step, nearest};
use crate::parse::list;
use crate::wire::ApplicationWire;
use crate::{Application, ConfigError, Credential, TokenVersion};

/// Microsoft's content types, in its spelling.
const STREAMS: [&str; 5] =
    ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];

/// 2015-01-01T00:00:00Z: the API is not older.
const FIRST_YEAR: Timestamp = Timestamp::from_millis(1_420_070_400_000);

const MIN_POLL_INTERVAL: Duration = seconds(10);
const MAX_POLL_INTERVAL: Duration = days(1);
const REQUESTS_PER_MINUTE: std::ops::RangeInclusive<u32> = 60..=1_000_000;

impl Checker<'_> {
    pub(super) fn applications(
        &mut self,
        wires: Vec<ApplicationWire>,
    ) -> Result<Vec<Application>, ConfigError> {
        let applications: Vec<Application> = wires
            .into_iter()
            .enumerate()
            .map(|(at, wire)| self.application(at, wire))
            .collect::<Result<_, _>>()?;
        let names = applications.iter().map(|application| application.name.as_str());
        self.unique("application", "name", names)?;
        Ok(applications)
    }

    fn application(&mut self, at: usize, mut wire: ApplicationWire) -> Result<Application, ConfigError> {
        let place = |key: &'static str| [Step::Key("application"), Step::Index(at), Step::Key(key)];
        let name = InstanceName::new(&wire.name)
            .map_err(|error| self.error(&place("name"), error.to_string(), ""))?;
        self.word(&place("type"), &wire.kind, &[("office365", ())])?;
        let tenant_id = self.guid(&place("tenant_id"), &wire.tenant_id)?;
        let credential = self.credential(at, &mut wire)?;
        let client_id = match &wire.client_id {
            Some(text) => Some(self.guid(&place("client_id"), text)?),
            None if matches!(credential, Credential::ManagedIdentity { .. }) => None,
            None => {
                let hint = "it is on the Overview page of the app registration as `Application (client) ID`";
                return Err(self.error(&place("client_id"), "the key `client_id` is missing here", hint));
            }
        };
        Ok(Application {
            name,
            tenant_id,
            client_id,
            credential,
            secret_expires: self.optional(wire.secret_expires, |this, text| {
                this.time(&place("secret_expires"), text, "2027-03-01")
            })?,
            streams: self.streams(at, &wire.streams)?,
            collection_start: self
                .optional(wire.collection_start, |this, text| this.start(&place("collection_start"), text))?,
            cloud: self.cloud(at, wire.cloud.as_deref(), wire.endpoints.as_ref())?,
            proxy: self.optional(wire.proxy, |this, text| this.proxy(&place("proxy"), text))?,
            ca_file: wire.ca_file.map(Into::into),
            publisher_id: self
                .optional(wire.publisher_id, |this, text| this.guid(&place("publisher_id"), text))?,
            token_version: self.token_version(&place("token_version"), wire.token_version)?,
            poll_interval: self.optional(wire.poll_interval, |this, text| {
                this.duration(&place("poll_interval"), text, MIN_POLL_INTERVAL, MAX_POLL_INTERVAL)
            })?,
            requests_per_minute: wire
                .requests_per_minute
                .map(|number| self.requests_per_minute(&place("requests_per_minute"), number))
                .transpose()?,
        })
    }

    fn start(&self, place: &[Step], text: &str) -> Result<Timestamp, ConfigError> {
        let start = self.time(place, text, "2026-11-20T00:00:00Z")?;
        if start < FIRST_YEAR {
            let what = format!("`collection_start` lies before the year 2015: `{text}`");
            return Err(self.error(place, what, "Microsoft keeps content for 7 days"));
        }
        Ok(start)
    }

    fn requests_per_minute(&self, place: &[Step], number: i64) -> Result<u32, ConfigError> {
        u32::try_from(number).ok().filter(|n| REQUESTS_PER_MINUTE.contains(n)).ok_or_else(|| {
            let (least, most) = (REQUESTS_PER_MINUTE.start(), REQUESTS_PER_MINUTE.end());
            let hint = format!("write a whole number from {least} to {most}; Microsoft's baseline is 2000");
            self.error(place, format!("`requests_per_minute` is out of range: {number}"), &hint)
        })
    }

    fn streams(&self, at: usize, names: &[String]) -> Result<Vec<StreamName>, ConfigError> {
        let place = [Step::Key("application"), at.into(), Step::Key("streams")];
        if names.is_empty() {
            return Err(self.error(
                &place,
                "`streams` is empty",
                &format!("name at least one of {}", list(&STREAMS)),
            ));
        }
        let mut streams = Vec::new();
        for (nth, name) in names.iter().enumerate() {
            let place = [place[0], place[1], place[2], nth.into()];
            let Some(known) = STREAMS.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
                let hint = match nearest(name, &STREAMS) {
                    Some(near) => format!("did you mean `{near}`? known are {}", list(&STREAMS)),
                    None => format!("known are {}", list(&STREAMS)),
                };
                return Err(self.error(&place, format!("`{name}` is not a content stream"), &hint));
            };
            let stream = StreamName::new(known).map_err(|error| self.error(&place, error.to_string(), ""))?;
            if streams.contains(&stream) {
                return Err(self.error(&place, format!("the stream `{known}` is named twice"), "remove one"));
            }
            streams.push(stream);
        }
        Ok(streams)
    }

    fn token_version(&self, place: &[Step], number: Option<i64>) -> Result<TokenVersion, ConfigError> {
        match number {
            Some(1) => Ok(TokenVersion::V1),
            None | Some(2) => Ok(TokenVersion::V2),
            Some(_) => Err(self.error(place, "`token_version` must be 1 or 2", "leave it out to use 2")),
        }
    }

    fn optional<T>(
        &self,
        text: Option<String>,
        check: impl FnOnce(&Self, &str) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        text.map(|text| check(self, &text)).transpose()
    }
}
