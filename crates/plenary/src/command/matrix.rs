//! `plenary matrix`: what a homeserver needs to know of us.

use crate::{
    config::{Config, MatrixSettings},
    output,
};
use anyhow::{Context, bail};
use matrix::{
    registration::Registration,
    synapse::{Conference, fragment},
};
use std::{fs::OpenOptions, io::Write, path::Path};

/// What to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Writes the registration file, with new tokens, to where the setting `matrix.registration` says.
    Registration {
        /// Where the homeserver reaches Plenary [default: the site's address].
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// Replace the file that is there. The homeserver knows the new tokens once it has the file and was restarted.
        #[arg(long)]
        force: bool,
    },
    /// Prints the configuration that Synapse needs for a conference, each part explained.
    Configuration {
        /// How many people are expected.
        #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
        attendees: u32,
        /// Where the registration stands on the homeserver's machine.
        #[arg(long, value_name = "FILE", default_value = "/etc/matrix-synapse/plenary.yaml")]
        registration_file: String,
    },
}

/// Does it.
pub(crate) fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let settings = settings(config)?;
    match args.deed {
        Deed::Registration { url, force } => {
            let registration =
                Registration::new(&settings.server()?, &url.unwrap_or_else(|| config.origin()))?;
            write(&settings.registration, &registration.yaml(), force)?;
            output::line(format_args!(
                "The registration stands in {}. Give it to the homeserver and restart it, then restart Plenary.",
                settings.registration.display()
            ));
        }
        Deed::Configuration { attendees, registration_file } => {
            let server = settings.server()?;
            output::line(fragment(&Conference { server, attendees, registration_file, sign_in: None }));
        }
    }
    Ok(())
}

/// The settings, which every command about Matrix needs.
pub(super) fn settings(config: &Config) -> anyhow::Result<&MatrixSettings> {
    config.matrix.as_ref().context(
        "matrix: it is not set. Name the homeserver in plenary.toml under [matrix], as docs/matrix.md shows.",
    )
}

/// Writes a file that nobody else can read. One that is there stays unless it is to be replaced.
fn write(file: &Path, text: &str, replace: bool) -> anyhow::Result<()> {
    if file.exists() && !replace {
        bail!(
            "matrix.registration: {} exists, and the homeserver may know its tokens. Replace it with --force.",
            file.display()
        );
    }
    // Beside it first, so that there is never half of one, and never one that others can read.
    let beside = file.with_extension("new");
    let _ = std::fs::remove_file(&beside);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&beside)
        .and_then(|mut open| open.write_all(text.as_bytes()).and_then(|()| open.sync_all()))
        .and_then(|()| std::fs::rename(&beside, file));
    written.with_context(|| {
        format!(
            "matrix.registration: {} cannot be written. Name a file in a folder that can be.",
            file.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_is_for_its_owner_alone_and_is_not_replaced_by_chance() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plenary.yaml");
        write(&file, "one", false).unwrap();
        let refused = write(&file, "two", false).unwrap_err().to_string();
        assert!(refused.contains("--force"), "{refused}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one");
        write(&file, "two", true).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
