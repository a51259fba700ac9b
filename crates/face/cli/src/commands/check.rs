//! `trailhound check`: every precondition, with cause and cure.

use std::fmt::Write as _;

use serde::Serialize;
use trailhound_config::Config;
use trailhound_net::TransportPool;
use trailhound_pipeline::check::{
    Finding, Verdict, check_data_dir, check_instance, check_journal, check_output,
};
use trailhound_pipeline::site::{self, Surroundings};

use crate::args::CheckArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::runtime::block_on;
use crate::setup;

pub(crate) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let config = setup::load_to_collect(&args.file.config)?;
    block_on(async {
        let findings = findings(&config, &setup::surroundings()).await?;
        if args.json {
            output::print_json(&report(&findings))?;
        } else {
            output::print(&text(&findings))?;
        }
        Ok(exit(&findings))
    })
}

/// The machine first, then instance by instance, then the outputs.
async fn findings(config: &Config, around: &Surroundings) -> Result<Vec<Finding>, Failure> {
    let instances = site::instances(config, &[], &TransportPool::new(), around)?;
    let outputs = site::outputs(config, around)?;
    let mut findings = vec![check_data_dir(&config.data_dir)];
    findings.extend(check_journal(&config.data_dir));
    for instance in &instances {
        findings.extend(check_instance(instance, around.clock.as_ref()).await);
    }
    for mut output in outputs {
        findings.push(check_output(output.as_mut(), around.clock.now()).await);
    }
    Ok(findings)
}

fn exit(findings: &[Finding]) -> Exit {
    let mut failed = findings.iter().filter(|finding| finding.verdict == Verdict::Failed).peekable();
    if failed.peek().is_none() {
        return Exit::Done;
    }
    if failed.any(|finding| finding.access) { Exit::Access } else { Exit::Failed }
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    findings: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<&'a str>,
    item: &'a str,
    verdict: &'a str,
    what: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    hint: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    link: &'a str,
}

fn report(findings: &[Finding]) -> Report<'_> {
    Report { ok: exit(findings) == Exit::Done, findings: findings.iter().map(row).collect() }
}

fn row(finding: &Finding) -> Row<'_> {
    Row {
        application: finding.instance.as_ref().map(trailhound_model::InstanceName::as_str),
        item: finding.item,
        verdict: match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "failed",
        },
        what: &finding.what,
        hint: &finding.hint,
        link: finding.link,
    }
}

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

fn heading_of(finding: &Finding) -> String {
    match &finding.instance {
        Some(instance) => instance.to_string(),
        None if finding.item == "output" => "outputs".to_owned(),
        None => "this machine".to_owned(),
    }
}

/// A heading for each instance; a line for each finding, with its cure below.
fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut heading = None;
    for finding in findings {
        let of = heading_of(finding);
        if heading.as_ref() != Some(&of) {
            let _ = writeln!(text, "{BOLD}{of}{PLAIN}");
            heading = Some(of);
        }
        let mark = match finding.verdict {
            Verdict::Ok => format!("{GREEN}✓{PLAIN}"),
            Verdict::Warning => format!("{YELLOW}!{PLAIN}"),
            Verdict::Failed => format!("{RED}✗{PLAIN}"),
        };
        let _ = writeln!(text, "  {mark} {:<14} {}", finding.item, finding.what);
        for (label, words) in [("hint: ", finding.hint.as_str()), ("see: ", finding.link)] {
            if finding.verdict != Verdict::Ok && !words.is_empty() {
                let _ = writeln!(text, "    {:<14} {label}{words}", "");
            }
        }
    }
    text.push_str(&conclusion(findings));
    text
}

fn conclusion(findings: &[Finding]) -> String {
    let number = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count() as u64;
    let (failed, doubtful) = (number(Verdict::Failed), number(Verdict::Warning));
    let to_look_at = format!("{} to look at", output::plural(doubtful, "thing"));
    match (failed, doubtful) {
        (0, 0) => "everything is in place\n".to_owned(),
        (0, _) => format!("works, but {to_look_at}\n"),
        (_, 0) => format!("{} in the way\n", output::plural(failed, "thing")),
        _ => format!("{} in the way, {to_look_at}\n", output::plural(failed, "thing")),
    }
}
