//! What the scenario itself expects, and what the log must not hold.

use tracing::Level;

use super::Evidence;

impl Evidence<'_> {
    pub(super) fn judge_expectations(&mut self) {
        let expect = &self.scenario.expect;
        let mut findings = Vec::new();
        for (counter, least) in &expect.at_least {
            let found = self.counters.get(counter);
            if found < *least {
                findings.push(format!("{counter}: {found}, expected at least {least}"));
            }
        }
        for (counter, most) in &expect.at_most {
            let found = self.counters.get(counter);
            if found > *most {
                findings.push(format!("{counter}: {found}, expected at most {most}"));
            }
        }
        if let Some(longest) = expect.max_lag.map(|lag| lag.longest().as_secs()) {
            let lag = self.counters.get("lag_seconds");
            if lag > longest {
                findings.push(format!(
                    "a record came {lag} s after it was visible, at most {longest} s expected"
                ));
            }
        }
        findings.extend(self.missing_states());
        findings.extend(self.wrong_log());
        findings.extend(self.wrong_failures());
        self.all_wrong(findings);
    }

    fn missing_states(&self) -> Vec<String> {
        let expect = &self.scenario.expect;
        let (seen, at_end) = (&self.end.states_seen, &self.end.last_states);
        let missing = expect.health_seen.iter().filter(|state| !seen.contains(*state));
        let mut findings: Vec<String> =
            missing.map(|state| format!("no stream was ever `{state}`; seen: {seen:?}")).collect();
        if !expect.health_at_end.is_empty() {
            let wrong = at_end.iter().filter(|state| !expect.health_at_end.contains(state));
            findings.extend(wrong.map(|state| format!("a stream is `{state}` at the end")));
        }
        findings
    }

    fn wrong_log(&self) -> Vec<String> {
        let expect = &self.scenario.expect;
        let mut findings = Vec::new();
        for text in &expect.log_contains {
            if !self.log.iter().any(|line| line.text.contains(text)) {
                findings.push(format!("the log does not say `{text}`"));
            }
        }
        let expected = |text: &str| expect.log_errors.iter().any(|known| text.contains(known));
        let errors = self.log.iter().filter(|line| line.level == Level::ERROR && !expected(&line.text));
        findings.extend(errors.map(|line| format!("logged as an error: {}", line.text)));
        findings
    }

    fn wrong_failures(&self) -> Vec<String> {
        let (expected, told) = (&self.scenario.expect.failures, &self.end.failures);
        let texts: Vec<String> =
            told.iter().map(|failure| format!("{:?}: {}", failure.place, failure.what)).collect();
        if expected.is_empty() {
            return texts.into_iter().map(|text| format!("the collection failed: {text}")).collect();
        }
        let missing = expected.iter().filter(|text| !texts.iter().any(|told| told.contains(*text)));
        missing.map(|text| format!("no failure tells `{text}`; told: {texts:?}")).collect()
    }
}
