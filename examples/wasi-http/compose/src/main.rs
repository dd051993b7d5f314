//! Builds the middleware and the service, and composes them with the token component:
//! `compose <token component> <folder>`.

mod guest;
mod plug;

use std::{env, error::Error, fs, iter, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [tokens, folder] = &arguments[..] else {
        eprintln!("usage: compose <token component> <folder>");
        return ExitCode::from(2);
    };
    match compose(Path::new(tokens), Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            for cause in iter::successors(error.source(), |&it| it.source()) {
                eprintln!("  {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Writes the composition and both guests to `folder`.
fn compose(tokens: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let tokens = fs::read(tokens).map_err(|it| format!("{}: {it} (`make component` builds it)", tokens.display()))?;
    let greeter = guest::component("greeter")?;
    let middleware = guest::component("middleware")?;
    fs::create_dir_all(folder)?;
    fs::write(folder.join("greeter.wasm"), &greeter)?;
    fs::write(folder.join("middleware.wasm"), &middleware)?;
    let composed = plug::into(middleware, [("tokens", tokens), ("greeter", greeter)])?;
    Ok(fs::write(folder.join("composed.wasm"), composed)?)
}
