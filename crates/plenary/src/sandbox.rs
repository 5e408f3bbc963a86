//! The server confines itself: once it has its address and its folder, it gives up what it will not need. Whoever finds a
//! hole in it then finds little behind: no other file, no other program, no way up.
//!
//! - **Landlock** (Linux 5.13 and later): it writes only into its data folder, reads only what it must (certificates, zone
//!   data, how names are resolved), runs no program, opens no further port, signals no other process.
//! - **seccomp**: calls that a server never makes are refused: starting programs and processes, looking into other
//!   processes, mounting, loading modules, raw packets.
//!
//! What the kernel does not offer is left out, and the log and `plenary doctor` say so; nothing else changes. A refused
//! call gets `EPERM` and does not kill the server: a library that tries something clever falls back, and what it tried is
//! a line in somebody's log and not the end of a conference day. For the same reason the calls are a list of what is
//! refused: a list of what is allowed would break with each new version of the C library or of SQLite.

use crate::config::{Config, Sandbox};
use std::path::PathBuf;

/// What holds in this process.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Confinement {
    /// Which files and ports it can reach.
    pub(crate) files: Hold,
    /// Which calls of the kernel it can make.
    pub(crate) calls: Hold,
}

/// How far one part of the confinement holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hold {
    /// All that Plenary asks for.
    Full,
    /// As much as this kernel knows.
    Partial,
    /// Nothing, for this reason.
    None(String),
}

impl Hold {
    /// For the log and for `doctor`.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Full => "in full".to_owned(),
            Self::Partial => "as far as this kernel knows it".to_owned(),
            Self::None(why) => format!("no ({why})"),
        }
    }
}

/// What the server needs of the file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Folders in which it writes.
    pub(crate) writes: Vec<PathBuf>,
    /// Files and folders that it reads; those that do not exist are left out.
    pub(crate) reads: Vec<PathBuf>,
}

/// What every server reads: zone data, how names are resolved, certificates of authorities, and the parts of the C library
/// that resolve names, which it loads when it first needs them.
const READS: &[&str] = &[
    "/usr/share/zoneinfo",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/passwd",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/lib/ssl",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/dev/urandom",
    "/dev/null",
];

impl Needs {
    /// What a server with these settings needs.
    pub(crate) fn of(config: &Config) -> Self {
        let mut needs =
            Self { writes: vec![config.data.clone()], reads: READS.iter().map(PathBuf::from).collect() };
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "PGPASSFILE"] {
            needs.reads.extend(std::env::var_os(name).map(PathBuf::from));
        }
        if let Some(home) = std::env::var_os("HOME") {
            needs.reads.push(PathBuf::from(&home).join(".pgpass"));
            needs.reads.push(PathBuf::from(&home).join(".postgresql"));
        }
        if let Some(url) = &config.database {
            match store::Location::from_url(url) {
                Ok(store::Location::Sqlite(file)) => needs.writes.extend(folder(&file)),
                Ok(store::Location::Postgres(url)) => needs.reads.extend(certificates(&url)),
                Err(_) => {}
            }
        }
        if let Some(smtp) = &config.smtp {
            needs.reads.extend([&smtp.ca_file, &smtp.password_file].into_iter().flatten().cloned());
        }
        needs.reads.extend(config.ldap.iter().filter_map(|directory| directory.ca_file.clone()));
        needs.reads.extend(config.matrix.as_ref().map(|matrix| matrix.registration.clone()));
        // A renewed certificate is often a new file behind the same link, so the folders are needed and not the files.
        for file in [&config.tls_certificate, &config.tls_key].into_iter().flatten() {
            needs.reads.extend(folder(file));
            needs.reads.extend(file.canonicalize().ok().as_deref().and_then(folder));
        }
        needs.reads.extend(config.ldap.iter().filter_map(|directory| directory.ca_file.clone()));
        needs
    }
}

fn folder(file: &std::path::Path) -> Option<PathBuf> {
    let parent = file.parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}

/// The files that the address of a PostgreSQL database names for its TLS.
fn certificates(url: &str) -> Vec<PathBuf> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let file = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        matches!(
            name,
            "sslrootcert" | "sslcert" | "sslkey" | "ssl-root-cert" | "ssl-ca" | "ssl-cert" | "ssl-key"
        )
        .then(|| PathBuf::from(value))
    };
    query.split('&').filter_map(file).collect()
}

/// Confines this process, as far as the settings and the kernel have it. To be called while it has one thread: the others
/// inherit what holds for the one that starts them. What happened is in the answer and is the caller's to tell.
pub(crate) fn enter(config: &Config) -> Confinement {
    if config.sandbox == Sandbox::Off {
        let off = || Hold::None("switched off by the setting `sandbox`".to_owned());
        return Confinement { files: off(), calls: off() };
    }
    inside(&Needs::of(config))
}

#[cfg(not(target_os = "linux"))]
fn inside(_: &Needs) -> Confinement {
    let missing = || Hold::None("only Linux offers it".to_owned());
    Confinement { files: missing(), calls: missing() }
}

#[cfg(target_os = "linux")]
fn inside(needs: &Needs) -> Confinement {
    Confinement {
        files: linux::files(needs).unwrap_or_else(|error| Hold::None(error.to_string())),
        calls: linux::calls().map_or_else(|error| Hold::None(error.to_string()), |()| Hold::Full),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Hold, Needs};
    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
        RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch,
    };
    use std::{collections::BTreeMap, path::Path};

    /// The newest version whose rights are asked for (Linux 6.12); an older kernel gives what it knows.
    const WANTED: ABI = ABI::V6;

    pub(super) fn files(needs: &Needs) -> anyhow::Result<Hold> {
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(WANTED))?
            // No port is allowed: the one that is needed is open already. Connections to others stay free: mail, webhooks
            // and sign-in go to addresses that nobody knows beforehand.
            .handle_access(AccessNet::BindTcp)?
            .scope(Scope::AbstractUnixSocket | Scope::Signal)?
            .create()?;
        let reading = AccessFs::ReadFile | AccessFs::ReadDir;
        for path in &needs.reads {
            rules = allow(rules, path, reading)?;
        }
        rules = allow(rules, Path::new("/dev/null"), reading | AccessFs::WriteFile)?;
        let writing =
            AccessFs::from_all(WANTED) & !(AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock);
        for path in &needs.writes {
            rules = allow(rules, path, writing)?;
        }
        Ok(match rules.restrict_self()?.ruleset {
            RulesetStatus::FullyEnforced => Hold::Full,
            RulesetStatus::PartiallyEnforced => Hold::Partial,
            RulesetStatus::NotEnforced => Hold::None("this kernel has no Landlock".to_owned()),
        })
    }

    /// A path that cannot be opened is left out: what is not there is not needed.
    fn allow(
        rules: landlock::RulesetCreated,
        path: &Path,
        access: BitFlags<AccessFs>,
    ) -> anyhow::Result<landlock::RulesetCreated> {
        let Ok(open) = PathFd::new(path) else { return Ok(rules) };
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(WANTED) };
        Ok(rules.add_rule(PathBeneath::new(open, access))?)
    }

    pub(super) fn calls() -> anyhow::Result<()> {
        let arch = TargetArch::try_from(std::env::consts::ARCH)?;
        let refused: BpfProgram = SeccompFilter::new(
            rules()?,
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EPERM as u32),
            arch,
        )?
        .try_into()?;
        // Its flags stand in memory, where a filter cannot look. Told that the kernel lacks it, the C library takes
        // `clone`, whose flags are in a register.
        let missing: BpfProgram = SeccompFilter::new(
            numbers(&[libc::SYS_clone3]).map(|number| (number, vec![])).collect(),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::ENOSYS as u32),
            arch,
        )?
        .try_into()?;
        seccompiler::apply_filter(&missing)?;
        seccompiler::apply_filter(&refused)?;
        Ok(())
    }

    fn rules() -> anyhow::Result<BTreeMap<i64, Vec<SeccompRule>>> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            numbers(REFUSED).map(|number| (number, vec![])).collect();
        #[cfg(target_arch = "x86_64")]
        rules.extend(numbers(REFUSED_X86).map(|number| (number, vec![])));
        // A new thread and no new process.
        let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
        let process = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), 0)?;
        let process = SeccompRule::new(vec![process])?;
        rules.extend(numbers(&[libc::SYS_clone]).map(|number| (number, vec![process.clone()])));
        // Sockets to the network, to this machine, and to the kernel's table of addresses; none for raw packets and the like.
        let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
        let others = families.map(|family| {
            SeccompCondition::new(
                0,
                SeccompCmpArgLen::Dword,
                SeccompCmpOp::Ne,
                u64::from(family.unsigned_abs()),
            )
        });
        let others = SeccompRule::new(others.into_iter().collect::<Result<_, _>>()?)?;
        rules.extend(numbers(&[libc::SYS_socket]).map(|number| (number, vec![others.clone()])));
        Ok(rules)
    }

    /// The calls by number; on x86-64 also by the number that they have in the x32 way of calling (bit 30), which the
    /// kernel takes from any program where it was built with it.
    fn numbers(calls: &[libc::c_long]) -> impl Iterator<Item = i64> + '_ {
        let x32 = if cfg!(target_arch = "x86_64") { Some(0x4000_0000) } else { None };
        calls.iter().flat_map(move |call| [Some(*call), x32.map(|bit| *call | bit)]).flatten()
    }

    /// What no server needs.
    const REFUSED: &[libc::c_long] = &[
        // other programs
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_personality,
        // other processes
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        // another view of the file system
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_mount_setattr,
        libc::SYS_name_to_handle_at,
        libc::SYS_open_by_handle_at,
        // the kernel itself
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_syslog,
        // goes past this very filter
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        // the machine
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_acct,
        libc::SYS_quotactl,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
    ];

    /// Those that only x86-64 has.
    #[cfg(target_arch = "x86_64")]
    const REFUSED_X86: &[libc::c_long] = &[
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_iopl,
        libc::SYS_ioperm,
        libc::SYS_modify_ldt,
        libc::SYS_kexec_file_load,
    ];
}
