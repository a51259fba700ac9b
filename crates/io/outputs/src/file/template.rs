//! Path templates and part numbers.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use trailhound_model::{StreamKey, Timestamp};

use super::{Compression, errors};
use crate::OutputError;

const KNOWN: &str = "`{application}`, `{stream}`, `{date}` and `{hour}`";

const GZIP_ENDING: &str = ".gz";
const ZSTD_ENDING: &str = ".zst";

/// A parsed `path`.
#[derive(Debug)]
pub(super) struct PathTemplate {
    pieces: Vec<Piece>,
    ending: &'static str,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Application,
    Stream,
    Date,
    Hour,
}

impl PathTemplate {
    /// Reads the template; the ending of `compression` is added unless it is there.
    pub(super) fn parse(text: &str, compression: Compression) -> Result<Self, OutputError> {
        if text.is_empty() || text.ends_with('/') || text.contains('\0') {
            return Err(errors::template(text, "it does not name a file", "give it a file name"));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, inside) = (&rest[..open], &rest[open + 1..]);
            let Some(close) = inside.find('}') else {
                return Err(errors::template(text, "a `{` has no `}`", &format!("known are {KNOWN}")));
            };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(placeholder(&inside[..close], text)?);
            rest = &inside[close + 1..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let ending = match compression {
            Compression::Gzip if !text.ends_with(GZIP_ENDING) => GZIP_ENDING,
            Compression::Zstd if !text.ends_with(ZSTD_ENDING) => ZSTD_ENDING,
            _ => "",
        };
        Ok(Self { pieces, ending })
    }

    /// The path of part 0. Names hold no separators, so no component can escape its folder.
    pub(super) fn render(&self, key: &StreamKey, now: Timestamp) -> String {
        let time = now.to_seconds_string();
        let mut path = String::with_capacity(128);
        for piece in &self.pieces {
            path.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Application => key.instance.as_str(),
                Piece::Stream => key.stream.as_str(),
                Piece::Date => &time[..10],
                Piece::Hour => &time[11..13],
            });
        }
        path.push_str(self.ending);
        path
    }

    /// The deepest folder that does not depend on a placeholder.
    pub(super) fn fixed_folder(&self) -> &Path {
        let Some(Piece::Text(text)) = self.pieces.first() else { return Path::new("") };
        text.rfind('/').map_or(Path::new(""), |slash| Path::new(&text[..=slash]))
    }
}

fn placeholder(name: &str, template: &str) -> Result<Piece, OutputError> {
    match name {
        "application" => Ok(Piece::Application),
        "stream" => Ok(Piece::Stream),
        "date" => Ok(Piece::Date),
        "hour" => Ok(Piece::Hour),
        _ => {
            let why = format!("`{{{name}}}` is not a placeholder");
            Err(errors::template(template, &why, &format!("known are {KNOWN}")))
        }
    }
}

/// The path of a part: `x.ndjson.gz`, `x.1.ndjson.gz`, `x.2.ndjson.gz`.
pub(super) fn part_path(base: &str, part: u32) -> PathBuf {
    if part == 0 {
        return base.into();
    }
    let name_at = base.rfind('/').map_or(0, |slash| slash + 1);
    let name = &base[name_at..];
    let packed = [GZIP_ENDING, ZSTD_ENDING].into_iter().find(|ending| name.ends_with(ending)).unwrap_or("");
    let plain = &name[..name.len() - packed.len()];
    let dot = plain.rfind('.').filter(|at| *at > 0).unwrap_or(plain.len());
    let mut path = base[..name_at + dot].to_owned();
    write!(path, ".{part}{}{packed}", &plain[dot..]).expect("writing to a string cannot fail");
    path.into()
}

#[cfg(test)]
mod tests {
    use trailhound_model::{InstanceName, StreamName};

    use super::*;

    fn render(template: &str, compression: Compression) -> String {
        let key = StreamKey {
            instance: InstanceName::new("contoso").unwrap(),
            stream: StreamName::new("Audit.Exchange").unwrap(),
        };
        let now = Timestamp::parse("2026-11-20T23:59:59.999Z").unwrap();
        PathTemplate::parse(template, compression).unwrap().render(&key, now)
    }

    #[test]
    fn placeholders_are_filled_with_the_utc_time_of_delivery() {
        let template = "/log/{application}/{stream}/{date}T{hour}.ndjson";
        assert_eq!(render(template, Compression::None), "/log/contoso/Audit.Exchange/2026-11-20T23.ndjson");
        assert_eq!(render("a.ndjson", Compression::Gzip), "a.ndjson.gz");
        assert_eq!(render("a.ndjson.zst", Compression::Zstd), "a.ndjson.zst");
    }

    #[test]
    fn an_unknown_placeholder_names_the_known_ones() {
        let error = PathTemplate::parse("/log/{tenant}.ndjson", Compression::None).unwrap_err();
        insta::assert_snapshot!(format!("failed to {error}\nhint: {}", error.hint), @r"
        failed to use the path `/log/{tenant}.ndjson`: `{tenant}` is not a placeholder
        hint: known are `{application}`, `{stream}`, `{date}` and `{hour}`
        ");
        assert!(PathTemplate::parse("/log/{date", Compression::None).is_err());
        assert!(PathTemplate::parse("/log/", Compression::None).is_err());
    }

    #[test]
    fn the_part_number_stands_before_the_ending() {
        let path = |base, part| part_path(base, part).to_str().unwrap().to_owned();
        assert_eq!(path("/a.b/x.ndjson", 0), "/a.b/x.ndjson");
        assert_eq!(path("/a.b/x.ndjson", 12), "/a.b/x.12.ndjson");
        assert_eq!(path("/a.b/x.ndjson.gz", 1), "/a.b/x.1.ndjson.gz");
        assert_eq!(path("/a.b/x", 1), "/a.b/x.1");
        assert_eq!(path("/a.b/.hidden", 1), "/a.b/.hidden.1");
        assert_eq!(path("x.zst", 1), "x.1.zst");
    }

    #[test]
    fn the_fixed_folder_ends_before_the_first_placeholder() {
        let folder = |text| {
            PathTemplate::parse(text, Compression::None).unwrap().fixed_folder().to_str().unwrap().to_owned()
        };
        assert_eq!(folder("/log/th/{application}/{date}.x"), "/log/th/");
        assert_eq!(folder("/log/th-{date}.x"), "/log/");
        assert_eq!(folder("{date}.x"), "");
    }
}
