//! What a list would change: computed before anything is written, shown, and then applied.

use super::{Attendance, Field, Mapping, Registration, RegistrationState, RegistrationType, Row, Sheet};
use crate::{
    country::Country,
    email::Email,
    id::{EditionId, RegistrationId, derived},
    text::{Line, excerpt},
    time::Zone,
};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A registration before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The line of the file.
    pub line: u64,
    /// As it is.
    pub before: Registration,
    /// As it would be.
    pub after: Registration,
}

/// A row, or a cell of it, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The line of the file.
    pub line: u64,
    /// The name of the column, or empty for the whole row.
    pub column: String,
    /// What is wrong, without a full stop.
    pub problem: String,
    /// What was done, or what to do, without a full stop.
    pub remedy: String,
}

/// What a list would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Registrations that are new, with their lines.
    pub added: Vec<(u64, Registration)>,
    /// Those that change, in the order of the file; also those that the file says are cancelled.
    pub changed: Vec<Changed>,
    /// Active ones that are not in the file. They are cancelled only when somebody says so.
    pub missing: Vec<Registration>,
    /// How many are as the file says.
    pub unchanged: usize,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// How many rows gave no registration.
    pub skipped: usize,
}

impl Difference {
    /// Whether applying it, without cancelling those who are missing, changes nothing.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty()
    }

    /// A short text that is the same for the same difference, whenever and wherever it is computed: what somebody agreed
    /// to. Identifiers of new registrations differ each time and are no part of it.
    pub fn seen(&self) -> String {
        let added: Vec<Registration> = self
            .added
            .iter()
            .map(|(_, one)| Registration { id: RegistrationId(Uuid::nil()), account: None, ..one.clone() })
            .collect();
        // What was proved meanwhile is no part either: somebody who signs in must not stop an import.
        let bare = |one: &Registration| Registration { account: None, ..one.clone() };
        let changed: Vec<_> = self.changed.iter().map(|one| (bare(&one.before), bare(&one.after))).collect();
        let missing: Vec<_> = self.missing.iter().map(bare).collect();
        derived("", "difference", &format!("{added:?}{changed:?}{missing:?}")).to_string()
    }

    /// Whether cancelling those who are missing would cancel more than half of all who are registered now: most likely
    /// the file is only a part of the list.
    pub fn cancels_most(&self, active: usize) -> bool {
        self.missing.len() * 2 > active
    }
}

/// What `sheet` would change of the registrations `present` of an edition. Fields without a column stay as they are; so do
/// cells that cannot be read, with a problem that says so. A row without an address that can be read is left out.
///
/// A row belongs to the registration with its code, else to the one with its address. `id` gives new identifiers. The
/// account of a registration is never in a list: it goes when the address changes, because it was proved for the old one.
pub fn difference(
    edition: EditionId,
    present: &[Registration],
    sheet: &Sheet,
    mapping: &Mapping,
    mut id: impl FnMut() -> Uuid,
) -> Difference {
    let mut out = Difference::default();
    let by_code: HashMap<&str, usize> = present
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.code.is_empty())
        .map(|(at, one)| (one.code.as_str(), at))
        .collect();
    let by_email: HashMap<&Email, usize> =
        present.iter().enumerate().map(|(at, one)| (&one.email, at)).collect();
    let mut lines: HashMap<Email, u64> = HashMap::new();
    let mut found: HashSet<usize> = HashSet::new();
    let mut skipped_known: HashSet<usize> = HashSet::new();
    for row in &sheet.rows {
        let reader = Reader { sheet, mapping, row };
        let code = Line::clean(mapping.cell(row, Field::Code));
        let email = match Email::parse(mapping.cell(row, Field::Email)) {
            Ok(email) => email,
            Err(refusal) => {
                out.problems.push(reader.problem(Field::Email, refusal.problem, "The row was left out"));
                out.skipped += 1;
                // Whoever it is, they are in the list.
                skipped_known.extend(by_code.get(code.as_str()));
                continue;
            }
        };
        if let Some(first) = lines.get(&email) {
            let problem = format!("{email} stands on line {first} already");
            out.problems.push(reader.problem(Field::Email, problem, "The later row was left out"));
            out.skipped += 1;
            continue;
        }
        lines.insert(email.clone(), row.line);
        let with_code = by_code.get(code.as_str()).copied().filter(|_| !code.is_empty());
        let with_email = by_email.get(&email).copied();
        // A code that stands on several rows is that of an order, not of a person.
        let known = match (with_email, with_code.filter(|at| !found.contains(at))) {
            (Some(at), _) => Some(at),
            (None, at) => at,
        };
        let before = known.map(|at| &present[at]);
        if let Some(at) = known {
            found.insert(at);
        }
        let after = reader.registration(edition, before, email, code, &mut id, &mut out.problems);
        match before {
            None if after.state == RegistrationState::Cancelled => out.unchanged += 1,
            None => out.added.push((row.line, after)),
            Some(before) if *before == after => out.unchanged += 1,
            Some(before) => {
                out.changed.push(Changed { line: row.line, before: before.clone(), after });
            }
        }
    }
    out.missing = present
        .iter()
        .enumerate()
        .filter(|(at, one)| {
            one.state == RegistrationState::Active && !found.contains(at) && !skipped_known.contains(at)
        })
        .map(|(_, one)| one.clone())
        .collect();
    out
}

/// A row that is read.
struct Reader<'a> {
    sheet: &'a Sheet,
    mapping: &'a Mapping,
    row: &'a Row,
}

impl Reader<'_> {
    fn problem(&self, field: Field, problem: String, remedy: &str) -> Problem {
        let column = self.mapping.column(field).and_then(|at| self.sheet.columns.get(at)).cloned();
        Problem {
            line: self.row.line,
            column: column.unwrap_or_default(),
            problem,
            remedy: remedy.to_owned(),
        }
    }

    fn registration(
        &self,
        edition: EditionId,
        before: Option<&Registration>,
        email: Email,
        code: Line,
        id: &mut impl FnMut() -> Uuid,
        problems: &mut Vec<Problem>,
    ) -> Registration {
        let cell = |field: Field| self.mapping.cell(self.row, field);
        let mut after = before.cloned().unwrap_or_else(|| Registration {
            id: RegistrationId(id()),
            edition,
            email: email.clone(),
            name: Line::default(),
            kind: RegistrationType::default(),
            mode: Attendance::default(),
            affiliation: Line::default(),
            country: Line::default(),
            zone: None,
            code: Line::default(),
            state: RegistrationState::default(),
            account: None,
        });
        if after.email != email {
            after.email = email;
            after.account = None;
        }
        if !code.is_empty() {
            after.code = code;
        }
        let whole = Line::clean(cell(Field::Name));
        let name = if whole.is_empty() {
            Line::clean(&format!("{} {}", cell(Field::FirstName), cell(Field::LastName)))
        } else {
            whole
        };
        if !name.is_empty() {
            after.name = name;
        }
        if self.mapping.has(Field::Affiliation) {
            after.affiliation = Line::clean(cell(Field::Affiliation));
        }
        if self.mapping.has(Field::Country) {
            let text = cell(Field::Country);
            after.country =
                Country::parse(text).map_or_else(|| Line::clean(text), |known| known.name().into());
        }
        let kind = cell(Field::Kind);
        match (RegistrationType::parse(kind).or_else(|| RegistrationType::meant(kind)), before) {
            (Some(kind), _) => after.kind = kind,
            // A ticket whose name says nothing: whoever is here already stays what they are.
            (None, _) if kind.is_empty() => {}
            (None, before) => {
                let problem = format!("\"{}\" is no type that is known", excerpt(kind, 60));
                let remedy = if before.is_some() {
                    "The type stays as it is"
                } else {
                    "They are taken for an attendee"
                };
                problems.push(self.problem(Field::Kind, problem, remedy));
            }
        }
        // The name of a ticket often says how they take part too.
        let mode = cell(Field::Mode);
        let said =
            Attendance::parse(mode).or_else(|| Attendance::meant(mode)).or_else(|| Attendance::meant(kind));
        if let Some(mode) = said {
            after.mode = mode;
        } else if !mode.is_empty() {
            let problem = format!("\"{}\" is neither in person nor virtual", excerpt(mode, 60));
            problems.push(self.problem(Field::Mode, problem, "It stays as it is"));
        }
        let zone = cell(Field::Zone);
        if !zone.is_empty() {
            match Zone::parse(zone) {
                Ok(zone) => after.zone = Some(zone),
                Err(refusal) => {
                    problems.push(self.problem(Field::Zone, refusal.problem, "It stays as it is"));
                }
            }
        }
        let state = cell(Field::State);
        match RegistrationState::parse(state).or_else(|| RegistrationState::meant(state)) {
            Some(state) => after.state = state,
            // To be in a list that says nothing of its state is to be registered.
            None if !self.mapping.has(Field::State) => after.state = RegistrationState::Active,
            None if state.is_empty() => {}
            None => {
                let problem = format!("\"{}\" says neither registered nor cancelled", excerpt(state, 60));
                problems.push(self.problem(Field::State, problem, "It stays as it is"));
            }
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;

    fn sheet(text: &str) -> Sheet {
        let mut lines = text.lines();
        let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let columns = cells(lines.next().unwrap());
        let rows = lines.zip(2..).map(|(text, line)| Row { line, cells: cells(text) }).collect();
        Sheet { name: "list.csv".to_owned(), columns, rows }
    }

    const EDITION: EditionId = EditionId(Uuid::from_u128(1));

    fn against(present: &[Registration], text: &str) -> Difference {
        let sheet = sheet(text);
        let mapping = Mapping::guess(&sheet.columns);
        let mut next = 100;
        difference(EDITION, present, &sheet, &mapping, || {
            next += 1;
            Uuid::from_u128(next)
        })
    }

    /// What is there once a difference is applied, without cancelling anybody.
    fn applied(present: &[Registration], difference: &Difference) -> Vec<Registration> {
        let mut out: Vec<Registration> = present.to_vec();
        for changed in &difference.changed {
            let at = out.iter().position(|one| one.id == changed.before.id).unwrap();
            out[at] = changed.after.clone();
        }
        out.extend(difference.added.iter().map(|(_, one)| one.clone()));
        out
    }

    const LIST: &str = "Email,Name,Registration Type,Company,Country,Time zone,Confirmation Number\n\
        Ada@Example.org ,Ada Lovelace,Speaker (virtual),Engines,uk,,A1\n\
        bob@example.org,Bob,Early bird,,Germany,Europe/Berlin,B2\n";

    #[test]
    fn a_list_applied_twice_changes_nothing_the_second_time() {
        let first = against(&[], LIST);
        assert_eq!(
            (first.added.len(), first.changed.len(), first.problems.len()),
            (2, 0, 0),
            "{:?}",
            first.problems
        );
        let ada = &first.added[0].1;
        assert_eq!(
            (ada.email.as_str(), ada.kind, ada.mode),
            ("ada@example.org", RegistrationType::Speaker, Attendance::Virtual)
        );
        assert_eq!(
            (ada.country.as_str(), ada.clock().unwrap().name().to_owned()),
            ("United Kingdom", "Europe/London".to_owned())
        );
        let present = applied(&[], &first);
        let second = against(&present, LIST);
        assert!(second.is_empty() && second.missing.is_empty());
        assert_eq!(second.unchanged, 2);
    }

    #[test]
    fn what_was_agreed_to_is_known_again_and_another_difference_is_not() {
        let first = against(&[], LIST);
        assert_eq!(first.seen(), against(&[], LIST).seen());
        let present = applied(&[], &first);
        assert_ne!(first.seen(), against(&present, LIST).seen());
        let mut signed_in = present.clone();
        signed_in[0].account = Some(AccountId(Uuid::from_u128(9)));
        let list = "email,company\nada@example.org,Looms\n";
        assert_eq!(against(&present, list).seen(), against(&signed_in, list).seen());
    }

    #[test]
    fn case_and_spaces_make_nobody_new_and_a_tag_does() {
        let present = applied(&[], &against(&[], LIST));
        let again = against(
            &present,
            "email,name\n  ADA@example.ORG,Ada Lovelace\nbob@example.org,Bob\nada+lpc@example.org,Ada\n",
        );
        assert_eq!((again.unchanged, again.added.len()), (2, 1));
    }

    #[test]
    fn what_a_list_does_not_say_stays() {
        let mut present = applied(&[], &against(&[], LIST));
        present[0].account = Some(AccountId(Uuid::from_u128(9)));
        let again = against(&present, "email,company\nada@example.org,Looms\nbob@example.org,\n");
        assert_eq!(again.changed.len(), 1);
        let after = &again.changed[0].after;
        assert_eq!(
            (after.affiliation.as_str(), after.name.as_str(), after.kind),
            ("Looms", "Ada Lovelace", RegistrationType::Speaker)
        );
        assert_eq!(after.account, present[0].account);
    }

    #[test]
    fn a_changed_address_is_followed_by_its_code_and_proves_nothing() {
        let mut present = applied(&[], &against(&[], LIST));
        present[0].account = Some(AccountId(Uuid::from_u128(9)));
        let again =
            against(&present, "email,confirmation number\nada@new.example.org,A1\nbob@example.org,B2\n");
        assert_eq!((again.changed.len(), again.added.len(), again.missing.len()), (1, 0, 0));
        let after = &again.changed[0].after;
        assert_eq!((after.email.as_str(), after.account), ("ada@new.example.org", None));
    }

    #[test]
    fn a_code_of_an_order_is_shared_by_several_people() {
        let list = "email,order code\na@example.org,X\nb@example.org,X\n";
        let present = applied(&[], &against(&[], list));
        assert_eq!(present.len(), 2);
        assert!(against(&present, list).is_empty());
        let more = against(&present, &format!("{list}c@example.org,X\n"));
        assert_eq!((more.added.len(), more.changed.len()), (1, 0));
    }

    #[test]
    fn who_vanished_is_named_and_most_of_all_are_guarded() {
        let present = applied(&[], &against(&[], LIST));
        let half = against(&present, "email\nada@example.org\n");
        assert_eq!(
            (half.missing.len(), half.missing[0].name.as_str(), half.cancels_most(2)),
            (1, "Bob", false)
        );
        let none = against(&present, "email\nx@example.org\n");
        assert!(none.cancels_most(2));
        // Who is cancelled already is not missing, and comes back when the list has them again.
        let mut gone = present.clone();
        gone[1].state = RegistrationState::Cancelled;
        assert!(against(&gone, "email\nada@example.org\n").missing.is_empty());
        let back = against(&gone, "email\nada@example.org\nbob@example.org\n");
        assert_eq!(back.changed[0].after.state, RegistrationState::Active);
    }

    #[test]
    fn a_list_that_says_cancelled_cancels_and_makes_nobody() {
        let present = applied(&[], &against(&[], LIST));
        let said = against(
            &present,
            "email,status\nada@example.org,Cancelled by invitee\nbob@example.org,Accepted\nc@example.org,Declined\n",
        );
        assert_eq!((said.changed.len(), said.added.len()), (1, 0));
        assert_eq!(said.changed[0].after.state, RegistrationState::Cancelled);
    }

    #[test]
    fn what_cannot_be_read_is_told_by_line_and_column() {
        let list = "email,name,type,time zone\nnonsense,N,,\nada@example.org,A,Badge only,Mars/Olympus\nADA@example.org,A,,\n\n";
        let read = against(&[], list);
        let told: Vec<_> =
            read.problems.iter().map(|one| format!("{} {}: {}", one.line, one.column, one.problem)).collect();
        assert_eq!(
            told,
            [
                "2 email: \"nonsense\" has no @",
                "3 type: \"Badge only\" is no type that is known",
                "3 time zone: \"Mars/Olympus\" is not a known IANA zone",
                "4 email: ada@example.org stands on line 3 already",
                "5 email: no address was given",
            ]
        );
        assert_eq!((read.added.len(), read.skipped), (1, 3));
    }

    #[test]
    fn an_address_that_another_has_is_not_taken_over() {
        let present = applied(&[], &against(&[], LIST));
        let swapped = against(&present, "email,confirmation number\nbob@example.org,A1\n");
        // The row is Bob's by its address, whatever its code says; two registrations never share an address.
        let after = applied(&present, &swapped);
        let addresses: HashSet<_> = after.iter().map(|one| one.email.clone()).collect();
        assert_eq!(addresses.len(), 2);
    }
}
