//! Proposals of real conferences, filed in a call as their tools exported them.

use crate::support::{self, Plenary};
use jiff::civil::date;
use model::{
    call::{Call, CallKind},
    edition::{Edition, EditionState, Mode},
    feed::Actor,
    id::{CallId, EditionId},
    permission::Subject,
    text::{Line, RichText, Slug},
    time::{Clock, SystemClock, Zone},
};
use std::{path::Path, sync::Arc};
use store::{Location, Store};
use uuid::Uuid;

/// A record with one edition and a call of the usual form.
async fn record() -> Plenary {
    let plenary = Plenary::new();
    let store = open(&plenary).await;
    let edition = Edition {
        id: EditionId(Uuid::nil()),
        slug: Slug::parse("camp").unwrap(),
        series: Line::from("Camp"),
        title: Line::from("Camp"),
        subtitle: Line::default(),
        description: RichText::default(),
        zone: Zone::utc(),
        first_day: date(2030, 8, 1),
        last_day: date(2030, 8, 3),
        day_change: 0,
        venue: Line::default(),
        city: Line::default(),
        country: Line::default(),
        url: None,
        logo: None,
        language: Line::default(),
        colour: None,
        timeslot_minutes: 5,
        mode: Mode::InPerson,
        state: EditionState::Open,
        notice: Line::default(),
    };
    let edition = store.new_edition(&Actor::System, &edition).await.unwrap().id;
    let id = CallId(Uuid::now_v7());
    let call = Call { slug: Slug::parse("talks").unwrap(), ..Call::usual(id, CallKind::Presentations) };
    let operator = Subject::operator("test".to_owned(), SystemClock.now());
    store.put_call(&operator, edition, id, |_| Ok((call, vec![]))).await.unwrap();
    store.close().await;
    plenary
}

async fn open(plenary: &Plenary) -> Store {
    Store::open(&Location::from_data_dir(plenary.folder.path()), Arc::new(SystemClock)).await.unwrap()
}

/// Files `file` twice; what the record then holds: proposals and authors. The second time changes nothing.
async fn filed(file: &Path, more: &[&str]) -> (usize, usize) {
    let plenary = record().await;
    let mut arguments = vec!["proposals", "import", file.to_str().unwrap(), "--call", "talks"];
    arguments.extend(more);
    let rehearsed = plenary.ok(&[arguments.as_slice(), &["--dry-run"]].concat());
    let first = plenary.ok(&arguments);
    assert_eq!(rehearsed.replace("Would file: ", ""), first, "a rehearsal says what then happens");
    let again = plenary.ok(&arguments);
    assert!(again.contains("0 new, 0 changed"), "{again}");
    let store = open(&plenary).await;
    let edition = store.edition(&Slug::parse("camp").unwrap()).await.unwrap().unwrap().edition;
    let operator = Subject::operator("test".to_owned(), SystemClock.now());
    let filed = store.filed_texts(&operator, &edition, None).await.unwrap();
    assert_eq!(store::verify(&store).await.unwrap(), Vec::<String>::new());
    let authors = filed.iter().flat_map(|one| one.authors.iter().flatten()).count();
    (filed.len(), authors)
}

#[tokio::test]
async fn a_table_of_a_camp_is_filed_row_by_row() {
    let Some(data) = support::data() else { return };
    let file = data.join("cfp/emf-2014-proposals.csv");
    let counted = support::independently("proposals.py", &[&file]);
    assert_eq!(filed(&file, &[]).await.0, usize::try_from(counted["title"].as_u64().unwrap()).unwrap());
}

#[tokio::test]
async fn a_table_without_names_is_filed_with_the_names_that_are_given() {
    let Some(data) = support::data() else { return };
    let file = data.join("cfp/iclr-2018-papers_info.csv");
    let (proposals, authors) = filed(&file, &["--columns", "id,title,link,authors"]).await;
    let counted = support::independently("proposals.py", &[&file]);
    assert_eq!(proposals, usize::try_from(counted["rows"].as_u64().unwrap()).unwrap());
    assert_eq!(authors, usize::try_from(counted["authors"].as_u64().unwrap()).unwrap());
}

#[tokio::test]
async fn the_accepted_proposals_of_a_camp_are_found_in_its_export() {
    let Some(data) = support::data() else { return };
    for year in ["2016", "2018"] {
        let folder = tempfile::TempDir::new().unwrap();
        let archive = data.join(format!("cfp/emf-{year}-cfp.tar.xz"));
        for (name, bytes) in support::unpacked(&archive) {
            let file = folder.path().join(name.replace('/', "-"));
            std::fs::write(&file, bytes).unwrap();
            if !name.ends_with("TalkProposal.json") {
                continue;
            }
            let counted = support::independently("proposals.py", &[&file]);
            let (proposals, authors) = filed(&file, &[]).await;
            assert_eq!(proposals, usize::try_from(counted["accepted"].as_u64().unwrap()).unwrap(), "{name}");
            assert!(authors >= proposals, "{name}");
        }
    }
}
