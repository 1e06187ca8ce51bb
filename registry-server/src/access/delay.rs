//! Logins that fail make the next ones wait, longer each time.
//!
//! What is counted is a pair of client address and user: who guesses a password from one address does not lock the
//! user out of any other.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::{LOGIN_DELAY_MAX, LOGIN_FAILURES_FREE, LOGIN_FAILURES_MAX};

/// The logins that failed of late.
#[derive(Debug, Default)]
pub(super) struct LoginDelay {
    failed: Mutex<HashMap<(IpAddr, String), Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    /// How long the next login has to wait after the last one: nothing at first, then 1 s, doubled each time.
    fn delay(self) -> Duration {
        match self.count.checked_sub(LOGIN_FAILURES_FREE) {
            None => Duration::ZERO,
            Some(more) => {
                Duration::from_secs(1u64.checked_shl(more).unwrap_or(u64::MAX)).min(LOGIN_DELAY_MAX)
            }
        }
    }
}

impl LoginDelay {
    /// How long this client has to wait before it may try to log in as this user.
    pub(super) fn wait(&self, client: IpAddr, user: &str, now: Instant) -> Option<Duration> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = failed.get(&key(client, user))?;
        (failures.last + failures.delay()).checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// A login failed.
    pub(super) fn failed(&self, client: IpAddr, user: &str, now: Instant) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(client, user);
        if failed.len() >= LOGIN_FAILURES_MAX && !failed.contains_key(&key) {
            failed.retain(|_, failures| now.saturating_duration_since(failures.last) < LOGIN_DELAY_MAX * 2);
            if failed.len() >= LOGIN_FAILURES_MAX
                && let Some(oldest) =
                    failed.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| key.clone())
            {
                failed.remove(&oldest);
            }
        }
        let failures = failed.entry(key).or_insert(Failures { count: 0, last: now });
        // Whoever was quiet for long enough begins anew.
        if now.saturating_duration_since(failures.last) > LOGIN_DELAY_MAX * 2 {
            failures.count = 0;
        }
        *failures = Failures { count: failures.count.saturating_add(1), last: now };
    }

    /// A login succeeded: what failed before is forgotten.
    pub(super) fn succeeded(&self, client: IpAddr, user: &str) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(client, user));
    }
}

/// Whoever has one IPv6 address usually has its network of 64 bits.
fn key(client: IpAddr, user: &str) -> (IpAddr, String) {
    let client = match client.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    };
    (client, user.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_delay_grows_and_ends() {
        let (delay, client, mut now) = (LoginDelay::default(), address("192.0.2.1"), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..11 {
            delay.failed(client, "alice", now);
            let wait = delay.wait(client, "alice", now);
            waits.push(wait.map_or(0, |wait| wait.as_secs()));
            now += wait.unwrap_or_default();
            assert_eq!(delay.wait(client, "alice", now), None);
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        now += LOGIN_DELAY_MAX * 3;
        delay.failed(client, "alice", now);
        assert_eq!(delay.wait(client, "alice", now), None);
    }

    #[test]
    fn others_and_elsewhere_do_not_wait() {
        let (delay, now) = (LoginDelay::default(), Instant::now());
        for _ in 0..20 {
            delay.failed(address("192.0.2.1"), "alice", now);
            delay.failed(address("2001:db8::1"), "alice", now);
        }
        assert!(delay.wait(address("192.0.2.1"), "alice", now).is_some());
        assert!(delay.wait(address("::ffff:192.0.2.1"), "alice", now).is_some());
        assert!(delay.wait(address("2001:db8::2"), "alice", now).is_some());
        for (client, user) in [("192.0.2.2", "alice"), ("192.0.2.1", "bob"), ("2001:db8:0:1::1", "alice")] {
            assert_eq!(delay.wait(address(client), user, now), None, "{client} {user}");
        }
        delay.succeeded(address("192.0.2.1"), "alice");
        assert_eq!(delay.wait(address("192.0.2.1"), "alice", now), None);
    }

    #[test]
    fn the_table_is_bounded() {
        let (delay, now) = (LoginDelay::default(), Instant::now());
        for number in 0..=LOGIN_FAILURES_MAX {
            let later = now + Duration::from_micros(u64::try_from(number).unwrap());
            delay.failed(address("192.0.2.1"), &number.to_string(), later);
        }
        let failed = delay.failed.lock().unwrap();
        assert_eq!(failed.len(), LOGIN_FAILURES_MAX);
        assert!(!failed.contains_key(&(address("192.0.2.1"), "0".to_owned())));
        assert!(failed.contains_key(&(address("192.0.2.1"), LOGIN_FAILURES_MAX.to_string())));
    }
}
