//! The binary: command line, configuration, wiring. Knows every crate; is known by none.

mod command;
mod config;
mod demo;
mod output;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Runs a community technical conference on one record: its programme, its site, its feeds.
#[derive(Debug, Parser)]
#[command(name = "plenary", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    settings: config::Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Opens a complete invented conference to look around in.
    Demo(command::demo::Args),
    /// Serves the public site.
    Serve(command::serve::Args),
    /// Reads schedule files of other tools into the record and releases what changed.
    Import(command::import::Args),
    /// Writes a static copy of the public site that works from a plain folder.
    Export(command::export::Args),
    /// Publishes the present state of the timetable as a numbered release.
    Release(command::release::Args),
    /// Lists the editions, their releases and where they are served.
    Editions(command::editions::Args),
    /// Changes one session: cancel, delay, restore, move, retitle.
    Session(command::session::Args),
}

fn main() -> ExitCode {
    give_memory_back();
    let cli = Cli::parse();
    let outcome = config::Config::load(&cli.settings).and_then(|config| {
        config.start_logs()?;
        // Drawing and compressing run on these threads: more of them than this only multiply the memory that they
        // take when a whole site is drawn anew.
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(4).build()?;
        let done = runtime.block_on(run(cli.command, &config));
        // A stream that a client holds open must not keep a stopped server alive.
        runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        done
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Makes the GNU C library give back at once what drawing and compressing a whole site took: large blocks get
/// pages of their own, and threads share two arenas. Without it the server keeps 127 MB after the load of
/// `bench public`, with it 47 MB.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library offers this only so")]
fn give_memory_back() {
    // SAFETY: mallopt takes two integers and touches nothing but the allocator's own settings (mallopt(3)); it is
    // called first thing in main, before any other thread exists that could allocate meanwhile. A refused setting
    // returns 0 and changes nothing.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 * 1_024);
    }
}

/// Other C libraries give memory back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_memory_back() {}

async fn run(command: Command, config: &config::Config) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => command::demo::run(args, config).await,
        Command::Serve(args) => command::serve::run(args, config).await,
        Command::Import(args) => command::import::run(args, config).await,
        Command::Export(args) => command::export::run(args, config).await,
        Command::Release(args) => command::release::run(args, config).await,
        Command::Editions(args) => command::editions::run(args, config).await,
        Command::Session(args) => command::session::run(args, config).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
