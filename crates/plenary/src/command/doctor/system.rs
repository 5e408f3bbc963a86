//! The machine: the data folder, the disk, the zone data.

use super::Finding;
use crate::{command::backup::size, config::Config};
use model::time::Zone;

/// Whether the data folder can be written, and others cannot read it.
pub(super) fn data_folder(config: &Config) -> Vec<Finding> {
    const WHAT: &str = "data folder";
    let data = &config.data;
    let shown = data.display();
    if !data.is_dir() {
        let remedy = "`plenary serve` creates it; or name the right one with --data or the setting `data`";
        return vec![Finding::bad(WHAT, format!("there is no folder {shown}"), remedy)];
    }
    let mut findings = vec![];
    match tempfile::Builder::new().prefix(".plenary-doctor-").tempfile_in(data) {
        Ok(_) => findings.push(Finding::ok(WHAT, format!("{shown} can be written"))),
        Err(error) => findings.push(Finding::bad(
            WHAT,
            format!("{shown} cannot be written: {error}"),
            "Give the folder to the account that runs Plenary (chown)",
        )),
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let open =
            |path: &std::path::Path| std::fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o007 != 0);
        let record = data.join(store::FILE_NAME);
        if open(data) && open(&record) {
            findings.push(Finding::warn(
                WHAT,
                format!("every account of this machine can read {}", record.display()),
                format!("chmod o-rwx {shown}"),
            ));
        }
    }
    findings
}

/// Whether there is room.
pub(super) fn disk(config: &Config) -> Vec<Finding> {
    const WHAT: &str = "disk";
    #[cfg(unix)]
    match rustix::fs::statvfs(&config.data) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let record = std::fs::metadata(config.data.join(store::FILE_NAME)).map_or(0, |meta| meta.len());
            let found = format!("{} free at {}", size(free), config.data.display());
            let remedy = "Free some space, or move the data folder to a larger disk";
            vec![if free < 100_000_000 || disk.f_favail == 0 && disk.f_files > 0 {
                Finding::bad(WHAT, found, remedy)
            } else if free < 1_000_000_000 || free < record.saturating_mul(2) {
                Finding::warn(WHAT, found, remedy)
            } else {
                Finding::ok(WHAT, found)
            }]
        }
        // The folder itself is another finding.
        Err(_) => vec![],
    }
    #[cfg(not(unix))]
    vec![Finding::ok(WHAT, format!("not looked at on this system ({})", config.data.display()))]
}

/// Whether times of day can be told, and by which rules.
pub(super) fn zones() -> Vec<Finding> {
    const WHAT: &str = "time zones";
    let folder = std::path::Path::new("/usr/share/zoneinfo");
    let version = std::fs::read_to_string(folder.join("tzdata.zi"))
        .ok()
        .and_then(|text| text.lines().next()?.strip_prefix("# version ").map(str::to_owned));
    let source = match (version, folder.is_dir()) {
        (Some(version), _) => format!("rules {version} of this system"),
        (None, true) => "rules of this system".to_owned(),
        (None, false) => "the rules that came with Plenary".to_owned(),
    };
    vec![match Zone::parse("Europe/Brussels") {
        Ok(_) => Finding::ok(WHAT, source),
        Err(error) => Finding::bad(WHAT, format!("{source}: {error}"), "Install the package tzdata anew"),
    }]
}
