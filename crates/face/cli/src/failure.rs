//! What ends a command early: said once, at the top, with its cause and cure.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use trailhound_config::ConfigError;
use trailhound_console::ConsoleError;
use trailhound_journal::{JournalError, JournalErrorKind};

use crate::exit::Exit;

const FULL_HINT: &str = "free some space and run the same command again; nothing is lost";

const RED: &str = "\x1b[1;31m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// One or more problems and the exit code that they mean together.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    problems: Vec<Problem>,
}

/// One thing that went wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Its own words and those of its causes, outermost first.
    pub(crate) what: String,
    /// The other side's own words.
    pub(crate) said: String,
    /// Where, when it is not in the words.
    pub(crate) place: String,
    /// The line of the file with a caret below.
    pub(crate) excerpt: String,
    /// What a person can do.
    pub(crate) hint: String,
}

impl Failure {
    /// A single problem.
    pub(crate) fn new(exit: Exit, what: impl Into<String>, hint: impl Into<String>) -> Self {
        let problem = Problem { what: what.into(), hint: hint.into(), ..Problem::default() };
        Self { exit, problems: vec![problem] }
    }

    /// Several at once, in this order.
    pub(crate) fn many(exit: Exit, problems: Vec<Problem>) -> Self {
        Self { exit, problems }
    }

    /// With the cure for a full disk that holds for a command that has ended: nothing goes on by itself then.
    pub(crate) fn of_one_shot(mut self) -> Self {
        for problem in &mut self.problems {
            if problem.hint == JournalErrorKind::Full.hint() || problem.what.ends_with(": no space left") {
                FULL_HINT.clone_into(&mut problem.hint);
            }
        }
        self
    }

    /// Which exit code it means.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Says it on standard error, in colour on a terminal.
    pub(crate) fn print(&self) {
        let text: String = self.problems.iter().map(Problem::render).collect();
        // When even standard error is closed, the exit code still tells.
        let _ = anstream::stderr().write_all(text.as_bytes());
    }

    /// For the log, where everything is one line.
    pub(crate) fn what(&self) -> String {
        let words: Vec<String> = self.problems.iter().map(Problem::on_one_line).collect();
        words.join("; ")
    }

    /// The first problem's hint, for the log.
    pub(crate) fn hint(&self) -> &str {
        self.problems.first().map_or("", |problem| &problem.hint)
    }
}

impl Problem {
    fn render(&self) -> String {
        let mut text = format!("{RED}error:{PLAIN} {}\n", self.what);
        for (label, words) in [("where", &self.place), ("said", &self.said)] {
            if !words.is_empty() {
                let _ = writeln!(text, "  {CYAN}{label}:{PLAIN} {words}");
            }
        }
        for line in self.excerpt.lines() {
            let _ = writeln!(text, "    {line}");
        }
        if !self.hint.is_empty() {
            let _ = writeln!(text, "  {CYAN}hint:{PLAIN} {}", self.hint);
        }
        text
    }

    fn on_one_line(&self) -> String {
        if self.place.is_empty() { self.what.clone() } else { format!("{}: {}", self.place, self.what) }
    }
}

/// What a person can do when a file cannot be used; `otherwise`: when nothing better is known.
pub(crate) fn file_hint(error: &io::Error, otherwise: &'static str) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "run the command as the user that runs trailhound, or as one who may write there"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only: mount it writable, or name another place"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space on that file system and run the command again"
        }
        _ => otherwise,
    }
}

/// An error's words with those of its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let problem = Problem {
            what: format!("the configuration cannot be used: {}", error.what),
            place: format!("{}:{}:{}", error.path.display(), error.line, error.column),
            excerpt: error.excerpt,
            hint: error.hint,
            ..Problem::default()
        };
        Self::many(Exit::Usage, vec![problem])
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::new(Exit::Failed, chain(&error), error.kind.hint())
    }
}

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        let exit = if matches!(error, ConsoleError::Public(_)) { Exit::Usage } else { Exit::Failed };
        Self::new(exit, format!("failed to {error}"), error.hint())
    }
}
