//! Runs a test on a fresh SQLite file and on a fresh PostgreSQL database.
//!
//! PostgreSQL is the server that `PLENARY_TEST_POSTGRES` names (a `postgres://` address of a user who may
//! create databases), else one that is started here from the Debian packages. That one is shared by all test
//! processes of the machine's user, since some runners start a process for each test: whoever comes first
//! starts it, every process holds a shared lock on a file while it runs, and a supervisor stops the server
//! once nobody has held that lock for some seconds. Without either, the PostgreSQL half is skipped, except
//! where `CI` is set.

use model::time::{SharedClock, SystemClock};
use sqlx::{Connection, PgConnection};
use std::{
    fs::{self, File},
    io::Write,
    net::TcpListener,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, OnceLock},
    time::Duration,
};
use store::{Location, Store};

/// A fresh database, opened.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) location: Location,
}

impl World {
    /// The same database, as another process would open it.
    pub(crate) async fn another(&self) -> Store {
        Store::open(&self.location, clock()).await.unwrap()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.location, Location::Sqlite(_))
    }

    /// Runs a statement behind the store's back.
    pub(crate) async fn meddle(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql);
        match &self.location {
            Location::Sqlite(file) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).foreign_keys(false);
                let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
                sqlx::raw_sql(sql).execute(&mut connection).await?;
            }
            Location::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::raw_sql(sql).execute(&mut connection).await?;
            }
        }
        Ok(())
    }
}

/// Makes a `sqlite` and a `postgresql` test of each async function that takes a [`World`].
macro_rules! on_both {
    ($($promise:ident),+ $(,)?) => {$(
        mod $promise {
            #[test]
            fn sqlite() {
                crate::harness::on_sqlite(super::$promise);
            }

            #[test]
            fn postgresql() {
                crate::harness::on_postgresql(super::$promise);
            }
        }
    )+};
}
pub(crate) use on_both;

pub(crate) fn clock() -> SharedClock {
    Arc::new(SystemClock)
}

pub(crate) fn on_sqlite<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(World) -> F) {
    let dir = tempfile::tempdir().unwrap();
    let location = Location::from_data_dir(dir.path());
    runtime().block_on(async {
        let store = Store::open(&location, clock()).await.unwrap();
        test(World { store, location }).await;
    });
}

pub(crate) fn on_postgresql<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(World) -> F) {
    let Some(server) = server() else {
        return;
    };
    let name = format!("plenary_test_{}", uuid::Uuid::now_v7().simple());
    runtime().block_on(async {
        let mut admin = PgConnection::connect(&server.database("postgres")).await.unwrap();
        execute(&mut admin, &format!("CREATE DATABASE {name}")).await;
        let location = Location::Postgres(server.database(&name));
        let store = Store::open(&location, clock()).await.unwrap();
        let outcome = tokio::spawn(test(World { store, location })).await;
        execute(&mut admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        if let Err(failed) = outcome {
            std::panic::resume_unwind(failed.into_panic());
        }
    });
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A PostgreSQL server, and what keeps it alive.
struct Server {
    /// An address with `{}` in the place of the database's name.
    address: String,
    _in_use: Option<File>,
}

impl Server {
    fn database(&self, name: &str) -> String {
        self.address.replace("{}", name)
    }
}

/// The server of this process, or `None` where the PostgreSQL half is skipped.
fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            if let Ok(url) = std::env::var("PLENARY_TEST_POSTGRES") {
                let (server, query) =
                    url.split_once('?').map_or((url.as_str(), ""), |(server, query)| (server, query));
                let (scheme, rest) = server.split_once("://").expect("PLENARY_TEST_POSTGRES: postgres://...");
                let host = rest.split('/').next().unwrap();
                let query = if query.is_empty() { String::new() } else { format!("?{query}") };
                return Some(Server { address: format!("{scheme}://{host}/{{}}{query}"), _in_use: None });
            }
            let Some(programs) = programs() else {
                let why = "PostgreSQL 15 or later is not installed and PLENARY_TEST_POSTGRES is not set";
                assert!(std::env::var_os("CI").is_none(), "{why}");
                eprintln!("skipped: {why}");
                return None;
            };
            Some(start(&programs))
        })
        .as_ref()
}

/// The folder of the newest installed server, as Debian lays it out.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let newest = versions.filter(|version| *version >= 15).max()?;
    let programs = PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"));
    programs.join("initdb").exists().then_some(programs)
}

#[expect(clippy::zombie_processes, reason = "the supervisor outlives this process, on purpose")]
fn start(programs: &Path) -> Server {
    let user = fs::metadata("/proc/self").unwrap().uid();
    let dir = std::env::temp_dir().join(format!("plenary-test-postgres-{user}"));
    fs::create_dir_all(&dir).unwrap();
    let in_use = File::create(dir.join("in-use")).unwrap();
    in_use.lock_shared().unwrap();
    let starting = File::create(dir.join("starting")).unwrap();
    starting.lock().unwrap();

    let ready = dir.join("port");
    let address = |port: &str| format!("postgres://postgres@127.0.0.1:{}/{{}}", port.trim());
    if let Some(address) =
        fs::read_to_string(&ready).ok().map(|port| address(&port)).filter(|address| answers(address))
    {
        return Server { address, _in_use: Some(in_use) };
    }
    let data = dir.join(format!("data-{}", uuid::Uuid::now_v7().simple()));
    fs::create_dir(&data).unwrap();
    // The server refuses to run as root; Debian's package brings a user of its own.
    let drop_root: &[&str] = if user == 0 {
        &["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
    } else {
        &[]
    };
    if user == 0 {
        assert!(Command::new("chown").arg("postgres:").arg(&data).status().unwrap().success());
    }
    let mut initdb: Vec<&str> = drop_root.to_vec();
    let program = programs.join("initdb");
    initdb.extend([
        program.to_str().unwrap(),
        "--no-sync",
        "-A",
        "trust",
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-D",
    ]);
    let made = Command::new(initdb[0])
        .args(&initdb[1..])
        .arg(&data)
        .current_dir(&dir)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success(), "initdb failed");
    certify(&dir, &data, user == 0);

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let log = File::create(dir.join("log")).unwrap();
    Command::new("sh")
        .args(["-c", SUPERVISOR, "plenary-test-postgres"])
        .arg(&dir)
        .arg(&data)
        .arg(&port)
        .arg(programs.join("postgres"))
        .args(drop_root)
        .current_dir(&dir)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let address = address(&port);
    for _ in 0..300 {
        if answers(&address) {
            fs::write(&ready, &port).unwrap();
            return Server { address, _in_use: Some(in_use) };
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("PostgreSQL did not start: {}", fs::read_to_string(dir.join("log")).unwrap_or_default());
}

/// The certificate of the server that was started here, for connections by TLS; `None` where it has none.
pub(crate) fn certificate() -> Option<PathBuf> {
    if std::env::var_os("PLENARY_TEST_POSTGRES").is_some() {
        return None;
    }
    let user = fs::metadata("/proc/self").unwrap().uid();
    let file = std::env::temp_dir().join(format!("plenary-test-postgres-{user}")).join(CERTIFICATE);
    file.exists().then_some(file)
}

const CERTIFICATE: &str = "certificate.pem";

/// Gives the server a certificate, where there is a program that makes one.
fn certify(dir: &Path, data: &Path, root: bool) {
    let (certificate, key) = (data.join("server.crt"), data.join("server.key"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args([
            "-days",
            "30",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|made| made.success()) {
        return;
    }
    if root {
        assert!(
            Command::new("chown").arg("postgres:").args([&certificate, &key]).status().unwrap().success()
        );
    }
    fs::copy(&certificate, dir.join(CERTIFICATE)).unwrap();
    let mut settings = File::options().append(true).open(data.join("postgresql.conf")).unwrap();
    settings.write_all(b"ssl = on\n").unwrap();
}

/// Runs the server until nobody has used it for ten seconds, then removes its data.
const SUPERVISOR: &str = r#"
dir=$1 data=$2 port=$3 postgres=$4
shift 4
"$@" "$postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c fsync=off -c max_connections=300 -c shared_buffers=32MB &
server=$!
idle=0
while kill -0 "$server" 2>/dev/null; do
    sleep 1
    if flock --nonblock "$dir/in-use" true; then idle=$((idle + 1)); else idle=0; fi
    if [ "$idle" -ge 10 ]; then
        flock --nonblock "$dir/in-use" sh -c 'rm -f "$1/port"; kill -INT "$2"' - "$dir" "$server" && break
        idle=0
    fi
done
wait "$server"
rm -rf "$data"
"#;

fn answers(address: &str) -> bool {
    let url = address.replace("{}", "postgres");
    std::thread::spawn(move || runtime().block_on(async { PgConnection::connect(&url).await.is_ok() }))
        .join()
        .unwrap()
}
