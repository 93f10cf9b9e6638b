//! Standard output carries the result and nothing else; complaints go to standard error.

use crate::error::Error;
use crate::exit::Exit;
use std::io::{self, Write as _};

/// Writes the whole text at once. A reader that has gone away (`| head -1`) is no failure: what it read is
/// what it wanted.
///
/// # Errors
/// Any other failure to write, such as a full disk.
pub(super) fn print(text: &str, exit: Exit) -> Result<Exit, Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(exit),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit),
        Err(error) => Err(error.into()),
    }
}

/// The same on standard error, where standard output is another program's. Whoever closed it does not want to know.
pub(super) fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// One line on standard error; if even that is closed, the exit code has to do.
pub(super) fn complain(error: &Error) {
    remark(&error.to_string());
}

/// The same for what is no error.
pub(super) fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "whyconn: {text}");
}
