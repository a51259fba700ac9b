//! The project's chores, run as `cargo xtask NAME`.
//!
//! What it is: one small program without heavy dependencies; a file for each chore.
//! What it promises: a chore does its own set-up on a machine that has Rust, a C compiler and Node 20+, and ends
//! with a non-zero code when what it checks is not so.
//! What it never does: change files that are in git, or take part in the product.
//! Where to start: [`CHORES`].

mod bench;
mod demo;
mod error;
mod fuzz;
mod layers;
mod metadata;
mod process;
mod sim;
mod test;
mod tidy;

use std::process::ExitCode;

use error::ChoreError;

/// A chore: its name, what it is for, and the function that does it with the remaining arguments.
struct Chore {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), ChoreError>,
}

const CHORES: &[Chore] = &[
    Chore { name: "demo", about: "run the main job: simulator, collector and a live view", run: demo::run },
    Chore { name: "test", about: "pass the tests; arguments go to the test runner", run: test::run },
    Chore { name: "layers", about: "check that the crates' arrows keep to the layers", run: layers::run },
    Chore { name: "tidy", about: "check file lengths, `unwrap` density, attributes", run: tidy::run },
    Chore {
        name: "bench",
        about: "NAME: measure against curl (`collect`), `idle`, `memory`, or use of a quota (`governor`)",
        run: bench::run,
    },
    Chore {
        name: "fuzz",
        about: "[TARGET].. [--seconds N]: look for inputs that break a promise (needs a C++ compiler)",
        run: fuzz::run,
    },
    Chore {
        name: "sim",
        about: "[--seeds N] [--scenario NAME].. [--seed S]: play the simulated worlds",
        run: sim::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        println!("{}", usage());
        return ExitCode::SUCCESS;
    };
    let Some(chore) = CHORES.iter().find(|chore| chore.name == name) else {
        eprintln!("error: there is no chore `{name}`\n\n{}", usage());
        return ExitCode::from(2);
    };
    match (chore.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let lines: Vec<String> =
        CHORES.iter().map(|chore| format!("    {:<8}{}", chore.name, chore.about)).collect();
    format!("cargo xtask CHORE [ARGUMENTS]\n\n{}", lines.join("\n"))
}
