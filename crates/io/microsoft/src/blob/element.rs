//! One element of the array: where it ends, whether it is valid JSON, and its `Id`.

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use trailhound_model::RecordId;

/// Longest error object that is kept, in bytes.
const MAX_KEPT_ANSWER_BYTES: usize = 2_048;

/// A whole element, checked.
#[derive(Clone, Copy)]
pub(super) struct Element {
    /// In bytes.
    pub(super) length: usize,
    pub(super) id: Option<RecordId>,
}

pub(super) enum Failure {
    /// The bytes end inside the element.
    Incomplete,
    /// Nested deeper than the parser's limit of 200.
    TooDeep { at: usize },
    /// Not JSON.
    Invalid { at: usize, what: String },
}

/// Reads elements; keeps the buffer for unescaped text between them.
#[derive(Default)]
pub(super) struct Reader {
    tape: Vec<u8>,
}

impl Reader {
    /// Reads the element at the beginning of `text`, in one pass.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<Element, Failure> {
        let mut json = Jiter::with_tape(text, std::mem::take(&mut self.tape));
        let read = read_element(&mut json);
        let length = json.current_index();
        self.tape = json.into_tape();
        let element = match read {
            Ok(id) => Element { length, id },
            Err(error) => recover(text, &error)?,
        };
        match std::str::from_utf8(&text[..element.length]) {
            Ok(_) => Ok(element),
            Err(error) => Err(Failure::Invalid { at: error.valid_up_to(), what: "not UTF-8".to_owned() }),
        }
    }
}

fn read_element(json: &mut Jiter<'_>) -> Result<Option<RecordId>, JiterError> {
    let first = json.peek()?;
    if first != Peek::Object {
        json.known_skip(first)?;
        return Ok(None);
    }
    let mut id = None;
    let mut is_id = json.known_object()?.map(|key| key == "Id");
    while let Some(this_is_id) = is_id {
        let value = json.peek()?;
        if this_is_id && id.is_none() {
            id = Some(read_id(json, value)?);
        } else {
            json.known_skip(value)?;
        }
        is_id = json.next_key()?.map(|key| key == "Id");
    }
    Ok(id.flatten())
}

fn read_id(json: &mut Jiter<'_>, value: Peek) -> Result<Option<RecordId>, JiterError> {
    if value == Peek::String {
        return Ok(RecordId::from_text(json.known_str()?));
    }
    json.known_skip(value)?;
    Ok(None)
}

/// The fast parser refuses half a surrogate pair (`\ud83d` alone), which the grammar of JSON allows and
/// software that cuts texts writes. The slow parser has the last word on those.
fn recover(text: &[u8], error: &JiterError) -> Result<Element, Failure> {
    let at = error.index;
    let JiterErrorType::JsonError(kind) = &error.error_type else {
        return Err(Failure::Invalid { at, what: error.error_type.to_string() });
    };
    match kind {
        JsonErrorType::EofWhileParsingList
        | JsonErrorType::EofWhileParsingObject
        | JsonErrorType::EofWhileParsingString
        | JsonErrorType::EofWhileParsingValue => Err(Failure::Incomplete),
        JsonErrorType::RecursionLimitExceeded => Err(Failure::TooDeep { at }),
        JsonErrorType::LoneLeadingSurrogateInHexEscape
        | JsonErrorType::UnexpectedEndOfHexEscape
        | JsonErrorType::NumberOutOfRange => read_slowly(text),
        other => Err(Failure::Invalid { at, what: other.to_string() }),
    }
}

fn read_slowly(text: &[u8]) -> Result<Element, Failure> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    match values.next() {
        Some(Ok(raw)) => {
            let id = serde_json::from_str::<FirstId>(raw.get()).ok().and_then(|found| found.0);
            Ok(Element { length: values.byte_offset(), id })
        }
        Some(Err(error)) if !error.is_eof() => {
            Err(Failure::Invalid { at: values.byte_offset(), what: error.to_string() })
        }
        _ => Err(Failure::Incomplete),
    }
}

/// The first `Id` of an object, by the slow parser.
struct FirstId(Option<RecordId>);

impl<'de> Deserialize<'de> for FirstId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FirstIdVisitor)
    }
}

struct FirstIdVisitor;

impl<'de> Visitor<'de> for FirstIdVisitor {
    type Value = FirstId;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FirstId, A::Error> {
        let mut id = None;
        // A key may hold half a pair too; as raw text it can still be compared.
        while let Some(key) = map.next_key::<&RawValue>()? {
            let is_id = serde_json::from_str::<String>(key.get()).is_ok_and(|key| key == "Id");
            if is_id && id.is_none() {
                let value = map.next_value::<&RawValue>()?;
                id = Some(serde_json::from_str::<String>(value.get()).ok());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(FirstId(id.flatten().and_then(|text| RecordId::from_text(&text))))
    }
}

/// The text of a lone object that is the service's error and no record: `{"error":{…}}`.
pub(super) fn error_answer(record: &[u8], id: Option<RecordId>) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        error: serde_json::Map<String, serde_json::Value>,
    }
    if id.is_some() {
        return None;
    }
    let answer = serde_json::from_slice::<Answer>(record).ok()?;
    let code = answer.error.get("code")?.as_str()?;
    let message = answer.error.get("message").and_then(|text| text.as_str()).unwrap_or_default();
    let kept: String = message.chars().take(MAX_KEPT_ANSWER_BYTES / 4).collect();
    Some(serde_json::json!({ "error": { "code": code, "message": kept } }).to_string())
}
