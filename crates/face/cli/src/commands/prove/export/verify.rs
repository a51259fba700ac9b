//! `trailhound prove --verify`: is a report whole, and do several follow one another.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use trailhound_proof::{Broken, Head, MAX_LINE_BYTES, PublicKey, Verified, Verifier};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, count, plural};

/// Columns before the words of a line, and of a line in all.
const LABEL_COLUMNS: usize = 12;
const WIDTH: usize = 100;

/// Checks each, in this order, and that each follows the one before it.
pub(crate) fn verify(paths: &[PathBuf], key: Option<&str>) -> Result<Exit, Failure> {
    let key = key.map(read_key).transpose()?;
    let mut text = String::new();
    let mut previous: Option<Verified> = None;
    let mut exit = Exit::Done;
    let mut keys: Vec<(String, Vec<String>)> = Vec::new();
    for path in paths {
        match verify_one(path, key)? {
            Ok(verified) => {
                describe(&mut text, path, &verified, key.is_some());
                let (name, sealed_by) = (path.display().to_string(), &verified.header.public_key);
                match keys.iter_mut().find(|(known, _)| known == sealed_by) {
                    Some((_, names)) => names.push(name),
                    None => keys.push((sealed_by.clone(), vec![name])),
                }
                if let Some(before) = previous.replace(verified.clone())
                    && !follows(&before, &verified)
                {
                    exit = Exit::Failed;
                    let _ = writeln!(
                        text,
                        "✗ It does not follow the report before it: one is missing or replaced."
                    );
                }
            }
            Err(broken) => {
                exit = Exit::Failed;
                previous = None;
                let _ =
                    writeln!(text, "{}\n✗ Broken at line {}: {}.", path.display(), broken.line, broken.what);
            }
        }
    }
    if keys.len() > 1 {
        exit = Exit::Failed;
        tell_keys(&mut text, &keys);
    }
    output::print(&text)?;
    Ok(exit)
}

/// Each report is whole by itself; only whoever made them can say why they were not sealed by the same hand.
fn tell_keys(text: &mut String, keys: &[(String, Vec<String>)]) {
    let _ = writeln!(
        text,
        "✗ They are sealed with {} keys: a key was lost or replaced, or another hand sealed some.",
        keys.len()
    );
    for (key, names) in keys {
        let _ = writeln!(text, "  {key}\n    {}", names.join(", "));
    }
}

fn verify_one(path: &Path, key: Option<PublicKey>) -> Result<Result<Verified, Broken>, Failure> {
    let unreadable = |error: io::Error| {
        let what = format!("failed to read the report `{}`: {error}", path.display());
        Failure::new(Exit::Usage, what, "name a file that `trailhound prove --export` made")
    };
    let mut input = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut verifier = Verifier::new(key);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let limit = MAX_LINE_BYTES as u64 + 1;
        let read = input.by_ref().take(limit).read_until(b'\n', &mut line).map_err(unreadable)?;
        if read == 0 && number == 1 {
            return Ok(Err(Broken { line: 1, what: "the file is empty".to_owned() }));
        }
        if read == 0 {
            break;
        }
        let what = match line.pop() {
            Some(b'\n') => match verifier.line(&line) {
                Ok(()) => continue,
                Err(broken) => return Ok(Err(broken)),
            },
            _ if read > MAX_LINE_BYTES => "it is longer than any line of a report",
            _ => "its end is missing: the report was cut off",
        };
        return Ok(Err(Broken { line: number, what: what.to_owned() }));
    }
    Ok(verifier.finish())
}

fn follows(before: &Verified, after: &Verified) -> bool {
    after.previous == before.head
        && after.header.ledger == before.header.ledger
        && after.header.export == before.header.export + 1
}

fn describe(text: &mut String, path: &Path, verified: &Verified, key_was_given: bool) {
    let (header, totals) = (&verified.header, &verified.totals);
    let told = &totals.told;
    let _ = writeln!(text, "{}", path.display());
    let _ = writeln!(text, "  report     {} of the ledger {}", header.export, header.ledger);
    let _ = writeln!(text, "  made       {} by {}", header.made_at, header.product);
    let span = match (&header.from, &header.to) {
        (None, None) => "all that was ever covered".to_owned(),
        (from, to) => {
            let side = |side: &Option<String>, open: &str| side.clone().unwrap_or_else(|| open.to_owned());
            format!("{} to {}", side(from, "the beginning"), side(to, "the end"))
        }
    };
    let _ = writeln!(text, "  span       {span}");
    for application in &header.applications {
        let _ = writeln!(text, "  tenant     {} ({})", application.tenant_id, application.name);
    }
    let _ = writeln!(
        text,
        "  blobs      {} = {} journalled + {} in gaps + {} pending",
        count(told.listed),
        count(told.journalled),
        count(told.gap),
        count(told.pending)
    );
    let _ = writeln!(text, "  records    {}, {}", count(told.records), plural(told.duplicates, "duplicate"));
    let first = verified.previous == Head::NONE;
    let before = if first { "none: the first of its series".to_owned() } else { verified.previous.to_hex() };
    let _ = writeln!(text, "  follows    {before}");
    let _ = writeln!(text, "  key        {}", header.public_key);
    for warning in &header.warnings {
        output::row(text, "WARNING", warning, LABEL_COLUMNS, WIDTH);
    }
    let account = match (totals.balanced, totals.complete) {
        (true, true) => "complete, and the sums balance",
        (true, false) => "not complete: holes, gaps or pending blobs; the sums balance",
        (false, _) => "the sums of the ledger do NOT balance",
    };
    let _ = writeln!(text, "  it says    {account}");
    let _ = writeln!(
        text,
        "✓ Whole: {} in an unbroken chain, sealed, and the sums agree.",
        plural(verified.lines, "line")
    );
    if !key_was_given {
        let _ = writeln!(
            text,
            "  The key is the one that the file names itself. Compare it with what\n  \
             `trailhound prove --public-key` prints, or give it with `--public-key`."
        );
    }
}

/// The key itself, or a file that holds it.
fn read_key(given: &str) -> Result<PublicKey, Failure> {
    let hint = "give what `trailhound prove --public-key` prints, or a file with it";
    let read = std::fs::read_to_string(given);
    PublicKey::parse(read.as_deref().unwrap_or(given)).map_err(|error| {
        let what = match read {
            Ok(_) => format!("failed to {error}: `{given}`"),
            Err(unread) => format!("`{given}` is no key, and as a file it cannot be read: {unread}"),
        };
        Failure::new(Exit::Usage, what, hint)
    })
}
