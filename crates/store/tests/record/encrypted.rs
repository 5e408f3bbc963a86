//! The connection to PostgreSQL is encrypted as its address asks, and a certificate that is not the database's is refused.

use crate::harness::{World, certificate, clock, on_postgresql};
use std::{fs, process::Command};
use store::{Error, Location, Store, examine};

#[test]
fn the_connection_is_encrypted_as_the_address_asks() {
    on_postgresql(encrypted);
}

async fn encrypted(world: World) {
    let Some(certificate) = certificate() else {
        eprintln!("skipped: this PostgreSQL has no certificate of ours");
        return;
    };
    let Location::Postgres(url) = &world.location else { unreachable!("a test of PostgreSQL") };
    let at = |query: &str| Location::Postgres(format!("{url}?{query}"));
    let root = certificate.display();
    for (query, is) in [
        ("sslmode=disable".to_owned(), false),
        ("sslmode=require".to_owned(), true),
        (format!("sslmode=verify-ca&sslrootcert={root}"), true),
        (format!("sslmode=verify-full&sslrootcert={root}"), true),
    ] {
        assert_eq!(examine(&at(&query)).await.unwrap().encrypted, Some(is), "{query}");
        let store = Store::open(&at(&query), clock()).await.unwrap();
        store.ping().await.unwrap();
        store.close().await;
    }

    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.pem");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            "/dev/null",
            "-out",
        ])
        .arg(&other)
        .output()
        .unwrap();
    assert!(made.status.success() && fs::metadata(&other).is_ok());
    let refused =
        Store::open(&at(&format!("sslmode=verify-full&sslrootcert={}", other.display())), clock()).await;
    assert!(matches!(&refused, Err(Error::CannotConnect { .. })), "{refused:?}");
    // Nobody vouches for it among the authorities of this machine either.
    let refused = Store::open(&at("sslmode=verify-full"), clock()).await;
    assert!(matches!(&refused, Err(Error::CannotConnect { .. })), "{refused:?}");
}
