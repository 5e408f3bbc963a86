//! A conference opens and everybody signs in: 5,000 people by a link in a mail, while the public site is under load.
//!
//! Each of them opens the page, asks for a link, waits for the mail, opens the link, presses its button and sees the page
//! that greets them. They arrive evenly spread over the time. The mail goes the whole way: through the record's queue to an
//! SMTP server, which is this program; the link is read from what arrived there. Meanwhile 64 connections ask for the
//! schedule as fast as they get it; how fast that is beside what it is without anybody signing in, measured before and
//! after, is the share of its throughput that the public site keeps.

use crate::{
    edition::USUAL,
    http::{Connection, Head, get},
    load::load,
    public::Subject,
    report::{Bar, Report, head, median},
    server,
};
use anyhow::{Context, ensure};
use model::address::{Account, Address};
use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Exit 1 when a bar is missed.
    #[arg(long)]
    check: bool,
    /// Write the figures to this file, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How many people sign in.
    #[arg(long, default_value_t = 5_000)]
    people: u32,
    /// Over how many seconds they arrive.
    #[arg(long, default_value_t = 270)]
    seconds: u64,
}

/// What the issue asks for: 5,000 within five minutes, that is so many in a second.
const PER_SECOND: f64 = 5_000.0 / 300.0;

/// So long nobody waits for a mail.
const MAIL_PATIENCE: Duration = Duration::from_mins(2);

/// How long the public site is measured without anybody signing in, each time.
const ALONE: Duration = Duration::from_secs(10);

/// Measures, prints, and says whether every bar is met.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    eprintln!("building the release binaries");
    let binaries = server::build()?;
    // One thread for the load: the other core is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let subject = Subject::prepare(&binaries, USUAL)?;
    let report = runtime.block_on(measure(args, &subject))?;
    if let Some(file) = &args.json {
        report.write(file).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(report.is_ok() || !args.check)
}

async fn measure(args: &Args, subject: &Subject) -> anyhow::Result<Report> {
    let post = Post::open().await?;
    // All these people stand behind one address.
    let settings = format!(
        "links_per_minute = 100000\n[smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"plenary@example.org\"\n",
        post.port
    );
    std::fs::write(subject.data.path().join("plenary.toml"), settings)?;
    let server = subject.serve()?;
    let schedule = Arc::new(vec![get(&subject.path(&Address::Grid(None)))]);
    let mut connection = Connection::open(server.address).await?;
    for _ in 0..3 {
        connection.status(&schedule[0]).await?;
    }
    println!("{}", head());
    let mut report = Report::default();
    load(server.address, &schedule, ALONE / 4).await?;
    let mut alone = vec![load(server.address, &schedule, ALONE).await?.per_second];

    eprintln!("{} people sign in over {} s", args.people, args.seconds);
    let begin = Instant::now();
    let pace = Duration::from_secs(args.seconds) / args.people.max(1);
    let mut people = vec![];
    let address = server.address;
    for number in 0..args.people {
        let post = Arc::clone(&post.waiting);
        people.push(tokio::spawn(async move {
            tokio::time::sleep_until((begin + pace * number).into()).await;
            sign_in(address, &post, number).await
        }));
    }
    let busy = load(address, &schedule, Duration::from_secs(args.seconds)).await?;
    let (mut took, mut mails) = (vec![], vec![]);
    for person in people {
        let one = person.await??;
        took.extend(one.requests);
        mails.push(one.mail);
    }
    let whole = begin.elapsed().as_secs_f64();
    alone.push(load(address, &schedule, ALONE).await?.per_second);

    let people = f64::from(args.people);
    took.sort_by(f64::total_cmp);
    mails.sort_by(f64::total_cmp);
    let p99 = |sorted: &[f64]| sorted[(sorted.len() * 99 / 100).min(sorted.len() - 1)];
    report.alone(
        format!("{} people signed in after, s", args.people),
        whole,
        Bar::AtMost(people / PER_SECOND),
    );
    report.alone("requests of signing in, p99 ms", p99(&took), Bar::AtMost(1_000.0));
    report.alone("requests of signing in, median ms", median(&mut took), Bar::None);
    report.alone("from asking to the mail, p99 ms", p99(&mails), Bar::None);
    report.beside(
        "schedule page meanwhile, requests/s",
        busy.per_second,
        median(&mut alone),
        Bar::AtLeast(0.8),
    );
    report.alone("schedule page meanwhile, p99 ms", busy.p99, Bar::None);
    report.alone("memory afterwards, MB", server.memory("VmRSS")? / 1e6, Bar::None);
    Ok(report)
}

/// What one person waited for, in milliseconds.
struct Waited {
    /// Each request.
    requests: Vec<f64>,
    /// The mail.
    mail: f64,
}

async fn sign_in(address: SocketAddr, post: &Waiting, number: u32) -> anyhow::Result<Waited> {
    let email = format!("attendee-{number}@example.org");
    let mut connection = Connection::open(address).await?;
    let mut requests = vec![];
    let mut timed = async |request: Vec<u8>, expected: u16| -> anyhow::Result<Head> {
        let sent = Instant::now();
        let (head, _) = connection.whole(&request).await?;
        requests.push(sent.elapsed().as_secs_f64() * 1_000.0);
        ensure!(head.status == expected, "{} in the place of {expected}", head.status);
        Ok(head)
    };
    timed(plain_get(&Account::SignIn.path(), ""), 200).await?;
    let (here, arrived) = oneshot::channel();
    post.lock().unwrap_or_else(PoisonError::into_inner).insert(email.clone(), here);
    let form = format!("email={}&next=%2Faccount%2F", email.replace('@', "%40"));
    let asked = Instant::now();
    timed(form_post(&Account::SignInLink.path(), &form), 200).await?;
    let link = tokio::time::timeout(MAIL_PATIENCE, arrived).await.context("no mail came")??;
    let mail = asked.elapsed().as_secs_f64() * 1_000.0;
    timed(plain_get(&link, ""), 200).await?;
    let head = timed(form_post(&link, ""), 303).await?;
    let cookie = head
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .find_map(|(_, value)| value.starts_with("plenary=").then(|| value.split(';').next()).flatten())
        .context("nobody was signed in")?
        .to_owned();
    timed(plain_get(&Account::Welcome.path(), &cookie), 200).await?;
    Ok(Waited { requests, mail })
}

fn plain_get(path: &str, cookie: &str) -> Vec<u8> {
    let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
    format!("GET {path} HTTP/1.1\r\nHost: conf.example.org\r\nAccept: text/html\r\n{cookie}\r\n").into_bytes()
}

fn form_post(path: &str, form: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: conf.example.org\r\nAccept: text/html\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .into_bytes()
}

/// Who waits for a mail, by address.
type Waiting = Mutex<HashMap<String, oneshot::Sender<String>>>;

/// An SMTP server that hands each link to whoever waits for it.
struct Post {
    port: u16,
    waiting: Arc<Waiting>,
}

impl Post {
    async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let waiting = Arc::<Waiting>::default();
        let shared = Arc::clone(&waiting);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let waiting = Arc::clone(&shared);
                tokio::spawn(async move {
                    // A connection that breaks is the mailer's to open again.
                    let _ = serve(stream, &waiting).await;
                });
            }
        });
        Ok(Self { port, waiting })
    }
}

/// Takes mails as RFC 5321 has it, as far as a client that is in order needs.
async fn serve(stream: TcpStream, waiting: &Waiting) -> anyhow::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 bench\r\n").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await? {
        let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match word.as_str() {
            "EHLO" => b"250-bench\r\n250 8BITMIME\r\n",
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                b"250 ok\r\n"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut body = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    body.push_str(&line);
                    body.push('\n');
                }
                if let Some(link) = link_in(&body)
                    && let Some(here) = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&to)
                {
                    let _ = here.send(link);
                }
                b"250 taken\r\n"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        write.write_all(answer).await?;
    }
    Ok(())
}

/// The path of the link in a mail, of which lines may be broken as quoted-printable does (RFC 2045, section 6.7).
fn link_in(mail: &str) -> Option<String> {
    let whole = mail.replace("=\n", "");
    let begin = whole.find("/sign-in/link/")?;
    let path: String = whole[begin..].chars().take_while(|c| !c.is_whitespace()).collect();
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_found_in_a_mail_with_broken_lines() {
        let mail = "Hello,\n\nhttps://conf.example.org/sign-in/link/abc=\ndef/\n\nBye\n";
        assert_eq!(link_in(mail).as_deref(), Some("/sign-in/link/abcdef/"));
        assert_eq!(link_in("Hello"), None);
    }
}
