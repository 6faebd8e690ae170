//! One HTTP exchange: a bounded body, no redirect followed, and failures in our own classes.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode, Url, header::LOCATION};

use crate::{AskError, BoxError, plain_text::one_line};

/// More than any answer of a few hundred tokens, with all the numbers that come along.
pub(super) const MAX_BODY_BYTES: usize = 1 << 20;

/// What a failure of the connection is told with.
pub(super) struct Exchange<'a> {
    /// The provider, without credentials.
    pub(super) shown_url: &'a str,
    /// The time-out of the whole exchange.
    pub(super) limit: Duration,
}

impl Exchange<'_> {
    /// Sends the request and reads the body of a direct answer, whatever its status.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), AskError> {
        let response = request.send().await.map_err(|error| self.classify(error))?;
        let status = response.status();
        if let Some(target) = redirect_target(&response) {
            return Err(AskError::Redirect { status: status.as_u16(), target });
        }
        match self.read_body(response).await {
            Ok(body) => Ok((status, body)),
            // The status says more about what went wrong than the body that broke.
            Err(_) if !status.is_success() => Ok((status, Vec::new())),
            Err(error) => Err(error),
        }
    }

    async fn read_body(&self, mut response: Response) -> Result<Vec<u8>, AskError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.classify(error))? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(AskError::TooLarge { limit: MAX_BODY_BYTES });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn classify(&self, error: reqwest::Error) -> AskError {
        let (is_connect, is_timeout) = (error.is_connect(), error.is_timeout());
        // The URL may hold a gateway's key in its query.
        let cause: BoxError = Box::new(error.without_url());
        match (is_connect, is_timeout) {
            (true, _) => AskError::Connect { url: self.shown_url.to_owned(), cause },
            (false, true) => AskError::TimedOut { limit: self.limit },
            (false, false) => AskError::Broken { cause },
        }
    }
}

/// Where a redirect leads to, without credentials, query and fragment.
fn redirect_target(response: &Response) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().unwrap_or_default();
    Some(match response.url().join(location) {
        Ok(target) => one_line(shown(target).as_str(), 160),
        Err(_) => "an unreadable address".to_owned(),
    })
}

fn shown(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    // Both fail for an address without a host, which has no credentials either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}
