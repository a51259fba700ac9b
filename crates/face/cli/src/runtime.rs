//! The runtime, built by hand.

use std::future::Future;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::exit::Exit;
use crate::failure::Failure;

/// Fewest worker threads: a file output blocks its worker while it writes.
const MIN_WORKERS: usize = 2;
/// How long tasks that nobody waits for may take at the end.
const END_GRACE: Duration = Duration::from_secs(2);

/// Runs a command's future to its end on a runtime with one worker per available core.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    install_crypto();
    let runtime = build()?;
    let ended = runtime.block_on(work);
    runtime.shutdown_timeout(END_GRACE);
    ended
}

fn build() -> Result<Runtime, Failure> {
    let workers = available_parallelism().map_or(MIN_WORKERS, |cores| cores.get().max(MIN_WORKERS));
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().map_err(|error| {
        let hint = "the system refuses threads or file descriptors: look at `ulimit -a`";
        Failure::new(Exit::Failed, format!("failed to start the runtime: {error}"), hint)
    })
}

/// The process-wide TLS provider. An installed one stays.
fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
