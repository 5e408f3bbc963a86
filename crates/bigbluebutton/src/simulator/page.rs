//! The page that stands for the client: who is inside and what they write, so that rooms can be tried by hand.

use super::{
    http::CLIENT,
    state::{Meeting, User},
};
use crate::meeting::Role;
use quick_xml::escape::escape;
use std::fmt::Write as _;

/// What somebody does on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Say,
    Record,
    LetIn,
    Leave,
    End,
}

impl Deed {
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "say" => Self::Say,
            "record" => Self::Record,
            "let-in" => Self::LetIn,
            "leave" => Self::Leave,
            "end" => Self::End,
            _ => return None,
        })
    }
}

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 44rem; padding: 1rem }
h1 { font-size: 1.4rem; margin: .5rem 0; overflow-wrap: anywhere }
h2 { font-size: 1rem; margin: 1.2rem 0 .3rem }
.note { border: 1px solid; border-radius: .4rem; padding: .5rem .8rem }
ul { list-style: none; margin: 0; padding: 0 }
li { padding: .25rem 0; overflow-wrap: anywhere; white-space: pre-line }
form { align-items: center; display: flex; flex-wrap: wrap; gap: .5rem; margin: .6rem 0 }
li form { display: inline-flex; margin: 0 }
input { flex: 1 1 12rem; font: inherit; padding: .5rem; min-width: 0 }
button { font: inherit; padding: .5rem .9rem; min-height: 2.75rem }
";

/// The page of somebody in a meeting.
pub(super) fn room(meeting: &Meeting, user: &User) -> String {
    let token = escape(user.token.as_str());
    let name = escape(meeting.name.as_str());
    // Writing into a text does not fail.
    let mut page = head(&name);
    let _ = write!(
        page,
        "<p class=\"note\" role=\"note\">This is a simulated BigBlueButton: no sound, no picture, nothing is kept.</p>\
         <h1>{name}</h1><p>You are <strong>{}</strong>, {}.</p>",
        escape(user.name.as_str()),
        if user.role == Role::Moderator { "a moderator" } else { "a viewer" }
    );
    if user.waits {
        let _ = write!(
            page,
            "<p>A moderator has to let you in. <a href=\"{CLIENT}?sessionToken={token}\">Look again</a></p></main></body></html>"
        );
        return page;
    }
    if meeting.marked {
        page.push_str("<p><strong>This meeting is being recorded.</strong></p>");
    }
    let _ = write!(page, "<h2>{} inside</h2><ul>", meeting.inside().count());
    for other in &meeting.users {
        let _ = write!(page, "<li>{}", escape(other.name.as_str()));
        if other.role == Role::Moderator {
            page.push_str(" (moderator)");
        }
        if other.waits {
            page.push_str(" waits outside ");
            if user.role == Role::Moderator {
                let guest = escape(other.internal.as_str());
                let field = format!("<input type=\"hidden\" name=\"user\" value=\"{guest}\">");
                button(&mut page, &token, "let-in", "Let in", &field);
            }
        }
        page.push_str("</li>");
    }
    page.push_str("</ul><h2>Chat</h2><ul>");
    let welcome = meeting.text("welcome");
    if !welcome.is_empty() {
        let _ = write!(page, "<li>{}</li>", escape(crate::callback::text::plain(welcome).as_str()));
    }
    for said in &meeting.chat {
        let text = crate::callback::text::plain(&said.text);
        let _ = write!(
            page,
            "<li><strong>{}</strong> {}</li>",
            escape(said.name.as_str()),
            escape(text.as_str())
        );
    }
    page.push_str("</ul>");
    let field = "<label for=\"text\">Message</label><input id=\"text\" name=\"text\" maxlength=\"500\" autocomplete=\"off\" autofocus>";
    button(&mut page, &token, "say", "Send", field);
    let _ = write!(page, "<p><a href=\"{CLIENT}?sessionToken={token}\">Look again</a></p>");
    button(&mut page, &token, "leave", "Leave", "");
    if user.role == Role::Moderator {
        if meeting.flag("record") && !meeting.marked {
            button(&mut page, &token, "record", "Start recording", "");
        }
        button(&mut page, &token, "end", "End meeting", "");
    }
    page.push_str("</main></body></html>");
    page
}

/// The page of somebody whose meeting is over.
pub(super) fn over() -> String {
    let mut page = head("The meeting is over");
    page.push_str("<h1>The meeting is over, or you have left it</h1><p>Go back to the room's page to enter again.</p></main></body></html>");
    page
}

fn head(title: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head><body><main>"
    )
}

fn button(page: &mut String, token: &str, deed: &str, label: &str, field: &str) {
    let _ = write!(
        page,
        "<form method=\"post\" action=\"{CLIENT}\"><input type=\"hidden\" name=\"sessionToken\" value=\"{token}\">{field}\
         <button name=\"deed\" value=\"{deed}\">{label}</button></form>"
    );
}
