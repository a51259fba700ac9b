//! The side that asks: small, without a runtime.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::status::Status;
use super::wire::{Answer, Command, Reply, Request, VERSION};
use super::{MAX_ANSWER_BYTES, SOCKET};
use crate::exit::Exit;
use crate::failure::Failure;

/// How long a daemon may take with an order.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to say how it is.
const STATUS_PATIENCE: Duration = Duration::from_secs(3);

/// Whether a daemon answered.
pub(crate) enum Reached {
    /// It did, and this is what it did.
    Done(Answer),
    /// There is none; a socket that may be there is of one that is gone.
    Nobody(Request),
}

/// Asks the daemon that has this data folder.
pub(crate) fn ask(data_dir: &Path, request: Request) -> Result<Reached, Failure> {
    let path = data_dir.join(SOCKET);
    let connection = match UnixStream::connect(&path) {
        Ok(connection) => connection,
        // A path too long for a socket has no daemon behind it either.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput
            ) =>
        {
            return Ok(Reached::Nobody(request));
        }
        Err(error) => {
            let hint = if path.is_dir() {
                "a folder has the name of the daemon's socket: remove it and start the daemon again"
            } else {
                "run the command as the user that runs the daemon"
            };
            let what = format!("failed to reach the daemon at `{}`: {error}", path.display());
            return Err(Failure::new(Exit::Failed, what, hint));
        }
    };
    match exchange(connection, &request, PATIENCE) {
        Ok(Reply::Done(answer)) => Ok(Reached::Done(answer)),
        Ok(Reply::Refused { what, hint }) => {
            Err(Failure::new(Exit::Failed, format!("the daemon refused: {what}"), hint))
        }
        Ok(Reply::Status(_)) => Err(Failure::new(Exit::Failed, "the daemon answered another question", "")),
        Err(error) => {
            let hint = "look whether the daemon is stopped or busy, and into its log; it may carry the order out yet \
                        (`trailhound prove` tells), and the command can be run again";
            Err(Failure::new(Exit::Failed, format!("the daemon did not answer: {}", words(&error)), hint))
        }
    }
}

/// Asks the daemon how it is; why it does not say, in words.
pub(crate) fn ask_status(data_dir: &Path, application: Option<String>) -> Result<Status, String> {
    let connection = UnixStream::connect(data_dir.join(SOCKET)).map_err(|error| error.to_string())?;
    let request = Request {
        version: VERSION,
        application: application.unwrap_or_default(),
        stream: None,
        command: Command::Status,
        who: String::new(),
    };
    match exchange(connection, &request, STATUS_PATIENCE) {
        Ok(Reply::Status(status)) => Ok(status),
        Ok(Reply::Refused { what, .. }) => Err(what),
        Ok(Reply::Done(_)) => Err("it answered another question".to_owned()),
        Err(error) => Err(words(&error)),
    }
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "it said nothing in time".to_owned(),
        ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
        _ => error.to_string(),
    }
}

fn exchange(mut connection: UnixStream, request: &Request, patience: Duration) -> io::Result<Reply> {
    connection.set_read_timeout(Some(patience))?;
    connection.set_write_timeout(Some(patience))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    connection.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(connection.take(MAX_ANSWER_BYTES)).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}
