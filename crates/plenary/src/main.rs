//! The binary: command line, configuration, wiring. Knows every crate; is known by none.

mod command;
mod config;
mod demo;
mod output;
mod sandbox;

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
    /// Files proposals that another tool exported in a call.
    Proposals(command::proposals::Args),
    /// Writes a static copy of the public site that works from a plain folder.
    Export(command::export::Args),
    /// Publishes the present state of the timetable as a numbered release.
    Release(command::release::Args),
    /// Lists the editions, their releases and where they are served.
    Editions(command::editions::Args),
    /// Changes one session: cancel, delay, restore, move, retitle.
    Session(command::session::Args),
    /// Writes the whole record and the uploaded files into one file, and reads it back to be sure.
    Backup(command::backup::Args),
    /// Puts a backup into its place: all of it or nothing.
    Restore(command::restore::Args),
    /// Accounts: makes, lists and blocks them, lets somebody in who is locked out.
    User(command::user::Args),
    /// Roles: gives, revokes and lists them.
    Grant(command::grant::Args),
    /// Tokens of the API: makes, lists and revokes them.
    Token(command::token::Args),
    /// For mail servers: takes what people reply by mail.
    Mail(command::mail::Args),
    /// Chat on a Matrix homeserver: writes its registration, and what it needs in its configuration.
    Matrix(command::matrix::Args),
    /// Prints what would be done to an outside system now, and does nothing.
    Plan(command::plan::Args),
    /// Says what is wrong with this installation, and how to mend it.
    Doctor(command::doctor::Args),
}

fn main() -> ExitCode {
    give_memory_back();
    let cli = Cli::parse();
    // A mail server reads from the exit code what to do with a mail, and keeps it where something is wrong with us.
    let failure = match cli.command {
        Command::Mail(_) => ExitCode::from(command::mail::TRY_AGAIN),
        _ => ExitCode::FAILURE,
    };
    let outcome = config::Config::load(&cli.settings).and_then(|config| {
        config.start_logs()?;
        // Asked for before a server confines itself: the answer stands in files that it gives up.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let ready = Ready::of(cli.command, config)?;
        // Drawing and compressing run on these threads: more of them than this only multiply the memory that they
        // take when a whole site is drawn anew.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(cores)
            .enable_all()
            .max_blocking_threads(4)
            .build()?;
        let done = runtime.block_on(run(ready));
        // A stream that a client holds open must not keep a stopped server alive.
        runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        done
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            failure
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

/// A command after what it must do while the process has one thread.
enum Ready {
    Serve(config::Config, command::serve::Opened),
    ConfinedTest(config::Config, sandbox::Confinement),
    Other(Command, config::Config),
}

impl Ready {
    fn of(command: Command, config: config::Config) -> anyhow::Result<Self> {
        Ok(match command {
            Command::Serve(args) => {
                let config = args.over(&config);
                let opened = command::serve::open_confined(&config)?;
                Self::Serve(config, opened)
            }
            Command::Doctor(args) if args.confined => {
                let confinement = sandbox::enter(&config);
                Self::ConfinedTest(config, confinement)
            }
            other => Self::Other(other, config),
        })
    }
}

async fn run(ready: Ready) -> anyhow::Result<ExitCode> {
    match ready {
        Ready::Serve(config, opened) => command::serve::run(&config, opened).await?,
        Ready::ConfinedTest(config, confinement) => {
            command::doctor::confined::run(&config, confinement).await?;
        }
        Ready::Other(Command::Mail(args), config) => return command::mail::run(args, &config).await,
        Ready::Other(command, config) => other(command, &config).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn other(command: Command, config: &config::Config) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => command::demo::run(args, config).await,
        // Both were dealt with above.
        Command::Serve(_) | Command::Mail(_) => Ok(()),
        Command::Import(args) => command::import::run(args, config).await,
        Command::Proposals(args) => command::proposals::run(args, config).await,
        Command::Export(args) => command::export::run(args, config).await,
        Command::Release(args) => command::release::run(args, config).await,
        Command::Editions(args) => command::editions::run(args, config).await,
        Command::Session(args) => command::session::run(args, config).await,
        Command::Backup(args) => command::backup::run(args, config).await,
        Command::Restore(args) => command::restore::run(args, config).await,
        Command::User(args) => command::user::run(args, config).await,
        Command::Grant(args) => command::grant::run(args, config).await,
        Command::Token(args) => command::token::run(args, config).await,
        Command::Matrix(args) => command::matrix::run(args, config),
        Command::Plan(args) => command::plan::run(args, config).await,
        Command::Doctor(args) => command::doctor::run(args, config).await,
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
