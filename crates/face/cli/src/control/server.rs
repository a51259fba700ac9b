//! The daemon's side of the control socket.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use trailhound_env::Clock;
use trailhound_journal::Journal;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::by_hand::Controls;

use super::status::status_of;
use super::wire::{Command, Reply, Request};
use super::{MAX_REQUEST_BYTES, SOCKET, carry_out};

/// Connections that are answered at once; more wait.
const MAX_CONNECTIONS: usize = 4;
/// How long a request may take to arrive.
const READ_PATIENCE: Duration = Duration::from_secs(5);
/// How long carrying a request out may take.
const WORK_PATIENCE: Duration = Duration::from_mins(5);
/// Pause after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Answers until it is dropped, and then takes the socket away.
pub(crate) struct ControlServer {
    path: PathBuf,
    serving: JoinHandle<()>,
}

struct Shared {
    journal: Arc<dyn Journal>,
    controls: Controls,
    clock: Arc<dyn Clock>,
    owner: u32,
    board: Box<dyn Fn() -> Board + Send + Sync>,
}

impl ControlServer {
    /// Makes the socket. The caller holds the folder, so one that is there already is of a process that is gone.
    /// Without a socket the daemon works all the same: the log says why. `board`: the present one.
    pub(crate) fn start(
        data_dir: &Path,
        journal: &Arc<dyn Journal>,
        controls: &Controls,
        clock: &Arc<dyn Clock>,
        board: impl Fn() -> Board + Send + Sync + 'static,
    ) -> Option<Self> {
        let path = data_dir.join(SOCKET);
        let (listener, owner) = match make_socket(&path) {
            Ok(made) => made,
            Err(error) => {
                let hint = socket_hint(&error);
                tracing::warn!(socket = %path.display(), %error, hint, "no control socket");
                return None;
            }
        };
        let shared = Shared {
            journal: Arc::clone(journal),
            controls: controls.clone(),
            clock: Arc::clone(clock),
            owner,
            board: Box::new(board),
        };
        Some(Self { path, serving: tokio::spawn(serve(listener, Arc::new(shared))) })
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.serving.abort();
        // A socket that stays is recognised as stale by the next one who asks.
        let _ = fs::remove_file(&self.path);
    }
}

fn socket_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory => {
            "a folder has its name: remove it and start the daemon again; until then `trailhound app` needs the \
             daemon stopped"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space and start the daemon again; until then `trailhound app` needs the daemon stopped"
        }
        _ => "`trailhound app` needs the daemon stopped; a shorter path of `data_dir` may help",
    }
}

/// Under another name until its mode is right; answers also who owns it.
fn make_socket(path: &Path) -> io::Result<(UnixListener, u32)> {
    let unfinished = path.with_extension("new");
    if let Err(error) = fs::remove_file(&unfinished)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let listener = UnixListener::bind(&unfinished)?;
    fs::set_permissions(&unfinished, Permissions::from_mode(0o600))?;
    let owner = fs::metadata(&unfinished)?.uid();
    fs::rename(&unfinished, path)?;
    Ok((listener, owner))
}

async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((connection, _)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    answer(connection, &shared).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket takes no connection");
                shared.clock.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answer(mut connection: UnixStream, shared: &Shared) {
    let reply = match within(shared, READ_PATIENCE, read(&mut connection)).await {
        None => refused("the request did not arrive in time", ""),
        Some(Err(error)) => refused(&format!("failed to read the request: {error}"), ""),
        Some(Ok(request)) => match within(shared, WORK_PATIENCE, work(request, &connection, shared)).await {
            Some(reply) => reply,
            None => {
                refused("it takes too long", "the daemon may go on with it: look with `trailhound prove`")
            }
        },
    };
    let Ok(mut line) = serde_json::to_vec(&reply) else { return };
    line.push(b'\n');
    let send = async {
        connection.write_all(&line).await?;
        connection.shutdown().await
    };
    if let Some(Err(error)) = within(shared, READ_PATIENCE, send).await {
        tracing::debug!(%error, "whoever asked on the control socket has gone");
    }
}

async fn read(connection: &mut UnixStream) -> io::Result<Request> {
    let mut line = String::new();
    BufReader::new(connection.take(MAX_REQUEST_BYTES)).read_line(&mut line).await?;
    serde_json::from_str(&line).map_err(io::Error::other)
}

async fn work(request: Request, connection: &UnixStream, shared: &Shared) -> Reply {
    let peer = match connection.peer_cred() {
        // The mode of the socket says the same; this holds where a file system ignores it.
        Ok(peer) if peer.uid() != shared.owner && peer.uid() != 0 => {
            return refused(
                "this socket is for the user that runs trailhound",
                "run the command as that user",
            );
        }
        Ok(peer) => peer.uid(),
        Err(error) => return refused(&format!("failed to see who asks: {error}"), ""),
    };
    if matches!(request.command, Command::Status) {
        return Reply::Status(status_of(&(shared.board)(), &request.application));
    }
    let who = format!("{} (uid {peer})", request.who);
    let now = shared.clock.now();
    match carry_out(request, &who, &shared.controls, shared.journal.as_ref(), now).await {
        Ok(mut answer) => {
            answer.running = true;
            Reply::Done(answer)
        }
        Err((what, hint)) => Reply::Refused { what, hint },
    }
}

fn refused(what: &str, hint: &str) -> Reply {
    Reply::Refused { what: what.to_owned(), hint: hint.to_owned() }
}

async fn within<T>(shared: &Shared, longest: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = shared.clock.sleep(longest) => None,
    }
}
