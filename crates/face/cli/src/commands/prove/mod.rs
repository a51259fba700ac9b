//! `trailhound prove`: the coverage ledger, read beside a running daemon.

mod proof;
mod text;

use trailhound_env::Clock;
use trailhound_journal::{SqliteJournal, StreamReport};

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
    let config = setup::load_config(&args.file.config)?;
    let mut reports = SqliteJournal::open_read_only(&config.data_dir)?.report()?;
    keep_chosen(&mut reports, args)?;

    let range = Range { from: args.from, to: args.to, now: trailhound_env::SystemClock::default().now() };
    let outputs: Vec<_> = config.outputs.iter().map(|output| output.name().clone()).collect();
    let proof = Proof::new(&reports, &outputs, &range);
    if args.json {
        output::print_json(&proof)?
    } else {
        output::print(&text::render(&proof))?
    }
    Ok(proof.exit())
}

fn keep_chosen(reports: &mut Vec<StreamReport>, args: &ProveArgs) -> Result<(), Failure> {
    let Some(app) = &args.app else { return Ok(()) };
    let mut known: Vec<String> = reports.iter().map(|report| format!("`{}`", report.key.instance)).collect();
    reports.retain(|report| report.key.instance == *app);
    if reports.is_empty() {
        known.dedup();
        let what = format!("the journal knows no application `{app}`");
        return Err(Failure::new(Exit::Usage, what, format!("it knows {}", known.join(", "))));
    }
    Ok(())
}
