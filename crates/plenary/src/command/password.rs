//! Reading a password: never from an argument, which everybody on the machine can see in the list of processes.

use anyhow::{Context, bail};
use identity::Secret;
use std::io::{BufRead, IsTerminal, Write};

/// The password that is typed at the terminal, twice and without being shown; else the first line of standard input.
pub(super) fn read() -> anyhow::Result<Secret> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return line(&mut input.lock());
    }
    let _hidden = hidden::hide()?;
    let typed = ask("New password: ")?;
    let again = ask("Once more: ")?;
    if typed.reveal() != again.reveal() {
        bail!("password: the two are not the same. Type the same password twice.");
    }
    Ok(typed)
}

fn ask(what: &str) -> anyhow::Result<Secret> {
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "{what}").and_then(|()| err.flush());
    let typed = line(&mut std::io::stdin().lock());
    let _ = writeln!(err);
    typed
}

fn line(input: &mut impl BufRead) -> anyhow::Result<Secret> {
    let mut text = String::new();
    input
        .read_line(&mut text)
        .context("password: it cannot be read. Type it, or give it on standard input.")?;
    let typed = text.strip_suffix('\n').unwrap_or(&text);
    let typed = typed.strip_suffix('\r').unwrap_or(typed);
    if typed.is_empty() {
        bail!("password: none was given. Type it, or give it on standard input.");
    }
    Ok(Secret::new(typed))
}

/// A terminal that does not show what is typed.
#[cfg(unix)]
mod hidden {
    use anyhow::Context;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// Shows again what is typed once it is dropped.
    pub(super) struct Hidden(Termios);

    impl Drop for Hidden {
        fn drop(&mut self) {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
        }
    }

    pub(super) fn hide() -> anyhow::Result<Hidden> {
        let shown = tcgetattr(std::io::stdin())
            .context("password: the terminal cannot hide it. Give it on standard input.")?;
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &hidden)
            .context("password: the terminal cannot hide it. Give it on standard input.")?;
        Ok(Hidden(shown))
    }
}

/// A terminal that shows what is typed: nothing is asked there.
#[cfg(not(unix))]
mod hidden {
    pub(super) fn hide() -> anyhow::Result<()> {
        anyhow::bail!("password: this terminal cannot hide it. Give it on standard input.")
    }
}
