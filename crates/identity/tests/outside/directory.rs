//! Signing in with the password of a directory.

use crate::{free_port, skipped};
use identity::{Health, Secret, Trouble, ldap::Directory, settings::LdapSettings};
use model::account::Proof;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const ENTRIES: &str = "\
dn: dc=example,dc=org
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: uid=ada,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
mail: Ada@Example.org
userPassword: enchantress of number

dn: uid=wei(r)d*,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: wei(r)d*
cn: Strange Name
sn: Name
mail: strange@example.org
userPassword: enchantress of number

dn: uid=comma\\, inc,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: comma, inc
cn: Comma
sn: Comma
userPassword: enchantress of number

dn: ou=elsewhere,ou=people,dc=example,dc=org
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://127.0.0.1:9/ou=people,dc=example,dc=org

dn: cn=reader,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: reader's own
";

struct Slapd {
    plain: u16,
    tls: u16,
    home: TempDir,
    process: Child,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Slapd {
    fn start() -> Option<Self> {
        let Some(program) =
            ["/usr/sbin/slapd", "/usr/local/libexec/slapd"].map(Path::new).into_iter().find(|p| p.exists())
        else {
            skipped("slapd is missing: run ./test tools");
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        // AppArmor confines slapd by its path to the system's own directory files; a copy is not confined.
        std::fs::copy(program, path("slapd")).unwrap();
        std::fs::create_dir(path("db")).unwrap();
        run(Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"])
            .arg("-keyout")
            .arg(path("key.pem"))
            .arg("-out")
            .arg(path("cert.pem")));
        let at = |name: &str| path(name).display().to_string();
        let modules =
            ["/usr/lib/ldap", "/usr/lib64/openldap"].into_iter().find(|dir| Path::new(dir).exists());
        let modules =
            modules.map(|dir| format!("modulepath {dir}\nmoduleload back_mdb\n")).unwrap_or_default();
        let configuration = format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\n{modules}\
             TLSCertificateFile {cert}\nTLSCertificateKeyFile {key}\n\
             disallow bind_anon\nrequire authc\n\
             database mdb\nmaxsize 10485760\nsuffix \"dc=example,dc=org\"\ndirectory {db}\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by self read by dn.exact=\"cn=reader,dc=example,dc=org\" read by * none\n",
            cert = at("cert.pem"),
            key = at("key.pem"),
            db = at("db"),
        );
        std::fs::write(path("slapd.conf"), configuration).unwrap();
        std::fs::write(path("entries.ldif"), ENTRIES).unwrap();
        run(Command::new(path("slapd")).args([
            "-T",
            "add",
            "-f",
            &at("slapd.conf"),
            "-l",
            &at("entries.ldif"),
        ]));
        let (plain, tls) = (free_port(), free_port());
        let process = Command::new(path("slapd"))
            .args(["-d", "0", "-f", &at("slapd.conf")])
            .args(["-h", &format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}")])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let slapd = Self { plain, tls, home, process };
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", tls)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "slapd does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(slapd)
    }

    fn certificate(&self) -> PathBuf {
        self.home.path().join("cert.pem")
    }

    fn settings(&self) -> LdapSettings {
        LdapSettings {
            name: "example".to_owned(),
            title: "Example directory".to_owned(),
            url: format!("ldap://127.0.0.1:{}", self.plain),
            starttls: false,
            ca_file: None,
            bind_dn: "cn=reader,dc=example,dc=org".to_owned(),
            bind_password: Secret::new("reader's own"),
            base: "ou=people,dc=example,dc=org".to_owned(),
            filter: "(&(objectClass=person)(|(uid={user})(mail={user})))".to_owned(),
            dn: String::new(),
            mail: "mail".to_owned(),
            mail_is_verified: true,
            display_name: "cn".to_owned(),
            timeout_seconds: 5,
        }
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program is there");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

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
