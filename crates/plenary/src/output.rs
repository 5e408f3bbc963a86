//! What the command line prints: plain for people, JSON for programs, silent where nobody looks.

use std::io::{IsTerminal, Write};

/// Prints an error with its causes, each on a line of its own, on standard error.
pub(crate) fn error(error: &anyhow::Error) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "error: {error}");
    for cause in error.chain().skip(1) {
        let _ = writeln!(err, "  because: {cause}");
    }
}

/// Prints one line on standard output. A closed pipe is the reader's choice, not an error.
pub(crate) fn line(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// Prints a value as JSON on standard output.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A progress display on standard error that shows the present step; silent when standard error is no terminal.
pub(crate) struct Progress(indicatif::ProgressBar);

impl Progress {
    /// A display of `steps` steps.
    pub(crate) fn new(steps: u64) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            indicatif::ProgressBar::new(steps)
        } else {
            indicatif::ProgressBar::hidden()
        };
        // A template that does not parse would be a slip of ours: the default bar serves as well.
        if let Ok(style) =
            indicatif::ProgressStyle::with_template("{spinner} [{pos}/{len}] {msg} ({elapsed})")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Self(bar)
    }

    /// Begins the next step.
    pub(crate) fn step(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
        self.0.inc(1);
    }

    /// Takes the display away.
    pub(crate) fn done(&self) {
        self.0.finish_and_clear();
    }
}
