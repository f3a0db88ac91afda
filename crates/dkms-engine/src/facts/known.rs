//! What several threads look for is found once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Values by key, each found by whoever asks first while the others wait for it.
#[derive(Debug)]
pub(super) struct Known<K, V>(Mutex<BTreeMap<K, Arc<Mutex<Option<V>>>>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord + Clone, V: Clone> Known<K, V> {
    /// The value, found by `find` unless it is known.
    ///
    /// # Errors
    /// Those of `find`; it is tried again by whoever asks next.
    pub(super) fn get<E>(&self, key: &K, find: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let place = {
            // A thread that panicked left nothing half-done: a value is there or is not.
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match places.get(key) {
                Some(place) => Arc::clone(place),
                None => Arc::clone(places.entry(key.clone()).or_default()),
            }
        };
        let mut value = place.lock().unwrap_or_else(PoisonError::into_inner);
        match &*value {
            Some(value) => Ok(value.clone()),
            None => Ok(value.insert(find()?).clone()),
        }
    }

    /// Whether somebody has found, or is finding, it.
    pub(super) fn has(&self, key: &K) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn every_value_is_found_once_and_failures_are_not_kept() {
        let (known, finds) = (Known::<u8, u8>::default(), AtomicU32::new(0));
        assert!(known.get(&1, || Err(())).is_err());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let found = known.get(&1, || {
                        finds.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, ()>(7)
                    });
                    assert_eq!(found.unwrap(), 7);
                });
            }
        });
        assert_eq!(finds.load(Ordering::Relaxed), 1);
        assert!(known.has(&1) && !known.has(&2));
    }
}
