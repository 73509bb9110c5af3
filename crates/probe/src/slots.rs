//! How many probes run at once: so many for each project, so many in all. Whoever finds none free
//! waits a while, and is then told when to come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Too many probes are running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many tests are running; try again in {} s", .retry_after.as_secs())]
pub struct Busy {
    /// When to come back.
    pub retry_after: Duration,
}

/// The right to run one probe; given back when dropped.
#[derive(Debug)]
pub struct Slot {
    _of_all: OwnedSemaphorePermit,
    _of_project: OwnedSemaphorePermit,
}

/// How many probes may run.
#[derive(Debug)]
pub struct Slots {
    of_each: usize,
    patience: Duration,
    all: Arc<Semaphore>,
    projects: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Slots {
    /// So many for each project, so many in all; a probe waits so long for one of them.
    ///
    /// In all should be a multiple of what each has, so that one project never takes them all.
    pub fn new(of_each: usize, in_all: usize, patience: Duration) -> Self {
        Self {
            of_each,
            patience,
            all: Arc::new(Semaphore::new(in_all)),
            projects: Mutex::default(),
        }
    }

    /// Waits for a slot of a project.
    ///
    /// A project's own slot comes first: those who wait for one do not stand in the way of others.
    ///
    /// # Errors
    /// When none became free in time.
    pub async fn take(&self, project: &str) -> Result<Slot, Busy> {
        let busy = Busy {
            retry_after: self.patience,
        };
        let own = self.of(project);
        let wait = async {
            let of_project = own.acquire_owned().await.ok()?;
            let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
            Some(Slot {
                _of_all: of_all,
                _of_project: of_project,
            })
        };
        timeout(self.patience, wait)
            .await
            .ok()
            .flatten()
            .ok_or(busy)
    }

    fn of(&self, project: &str) -> Arc<Semaphore> {
        let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
        // A project that nobody waits for or runs in is forgotten: every permit and waiter holds one.
        projects.retain(|name, slots| name == project || Arc::strong_count(slots) > 1);
        let own = projects
            .entry(project.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(self.of_each)));
        Arc::clone(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_project_that_has_all_of_its_slots_is_told_when_to_come_back() {
        let slots = Slots::new(1, 10, SHORT);
        let held = slots.take("a").await.expect("a slot");
        let busy = slots.take("a").await.expect_err("none is left");
        assert_eq!(busy.retry_after, SHORT);
        drop(held);
        slots.take("a").await.expect("it was given back");
    }

    #[tokio::test]
    async fn a_project_that_asks_for_everything_leaves_others_theirs() {
        let slots = Arc::new(Slots::new(2, 4, Duration::from_secs(30)));
        let greedy: Vec<_> = (0..200)
            .map(|_| {
                let slots = Arc::clone(&slots);
                tokio::spawn(async move { slots.take("a").await })
            })
            .collect();
        tokio::task::yield_now().await;
        let other = timeout(Duration::from_secs(5), slots.take("b")).await;
        other.expect("at once").expect("a slot");
        greedy.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn projects_that_are_done_are_forgotten() {
        let slots = Slots::new(1, 10, SHORT);
        for project in 0..100 {
            drop(slots.take(&project.to_string()).await.expect("a slot"));
        }
        assert_eq!(slots.projects.lock().expect("no panic").len(), 1);
    }
}
