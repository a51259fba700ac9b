//! `trailhound app`: what a person changes of an application's collection.

mod text;

use std::path::Path;

use trailhound_config::Config;
use trailhound_env::{Clock, SystemClock};
use trailhound_journal::{JournalErrorKind, SqliteJournal};
use trailhound_model::{InstanceName, StreamKey, StreamName, Timestamp};
use trailhound_pipeline::by_hand::Controls;
use trailhound_pipeline::site;

use crate::args::{AppArgs, AppCommand, ChosenStreams};
use crate::control::{self, Answer, Command, Reached, Request, VERSION};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::runtime::block_on;
use crate::setup;

/// Blobs that nobody knows, named one by one.
const MAX_UNKNOWN_NAMED: usize = 5;

pub(crate) fn app(args: &AppArgs) -> Result<Exit, Failure> {
    let (chosen, command) = match &args.what {
        AppCommand::Retry(retry) => {
            let blobs = retry.blobs.clone();
            (&retry.streams, Command::Retry { blobs })
        }
        AppCommand::Rewind(rewind) => (&rewind.streams, Command::Rewind { to: rewind.to.to_string() }),
    };
    if let AppCommand::Rewind(rewind) = &args.what {
        refuse_future(rewind.to)?;
    }
    let config = setup::load_config(&chosen.file.config)?;
    refuse_unknown(&config, chosen)?;
    let request = Request {
        version: VERSION,
        application: chosen.app.to_string(),
        stream: chosen.stream.as_ref().map(ToString::to_string),
        command,
        who: user_name(),
    };
    let is_retry = matches!(request.command, Command::Retry { .. });
    let answer = match control::ask(&config.data_dir, request)? {
        Reached::Done(answer) => answer,
        Reached::Nobody(request) => change_the_journal(&config, request)?,
    };
    if chosen.json {
        output::print_json(&answer)?;
    } else if answer.unknown.is_empty() || text::is_anything_told(&answer) {
        output::print(&text::render(&answer, is_retry))?;
    }
    if answer.unknown.is_empty() { Ok(Exit::Done) } else { Err(unknown_blobs(&answer, chosen)) }
}

fn refuse_future(to: Timestamp) -> Result<(), Failure> {
    let now = SystemClock::default().now();
    if to <= now {
        return Ok(());
    }
    let what = format!("`--to {to}` lies in the future: nothing was listed there that could be listed again");
    Err(Failure::new(Exit::Usage, what, format!("give a moment of the last seven days; it is {now} now")))
}

fn unknown_blobs(answer: &Answer, chosen: &ChosenStreams) -> Failure {
    let named: Vec<String> =
        answer.unknown.iter().take(MAX_UNKNOWN_NAMED).map(|id| format!("`{id}`")).collect();
    let more = match answer.unknown.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let place = chosen.stream.as_ref().map_or(String::new(), |stream| format!(" · {stream}"));
    let what =
        format!("no listing of {}{place} has named the blob {}{more}", answer.application, named.join(", "));
    let hint = "`trailhound prove --json` names blobs that are in a gap or fail, as `content_id`";
    Failure::new(Exit::Usage, what, hint)
}

/// No daemon: take the folder and do what it would do.
fn change_the_journal(config: &Config, request: Request) -> Result<Answer, Failure> {
    // Nothing is made for a question.
    SqliteJournal::open_read_only(&config.data_dir).map_err(nothing_collected)?;
    block_on(async {
        let around = setup::surroundings();
        let journal = site::open_journal(config, &around).map_err(|error| match error.kind {
            JournalErrorKind::InUse => {
                let hint =
                    "wait for `trailhound collect` to end, or stop the process, and run the command again";
                Failure::new(Exit::Failed, format!("{error}, which takes no orders"), hint)
            }
            _ => error.into(),
        })?;
        let owner = owner_of(&config.data_dir);
        let who = format!("{} (uid {owner})", request.who);
        let now = around.clock.now();
        control::carry_out(request, &who, &Controls::default(), journal.as_ref(), now)
            .await
            .map_err(|(what, hint)| Failure::new(Exit::Failed, what, hint))
    })
}

/// The application or stream must be in the configuration or in the journal.
fn refuse_unknown(config: &Config, chosen: &ChosenStreams) -> Result<(), Failure> {
    let mut known: Vec<StreamKey> = Vec::new();
    for application in &config.applications {
        let key =
            |stream: &StreamName| StreamKey { instance: application.name.clone(), stream: stream.clone() };
        known.extend(application.streams.iter().map(key));
    }
    let journal = SqliteJournal::open_read_only(&config.data_dir).map_err(nothing_collected)?;
    known.extend(journal.report()?.into_iter().map(|report| report.key));
    let of_app = |name: &InstanceName| known.iter().filter(|key| key.instance == *name).collect::<Vec<_>>();
    let streams = of_app(&chosen.app);
    if streams.is_empty() {
        let what = format!("there is no application `{}`", chosen.app);
        let names = known.iter().map(|key| key.instance.to_string());
        return Err(Failure::new(Exit::Usage, what, choose(names.collect())));
    }
    if let Some(stream) = &chosen.stream
        && !streams.iter().any(|key| key.stream == *stream)
    {
        let what = format!("there is no stream `{stream}` in the application `{}`", chosen.app);
        let names = streams.iter().map(|key| key.stream.to_string());
        return Err(Failure::new(Exit::Usage, what, choose(names.collect())));
    }
    Ok(())
}

fn choose(mut names: Vec<String>) -> String {
    names.sort();
    names.dedup();
    format!("choose among: {}", names.join(", "))
}

fn nothing_collected(error: trailhound_journal::JournalError) -> Failure {
    match error.kind {
        JournalErrorKind::Unusable => {
            let hint =
                "nothing was collected yet, so there is nothing to try again: run `trailhound collect`";
            Failure::new(Exit::Failed, error.to_string(), hint)
        }
        _ => error.into(),
    }
}

/// For the record of changes; the user id beside it comes from the system.
fn user_name() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| "unnamed".to_owned())
}

/// The user that this process runs as owns what it has opened for writing: the lock it holds now.
fn owner_of(data_dir: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let held = std::fs::metadata("/proc/self").or_else(|_| std::fs::metadata(data_dir));
    held.map_or_else(|_| "unknown".to_owned(), |meta| meta.uid().to_string())
}
