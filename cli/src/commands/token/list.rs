//! `jerakia token list`

use super::local;
use crate::args::{ListArgs, Output, Sort};
use crate::terminal;
use anyhow::bail;
use jerakia_host::clock;
use jerakia_host::model::Token;
use jerakia_host::store::{AdminStore, TokenFilter};
use std::io::Write;

/// Tokens, read one by one.
type Listed<'a> = &'a mut dyn Iterator<Item = anyhow::Result<Token>>;

pub fn list(store: &dyn AdminStore, args: &ListArgs) -> anyhow::Result<()> {
    let now = clock::now();
    let ending_before = args.expiring.map(|it| now.saturating_add(it.as_seconds()).saturating_add(1));
    let filter = TokenFilter { ending_before, ..args.select.filter(now) };
    show(&mut store.list(filter, now)?.map(|it| Ok(it?)), args)
}

/// Prints the tokens that `args` select.
pub fn show(tokens: Listed<'_>, args: &ListArgs) -> anyhow::Result<()> {
    let mut count = 0;
    let mut tokens = tokens.inspect(|_| count += 1).peekable();
    // Cron mails whatever a command prints.
    if args.expiring.is_some() && tokens.peek().is_none() && matches!(args.output, Output::Table) {
        return Ok(());
    }
    if args.sort == Sort::ApiId {
        print(&mut tokens, args.output)?;
    } else {
        print(&mut sorted(tokens, args.sort)?.into_iter().map(Ok), args.output)?;
    }
    match args.expiring {
        Some(period) if count == 1 => bail!("1 token ends within {period}, or has ended"),
        Some(period) if count > 0 => bail!("{count} tokens end within {period}, or have ended"),
        _ => Ok(()),
    }
}

fn sorted(tokens: impl Iterator<Item = anyhow::Result<Token>>, sort: Sort) -> anyhow::Result<Vec<Token>> {
    let mut all = tokens.collect::<anyhow::Result<Vec<_>>>()?;
    all.sort_by_key(|token| match sort {
        Sort::ApiId => None,
        Sort::CreatedAt => token.created_at,
        Sort::ExpiresAt => token.expires_at,
        Sort::LastSeen => token.last_used(),
    });
    Ok(all)
}

fn print(tokens: Listed<'_>, output: Output) -> anyhow::Result<()> {
    terminal::print(|out| match output {
        Output::Table => table(tokens, out),
        Output::Json => terminal::write_json_list(tokens, out),
    })
}

/// The table of Jerakia 3.
fn table(tokens: Listed<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let line = |api_id: &str, last_seen: &str, status: &str| format!("{api_id:<20} {last_seen:<28} {status}");
    writeln!(out, "{}\n", line("API Identifier", "Last Seen", "Status"))?;
    for token in tokens {
        let token = token?;
        let last_seen = token.last_used().map_or_else(|| "never".into(), local);
        writeln!(out, "{}", line(&terminal::escaped(&token.api_id), &last_seen, token.status.name()))?;
    }
    Ok(())
}
