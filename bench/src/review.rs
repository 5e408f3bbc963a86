//! A review desk at the size of a large conference, and the minute before a call closes.
//!
//! 2,000 proposals with 6,000 reviews by 60 reviewers, half of them assigned by a plan; every page that reviewers and the
//! committee open is asked for again and again by somebody who is signed in. Then 200 people submit at nearly the same time,
//! each as a browser does, and what they were told has arrived is counted in the record. On SQLite, and on PostgreSQL where
//! an address is given.

use crate::{
    http::Connection,
    report::{Bar, Report, head, percentile},
};
use anyhow::{Context, ensure};
use jiff::Timestamp;
use model::{
    account::Proof,
    address::{Address, EditionDesk},
    assignment::{Load, Plan},
    call::{Call, CallKind},
    edition::Edition,
    email::Email,
    feed::Actor,
    id::{AccountId, CallId, ProposalId},
    merge::Carries,
    permission::{Role, Scope, Subject},
    proposal::{Content, Decision},
    review::{Review, Scores},
    text::{Line, RichText},
    time::{SharedClock, SystemClock},
};
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{FiledFilter, ImportOptions, Location, NewAccount, NewGrant, Store, Turn, Way};
use tokio::net::TcpListener;
use web::{Site, SiteOptions};

/// The most milliseconds of a page at the 99th percentile.
const PAGE_BAR: f64 = 100.0;

/// The most milliseconds of a submission at the 99th percentile.
const SUBMIT_BAR: f64 = 1_000.0;

const REVIEWERS: usize = 60;

/// Reviews of each proposal.
const REVIEWS: usize = 3;

/// The address that the site is told it has.
const BASE: &str = "https://conf.example.org";

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many proposals.
    #[arg(long, default_value_t = 2_000)]
    proposals: usize,
    /// How many people submit in the end.
    #[arg(long, default_value_t = 200)]
    people: usize,
    /// Over how many seconds they arrive.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many times each page is asked for.
    #[arg(long, default_value_t = 200)]
    times: usize,
    /// Also on this PostgreSQL database, which must be empty and is filled.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Keep the figures here as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Exit with 1 when a bar is missed.
    #[arg(long)]
    check: bool,
}

/// Measures by itself.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    println!("{}", head());
    let mut report = Report::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        on(args, &mut report, "sqlite", &Location::from_data_dir(folder.path())).await?;
        if let Some(url) = &args.postgres {
            on(args, &mut report, "postgres", &Location::from_url(url)?).await?;
        }
        anyhow::Ok(())
    })?;
    if let Some(file) = &args.json {
        report.write(file)?;
    }
    Ok(report.is_ok() || !args.check)
}

async fn on(args: &Args, report: &mut Report, database: &str, location: &Location) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    let store = Store::open(location, clock.clone()).await?;
    let desk = Desk::fill(&store, args.proposals).await?;
    let options =
        SiteOptions { base_url: Some(BASE.to_owned()), ahead_after: None, ..SiteOptions::default() };
    let site = Site::new(store.clone(), clock, options).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(web::serve(listener, site, async {
        let _ = stopped.await;
    }));
    pages(args, report, database, &desk, address).await?;
    last_minute(args, report, database, &desk, address).await?;
    let _ = stop.send(());
    server.await??;
    store.close().await;
    Ok(())
}

/// A filled review desk.
struct Desk {
    store: Store,
    edition: Edition,
    call: CallId,
    chair: Subject,
    reviewer: Subject,
    /// One in the middle of the list.
    proposal: ProposalId,
    pages: usize,
}

impl Desk {
    async fn fill(store: &Store, proposals: usize) -> anyhow::Result<Self> {
        eprintln!("filling the desk with {proposals} proposals");
        let programme = crate::edition::programme(crate::edition::USUAL)?;
        store.import(&Actor::System, &programme, Carries::ALL, &ImportOptions::default()).await?;
        let edition =
            store.edition(&programme.edition.slug).await?.context("the edition is missing")?.edition;
        let operator = Subject::operator("bench".to_owned(), store.clock().now());
        let call = CallId::from_key("bench", "talks");
        let new = Call { published: true, ..Call::usual(call, CallKind::Presentations) };
        store.put_call(&operator, edition.id, call, |_| Ok((new, vec![]))).await?;
        let chair =
            person(store, "chair@committee.example", &[(Role::Committee, Scope::Edition(edition.id))])
                .await?;
        let mut reviewers = vec![];
        for number in 0..REVIEWERS {
            let address = format!("reviewer@reviewers-{number}.example");
            reviewers
                .push(person(store, &address, &[(Role::Reviewer, Scope::Call(edition.id, call))]).await?);
        }
        let mut ids = vec![];
        for number in 0..proposals {
            let author = person(store, &format!("author@authors-{number}.example"), &[]).await?;
            let written = store
                .begin_proposal(&author, edition.id, call, &content(number), Some(""))
                .await?
                .proposal
                .id;
            ids.push(written);
            for at in 0..REVIEWS {
                let by = &reviewers[(number * 7 + at * 19) % REVIEWERS];
                review(store, &edition, by, written, ((number + at) % 5 + 1) as u8).await?;
            }
        }
        for id in ids.iter().take(100) {
            store.prepare_decision(&chair, &edition, *id, Some(Decision::WaitList)).await?;
        }
        let plan = Plan { needed: 2, load: Load { least: 0, most: 400 } };
        store.put_assignment_plan(&chair, &edition, call, plan, &std::collections::BTreeMap::new()).await?;
        let round = store.assignment_round(&chair, &edition, call).await?.context("no round")?;
        let began = Instant::now();
        let chosen = planner::assignment::round::assign(&round)?;
        eprintln!("an assignment is found in {:.1} s", began.elapsed().as_secs_f64());
        store.plan_assignment(&chair, &edition, call, &chosen).await?;
        store.turn_sitting(&chair, &edition, Turn::Next).await?;
        let list = store.filed_proposals(&chair, &edition, &FiledFilter::default()).await?;
        ensure!(list.total == proposals, "{} proposals in the place of {proposals}", list.total);
        Ok(Self {
            store: store.clone(),
            edition,
            call,
            chair,
            reviewer: reviewers.swap_remove(0),
            proposal: ids[proposals / 2],
            pages: list.pages(),
        })
    }

    /// Signs somebody in; gives the cookie of their browser.
    async fn cookie(&self, who: AccountId) -> anyhow::Result<String> {
        let secret = self.store.sign_in(who, &Way::Email, "bench", "").await?;
        let signature = self.store.secret().sign("sign-in cookie", &secret);
        Ok(format!("__Host-plenary={secret}.{signature}"))
    }
}

async fn person(store: &Store, address: &str, roles: &[(Role, Scope)]) -> anyhow::Result<Subject> {
    let new = NewAccount { name: Line::clean(address), ..NewAccount::default() };
    let account = store.account_for(&Actor::System, &Proof::Email(Email::parse(address)?), &new).await?;
    let operator = Subject::operator("bench".to_owned(), store.clock().now());
    for (role, scope) in roles {
        store.give(&operator, &NewGrant::new(account, *role, scope.clone())).await?;
    }
    Ok(Subject::person(account, store.grants_of(account).await?, store.clock().now()))
}

/// What the words of a proposal are drawn from.
const WORDS: [&str; 24] = [
    "kernel",
    "scheduler",
    "memory",
    "driver",
    "network",
    "packet",
    "filter",
    "trace",
    "power",
    "boot",
    "crash",
    "lock",
    "thread",
    "queue",
    "cache",
    "file",
    "disk",
    "graph",
    "sound",
    "video",
    "virtual",
    "guest",
    "secure",
    "compile",
];

fn content(number: usize) -> Content {
    let word = |at: usize| WORDS[(number * 31 + at * (number % 23 + 1)) % WORDS.len()];
    let title = (0..5).map(word).collect::<Vec<_>>().join(" ");
    let summary = (0..150).map(word).collect::<Vec<_>>().join(" ");
    Content {
        title: Line::clean(&format!("{title} {number}")),
        summary: RichText::clean(&summary),
        minutes: Some(45),
        form: 1,
        ..Content::default()
    }
}

async fn review(
    store: &Store,
    edition: &Edition,
    by: &Subject,
    id: ProposalId,
    score: u8,
) -> anyhow::Result<()> {
    let me = by.account.context("a reviewer has an account")?;
    store
        .put_review(by, edition, id, |_, open| {
            let scores: Scores =
                open.call.reviewing.criteria.iter().map(|one| (one.key.clone(), score)).collect();
            Ok(Review {
                proposal: id,
                reviewer: me,
                revision: 1,
                scores,
                to_committee: RichText::clean("Worth an hour of everybody's time."),
                to_authors: RichText::clean("Say more about what you measured."),
                submitted: true,
                at: Timestamp::UNIX_EPOCH,
            })
        })
        .await?;
    Ok(())
}

async fn pages(
    args: &Args,
    report: &mut Report,
    database: &str,
    desk: &Desk,
    address: SocketAddr,
) -> anyhow::Result<()> {
    let at = |page: EditionDesk| page.path(&desk.edition.slug);
    let list = at(EditionDesk::Proposals);
    let last = format!("{list}?page={}", desk.pages);
    let (chair, reviewer) = (desk.chair.account, desk.reviewer.account);
    let targets = [
        ("list", list.clone(), chair),
        ("list of a reviewer", list.clone(), reviewer),
        ("list, last page", last, chair),
        ("list by score", format!("{list}?order=score"), chair),
        ("prepared decisions", format!("{list}decide/"), chair),
        ("proposal", at(EditionDesk::Proposal(desk.proposal)), chair),
        ("proposal of a reviewer", at(EditionDesk::Proposal(desk.proposal)), reviewer),
        ("to do", at(EditionDesk::ToDo), chair),
        ("assignment", at(EditionDesk::Assignment(desk.call)), chair),
        ("bids", at(EditionDesk::Bids), reviewer),
        ("meeting", at(EditionDesk::Sitting), chair),
        ("calls", at(EditionDesk::Calls), chair),
        ("log", at(EditionDesk::Log), chair),
    ];
    let mut connection = Connection::open(address).await?;
    for (name, path, who) in targets {
        let cookie = desk.cookie(who.context("they have an account")?).await?;
        let request = get(&path, &cookie);
        let statements = desk.store.statements();
        let status = connection.status(&request).await?;
        ensure!(status == 200, "{path} answered {status}");
        let statements = desk.store.statements() - statements;
        let mut took = vec![];
        for _ in 0..args.times {
            let began = Instant::now();
            connection.status(&request).await?;
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        report.alone(
            format!("{name}, p99 ms ({database})"),
            percentile(&mut took, 0.99),
            Bar::AtMost(PAGE_BAR),
        );
        report.alone(format!("{name}, statements ({database})"), statements as f64, Bar::None);
    }
    Ok(())
}

/// Everybody submits before the call closes.
async fn last_minute(
    args: &Args,
    report: &mut Report,
    database: &str,
    desk: &Desk,
    address: SocketAddr,
) -> anyhow::Result<()> {
    let calls = desk.store.calls(desk.edition.id).await?;
    let call = calls.iter().find(|open| open.call.id == desk.call).context("the call is missing")?;
    let path = format!("{}propose/", Address::Call(call.call.slug.as_str()).path(&desk.edition.slug));
    let mut cookies = vec![];
    for number in 0..args.people {
        let who = person(&desk.store, &format!("late@late-{number}.example"), &[]).await?;
        cookies.push(desk.cookie(who.account.context("they have an account")?).await?);
    }
    let before = desk.store.filed_counts(&desk.chair, &desk.edition).await?;
    let begin = Instant::now();
    let pace = Duration::from_secs(args.seconds) / u32::try_from(args.people.max(1))?;
    let mut people = vec![];
    for (number, cookie) in cookies.into_iter().enumerate() {
        let path = path.clone();
        people.push(tokio::spawn(async move {
            tokio::time::sleep_until((begin + pace * u32::try_from(number)?).into()).await;
            submit(address, &path, &cookie, number).await
        }));
    }
    let mut took = vec![];
    for person in people {
        took.extend(person.await??);
    }
    let after = desk.store.filed_counts(&desk.chair, &desk.edition).await?;
    let count =
        |counts: &std::collections::BTreeMap<CallId, usize>| counts.get(&desk.call).copied().unwrap_or(0);
    let lost = (count(&before) + args.people) as f64 - count(&after) as f64;
    report.alone(format!("submissions lost of {} ({database})", args.people), lost, Bar::AtMost(0.0));
    report.alone(
        format!("submitting in the last minute, p99 ms ({database})"),
        percentile(&mut took, 0.99),
        Bar::AtMost(SUBMIT_BAR),
    );
    Ok(())
}

/// Opens the form and submits it; how long each took, in milliseconds.
async fn submit(address: SocketAddr, path: &str, cookie: &str, number: usize) -> anyhow::Result<Vec<f64>> {
    let mut connection = Connection::open(address).await?;
    let content = content(100_000 + number);
    let plus = |text: &str| text.replace(' ', "+");
    let form = format!(
        "title={}&abstract={}&minutes=45&do=submit",
        plus(content.title.as_str()),
        plus(content.summary.as_str())
    );
    let post = format!(
        "POST {path} HTTP/1.1\r\nHost: conf.example.org\r\nAccept: text/html\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut took = vec![];
    for (request, expected) in [(get(path, cookie), 200), (post.into_bytes(), 303)] {
        let began = Instant::now();
        let status = connection.status(&request).await?;
        took.push(began.elapsed().as_secs_f64() * 1_000.0);
        ensure!(status == expected, "{path} answered {status} in the place of {expected}");
    }
    Ok(took)
}

fn get(path: &str, cookie: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: conf.example.org\r\nAccept: text/html\r\nCookie: {cookie}\r\n\r\n")
        .into_bytes()
}
