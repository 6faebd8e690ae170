//! Lets the caller end an enrichment, for example from a signal handler.

use tokio::sync::watch;

/// The side that requests the end.
#[derive(Debug)]
pub struct StopSwitch {
    requests: watch::Sender<u32>,
}

/// The side that the engine watches.
#[derive(Debug, Clone)]
pub struct StopSignal {
    requests: Option<watch::Receiver<u32>>,
}

impl StopSwitch {
    /// A switch and its signal.
    pub fn new() -> (Self, StopSignal) {
        let (requests, receiver) = watch::channel(0);
        (Self { requests }, StopSignal { requests: Some(receiver) })
    }

    /// Requests the end, from any thread. After the first request the calls in flight are awaited; after the second
    /// they are not.
    pub fn stop(&self) {
        self.requests.send_modify(|count| *count = count.saturating_add(1));
    }
}

impl StopSignal {
    /// A signal that is never sent.
    pub fn never() -> Self {
        Self { requests: None }
    }

    /// How often the end was requested.
    pub(crate) fn count(&self) -> u32 {
        self.requests.as_ref().map_or(0, |requests| *requests.borrow())
    }

    /// Waits until the end was requested `count` times.
    pub async fn requested(&mut self, count: u32) {
        if let Some(requests) = &mut self.requests
            && requests.wait_for(|seen| *seen >= count).await.is_ok()
        {
            return;
        }
        // Without a switch no request can come any more.
        self.requests = None;
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use futures_util::FutureExt;

    use super::*;

    fn is_now(future: impl Future<Output = ()>) -> bool {
        future.now_or_never().is_some()
    }

    #[test]
    fn each_request_is_counted() {
        let (switch, mut signal) = StopSwitch::new();
        assert!(!is_now(signal.requested(1)));
        switch.stop();
        assert_eq!((signal.count(), StopSignal::never().count()), (1, 0));
        assert!(is_now(signal.requested(1)) && !is_now(signal.requested(2)));
        switch.stop();
        drop(switch);
        assert!(is_now(signal.requested(2)) && !is_now(signal.requested(3)));
        assert!(!is_now(StopSignal::never().requested(1)));
    }
}
