//! Files that are handed in with proposals: taken by what they hold, kept while a form is mended, and given to those who read
//! the answer and to nobody else.

use crate::{
    calls::{Committee, DESK, last_part},
    content::{multipart, until},
    world::{Answer, SignedIn, World},
};
use axum::http::StatusCode;

const FORM: &str = "/garden-2027/calls/talks/propose/";
const PDF: &[u8] = b"%PDF-1.7\nA paper.";

/// A call that asks for slides, which everybody reads, and for a letter that only the committee reads.
async fn committee() -> Committee {
    Committee::with(&[
        ("key_2", "slides"),
        ("order_2", "3"),
        ("label_2", "Slides"),
        ("kind_2", "file"),
        ("files_2", "pdf"),
        ("megabytes_2", "1"),
        ("required_2", "yes"),
        ("reader_2", "public"),
        ("key_3", "letter"),
        ("order_3", "4"),
        ("label_3", "Letter"),
        ("kind_3", "file"),
        ("files_3", "text"),
        ("reader_3", "committee"),
    ])
    .await
}

async fn send(
    world: &World,
    who: &SignedIn,
    path: &str,
    fields: &[(&str, &str)],
    file: (&str, &str, &[u8]),
) -> Answer {
    let (kind, body) = multipart(fields, file);
    let headers =
        [("content-type", kind.as_str()), ("cookie", who.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    world.send_bytes("POST", path, &headers, body).await
}

/// What a page holds hidden of a field that takes a file.
fn held(page: &str, field: &str) -> String {
    let at = format!("type=\"hidden\" name=\"answer_{field}\" value=\"");
    let from = page.split(&at).nth(1).unwrap_or_else(|| panic!("no {field}: {page}"));
    from.split('"').next().unwrap().to_owned()
}

fn filled<'a>(title: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields =
        vec![("title", title), ("abstract", "All about it."), ("answer_outcome", "Peace"), ("do", "submit")];
    fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    fields.extend(more);
    fields
}

async fn submitted(all: &Committee, who: &SignedIn, title: &str) -> String {
    let sent = send(&all.world, who, FORM, &filled(title, &[]), ("answer_slides", "talk.pdf", PDF)).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    sent.header("location").to_owned()
}

#[tokio::test]
async fn a_file_survives_a_refused_form_and_is_handed_in_with_the_mended_one() {
    let all = committee().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let page = world.get_as(&ada, FORM).await;
    assert!(page.text().contains("enctype=\"multipart/form-data\""), "{}", page.text());
    assert!(page.text().contains("PDF; at most 1 MB.") && page.text().contains("accept=\".pdf\""));
    let untitled = filled("", &[]);
    let refused = send(world, &ada, FORM, &untitled, ("answer_slides", "C:\\talks\\My talk.pdf", PDF)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("My talk.pdf (PDF, 17 bytes)"), "{}", refused.text());
    assert!(!refused.text().contains("talks\\"), "no folder of the sender's is told");
    let id = held(refused.text(), "slides");
    let mended = filled("Compost", &[("answer_slides", id.as_str())]);
    let sent = send(world, &ada, FORM, &mended, ("answer_letter", "", b"")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let own = sent.header("location").to_owned();
    let file = world.get_as(&ada, &format!("{own}files/slides/")).await;
    assert_eq!((file.status, &file.body[..]), (StatusCode::OK, PDF));
    // Nobody else can name it: what stands hidden in a form gives no right.
    let eve = world.sign_in("eve@authors.example", &[]).await;
    let stolen = send(world, &eve, FORM, &mended, ("answer_letter", "", b"")).await;
    assert_eq!(stolen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stolen.text().contains("There is no file"), "{}", stolen.text());
    assert!(store::verify(&world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_is_what_it_holds_and_what_is_not_asked_for_is_refused() {
    let all = committee().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let fields = filled("Compost", &[]);
    let wrong = async |name: &str, bytes: &[u8]| {
        let refused = send(world, &ada, FORM, &fields, ("answer_slides", name, bytes)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("value=\"Compost\""), "what was typed is kept");
        refused.text().to_owned()
    };
    let page = wrong("talk.pdf", b"<html><script>alert(1)</script></html>").await;
    assert!(page.contains("What it holds is of the kind &#34;Plain text or Markdown&#34;"), "{page}");
    assert!(wrong("talk.pdf", b"MZ\x90\0\x03\0\0\0").await.contains("Nobody can tell what it is"));
    let mut large = PDF.to_vec();
    large.resize(1_000_001, b' ');
    assert!(wrong("talk.pdf", &large).await.contains("Send one of at most 1 MB"));
    assert!(wrong("talk.pdf", b"").await.contains("There is no file"));
    assert!(std::fs::read_dir(world.folder.path().join("uploads")).is_err(), "nothing was written");
}

#[tokio::test]
async fn a_file_is_for_those_who_read_the_answer() {
    let all = committee().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let own = submitted(&all, &ada, "Compost").await;
    let id = last_part(&own).to_owned();
    let letter = filled("Compost", &[("answer_slides", ""), ("do", "save")]);
    let current = held(world.get_as(&ada, &own).await.text(), "slides");
    let letter: Vec<_> = letter
        .into_iter()
        .map(|(name, value)| (name, if name == "answer_slides" { current.as_str() } else { value }))
        .collect();
    let evil = b"<html><script>alert(1)</script></html>";
    let saved = send(world, &ada, &own, &letter, ("answer_letter", "letter.html", evil)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());

    let rita = all.reviewer("rita@reviewers.example").await;
    let stranger = world.sign_in("eve@elsewhere.example", &[]).await;
    let desk = format!("{DESK}/proposals/{id}/");
    let page = world.get_as(&all.organiser, &desk).await;
    assert!(page.text().contains(&format!("href=\"{desk}files/letter/\"")), "{}", page.text());
    assert!(page.text().contains("letter.html.txt (Plain text or Markdown, 38 bytes)"));
    let given = world.get_as(&all.organiser, &format!("{desk}files/letter/")).await;
    assert_eq!((given.status, &given.body[..]), (StatusCode::OK, &evil[..]));
    assert_eq!(given.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(given.header("x-content-type-options"), "nosniff");
    assert_eq!(given.header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(given.header("cache-control"), "private, no-store");
    assert!(given.header("content-disposition").starts_with("attachment; filename=\"letter.html.txt\""));
    assert_eq!(world.get_as(&rita, &format!("{desk}files/slides/")).await.status, StatusCode::OK);
    assert!(!world.get_as(&rita, &desk).await.text().contains("letter.html"));
    for (who, path) in [
        (&rita, format!("{desk}files/letter/")),
        (&rita, format!("{own}files/letter/")),
        (&stranger, format!("{desk}files/slides/")),
        (&stranger, format!("{own}files/slides/")),
        (&all.organiser, format!("{desk}files/outcome/")),
        (&all.organiser, format!("{desk}files/nothing/")),
    ] {
        assert_eq!(world.get_as(who, &path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // With a conflict there is none, and no link to it.
    world.post_as(&rita, &format!("{desk}conflict/"), &[("declared", "yes")]).await;
    assert_eq!(world.get_as(&rita, &format!("{desk}files/slides/")).await.status, StatusCode::NOT_FOUND);
    let page = world.get_as(&rita, &desk).await;
    assert!(page.text().contains("talk.pdf") && !page.text().contains("files/slides"), "{}", page.text());
    let export = world.get_as(&all.organiser, &format!("{DESK}/proposals/proposals.json")).await;
    let answers = &export.json()["proposals"][0]["answers"];
    let file = answers.as_array().unwrap().iter().find(|one| one["asked"] == "Slides").unwrap();
    assert_eq!(file["file"]["type"], "application/pdf");
    assert_eq!(file["file"]["bytes"], 17);
    let data = world.get_as(&ada, "/account/data/plenary-account.json").await;
    assert!(data.json()["file"].as_array().unwrap().iter().any(|one| one["name"] == "talk.pdf"));
}

#[tokio::test]
async fn a_revision_keeps_its_file_and_says_that_another_took_its_place() {
    let all = committee().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let own = submitted(&all, &ada, "Compost").await;
    let first = held(world.get_as(&ada, &own).await.text(), "slides");
    let fields =
        filled("Compost", &[("answer_slides", &first), ("was:answer_slides", &first), ("do", "save")]);
    let other = b"%PDF-1.7\nB paper.";
    let saved = send(world, &ada, &own, &fields, ("answer_slides", "talk.pdf", other)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let page = world.get_as(&ada, &own).await;
    assert!(page.text().contains("talk.pdf (PDF, 17 bytes), replaced"), "{}", page.text());
    let desk = format!("{DESK}/proposals/{}/files/slides/", last_part(&own));
    for (who, path) in [(&ada, format!("{own}files/slides/")), (&all.organiser, desk)] {
        assert_eq!(&world.get_as(who, &path).await.body[..], other);
        assert_eq!(&world.get_as(who, &format!("{path}?revision=1")).await.body[..], PDF);
    }
    // The other tab does not know of it: both are shown, by their names.
    let late = send(world, &ada, &own, &fields, ("answer_slides", "late.pdf", b"%PDF-1.4 late")).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.text().contains("<pre>talk.pdf (PDF, 17 bytes)</pre>"), "{}", late.text());
    assert!(late.text().contains("late.pdf (PDF, 13 bytes)"));
    // Taken out of a submitted proposal it lacks; nothing of it is lost by that.
    let second = held(world.get_as(&ada, &own).await.text(), "slides");
    let removed = filled(
        "Compost",
        &[("answer_slides", &second), ("remove_answer_slides", "yes"), ("was:answer_slides", &second)],
    );
    let removed = world.post_as(&ada, &own, &removed).await;
    assert_eq!(removed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(removed.text().contains("There is no file"), "{}", removed.text());
    assert_eq!(&world.get_as(&ada, &format!("{own}files/slides/")).await.body[..], other);
    assert!(store::verify(&world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_for_everybody_stands_on_the_page_of_the_session_once_it_is_accepted() {
    let all = committee().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let own = submitted(&all, &ada, "Compost for everybody").await;
    let id = last_part(&own).to_owned();
    world
        .post_as(&all.organiser, &format!("{DESK}/proposals/{id}/prepare/"), &[("decision", "accept")])
        .await;
    world.post_as(&all.organiser, &format!("{DESK}/proposals/decide/"), &[("proposal", &id)]).await;
    let edition = world.edition("garden-2027").await;
    let programme = world.store.programme(edition.id).await.unwrap().unwrap();
    let session =
        programme.sessions.iter().find(|one| one.title.as_str() == "Compost for everybody").unwrap();
    let page = format!("/garden-2027/sessions/{}/", session.code);
    let file = format!("{page}files/slides.pdf");
    assert_eq!(world.get(&file).await.status, StatusCode::NOT_FOUND, "nothing is released yet");
    world.store.publish(&model::feed::Actor::System, edition.id, "").await.unwrap();
    let text = until(world, &page, "talk.pdf (PDF, 17 bytes)").await;
    assert!(text.contains(&format!("href=\"{file}\"")) && text.contains(">Slides</h2>"), "{text}");
    assert!(!text.contains("Peace"), "what reviewers read is not for everybody");
    let given = world.get(&file).await;
    assert_eq!((given.status, &given.body[..]), (StatusCode::OK, PDF));
    assert!(given.header("content-disposition").starts_with("attachment; filename=\"talk.pdf\""));
    assert_eq!(world.get(&format!("{page}files/letter.txt")).await.status, StatusCode::NOT_FOUND);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    web::static_site::write(&world.site, None, &copy).await.unwrap();
    assert_eq!(std::fs::read(copy.join(file.trim_start_matches('/'))).unwrap(), PDF);
    // Taken back, it is not public any more.
    world.post_as(&ada, &format!("{own}withdraw/"), &[]).await;
    for _ in 0..100 {
        if world.get(&file).await.status == StatusCode::NOT_FOUND {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the file of a withdrawn proposal is still public");
}
