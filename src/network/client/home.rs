//! The runtime on which queries start. Unlike that of a server's thread, it lasts as long as the process.

use std::sync::{Arc, OnceLock};

use tokio::{
    runtime::Handle,
    task::{self, JoinHandle},
};

/// The runtime of the first query.
#[derive(Clone, Debug, Default)]
pub(super) struct Home(Arc<OnceLock<Handle>>);

impl Home {
    /// Remembers the current runtime, if any. Queries end on the JS thread, which has none.
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

    /// Whether the current runtime is another one: that of a server's thread.
    pub(super) fn is_elsewhere(&self) -> bool {
        let here = Handle::try_current().map(|here| here.id());
        self.get().is_some_and(|home| here.is_ok_and(|here| here != home.id()))
    }

    /// Runs blocking work on this runtime, because a server's own runtime must end soon after its queries.
    pub(super) fn spawn_blocking<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        match self.get() {
            Some(handle) => handle.spawn_blocking(work),
            None => task::spawn_blocking(work),
        }
    }
}
