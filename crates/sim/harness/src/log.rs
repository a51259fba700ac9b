//! What the product said in a run: its log lines from level INFO up, with virtual time.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use trailhound_env::Clock;

/// Most lines that are kept.
const MAX_LINES: usize = 50_000;

/// A line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) text: String,
}

/// Collects what is logged on this thread while the guard lives.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    lines: Vec<Line>,
    muted: bool,
}

impl Log {
    /// Begins to collect.
    pub(crate) fn collect(&self, clock: Arc<dyn Clock>) -> tracing::subscriber::DefaultGuard {
        let layer = Collector { log: self.clone(), clock };
        tracing::subscriber::set_default(tracing_subscriber::registry().with(layer))
    }

    /// Adds a line of the harness itself.
    pub(crate) fn note(&self, clock: &dyn Clock, text: &str) {
        self.push(Line { level: Level::INFO, text: format!("{} harness: {text}", clock.now()) });
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lock().lines.clone()
    }

    /// What the dead say while their remains are cleared away is not kept.
    pub(crate) fn mute(&self, muted: bool) {
        self.lock().muted = muted;
    }

    fn push(&self, line: Line) {
        let mut kept = self.lock();
        if kept.lines.len() < MAX_LINES && !kept.muted {
            kept.lines.push(line);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Collector {
    log: Log,
    clock: Arc<dyn Clock>,
}

impl<S: Subscriber> Layer<S> for Collector {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = *event.metadata().level();
        let mut text = format!("{} {level}", self.clock.now());
        event.record(&mut Fields(&mut text));
        self.log.push(Line { level, text });
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
