//! `trailhound prove`: the coverage ledger, read beside a running daemon.

mod changes;
mod export;
mod proof;
mod text;

use std::path::Path;

use trailhound_config::Config;
use trailhound_env::Clock;
use trailhound_journal::{JournalErrorKind, JournalReader, SqliteJournal, StreamReport};
use trailhound_model::{StreamCounts, StreamKey};

use self::export::Scope;
use self::proof::{Proof, Range};
use crate::args::ProveArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::setup;

pub(crate) fn prove(args: &ProveArgs) -> Result<Exit, Failure> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && to <= from
    {
        let what = format!("`--to {to}` is not after `--from {from}`");
        return Err(Failure::new(Exit::Usage, what, "the span goes from `--from` to before `--to`"));
    }
    let now = trailhound_env::SystemClock::default().now();
    if let Some(from) = args.from.filter(|from| now < *from) {
        let what = format!("`--from {from}` lies in the future: nothing can be covered there yet");
        return Err(Failure::new(Exit::Usage, what, format!("it is {now} now")));
    }
    if !args.verify.is_empty() {
        return export::verify(&args.verify, args.public_key.as_deref());
    }
    let config = setup::load_config(&args.file.config)?;
    if let Some(given) = &args.public_key {
        if !given.is_empty() {
            let what = "`--public-key` with a key goes with `--verify FILE`";
            return Err(Failure::new(Exit::Usage, what, "without a key it prints this data folder's"));
        }
        return export::public_key(&config.data_dir);
    }
    let journal = open_journal(&config.data_dir)?;
    let choose = |mut reports: Vec<StreamReport>| {
        add_missing(&mut reports, &config);
        keep_chosen(&mut reports, args)?;
        Ok(reports)
    };
    let range = Range { from: args.from, to: args.to, now };
    if let Some(path) = &args.export {
        return export::export(&journal, &Scope { config: &config, range: &range, choose: &choose }, path);
    }
    let reports = choose(journal.report()?)?;
    let outputs: Vec<_> = config.outputs.iter().map(|output| output.name().clone()).collect();
    let mut proof = Proof::new(&reports, &outputs, &range);
    proof.changes = changes::newest(&journal, args.app.as_ref())?;
    if args.json {
        output::print_json(&proof)?;
    } else {
        output::print(&text::render(&proof))?;
    }
    Ok(proof.exit())
}

fn open_journal(data_dir: &Path) -> Result<JournalReader, Failure> {
    SqliteJournal::open_read_only(data_dir).map_err(|error| match error.kind {
        JournalErrorKind::Unusable => {
            let hint = "run `trailhound collect` first, or check that `data_dir` is the right folder and can be read";
            Failure::new(Exit::Failed, error.to_string(), hint)
        }
        _ => error.into(),
    })
}

/// A configured stream that the journal does not know yet is not proven: it is shown as such.
fn add_missing(reports: &mut Vec<StreamReport>, config: &Config) {
    for application in &config.applications {
        for stream in &application.streams {
            let key = StreamKey { instance: application.name.clone(), stream: stream.clone() };
            if !reports.iter().any(|report| report.key == key) {
                reports.push(nothing_yet(key));
            }
        }
    }
    reports.sort_by(|a, b| a.key.cmp(&b.key));
}

fn nothing_yet(key: StreamKey) -> StreamReport {
    StreamReport {
        key,
        counts: StreamCounts::default(),
        horizon: None,
        covered: Vec::new(),
        gaps: Vec::new(),
        failing: Vec::new(),
        newest_blob: None,
        last_journalled_at: None,
        deliveries: Vec::new(),
    }
}

fn keep_chosen(reports: &mut Vec<StreamReport>, args: &ProveArgs) -> Result<(), Failure> {
    let Some(app) = &args.app else { return Ok(()) };
    let mut known: Vec<String> = reports.iter().map(|report| report.key.instance.to_string()).collect();
    reports.retain(|report| report.key.instance == *app);
    if reports.is_empty() {
        known.dedup();
        let what =
            format!("there is no application `{app}`, neither in the configuration nor in the journal");
        return Err(Failure::new(Exit::Usage, what, format!("choose among: {}", known.join(", "))));
    }
    Ok(())
}
