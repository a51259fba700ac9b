//! The binary as a child process. Every wait has a bound.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use trailhound_env::{Clock, SystemClock};

use super::files::read;

/// Longest wait for anything, unless a test says otherwise.
const PATIENCE: Duration = Duration::from_mins(3);
/// Time between looks.
const LOOK: Duration = Duration::from_millis(20);

/// What a finished child left behind.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A child that may still run. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    clock: SystemClock,
}

/// Runs the binary in `folder` to its end.
pub(crate) fn trailhound(folder: &Path, args: &[&str]) -> Finished {
    Running::start(folder, args).finish()
}

impl Running {
    /// Starts the binary in `folder` with a plain environment; what it prints goes into files there.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let stdout = folder.join(format!(".stdout-{number}"));
        let stderr = folder.join(format!(".stderr-{number}"));
        let child = Command::new(env!("CARGO_BIN_EXE_trailhound"))
            .args(args)
            .current_dir(folder)
            .env_clear()
            .env("COLUMNS", "100")
            .env("TMPDIR", folder)
            .env("NO_PROXY", "*")
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Self { child, stdout, stderr, clock: SystemClock::default() }
    }

    /// Waits for the end.
    pub(crate) fn finish(mut self) -> Finished {
        let status = self.wait_for(PATIENCE).unwrap_or_else(|| {
            panic!("it did not end in {PATIENCE:?}; stderr: {}", self.stderr());
        });
        Finished { code: status.code(), stdout: self.stdout(), stderr: self.stderr() }
    }

    /// Waits at most so long.
    pub(crate) fn wait_for(&mut self, longest: Duration) -> Option<ExitStatus> {
        let until = self.clock.monotonic() + longest;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if self.clock.monotonic() >= until {
                return None;
            }
            std::thread::sleep(LOOK.min(longest));
        }
    }

    /// Waits until something is so, while the child lives.
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let until = self.clock.monotonic() + PATIENCE;
        while !is_so(self) {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(is_so(self), "ended with {status} before: {what}; stderr: {}", self.stderr());
                return;
            }
            let waited_too_long = self.clock.monotonic() >= until;
            assert!(!waited_too_long, "not in {PATIENCE:?}: {what}; stderr: {}", self.stderr());
            std::thread::sleep(LOOK);
        }
    }

    /// Its process number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stdout(&self) -> String {
        read(&self.stdout)
    }

    pub(crate) fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// SIGKILL, and waits for the corpse.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Another signal, by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(sent.success(), "kill -{name} {pid}: {sent}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
