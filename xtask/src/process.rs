//! Starting other programs.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::ChoreError;

/// The cargo that runs this chore.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace_root());
    command
}

/// The folder of the workspace.
pub(crate) fn workspace_root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}

/// Runs a program on this terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), ChoreError> {
    let status = command.status().map_err(|source| start_error(command, source))?;
    if status.success() { Ok(()) } else { Err(ChoreError::Ended { command: describe(command), status }) }
}

/// Runs a program and returns its standard output; its standard error goes to this terminal.
pub(crate) fn read(command: &mut Command) -> Result<String, ChoreError> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|source| start_error(command, source))?;
    if !output.status.success() {
        return Err(ChoreError::Ended { command: describe(command), status: output.status });
    }
    String::from_utf8(output.stdout)
        .map_err(|error| ChoreError::Answer { command: describe(command), why: error.to_string() })
}

/// Whether a program starts and ends well, silently.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The command as a person would type it.
pub(crate) fn describe(command: &Command) -> String {
    let mut text = std::path::Path::new(command.get_program())
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

fn start_error(command: &Command, source: std::io::Error) -> ChoreError {
    ChoreError::Start { program: command.get_program().to_string_lossy().into_owned(), source }
}
