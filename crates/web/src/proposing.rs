//! The form of a proposal: drawn and read the same way where it is begun and where it is changed.

use crate::{error::Failure, form::Form, signed::Person, site::Site, upload};
use model::{
    Refusal,
    call::{Answer, Answers, Call, Field, FieldKind, Form as CallForm, HandedIn, Stage},
    edition::Edition,
    id::{FileId, TrackId},
    programme::Track,
    proposal::Content,
    text::{Line, RichText},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The files that a form may name: those of the proposal, and those that whoever sends it handed in.
pub(crate) type Files = BTreeMap<FileId, HandedIn>;

/// How many tracks one may name in order of preference.
const PREFERENCES: usize = 3;

/// A field of the call's form, as the template draws it.
#[derive(Clone, Debug)]
pub(crate) struct FieldView {
    /// Its name in the form.
    pub(crate) name: String,
    /// What it asks.
    pub(crate) label: String,
    /// What helps, with who reads the answer and when it is asked.
    pub(crate) help: String,
    /// The word of its kind.
    pub(crate) kind: &'static str,
    /// Whether it must be filled in.
    pub(crate) required: bool,
    /// What there is to choose from.
    pub(crate) options: Vec<(String, String)>,
    /// Of a field that takes a file: what browsers offer, and the file that is there.
    pub(crate) accept: String,
    pub(crate) file: Option<FileView>,
}

/// A file that stands in a form already.
#[derive(Clone, Debug)]
pub(crate) struct FileView {
    /// Its name, kind and size.
    pub(crate) shown: String,
    /// Where it is; `None` while the form that names it is not saved.
    pub(crate) href: Option<String>,
}

/// What the form offers to choose.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices {
    /// The lengths.
    pub(crate) minutes: Vec<(String, String)>,
    /// The selects of tracks, by name and label, where the call asks.
    pub(crate) preferences: Vec<(String, String)>,
    /// The tracks in each of them.
    pub(crate) tracks: Vec<(String, String)>,
}

/// What a call's form offers in its edition.
pub(crate) fn choices(call: &Call, tracks: &[Track]) -> Choices {
    let mut minutes: Vec<(String, String)> =
        call.minutes.iter().map(|minutes| (minutes.to_string(), format!("{minutes} minutes"))).collect();
    if minutes.len() > 1 {
        minutes.insert(0, (String::new(), "Choose".to_owned()));
    }
    if !call.asks_tracks || tracks.is_empty() {
        return Choices { minutes, ..Choices::default() };
    }
    let labels = ["Track", "Second choice", "Third choice"];
    let preferences =
        (1..).zip(labels).take(PREFERENCES).map(|(at, label)| (format!("track_{at}"), label.to_owned()));
    let mut shown = vec![(String::new(), "None".to_owned())];
    shown.extend(tracks.iter().map(|track| (track.id.to_string(), track.name.to_string())));
    Choices { minutes, preferences: preferences.collect(), tracks: shown }
}

/// The tracks of an edition's working state.
pub(crate) async fn tracks(site: &Site, edition: &Edition) -> Result<Vec<Track>, Failure> {
    Ok(site.store().tracks(edition.id).await?)
}

/// The name of a field's answer in the form: none of the names that every proposal has.
fn name_of(field: &Field) -> String {
    format!("{PREFIX}{}", field.key)
}

const PREFIX: &str = "answer_";

/// The name of the box that takes a file out of a form.
fn removal_of(name: &str) -> String {
    format!("remove_{name}")
}

/// Whether a form takes files, so that browsers must send it in parts.
pub(crate) fn takes_files(form: &CallForm) -> bool {
    form.fields.iter().any(|field| matches!(field.kind, FieldKind::File(_)))
}

/// Keeps the files that were sent with the form and puts in their place what they are known by; what is refused is said at its
/// field. A file that was handed in before stays, unless the box that removes it is ticked. Gives the files that the form may
/// name from now on; those of the proposal come to them with [`files_of`].
pub(crate) async fn hand_in(
    site: &Site,
    person: &Person,
    edition: &Edition,
    (typed, form): (&mut Form, &CallForm),
) -> Result<Files, Failure> {
    let mut named = vec![];
    for field in &form.fields {
        let FieldKind::File(rule) = &field.kind else { continue };
        let name = name_of(field);
        if let Some(sent) = typed.file(&name).cloned() {
            match upload::hand_in(site, (&person.subject, edition), rule, &sent).await {
                Ok(file) => typed.put(&name, &file.id.to_string()),
                Err(Failure::Refused(refusal)) => typed.refuse(&name, &refusal),
                Err(other) => return Err(other),
            }
        } else if typed.is_ticked(&removal_of(&name)) {
            typed.put(&name, "");
        }
        named.extend(Uuid::try_parse(typed.value(&name)).map(FileId));
    }
    Ok(site.store().own_handed_in(&person.subject, edition.id, named).await?)
}

/// The files that a proposal names.
pub(crate) fn files_of(content: &Content) -> Files {
    let files = content.answers.values().filter_map(Answer::as_file);
    files.map(|file| (file.id, file.clone())).collect()
}

/// Shows the files that stand in the form at their fields. `href` says where one of the proposal's own is.
pub(crate) fn show_files(
    fields: &mut [FieldView],
    typed: &mut Form,
    files: &Files,
    href: impl Fn(&str, FileId) -> Option<String>,
) {
    let of = |text: &str| Uuid::try_parse(text).ok().and_then(|id| files.get(&FileId(id)));
    for field in fields.iter_mut().filter(|field| field.kind == "file") {
        let key = field.name.trim_start_matches(PREFIX);
        field.file = of(typed.value(&field.name))
            .map(|file| FileView { shown: file.shown(), href: href(key, file.id) });
        let theirs = typed.theirs(&field.name).map(|theirs| of(theirs).map(HandedIn::shown));
        if let Some(theirs) = theirs {
            typed.reword_theirs(&field.name, theirs.unwrap_or_else(|| "no file".to_owned()));
        }
    }
}

/// The fields of a call's form; `ceiling` is the most megabytes of a file that the server takes.
pub(crate) fn fields(form: &CallForm, ceiling: u16) -> Vec<FieldView> {
    form.fields
        .iter()
        .map(|field| {
            let mut help: Vec<String> = field.help.non_empty().map(str::to_owned).into_iter().collect();
            if let FieldKind::Text { words: Some(words), .. } = field.kind {
                help.push(format!("At most {words} words."));
            }
            let mut accept = String::new();
            if let FieldKind::File(rule) = &field.kind {
                help.push(rule.shown(ceiling));
                accept = rule.accept();
            }
            if field.kind == FieldKind::People {
                help.push("One in a line; (private) behind a name keeps it from the public.".to_owned());
            }
            if let Some(condition) = &field.only_if
                && let Some(other) = form.field(&condition.field)
            {
                let what =
                    condition.is.non_empty().map_or_else(|| "ticked".to_owned(), |is| format!("\"{is}\""));
                help.push(format!("Only asked if \"{}\" is {what}.", other.label));
            }
            help.push(format!("Read by: {}.", field.reader.shown().to_lowercase()));
            let options = match &field.kind {
                FieldKind::Choice { options, several } => {
                    let choose = (!several).then(|| (String::new(), "Choose".to_owned()));
                    choose
                        .into_iter()
                        .chain(options.iter().map(|one| (one.to_string(), one.to_string())))
                        .collect()
                }
                _ => vec![],
            };
            FieldView {
                name: name_of(field),
                label: field.label.to_string(),
                help: help.join(" "),
                kind: field.kind.word(),
                // A field that may not be asked cannot be demanded by the browser; the record demands it.
                required: field.required && field.only_if.is_none(),
                options,
                accept,
                file: None,
            }
        })
        .collect()
}

/// A form with what a proposal says.
pub(crate) fn filled(content: &Content, form: &CallForm) -> Form {
    let mut out = Form::default()
        .with("title", &content.title)
        .with("abstract", &content.summary)
        .with("minutes", content.minutes.map(|minutes| minutes.to_string()).unwrap_or_default());
    for at in 1..=PREFERENCES {
        let track = content.tracks.get(at - 1).map(ToString::to_string).unwrap_or_default();
        out = out.with(&format!("track_{at}"), track);
    }
    for field in &form.fields {
        for value in content.answers.get(&field.key).map(Answer::typed).unwrap_or_default() {
            out = out.with(&name_of(field), value);
        }
    }
    out
}

/// What the form says, where it may name these files; `None` when fields are refused, which then say why. All that is wrong is
/// said at once.
pub(crate) fn read(
    typed: &mut Form,
    (call, form): (&Call, &CallForm),
    tracks: &[Track],
    files: &Files,
    stage: Stage,
) -> Option<Content> {
    let mut answers = Answers::new();
    let mut wrong: Vec<(String, Refusal)> = vec![];
    for field in &form.fields {
        let name = name_of(field);
        let values: Vec<&str> = typed.values(&name).collect();
        // What is not asked may be left empty.
        let asked = if field.is_asked(&answers) { stage } else { Stage::Draft };
        let answer = if let FieldKind::File(_) = field.kind {
            let file = values.first().and_then(|text| files.get(&FileId(Uuid::try_parse(text).ok()?)));
            Answer::file(field, file.cloned(), asked)
        } else {
            Answer::read(field, &values, asked)
        };
        match answer {
            Ok(Some(answer)) => {
                answers.insert(field.key.clone(), answer);
            }
            Ok(None) => {}
            Err(refusal) => wrong.push((name, refusal)),
        }
    }
    for (name, refusal) in &wrong {
        typed.refuse(name, refusal);
    }
    let only = if let [only] = call.minutes.as_slice() { Some(*only) } else { None };
    let minutes = typed.value("minutes").trim().parse().ok().or(only);
    let chosen = (1..=PREFERENCES)
        .filter_map(|at| Uuid::try_parse(typed.value(&format!("track_{at}"))).ok())
        .map(TrackId)
        .collect();
    let content = Content {
        title: Line::clean(typed.value("title")),
        summary: RichText::clean(typed.value("abstract")),
        minutes,
        tracks: if call.asks_tracks { chosen } else { vec![] },
        form: form.version,
        answers,
    };
    let ids: Vec<TrackId> = tracks.iter().map(|track| track.id).collect();
    if let Err(all) = content.check(call, form, &ids, stage) {
        for refusal in all {
            let field = form.fields.iter().find(|field| field.key.as_str() == refusal.field);
            let name = match refusal.field.as_str() {
                "tracks" => "track_1".to_owned(),
                own => field.map_or_else(|| own.to_owned(), name_of),
            };
            typed.refuse(&name, &refusal);
        }
    }
    (!typed.is_refused()).then_some(content)
}
