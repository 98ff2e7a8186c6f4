//! Runs a list: sends each row as a separate query and collects the results.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{
    answers::RowFailure,
    error::Error,
    input::options::SourceOptions,
    list_result::{ListEnd, ListResult, Row},
    network::{
        client::{Hold, no_memory},
        http::Transport,
    },
    operations::list::List,
    policy::model_cache::ModelCache,
    query_runner::{QueryRunner, RequestLog},
    request_sender::{Deadline, Patience, RequestSender},
    row_engine::Engine,
    service::catch_panics,
};

/// A list, with everything needed to run it.
pub struct ListRunner<'a, T> {
    /// Sends the requests.
    pub transport: &'a T,
    /// Cached facts about models.
    pub cache: &'a ModelCache,
    /// The data source.
    pub source: &'a SourceOptions,
    /// When the query must end.
    pub clock: Deadline,
    /// The list.
    pub list: &'a List,
    /// Whether the result repeats the metadata in the data.
    pub has_details: bool,
}

impl<T: Transport> ListRunner<'_, T> {
    /// Runs the rows until all have ended or the time is almost up. The memory of their results is added to `hold`;
    /// `describe` describes a failed row.
    pub async fn run(
        self,
        hold: &mut Hold,
        describe: &(dyn Fn(&Error, &RequestLog) -> RowFailure + Send + Sync),
    ) -> ListEnd {
        let (transport, clock, list) = (self.transport, self.clock, self.list);
        let deadline = clock.with_time_to_return();
        let empty = hold.beside();
        let mut result = ListResult::new(list, hold, self.has_details, describe);
        let under_way = UnderWay::default();
        let engine =
            Engine { transport, parallel: list.parallel, known: self.accepted_at_once(), until: deadline.at() };
        let places = 0..list.asked().len();
        let (runner, under_way, empty) = (&self, &under_way, &empty);
        let row = |place| async move {
            let _counted = under_way.begin();
            runner.row(place, deadline, empty.beside()).await
        };
        let rows = engine.run(places, row, &mut result);
        // Requests end by themselves; this also covers what rows wait for before and after.
        let _ = deadline.enforce(transport, Box::pin(rows)).await;
        let most = under_way.most.load(Ordering::Relaxed);
        result.end(&Error::Timeout { after: clock.timeout }, most)
    }

    /// How many concurrent rows the server is known to accept. All ask the same model.
    fn accepted_at_once(&self) -> usize {
        let first = self.list.asked().first().and_then(|(row, _)| self.list.route(*row).ok());
        let pace = first.and_then(|route| self.cache.paces.of(self.source, route.plan.request.text("model")?));
        pace.map_or(0, |pace| pace.accepted_at_once(self.transport.now()))
    }

    async fn row(&self, place: usize, deadline: Deadline, mut hold: Hold) -> Row {
        let Some((row, _)) = self.list.asked().get(place) else { return Row::unsent(Error::Internal("no row".into())) };
        let reserved = hold.add(self.list.request_bytes(*row));
        if deadline.enforce(self.transport, reserved).await.is_none() {
            return Row::unsent(no_memory().into());
        }
        let route = match self.list.route(*row) {
            Ok(route) => route,
            Err(error) => return Row::unsent(error),
        };
        let sender = RequestSender::new(self.transport, self.source, deadline, &mut hold);
        let sender = sender.paced(&self.cache.paces, Patience::OfRow);
        let mut runner = QueryRunner::new(sender, self.cache, self.source);
        let result = catch_panics(Box::pin(runner.run(route, self.has_details))).await;
        // The timeout belongs to the query, not to the row.
        let result = result.map_err(|error| match error {
            Error::Timeout { .. } => Error::Timeout { after: self.clock.timeout },
            other => other,
        });
        Row { result, log: runner.into_log() }
    }
}

/// Counts concurrent rows.
#[derive(Default)]
struct UnderWay {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl UnderWay {
    /// Counts one more until the returned guard is dropped.
    fn begin(&self) -> impl Drop + '_ {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        Counted(self)
    }
}

struct Counted<'a>(&'a UnderWay);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}
