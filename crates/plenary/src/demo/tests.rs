//! What the demo promises to a newcomer, checked on every release of it.

use super::*;
use model::{
    diff::diff,
    programme::{SessionKind, Standing},
};
use std::collections::BTreeSet;

fn all() -> Vec<DemoRelease> {
    releases().unwrap()
}

fn current() -> Programme {
    all().pop().unwrap().programme
}

#[test]
fn nobody_is_in_two_places_and_no_room_is_given_twice_in_any_release() {
    for release in all() {
        assert_eq!(release.programme.problems(), [], "{}", release.note);
    }
}

#[test]
fn refereed_talks_of_45_minutes_run_through_all_five_days() {
    let programme = current();
    let mut days = BTreeSet::new();
    let mut talks = 0;
    for session in programme.sessions.iter().filter(|session| session.kind == SessionKind::Talk) {
        talks += 1;
        for slot in &session.slots {
            assert_eq!(slot.minutes(), 45, "{}", session.title);
            days.insert(programme.edition.day_of(slot.start));
        }
    }
    assert_eq!((talks, days.len(), programme.days().len()), (30, 5, 5));
}

#[test]
fn eighteen_microconferences_of_three_and_a_half_hours_hold_180_minutes_of_topics_around_a_break() {
    let programme = current();
    let blocks: Vec<_> =
        programme.sessions.iter().filter(|session| session.kind == SessionKind::Microconference).collect();
    assert_eq!(blocks.len(), 18);
    for block in blocks {
        let slot = block.first_slot().unwrap();
        assert_eq!(slot.minutes(), 210, "{}", block.title);
        let topics: Vec<_> = programme.sessions.iter().filter(|s| s.parent == Some(block.id)).collect();
        assert!((5..=8).contains(&topics.len()), "{}", block.title);
        let pause = [90, 120].map(|minutes| slot.start + jiff::SignedDuration::from_mins(minutes));
        let mut content = 0;
        for topic in topics {
            let held = topic.first_slot().unwrap();
            content += held.minutes();
            assert_eq!((held.room, topic.track), (slot.room, block.track), "{}", topic.title);
            assert!(slot.start <= held.start && held.end <= slot.end, "{}", topic.title);
            assert!(held.end <= pause[0] || held.start >= pause[1], "{} runs into the break", topic.title);
        }
        assert_eq!(content, 180, "{}", block.title);
        assert!(!block.people.is_empty(), "{} has no lead", block.title);
    }
}

#[test]
fn sponsors_of_seven_kinds_are_ranked() {
    let programme = current();
    let kinds: BTreeSet<_> =
        programme.sponsors.iter().map(|sponsor| (sponsor.rank, sponsor.level.as_str())).collect();
    assert_eq!(kinds.len(), 7);
    assert_eq!(kinds.first(), Some(&(0, "Diamond sponsor")));
}

#[test]
fn every_track_has_a_colour_of_its_own_that_carries_white_text_and_shows_on_black() {
    let programme = current();
    let colours: BTreeSet<_> =
        programme.tracks.iter().map(|track| track.colour.unwrap().to_string()).collect();
    assert_eq!((programme.tracks.len(), colours.len()), (20, 20));
    for track in &programme.tracks {
        // Relative luminance and contrast as WCAG 2.2 defines them.
        let [red, green, blue] = track.colour.unwrap().rgb.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        assert!(1.05 / (luminance + 0.05) >= 4.5 && (luminance + 0.05) / 0.05 >= 3.0, "{}", track.name);
    }
}

#[test]
fn the_clock_change_falls_into_the_five_days_and_one_session_runs_across_it() {
    let programme = current();
    let offset = |instant| programme.edition.zone.rules().to_offset(instant).seconds();
    let offsets: BTreeSet<_> = programme.slots().map(|(_, slot)| offset(slot.start)).collect();
    assert_eq!(offsets, BTreeSet::from([34_200, 37_800]));
    let (session, slot) = programme
        .slots()
        .find(|(_, slot)| offset(slot.start) != offset(slot.end))
        .expect("a session across the change");
    assert_eq!((session.kind, slot.minutes()), (SessionKind::Hack, 270));
    let end = programme.edition.zone.local(slot.end);
    assert_eq!((end.hour(), end.minute()), (3, 30));
}

#[test]
fn the_demo_shows_what_is_rare_a_repeat_a_delay_a_cancellation_other_scripts_and_a_person_without_biography()
{
    let programme = current();
    let standing = |wanted: Standing| programme.slots().filter(|(_, slot)| slot.standing == wanted).count();
    assert_eq!((standing(Standing::Cancelled), standing(Standing::Delayed(15))), (1, 1));
    let repeated = |kind| programme.sessions.iter().filter(|s| s.kind == kind && s.slots.len() == 2).count();
    assert_eq!(repeated(SessionKind::Talk), 1);
    assert!(programme.sessions.iter().any(|s| s.title.as_str().starts_with('「')));
    assert!(
        programme.sessions.iter().any(|s| s.title.as_str().len() > 100 && s.title.as_str().contains(':'))
    );
    let (mute, telling): (Vec<_>, Vec<_>) = programme.persons.iter().partition(|p| p.biography.is_empty());
    assert!(!mute.is_empty() && telling.len() >= 60 && programme.persons.len() >= 150);
}

#[test]
fn each_release_changes_the_one_before_and_the_first_has_the_fewest_sessions() {
    let all = all();
    assert_eq!(all.len(), 3);
    for pair in all.windows(2) {
        assert!(pair[0].published < pair[1].published);
        let counts = diff(&pair[0].programme, &pair[1].programme).counts();
        assert!(counts.added > 0 && counts.changed > 0, "{counts:?}");
    }
    assert_eq!(diff(&all[1].programme, &all[2].programme).counts().removed, 1);
    assert!(all[0].programme.sessions.len() < all[1].programme.sessions.len());
}

#[test]
fn a_file_that_contradicts_itself_is_refused_with_the_place() {
    let refused = |from: &str, to: &str| {
        assert!(EDITION.contains(from), "the file no longer holds {from}");
        read(&EDITION.replacen(from, to, 1)).err().map(|refusal| refusal.to_string()).unwrap_or_default()
    };
    let first = "[\"thu 09:30 roundhouse\"]";
    assert!(refused(first, "[\"thu 09:30 attic\"]").contains("attic"));
    assert!(refused(first, "[\"tue 09:30 roundhouse\"]").starts_with("nine-milliseconds"));
    assert!(refused(first, "[\"soon\"]").contains("soon"));
    assert!(refused("speakers = [\"marit-haugsbo\"]", "speakers = [\"nobody\"]").contains("nobody"));
    assert!(refused("level = \"gold\"", "level = \"lead\"").contains("lead"));
    assert!(refused("minutes = 20\n", "minutes = 25\n").contains("break"));
    assert!(refused("session = \"proof-driver\"", "session = \"prof-driver\"").contains("prof-driver"));
    assert!(refused("tagline =", "tag =").contains("edition.toml"));
}

#[tokio::test]
async fn the_next_edition_is_in_the_middle_of_its_calls() {
    use model::{
        account::Proof,
        call::Phase,
        merge::Carries,
        permission::Subject,
        proposal::{Decision, State},
        text::Slug,
        time::StoppedClock,
    };
    let folder = tempfile::tempdir().unwrap();
    let location = store::Location::from_data_dir(folder.path());
    let now: Timestamp = "2027-10-02T14:50:00+09:30".parse().unwrap();
    let record = store::Store::open(&location, std::sync::Arc::new(StoppedClock(now))).await.unwrap();
    let options = store::ImportOptions { release: true, ..store::ImportOptions::default() };
    record.import(&model::feed::Actor::System, &current(), Carries::ALL, &options).await.unwrap();
    calls::fill(&location, &current().edition, now).await.unwrap();
    // What is there already stays as it is.
    calls::fill(&location, &current().edition, now).await.unwrap();

    let edition = Slug::parse("underframe-2028").unwrap();
    let edition = record.edition(&edition).await.unwrap().unwrap().edition;
    let open = record.calls(edition.id).await.unwrap();
    let phases: Vec<(&str, Phase)> =
        open.iter().map(|one| (one.call.slug.as_str(), one.call.phase(now))).collect();
    assert!(phases.iter().any(|(_, phase)| matches!(phase, Phase::Open(_))), "{phases:?}");
    assert!(phases.iter().any(|(_, phase)| matches!(phase, Phase::Closed(_))), "{phases:?}");
    assert!(phases.iter().any(|(_, phase)| matches!(phase, Phase::Announced(_))), "{phases:?}");
    let of = async |email: &str| {
        let proof = Proof::Email(model::email::Email::parse(email).unwrap());
        let account = record.account_of(&proof).await.unwrap().unwrap();
        Subject::person(account, record.grants_of(account).await.unwrap(), now)
    };
    let seen = async |email: &str| {
        let filter = store::FiledFilter::default();
        record.filed_proposals(&of(email).await, &edition, &filter).await.unwrap().heads
    };
    let marek = seen("marek@ironbark.example.net").await;
    assert!(marek.iter().any(|head| head.prepared == Some(Decision::Accept)));
    assert!(
        marek.iter().any(|head| head.state == State::UnderReview && head.mine.is_some_and(|mine| mine.stale))
    );
    let rosalind = seen("rosalind@gantry.example.com").await;
    let conflicted = rosalind.iter().filter(|head| !head.conflicts.is_empty()).count();
    assert_eq!(conflicted, 1, "a reviewer has a conflict with what somebody of the same place proposed");
    let badges = open.iter().find(|one| one.call.slug.as_str() == "name-badges").unwrap();
    assert_eq!(record.opening(edition.id, badges.call.id).await.unwrap().unwrap().offers.len(), 2);

    let password = calls::let_in(&record).await.unwrap();
    let passwords = identity::password::Passwords::new(1).unwrap();
    let typed = identity::Secret::new(password);
    for persona in calls::personas().unwrap() {
        let account = record.account_of(&Proof::Email(persona.email.clone())).await.unwrap().unwrap();
        let (_, hash) = record.password(account).await.unwrap().unwrap();
        let verdict = passwords.check(&typed, Some(&hash)).await.unwrap();
        assert!(!matches!(verdict, identity::password::Verdict::Wrong), "{}", persona.email);
    }
    assert_eq!(store::verify(&record).await.unwrap(), Vec::<String>::new());
}
