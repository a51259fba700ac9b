//! The text with its positions: where a key stands, and how a line is shown without its secrets.

mod excerpt;

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{ConfigError, Warning};
use excerpt::{is_secret_key, position};

pub(crate) use excerpt::Show;

/// One step from the top of the file to a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Into a table.
    Key(&'static str),
    /// Into an array.
    Index(usize),
}

impl From<&'static str> for Step {
    fn from(key: &'static str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A well-formed TOML text.
pub(crate) struct Document<'a> {
    text: &'a str,
    path: &'a Path,
    top: DeTable<'a>,
    /// Bytes that are never shown.
    secrets: Vec<Range<usize>>,
}

impl<'a> Document<'a> {
    /// Checks the syntax.
    pub(crate) fn parse(text: &'a str, path: &'a Path) -> Result<Self, ConfigError> {
        let top = DeTable::parse(text).map_err(|error| {
            let unparsed = Document { text, ..Document::empty(path) };
            let hint = "the file is TOML: https://toml.io";
            unparsed.error_showing(
                error.span().unwrap_or(0..0),
                Show::Unparsed,
                error.message().to_owned(),
                hint,
            )
        })?;
        let top = top.into_inner();
        let mut secrets = Vec::new();
        find_secrets(&top, &mut secrets);
        Ok(Self { text, path, top, secrets })
    }

    /// For messages about a file whose text is of no use.
    pub(crate) fn empty(path: &'a Path) -> Self {
        Self { text: "", path, top: DeTable::new(), secrets: Vec::new() }
    }

    /// An error at `span`, with its line.
    pub(crate) fn error(&self, span: Range<usize>, what: impl Into<String>, hint: &str) -> ConfigError {
        self.error_showing(span, Show::Line, what.into(), hint)
    }

    /// An error at `span`, with as much of its line as `show` says.
    pub(crate) fn error_showing(
        &self,
        span: Range<usize>,
        show: Show,
        what: String,
        hint: &str,
    ) -> ConfigError {
        let (line, column) = position(self.text, span.start);
        let excerpt = excerpt::render(self.text, &span, show, &self.secrets);
        let (path, hint) = (self.path.to_owned(), hint.to_owned());
        ConfigError { path, line, column, what, hint, excerpt }
    }

    /// A warning at the value of `path`.
    pub(crate) fn warning(&self, path: &[Step], what: impl Into<String>, hint: impl Into<String>) -> Warning {
        let (line, column) = position(self.text, self.locate(path).start);
        Warning { line, column, what: what.into(), hint: hint.into() }
    }

    /// The value at `path`.
    pub(crate) fn value(&self, path: &[Step]) -> Option<&DeValue<'a>> {
        let (Step::Key(first), rest) = path.split_first()? else { return None };
        let mut value = self.top.get(*first)?.get_ref();
        for step in rest {
            value = child(value, *step)?.get_ref();
        }
        Some(value)
    }

    /// Elements of an array at the top; 0 when it is none.
    pub(crate) fn array_length(&self, key: &str) -> usize {
        self.top.get(key).and_then(|value| value.get_ref().as_array()).map_or(0, |array| array.len())
    }

    /// Where the value of `path` stands; where it would, as far as the path exists.
    pub(crate) fn locate(&self, path: &[Step]) -> Range<usize> {
        let Some((Step::Key(first), rest)) = path.split_first() else { return 0..0 };
        let Some(mut value) = self.top.get(*first) else { return 0..0 };
        for step in rest {
            let Some(next) = child(value.get_ref(), *step) else { break };
            value = next;
        }
        value.span()
    }

    /// Whether a digit stands at `offset`.
    pub(crate) fn is_digit_at(&self, offset: usize) -> bool {
        self.text.as_bytes().get(offset).is_some_and(u8::is_ascii_digit)
    }

    /// The innermost key whose value stands at `offset`.
    pub(crate) fn key_at(&self, offset: usize) -> Option<&str> {
        key_in(&self.top, offset)
    }
}

fn child<'v, 'a>(value: &'v DeValue<'a>, step: Step) -> Option<&'v Spanned<DeValue<'a>>> {
    match step {
        Step::Key(key) => value.as_table()?.get(key),
        Step::Index(index) => value.as_array()?.get(index),
    }
}

fn key_in<'t>(table: &'t DeTable<'_>, offset: usize) -> Option<&'t str> {
    table.iter().find_map(|(key, value)| {
        let inside = match value.get_ref() {
            DeValue::Table(table) => key_in(table, offset),
            DeValue::Array(array) => {
                array.iter().find_map(|element| key_in(element.get_ref().as_table()?, offset))
            }
            _ => None,
        };
        inside.or_else(|| value.span().contains(&offset).then(|| key.get_ref().as_ref()))
    })
}

/// Values under the keys of secrets, and addresses with a name and password in them.
fn find_secrets(table: &DeTable<'_>, found: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        find_in_value(value, is_secret_key(key.get_ref()), found);
    }
}

fn find_in_value(value: &Spanned<DeValue<'_>>, secret: bool, found: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(table) => find_secrets(table, found),
        DeValue::Array(array) => array.iter().for_each(|element| find_in_value(element, secret, found)),
        DeValue::String(text) if secret || (text.contains("://") && text.contains('@')) => {
            found.push(value.span());
        }
        _ if secret => found.push(value.span()),
        _ => {}
    }
}

/// The known name that a misspelt one most likely means.
pub(crate) fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let alike = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    let best = known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(best) >= 0.75).then_some(*best)
}
