//! Reads how long a provider asks clients to wait.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The pause of `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
///
/// A date is compared with the response's own `Date`, so the two clocks need not agree; without that header it is
/// ignored.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    if let Ok(seconds) = value.parse::<f64>() {
        // Some gateways send fractions.
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(text(headers, &DATE)?).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let date = Some("Sun, 06 Nov 1994 08:49:30 GMT");
        for (value, date, expected) in [
            ("120", None, Some(120_000)),
            (" 0 ", None, Some(0)),
            ("1.5", None, Some(1500)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None, None),
            ("Sun, 06 Nov 1994 08:49:37 GMT", date, Some(7_000)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", date, Some(7_000)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", date, Some(0)),
            ("-1", None, None),
            ("1e400", None, None),
            ("nan", None, None),
            ("soon", None, None),
            ("", None, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            assert_eq!(retry_after(&headers), expected.map(Duration::from_millis), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
