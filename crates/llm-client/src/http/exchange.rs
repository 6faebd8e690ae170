//! One HTTP exchange: bounded in time and size, without redirects, and with our own error classes.

use std::{error::Error, io, time::Duration};

use reqwest::{
    RequestBuilder, Response, Url,
    header::{CONTENT_ENCODING, HeaderName, LOCATION, SERVER},
};

use super::{Blackout, MAX_DETAIL_CHARS, Reply, retry_after::retry_after};
use crate::{AskError, BoxError};

/// The limits of an exchange: time and response size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    pub(crate) body_bytes: usize,
}

/// The context of an exchange, for its errors.
pub(super) struct Exchange<'a> {
    /// The provider's URL, without credentials.
    pub(super) shown_url: &'a str,
    pub(super) blackout: &'a Blackout,
    pub(super) limits: Limits,
}

impl<'a> Exchange<'a> {
    /// Sends the request and reads the body of a direct reply with any status.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Reply<'a>, AskError> {
        let request = request.timeout(self.limits.time);
        let response = request.send().await.map_err(|error| self.classify(error, true))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(AskError::Redirect { status: status.as_u16(), target: self.redirect_target(&response) });
        }
        let retry_after = retry_after(response.headers());
        let server = header(&response, &SERVER).to_owned();
        let is_encoded = !matches!(header(&response, &CONTENT_ENCODING), "" | "identity");
        let body = match self.read_body(response).await {
            // The status explains the failure better than the broken body.
            Err(_) if !status.is_success() => Vec::new(),
            body => body?,
        };
        Ok(Reply { status, retry_after, server, is_encoded, body, blackout: self.blackout })
    }

    async fn read_body(&self, mut response: Response) -> Result<Vec<u8>, AskError> {
        let limit = self.limits.body_bytes;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.classify(error, false))? {
            if body.len() + chunk.len() > limit {
                return Err(AskError::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The target of a redirect without credentials, query and fragment; empty if there is none.
    fn redirect_target(&self, response: &Response) -> String {
        let Some(location) = response.headers().get(LOCATION) else { return String::new() };
        match response.url().join(location.to_str().unwrap_or("//")) {
            Ok(target) => self.blackout.line(without_secrets(target).as_str(), MAX_DETAIL_CHARS),
            Err(_) => "an unreadable address".to_owned(),
        }
    }

    fn classify(&self, error: reqwest::Error, is_before_head: bool) -> AskError {
        let (is_connect, is_timeout) = (error.is_connect(), error.is_timeout());
        let is_unanswered = is_before_head && is_hang_up(&error);
        // The URL may hold a gateway's key in its query.
        let cause: BoxError = Box::new(error.without_url());
        match (is_connect, is_timeout) {
            (true, _) => AskError::Connect { url: self.shown_url.to_owned(), cause },
            (false, true) => AskError::TimedOut { limit: self.limits.time },
            (false, false) => AskError::Broken { is_unanswered, cause },
        }
    }
}

/// Whether the other side closed the connection, rather than sent something other than HTTP.
fn is_hang_up(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        let is_incomplete = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message);
        let is_end = cause.downcast_ref::<io::Error>().is_some_and(|error| {
            use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        });
        if is_incomplete || is_end {
            return true;
        }
        source = cause.source();
    }
    false
}

fn header<'a>(response: &'a Response, name: &HeaderName) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap_or("unreadable"))
}

fn without_secrets(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    // Both fail for an address without a host, which has no credentials either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}
