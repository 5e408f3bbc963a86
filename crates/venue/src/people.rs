//! Who is in a room.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Who is in a room on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Here {
    /// How those are called who are known, by name; each once, however many pages they have open.
    pub names: Vec<String>,
    /// How many pages read along without a name.
    pub readers: usize,
}

impl Here {
    /// How many they are.
    pub fn count(&self) -> usize {
        self.names.len() + self.readers
    }
}

/// The people of a room, by what tells them apart.
#[derive(Debug)]
pub(crate) struct People {
    known: Mutex<Known>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Known {
    named: BTreeMap<String, (String, usize)>,
    readers: usize,
    /// What was last told, until somebody comes or goes.
    told: Option<Arc<Here>>,
}

impl People {
    pub(crate) fn new() -> Self {
        Self { known: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// Told whenever somebody comes or goes.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn come(&self, who: Option<&(String, String)>) {
        let mut known = self.known();
        let news = if let Some((who, name)) = who {
            let entry = known.named.entry(who.clone()).or_insert_with(|| (name.clone(), 0));
            entry.1 += 1;
            entry.1 == 1
        } else {
            known.readers += 1;
            true
        };
        if news {
            known.told = None;
        }
        drop(known);
        self.tell(news);
    }

    pub(crate) fn go(&self, who: Option<&(String, String)>) {
        let mut known = self.known();
        let news = if let Some((who, _)) = who {
            let left = known.named.get_mut(who).map(|entry| {
                entry.1 = entry.1.saturating_sub(1);
                entry.1
            });
            left == Some(0) && known.named.remove(who).is_some()
        } else {
            known.readers = known.readers.saturating_sub(1);
            true
        };
        if news {
            known.told = None;
        }
        drop(known);
        self.tell(news);
    }

    /// Everybody by name; drawn up once for all who ask until somebody comes or goes.
    pub(crate) fn here(&self) -> Arc<Here> {
        let mut known = self.known();
        if let Some(told) = &known.told {
            return Arc::clone(told);
        }
        let mut names: Vec<String> = known.named.values().map(|(name, _)| name.clone()).collect();
        names.sort_by_cached_key(|name| name.to_lowercase());
        let here = Arc::new(Here { names, readers: known.readers });
        known.told = Some(Arc::clone(&here));
        here
    }

    fn tell(&self, news: bool) {
        if news {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_with_two_pages_is_here_once_until_both_are_closed() {
        let people = People::new();
        let ada = ("a".to_owned(), "Ada".to_owned());
        let changes = people.watch();
        people.come(Some(&ada));
        people.come(Some(&ada));
        people.come(None);
        assert_eq!(*people.here(), Here { names: vec!["Ada".to_owned()], readers: 1 });
        people.go(Some(&ada));
        assert_eq!(people.here().count(), 2);
        people.go(Some(&ada));
        people.go(None);
        assert_eq!(*people.here(), Here::default());
        assert_eq!(*changes.borrow(), 4, "told when somebody came or went, and not for a second page");
    }
}
