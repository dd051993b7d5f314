//! Unix sockets that the server creates.

use super::MAX_BACKLOG;
use rustix::net::{Shutdown, SocketFlags, accept_with, shutdown};
use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// The owner and the group can connect: that takes the permission to write.
const MODE: u32 = 0o660;

/// A listening Unix socket. Dropping it closes it.
pub(crate) struct UnixSocket {
    pub(crate) listener: UnixListener,
    /// The file that this process created; none for a socket of systemd.
    file: Option<File>,
}

/// A socket's file.
struct File {
    path: PathBuf,
    inode: u64,
}

/// Why a path can't be used.
pub(super) enum Busy {
    /// Another process accepts connections there.
    Lives,
    /// It is not a socket's.
    NoSocket,
    System(io::Error),
}

impl From<io::Error> for Busy {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl UnixSocket {
    /// Creates a socket at `path`, of mode [`MODE`] and `group`, in place of one that a killed
    /// server has left behind.
    pub(super) fn bind(path: &Path, group: Option<u32>) -> Result<Self, Busy> {
        remove_stale(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        // Nobody can connect before the socket listens.
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
        // Not without a group: a service may be forbidden to change any.
        if group.is_some() {
            chown(path, None, group)?;
        }
        let inode = fs::symlink_metadata(path)?.ino();
        socket.listen(MAX_BACKLOG)?;
        let listener = UnixListener::from_std(socket.into())?;
        Ok(Self { listener, file: Some(File { path: path.to_owned(), inode }) })
    }

    /// A socket of systemd, which keeps its file.
    pub(super) fn passed(listener: UnixListener) -> Self {
        Self { listener, file: None }
    }

    /// Makes the kernel refuse new connections; [`Self::queued`] returns those in the queue.
    pub(crate) fn refuse_more(&self) -> io::Result<()> {
        Ok(shutdown(&self.listener, Shutdown::Read)?)
    }

    /// The next connection in the queue. Tokio can't wait at a socket that was shut down: it is
    /// always ready.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn queued(&self) -> io::Result<UnixStream> {
        let stream = accept_with(&self.listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
        UnixStream::from_std(stream.into())
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        // Another server may have the name now, after somebody removed our file.
        if let Some(File { path, inode }) = &self.file
            && fs::symlink_metadata(path).is_ok_and(|it| it.ino() == *inode)
        {
            drop(fs::remove_file(path));
        }
    }
}

fn remove_stale(path: &Path) -> Result<(), Busy> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
        Ok(metadata) if !metadata.file_type().is_socket() => return Err(Busy::NoSocket),
        Ok(_) => {}
    }
    // Without waiting for room in a full queue.
    let probe = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(fs::remove_file(path)?),
        // Without the permission to connect, or with a full queue, somebody may listen.
        _ => Err(Busy::Lives),
    }
}
