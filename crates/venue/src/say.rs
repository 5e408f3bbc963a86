//! Writing what people say, many sayings at a time.

use model::{Refusal, chat::Position};
use store::{Saying, Store};
use tokio::sync::{mpsc, oneshot};

/// How many sayings may wait to be written. Whoever comes then waits for a place, and so is slowed down.
pub(crate) const WAITING_MAX: usize = 4_096;

/// How many are written at once.
const AT_ONCE: usize = 500;

/// Why something is not in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsaid {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The record could not take it. Whoever says it again under the same identifier says it once.
    #[error("The record could not take it: {0}. Try again.")]
    Failed(String),
}

/// Something that waits to be written, and where its outcome is told.
pub(crate) struct Asked {
    saying: Saying,
    answer: oneshot::Sender<Result<Position, Unsaid>>,
}

/// Has `saying` written, and waits for its outcome.
pub(crate) async fn ask(writer: &mpsc::Sender<Asked>, saying: Saying) -> Result<Position, Unsaid> {
    let stopped = || Unsaid::Failed("the server is being stopped".to_owned());
    let (answer, outcome) = oneshot::channel();
    writer.send(Asked { saying, answer }).await.map_err(|_| stopped())?;
    outcome.await.map_err(|_| stopped())?
}

/// Writes what comes, for ever: all that waits goes into one transaction.
pub(crate) async fn write(store: Store, mut waiting: mpsc::Receiver<Asked>) {
    let mut asked = Vec::with_capacity(AT_ONCE);
    while waiting.recv_many(&mut asked, AT_ONCE).await > 0 {
        let (sayings, answers): (Vec<_>, Vec<_>) =
            asked.drain(..).map(|asked| (asked.saying, asked.answer)).unzip();
        match store.say(&sayings).await {
            Ok(outcomes) => {
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    // Whoever asked may have gone; what they said is said all the same.
                    let _ = answer.send(outcome.map_err(Unsaid::Refused));
                }
            }
            Err(error) => {
                tracing::warn!(%error, lost = answers.len(), "what was said could not be written");
                for answer in answers {
                    let _ = answer.send(Err(Unsaid::Failed(error.to_string())));
                }
            }
        }
    }
}
