//! The texts that mails are made from: one kind for each thing that is told, with a built-in text that an edition may
//! replace by its own.
//!
//! A text is written in the language of MiniJinja: `{{ name }}` stands for a variable, `{% if name %}...{% endif %}`
//! for a part that may be missing. Which variables there are is said by [`MailKind::variables`]; any other is an error,
//! so that no mail goes out with a hole in it. What a text may cost is limited: an organiser's mistake must not stop the
//! server.
//!
//! A link that opens something for whoever has it never becomes part of the text: in its place stands a mark, which
//! [`with_link`] replaces while the mail is sent, and [`redacted`] wherever it is shown.

use crate::{
    Refusal,
    id::{EditionId, TemplateId, derived},
    text::{Line, RichText},
};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The mark that stands for the secret link: characters for private use, which cleaned text cannot bring along.
const MARK: &str = "\u{E000}link\u{E001}";

/// How much a text may do: about as many instructions. The longest built-in text takes some hundred.
const FUEL: u64 = 50_000;

/// The longest subject and the longest text, as they are written and as they become, in characters.
const SUBJECT: usize = 300;
const BODY: usize = 200_000;

/// What the variables of a text stand for.
pub type Variables = BTreeMap<&'static str, Arc<str>>;

/// A variable that a kind of mail offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name in the text.
    pub name: &'static str,
    /// What it stands for.
    pub says: &'static str,
    /// What it could be, for previews.
    pub sample: &'static str,
}

const fn variable(name: &'static str, says: &'static str, sample: &'static str) -> Variable {
    Variable { name, says, sample }
}

const NAME: Variable = variable("name", "The recipient's name; may be empty", "Ada Lovelace");
const CONFERENCE: Variable =
    variable("conference", "The edition's title, or the site's name", "Linux Plumbers Conference 2027");

/// A thing that mail tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// The link with which somebody signs in.
    SignIn,
    /// The link that proves that somebody reads mail at an address.
    VerifyAddress,
    /// Somebody is given a role.
    Invitation,
    /// The dates or the mode of an edition have changed.
    DatesChanged,
    /// A post, delivered to those who want it.
    Post,
    /// Somebody is registered.
    Registered,
    /// Somebody is asked to propose something together with others.
    CoAuthor,
    /// What the committee decided about a proposal.
    Decision,
    /// Anything else, in its writer's words.
    Notice,
}

impl MailKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::SignIn,
        Self::VerifyAddress,
        Self::Invitation,
        Self::DatesChanged,
        Self::Post,
        Self::Registered,
        Self::CoAuthor,
        Self::Decision,
        Self::Notice,
    ];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::VerifyAddress => "verify_address",
            Self::Invitation => "invitation",
            Self::DatesChanged => "dates_changed",
            Self::Post => "post",
            Self::Registered => "registered",
            Self::CoAuthor => "co_author",
            Self::Decision => "decision",
            Self::Notice => "notice",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::SignIn => "Link to sign in",
            Self::VerifyAddress => "Check of an address",
            Self::Invitation => "Invitation to a role",
            Self::DatesChanged => "Dates or mode changed",
            Self::Post => "Post",
            Self::Registered => "Registration confirmed",
            Self::CoAuthor => "Invitation to a proposal",
            Self::Decision => "Decision about a proposal",
            Self::Notice => "Notice",
        }
    }

    /// When it is sent, in one sentence.
    pub fn explained(self) -> &'static str {
        match self {
            Self::SignIn => "Sent when somebody asks for a link to sign in.",
            Self::VerifyAddress => "Sent when somebody adds an address to their account.",
            Self::Invitation => "Sent when somebody is given a role.",
            Self::DatesChanged => {
                "Sent once to everybody concerned when the dates or the mode of the edition change."
            }
            Self::Post => "Sent when a post is delivered by mail, to those who have not left its list.",
            Self::Registered => "Sent when somebody is registered for the edition.",
            Self::CoAuthor => "Sent when somebody is asked to propose something together with others.",
            Self::Decision => "Sent to the authors of a proposal when what the committee decided is applied.",
            Self::Notice => "Anything else that an organiser or Plenary has to say.",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether a text says what the built-in one of this kind says.
    pub fn is_built_in(self, text: &Text) -> bool {
        let built_in = self.text();
        text.subject == built_in.subject && text.body.trim() == built_in.body.trim()
    }

    /// Whether an edition can have its own text of it. Signing in belongs to no edition.
    pub fn is_of_edition(self) -> bool {
        !matches!(self, Self::SignIn | Self::VerifyAddress)
    }

    /// Whether somebody waits for it at the moment it is sent.
    pub fn is_asked_for(self) -> bool {
        matches!(self, Self::SignIn | Self::VerifyAddress)
    }

    /// Whether its text must hold `link`, without which it is of no use.
    pub fn needs_link(self) -> bool {
        matches!(self, Self::SignIn | Self::VerifyAddress | Self::Invitation)
    }

    /// The identifier of an edition's own text of it.
    pub fn template_id(self, edition: EditionId) -> TemplateId {
        TemplateId(derived(&edition.to_string(), TemplateId::KIND, self.as_str()))
    }

    /// The variables that its text may use.
    pub fn variables(self) -> &'static [Variable] {
        match self {
            Self::SignIn => {
                const {
                    &[
                        NAME,
                        CONFERENCE,
                        variable(
                            "link",
                            "The link, good for one use",
                            "https://conf.example.org/sign-in/link/…/",
                        ),
                        variable("minutes", "For how many minutes the link is good", "30"),
                    ]
                }
            }
            Self::VerifyAddress => {
                const {
                    &[
                        NAME,
                        CONFERENCE,
                        variable("address", "The address to be checked", "ada@example.org"),
                        variable(
                            "link",
                            "The link, good for one use",
                            "https://conf.example.org/sign-in/link/…/",
                        ),
                        variable("minutes", "For how many minutes the link is good", "30"),
                    ]
                }
            }
            Self::Invitation => {
                const {
                    &[
                        NAME,
                        CONFERENCE,
                        variable("role", "The role", "Lead"),
                        variable("scope", "Where the role holds", "the track Real-time"),
                        variable(
                            "address",
                            "The address to sign in with, where the role waits for it; else empty",
                            "ada@example.org",
                        ),
                        variable("giver", "Who gives it; may be empty", "Grace Hopper"),
                        variable(
                            "note",
                            "What the giver says about it; may be empty",
                            "Thanks for stepping in!",
                        ),
                        variable("link", "Where to begin", "https://conf.example.org/sign-in/link/…/"),
                    ]
                }
            }
            Self::DatesChanged => {
                const {
                    &[
                        NAME,
                        CONFERENCE,
                        variable("before", "Dates and mode until now", "15 to 17 September 2027, in person"),
                        variable("after", "Dates and mode from now on", "22 to 24 September 2027, hybrid"),
                        variable("link", "The edition's front page", "https://conf.example.org/lpc-2027/"),
                    ]
                }
            }
            Self::Post => {
                const {
                    &[
                        NAME,
                        CONFERENCE,
                        variable("title", "The post's title", "The schedule is out"),
                        variable(
                            "body",
                            "The post's text",
                            "You can now see who speaks when.\n\nSee you in September!",
                        ),
                        variable(
                            "link",
                            "The post's page",
                            "https://conf.example.org/lpc-2027/posts/schedule/",
                        ),
                    ]
                }
            }
            Self::Registered => {
                const {
                    &[
                        NAME,
                        CONFERENCE,
                        variable("dates", "The edition's dates", "15 to 17 September 2027"),
                        variable("place", "Where it takes place; may be empty", "Prague, Czechia"),
                        variable("link", "The edition's front page", "https://conf.example.org/lpc-2027/"),
                    ]
                }
            }
            Self::CoAuthor => {
                const {
                    &[
                        NAME,
                        CONFERENCE,
                        variable("inviter", "Who asks", "Grace Hopper"),
                        variable("title", "The proposal's title", "Compilers for everybody"),
                        variable("call", "The call", "Refereed presentations"),
                        variable("link", "Where one answers", "https://conf.example.org/account/proposals/"),
                    ]
                }
            }
            Self::Decision => {
                const {
                    &[
                        NAME,
                        CONFERENCE,
                        variable("title", "The proposal's title", "Compilers for everybody"),
                        variable("call", "The call", "Refereed presentations"),
                        variable(
                            "decision",
                            "What was decided: accepted, provisionally accepted, wait-listed, declined",
                            "accepted",
                        ),
                        variable(
                            "comments",
                            "What the reviewers say to the authors; may be empty",
                            "Please leave time for questions.",
                        ),
                        variable("link", "The author's page", "https://conf.example.org/account/proposals/"),
                    ]
                }
            }
            Self::Notice => {
                const {
                    &[
                        NAME,
                        CONFERENCE,
                        variable("subject", "The subject", "Your session has another room"),
                        variable("body", "The text", "It is now in Hall B, at the same time."),
                        variable(
                            "link",
                            "A page about it; may be empty",
                            "https://conf.example.org/lpc-2027/",
                        ),
                    ]
                }
            }
        }
    }

    /// The variable values for a preview without a recipient.
    pub fn sample(self) -> Variables {
        self.variables().iter().map(|variable| (variable.name, Arc::from(variable.sample))).collect()
    }

    /// The text that is used where an edition has none of its own.
    pub fn text(self) -> Text {
        let (subject, body) = match self {
            Self::SignIn => ("Your link to sign in to {{ conference }}", SIGN_IN),
            Self::VerifyAddress => ("Is {{ address }} yours?", VERIFY_ADDRESS),
            Self::Invitation => ("{{ conference }}: you are {{ role }} for {{ scope }}", INVITATION),
            Self::DatesChanged => ("{{ conference }}: dates or mode have changed", DATES_CHANGED),
            Self::Post => ("{{ conference }}: {{ title }}", POST),
            Self::Registered => ("{{ conference }}: you are registered", REGISTERED),
            Self::CoAuthor => ("{{ conference }}: {{ inviter }} invites you to a proposal", CO_AUTHOR),
            Self::Decision => ("{{ conference }}: \"{{ title }}\" is {{ decision }}", DECISION),
            Self::Notice => ("{{ conference }}: {{ subject }}", NOTICE),
        };
        Text { subject: subject.to_owned(), body: body.to_owned() }
    }
}

const SIGN_IN: &str = "\
Hello{% if name %} {{ name }}{% endif %},

with this link you sign in to {{ conference }}:

{{ link }}

It is good for {{ minutes }} minutes and for one use, in any browser. If you did not ask for it, ignore this mail:
nobody gets in without the link.
";

const VERIFY_ADDRESS: &str = "\
Hello{% if name %} {{ name }}{% endif %},

somebody wants to use {{ address }} for their account at {{ conference }}. If that was you, open this link:

{{ link }}

It is good for {{ minutes }} minutes and for one use. If it was not you, ignore this mail: nothing happens without
the link.
";

const INVITATION: &str = "\
Hello{% if name %} {{ name }}{% endif %},

{% if giver %}{{ giver }} has made you{% else %}You are now{% endif %} {{ role }} for {{ scope }} at {{ conference }}.
{% if note %}
{{ note }}
{% endif %}
{% if address %}The role is yours once you sign in with this address, {{ address }}{% else %}Begin here{% endif %}:

{{ link }}
";

const DATES_CHANGED: &str = "\
Hello{% if name %} {{ name }}{% endif %},

the dates or the mode of {{ conference }} have changed.

Until now:   {{ before }}
From now on: {{ after }}

What else is known stands here:

{{ link }}
";

const CO_AUTHOR: &str = "\
Hello{% if name %} {{ name }}{% endif %},

{{ inviter }} proposes \"{{ title }}\" to the call {{ call }} of {{ conference }}, and names you as one of the authors. Sign in
with this address to accept or decline:

{{ link }}

Once you have accepted, you can edit the proposal like everybody who proposes it.
";

const DECISION: &str = "\
Hello{% if name %} {{ name }}{% endif %},

your proposal \"{{ title }}\" to the call {{ call }} of {{ conference }} is {{ decision }}.
{% if decision == \"accepted\" %}
Please confirm on its page that you come.
{% elif decision == \"wait-listed\" %}
It is accepted when a place becomes free, and you will hear of it then.
{% elif decision == \"provisionally accepted\" %}
Something is still open, such as its format. You will hear of it.
{% else %}
Thank you for the work that you have put into it.
{% endif %}{% if comments %}
What the reviewers say:

{{ comments }}
{% endif %}
{{ link }}
";

const POST: &str = "\
{{ title }}

{{ body }}

{{ link }}
";

const REGISTERED: &str = "\
Hello{% if name %} {{ name }}{% endif %},

you are registered for {{ conference }}, {{ dates }}{% if place %}, {{ place }}{% endif %}.

The programme, and everything else, stands here:

{{ link }}
";

const NOTICE: &str = "\
Hello{% if name %} {{ name }}{% endif %},

{{ body }}
{% if link %}
{{ link }}
{% endif %}";

/// A text with variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The subject, one line.
    pub subject: String,
    /// The body.
    pub body: String,
}

/// A mail's subject and body, with a mark where a secret link goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The subject.
    pub subject: Line,
    /// The body; lines end with a line feed, and so does the last.
    pub body: String,
}

impl Text {
    /// Reads an organiser's text for that kind of mail. Refused at `subject` or `body`: what cannot be read, what uses
    /// a variable that there is not, what says nothing, and what leaves out a link that is needed.
    pub fn parse(kind: MailKind, subject: &str, body: &str) -> Result<Self, Refusal> {
        let too_long = |field, most| {
            Refusal::new(field, format!("it is longer than {most} characters"), "Say it in fewer words")
        };
        if subject.chars().count() > SUBJECT {
            return Err(too_long("subject", SUBJECT));
        }
        if body.chars().count() > BODY {
            return Err(too_long("body", BODY));
        }
        let text =
            Self { subject: Line::clean(subject).to_string(), body: RichText::clean(body).to_string() };
        let compiled = Compiled::new(kind, &text)?;
        // Everything once with all variables and once with as few as there may be.
        compiled.render(&kind.sample(), false)?;
        let sparse = kind.variables().iter().map(|variable| {
            let value = if variable.says.contains("may be empty") { "" } else { variable.sample };
            (variable.name, Arc::from(value))
        });
        let rendered = compiled.render(&sparse.collect(), kind.needs_link())?;
        if kind.needs_link() && !rendered.body.contains(MARK) {
            return Err(Refusal::new(
                "body",
                "the link is missing, without which this mail is of no use",
                "Write {{ link }} where it shall stand",
            ));
        }
        Ok(text)
    }
}

/// A text that is ready to make many mails.
#[derive(Debug)]
pub struct Compiled {
    kind: MailKind,
    environment: Environment<'static>,
}

impl Compiled {
    /// Reads the text; refused at `subject` or `body` when it cannot be read.
    pub fn new(kind: MailKind, text: &Text) -> Result<Self, Refusal> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        // The text is no HTML, and its names end in nothing that would make it be taken for that.
        for (field, source) in [("subject", &text.subject), ("body", &text.body)] {
            environment
                .add_template_owned(field, clean_of_marks(source).into_owned())
                .map_err(|error| refusal(kind, field, &error))?;
        }
        let compiled = Self { kind, environment };
        compiled.knows_all_variables()?;
        Ok(compiled)
    }

    fn knows_all_variables(&self) -> Result<(), Refusal> {
        for field in ["subject", "body"] {
            let template =
                self.environment.get_template(field).map_err(|error| refusal(self.kind, field, &error))?;
            let mut unknown: Vec<String> = template
                .undeclared_variables(false)
                .into_iter()
                .filter(|name| {
                    // What MiniJinja itself brings along, such as `range`.
                    self.kind.variables().iter().all(|variable| variable.name != name)
                        && self.environment.globals().all(|(global, _)| global != name)
                })
                .collect();
            unknown.sort();
            if let Some(name) = unknown.first() {
                return Err(no_variable(self.kind, field, name));
            }
        }
        Ok(())
    }

    /// The mail for one recipient. With `secret`, the link is left as a mark, see [`with_link`].
    pub fn render(&self, variables: &Variables, secret: bool) -> Result<Rendered, Refusal> {
        let mut values: BTreeMap<&str, Value> = variables
            .iter()
            .map(|(name, value)| {
                let value = match clean_of_marks(value) {
                    std::borrow::Cow::Borrowed(_) => Value::from(Arc::clone(value)),
                    std::borrow::Cow::Owned(clean) => Value::from(clean),
                };
                (*name, value)
            })
            .collect();
        if secret {
            values.insert("link", Value::from(MARK));
        }
        let values = Value::from_pairs(values);
        let one = |field: &'static str| {
            self.environment
                .get_template(field)
                .and_then(|template| template.render(values.clone()))
                .map_err(|error| refusal(self.kind, field, &error))
        };
        let subject = Line::clean(&one("subject")?.chars().take(SUBJECT).collect::<String>());
        // A subject is shown in lists, and never holds a secret.
        let subject = Line::clean(&subject.as_str().replace(MARK, ""));
        if subject.is_empty() {
            return Err(Refusal::new("subject", "it comes out empty", "Write what the mail is about"));
        }
        let mut body = RichText::clean(&one("body")?).to_string();
        if body.is_empty() {
            return Err(Refusal::new("body", "it comes out empty", "Write what the mail shall say"));
        }
        body.push('\n');
        Ok(Rendered { subject, body })
    }
}

/// The body as it is sent, with the link in the place of its mark.
pub fn with_link(body: &str, link: &str) -> String {
    body.replace(MARK, link)
}

/// The body as it may be shown to others than its recipient.
pub fn redacted(body: &str) -> String {
    body.replace(MARK, "[a link for one use, shown to nobody else]")
}

/// `text` without the characters that make up a mark.
fn clean_of_marks(text: &str) -> std::borrow::Cow<'_, str> {
    let marks = ['\u{E000}', '\u{E001}'];
    if text.contains(marks) { text.replace(marks, "").into() } else { text.into() }
}

fn no_variable(kind: MailKind, field: &str, name: &str) -> Refusal {
    let names: Vec<String> =
        kind.variables().iter().map(|variable| format!("{{{{ {} }}}}", variable.name)).collect();
    Refusal::new(
        field,
        format!("there is no variable \"{}\" here", crate::text::excerpt(name, 60)),
        format!("There are {}", names.join(", ")),
    )
}

/// What is wrong with a text, in words for its writer.
fn refusal(kind: MailKind, field: &str, error: &minijinja::Error) -> Refusal {
    let line = error.line().map_or_else(String::new, |line| format!("line {line}: "));
    let detail = crate::text::excerpt(error.detail().unwrap_or("it cannot be read"), 200);
    match error.kind() {
        ErrorKind::UndefinedError => {
            let names: Vec<&str> = kind.variables().iter().map(|variable| variable.name).collect();
            Refusal::new(
                field,
                format!("{line}a variable is used that has no value"),
                format!("Use only {}", names.join(", ")),
            )
        }
        ErrorKind::OutOfFuel => Refusal::new(
            field,
            format!("{line}it takes too long to fill in"),
            "Leave out loops over many things",
        ),
        ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest => {
            Refusal::new(field, format!("{line}{detail}"), "Leave it out, or look at its name again")
        }
        _ => Refusal::new(
            field,
            format!("{line}{detail}"),
            "Variables are written {{ name }}, and every {% if %} ends with {% endif %}",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_text_is_one_that_an_organiser_could_have_written() {
        for kind in MailKind::ALL {
            let Text { subject, body } = kind.text();
            let text = Text::parse(kind, &subject, &body).unwrap();
            let rendered = Compiled::new(kind, &text).unwrap().render(&kind.sample(), false).unwrap();
            assert!(!rendered.body.contains("{{") && !rendered.body.contains("{%"), "{}", rendered.body);
            assert_eq!(MailKind::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn a_secret_link_stands_in_no_text_until_it_is_sent() {
        let kind = MailKind::SignIn;
        let compiled = Compiled::new(kind, &kind.text()).unwrap();
        let rendered = compiled.render(&kind.sample(), true).unwrap();
        assert!(!rendered.body.contains("https://"), "{}", rendered.body);
        assert!(redacted(&rendered.body).contains("for one use"));
        assert!(with_link(&rendered.body, "https://x.example/1/").contains("\nhttps://x.example/1/\n"));
    }

    #[test]
    fn what_a_person_types_cannot_pretend_to_be_the_mark() {
        let kind = MailKind::Invitation;
        let compiled = Compiled::new(kind, &kind.text()).unwrap();
        let mut variables = kind.sample();
        variables.insert("note", MARK.into());
        let rendered = compiled.render(&variables, true).unwrap();
        assert_eq!(rendered.body.matches(MARK).count(), 1);
    }

    #[test]
    fn a_text_that_cannot_be_filled_in_is_refused_where_it_is_wrong() {
        let refused = |subject: &str, body: &str| Text::parse(MailKind::Post, subject, body).unwrap_err();
        let unknown = refused("Hi", "{{ titel }}");
        assert_eq!(unknown.field, "body");
        assert!(unknown.problem.contains("titel") && unknown.remedy.contains("{{ title }}"), "{unknown}");
        assert_eq!(refused("{{ nome }}", "x").field, "subject");
        assert!(refused("Hi", "one\ntwo {% if name %}").problem.contains("line 2"));
        assert_eq!(refused("", "x").field, "subject");
        assert_eq!(refused("Hi", "  ").field, "body");
        assert_eq!(refused("Hi", "{{ title|shout }}").field, "body");
        assert_eq!(
            refused("{% if name %}{{ name }}{% endif %}", "x").field,
            "subject",
            "a name may be empty"
        );
        assert_eq!(refused(&"x".repeat(301), "x").field, "subject");
        let no_link = Text::parse(MailKind::SignIn, "Hi", "Hello {{ name }}").unwrap_err();
        assert!(no_link.problem.contains("link"), "{no_link}");
    }

    #[test]
    fn a_text_that_would_run_for_ever_or_fill_memory_is_refused() {
        let hostile = [
            "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
            "{{ 'x' * 1000000000 }}",
            "{% set x = 'xxxxxxxxxx' * 1000 %}{% for a in range(5000) %}{{ x }}{% endfor %}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{{ range(1000000000) | join('x') }}",
        ];
        for body in hostile {
            let outcome = Text::parse(MailKind::Post, "Hi", body);
            assert!(outcome.is_err(), "{body}: {} bytes", outcome.unwrap().body.len());
        }
    }

    #[test]
    fn a_line_break_in_a_variable_cannot_leave_the_subject() {
        let kind = MailKind::Notice;
        let compiled = Compiled::new(kind, &kind.text()).unwrap();
        let mut variables = kind.sample();
        variables.insert("subject", "Hi\r\nBcc: everybody@example.org".into());
        let rendered = compiled.render(&variables, false).unwrap();
        assert!(!rendered.subject.as_str().contains(['\r', '\n']));
        variables.insert("name", "<b>&\"".into());
        let body = compiled.render(&variables, false).unwrap().body;
        assert!(body.contains("<b>&\""), "plain text is not HTML: {body}");
    }
}
