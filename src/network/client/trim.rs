//! Gives memory back to the system after large queries.
//!
//! glibc keeps what a thread has freed for that thread's next allocations. After millions of small JSON values
//! that was seen to be a gigabyte, which nothing else in the process could use. `malloc_trim` returns the pages
//! that are wholly free. It changes no setting of the allocator, which is `Node`'s too.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{task::spawn_blocking, time::sleep};

/// From the end of a long job until its memory is given back: time for its result to be passed on and freed.
/// Jobs that end meanwhile share the effort.
const TRIM_DELAY: Duration = Duration::from_secs(1);

/// Schedules the trimming, at most once at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Trimmer {
    is_scheduled: Arc<AtomicBool>,
}

impl Trimmer {
    pub(super) fn schedule(&self) {
        if self.is_scheduled.swap(true, Ordering::Relaxed) {
            return;
        }
        let is_scheduled = Arc::clone(&self.is_scheduled);
        tokio::spawn(async move {
            sleep(TRIM_DELAY).await;
            is_scheduled.store(false, Ordering::Relaxed);
            spawn_blocking(trim);
        });
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)] // a declaration; the function itself is safe to call from any thread
fn trim() {
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> i32;
    }
    malloc_trim(0);
}

/// Other allocators give memory back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
