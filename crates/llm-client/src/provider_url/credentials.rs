//! User name and password of a URL, taken out of it.

use url::Url;

use super::ProviderUrlError;

/// User name and password, decoded. There is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user_name: String,
    pub(crate) password: Option<String>,
}

impl Credentials {
    /// Removes them from `url`, if it has any.
    pub(super) fn take(url: &mut Url) -> Result<Option<Self>, ProviderUrlError> {
        if url.username().is_empty() && url.password().is_none() {
            return Ok(None);
        }
        let user_name = percent_decode(url.username())?;
        let password = url.password().map(percent_decode).transpose()?;
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| ProviderUrlError::MissingHost)?;
        Ok(Some(Self { user_name, password }))
    }

    /// The secret part: the password, or a lone user name, which is often a token.
    pub(crate) fn secret(&self) -> &str {
        self.password.as_deref().filter(|password| !password.is_empty()).unwrap_or(&self.user_name)
    }
}

fn percent_decode(text: &str) -> Result<String, ProviderUrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        let escaped = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).map_err(|_| ProviderUrlError::Credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_user_name_is_secret() {
        for (text, expected) in
            [("http://u:p%40ss@h", "p@ss"), ("http://token@h", "token"), ("http://token:@h", "token")]
        {
            let credentials = Credentials::take(&mut Url::parse(text).unwrap()).unwrap().unwrap();
            assert_eq!(credentials.secret(), expected);
        }
    }
}
