//! Notes in the making: bounded in number, the like of them summed up.

use crate::read::Note;
use model::text::excerpt;
use std::collections::HashMap;

/// How many notes of one remedy are listed one by one.
const LIKE_MAX: usize = 10;
/// How many notes are kept in all.
const NOTES_MAX: usize = 1_000;

/// The notes on one file.
#[derive(Debug)]
pub(crate) struct Notes {
    file: String,
    list: Vec<Note>,
    /// How many notes there were of each remedy.
    like: HashMap<String, usize>,
}

impl Notes {
    /// No notes on `file` yet.
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), list: vec![], like: HashMap::new() }
    }

    /// The file.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Adds a note.
    pub(crate) fn add(
        &mut self,
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let remedy = excerpt(&remedy.into(), 300);
        // Remedies are few; those that name something from the file must not fill the memory.
        let kind =
            if self.like.len() < NOTES_MAX { remedy.clone() } else { "See the notes above".to_owned() };
        let count = self.like.entry(kind).or_default();
        *count += 1;
        if *count <= LIKE_MAX && self.list.len() < NOTES_MAX {
            self.list.push(Note {
                file: self.file.clone(),
                place: excerpt(&place.into(), 100),
                problem: excerpt(&problem.into(), 300),
                remedy,
            });
        }
    }

    /// Takes over notes made elsewhere.
    pub(crate) fn take(&mut self, notes: &[Note]) {
        self.list.extend_from_slice(notes);
    }

    /// The notes, with a last one for each kind of which only the first were listed.
    pub(crate) fn into_list(self) -> Vec<Note> {
        let mut list = self.list;
        let mut more: Vec<(String, usize)> =
            self.like.into_iter().filter(|(_, count)| *count > LIKE_MAX).collect();
        more.sort_unstable();
        for (remedy, count) in more {
            let problem = format!("{} more of this kind", count - LIKE_MAX);
            list.push(Note { file: self.file.clone(), place: String::new(), problem, remedy });
        }
        list
    }
}
