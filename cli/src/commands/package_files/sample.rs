//! The sample of a configuration file: each setting with its default, as a comment.

use super::Entry;

const HEAD: &str = "\
# The settings of the Jerakia token server and its commands, with their defaults: see
# jerakia.yaml(5). To change one, remove the # before its name. `jerakia config check` finds
# mistakes, and `systemctl restart jerakia` applies the settings.
";

pub(super) fn of(settings: &[Entry]) -> String {
    let (mut text, mut group) = (HEAD.to_owned(), "");
    for Entry { name, help, accepts, value, .. } in settings {
        let (of, name) = name.split_once('.').unwrap_or(("", name));
        if of != group {
            text += &format!("\n{of}:");
            group = of;
        }
        let indent = if of.is_empty() { "" } else { "  " };
        text += &format!("\n{indent}# {help}: {accepts}\n{indent}#{name}: {value}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn without_its_comments_the_sample_has_each_setting() {
        let settings = Config::defaults();
        let sample = super::of(&settings);
        for setting in &settings {
            let name = setting.name.rsplit('.').next().unwrap_or_default();
            let line = format!("#{name}: {}\n", setting.value);
            assert!(sample.contains(&line), "no {line} in {sample}");
        }
    }
}
