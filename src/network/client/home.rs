//! The runtime that queries begin on. Unlike that of a server's thread, it lasts as long as the process.

use std::sync::{Arc, OnceLock};

use tokio::{
    runtime::Handle,
    task::{self, JoinHandle},
};

/// The runtime of the first query.
#[derive(Clone, Debug, Default)]
pub(super) struct Home(Arc<OnceLock<Handle>>);

impl Home {
    /// Keeps the runtime, if this is called in one. Queries end on the JS thread, which is in none.
    pub(super) fn note(&self) {
        if self.0.get().is_none()
            && let Ok(handle) = Handle::try_current()
        {
            let _ = self.0.set(handle);
        }
    }

    /// `None` before the first query.
    pub(super) fn get(&self) -> Option<&Handle> {
        self.0.get()
    }

    /// Whether this is called in another runtime: that of a server's thread.
    pub(super) fn is_elsewhere(&self) -> bool {
        let here = Handle::try_current().map(|here| here.id());
        self.get().is_some_and(|home| here.is_ok_and(|here| here != home.id()))
    }

    /// Does work that blocks on a thread of this runtime, as a server's own has to end soon after its queries.
    pub(super) fn spawn_blocking<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        match self.get() {
            Some(handle) => handle.spawn_blocking(work),
            None => task::spawn_blocking(work),
        }
    }
}
