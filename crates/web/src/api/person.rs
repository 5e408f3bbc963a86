//! Persons as the programme presents them.

use super::{
    field::{line, shown, slug, url},
    link::{Link, links},
    part::Part,
    programme::OfState,
    resource::{is_id, reading, writing},
};
use crate::site::Site;
use model::{
    Refusal,
    edit::Command,
    id::PersonId,
    programme::{self as p, Programme},
    text::{Line, RichText},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, remove))
}

reading!(
    Person, "Programme", "/api/v1/editions/{edition}/persons", "/api/v1/editions/{edition}/persons/{id}" by "Its identifier or slug",
    [OfState] [],
    "listPersons": "Lists persons.",
    "getPerson": "Shows a person.",
);
writing!(
    Person by PersonInput, "Programme", "/api/v1/editions/{edition}/persons", "/api/v1/editions/{edition}/persons/{id}" by "Its identifier or slug",
    "createPerson": "Adds a person to the working state.",
    "changePerson": "Changes a person of the working state.",
    "removePerson": "Removes a person from the working state.",
);

/// A person as the edition's programme presents them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Person {
    /// Their identifier.
    pub(super) id: Uuid,
    /// What is known of them.
    #[serde(flatten)]
    pub(super) input: PersonInput,
}

/// What one decides of a person of the programme.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct PersonInput {
    /// Their public name.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// Their place in addresses; made from the name where it is left out.
    #[serde(default)]
    slug: Option<String>,
    /// Where they work or belong.
    #[serde(default)]
    affiliation: String,
    /// What they say about themselves. Markdown.
    #[serde(default)]
    biography: String,
    /// Their picture.
    #[serde(default)]
    avatar: Option<String>,
    /// Their pages elsewhere.
    #[serde(default)]
    links: Vec<Link>,
}

impl Part for Person {
    type Model = p::Person;
    type Input = PersonInput;

    const ONE: &'static str = "person";
    const LIST: &'static str = "persons";

    fn shown(person: &p::Person) -> Self {
        Self {
            id: person.id.0,
            input: PersonInput {
                name: person.name.to_string(),
                slug: Some(person.slug.to_string()),
                affiliation: person.affiliation.to_string(),
                biography: person.biography.to_string(),
                avatar: shown(person.avatar.as_ref()),
                links: person.links.iter().map(Link::from).collect(),
            },
        }
    }

    fn id(&self) -> Uuid {
        self.id
    }

    fn input(&self) -> &PersonInput {
        &self.input
    }

    fn of(all: &Programme) -> &[p::Person] {
        &all.persons
    }

    fn is(one: &p::Person, key: &str) -> bool {
        one.slug.as_str() == key || is_id(one.id.0, key)
    }

    fn read(
        input: &PersonInput,
        id: Uuid,
        present: Option<&p::Person>,
        _: &Programme,
    ) -> Result<p::Person, Refusal> {
        let name = line("name", &input.name)?;
        Ok(p::Person {
            id: PersonId(id),
            slug: slug(input.slug.as_deref(), &name, "person", id)?,
            code: present.and_then(|person| person.code.clone()),
            number: present.and_then(|person| person.number),
            name,
            biography: RichText::clean(&input.biography),
            affiliation: Line::clean(&input.affiliation),
            avatar: url("avatar", input.avatar.as_deref())?,
            links: links(&input.links)?,
        })
    }

    fn put(one: p::Person) -> Command {
        Command::PutPerson(one)
    }

    fn without(id: Uuid) -> Command {
        Command::RemovePerson(PersonId(id))
    }
}
