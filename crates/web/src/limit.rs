//! How often one client may do what costs something: a bucket of permits for each client address, refilled at a
//! steady pace. In memory and bounded; the clients seen least recently are forgotten first.

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// How many clients are remembered.
const CLIENTS: usize = 10_000;

/// Buckets of permits by client.
#[derive(Debug)]
pub struct Limiter {
    most: f64,
    per_second: f64,
    clients: Cache<u128, Arc<Mutex<Bucket>>>,
}

#[derive(Debug)]
struct Bucket {
    permits: f64,
    filled: Instant,
}

impl Limiter {
    /// At most `per_minute` permits in a minute for each client, all of which it may take at once.
    pub fn new(per_minute: u32) -> Self {
        let most = f64::from(per_minute.max(1));
        Self { most, per_second: most / 60.0, clients: Cache::new(CLIENTS) }
    }

    /// At most `most` permits at once for each client, and a new one every so often.
    pub fn slow(most: u32, every: std::time::Duration) -> Self {
        let per_second = 1.0 / every.as_secs_f64().max(0.001);
        Self { most: f64::from(most.max(1)), per_second, clients: Cache::new(CLIENTS) }
    }

    /// Takes a permit of `client` at `now`, or says after how many seconds there is one.
    pub fn take(&self, client: IpAddr, now: Instant) -> Result<(), u64> {
        self.take_key(network(client), now)
    }

    /// The same for a name that somebody typed, whoever it was: case and white space make no difference.
    pub fn take_name(&self, name: &str, now: Instant) -> Result<(), u64> {
        let digest = Sha256::digest(model::text::folded(name.trim()));
        let key = digest.iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte));
        self.take_key(key, now)
    }

    fn take_key(&self, key: u128, now: Instant) -> Result<(), u64> {
        let fresh = || Ok::<_, ()>(Arc::new(Mutex::new(Bucket { permits: self.most, filled: now })));
        let Ok(bucket) = self.clients.get_or_insert_with(&key, fresh) else { return Ok(()) };
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let per_second = self.per_second;
        let passed = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.permits = (bucket.permits + passed * per_second).min(self.most);
        bucket.filled = now;
        if bucket.permits >= 1.0 {
            bucket.permits -= 1.0;
            Ok(())
        } else {
            Err(((1.0 - bucket.permits) / per_second).ceil() as u64)
        }
    }
}

/// What counts as one client: an IPv4 address, or the /64 network that a household or a server gets in IPv6.
pub(crate) fn network(client: IpAddr) -> u128 {
    match client.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() & !u128::from(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_client_gets_its_permits_back_with_time_and_others_keep_theirs() {
        let limiter = Limiter::new(3);
        let start = Instant::now();
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..3 {
            assert_eq!(limiter.take(one, start), Ok(()));
        }
        assert_eq!(limiter.take(one, start), Err(20));
        assert_eq!(
            limiter.take("::ffff:192.0.2.1".parse().unwrap(), start),
            Err(20),
            "the same client by IPv6"
        );
        assert_eq!(limiter.take("192.0.2.2".parse().unwrap(), start), Ok(()));
        assert_eq!(limiter.take(one, start + Duration::from_secs(20)), Ok(()));
        assert_eq!(limiter.take(one, start + Duration::from_secs(20)), Err(20));
    }

    #[test]
    fn a_name_is_one_name_however_it_is_typed() {
        let limiter = Limiter::new(1);
        let now = Instant::now();
        assert_eq!(limiter.take_name("Ada@Example.org", now), Ok(()));
        assert_eq!(limiter.take_name(" ada@example.org ", now), Err(60));
        assert_eq!(limiter.take_name("eve@example.org", now), Ok(()));
    }

    #[test]
    fn a_slow_one_gives_a_few_at_once_and_then_one_every_so_often() {
        let limiter = Limiter::slow(2, Duration::from_mins(10));
        let start = Instant::now();
        assert_eq!(limiter.take_name("ada@example.org", start), Ok(()));
        assert_eq!(limiter.take_name("ada@example.org", start), Ok(()));
        assert_eq!(limiter.take_name("ada@example.org", start), Err(600));
        assert_eq!(limiter.take_name("ada@example.org", start + Duration::from_mins(10)), Ok(()));
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::ffff:2".parse().unwrap()));
        assert_ne!(network("2001:db8::1".parse().unwrap()), network("2001:db8:0:1::1".parse().unwrap()));
    }
}
