//! OpenLDAP's slapd, started on free ports with a configuration and entries of its own. The tests of this crate ask it as a
//! directory, and those of `web`, which include this file by its path, sign people in with it.
#![allow(dead_code, reason = "each of the two uses what it needs")]

use identity::{Secret, settings::LdapSettings};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Says that a test was skipped; in continuous integration nothing is.
#[expect(clippy::print_stderr, reason = "the reader of a test must see that it did not run")]
pub(crate) fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("skipped: {why}");
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

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

/// A directory of its own, on free ports; it ends with this.
pub(crate) struct Slapd {
    pub(crate) plain: u16,
    pub(crate) tls: u16,
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
    /// Starts it; `None` where the program is missing, which is then said.
    pub(crate) fn start() -> Option<Self> {
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

    /// The certificate with which it speaks TLS, its own authority.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.home.path().join("cert.pem")
    }

    /// How it is asked: without encryption, by a reader of its own.
    pub(crate) fn settings(&self) -> LdapSettings {
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
