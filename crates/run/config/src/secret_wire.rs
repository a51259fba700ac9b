//! A secret as it is written: text, or a table that says where it is.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use trailhound_env::SecretSource;

/// `"…"`, `{ env = "…" }` or `{ file = "…" }`.
pub(crate) struct SecretWire(pub(crate) SecretSource);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    env: Option<String>,
    file: Option<String>,
}

impl<'de> Deserialize<'de> for SecretWire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretWire;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`{ env = \"…\" }`, `{ file = \"…\" }` or text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretWire, E> {
        if text.trim().is_empty() {
            return Err(E::custom("is empty"));
        }
        Ok(SecretWire(SecretSource::Literal(SecretString::from(text))))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretWire, A::Error> {
        let place = Place::deserialize(MapAccessDeserializer::new(map))?;
        match (place.env, place.file) {
            (Some(name), None) if is_variable_name(&name) => Ok(SecretWire(SecretSource::Env(name))),
            (None, Some(path)) if !path.is_empty() => Ok(SecretWire(SecretSource::File(path.into()))),
            (Some(_), None) => Err(A::Error::custom(
                "`env` is not the name of a variable (is it the secret itself?): use letters, digits and `_`",
            )),
            (None, Some(_)) => Err(A::Error::custom("`file` is empty")),
            _ => Err(A::Error::custom("exactly one of `env` and `file` is needed")),
        }
    }
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl JsonSchema for SecretWire {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let place = |key: &str, description: &str| {
            serde_json::json!({
                "type": "object",
                "properties": { key: { "type": "string", "description": description } },
                "required": [key],
                "additionalProperties": false,
            })
        };
        json_schema!({
            "description": "A secret: `{ env = \"NAME\" }` (an environment variable), `{ file = \"PATH\" }` (white \
                space at the file's end is ignored), or the text itself, which is accepted with a warning. \
                Variables and files are read anew each time, so a rotated secret needs no restart.",
            "oneOf": [
                place("env", "Name of an environment variable."),
                place("file", "Path of a file."),
                { "type": "string" },
            ],
        })
    }
}
