//! The destination of log lines: standard error, or a file that can be reopened.

use anyhow::Context as _;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

pub(super) struct Destination {
    file: File,
    path: Option<PathBuf>,
    /// Whether the last line was written only in part.
    torn: bool,
}

impl Destination {
    /// A file. A missing one is created with mode 0600.
    ///
    /// # Errors
    /// When it can't be opened.
    pub(super) fn file(path: &Path) -> anyhow::Result<Self> {
        let file = open(path).with_context(|| format!("can't write the log file {}", path.display()))?;
        Ok(Self { file, path: Some(path.to_owned()), torn: false })
    }

    /// Standard error, through a descriptor of its own. With the lock of [`io::stderr`], other
    /// threads would wait for a pipe that nobody reads.
    ///
    /// # Errors
    /// When no descriptor is free.
    pub(super) fn standard_error() -> anyhow::Result<Self> {
        let descriptor = io::stderr().as_fd().try_clone_to_owned().context("can't write to standard error")?;
        Ok(Self { file: descriptor.into(), path: None, torn: false })
    }

    /// The file's path; none for standard error.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Reopens the file by its path. After an error the old file stays in use.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Some(path) = &self.path {
            self.file = open(path)?;
            self.torn = false;
        }
        Ok(())
    }

    /// Writes a line. If the last line was written in part, first ends it with a line feed.
    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.file.write_all(b"\n")?;
            self.torn = false;
        }
        let mut left = line;
        while !left.is_empty() {
            match self.file.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => left = &left[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.torn = left.len() < line.len();
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    // Makes a named pipe without a reader an error, rather than wait for one.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(nonblocking).open(path)?;
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::ioctl_fionbio;
    use std::io::{Read as _, pipe};
    use std::os::fd::OwnedFd;

    #[test]
    fn a_line_after_a_partly_written_one_starts_on_a_new_line() {
        let (mut reader, writer) = pipe().unwrap();
        ioctl_fionbio(&writer, true).unwrap(); // a full pipe stands in for a full disk
        let mut destination = Destination { file: OwnedFd::from(writer).into(), path: None, torn: false };
        assert!(destination.write(&[b'x'; 1 << 20]).is_err());
        assert!(destination.write(b"lost\n").is_err());
        let mut part = vec![0; 4096];
        reader.read_exact(&mut part).unwrap();
        destination.write(b"whole\n").unwrap();
        drop(destination);
        reader.read_to_end(&mut part).unwrap();
        assert!(part.ends_with(b"xxx\nwhole\n"));
        assert_eq!(part.iter().filter(|it| **it == b'\n').count(), 2);
    }
}
