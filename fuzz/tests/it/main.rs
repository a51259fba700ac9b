//! Replays the corpora and the crashes of old, without instrumentation.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use trailhound_fuzz::{MAX_INPUT_BYTES, TARGETS, Target, target};

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)
}

fn replay(target: &Target) {
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder("corpus").join(target.name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 10, "the corpus of `{}` holds {} inputs", target.name, inputs.len());
    let mut failed = Vec::new();
    for path in inputs {
        let input = fs::read(&path).unwrap();
        assert!(input.len() <= MAX_INPUT_BYTES, "{}: {} bytes", path.display(), input.len());
        if catch_unwind(|| (target.run)(&input)).is_err() {
            failed.push(path.display().to_string());
        }
    }
    assert!(
        failed.is_empty(),
        "these inputs break a promise (their words are above):\n{}",
        failed.join("\n")
    );
}

#[test]
fn every_folder_and_dictionary_belongs_to_a_target() {
    for (kind, ending) in [("corpus", ""), ("dict", ".dict")] {
        let mut names: Vec<String> = fs::read_dir(folder(kind))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let mut expected: Vec<String> =
            TARGETS.iter().map(|target| format!("{}{ending}", target.name)).collect();
        expected.sort();
        assert_eq!(names, expected);
    }
}

macro_rules! replays {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            replay(target(stringify!($name)).unwrap());
        }
    )*
        #[test]
        fn every_target_is_replayed() {
            assert_eq!([$(stringify!($name)),*].len(), TARGETS.len());
        }
    };
}

replays!(splitter headers token api_error config config_secret template);
