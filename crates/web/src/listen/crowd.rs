//! How many there are of each client, so that none takes all the room.

use crate::limit::network;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// Counts what each client holds at the moment: connections, or streams of live updates.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    present: Mutex<HashMap<u128, usize>>,
}

/// One place; given back when it is dropped.
#[derive(Debug)]
pub struct Seat {
    crowd: Arc<Crowd>,
    client: u128,
}

impl Crowd {
    /// At most `most` for each client.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, present: Mutex::default() })
    }

    /// A place for `client`, or `None` when it has as many as it may.
    pub fn enter(self: &Arc<Self>, client: IpAddr) -> Option<Seat> {
        let client = network(client);
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let count = present.entry(client).or_default();
        if *count >= self.most {
            if *count == 0 {
                present.remove(&client);
            }
            return None;
        }
        *count += 1;
        Some(Seat { crowd: Arc::clone(self), client })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut present = self.crowd.present.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = present.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                present.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_so_many_places_and_gives_them_back() {
        let crowd = Crowd::new(2);
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let first = crowd.enter(one);
        let second = crowd.enter(one);
        assert!(first.is_some() && second.is_some());
        assert!(crowd.enter(one).is_none());
        assert!(crowd.enter("192.0.2.2".parse().unwrap()).is_some(), "another has room");
        drop(first);
        assert!(crowd.enter(one).is_some());
        drop(second);
        assert!(crowd.present.lock().unwrap().is_empty(), "nobody is remembered who has left");
    }
}
