//! Registrations as a table, which is read again with the same meaning.

use super::csv::guarded;
use model::registration::Registration;

/// Registrations as CSV for spreadsheets. Cells that a spreadsheet would take for a formula are guarded.
pub fn registrations_csv(registrations: &[Registration]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(100 + registrations.len() * 100));
    let columns = [
        "email",
        "name",
        "type",
        "mode",
        "affiliation",
        "country",
        "time_zone",
        "code",
        "state",
        "signed_in",
    ];
    // Writing to memory does not fail.
    writer.write_record(columns).ok();
    for one in registrations {
        let cells = [
            one.email.to_string(),
            one.name.to_string(),
            one.kind.as_str().to_owned(),
            one.mode.as_str().to_owned(),
            one.affiliation.to_string(),
            one.country.to_string(),
            one.zone.as_ref().map(|zone| zone.name().to_owned()).unwrap_or_default(),
            one.code.to_string(),
            one.state.as_str().to_owned(),
            if one.account.is_some() { "yes" } else { "no" }.to_owned(),
        ];
        writer.write_record(cells.map(guarded)).ok();
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
