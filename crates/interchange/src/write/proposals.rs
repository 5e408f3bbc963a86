//! What was submitted to calls, as a table.

use super::csv::guarded;
use std::collections::BTreeSet;

/// A proposal as a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProposalRow {
    /// Its number.
    pub number: u32,
    /// The name of its call.
    pub call: String,
    /// Its title.
    pub title: String,
    /// The word for where it stands.
    pub state: &'static str,
    /// Who proposes it; empty where that is not to be known.
    pub authors: Vec<String>,
    /// How long it is.
    pub minutes: Option<u16>,
    /// When it was submitted, as RFC 3339 has it.
    pub submitted: String,
    /// The number of its present revision.
    pub revision: u32,
    /// What it is about.
    pub summary: String,
    /// What its call asked, and what it says.
    pub answers: Vec<(String, String)>,
    /// The word for the conflict of whoever exports; empty for none.
    pub conflict: &'static str,
    /// How many reviews there are; none where that is not to be known.
    pub reviews: Option<usize>,
    /// Their mean, 0 to 100.
    pub score: String,
    /// How far they are apart.
    pub spread: String,
    /// The word for what is prepared.
    pub prepared: &'static str,
}

/// Proposals as CSV for spreadsheets, with a column for each thing that some call asks, in the order in which they first
/// stand. Cells that a spreadsheet would take for a formula are guarded.
pub fn proposals_csv(proposals: &[ProposalRow]) -> String {
    let mut asked: Vec<&str> = vec![];
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (label, _) in proposals.iter().flat_map(|one| &one.answers) {
        if known.insert(label) {
            asked.push(label);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(100 + proposals.len() * 1_000));
    let fixed = [
        "number",
        "call",
        "title",
        "state",
        "authors",
        "minutes",
        "submitted",
        "revision",
        "conflict",
        "reviews",
        "score",
        "spread",
        "prepared",
        "abstract",
    ];
    let head = fixed
        .iter()
        .map(|name| (*name).to_owned())
        .chain(asked.iter().map(|label| guarded((*label).to_owned())));
    // Writing to memory does not fail.
    writer.write_record(head).ok();
    for one in proposals {
        let cells = [
            one.number.to_string(),
            one.call.clone(),
            one.title.clone(),
            one.state.to_owned(),
            one.authors.join("; "),
            one.minutes.map(|minutes| minutes.to_string()).unwrap_or_default(),
            one.submitted.clone(),
            one.revision.to_string(),
            one.conflict.to_owned(),
            one.reviews.map(|reviews| reviews.to_string()).unwrap_or_default(),
            one.score.clone(),
            one.spread.clone(),
            one.prepared.to_owned(),
            one.summary.clone(),
        ];
        let answers = asked.iter().map(|label| {
            let said = one.answers.iter().filter(|(asked, _)| asked == label).map(|(_, said)| said.as_str());
            said.collect::<Vec<_>>().join("; ")
        });
        writer.write_record(cells.into_iter().chain(answers).map(guarded)).ok();
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_a_column_and_no_cell_is_a_formula() {
        let answer = |label: &str, said: &str| (label.to_owned(), said.to_owned());
        let one = ProposalRow {
            number: 1,
            title: "=1+1".to_owned(),
            answers: vec![answer("Outcome", "Peace, \"and\" quiet")],
            reviews: Some(2),
            ..ProposalRow::default()
        };
        let two =
            ProposalRow { number: 2, answers: vec![answer("Budget", "none")], ..ProposalRow::default() };
        let text = proposals_csv(&[one, two]);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().unwrap().clone();
        assert_eq!(head.iter().rev().take(2).collect::<Vec<_>>(), ["Budget", "Outcome"]);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!((&rows[0][14], &rows[0][15], &rows[0][9]), ("Peace, \"and\" quiet", "", "2"));
        assert_eq!((&rows[1][14], &rows[1][15], &rows[1][9]), ("", "none", ""));
        assert!(!rows[0][2].starts_with('='), "{}", &rows[0][2]);
    }
}
