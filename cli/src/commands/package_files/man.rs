//! The man pages: one for each command, from the definition of the command line, and one for the
//! configuration file, from the table of settings.

use super::Entry;
use crate::args::Args;
use clap::{Arg, Command, CommandFactory as _};
use clap_mangen::Man;
use roff::{Inline, Roff, bold, roman};

const MANUAL: &str = "Jerakia";

/// A man page of section 1.
pub(super) struct Page {
    /// The file's name: `jerakia-token.1`.
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

/// A page for each command that `--help` shows.
pub(super) fn of_commands(settings: &[Entry]) -> anyhow::Result<Vec<Page>> {
    let mut program = Args::command().disable_help_subcommand(true);
    for directory in settings.iter().filter(|it| it.name == "databasedir") {
        let shown = |it: Arg| if it.get_id() == directory.name { it.help(directory.flag_help()) } else { it };
        program = program.mut_args(shown);
    }
    program.build();
    let mut pages = Vec::new();
    add(&program, &mut pages)?;
    Ok(pages)
}

fn add(command: &Command, pages: &mut Vec<Page>) -> anyhow::Result<()> {
    let man = Man::new(command.clone()).manual(MANUAL).source(source()).date("");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let mut rest = Roff::new();
    if let Some(help) = command.get_after_help() {
        literal(&mut rest, &help.to_string());
    }
    see_also(&mut rest, command);
    rest.to_writer(&mut text)?;
    pages.push(Page { name: man.get_filename(), text });
    command.get_subcommands().filter(|it| !it.is_hide_set()).try_for_each(|it| add(it, pages))
}

/// The examples of `--help`, line by line. A line that ends with a colon and is not indented is a
/// heading.
fn literal(page: &mut Roff, help: &str) {
    let mut is_open = false;
    let close = |page: &mut Roff, is_open: &mut bool| {
        if std::mem::take(is_open) {
            page.control("fi", []);
        }
    };
    for line in help.lines() {
        match line.strip_suffix(':').filter(|it| !it.starts_with(' ')) {
            Some(heading) => {
                close(page, &mut is_open);
                page.control("SH", [heading.to_uppercase().as_str()]);
            }
            None if line.starts_with("  ") => {
                if !is_open {
                    page.control("nf", []);
                    is_open = true;
                }
                page.text([roman(line)]);
            }
            None => {
                close(page, &mut is_open);
                if line.is_empty() {
                    page.control("PP", []);
                } else {
                    page.text([roman(line)]);
                }
            }
        }
    }
    close(page, &mut is_open);
}

fn see_also(page: &mut Roff, command: &Command) {
    page.control("SH", ["SEE ALSO"]);
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let parent = name.rsplit_once('-').map(|(it, _)| it);
    let pages = parent.into_iter().flat_map(|it| [bold(it), roman("(1), ")]);
    page.text(pages.chain([bold("jerakia.yaml"), roman("(5)")]).collect::<Vec<_>>());
}

/// jerakia.yaml(5).
pub(super) fn of_settings(settings: &[Entry]) -> anyhow::Result<Vec<u8>> {
    let mut page = Roff::new();
    page.control("TH", ["jerakia.yaml", "5", "", &source(), MANUAL]);
    page.control("SH", ["NAME"]).text([roman("jerakia.yaml - settings of the Jerakia token server and its commands")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(
        "The file is YAML: one key for each setting, and settings of a group below the name of the group. \
        It is the one that --config names, or else the environment variable JERAKIA_CONFIG, or else \
        /etc/jerakia/jerakia.yaml if that exists.",
    )]);
    page.control("PP", []);
    page.text([roman(
        "A flag takes precedence over the environment, which takes precedence over the file: server.port is --port of ",
    )]);
    page.text([
        bold("jerakia server"),
        roman(" and JERAKIA_SERVER_PORT. A list is separated by commas in the environment and as a flag. "),
    ]);
    page.text([bold("jerakia config"), roman(" prints each setting in force with its source, and ")]);
    page.text([bold("jerakia config check"), roman(" finds mistakes.")]);
    page.control("SH", ["SETTINGS"]);
    for Entry { name, help, accepts, value, .. } in settings {
        page.control("TP", []).text([bold(*name)]);
        page.text(sentence(help, accepts, value));
    }
    page.control("SH", ["EXAMPLE"]).control("nf", []);
    page.text([roman("server:")]).text([roman("  port: 8080")]).text([roman("  admin_api: true")]);
    page.control("fi", []).control("SH", ["SEE ALSO"]).text([bold("jerakia"), roman("(1), ")]);
    page.text([bold("jerakia-server"), roman("(1), "), bold("jerakia-config"), roman("(1)")]);
    let mut text = Vec::new();
    page.to_writer(&mut text)?;
    Ok(text)
}

fn sentence(help: &str, accepts: &str, value: &str) -> Vec<Inline> {
    vec![roman(format!("{help}. Values: {accepts}. Default: ")), bold(value)]
}

/// The program and its version, in a page's footer.
fn source() -> String {
    concat!("jerakia ", env!("CARGO_PKG_VERSION")).into()
}
