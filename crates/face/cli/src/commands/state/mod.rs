//! `trailhound state show`: what the data folder tells, read beside a running daemon.

mod picture;
mod text;

use std::fs::{File, TryLockError};
use std::path::Path;

use trailhound_env::{Clock, SystemClock};
use trailhound_journal::{JournalErrorKind, SqliteJournal};

use self::picture::{Picture, StreamPicture};
use crate::args::{StateArgs, StateCommand, StateShowArgs};
use crate::control;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::setup;

pub(crate) fn state(args: &StateArgs) -> Result<Exit, Failure> {
    let StateCommand::Show(args) = &args.what;
    show(args)
}

fn show(args: &StateShowArgs) -> Result<Exit, Failure> {
    let config = setup::load_config(&args.file.config)?;
    let journal = SqliteJournal::open_read_only(&config.data_dir).map_err(|error| match error.kind {
        JournalErrorKind::Unusable => Failure::new(
            Exit::Failed,
            error.to_string(),
            "start `trailhound run` first, or check that `data_dir` is the right folder and can be read",
        ),
        _ => error.into(),
    })?;
    let is_running = is_held(&config.data_dir);
    let mut streams: Vec<StreamPicture> = journal.in_one_view(|journal| {
        let pictures = journal.report()?.into_iter().map(|report| StreamPicture::of(&report, journal));
        pictures.collect::<Result<_, _>>()
    })?;
    if let Some(app) = &args.app {
        let mut known: Vec<String> = streams.iter().map(|stream| stream.application.to_string()).collect();
        known.dedup();
        streams.retain(|stream| stream.application == *app);
        if streams.is_empty() {
            let what = format!("the journal knows no application `{app}`");
            return Err(Failure::new(Exit::Usage, what, format!("choose among: {}", known.join(", "))));
        }
    }
    let mut picture =
        Picture { now: SystemClock::default().now(), is_running, streams, ..Picture::default() };
    if is_running {
        match control::ask_status(&config.data_dir, args.app.as_ref().map(ToString::to_string)) {
            Ok(status) => picture.overlay(status),
            Err(why) => picture.daemon_silent = Some(why),
        }
    }
    if args.json {
        output::print_json(&picture)?;
    } else {
        output::print(&text::render(&picture))?;
    }
    Ok(Exit::Done)
}

/// Whether a process holds the folder. Asks for a share of its lock and gives it back at once.
fn is_held(data_dir: &Path) -> bool {
    let Ok(lock) = File::open(data_dir.join("lock")) else { return false };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}
