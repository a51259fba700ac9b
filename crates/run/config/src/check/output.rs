//! `[[output]]`

use std::time::Duration;

use trailhound_model::{OutputName, days, minutes};

use super::Checker;
use crate::document::Step;
use crate::wire::OutputWire;
use crate::{Compression, ConfigError, FileOutput, Output, units};

const MIN_ROTATE_BYTES: u64 = 64 << 10;
const MIN_ROTATE_AFTER: Duration = minutes(1);
const MAX_ROTATE_AFTER: Duration = days(31);

impl Checker<'_> {
    pub(super) fn outputs(&mut self, wires: Vec<OutputWire>) -> Result<Vec<Output>, ConfigError> {
        if wires.is_empty() {
            self.warn(
                &[],
                "there is no `[[output]]`",
                "records stay in the journal only, and go after `retention`",
            );
        }
        let outputs: Vec<Output> = wires
            .into_iter()
            .enumerate()
            .map(|(at, wire)| self.output(at, wire))
            .collect::<Result<_, _>>()?;
        self.unique("output", "name", outputs.iter().map(|output| output.name().as_str()))?;
        let paths = outputs.iter().map(|Output::File(file)| file.path.as_str());
        self.unique("output", "path", paths)?;
        Ok(outputs)
    }

    fn output(&self, at: usize, wire: OutputWire) -> Result<Output, ConfigError> {
        let place = |key: &'static str| [Step::Key("output"), Step::Index(at), Step::Key(key)];
        let name =
            OutputName::new(&wire.name).map_err(|error| self.error(&place("name"), error.to_string(), ""))?;
        self.word(&place("type"), &wire.kind, &[("file", ())])?;
        let Some(path) = wire.path.filter(|path| !path.is_empty()) else {
            let hint = "write `path = \"/var/log/trailhound/{application}/{stream}/{date}.ndjson\"`";
            return Err(self.error(&place("path"), "the key `path` is missing here", hint));
        };
        if let Some(format) = &wire.format {
            self.format(&place("format"), format)?;
        }
        let compressions =
            [("none", Compression::None), ("gzip", Compression::Gzip), ("zstd", Compression::Zstd)];
        let compression = wire.compression.as_deref().unwrap_or("none");
        Ok(Output::File(FileOutput {
            name,
            path,
            rotate_bytes: wire
                .rotate_size
                .map(|text| self.rotate_size(&place("rotate_size"), &text))
                .transpose()?,
            rotate_after: wire
                .rotate_every
                .map(|text| self.duration(&place("rotate_every"), &text, MIN_ROTATE_AFTER, MAX_ROTATE_AFTER))
                .transpose()?,
            compression: self.word(&place("compression"), compression, &compressions)?,
        }))
    }

    fn format(&self, place: &[Step], format: &str) -> Result<(), ConfigError> {
        if matches!(format, "ecs" | "ocsf") {
            let what = format!("the format `{format}` is not available in this version");
            return Err(self.error(place, what, "use `format = \"raw\"`"));
        }
        self.word(place, format, &[("raw", ())])
    }

    fn rotate_size(&self, place: &[Step], text: &str) -> Result<u64, ConfigError> {
        let Some(bytes) = units::size_bytes(text) else {
            let hint = "write a whole number with its unit, such as `512MiB` or `1GB`";
            return Err(self.error(place, format!("`rotate_size` is not a size: `{text}`"), hint));
        };
        if bytes < MIN_ROTATE_BYTES {
            return Err(self.error(place, "`rotate_size` must be at least `64KiB`", ""));
        }
        Ok(bytes)
    }
}
