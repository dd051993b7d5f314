//! Completions, in a real bash: commands, flags and API IDs.

use crate::harness::{Ran, World};
use std::path::Path;

/// What bash offers for the last word of a line, one candidate on each line. Runs the printed
/// script and the function that it registers, as the Tab key does.
fn offered(world: &World, line: &str) -> Vec<String> {
    let script = format!(
        r#"
        source <(jerakia completions bash)
        [[ $(complete -p jerakia) =~ -F\ ([a-z_]+) ]] || exit 1
        line={line:?} COMP_TYPE=9
        read -ra COMP_WORDS <<<"$line"
        [[ $line == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        ${{BASH_REMATCH[1]}} jerakia "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
        printf '%s\n' "${{COMPREPLY[@]}}""#
    );
    let folder = Path::new(env!("CARGO_BIN_EXE_jerakia")).parent().unwrap();
    let mut bash = std::process::Command::new("bash");
    bash.args(["--norc", "-c", &script]).env_clear().env("HOME", world.path());
    bash.env("PATH", format!("{}:/usr/bin:/bin", folder.display())).env("JERAKIA_DATABASEDIR", world.databasedir());
    let ran = Ran::of(bash.output().unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{line}");
    ran.stdout.lines().filter(|it| !it.is_empty()).map(Into::into).collect()
}

#[test]
fn bash_completes_commands_flags_and_api_ids() {
    let (world, _) = World::with_token("web_1");
    world.create("web_2");
    world.create("mail");
    assert_eq!(offered(&world, "jerakia token dis"), ["disable"]);
    assert!(offered(&world, "jerakia token list --so").contains(&"--sort".to_owned()));
    for command in ["show", "update", "explain", "disable", "enable", "delete", "regenerate", "rotate"] {
        assert_eq!(offered(&world, &format!("jerakia token {command} web")), ["web_1", "web_2"], "{command}");
    }
    assert_eq!(offered(&world, "jerakia token create web"), [""; 0], "the API ID of a new token is new");
    let commands = offered(&world, "jerakia ");
    assert!(commands.contains(&"token".into()) && !commands.contains(&"package-files".into()), "{commands:?}");
}

#[test]
fn completion_follows_the_flags_of_the_line_and_makes_no_database() {
    let (world, other) = (World::new(), World::with_token("elsewhere").0);
    let line = format!("jerakia --databasedir {} token show else", other.databasedir().display());
    assert_eq!(offered(&world, &line), ["elsewhere"]);
    assert_eq!(offered(&world, "jerakia token show x"), [""; 0]);
    assert!(!world.databasedir().exists());
}

#[test]
fn every_shell_has_a_script() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(world.done(&["completions", shell]).contains("_JERAKIA_COMPLETE"), "{shell}");
    }
}
