//! The flags that name a server on another machine.

use super::{ServerUrl, UsageError};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct RemoteArgs {
    // An attribute, as a URL in a doc comment would have to be a link.
    #[arg(
        long = "server",
        global = true,
        value_name = "URL",
        help = "With token: administer the tokens of this server, such as https://jerakia.example.org, instead of a database here"
    )]
    url: Option<ServerUrl>,

    /// With --server: the file with the token to administer with
    #[arg(long, global = true, value_name = "FILE")]
    credential_file: Option<PathBuf>,

    /// With --server: the certificates of trusted authorities, in PEM [default: those of the operating system]
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// A server, and how to talk to it.
#[derive(Debug)]
pub struct RemoteServer<'a> {
    pub url: &'a ServerUrl,
    pub credential_file: &'a PathBuf,
    pub ca_file: Option<&'a PathBuf>,
}

impl RemoteArgs {
    /// The server that the flags name, if they name one.
    pub fn server(&self) -> Result<Option<RemoteServer<'_>>, UsageError> {
        let ca_file = self.ca_file.as_ref();
        match (&self.url, &self.credential_file) {
            (Some(url), Some(credential_file)) => Ok(Some(RemoteServer { url, credential_file, ca_file })),
            (Some(_), None) => Err(UsageError::new("--server needs --credential-file, the file with your token")),
            (None, _) => self.check_absent().map(|()| None),
        }
    }

    /// # Errors
    /// When one of the flags is there.
    pub fn check_absent(&self) -> Result<(), UsageError> {
        if self.url.is_some() {
            return Err(UsageError::new("--server works only with the commands of `jerakia token`"));
        }
        if self.credential_file.is_some() || self.ca_file.is_some() {
            return Err(UsageError::new("--credential-file and --ca-file need --server"));
        }
        Ok(())
    }
}
