//! `trailhound prove --export`: the account as a signed report that others can check without us.
//!
//! One view of the journal, one line in memory at a time.

mod keys;
mod lines;
mod verify;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use trailhound_config::Config;
use trailhound_journal::{JournalError, JournalReader, StreamReport};
use trailhound_model::InstanceName;
use trailhound_proof::{ApplicationLine, ChangeLine, FORMAT, HeaderLine, Line, Writer};

use self::keys::{Keys, Series};
pub(super) use self::verify::verify;
use super::changes::{self, ChangeProof};
use super::proof::{Proof, Range};
use crate::exit::Exit;
use crate::failure::{Failure, file_hint};
use crate::output::{self, plural};

/// What goes into the report.
pub(super) struct Scope<'a> {
    pub(super) config: &'a Config,
    pub(super) range: &'a Range,
    /// Makes the streams' reports ready: adds those that are missing, keeps those that were chosen.
    pub(super) choose: &'a dyn Fn(Vec<StreamReport>) -> Result<Vec<StreamReport>, Failure>,
}

/// Prints the public key; makes the pair when there is none.
pub(super) fn public_key(data_dir: &Path) -> Result<Exit, Failure> {
    let public = match Keys::public(data_dir)? {
        Some(public) => public,
        None => Keys::open(data_dir)?.key.public(),
    };
    output::print(&public.to_pem())?;
    Ok(Exit::Done)
}

/// Writes the report. Nothing that is there is overwritten.
pub(super) fn export(journal: &JournalReader, scope: &Scope<'_>, path: &Path) -> Result<Exit, Failure> {
    refuse_to_overwrite(path)?;
    let keys = Keys::open(&scope.config.data_dir)?;
    // Again, now that no other export goes on.
    refuse_to_overwrite(path)?;
    let series = keys.series()?;
    let lost = keys.lost(&series);
    for what in &lost {
        tracing::warn!("{what}; the report says so in its first line");
    }
    let unfinished = unfinished(path);
    let file = make(&unfinished).map_err(|error| unwritten(path, &error))?;
    let mut report =
        Report { out: BufWriter::new(file), writer: Writer::after(series.head()?), path: path.to_owned() };
    let written = journal.in_one_view(|view| report.write(view, scope, &keys, &series, lost));
    let (proof, told) = match written {
        Ok(written) => written,
        Err(OwnFailure(failure)) => {
            // Without its seal it is of no use to anybody.
            let _ = fs::remove_file(&unfinished);
            return Err(failure);
        }
    };
    let head = report.seal(&keys)?;
    // First the series: a report of which nobody has the file is seen as missing, two that follow the same one
    // would both look right.
    keys.advance(series, head)?;
    fs::rename(&unfinished, path).map_err(|error| unwritten(path, &error))?;
    output::print(&format!(
        "{}: {} of {} in {}.\nSealed with the key {}.\n",
        path.display(),
        plural(told.0, "blob"),
        plural(told.1, "stream"),
        plural(told.2, "line"),
        keys.key.public().to_hex()
    ))?;
    Ok(proof)
}

fn refuse_to_overwrite(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        let what = format!("there is a file `{}` already", path.display());
        return Err(Failure::new(Exit::Usage, what, "reports are kept: name another file"));
    }
    Ok(())
}

struct Report {
    out: BufWriter<File>,
    writer: Writer,
    path: PathBuf,
}

/// The reader's closures want one type of failure.
struct OwnFailure(Failure);

impl From<JournalError> for OwnFailure {
    fn from(error: JournalError) -> Self {
        Self(error.into())
    }
}

impl From<Failure> for OwnFailure {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl Report {
    /// All but the seal. Answers the exit code, and how many blobs, streams and lines there are.
    fn write(
        &mut self,
        view: &JournalReader,
        scope: &Scope<'_>,
        keys: &Keys,
        series: &Series,
        lost: Vec<String>,
    ) -> Result<(Exit, (u64, u64, u64)), OwnFailure> {
        let reports = (scope.choose)(view.report()?)?;
        let readers = view.readers()?;
        let outputs: Vec<_> = scope.config.outputs.iter().map(|output| output.name().clone()).collect();
        self.line(&Line::Header(HeaderLine { warnings: lost, ..header(scope, &reports, keys, series) }))?;
        let (mut complete, mut balanced) = (!reports.is_empty(), true);
        for report in &reports {
            // One stream's account at a time.
            let proof = Proof::new(std::slice::from_ref(report), &outputs, scope.range);
            (complete, balanced) = (complete && proof.complete, balanced && proof.balanced);
            let Some(stream) = proof.applications.first().and_then(|app| app.streams.first()) else {
                continue;
            };
            for line in lines::before_blobs(report, stream) {
                self.line(&line)?;
            }
            let within = lines::limits(scope.range);
            view.for_each_blob(&report.key, within, |row| self.line(&lines::blob(&row)).map_err(OwnFailure))?;
            for line in lines::outputs(stream, &readers) {
                self.line(&line)?;
            }
            let retired = if within.is_none() { Some(view.retired(&report.key)?) } else { None };
            let sums = self.writer.sums(lines::in_all(report), retired);
            refuse_unbalanced(report, &sums)?;
            self.line(&sums)?;
        }
        self.changes(view)?;
        let totals = self.writer.totals(complete, balanced);
        let told = match &totals {
            Line::Totals(totals) => (totals.told.listed, totals.streams, totals.lines + 2),
            _ => (0, 0, 0),
        };
        self.line(&totals)?;
        let exit = match (balanced, complete) {
            (false, _) => Exit::Failed,
            (true, false) => Exit::Gaps,
            (true, true) => Exit::Done,
        };
        Ok((exit, told))
    }

    /// What was changed by hand or from outside, ever.
    fn changes(&mut self, view: &JournalReader) -> Result<(), OwnFailure> {
        changes::for_each(view, |ChangeProof { number, change }| {
            self.line(&Line::Change(ChangeLine { number, change })).map_err(OwnFailure)
        })
    }

    fn line(&mut self, line: &Line) -> Result<(), Failure> {
        let text = self.writer.line(line).map_err(|error| {
            Failure::new(Exit::Failed, format!("failed to write a line of the report: {error}"), "")
        })?;
        self.out.write_all(text.as_bytes()).map_err(|error| unwritten(&self.path, &error))
    }

    /// The seal, and the file durable.
    fn seal(mut self, keys: &Keys) -> Result<trailhound_proof::Head, Failure> {
        let (text, head) = self.writer.seal(&keys.key);
        let synced = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .and_then(|()| self.out.get_ref().sync_all());
        synced.map_err(|error| unwritten(&self.path, &error))?;
        Ok(head)
    }
}

/// What the rows say must be what the sums say; a report that hides a difference would be worse than none.
fn refuse_unbalanced(report: &StreamReport, sums: &Line) -> Result<(), Failure> {
    let Line::Sums(sums) = sums else { return Ok(()) };
    let Some(retired) = sums.retired else { return Ok(()) };
    let (listed, journalled) = (sums.told.listed + retired, sums.told.journalled + retired);
    if (listed, journalled) == (sums.in_all.listed, sums.in_all.journalled) {
        return Ok(());
    }
    let what = format!(
        "the ledger of {} does not add up: its rows and {retired} retired ones make {listed} blobs listed and \
         {journalled} journalled, its sums say {} and {}; no report was written",
        report.key, sums.in_all.listed, sums.in_all.journalled
    );
    let hint = "rows were lost or changed: keep a copy of the data folder, and compare it with a backup";
    Err(Failure::new(Exit::Failed, what, hint))
}

/// Names the applications that are told of, and no others.
fn header(scope: &Scope<'_>, reports: &[StreamReport], keys: &Keys, series: &Series) -> HeaderLine {
    let names: BTreeSet<_> = reports.iter().map(|report| &report.key.instance).collect();
    let application = |name: &InstanceName| {
        let settings = scope.config.applications.iter().find(|app| app.name == *name);
        // One that is no longer configured has left its name alone.
        let tenant_id = settings.map(|app| app.tenant_id.clone()).unwrap_or_default();
        ApplicationLine { name: name.to_string(), tenant_id }
    };
    HeaderLine {
        format: FORMAT.to_owned(),
        product: format!("trailhound {}", env!("CARGO_PKG_VERSION")),
        ledger: series.ledger.clone(),
        export: series.exports + 1,
        made_at: scope.range.now.to_string(),
        from: scope.range.from.map(|at| at.to_string()),
        to: scope.range.to.map(|at| at.to_string()),
        applications: names.into_iter().map(application).collect(),
        public_key: keys.key.public().to_hex(),
        warnings: Vec::new(),
    }
}

fn make(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(path)
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let hint = file_hint(error, "name a file in a folder that exists and can be written");
    Failure::new(Exit::Failed, format!("failed to write the report `{}`: {error}", path.display()), hint)
}
