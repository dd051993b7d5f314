//! `jerakia --server URL token`: the commands of `jerakia token`, performed by a server over HTTP,
//! with the same words and output.

mod bulk;
mod client;

pub use client::RemoteError;

use crate::args::{AttributeArgs, ExplainArgs};
use crate::args::{
    ListArgs, NewToken, RegenerateArgs, RemoteServer, RotateArgs, ShowArgs, TokenCommand, UpdateArgs, UsageError,
};
use crate::commands::token::{existing, explain, issue, list, show, update};
use client::Client;
use jerakia_host::Secret;
use jerakia_host::clock;
use jerakia_host::model::{ApiId, Status, Token};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How many tokens a page of a list has.
const PAGE: usize = 500;

const NO_IMPORT: &str = "tokens of Jerakia 3 can't be imported with --server: run the command on the server's machine";

/// An answer with a token.
#[derive(Deserialize)]
struct Answer {
    payload: Token,
}

/// An answer with a new token.
#[derive(Deserialize)]
struct Made {
    token: String,
    payload: Token,
}

/// An answer with tokens.
#[derive(Deserialize)]
struct Page {
    payload: Vec<Token>,
    next: Option<String>,
}

pub fn run(command: &TokenCommand, server: &RemoteServer<'_>) -> anyhow::Result<()> {
    let client = || Client::new(server);
    match command {
        TokenCommand::Create(new) => create(&client()?, new),
        TokenCommand::Regenerate(args) => regenerate(&client()?, args),
        TokenCommand::Rotate(args) => rotate(&client()?, args),
        TokenCommand::List(args) => print_list(&client()?, args),
        TokenCommand::Show(args) => print(&client()?, args),
        TokenCommand::Update(args) => change(client, args),
        TokenCommand::Explain(args) => print_grant(client, args),
        TokenCommand::Disable(args) => bulk::run(&client()?, args, bulk::BulkAct::Disable),
        TokenCommand::Enable(args) => bulk::run(&client()?, args, bulk::BulkAct::Enable),
        TokenCommand::Delete(args) => bulk::run(&client()?, args, bulk::BulkAct::Delete),
        TokenCommand::Import(_) => Err(UsageError::new(NO_IMPORT).into()),
    }
}

fn create(client: &Client, new: &NewToken) -> anyhow::Result<()> {
    if new.token_file.is_some() {
        return Err(UsageError::new("--token-file can't be used with --server: a server makes the token itself").into());
    }
    let api_id = new.of.new_id()?;
    let mut body = attributes(&new.attributes)?;
    body.insert("api_id".into(), json!(&*api_id));
    let made = client.send("POST", "/v1/tokens", Some(Value::Object(body)))?;
    show_made(&api_id, made, new.quiet)
}

fn regenerate(client: &Client, args: &RegenerateArgs) -> anyhow::Result<()> {
    let api_id = existing(&args.of.api_id)?;
    let made = client.send("POST", &route(&api_id, "/regenerate"), None)?;
    show_made(&api_id, made, args.quiet)
}

fn rotate(client: &Client, args: &RotateArgs) -> anyhow::Result<()> {
    let (api_id, force) = (existing(&args.of.api_id)?, args.force);
    let path = route(&api_id, "/rotate");
    if args.finish {
        let _: Answer = client.send("POST", &path, Some(json!({"finish": true, "force": force})))?;
        return Ok(());
    }
    let body = json!({"grace": args.grace.to_string(), "force": force});
    show_made(&api_id, client.send("POST", &path, Some(body))?, args.quiet)
}

fn change(client: impl FnOnce() -> anyhow::Result<Client>, args: &UpdateArgs) -> anyhow::Result<()> {
    update::check(args)?;
    let (api_id, body) = (existing(&args.of.api_id)?, attributes(&args.attributes)?);
    let _: Answer = client()?.send("PATCH", &route(&api_id, ""), Some(Value::Object(body)))?;
    Ok(())
}

fn print_list(client: &Client, args: &ListArgs) -> anyhow::Result<()> {
    let mut query = args.select.query();
    query.extend(args.expiring.map(|it| ("expiring", it.to_string())));
    list::show(&mut Tokens::of(client, query)?, args)
}

fn print(client: &Client, args: &ShowArgs) -> anyhow::Result<()> {
    show::print(&token(client, &args.of.api_id)?, args.output, clock::now())
}

fn print_grant(client: impl FnOnce() -> anyhow::Result<Client>, args: &ExplainArgs) -> anyhow::Result<()> {
    explain::check(args)?;
    let token = token(&client()?, &args.of.api_id)?;
    explain::decide(args, &token.grants, token.status)
}

fn token(client: &Client, api_id: &str) -> anyhow::Result<Token> {
    let answer: Answer = client.send("GET", &route(&existing(api_id)?, ""), None)?;
    Ok(answer.payload)
}

/// The route of a token. API IDs need no escapes in a path.
fn route(api_id: &ApiId, act: &str) -> String {
    format!("/v1/tokens/{api_id}{act}")
}

/// The fields of a body for the given flags.
fn attributes(flags: &AttributeArgs) -> Result<Map<String, Value>, UsageError> {
    let all = [
        ("expires", flags.expires.map(|it| json!(it.to_string()))),
        ("grants", flags.grants()?.map(|it| json!(it))),
        ("description", flags.description.clone().map(|it| json!(String::from(it)))),
        ("labels", flags.labels()?.map(|it| json!(it))),
    ];
    Ok(all.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect())
}

fn show_made(api_id: &ApiId, made: Made, quiet: bool) -> anyhow::Result<()> {
    issue::show(api_id, &Secret::from(made.token), quiet)?;
    issue::warn_of_end(api_id, made.payload.status == Status::Expired);
    Ok(())
}

/// Tokens of a list, read page by page.
struct Tokens<'a> {
    client: &'a Client,
    query: Vec<(&'static str, String)>,
    page: std::vec::IntoIter<Token>,
    /// The cursor of the next page; none: there is none.
    next: Option<String>,
}

impl<'a> Tokens<'a> {
    /// Reads the first page, so that an error comes before any output.
    fn of(client: &'a Client, mut query: Vec<(&'static str, String)>) -> Result<Self, RemoteError> {
        query.push(("limit", PAGE.to_string()));
        let mut tokens = Self { client, query, page: Vec::new().into_iter(), next: None };
        tokens.read_page(None)?;
        Ok(tokens)
    }

    fn read_page(&mut self, cursor: Option<String>) -> Result<(), RemoteError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query).extend_pairs(cursor.map(|it| ("cursor", it)));
        let page: Page = self.client.send("GET", &format!("/v1/tokens?{}", query.finish()), None)?;
        (self.page, self.next) = (page.payload.into_iter(), page.next);
        Ok(())
    }
}

impl Iterator for Tokens<'_> {
    type Item = anyhow::Result<Token>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.page.as_slice().is_empty() {
            let cursor = self.next.take()?;
            if let Err(error) = self.read_page(Some(cursor)) {
                return Some(Err(error.into()));
            }
        }
        self.page.next().map(Ok)
    }
}
