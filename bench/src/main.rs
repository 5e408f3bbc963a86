//! Plenary's benchmarks: what it does, beside what a bare server does on the same machine in the same minute.
//!
//! `cargo run --release -p bench -- public` prints one line for each figure, `name  ours  reference  ratio  bar
//! ok|SHORT`; `--json FILE` keeps a copy, `--check` exits 1 when a bar is missed. A figure with a reference is
//! judged by its ratio, one without by itself; a figure without a bar is there to be known.

mod api;
mod assignment;
mod data;
mod edition;
mod http;
mod load;
mod log;
mod mail;
mod people;
mod public;
mod reference;
mod report;
mod review;
mod server;
mod venue;

use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, Parser)]
#[command(name = "bench", about = "Plenary's benchmarks")]
struct Cli {
    #[command(subcommand)]
    which: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// The public site: pages, feeds, search, start, memory, import.
    Public(public::Args),
    /// Filtering the audit log.
    Log(log::Args),
    /// Queueing mail.
    Mail(mail::Args),
    /// Signing in by links in mails, while the public site is under load.
    People(people::Args),
    /// The API for programs: lists and single things, with a token and without.
    Api(public::Args),
    /// The assignment of reviewers, on open data.
    Assignment(assignment::Args),
    /// A review desk with 2,000 proposals, and the minute before a call closes.
    Review(review::Args),
    /// Live rooms: thousands of open pages, and how fast a message reaches them.
    Venue(venue::Args),
    /// The bare server that the public site is compared with. Started by the benchmark itself.
    #[command(hide = true)]
    Reference {
        /// The folder with the answers that it gives.
        answers: PathBuf,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().which {
        Which::Public(args) => public::run(&args),
        Which::Log(args) => log::run(&args),
        Which::Mail(args) => mail::run(&args),
        Which::People(args) => people::run(&args),
        Which::Api(args) => api::run(&args),
        Which::Assignment(args) => assignment::run(&args),
        Which::Review(args) => review::run(&args),
        Which::Venue(args) => venue::run(&args),
        Which::Reference { answers } => reference::serve(&answers).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
