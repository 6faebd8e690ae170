//! The pool of connections to one provider, and the credentials of each request.

use std::sync::Arc;

use reqwest::{
    Client, RequestBuilder,
    header::{AUTHORIZATION, HeaderValue},
    redirect::Policy,
};
use serde::Serialize;

use super::{Blackout, Limits, Reply, exchange::Exchange};
use crate::{AskError, BoxError, HttpUrl, ModelSettings, ProviderError, Secret};

/// A provider's address with a pool of kept connections.
///
/// Redirects are not followed, so the credentials reach no other origin.
pub(crate) struct Connection {
    http: Client,
    url: HttpUrl,
    authorization: Option<HeaderValue>,
    blackout: Blackout,
}

impl Connection {
    /// Creates a pool for `url`; no connection is made yet.
    pub(crate) fn new(url: HttpUrl, token: Option<&Secret>, settings: &ModelSettings) -> Result<Self, ProviderError> {
        if token.is_some() && url.credentials().is_some() {
            return Err(ProviderError::TwoCredentials);
        }
        let setup = |cause: BoxError| ProviderError::Setup { url: url.redacted().to_owned(), cause };
        let without_url = |error: reqwest::Error| setup(Box::new(error.without_url()));
        let http = build_http(&url, settings).map_err(setup)?;
        let authorization = match token {
            Some(token) => token.bearer(),
            None => basic_authorization(&http, &url).map_err(without_url)?,
        };
        let sent = authorization.as_ref().and_then(|value| value.to_str().ok());
        let blackout = Blackout::new(&url, token, sent);
        Ok(Self { http, url, authorization, blackout })
    }

    /// The address, without credentials.
    pub(crate) fn shown_url(&self) -> &str {
        self.url.redacted()
    }

    /// Gets `path` below the address.
    pub(crate) async fn get(&self, path: &str, limits: Limits) -> Result<Reply<'_>, AskError> {
        self.send(self.http.get(self.url.endpoint(path)), limits).await
    }

    /// Gets `path` beside the version segment at the end of the address.
    pub(crate) async fn get_from_root(&self, path: &str, limits: Limits) -> Result<Reply<'_>, AskError> {
        self.send(self.http.get(self.url.beside_version(path)), limits).await
    }

    /// Posts `body` as JSON to `path` below the address.
    pub(crate) async fn post(&self, path: &str, body: &impl Serialize, limits: Limits) -> Result<Reply<'_>, AskError> {
        self.send(self.http.post(self.url.endpoint(path)).json(body), limits).await
    }

    async fn send(&self, request: RequestBuilder, limits: Limits) -> Result<Reply<'_>, AskError> {
        let request = match &self.authorization {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        };
        Exchange { shown_url: self.url.redacted(), blackout: &self.blackout, limits }.send(request).await
    }
}

/// The header for the URL's user name and password, as the HTTP library writes it.
fn basic_authorization(http: &Client, url: &HttpUrl) -> reqwest::Result<Option<HeaderValue>> {
    let Some(both) = url.credentials() else { return Ok(None) };
    let request = http.get(url.endpoint("")).basic_auth(&both.user_name, both.password.as_deref()).build()?;
    Ok(request.headers().get(AUTHORIZATION).cloned())
}

fn build_http(url: &HttpUrl, settings: &ModelSettings) -> Result<Client, BoxError> {
    let provider = rustls::crypto::ring::default_provider();
    let mut builder = Client::builder()
        .user_agent(concat!("cds/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(settings.connect_timeout);
    if url.is_loopback() {
        builder = builder.no_proxy();
        if !url.is_encrypted() {
            // A machine without certificates can still ask its own server, and reading them takes time.
            builder = builder.tls_certs_only([]);
        }
    }
    if url.is_encrypted() && !settings.certificates.is_empty() {
        builder = builder.tls_backend_preconfigured(settings.certificates.client_config(Arc::new(provider.clone()))?);
    }
    // reqwest uses the process default; another provider installed earlier is equally good.
    let _ = provider.install_default();
    builder.build().map_err(|error| error.without_url().into())
}
