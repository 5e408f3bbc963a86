//! Conflicts of interest: who must not review or see the reviews of a proposal, and why (requirement 33).
//!
//! A conflict is between persons with all their identities: somebody who signs in by another address is the same person.
//! **Where there is a conflict, the record gives nothing of the proposal's reviews, scores or place in the ranking**; see
//! `store::proposal`.

use crate::{
    email::Email,
    id::AccountId,
    text::{Line, folded},
    words::words,
};
use std::collections::BTreeSet;

words! {
    /// Why somebody must not review a proposal.
    Conflict {
        /// They are one of its authors.
        Own = "own", "They propose it";
        /// They said so themselves, or the committee did.
        Declared = "declared", "Declared";
        /// They and an author stood together on the programme of an edition.
        CoAuthor = "co_author", "Presented together with an author before";
        /// They work at the same place as an author.
        Affiliation = "affiliation", "Same affiliation as an author";
        /// Their address and that of an author are of the same organisation.
        Domain = "domain", "E-mail address at the same organisation as an author";
    }
}

/// Providers at which everybody may have an address, so that a shared one says nothing. Subdomains count too.
const PUBLIC_PROVIDERS: [&str; 34] = [
    "126.com",
    "163.com",
    "aol.com",
    "debian.org",
    "disroot.org",
    "fastmail.com",
    "free.fr",
    "gentoo.org",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.com",
    "icloud.com",
    "kernel.org",
    "live.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "outlook.com",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "riseup.net",
    "t-online.de",
    "web.de",
    "yahoo.com",
    "yandex.ru",
];

/// What is known of a person for this purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Their accounts, those merged into it included.
    pub accounts: BTreeSet<AccountId>,
    /// Where they work or belong, folded; empty where they do not say.
    pub affiliation: String,
    /// The organisations of their proved addresses.
    pub domains: BTreeSet<String>,
    /// Those with whom they stood together on a programme.
    pub companions: BTreeSet<AccountId>,
}

impl Known {
    /// Somebody with that account and those proved addresses.
    pub fn new<'a>(
        account: AccountId,
        affiliation: &Line,
        addresses: impl Iterator<Item = &'a Email>,
    ) -> Self {
        Self {
            accounts: [account].into(),
            affiliation: affiliation_of(affiliation),
            domains: addresses.filter_map(organisation).collect(),
            companions: BTreeSet::new(),
        }
    }
}

/// Why `reviewer` must not review what `authors` propose; the first reason of each kind, in the order of [`Conflict::ALL`].
/// `declared` says whether a conflict was declared.
pub fn conflicts(reviewer: &Known, authors: &[&Known], declared: bool) -> Vec<Conflict> {
    let any = |holds: &dyn Fn(&Known) -> bool| authors.iter().any(|author| holds(author));
    Conflict::ALL
        .iter()
        .copied()
        .filter(|conflict| match conflict {
            Conflict::Own => any(&|author| !author.accounts.is_disjoint(&reviewer.accounts)),
            Conflict::Declared => declared,
            Conflict::CoAuthor => any(&|author| !author.accounts.is_disjoint(&reviewer.companions)),
            Conflict::Affiliation => {
                !reviewer.affiliation.is_empty() && any(&|author| author.affiliation == reviewer.affiliation)
            }
            Conflict::Domain => any(&|author| !author.domains.is_disjoint(&reviewer.domains)),
        })
        .collect()
}

/// An affiliation as it is compared: without case, accents, punctuation and the legal form.
fn affiliation_of(name: &Line) -> String {
    const FORMS: [&str; 12] =
        ["inc", "ltd", "llc", "gmbh", "ag", "sa", "corp", "corporation", "co", "limited", "bv", "ab"];
    // What says that somebody is alone makes nobody a colleague.
    const ALONE: [&str; 6] = ["independent", "self", "self employed", "freelance", "freelancer", "none"];
    let plain: String =
        folded(name.as_str()).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = plain.split_whitespace().filter(|word| !FORMS.contains(word)).collect();
    let out = words.join(" ");
    if ALONE.contains(&out.as_str()) { String::new() } else { out }
}

/// The organisation of an address: its domain without the names before the last two, or the last three below a country
/// such as `.ac.uk`; `None` for public providers.
fn organisation(address: &Email) -> Option<String> {
    let domain = address.domain().to_lowercase();
    let labels: Vec<&str> = domain.split('.').filter(|label| !label.is_empty()).collect();
    let short_second = |labels: &[&str]| {
        labels.len() >= 3
            && labels.last().is_some_and(|top| top.len() == 2)
            && ["ac", "co", "com", "edu", "gov", "net", "org", "or", "ne"].contains(&labels[labels.len() - 2])
    };
    let kept = if short_second(&labels) { 3 } else { 2 };
    let name = labels[labels.len().saturating_sub(kept)..].join(".");
    (!name.is_empty() && !PUBLIC_PROVIDERS.contains(&name.as_str())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn known(number: u128, affiliation: &str, address: &str) -> Known {
        let address = Email::parse(address).unwrap();
        Known::new(AccountId(Uuid::from_u128(number)), &Line::from(affiliation), std::iter::once(&address))
    }

    fn between(reviewer: &Known, author: &Known) -> Vec<Conflict> {
        conflicts(reviewer, &[author], false)
    }

    #[test]
    fn colleagues_are_found_by_affiliation_and_by_address() {
        let reviewer = known(1, "Example, Inc.", "a@eng.example.com");
        assert_eq!(between(&reviewer, &known(2, "EXAMPLE", "b@elsewhere.org")), [Conflict::Affiliation]);
        assert_eq!(between(&reviewer, &known(2, "", "b@sales.example.com")), [Conflict::Domain]);
        assert_eq!(between(&reviewer, &known(2, "Other", "b@other.org")), []);
        assert_eq!(between(&reviewer, &known(1, "Other", "b@other.org")), [Conflict::Own]);
    }

    #[test]
    fn public_providers_and_those_who_work_alone_are_no_colleagues() {
        let reviewer = known(1, "Independent", "a@gmail.com");
        assert_eq!(between(&reviewer, &known(2, "independent", "b@gmail.com")), []);
        assert_eq!(between(&known(1, "", "a@kernel.org"), &known(2, "", "b@kernel.org")), []);
    }

    #[test]
    fn universities_below_a_country_are_told_apart() {
        let one = known(1, "", "a@cs.ox.ac.uk");
        assert_eq!(between(&one, &known(2, "", "b@cam.ac.uk")), []);
        assert_eq!(between(&one, &known(2, "", "b@maths.ox.ac.uk")), [Conflict::Domain]);
    }

    #[test]
    fn companions_and_declarations_count() {
        let author = known(2, "", "b@other.org");
        let reviewer = Known { companions: author.accounts.clone(), ..known(1, "", "a@example.com") };
        let all = conflicts(&reviewer, &[&author], true);
        assert_eq!(all, [Conflict::Declared, Conflict::CoAuthor]);
    }
}
