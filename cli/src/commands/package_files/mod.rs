//! `jerakia package-files`: writes the files of a package that follow from this program: man
//! pages, completions, and the sample settings.

mod man;
mod sample;

use super::completions;
use crate::config::{Config, Entry};
use anyhow::Context as _;
use clap_complete::Shell;
use std::fs;
use std::path::Path;

/// Where a package's server keeps its tokens: root's default, whoever builds the package.
const DATABASEDIR: &str = "/var/db/jerakia";

pub fn write(directory: &Path) -> anyhow::Result<()> {
    let write = |name: &str, text: &[u8]| -> anyhow::Result<()> {
        let path = directory.join(name);
        let parent = path.parent().unwrap_or(directory);
        fs::create_dir_all(parent).with_context(|| format!("can't make {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))
    };
    let settings = settings();
    for page in man::of_commands(&settings)? {
        write(&format!("man/{}", page.name), &page.text)?;
    }
    write("man/jerakia.yaml.5", &man::of_settings(&settings)?)?;
    write("jerakia.yaml", sample::of(&settings).as_bytes())?;
    for (shell, name) in [(Shell::Bash, "jerakia.bash"), (Shell::Zsh, "_jerakia"), (Shell::Fish, "jerakia.fish")] {
        write(&format!("completions/{name}"), &completions::script(shell)?)?;
    }
    Ok(())
}

/// All settings with the defaults that the package's server has.
fn settings() -> Vec<Entry> {
    let mut all = Config::defaults();
    for entry in all.iter_mut().filter(|it| it.name == "databasedir") {
        entry.value = format!("{DATABASEDIR:?}");
    }
    all
}
