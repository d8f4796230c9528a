//! The words of messages.

use super::{Message, Template, message::Subject};
use crate::{
    decision_link::{DecisionClaims, DecisionLinks},
    vocabulary::{Purpose, VisitorStatus},
};

/// What fills the places of texts beside the visitor.
#[derive(Clone)]
pub(super) struct Links {
    pub(super) signed: DecisionLinks,
    pub(super) base_url: Option<String>,
}

impl Links {
    /// The link by which the one who is told answers; none for a visitor, or where links lead nowhere.
    fn of(&self, message: &Message, subject: &Subject) -> Option<String> {
        let claims = DecisionClaims {
            visitor_id: subject.id,
            flat_id: subject.flat_id,
            user_id: message.user_id?,
            deadline: subject.deadline?,
        };
        Some(self.signed.link(self.base_url.as_ref()?, &claims))
    }
}

/// What a notification says on a locked screen.
pub(super) fn title_and_body(message: &Message) -> (String, String) {
    let name = message.text("visitor_name").unwrap_or("A visitor");
    let flat = message.text("flat_number").map(|number| format!(" for flat {number}")).unwrap_or_default();
    let accepted = message.text("status") == Some(VisitorStatus::Accepted.as_str());
    let verdict = if accepted { "may come in" } else { "was turned away" };
    let (title, body) = match message.kind.as_str() {
        "visitor_request" => {
            let purpose = message.text("purpose").unwrap_or(Purpose::Guest.as_str());
            ("Visitor at the gate", format!("{name} ({purpose}){flat}. Let them in?"))
        }
        "request_approved" => ("The flat has answered", format!("{name} {verdict}.")),
        "guard_override" => ("The gate has decided", format!("{name} {verdict}.")),
        "visitor_checkin" => ("Visitor came in", format!("{name} came in.")),
        "visitor_checkout" => ("Visitor left", format!("{name} left.")),
        "visitor_timeout" => ("Nobody answered", format!("{name} was turned away{flat}.")),
        "resident_joined" => {
            let flat =
                message.text("flat_number").map(|number| format!(" of flat {number}")).unwrap_or_default();
            (
                "New resident",
                format!(
                    "Somebody was added to the residents{flat}. If you do not know of it, ask your society's office."
                ),
            )
        }
        "guard_locked" => {
            let name = message.text("guard_name").unwrap_or("A guard");
            ("A guard is locked", format!("{name} typed five wrong PINs. You can unlock them."))
        }
        "foreign_device" => {
            let name = message.text("guard_name").unwrap_or("a guard");
            ("Unknown phone", format!("Somebody tried to sign in as {name} on a phone of no gate."))
        }
        "emergency_alert" => ("Emergency", format!("Help is needed{flat}.")),
        "emergency_updated" => {
            let resolved = message.text("status") == Some("resolved");
            let body = if resolved { "The emergency is resolved." } else { "A guard is on the way." };
            ("Emergency", body.to_owned())
        }
        _ => ("Society360", String::new()),
    };
    (title.to_owned(), body)
}

/// What in a text no message could fill: a brace without its other one, or a place that nothing is known for.
pub fn unknown_place(body: &str) -> Option<String> {
    let mut rest = body;
    while let Some(start) = rest.find(['{', '}']) {
        let place = rest.get(start..).unwrap_or_default();
        let end = place.find('}').filter(|_| place.starts_with('{'));
        let Some(end) = end else { return Some(place.chars().take(1).collect()) };
        let (name, after) = (place.get(1..end).unwrap_or_default(), place.get(end + 1..).unwrap_or_default());
        if !PLACES.contains(&name) {
            return Some(format!("{{{name}}}"));
        }
        rest = after;
    }
    None
}

/// What [`fill`] fills.
const PLACES: [&str; 5] = ["visitor_name", "flat_number", "society_name", "access_code", "link"];

/// The places of a text in their order, with what fills them; `None` where one cannot be filled.
pub(super) fn parameters(message: &Message, links: &Links) -> Option<Vec<(String, String)>> {
    let (template, subject) = (message.template.as_ref()?, message.visitor.as_ref()?);
    places(template).map(|place| Some((place.to_owned(), fill(place, message, subject, links)?))).collect()
}

/// A text with its places filled.
pub(super) fn filled(template: &Template, parameters: &[(String, String)]) -> String {
    parameters
        .iter()
        .fold(template.body.clone(), |text, (place, value)| text.replace(&format!("{{{place}}}"), value))
}

fn places(template: &Template) -> impl Iterator<Item = &str> {
    template.body.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place)
}

fn fill(place: &str, message: &Message, subject: &Subject, links: &Links) -> Option<String> {
    match place {
        "visitor_name" => Some(plain(&subject.visitor_name)),
        "flat_number" => Some(plain(&subject.flat_number)),
        "society_name" => Some(plain(&subject.society_name)),
        "access_code" => Some(subject.access_code.clone().unwrap_or_else(|| "-".to_owned())),
        "link" => links.of(message, subject),
        _ => None,
    }
}

/// A name as it may stand in a text: it cannot bring a line or a place of its own.
fn plain(name: &str) -> String {
    name.replace(['{', '}'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_fills_is_named() {
        let found = |body: &str| unknown_place(body).unwrap_or_default();
        for whole in ["", "Welcome", "{visitor_name}, {flat_number}: {link}", "{access_code}{society_name}"] {
            assert_eq!(found(whole), "", "{whole}");
        }
        for (body, place) in [
            ("{name} is here", "{name}"),
            ("{link} {{link}", "{{link}"),
            ("{link", "{"),
            ("link}", "}"),
            ("{}", "{}"),
            ("{visitor_name }", "{visitor_name }"),
        ] {
            assert_eq!(found(body), place, "{body}");
        }
    }
}
