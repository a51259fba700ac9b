//! The side that asks: small, without a runtime.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::wire::{Answer, Reply, Request};
use super::{MAX_ANSWER_BYTES, SOCKET};
use crate::exit::Exit;
use crate::failure::Failure;

/// How long a daemon may take with a request.
const PATIENCE: Duration = Duration::from_mins(5);

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
            let hint = "run the command as the user that runs the daemon";
            let what = format!("failed to reach the daemon at `{}`: {error}", path.display());
            return Err(Failure::new(Exit::Failed, what, hint));
        }
    };
    match exchange(connection, &request) {
        Ok(Reply::Done(answer)) => Ok(Reached::Done(answer)),
        Ok(Reply::Refused { what, hint }) => {
            Err(Failure::new(Exit::Failed, format!("the daemon refused: {what}"), hint))
        }
        Err(error) => {
            let hint = "look into the daemon's log; the command can be run again";
            Err(Failure::new(Exit::Failed, format!("the daemon did not answer: {error}"), hint))
        }
    }
}

fn exchange(mut connection: UnixStream, request: &Request) -> io::Result<Reply> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    connection.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(connection.take(MAX_ANSWER_BYTES)).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}
