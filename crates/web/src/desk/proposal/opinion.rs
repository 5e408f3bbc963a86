//! What was said of a proposal, as pages show it.

use crate::markup;
use model::{
    edition::Edition,
    proposal::{Author, Decision},
    review::Tally,
    text::RichText,
};
use store::Filed;

/// A submitted review.
pub(in crate::desk) struct ReviewView {
    pub(in crate::desk) by: String,
    pub(in crate::desk) figure: String,
    pub(in crate::desk) stale: bool,
    pub(in crate::desk) scores: String,
    pub(in crate::desk) to_committee: String,
    pub(in crate::desk) to_authors: String,
}

/// Something that was said.
pub(in crate::desk) struct CommentView {
    pub(in crate::desk) by: String,
    pub(in crate::desk) at: String,
    pub(in crate::desk) to: &'static str,
    pub(in crate::desk) body: String,
}

/// The reviews and the discussion; none where there is a conflict, since then there are none in `filed`.
pub(in crate::desk) fn opinions(edition: &Edition, filed: &Filed) -> (Vec<ReviewView>, Vec<CommentView>) {
    let html = |text: &RichText| markup::html(text, 3).as_str().to_owned();
    let criteria = &filed.open.call.reviewing.criteria;
    let reviews = filed
        .reviews
        .iter()
        .map(|(by, review)| ReviewView {
            by: by.to_string(),
            figure: review.figure(criteria).map(|figure| format!("{figure:.0}")).unwrap_or_default(),
            stale: review.is_stale(filed.proposal.revision),
            scores: criteria
                .iter()
                .filter_map(|one| Some(format!("{} {}", one.name, review.scores.get(&one.key)?)))
                .collect::<Vec<_>>()
                .join(", "),
            to_committee: html(&review.to_committee),
            to_authors: html(&review.to_authors),
        })
        .collect();
    let comments = filed
        .comments
        .iter()
        .map(|comment| CommentView {
            by: comment.by.to_string(),
            at: edition.zone.local(comment.at).strftime("%-d %B %Y, %H:%M %Z").to_string(),
            to: match (comment.to_authors, comment.by_mail) {
                (true, true) => "with the authors, by mail",
                (true, false) => "with the authors",
                (false, _) => "within the committee",
            },
            body: html(&comment.body),
        })
        .collect();
    (reviews, comments)
}

/// What the reviews say together, in words; empty where there is none.
pub(in crate::desk) fn tally(filed: &Filed) -> String {
    let reviews = filed.reviews.iter().map(|(_, review)| review);
    let tally = Tally::of(reviews, &filed.open.call.reviewing.criteria, filed.proposal.revision);
    match (tally.mean, tally.spread) {
        (Some(mean), Some(_)) if tally.reviews == 1 => format!("{mean:.0} of 100 in one review"),
        (Some(mean), Some(spread)) => {
            format!("{mean:.0} of 100 over {} reviews, {spread:.0} apart", tally.reviews)
        }
        _ => String::new(),
    }
}

/// What can be prepared, and nothing.
pub(in crate::desk) fn decisions() -> Vec<(String, String)> {
    let mut decisions = vec![(String::new(), "Nothing yet".to_owned())];
    decisions.extend(Decision::ALL.iter().map(|one| (one.as_str().to_owned(), one.shown().to_owned())));
    decisions
}

/// Who proposes, or that it is not shown.
pub(in crate::desk) fn names(authors: Option<&[Author]>) -> String {
    match authors {
        None => "Not shown".to_owned(),
        Some(all) => all.iter().map(|author| author.name.to_string()).collect::<Vec<_>>().join(", "),
    }
}
