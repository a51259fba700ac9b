//! The targets under libFuzzer: one program for all of them, so that the product is linked once.
#![no_main]

use std::sync::OnceLock;

use trailhound_fuzz::{TARGETS, Target, target};

/// Names the target.
const TARGET_VARIABLE: &str = "TRAILHOUND_FUZZ_TARGET";

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(init: choose(), |data: &[u8]| {
    if let Some(target) = CHOSEN.get() {
        (target.run)(data);
    }
});

fn choose() {
    let name = std::env::var(TARGET_VARIABLE).unwrap_or_default();
    let Some(found) = target(&name) else {
        let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("error: {TARGET_VARIABLE} must be one of {}", known.join(", "));
        std::process::exit(2);
    };
    let _ = CHOSEN.set(found);
}
