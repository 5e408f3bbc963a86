//! Signing in with the password of a directory.

use crate::slapd::Slapd;
use identity::{Health, Secret, Trouble, ldap::Directory, settings::LdapSettings};
use model::account::Proof;

fn right() -> Secret {
    Secret::new("enchantress of number")
}

async fn wrong(directory: &Directory, user: &str, password: &str) {
    let outcome = directory.check(user, &Secret::new(password)).await;
    assert!(matches!(outcome, Err(Trouble::Refused(_))), "{user:?}: {outcome:?}");
}

#[tokio::test]
async fn the_password_of_the_directory_opens_and_no_other_does() {
    let Some(slapd) = Slapd::start() else { return };
    let directory = Directory::new(slapd.settings()).unwrap();
    let proof =
        Proof::Ldap { directory: "example".to_owned(), dn: "uid=ada,ou=people,dc=example,dc=org".to_owned() };
    // By either attribute, in any case, beside a referral that leads nowhere.
    for user in ["ada", "ADA", " ada@example.org "] {
        let proven = directory.check(user, &right()).await.unwrap();
        assert_eq!(proven.proof, proof, "{user}");
        assert_eq!(proven.name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(proven.email.as_ref().map(model::email::Email::as_str), Some("ada@example.org"));
    }
    assert_eq!(directory.health(), Health::Up);
    wrong(&directory, "ada", "wrong").await;
    // A bind without a password succeeds and proves nothing.
    wrong(&directory, "ada", "").await;
    wrong(&directory, "nobody", "enchantress of number").await;
    let refusals = (
        directory.check("ada", &Secret::new("wrong")).await.unwrap_err(),
        directory.check("nobody", &Secret::new("wrong")).await.unwrap_err(),
    );
    assert_eq!(refusals.0, refusals.1, "who is there cannot be told from the answer");
}

#[tokio::test]
async fn what_is_typed_stays_a_name_whatever_it_holds() {
    let Some(slapd) = Slapd::start() else { return };
    let directory = Directory::new(slapd.settings()).unwrap();
    for hostile in ["*", "a*", "ada)(uid=*", "*)(|(uid=*", "ada\0", "\\2a", ")", &"x".repeat(10_000)] {
        wrong(&directory, hostile, "enchantress of number").await;
    }
    let proven = directory.check("wei(r)d*", &right()).await.unwrap();
    assert_eq!(proven.name.as_deref(), Some("Strange Name"));

    let by_name = LdapSettings {
        dn: "uid={user},ou=people,dc=example,dc=org".to_owned(),
        base: String::new(),
        filter: String::new(),
        bind_dn: String::new(),
        bind_password: Secret::default(),
        ..slapd.settings()
    };
    let directory = Directory::new(by_name).unwrap();
    for hostile in ["ada,ou=people,dc=example,dc=org", "ada+cn=x", "x,uid=ada", "*"] {
        wrong(&directory, hostile, "enchantress of number").await;
    }
    assert_eq!(directory.check("comma, inc", &right()).await.unwrap().name.as_deref(), Some("Comma"));
    // The same identity in whatever case it was typed.
    let one = directory.check("ADA", &right()).await.unwrap().proof;
    assert_eq!(one, directory.check("ada", &right()).await.unwrap().proof);
    wrong(&directory, "ada", "").await;
}

#[tokio::test]
async fn an_encrypted_connection_is_made_only_to_the_directory_that_is_trusted() {
    let Some(slapd) = Slapd::start() else { return };
    let encrypted = LdapSettings {
        url: format!("ldaps://localhost:{}", slapd.tls),
        ca_file: Some(slapd.certificate()),
        ..slapd.settings()
    };
    Directory::new(encrypted.clone()).unwrap().check("ada", &right()).await.unwrap();
    let upgraded = LdapSettings {
        url: format!("ldap://localhost:{}", slapd.plain),
        starttls: true,
        ..encrypted.clone()
    };
    Directory::new(upgraded).unwrap().check("ada", &right()).await.unwrap();

    let untrusted = [
        // An authority that the system does not know, and a host that the certificate does not name.
        LdapSettings { ca_file: None, ..encrypted.clone() },
        LdapSettings { url: format!("ldaps://127.0.0.1:{}", slapd.tls), ..encrypted.clone() },
    ];
    for settings in untrusted {
        let directory = Directory::new(settings).unwrap();
        let outcome = directory.check("ada", &right()).await;
        assert!(matches!(outcome, Err(Trouble::Down(_))), "{outcome:?}");
    }
    let missing = LdapSettings { ca_file: Some("/nonexistent.pem".into()), ..encrypted };
    assert!(Directory::new(missing).is_err());
}

#[tokio::test]
async fn a_directory_that_is_down_or_refuses_our_settings_is_seen_to() {
    let Some(slapd) = Slapd::start() else { return };
    let settings = LdapSettings { bind_password: Secret::new("changed"), ..slapd.settings() };
    let directory = Directory::new(settings).unwrap();
    let outcome = directory.check("ada", &right()).await;
    assert!(matches!(outcome, Err(Trouble::Down(ref why)) if why.contains("bind_password")), "{outcome:?}");
    assert!(directory.reach().await.is_err());
    Directory::new(slapd.settings()).unwrap().reach().await.unwrap();
    assert!(!format!("{outcome:?}").contains("changed"));

    let unverified = LdapSettings { mail_is_verified: false, ..slapd.settings() };
    let directory = Directory::new(unverified).unwrap();
    assert_eq!(directory.check("ada", &right()).await.unwrap().email, None);
    drop(slapd);
    let outcome = directory.check("ada", &right()).await;
    assert!(matches!(outcome, Err(Trouble::Down(ref why)) if why.contains("reached")), "{outcome:?}");
    assert!(matches!(directory.health(), Health::Down { .. }));
    // Nothing is asked of a directory for a password that cannot be one.
    wrong(&directory, "ada", "").await;
}
