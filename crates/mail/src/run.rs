//! The mailer: follows the queue and sends what is due.
//!
//! One task claims mails, a few workers send them, each over a connection of its own that it keeps while there is more.
//! Little is claimed ahead, so that a link to sign in passes ten thousand announcements.

use crate::{
    leave::leave_token,
    message::Leave,
    session::{Sent, Session},
    settings::Smtp,
};
use jiff::{SignedDuration, Timestamp};
use model::{address::Account, id::MailId, mail::Outcome, retry::Schedule};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use store::{Claimed, ServerTrouble, Store};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// When a server that cannot be used is tried again.
const SERVER: Schedule = Schedule {
    first: SignedDuration::from_secs(5),
    longest: SignedDuration::from_mins(5),
    attempts: u32::MAX,
};

/// How many mails each connection has claimed ahead.
const AHEAD: usize = 4;

/// After so long without a mail a connection is closed.
const IDLE: Duration = Duration::from_secs(15);

/// The queue is looked at this often even if nobody says that there is something new.
const LOOK: Duration = Duration::from_secs(30);

/// So long a mail belongs to the process that claimed it. A process that lives says so anew every third of it, however long
/// the server takes; what a killed one held is another's, or uncertain, after this time.
const HOLD: Duration = Duration::from_secs(30);

/// For how long it is tried to note in the record what the server answered.
const NOTING: Duration = Duration::from_secs(80);

/// Sends what the queue holds until it is told to stop; then what is being sent is finished, and the rest given back.
/// Without a server what is due is set aside as kept. `base_url` is where the site is reached, for links to leave a list.
///
/// Several nodes may run it on one record: each mail is sent by one of them.
pub async fn run(store: Store, smtp: Option<Smtp>, base_url: String, stop: CancellationToken) {
    match smtp {
        Some(smtp) => {
            let mailer = Mailer {
                store,
                smtp,
                base_url,
                me: Uuid::now_v7(),
                trouble: Mutex::default(),
                held: Mutex::default(),
                given_back: Notify::new(),
            };
            Arc::new(mailer).send(stop).await;
        }
        None => keep(&store, &stop).await,
    }
}

async fn keep(store: &Store, stop: &CancellationToken) {
    let mut feed = store.watch();
    loop {
        feed.borrow_and_update();
        let wait = match store.keep_mail().await {
            // There may be more.
            Ok(1..) => continue,
            Ok(0) => until_next(store).await,
            Err(error) => {
                tracing::warn!(%error, "the queue of mail cannot be read");
                Duration::from_secs(5)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
            changed = feed.changed() => if changed.is_err() { return },
        }
    }
}

/// How long until something in the queue is due.
async fn until_next(store: &Store) -> Duration {
    match store.next_mail().await {
        Ok(Some(at)) => {
            let wait = at.duration_since(store.clock().now());
            // Never less: what is due and was not taken is somebody else's.
            Duration::try_from(wait).unwrap_or_default().clamp(Duration::from_millis(100), LOOK)
        }
        Ok(None) => LOOK,
        Err(error) => {
            tracing::warn!(%error, "the queue of mail cannot be read");
            Duration::from_secs(5)
        }
    }
}

/// [`HOLD`], as the record counts.
fn lease() -> SignedDuration {
    SignedDuration::from_secs(HOLD.as_secs() as i64)
}

struct Mailer {
    store: Store,
    smtp: Smtp,
    base_url: String,
    /// Under which name this process claims mails.
    me: Uuid,
    trouble: Mutex<Option<Failing>>,
    /// What this process has claimed and is not done with.
    held: Mutex<BTreeSet<MailId>>,
    /// A mail was given back: the record says nothing of that to those who watch it.
    given_back: Notify,
}

/// The server cannot be used.
#[derive(Clone)]
struct Failing {
    trouble: ServerTrouble,
    times: u32,
    /// When it is tried again, by the machine's clock.
    retry: Instant,
}

/// A claimed mail, with the permit that keeps others from being claimed.
type Given = (Claimed, OwnedSemaphorePermit);

impl Mailer {
    async fn send(self: Arc<Self>, stop: CancellationToken) {
        let room = Arc::new(Semaphore::new(self.smtp.connections * AHEAD));
        let (give, take) = mpsc::channel::<Given>(self.smtp.connections * AHEAD);
        let take = Arc::new(tokio::sync::Mutex::new(take));
        let workers: Vec<_> = (0..self.smtp.connections)
            .map(|_| tokio::spawn(Arc::clone(&self).work(Arc::clone(&take), stop.clone())))
            .collect();
        if let Err(error) = self.recall_trouble().await {
            tracing::warn!(%error, "the state of the mail server cannot be read");
        }
        let sending = async {
            self.claim(&room, &give, &stop).await;
            drop(give);
            for worker in workers {
                if let Err(error) = worker.await {
                    tracing::error!(%error, "a sender of mail has failed");
                }
            }
        };
        tokio::select! {
            () = sending => {}
            () = self.go_on_holding() => {}
        }
        if let Err(error) = self.store.release_mail(self.me).await {
            tracing::warn!(%error, "claimed mail could not be given back; it is claimed again when its lease ends");
        }
    }

    /// Keeps what is claimed and not done with, for as long as this process lives. Never ends.
    async fn go_on_holding(&self) {
        loop {
            tokio::time::sleep(HOLD / 3).await;
            let held = self.held().clone();
            if held.is_empty() {
                continue;
            }
            if let Err(error) = self.store.hold_mail(self.me, &held, lease()).await {
                tracing::warn!(%error, "claimed mail could not be held; another process may take it");
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, BTreeSet<MailId>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Trouble that was noted before this process began is over when a connection succeeds.
    async fn recall_trouble(&self) -> store::Result<()> {
        if let Some(trouble) = self.store.mail_server_trouble().await? {
            let failing = Failing { trouble, times: 0, retry: Instant::now() };
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(failing);
        }
        Ok(())
    }

    async fn claim(&self, room: &Arc<Semaphore>, give: &mpsc::Sender<Given>, stop: &CancellationToken) {
        let mut feed = self.store.watch();
        let mut doubted = None::<Instant>;
        loop {
            feed.borrow_and_update();
            if doubted.is_none_or(|at| at.elapsed() > Duration::from_secs(1)) {
                doubted = Some(Instant::now());
                match self.store.doubt_mail().await {
                    Ok(0) => {}
                    Ok(count) => tracing::warn!(count, "mails are uncertain: their sender was killed"),
                    Err(error) => tracing::warn!(%error, "the queue of mail cannot be read"),
                }
            }
            let wait = match self.paused() {
                Some(pause) => pause,
                None => match self.claim_some(room, give, stop).await {
                    Ok(true) => continue,
                    Ok(false) => until_next(&self.store).await,
                    Err(error) => {
                        tracing::warn!(%error, "mail cannot be claimed");
                        Duration::from_secs(5)
                    }
                },
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
                () = self.given_back.notified() => {}
                changed = feed.changed(), if self.paused().is_none() => if changed.is_err() { return },
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }

    /// Claims what there is room for. Whether there was something.
    async fn claim_some(
        &self,
        room: &Arc<Semaphore>,
        give: &mpsc::Sender<Given>,
        stop: &CancellationToken,
    ) -> store::Result<bool> {
        // Looked at first: claiming writes.
        let due = self.store.next_mail().await?;
        if due.is_none_or(|at| at > self.store.clock().now()) {
            return Ok(false);
        }
        let mut permits = vec![];
        tokio::select! {
            first = Arc::clone(room).acquire_owned() => permits.extend(first),
            () = stop.cancelled() => return Ok(false),
        }
        // After trouble one mail tries whether it is over.
        let probing = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        while !probing && let Ok(permit) = Arc::clone(room).try_acquire_owned() {
            permits.push(permit);
        }
        let claimed =
            self.store.claim_mail(self.me, permits.len() as u64, lease(), self.smtp.sender()).await?;
        self.held().extend(claimed.iter().map(|claimed| claimed.mail.id));
        let any = !claimed.is_empty();
        for given in claimed.into_iter().zip(permits) {
            // Workers end after this task, so that there is always one to take it.
            if give.send(given).await.is_err() {
                break;
            }
        }
        if probing && any {
            // Until that one is through, nothing else is tried.
            tokio::select! {
                all = Arc::clone(room).acquire_many_owned((self.smtp.connections * AHEAD) as u32) => drop(all),
                () = stop.cancelled() => {}
            }
        }
        Ok(any)
    }

    /// How long the server is left alone.
    fn paused(&self) -> Option<Duration> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let left = trouble.as_ref()?.retry.checked_duration_since(Instant::now())?;
        Some(left.max(Duration::from_millis(50)))
    }

    async fn work(
        self: Arc<Self>,
        take: Arc<tokio::sync::Mutex<mpsc::Receiver<Given>>>,
        stop: CancellationToken,
    ) {
        let mut session: Option<Session> = None;
        loop {
            let next = async { take.lock().await.recv().await };
            let given = if session.is_some() {
                match tokio::time::timeout(IDLE, next).await {
                    Ok(given) => given,
                    Err(_idle) => {
                        if let Some(session) = session.take() {
                            session.close().await;
                        }
                        continue;
                    }
                }
            } else {
                next.await
            };
            let Some((claimed, permit)) = given else { break };
            // What was claimed and not begun is given back when all workers have ended.
            if !stop.is_cancelled() && self.paused().is_none() {
                session = self.one(session, &claimed).await;
            } else if !stop.is_cancelled() {
                self.give_back(claimed.mail.id).await;
            }
            self.held().remove(&claimed.mail.id);
            drop(permit);
        }
        if let Some(session) = session {
            session.close().await;
        }
    }

    /// Sends one mail over the session, or over a new one where there is none or it turns out to be dead.
    async fn one(&self, session: Option<Session>, claimed: &Claimed) -> Option<Session> {
        let mut session = session;
        loop {
            let mut open = match session.take() {
                Some(open) => open,
                None => match Session::open(&self.smtp).await {
                    Ok(open) => {
                        self.works().await;
                        open
                    }
                    Err(error) => {
                        self.fails(&error).await;
                        self.give_back(claimed.mail.id).await;
                        return None;
                    }
                },
            };
            let reused = open.is_used();
            match self.over(&mut open, claimed).await {
                Sent::Settled(outcome) => self.settle(claimed.mail.id, &outcome).await,
                Sent::NotOurs => tracing::info!(mail = %claimed.mail.id, "a mail had become another's"),
                Sent::Record(error) => {
                    tracing::warn!(%error, "the record cannot be written, so a mail was not sent");
                    self.give_back(claimed.mail.id).await;
                }
                // It was closed while nobody used it: a new one says whether the server works.
                Sent::Server(_) if reused => continue,
                Sent::Server(error) => {
                    self.fails(&format!("{}: {error}", self.smtp.name())).await;
                    self.give_back(claimed.mail.id).await;
                }
            }
            return Some(open).filter(Session::is_healthy);
        }
    }

    async fn over(&self, session: &mut Session, claimed: &Claimed) -> Sent {
        let id = claimed.mail.id;
        let leave = claimed.mail.list.map(|list| Leave {
            list,
            conference: claimed.conference.clone(),
            link: format!(
                "{}{}",
                self.base_url,
                Account::Unsubscribe(&leave_token(self.store.secret(), id)).path()
            ),
        });
        let begin =
            async |message_id: String| self.store.begin_mail(claimed, self.me, lease(), &message_id).await;
        let replies = self.smtp.replies().zip(claimed.mail.reply);
        let reply = replies.map(|(domain, reply)| domain.with(&self.store.reply_token(reply)));
        session.send(claimed, self.store.clock().now(), (leave.as_ref(), reply.as_deref()), begin).await
    }

    /// Notes how it ended, and does not give up soon: the server may have taken the mail over.
    async fn settle(&self, id: MailId, outcome: &Outcome) {
        let begin = Instant::now();
        loop {
            match self.store.settle_mail(id, self.me, outcome).await {
                Ok(true) => {
                    tracing::debug!(mail = %id, outcome = outcome.as_str(), said = %outcome.said(), "mail");
                    return;
                }
                Ok(false) => {
                    tracing::warn!(mail = %id, outcome = outcome.as_str(), "a mail had become another's");
                    return;
                }
                Err(error) if begin.elapsed() < NOTING => {
                    tracing::warn!(%error, mail = %id, "what the mail server answered cannot be noted; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(error) => {
                    tracing::error!(%error, mail = %id, outcome = outcome.as_str(), "what the mail server answered could not be noted");
                    return;
                }
            }
        }
    }

    async fn give_back(&self, id: MailId) {
        if let Err(error) = self.store.give_back_mail(id, self.me).await {
            tracing::warn!(%error, mail = %id, "a mail could not be given back; it is claimed again when its lease ends");
        }
        self.given_back.notify_one();
    }

    async fn fails(&self, error: &str) {
        let now: Timestamp = self.store.clock().now();
        let noted = {
            let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            let before = trouble.clone();
            // Several workers notice the same failure.
            if before.as_ref().is_some_and(|before| before.retry > Instant::now()) {
                return;
            }
            let times = before.as_ref().map_or(1, |before| before.times.saturating_add(1));
            let retry = SERVER.next(times, now, self.me.as_u128() as u64).unwrap_or(now);
            let pause = Duration::try_from(retry.duration_since(now)).unwrap_or(Duration::from_mins(1));
            let noted = ServerTrouble {
                since: before.map_or(now, |before| before.trouble.since),
                retry,
                error: error.to_owned(),
            };
            *trouble = Some(Failing { trouble: noted.clone(), times, retry: Instant::now() + pause });
            noted
        };
        tracing::warn!(error, retry = %noted.retry, "the mail server cannot be used");
        if let Err(error) = self.store.note_mail_server(Some(&noted)).await {
            tracing::warn!(%error, "the state of the mail server cannot be noted");
        }
    }

    async fn works(&self) {
        let over = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
        if over.is_some() {
            tracing::info!("the mail server works again");
            if let Err(error) = self.store.note_mail_server(None).await {
                tracing::warn!(%error, "the state of the mail server cannot be noted");
            }
        }
    }
}
