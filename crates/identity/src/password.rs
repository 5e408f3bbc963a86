//! Passwords: which may be chosen, how they are kept, and how one is checked.
//!
//! Kept as argon2id strings (RFC 9106) with the parameters that OWASP's Password Storage Cheat Sheet names first: 19 MiB,
//! two passes, one lane. A string says its parameters, so they may change: [`Verdict::Right`] then holds a new one.
//! Length makes a password strong, so there are no rules about its letters (NIST SP 800-63B, section 5.1.1.2).

use crate::{Secret, Trouble};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use model::Refusal;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// The least characters of a password.
pub const LEAST: usize = 12;
/// The most characters of a password.
pub const MOST: usize = 1_000;

/// Memory of one hash in KiB, passes and lanes.
const MEMORY: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// So many may wait for one that is being checked; who comes then is asked to try again.
const WAITING: usize = 64;
/// And none waits longer.
const PATIENCE: Duration = Duration::from_secs(10);

const COMMON: &str = include_str!("common.txt");

/// A password that may be chosen.
#[derive(Clone, Debug)]
pub struct NewPassword(Secret);

impl NewPassword {
    /// Judges a password for somebody who is known by `known`: their addresses, handle and name, none of which may
    /// stand in it.
    pub fn choose(typed: &Secret, known: &[&str]) -> Result<Self, Refusal> {
        let refuse = |problem: String, remedy: &str| Err(Refusal::new("password", problem, remedy));
        let longer = "Put four or five random words in a row, or let a password manager make one";
        let typed = normal(typed);
        let length = typed.chars().count();
        if length < LEAST {
            return refuse(format!("it has {length} characters and needs {LEAST}"), longer);
        }
        if length > MOST {
            return refuse(format!("it has more than {MOST} characters"), "Choose a shorter one");
        }
        let plain = plain(&typed);
        if is_common(&plain) || repeats(&plain) || runs(&plain) {
            return refuse("it is one of the first that anybody would guess".to_owned(), longer);
        }
        for word in known {
            let local = word.split('@').next().unwrap_or(word);
            for word in [*word, local] {
                let word = self::plain(word);
                if word.chars().count() >= 4 && plain.contains(&word) {
                    let problem = "it contains your address, handle or name".to_owned();
                    return refuse(problem, "Choose one that nobody can make from what is known of you");
                }
            }
        }
        Ok(Self(Secret::new(typed)))
    }
}

/// One form for all ways of typing the same characters (RFC 8265, section 4.2.2: NFC, nothing else is changed).
fn normal(typed: &Secret) -> String {
    typed.reveal().nfc().collect()
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_common(plain: &str) -> bool {
    let lines = COMMON.lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let hit = match line.strip_suffix('*') {
            Some(begin) => plain
                .strip_prefix(begin)
                .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()) || rest == begin),
            None => plain == line,
        };
        if hit {
            return true;
        }
    }
    false
}

/// Whether it is one short piece over and over.
fn repeats(plain: &str) -> bool {
    let chars: Vec<char> = plain.chars().collect();
    (1..=4).any(|period| chars.iter().skip(period).zip(&chars).all(|(later, first)| later == first))
}

/// Whether each character follows the one before in the alphabet or in counting, up or down.
fn runs(plain: &str) -> bool {
    let codes: Vec<i64> = plain.chars().map(|c| i64::from(u32::from(c))).collect();
    [1, -1].iter().any(|step| codes.windows(2).all(|pair| matches!(pair, [a, b] if b - a == *step)))
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one; with the string to keep from now on, where the kept one has older parameters.
    Right {
        /// The new string.
        renewed: Option<String>,
    },
    /// It is another, or there is none.
    Wrong,
}

/// Hashes and checks passwords, a few at a time: each takes 19 MiB and some ten milliseconds of a core, so a flood of
/// them waits in line and is then turned away, and the rest of the server keeps its memory and cores. Cloning it costs
/// nothing.
#[derive(Clone, Debug)]
pub struct Passwords {
    gate: Arc<Semaphore>,
    line: Arc<Semaphore>,
    /// The string of a password that nobody knows, checked where there is none.
    nobody: Arc<str>,
}

impl Passwords {
    /// Checks at most `at_once` passwords at a time.
    pub fn new(at_once: usize) -> Result<Self, Trouble> {
        let at_once = at_once.max(1);
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| Trouble::Down(format!("no random numbers: {error}")))?;
        Ok(Self {
            gate: Arc::new(Semaphore::new(at_once)),
            line: Arc::new(Semaphore::new(at_once + WAITING)),
            nobody: hash_now(&random)?.into(),
        })
    }

    /// The string to keep for a password.
    pub async fn hash(&self, password: &NewPassword) -> Result<String, Trouble> {
        let password = password.0.clone();
        self.in_line(move || hash_now(password.reveal().as_bytes())).await?
    }

    /// Checks what somebody typed against the kept string. **Ask also where there is none**, with `None`: the same work
    /// is done, so that the time says nothing about whether an account exists.
    pub async fn check(&self, typed: &Secret, kept: Option<&str>) -> Result<Verdict, Trouble> {
        let known = kept.is_some();
        let kept = kept.unwrap_or(&self.nobody).to_owned();
        // Nobody has a longer one, and its hash would cost time for its length.
        let typed = if typed.reveal().len() > 4 * MOST { String::new() } else { normal(typed) };
        self.in_line(move || {
            let Ok(parsed) = PasswordHash::new(&kept) else {
                tracing::error!("a kept password is no argon2 string");
                return Verdict::Wrong;
            };
            let right = Argon2::default().verify_password(typed.as_bytes(), &parsed).is_ok();
            if !right || !known {
                return Verdict::Wrong;
            }
            let renewed = if is_current(&parsed) { None } else { hash_now(typed.as_bytes()).ok() };
            Verdict::Right { renewed }
        })
        .await
    }

    async fn in_line<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        let _place = self.line.try_acquire().map_err(|_| Trouble::Busy)?;
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.gate).acquire_owned());
        let turn = turn.await.map_err(|_| Trouble::Busy)?.map_err(|_| Trouble::Busy)?;
        let work = tokio::task::spawn_blocking(move || {
            let done = work();
            // Given back when the work is done, even where nobody waits for it any more.
            drop(turn);
            done
        });
        work.await.map_err(|error| Trouble::Down(format!("a password could not be checked: {error}")))
    }
}

fn hash_now(password: &[u8]) -> Result<String, Trouble> {
    let failed =
        |error: &dyn std::fmt::Display| Trouble::Down(format!("a password cannot be hashed: {error}"));
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(|error| failed(&error))?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| failed(&error))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| failed(&error))?;
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password(password, &salt);
    Ok(hash.map_err(|error| failed(&error))?.to_string())
}

fn is_current(kept: &PasswordHash<'_>) -> bool {
    let Ok(params) = Params::try_from(kept) else { return false };
    kept.algorithm == Algorithm::Argon2id.ident()
        && kept.version == Some(Version::V0x13.into())
        && params.m_cost() == MEMORY
        && params.t_cost() == PASSES
        && params.p_cost() == LANES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(text: &str) -> Result<NewPassword, Refusal> {
        NewPassword::choose(&Secret::new(text), &["ada@example.org", "lovelace", "Ada Byron"])
    }

    #[test]
    fn a_password_that_is_short_common_or_made_of_what_is_known_is_refused() {
        for sound in
            ["correct horse battery", "wbBq4tXs0pLz", "ein Pferd frisst keinen Gurkensalat", "ы1ы2ы3ы4ы5ыя"]
        {
            choose(sound).unwrap();
        }
        let unsound = [
            "short",
            "eleven char",
            "Password2026",
            "password12345678",
            "Letmein-letmein",
            "123456789012",
            "abcdefghijklmn",
            "zyxwvutsrqponm",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabc",
            "QWERTYUIOP123456",
            "correct horse battery staple",
            "I am lovelace forever",
            "xx ada@example.org xx",
            "ada byron is my name",
            "------------",
        ];
        for text in unsound {
            assert!(choose(text).is_err(), "{text}");
        }
        assert!(choose(&"x1".repeat(501)).is_err(), "too long");
    }

    #[tokio::test]
    async fn a_password_is_right_however_its_letters_were_composed() {
        let passwords = Passwords::new(1).unwrap();
        let kept = passwords.hash(&choose("Stra\u{df}enbahn f\u{fc}r alle").unwrap()).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        let decomposed = Secret::new("Stra\u{df}enbahn fu\u{308}r alle");
        assert_eq!(passwords.check(&decomposed, Some(&kept)).await, Ok(Verdict::Right { renewed: None }));
        for wrong in ["", "stra\u{df}enbahn f\u{fc}r alle", &"x".repeat(10_000)] {
            assert_eq!(passwords.check(&Secret::new(wrong), Some(&kept)).await, Ok(Verdict::Wrong));
        }
        assert_eq!(passwords.check(&decomposed, Some("nonsense")).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_password_kept_with_older_parameters_is_renewed_when_it_is_used() {
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let older = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).unwrap());
        let older = older.hash_password(b"correct horse battery", &salt).unwrap().to_string();
        let passwords = Passwords::new(1).unwrap();
        let typed = Secret::new("correct horse battery");
        let Ok(Verdict::Right { renewed: Some(renewed) }) = passwords.check(&typed, Some(&older)).await
        else {
            panic!("it is right and older");
        };
        assert_eq!(passwords.check(&typed, Some(&renewed)).await, Ok(Verdict::Right { renewed: None }));
    }

    #[tokio::test]
    async fn an_account_that_does_not_exist_costs_the_same_work_and_no_password_opens_it() {
        let passwords = Passwords::new(1).unwrap();
        let kept = passwords.hash(&choose("correct horse battery").unwrap()).await.unwrap();
        let typed = Secret::new("a wrong password");
        let time = async |kept: Option<&str>| {
            let mut all = Vec::new();
            for _ in 0..5 {
                let begin = std::time::Instant::now();
                assert_eq!(passwords.check(&typed, kept).await, Ok(Verdict::Wrong));
                all.push(begin.elapsed());
            }
            all.sort();
            all[1].as_secs_f64()
        };
        let (known, unknown) = (time(Some(&kept)).await, time(None).await);
        // A machine in use is no stopwatch: what must not happen is that one of the two does no work.
        assert!(unknown > known / 4.0 && known > unknown / 4.0, "known {known} s, unknown {unknown} s");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_is_turned_away_and_never_holds_more_than_its_share_of_memory() {
        let passwords = Passwords::new(1).unwrap();
        let all: Vec<_> = (0..3 * WAITING)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.check(&Secret::new("flood"), None).await })
            })
            .collect();
        let (mut busy, mut done) = (0, 0);
        for one in all {
            match one.await.unwrap() {
                Err(Trouble::Busy) => busy += 1,
                Ok(Verdict::Wrong) => done += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(busy > 0 && done > 0, "{busy} turned away, {done} done");
        assert_eq!(passwords.check(&Secret::new("after"), None).await, Ok(Verdict::Wrong), "it works again");
    }
}
