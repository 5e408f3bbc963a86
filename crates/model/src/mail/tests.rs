use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

#[test]
fn what_the_server_answers_decides_what_becomes_of_a_mail() {
    let after = |code, text: &str, failed| Outcome::of_reply(code, text).settle(failed, None, NOW, 0).stage();
    assert_eq!(after(250, "2.0.0 Ok: queued as 4F2", 0), Stage::Sent);
    assert_eq!(after(451, "4.7.1 Greylisted", 1), Stage::Queued);
    assert_eq!(after(451, "4.7.1 Greylisted", RETRY.attempts), Stage::GivenUp);
    assert_eq!(after(550, "5.1.1 No such user", 1), Stage::Refused);
    assert_eq!(after(999, "?", 1), Stage::Queued);
    assert_eq!(Outcome::unknown("the connection broke").settle(1, None, NOW, 0).stage(), Stage::Uncertain);
}

#[test]
fn what_is_too_late_by_the_next_attempt_is_given_up() {
    let soon = NOW + SignedDuration::from_secs(30);
    let later = NOW + SignedDuration::from_mins(15);
    let after = |until| Outcome::later("busy").settle(1, Some(until), NOW, 0).stage();
    assert_eq!(after(soon), Stage::GivenUp);
    assert_eq!(after(later), Stage::Queued);
}

#[test]
fn attempts_go_on_over_a_weekend_and_then_end() {
    let mut at = NOW;
    let mut failed = 1;
    while let State::Queued { next } = Outcome::later("down").settle(failed, None, at, 0) {
        at = next;
        failed += 1;
    }
    let hours = at.duration_since(NOW).as_hours();
    assert!((60..=76).contains(&hours), "{hours}");
}

#[test]
fn a_missing_mailbox_is_told_from_other_refusals() {
    assert!(Outcome::of_reply(550, "5.1.1 <x@y.org>: Recipient address rejected").no_such_mailbox());
    assert!(!Outcome::of_reply(550, "5.7.1 Message rejected as spam").no_such_mailbox());
    assert!(!Outcome::of_reply(450, "5.1.1 odd").no_such_mailbox());
}

#[test]
fn a_full_list_stops_everything_and_a_missing_mailbox_not_what_somebody_asks_for() {
    assert!(SuppressReason::Asked.stops(MailKind::SignIn));
    assert!(!SuppressReason::NoMailbox.stops(MailKind::SignIn));
    assert!(SuppressReason::NoMailbox.stops(MailKind::Post));
}

#[test]
fn the_servers_number_is_found_where_it_says_one() {
    assert_eq!(server_number("250 2.0.0 Ok: queued as 4F2B1"), Some("4F2B1"));
    assert_eq!(server_number("250 OK id=1sXyZ-0001-Ab."), Some("1sXyZ-0001-Ab"));
    assert_eq!(server_number("250 Message accepted"), None);
}

#[test]
fn the_stages_come_back_from_their_words() {
    for stage in Stage::ALL {
        assert_eq!(Stage::parse(stage.as_str()), Some(stage));
        assert_eq!(State::new(stage, NOW).stage(), stage);
    }
}
