//! Makes the system's allocator give memory back after large queries.
//!
//! glibc keeps what a thread has freed for that thread's next allocations. After millions of small JSON values
//! that was seen to be a gigabyte, which nothing else in the process could use. `malloc_trim` returns every page
//! that is free inside of an arena, but not the free end of a thread's arena. That end, and the size up to which
//! blocks are taken from arenas at all, grow with what the process has freed before, up to 64 and 32 MiB per
//! thread. So both are fixed at lower values, which are still above what a server allocates all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{task::spawn_blocking, time::sleep};

use super::home::Home;

/// Larger blocks are taken from the system and returned to it one by one; in bytes.
const MAX_ARENA_BLOCK: i32 = 4 << 20;
/// Free bytes at the end of an arena that are kept.
const MAX_ARENA_END: i32 = 4 << 20;
/// From the end of a large query until its memory is given back. Queries that end meanwhile share the effort.
const TRIM_DELAY: Duration = Duration::from_secs(1);

/// Gives memory back soon after it is asked to.
#[derive(Debug, Default)]
pub(super) struct Trimmer {
    home: Home,
    is_scheduled: AtomicBool,
}

impl Trimmer {
    pub(super) fn new(home: Home) -> Self {
        Self { home, is_scheduled: AtomicBool::new(false) }
    }

    pub(super) fn schedule(self: &Arc<Self>) {
        let Some(runtime) = self.home.get() else { return };
        if self.is_scheduled.swap(true, Ordering::Relaxed) {
            return;
        }
        let trimmer = Arc::clone(self);
        runtime.spawn(async move {
            sleep(TRIM_DELAY).await;
            trimmer.is_scheduled.store(false, Ordering::Relaxed);
            spawn_blocking(trim);
        });
    }
}

/// Fixes the thresholds of the allocator, for the whole process.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn configure() {
    glibc::mallopt(glibc::M_MMAP_THRESHOLD, MAX_ARENA_BLOCK);
    glibc::mallopt(glibc::M_TRIM_THRESHOLD, MAX_ARENA_END);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    glibc::malloc_trim(0);
}

/// Other allocators give memory back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn configure() {}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)] // declarations; any thread may call these functions at any time
mod glibc {
    pub(super) const M_TRIM_THRESHOLD: i32 = -1;
    pub(super) const M_MMAP_THRESHOLD: i32 = -3;

    unsafe extern "C" {
        pub(super) safe fn mallopt(setting: i32, value: i32) -> i32;
        pub(super) safe fn malloc_trim(pad: usize) -> i32;
    }
}
