//! Search finds the same on both databases, and no query is an error.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    programme::{Participation, Programme, Role},
    text::{Line, RichText},
};
use store::search::catch_up;

on_both!(
    accents_and_letter_case_make_no_difference,
    the_last_word_may_be_a_beginning,
    a_title_comes_before_people_and_people_before_text,
    hostile_queries_find_words_or_nothing,
    only_the_newest_release_is_found,
);

/// An edition whose sessions, by index, have these titles, speakers and texts.
fn edition(sessions: &[(&str, &str, &str)]) -> Programme {
    let mut programme = sample::programme("garden", sessions.len());
    let persons = programme.persons.clone();
    for (at, (title, speaker, text)) in sessions.iter().enumerate() {
        let session = &mut programme.sessions[at];
        session.title = Line::clean(title);
        session.subtitle = Line::default();
        session.summary = RichText::default();
        session.description = RichText::clean(text);
        session.track = None;
        session.people = vec![Participation { person: persons[at].id, role: Role::Speaker }];
        programme.persons[at].name = Line::clean(speaker);
        programme.persons[at].affiliation = Line::default();
    }
    programme.normalise();
    programme
}

async fn found(world: &World, programme: &Programme, query: &str) -> Vec<String> {
    let hits = world.store.search(programme.edition.id, query, 50).await.unwrap();
    let title = |id| programme.sessions.iter().find(|session| session.id == id).unwrap().title.to_string();
    hits.iter().map(|hit| title(hit.session)).collect()
}

async fn accents_and_letter_case_make_no_difference(world: World) {
    let programme = edition(&[
        ("Crème brûlée at scale", "Øyvind Åsen", "Zażółć gęślą jaźń"),
        ("Straßenbahn", "José Müller", "Ελληνικά Ώρα"),
        ("日本語の話", "山田", "ＦＵＬＬ width"),
    ]);
    import(&world, &programme).await;
    catch_up(&world.store).await.unwrap();
    for (query, title) in [
        ("creme BRULEE", "Crème brûlée at scale"),
        ("CRÈME", "Crème brûlée at scale"),
        ("asen", "Crème brûlée at scale"),
        ("zazołc", "Crème brûlée at scale"),
        ("muller", "Straßenbahn"),
        ("ωρα", "Straßenbahn"),
        ("日本", "日本語の話"),
        ("full", "日本語の話"),
    ] {
        assert_eq!(found(&world, &programme, query).await, [title], "{query}");
    }
}

async fn the_last_word_may_be_a_beginning(world: World) {
    let programme = edition(&[
        ("Kernel scheduling", "Ana", ""),
        ("Kernels and maps", "Bo", ""),
        ("Schedulers", "Cy", ""),
    ]);
    import(&world, &programme).await;
    catch_up(&world.store).await.unwrap();
    assert_eq!(found(&world, &programme, "kernel sch").await, ["Kernel scheduling"]);
    assert_eq!(found(&world, &programme, "kern").await.len(), 2);
    assert_eq!(found(&world, &programme, "s").await.len(), 2);
    assert!(
        found(&world, &programme, "kern scheduling").await.is_empty(),
        "only the last word is a beginning"
    );
    assert_eq!(world.store.search(programme.edition.id, "kern", 1).await.unwrap().len(), 1);
}

async fn a_title_comes_before_people_and_people_before_text(world: World) {
    let often = "basil ".repeat(60);
    let programme = edition(&[
        ("In the text", "Ana", &often),
        ("By somebody", "Basil Bloom", "words about something else entirely, and a few more of them"),
        ("Basil", "Cy", "a long text that does not name it"),
        ("Neither", "Di", "nothing"),
    ]);
    import(&world, &programme).await;
    catch_up(&world.store).await.unwrap();
    assert_eq!(found(&world, &programme, "basil").await, ["Basil", "By somebody", "In the text"]);
}

async fn hostile_queries_find_words_or_nothing(world: World) {
    let programme = edition(&[("AND OR NOT NEAR", "Ana", "title: x * ^ \" ' ; --"), ("Other", "Bo", "text")]);
    import(&world, &programme).await;
    catch_up(&world.store).await.unwrap();
    for query in [
        "",
        " ",
        "\"",
        "'",
        "*",
        "\"\"*",
        "AND",
        "x AND",
        "NEAR(",
        "title:",
        "title : x",
        "-x",
        "^x",
        "(x",
        "x)",
        "a OR b",
        "'; DROP TABLE search; --",
        "x & | !",
        ":*",
        "<->",
        "\\",
        "\u{0}",
        "\u{202e}",
        "%",
        "_",
        "{title} : x",
        "x:*A",
        "𝕏 🎉",
    ] {
        world.store.search(programme.edition.id, query, 10).await.unwrap();
    }
    assert!(found(&world, &programme, "\"*").await.is_empty());
    assert_eq!(found(&world, &programme, "\"NOT\" & or*").await, ["AND OR NOT NEAR"]);
    world.store.search(programme.edition.id, &"long ".repeat(100_000), 10).await.unwrap();
    world.store.search(programme.edition.id, &"x".repeat(1_000_000), 10).await.unwrap();
}

async fn only_the_newest_release_is_found(world: World) {
    let first = edition(&[("Roses", "Ana", ""), ("Tulips", "Bo", "")]);
    import(&world, &first).await;
    catch_up(&world.store).await.unwrap();
    assert_eq!(found(&world, &first, "roses").await, ["Roses"]);
    let at = first.sessions.iter().position(|session| session.title.as_str() == "Roses").unwrap();
    import(&world, &sample::retitled(first.clone(), at, "Lilies")).await;
    catch_up(&world.store).await.unwrap();
    assert!(found(&world, &first, "roses").await.is_empty());
    assert_eq!(found(&world, &first, "lilies").await, ["Roses"], "the session is the same one");
    let elsewhere = sample::programme("orchard", 1);
    assert!(found(&world, &elsewhere, "lilies").await.is_empty());
}
