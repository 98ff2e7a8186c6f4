//! Makes the system's allocator release memory after large queries.
//!
//! glibc keeps memory that a thread has freed for the same thread. After millions of small JSON values, up to a
//! gigabyte remained that nothing else in the process could use. `malloc_trim` releases every free page inside an
//! arena, but not the free end of a thread's arena. That end, and the maximum size of blocks from arenas, grow with
//! earlier use up to 64 and 32 MiB per thread. So both are fixed at lower values, still above what a server allocates
//! all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{task::spawn_blocking, time::sleep};

use super::home::Home;

/// Larger blocks come directly from the system and are returned to it individually; in bytes.
const MAX_ARENA_BLOCK: i32 = 4 << 20;
/// Free bytes that are kept at the end of an arena.
const MAX_ARENA_END: i32 = 4 << 20;
/// Delay between the end of a large query and the release of its memory. Queries that end in the meantime share the
/// effort.
const TRIM_DELAY: Duration = Duration::from_secs(1);

/// Releases memory shortly after a request.
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

/// Fixes the allocator's thresholds for the whole process.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn configure() {
    glibc::mallopt(glibc::M_MMAP_THRESHOLD, MAX_ARENA_BLOCK);
    glibc::mallopt(glibc::M_TRIM_THRESHOLD, MAX_ARENA_END);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    glibc::malloc_trim(0);
}

/// Other allocators release memory by themselves.
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
