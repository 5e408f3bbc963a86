//! The audit log: a million entries, filtered as organisers filter them, on SQLite and on PostgreSQL.
//!
//! The filters are drawn at random from a fixed seed, rare things among them: a kind of which an edition has no entry, a
//! person who did nothing in the time asked for. That is where a log without the right index reads everything.

use crate::report::{Bar, Report, percentile};
use jiff::{SignedDuration, Timestamp};
use model::{
    id::{AccountId, EditionId},
    time::{SharedClock, SystemClock, to_micros},
};
use std::{path::PathBuf, sync::Arc, time::Instant};
use store::{Location, LogFilter, Store};

/// What the bar speaks of.
const ENTRIES: u64 = 1_000_000;

/// The most milliseconds at the 99th percentile.
const BAR: f64 = 50.0;

/// Entries on one page of the log, and one more by which it knows that there are older ones.
const PAGE: u64 = 51;

/// Persons, editions and things among whom the entries are spread.
const PERSONS: u64 = 500;
const EDITIONS: u64 = 6;
const THINGS: u64 = 20_000;

/// Seconds between two entries.
const EVERY: i64 = 20;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many times each filter is asked.
    #[arg(long, default_value_t = 300)]
    times: u64,
    /// Also on this PostgreSQL database, which is filled.
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
    println!("{}", crate::report::head());
    let mut report = Report::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        filtered(&mut report, "sqlite", &Location::from_data_dir(folder.path()), args.times).await?;
        if let Some(url) = &args.postgres {
            filtered(&mut report, "postgres", &Location::from_url(url)?, args.times).await?;
        }
        anyhow::Ok(())
    })?;
    if let Some(file) = &args.json {
        report.write(file)?;
    }
    Ok(report.is_ok() || !args.check)
}

async fn filtered(
    report: &mut Report,
    database: &str,
    location: &Location,
    times: u64,
) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    let store = Store::open(location, clock.clone()).await?;
    let end = clock.now();
    let begin = end - SignedDuration::from_secs(EVERY * ENTRIES as i64);
    if store.head().await? < ENTRIES as i64 {
        fill(location, begin).await?;
    }
    let mut all = vec![];
    for (name, filter) in FILTERS {
        let mut took = vec![];
        // A linear congruential generator (Knuth, MMIX): the same filters in every run.
        let mut seed: u64 = 42;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for _ in 0..times {
            let filter = filter(&mut random, begin);
            let began = Instant::now();
            let entries = store.log(&filter, PAGE).await?;
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
            anyhow::ensure!(entries.len() <= PAGE as usize, "{} entries", entries.len());
        }
        report.alone(
            format!("log {name}, p99 ms ({database})"),
            percentile(&mut took, 0.99),
            Bar::AtMost(BAR),
        );
        all.append(&mut took);
    }
    report.alone(
        format!("log, all filters, p99 ms ({database})"),
        percentile(&mut all, 0.99),
        Bar::AtMost(BAR),
    );
    store.close().await;
    Ok(())
}

type Random<'a> = &'a mut dyn FnMut(u64) -> u64;

/// A filter drawn at random; entries begin at the instant given.
type Draw = fn(Random<'_>, Timestamp) -> LogFilter;

/// How organisers narrow the log.
const FILTERS: [(&str, Draw); 9] = [
    ("newest of all", |_, _| LogFilter::default()),
    ("of a person", |random, _| LogFilter { account: Some(person(random)), ..LogFilter::default() }),
    ("of a thing", |random, _| LogFilter { thing: Some(thing(random)), ..LogFilter::default() }),
    ("of an edition", |random, _| LogFilter { edition: Some(edition(random)), ..LogFilter::default() }),
    ("of a day", |random, begin| LogFilter { until: Some(day(random, begin)), ..LogFilter::default() }),
    ("of a person in an edition since", |random, begin| LogFilter {
        account: Some(person(random)),
        edition: Some(edition(random)),
        from: Some(day(random, begin)),
        ..LogFilter::default()
    }),
    ("of a kind in an edition", |random, _| LogFilter {
        edition: Some(edition(random)),
        kind: Some(KINDS[random(KINDS.len() as u64) as usize].to_owned()),
        ..LogFilter::default()
    }),
    ("of a kind by a person until", |random, begin| LogFilter {
        account: Some(person(random)),
        kind: Some(KINDS[random(KINDS.len() as u64) as usize].to_owned()),
        until: Some(day(random, begin)),
        ..LogFilter::default()
    }),
    ("far back", |random, _| LogFilter {
        edition: Some(edition(random)),
        before: Some(random(ENTRIES) as i64),
        ..LogFilter::default()
    }),
];

/// `webhook` has a handful of entries in one edition, `nothing` none at all.
const KINDS: [&str; 6] = ["session", "person", "room", "release", "webhook", "nothing"];

fn person(random: Random<'_>) -> AccountId {
    AccountId(uuid::Uuid::from_u128(
        0x1000_0000_0000_7000_8000_0000_0000_0000 + u128::from(random(PERSONS + 20)),
    ))
}

fn edition(random: Random<'_>) -> EditionId {
    EditionId(uuid::Uuid::from_u128(0x2000_0000_0000_7000_8000_0000_0000_0000 + u128::from(random(EDITIONS))))
}

fn thing(random: Random<'_>) -> uuid::Uuid {
    uuid::Uuid::from_u128(0x3000_0000_0000_7000_8000_0000_0000_0000 + u128::from(random(THINGS)))
}

fn day(random: Random<'_>, begin: Timestamp) -> Timestamp {
    begin + SignedDuration::from_secs(EVERY * random(ENTRIES) as i64)
}

/// Writes the entries with one statement, past the store: a million writes through it would take hours, and what is
/// measured is reading.
async fn fill(location: &Location, begin: Timestamp) -> anyhow::Result<()> {
    let (first, step) = (to_micros(begin), EVERY * 1_000_000);
    let id = |group: u8, number: &str, sqlite: bool| {
        if sqlite {
            format!("unhex(printf('{group}0000000000070008000%012x', {number}))")
        } else {
            format!("('{group}0000000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid")
        }
    };
    let body = |sqlite: bool| {
        let person = if sqlite {
            format!("printf('person:10000000-0000-7000-8000-%012x', (i * 7919) % {PERSONS})")
        } else {
            format!("'person:10000000-0000-7000-8000-' || lpad(to_hex((i * 7919) % {PERSONS}), 12, '0')")
        };
        format!(
            "INSERT INTO change (at, actor, kind, thing, edition, deed, before, after) \
             SELECT {first} + i * {step}, {person}, \
             CASE WHEN i % 100000 = 7 THEN 'webhook' WHEN i % 5000 = 3 THEN 'release' WHEN i % 10 = 0 THEN 'room' \
                  WHEN i % 3 = 0 THEN 'person' ELSE 'session' END, \
             {}, {}, 'changed', '{{\"title\":\"The title as it was\",\"number\":1}}', '{{\"title\":\"The title as it is\",\"number\":2}}' FROM n",
            id(3, &format!("(i * 104729) % {THINGS}"), sqlite),
            id(2, &format!("(i / 100) % {EDITIONS}"), sqlite),
        )
    };
    match location {
        Location::Sqlite(file) => {
            use sqlx::Connection;
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).foreign_keys(false);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
            let numbers = format!(
                "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {ENTRIES} - 1) "
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{numbers}{}", body(true))))
                .execute(&mut connection)
                .await?;
        }
        Location::Postgres(url) => {
            use sqlx::Connection;
            let mut connection = sqlx::PgConnection::connect(url).await?;
            let numbers =
                format!("WITH n AS (SELECT i::bigint AS i FROM generate_series(0, {ENTRIES} - 1) AS i) ");
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{numbers}{}", body(false))))
                .execute(&mut connection)
                .await?;
            sqlx::raw_sql("ANALYZE change").execute(&mut connection).await?;
        }
    }
    Ok(())
}
