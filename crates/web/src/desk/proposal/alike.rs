//! What is likely the same as a proposal: shown to reviewers, and decided by nobody but them.

use crate::{error::Failure, signed::Person, site::Site};
use model::{address::EditionDesk, edition::Edition, id::ProposalId};
use planner::likeness::{Likeness, Titled, Titles};
use std::collections::BTreeMap;
use store::{Filed, FiledHead, FiledTitle};

/// Something that is likely the same.
pub(super) struct Similar {
    pub(super) href: String,
    pub(super) text: String,
    /// By what, in words.
    pub(super) why: String,
}

fn titled(all: &[FiledTitle]) -> Vec<Titled<'_>> {
    all.iter().map(|one| Titled { title: one.title.as_str(), authors: &one.authors }).collect()
}

fn why(like: Likeness) -> String {
    let percent = |part: f64| format!("{:.0} %", part * 100.0);
    let mut parts = vec![];
    if like.title >= 0.2 {
        parts.push(format!("title {}", percent(like.title)));
    }
    if like.authors > 0.0 {
        parts.push("an author in common".to_owned());
    }
    if like.text >= 0.1 {
        parts.push(format!("text {}", percent(like.text)));
    }
    parts.join(", ")
}

/// What is likely the same as this one, by title, authors and text, the likeliest first. What somebody does not know, such as
/// the authors in a blind call, is not compared.
pub(super) async fn of_one(
    site: &Site,
    person: &Person,
    edition: &Edition,
    filed: &Filed,
) -> Result<Vec<Similar>, Failure> {
    let all = site.store().filed_titles(&person.subject, edition).await?;
    let Some(index) = all.iter().position(|one| one.id == filed.proposal.id) else { return Ok(vec![]) };
    let titled = titled(&all);
    let titles = Titles::new(&titled);
    let candidates: Vec<ProposalId> =
        titles.candidates(index).into_iter().map(|(other, _)| all[other].id).collect();
    let texts = site.store().filed_summaries(&person.subject, edition, &candidates).await?;
    let text = |place: usize| {
        if place == index {
            return Some(filed.proposal.content.summary.as_str());
        }
        texts.get(&all[place].id).map(String::as_str)
    };
    Ok(titles
        .likely(index, text)
        .into_iter()
        .map(|(other, like)| Similar {
            href: EditionDesk::Proposal(all[other].id).path(&edition.slug),
            text: format!("#{} {}", all[other].number, all[other].title),
            why: why(like),
        })
        .collect())
}

/// For those of a list that are likely the same as another by title and authors: the number of the likeliest.
pub(super) async fn of_list(
    site: &Site,
    person: &Person,
    edition: &Edition,
    heads: &[FiledHead],
) -> Result<BTreeMap<ProposalId, u32>, Failure> {
    if heads.is_empty() {
        return Ok(BTreeMap::new());
    }
    let all = site.store().filed_titles(&person.subject, edition).await?;
    let places: BTreeMap<ProposalId, usize> =
        all.iter().enumerate().map(|(place, one)| (one.id, place)).collect();
    let titled = titled(&all);
    let titles = Titles::new(&titled);
    Ok(heads
        .iter()
        .filter_map(|head| {
            let (other, _) = titles.likely(*places.get(&head.id)?, |_| None).into_iter().next()?;
            Some((head.id, all[other].number))
        })
        .collect())
}
