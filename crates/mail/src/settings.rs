//! The SMTP server, as the settings name it.

use lettre::{
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, TlsParameters},
        extension::ClientId,
    },
};
use model::{
    Refusal,
    email::Email,
    mail::{Sender, reply::ReplyDomain},
    text::Line,
};
use serde::{Deserialize, Serialize};
use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

/// How the connection is kept secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// It begins in the open and is encrypted before anything is said (RFC 3207). A server that does not offer that is
    /// not used.
    #[default]
    Starttls,
    /// It is encrypted from the beginning (RFC 8314).
    Tls,
    /// It is not: only for a server on the same machine.
    None,
}

/// A password that no log and no error shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// The part `[smtp]` of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// The server's name, which its certificate must bear.
    pub host: String,
    /// Its port: 587 with STARTTLS, 465 with TLS, 25 without, unless it says another.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is kept secret.
    #[serde(default)]
    pub security: Security,
    /// The user to sign in as; without one nobody signs in.
    #[serde(default)]
    pub user: Option<String>,
    /// The user's password.
    #[serde(default)]
    pub password: Option<Password>,
    /// A file that holds the password, in its place.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The address that mail comes from where an edition has no sender of its own.
    pub from: String,
    /// The name beside that address.
    #[serde(default)]
    pub from_name: String,
    /// The address to which recipients reply, such as `reply@conf.example.org`. The mail server hands everything to it, with
    /// whatever stands behind a plus, to `plenary mail receive`. Without it mails say nothing of replying.
    #[serde(default)]
    pub replies: Option<String>,
    /// A file with certificates (PEM) of authorities to trust beside those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How this server calls itself to the other; its host name unless another is said.
    #[serde(default)]
    pub hello: Option<String>,
    /// How many seconds the server may take for each answer.
    #[serde(default = "timeout")]
    pub timeout_seconds: u16,
    /// How many connections may be open at once.
    #[serde(default = "connections")]
    pub connections: u8,
}

/// RFC 5321, section 4.5.3.2, grants minutes; no server of today takes them, and a person waits.
fn timeout() -> u16 {
    60
}

fn connections() -> u8 {
    4
}

/// A server that mail can be sent with. Certificates and passwords were read; nothing was connected yet.
#[derive(Clone)]
pub struct Smtp {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) tls: Option<TlsParameters>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) hello: ClientId,
    pub(crate) sender: Sender,
    pub(crate) replies: Option<ReplyDomain>,
    pub(crate) timeout: Duration,
    pub(crate) connections: usize,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}:{})", self.host, self.port)
    }
}

impl Smtp {
    /// Reads what the settings name. Refused at the name of the setting that cannot be used.
    pub fn new(settings: &SmtpSettings) -> Result<Self, Refusal> {
        let refuse = |field: &str, problem: String, remedy: &str| {
            Err(Refusal::new(format!("smtp.{field}"), problem, remedy))
        };
        let host = settings.host.trim();
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
            return refuse("host", format!("\"{host}\" is no server"), "Name it like mail.example.org");
        }
        let loopback =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if settings.security == Security::None && !loopback {
            return refuse(
                "security",
                format!("mail would go to {host} for everybody on the way to read"),
                "Use starttls or tls; none is for a server on the same machine",
            );
        }
        let credentials = credentials(settings)?;
        let from = Email::parse(&settings.from)
            .map_err(|refusal| Refusal { field: "smtp.from".to_owned(), ..refusal })?;
        let sender = Sender { name: Line::clean(&settings.from_name), address: from, reply_to: None };
        if mailbox(&sender.name, &sender.address).is_none() {
            return refuse("from", format!("{} cannot send mail", sender.address), "Name another address");
        }
        let tls = match settings.security {
            Security::None => None,
            Security::Starttls | Security::Tls => Some(tls(host, settings)?),
        };
        let replies = match &settings.replies {
            Some(text) => {
                let read = Email::parse(text).and_then(ReplyDomain::new);
                Some(read.map_err(|refusal| Refusal { field: "smtp.replies".to_owned(), ..refusal })?)
            }
            None => None,
        };
        if settings.timeout_seconds == 0 || settings.connections == 0 {
            let field = if settings.connections == 0 { "connections" } else { "timeout_seconds" };
            return refuse(field, "it is 0".to_owned(), "Give at least 1");
        }
        let port = settings.port.unwrap_or(match settings.security {
            Security::Starttls => 587,
            Security::Tls => 465,
            Security::None => 25,
        });
        let hello = match &settings.hello {
            Some(name)
                if !name.is_empty()
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-[]:".contains(c)) =>
            {
                ClientId::Domain(name.clone())
            }
            Some(name) => {
                return refuse(
                    "hello",
                    format!("\"{name}\" is no host name"),
                    "Leave it out, or name a host",
                );
            }
            None => ClientId::default(),
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            security: settings.security,
            tls,
            credentials,
            hello,
            sender,
            replies,
            timeout: Duration::from_secs(settings.timeout_seconds.into()),
            connections: settings.connections.into(),
        })
    }

    /// The sender of mail whose edition has none of its own.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Where recipients reply to, if they can.
    pub fn replies(&self) -> Option<&ReplyDomain> {
        self.replies.as_ref()
    }

    /// The server's name and port, for people.
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

fn credentials(settings: &SmtpSettings) -> Result<Option<Credentials>, Refusal> {
    let password = match (&settings.password, &settings.password_file) {
        (Some(_), Some(_)) => {
            return Err(Refusal::new(
                "smtp.password_file",
                "the password is given twice",
                "Leave out smtp.password or smtp.password_file",
            ));
        }
        (Some(password), None) => Some(password.0.clone()),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Refusal::new(
                    "smtp.password_file",
                    format!("{} cannot be read: {error}", file.display()),
                    "Name a file that the account that runs Plenary may read",
                )
            })?;
            Some(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        (None, None) => None,
    };
    match (&settings.user, password) {
        (Some(user), Some(password)) => Ok(Some(Credentials::new(user.clone(), password))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Refusal::new(
            "smtp.password",
            "there is a user without a password",
            "Give the password, or leave out smtp.user",
        )),
        (None, Some(_)) => Err(Refusal::new(
            "smtp.user",
            "there is a password without a user",
            "Name the user, or leave out the password",
        )),
    }
}

fn tls(host: &str, settings: &SmtpSettings) -> Result<TlsParameters, Refusal> {
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(file) = &settings.ca_file {
        let unusable = |error: &dyn fmt::Display| {
            Refusal::new(
                "smtp.ca_file",
                format!("{} cannot be used: {error}", file.display()),
                "Name a file with certificates in PEM",
            )
        };
        let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
        tls = tls.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| unusable(&error))?);
    }
    tls.build().map_err(|error| {
        Refusal::new("smtp.security", format!("TLS cannot be used: {error}"), "Look at smtp.ca_file")
    })
}

/// The address as SMTP knows it; `None` where SMTP has none for it. A domain in other letters than ASCII becomes what
/// the domain name system knows (RFC 5891); what stands before the `@` stays as it is (RFC 6531).
pub(crate) fn mailbox(name: &Line, address: &Email) -> Option<Mailbox> {
    let (local, domain) = address.as_str().rsplit_once('@')?;
    let domain = ascii_domain(domain)?;
    let address = lettre::Address::new(local, domain).ok()?;
    Some(Mailbox::new(name.non_empty().map(str::to_owned), address))
}

/// The domain in ASCII.
pub(crate) fn ascii_domain(domain: &str) -> Option<String> {
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(domain)) => Some(domain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> SmtpSettings {
        SmtpSettings {
            host: "mail.example.org".to_owned(),
            port: None,
            security: Security::Starttls,
            user: Some("plenary".to_owned()),
            password: Some(Password::from("hunter2".to_owned())),
            password_file: None,
            from: "plenary@example.org".to_owned(),
            from_name: "Plenary".to_owned(),
            ca_file: None,
            replies: None,
            hello: None,
            timeout_seconds: 60,
            connections: 4,
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = format!("{:?} {:?}", settings(), Smtp::new(&settings()).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn mail_goes_in_the_open_only_within_one_machine() {
        let open =
            |host: &str| SmtpSettings { host: host.to_owned(), security: Security::None, ..settings() };
        assert_eq!(Smtp::new(&open("mail.example.org")).unwrap_err().field, "smtp.security");
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(Smtp::new(&open(host)).unwrap().port, 25);
        }
        assert_eq!(Smtp::new(&settings()).unwrap().port, 587);
    }

    #[test]
    fn what_cannot_be_used_is_refused_at_its_name() {
        let field = |settings: SmtpSettings| Smtp::new(&settings).unwrap_err().field;
        assert_eq!(field(SmtpSettings { host: String::new(), ..settings() }), "smtp.host");
        assert_eq!(field(SmtpSettings { from: "nobody".to_owned(), ..settings() }), "smtp.from");
        assert_eq!(field(SmtpSettings { password: None, ..settings() }), "smtp.password");
        assert_eq!(field(SmtpSettings { user: None, ..settings() }), "smtp.user");
        let file = Some(PathBuf::from("/does/not/exist"));
        assert_eq!(field(SmtpSettings { ca_file: file.clone(), ..settings() }), "smtp.ca_file");
        let from_file = SmtpSettings { password: None, password_file: file, ..settings() };
        assert_eq!(field(from_file), "smtp.password_file");
        assert_eq!(field(SmtpSettings { hello: Some("a b".to_owned()), ..settings() }), "smtp.hello");
    }

    #[test]
    fn a_domain_in_other_letters_goes_as_the_domain_name_system_knows_it() {
        let address = Email::parse("ada@bücher.example").unwrap();
        let mailbox = mailbox(&Line::default(), &address).unwrap();
        assert_eq!(mailbox.email.to_string(), "ada@xn--bcher-kva.example");
    }
}
