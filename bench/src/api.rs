//! The API under load, beside a bare route that answers with the same bytes. Rounds are interleaved; figures are the
//! medians of the rounds.

use crate::{
    edition::{self, USUAL},
    http::{Connection, get},
    load::load,
    public::Args,
    reference,
    report::{Bar, Report, head, median},
    server::{self, Server},
};
use anyhow::{Context, ensure};
use interchange::write::{Export, schedule_json_v2};
use model::release::{Counts, ReleaseHead};
use std::{path::Path, process::Command, sync::Arc, time::Duration};

/// Measures, prints, and says whether every bar is met.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    eprintln!("building the release binaries");
    let binaries = server::build()?;
    // One thread for the load: the other core is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(args, &binaries))?;
    if let Some(file) = &args.json {
        report.write(file).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(report.is_ok() || !args.check)
}

/// One kind of request and its bar.
struct Target {
    name: &'static str,
    path: String,
    token: bool,
    bar: Bar,
}

async fn measure(args: &Args, binaries: &Path) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let data = tempfile::Builder::new().prefix("plenary-bench-").tempdir()?;
    let (slug, code, token) = prepare(binaries, data.path())?;
    let ours =
        Server::start(server::plenary(binaries, data.path()).args(["serve", "--listen", "127.0.0.1:0"]))?;
    let base = format!("/api/v1/editions/{slug}/sessions");
    // 50 sessions are a page where nothing else is asked for.
    let targets = [
        Target { name: "list of 50 sessions", path: base.clone(), token: false, bar: Bar::AtLeast(0.10) },
        Target {
            name: "list of 50 sessions, with a token",
            path: base.clone(),
            token: true,
            bar: Bar::AtLeast(0.10),
        },
        Target { name: "one session", path: format!("{base}/{code}"), token: false, bar: Bar::None },
        Target {
            name: "list of rooms",
            path: format!("/api/v1/editions/{slug}/rooms"),
            token: false,
            bar: Bar::None,
        },
    ];
    let folder = tempfile::tempdir()?;
    let mut connection = Connection::open(ours.address).await?;
    for (number, target) in targets.iter().filter(|target| !target.token).enumerate() {
        let (head, body) = connection.whole(&get(&target.path)).await?;
        reference::keep(folder.path(), number, &target.path, &head, &body)?;
    }
    let bare = Server::start(Command::new(std::env::current_exe()?).arg("reference").arg(folder.path()))?;
    println!("{}", head());
    let mut figures: Vec<[Vec<f64>; 2]> = targets.iter().map(|_| [vec![], vec![]]).collect();
    for round in 0..args.rounds {
        for (target, figure) in targets.iter().zip(&mut figures) {
            let request = Arc::new(vec![if target.token {
                with_token(&target.path, &token)?
            } else {
                get(&target.path)
            }]);
            // Every other round the bare server goes first.
            let mut turns = [(&ours, 0), (&bare, 1)];
            if round % 2 == 1 {
                turns.reverse();
            }
            for (server, column) in turns {
                let measured = load(server.address, &request, Duration::from_millis(args.turn)).await?;
                figure[column].push(measured.per_second);
            }
        }
    }
    for (target, [ours, bare]) in targets.iter().zip(&mut figures) {
        report.beside(format!("{}, requests/s", target.name), median(ours), median(bare), target.bar);
    }
    Ok(report)
}

/// A record with an edition of 500 sessions and somebody with a token. Gives the edition's slug, a session's code and
/// the token.
fn prepare(binaries: &Path, data: &Path) -> anyhow::Result<(String, String, String)> {
    let programme = edition::programme(USUAL)?;
    let release = ReleaseHead {
        edition: programme.edition.id,
        number: 1,
        at: jiff::Timestamp::UNIX_EPOCH,
        note: String::new(),
        counts: Counts::default(),
    };
    let file = data.join("schedule.json");
    let export = Export {
        programme: &programme,
        release: &release,
        base_url: "https://conf.example.org",
        generated: jiff::Timestamp::UNIX_EPOCH,
    };
    std::fs::write(&file, schedule_json_v2(&export))?;
    // What is measured is the answer, not the limit.
    std::fs::write(data.join("plenary.toml"), "api_per_minute = 1000000000\n")?;
    let file = file.to_str().context("the folder has an odd name")?.to_owned();
    let said = |args: &[&str]| -> anyhow::Result<String> {
        let output = server::plenary(binaries, data).args(args).output()?;
        ensure!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    said(&["import", &file])?;
    said(&["user", "create", "ada@example.org", "--name", "Ada"])?;
    let token = said(&["token", "create", "ada@example.org", "--name", "bench"])?;
    let code = programme.sessions.first().context("the edition is empty")?.code.to_string();
    Ok((programme.edition.slug.to_string(), code, token))
}

/// The request with a token.
fn with_token(path: &str, token: &str) -> anyhow::Result<Vec<u8>> {
    let plain = String::from_utf8(get(path))?;
    let head = plain.strip_suffix("\r\n").context("a request ends with an empty line")?;
    Ok(format!("{head}authorization: Bearer {token}\r\n\r\n").into_bytes())
}
