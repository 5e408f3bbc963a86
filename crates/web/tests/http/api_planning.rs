//! Calendars of other conferences, what dates are planned with, and hours compared, over the API.

use crate::{
    api::{EDITION, problem, read, send, token, uuid},
    api_mail::all_of,
    world::World,
};
use axum::http::StatusCode;
use model::permission::{Role, TokenScope};
use serde_json::{Value, json};

const LIST: &str = r#"[
    {"name": "Soil Days", "url": "https://soil.example.org", "startDate": "2027-05-01", "endDate": "2027-05-03", "city": "Ghent", "country": "Belgium", "topics": ["soil"]},
    {"name": "Concrete Week", "startDate": "2027-05-08", "endDate": "2027-05-09", "city": "Austin, TX"}
]"#;

#[tokio::test]
async fn calendars_are_given_fetched_and_removed() {
    let world = World::new().await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (_, reading) = token(&world, Role::Committee, TokenScope::Read).await;
    let (_, token) = token(&world, Role::Committee, TokenScope::Write).await;
    let list = format!("{EDITION}/calendars");
    problem(&world.get(&list).await, StatusCode::UNAUTHORIZED);
    problem(&read(&world, &list, &crew).await, StatusCode::FORBIDDEN);
    let given = json!({ "name": "conferences.json", "text": LIST, "topics": ["gardening"] });
    for token in [&crew, &reading] {
        problem(&send(&world, "POST", &list, token, "", &given).await, StatusCode::FORBIDDEN);
    }
    for (body, field) in [
        (json!({ "name": "x.json" }), "address"),
        (json!({ "name": "x.json", "text": LIST, "address": "https://a.example/" }), "address"),
        (json!({ "address": "nonsense" }), "address"),
        (json!({ "text": LIST }), "name"),
        (json!({ "name": "x.json", "text": "nonsense" }), "text"),
        (json!({ "name": "x.json", "text": LIST, "topics": [" "] }), "topics"),
    ] {
        let answer = send(&world, "POST", &list, &token, "", &body).await;
        assert_eq!(problem(&answer, StatusCode::UNPROCESSABLE_ENTITY)["field"], field, "{body}");
    }
    let added = send(&world, "POST", &list, &token, "", &given).await;
    assert_eq!(
        (added.status, &added.json()["conferences"]),
        (StatusCode::CREATED, &json!(2)),
        "{}",
        added.text()
    );
    let at = added.header("location").to_owned();
    assert_eq!(read(&world, &at, &reading).await.json(), added.json());
    let again = send(&world, "POST", &list, &token, "", &given).await;
    assert_eq!(again.json()["id"], added.json()["id"], "it takes the place of the one before");
    let fetch = send(&world, "POST", &format!("{at}/fetch"), &token, "", &Value::Null).await;
    problem(&fetch, StatusCode::UNPROCESSABLE_ENTITY);
    // The tests' server fetches nothing: an address is followed all the same, and says why it was not read.
    let followed = json!({ "address": "webcal://others.example.org/all.ics" });
    let followed = send(&world, "POST", &list, &token, "", &followed).await;
    assert_eq!(followed.status, StatusCode::CREATED, "{}", followed.text());
    let calendar = followed.json();
    assert_eq!(
        (&calendar["name"], &calendar["address"]),
        (&json!("others.example.org"), &json!("https://others.example.org/all.ics"))
    );
    assert!(!calendar["error"].as_str().unwrap().is_empty() && calendar["due"].is_string(), "{calendar}");
    let fetched =
        send(&world, "POST", &format!("{}/fetch", followed.header("location")), &token, "", &Value::Null)
            .await;
    assert_eq!(fetched.status, StatusCode::OK, "{}", fetched.text());
    assert_eq!(
        all_of(&world, &list, &reading, "name").await,
        [json!("conferences.json"), json!("others.example.org")]
    );
    for none in [uuid(), "x".to_owned()] {
        problem(&read(&world, &format!("{list}/{none}"), &token).await, StatusCode::NOT_FOUND);
        problem(
            &send(&world, "DELETE", &format!("{list}/{none}"), &token, "", &Value::Null).await,
            StatusCode::NOT_FOUND,
        );
    }
    let gone = send(&world, "DELETE", &at, &token, "", &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    problem(&read(&world, &at, &token).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_plan_is_set_as_a_whole_and_the_second_of_two_is_told() {
    let world = World::new().await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (_, reading) = token(&world, Role::Committee, TokenScope::Read).await;
    let (_, token) = token(&world, Role::Committee, TokenScope::Write).await;
    let path = format!("{EDITION}/date-plan");
    problem(&world.get(&path).await, StatusCode::UNAUTHORIZED);
    problem(&read(&world, &path, &crew).await, StatusCode::FORBIDDEN);
    let plan = json!({
        "candidates": [{ "first_day": "2027-05-01", "days": 2 }, { "first_day": "2027-06-05", "days": 2 }],
        "season": { "from": "2027-04-01", "to": "2027-06-30", "weekday": "saturday", "days": 2 },
        "topics": ["soil"], "country": "be", "margin": 2,
        "expected": [{ "zone": "America/Halifax", "people": 30 }, { "zone": "Europe/Berlin", "people": 50 }],
        "zones": ["Europe/Prague"], "lengths": [240],
    });
    for token in [&crew, &reading] {
        problem(&send(&world, "PUT", &path, token, "*", &plan).await, StatusCode::FORBIDDEN);
    }
    problem(&send(&world, "PUT", &path, &token, "", &plan).await, StatusCode::PRECONDITION_REQUIRED);
    let tag = read(&world, &path, &reading).await.header("etag").to_owned();
    let set = send(&world, "PUT", &path, &token, &tag, &plan).await;
    assert_eq!((set.status, &set.json()["country"]), (StatusCode::OK, &json!("Belgium")), "{}", set.text());
    assert_eq!(read(&world, &path, &reading).await.json(), set.json());
    problem(&send(&world, "PUT", &path, &token, &tag, &plan).await, StatusCode::PRECONDITION_FAILED);
    let with = |name: &str, value: Value| {
        let mut body = plan.clone();
        body[name] = value;
        body
    };
    for (body, field) in [
        (with("candidates", json!([{ "first_day": "2027-05-01", "days": 31 }])), "candidates"),
        (
            with(
                "season",
                json!({ "from": "2027-04-01", "to": "2027-03-01", "weekday": "monday", "days": 2 }),
            ),
            "to",
        ),
        (with("country", json!("Atlantis")), "country"),
        (with("margin", json!(31)), "margin"),
        (with("expected", json!([{ "zone": "Mars/Olympus", "people": 3 }])), "expected"),
        (with("zones", json!(["Mars/Olympus"])), "zones"),
        (with("lengths", json!([10])), "lengths"),
        (with("lengths", json!("long")), "body"),
    ] {
        let answer = send(&world, "PUT", &path, &token, "*", &body).await;
        assert_eq!(problem(&answer, StatusCode::UNPROCESSABLE_ENTITY)["field"], field, "{body}");
    }
}

#[tokio::test]
async fn dates_are_compared_with_other_conferences_and_hours_with_where_people_are() {
    let world = World::new().await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (_, token) = token(&world, Role::Committee, TokenScope::Write).await;
    let (dates, hours) = (format!("{EDITION}/date-plan/candidates"), format!("{EDITION}/date-plan/hours"));
    for path in [&dates, &hours] {
        problem(&world.get(path).await, StatusCode::UNAUTHORIZED);
        problem(&read(&world, path, &crew).await, StatusCode::FORBIDDEN);
    }
    let given = json!({ "name": "conferences.json", "text": LIST });
    send(&world, "POST", &format!("{EDITION}/calendars"), &token, "", &given).await;
    let none = read(&world, &hours, &token).await.json();
    assert_eq!((&none["lengths"], &none["registered"]), (&json!([]), &json!(true)), "nobody is known");
    let plan = json!({
        "candidates": [{ "first_day": "2027-05-22", "days": 2 }],
        "season": { "from": "2027-05-01", "to": "2027-05-31", "weekday": "saturday", "days": 2 },
        "topics": ["soil"],
        "expected": [{ "zone": "America/Halifax", "people": 30 }, { "zone": "Europe/Berlin", "people": 50 }],
        "lengths": [240],
    });
    let set = send(&world, "PUT", &format!("{EDITION}/date-plan"), &token, "*", &plan).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    let all = read(&world, &dates, &token).await.json();
    let of = |day: &str| {
        let found = all["items"].as_array().unwrap().iter().find(|one| one["first_day"] == day);
        found.unwrap_or_else(|| panic!("{day}: {all}")).clone()
    };
    let own = of("2027-05-01");
    assert_eq!((&own["serious"], &own["clear"]), (&json!(1), &json!(false)), "{own}");
    assert_eq!(
        (&own["clashes"][0]["name"], &own["clashes"][0]["severity"]),
        (&json!("Soil Days"), &json!("serious"))
    );
    assert_eq!(of("2027-05-22")["clear"], true);
    assert_ne!(all["items"][0]["first_day"], "2027-05-01", "the best first");
    let paged = all_of(&world, &dates, &token, "first_day").await;
    let whole: Vec<Value> =
        all["items"].as_array().unwrap().iter().map(|one| one["first_day"].clone()).collect();
    assert_eq!(paged, whole);

    let compared = read(&world, &hours, &token).await.json();
    assert_eq!(
        (&compared["registered"], &compared["days"]["first_day"]),
        (&json!(false), &json!("2027-05-01"))
    );
    let best = &compared["lengths"][0]["windows"][0];
    assert_eq!((&compared["lengths"][0]["minutes"], &best["seated"]), (&json!(240), &json!(80)), "{best}");
    assert!(best["seats"].as_array().unwrap().iter().all(|seat| seat["whole"] == true));
    let query = format!("{hours}?zone=Europe/Berlin&first_day=2027-05-22");
    let there = read(&world, &query, &token).await.json();
    assert_eq!(there["days"]["first_day"], "2027-05-22");
    assert_eq!(there["lengths"][0]["windows"][0]["names"][0]["zone"], "Europe/Berlin");
    for wrong in ["zone=Mars/Olympus", "first_day=soon"] {
        problem(&read(&world, &format!("{hours}?{wrong}"), &token).await, StatusCode::BAD_REQUEST);
    }
}
