//! Upload sessions that clients have left open. There are only so many in the registry, and one client must not take
//! them all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Client;
use crate::limits::UPLOAD_SESSIONS_MAX;
use crate::store::UploadKey;

/// Who began which upload. What has ended meanwhile is found out when it matters.
pub(crate) struct Sessions {
    maximum: usize,
    begun: Mutex<Begun>,
}

#[derive(Default)]
struct Begun {
    by_client: HashMap<Client, Vec<UploadKey>>,
    count: usize,
}

impl Sessions {
    /// Each client may have `maximum` of them.
    pub(crate) fn new(maximum: usize) -> Self {
        Self { maximum, begun: Mutex::default() }
    }

    /// How many a client may have.
    pub(crate) fn maximum(&self) -> usize {
        self.maximum
    }

    /// Whether a client may begin another upload. `is_open` says whether one is still open.
    pub(crate) fn admits(&self, client: Client, is_open: impl Fn(&UploadKey) -> bool) -> bool {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(uploads) = begun.by_client.get_mut(&client) else { return true };
        if uploads.len() < self.maximum {
            return true;
        }
        let before = uploads.len();
        uploads.retain(&is_open);
        let (after, empty) = (uploads.len(), uploads.is_empty());
        if empty {
            begun.by_client.remove(&client);
        }
        begun.count -= before - after;
        after < self.maximum
    }

    /// Remembers that a client has begun an upload.
    pub(crate) fn begun(&self, client: Client, upload: UploadKey, is_open: impl Fn(&UploadKey) -> bool) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.by_client.entry(client).or_default().push(upload);
        begun.count += 1;
        if begun.count > 2 * UPLOAD_SESSIONS_MAX {
            begun.by_client.retain(|_, uploads| {
                uploads.retain(&is_open);
                !uploads.is_empty()
            });
            begun.count = begun.by_client.values().map(Vec::len).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(number: usize) -> UploadKey {
        UploadKey { id: format!("{number:032x}"), repository: "a".parse().unwrap() }
    }

    #[test]
    fn up_to_the_maximum_and_again_after_one_has_ended() {
        let (sessions, client) = (Sessions::new(2), Client::of("::1".parse().unwrap()));
        let other = Client::of("192.0.2.1".parse().unwrap());
        for number in 0..2 {
            assert!(sessions.admits(client, |_| true));
            sessions.begun(client, upload(number), |_| true);
        }
        assert!(!sessions.admits(client, |_| true));
        assert!(sessions.admits(other, |_| true));
        assert!(sessions.admits(client, |key| key.id != upload(0).id));
        sessions.begun(client, upload(3), |_| true);
        assert!(!sessions.admits(client, |_| true));
        assert!(sessions.admits(client, |_| false));
        assert!(sessions.begun.lock().unwrap().by_client.is_empty());
    }

    #[test]
    fn what_has_ended_is_forgotten_before_there_is_too_much_of_it() {
        let sessions = Sessions::new(10);
        for number in 0..3 * UPLOAD_SESSIONS_MAX {
            let client = Client::of(std::net::Ipv4Addr::from_bits((number / 8) as u32).into());
            sessions.begun(client, upload(number), |_| false);
            assert!(sessions.begun.lock().unwrap().count <= 2 * UPLOAD_SESSIONS_MAX);
        }
    }
}
