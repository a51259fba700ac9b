//! The result, as a person and as a program reads it.

use crate::ContestArguments;
use crate::contestants::Contestant;
use crate::machine;
use crate::measure::Usage;
use crate::workload::Workload;

/// Collecting shall cost at most this many times the CPU time of downloading.
const AIM_CPU_RATIO: f64 = 2.0;
/// And at most this much memory at any time.
const AIM_PEAK_RSS_MB: f64 = 150.0;

/// Prints all rounds, the medians, their ratio and the surroundings.
pub(crate) fn print(workload: &Workload, rounds: &[(Contestant, Usage)], arguments: &ContestArguments) {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!();
    println!(
        "{} records in {} gzip blobs over TLS: {:.0} MB, {:.1} MB on the wire; all of them once, byte by byte",
        workload.records.len(),
        workload.blobs.len(),
        mb(workload.raw_bytes),
        mb(workload.gzip_bytes),
    );
    println!();
    println!(
        "{:<20}{:>7}{:>10}{:>10}{:>10}{:>10}{:>12}",
        "", "round", "user s", "system s", "CPU s", "wall s", "peak RSS MB"
    );
    for who in [Contestant::Trailhound, Contestant::Curl] {
        let own = rounds.iter().filter(|(runner, _)| *runner == who);
        for (index, (_, usage)) in own.enumerate() {
            line(who.name(), &(index + 1).to_string(), usage);
        }
    }
    let medians = [Contestant::Trailhound, Contestant::Curl].map(|who| median(rounds, who));
    for (who, usage) in [Contestant::Trailhound, Contestant::Curl].iter().zip(&medians) {
        if let Some(usage) = usage {
            line(who.name(), "median", usage);
        }
    }
    println!();
    if let [Some(trailhound), Some(curl)] = &medians {
        aims(trailhound, curl);
    }
    println!("machine  {}", machine::describe());
    println!("commit   {}", machine::commit());
    println!("curl     {}", machine::curl_version());
    println!(
        "command  cargo xtask bench collect --rounds {} --blobs {} --records {} --parallel {}",
        arguments.rounds, arguments.blobs, arguments.records, arguments.parallel
    );
}

fn line(name: &str, round: &str, usage: &Usage) {
    println!(
        "{name:<20}{round:>7}{:>10.2}{:>10.2}{:>10.2}{:>10.2}{:>12.1}",
        usage.user_seconds,
        usage.system_seconds,
        usage.cpu_seconds(),
        usage.wall_seconds,
        usage.peak_rss_bytes as f64 / 1e6,
    );
}

fn aims(trailhound: &Usage, curl: &Usage) {
    let verdict = |met: bool| if met { "met" } else { "MISSED" };
    let ratio = trailhound.cpu_seconds() / curl.cpu_seconds().max(f64::EPSILON);
    let rss = trailhound.peak_rss_bytes as f64 / 1e6;
    println!(
        "CPU      {ratio:.2} x curl's (aim: at most {AIM_CPU_RATIO:.1}): {}",
        verdict(ratio <= AIM_CPU_RATIO)
    );
    println!("memory   {rss:.0} MB (aim: at most {AIM_PEAK_RSS_MB:.0}): {}", verdict(rss <= AIM_PEAK_RSS_MB));
}

/// Each figure's own median; `None` without a round.
fn median(rounds: &[(Contestant, Usage)], who: Contestant) -> Option<Usage> {
    let own: Vec<&Usage> =
        rounds.iter().filter(|(runner, _)| *runner == who).map(|(_, usage)| usage).collect();
    let middle = |figure: fn(&Usage) -> f64| {
        let mut figures: Vec<f64> = own.iter().map(|usage| figure(usage)).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied()
    };
    let peak = {
        let mut peaks: Vec<u64> = own.iter().map(|usage| usage.peak_rss_bytes).collect();
        peaks.sort_unstable();
        peaks.get(peaks.len() / 2).copied()
    };
    Some(Usage {
        user_seconds: middle(|usage| usage.user_seconds)?,
        system_seconds: middle(|usage| usage.system_seconds)?,
        wall_seconds: middle(|usage| usage.wall_seconds)?,
        peak_rss_bytes: peak?,
        exit_code: Some(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_taken_figure_by_figure_and_by_contestant() {
        let used = |seconds: f64, bytes: u64| Usage {
            user_seconds: seconds,
            peak_rss_bytes: bytes,
            ..Usage::default()
        };
        let rounds = [
            (Contestant::Trailhound, used(3.0, 10)),
            (Contestant::Curl, used(9.0, 90)),
            (Contestant::Trailhound, used(1.0, 30)),
            (Contestant::Trailhound, used(2.0, 20)),
        ];
        let median = |who| median(&rounds, who).map(|usage| (usage.user_seconds, usage.peak_rss_bytes));
        assert_eq!(median(Contestant::Trailhound), Some((2.0, 20)));
        assert_eq!(median(Contestant::Curl), Some((9.0, 90)));
    }
}
