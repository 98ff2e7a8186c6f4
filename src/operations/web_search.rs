//! Web search: turns its fields into a tool or options of the API.

use serde_json::{Map, Value, json};

use crate::{
    error::{Error, error_text},
    input::{
        fields::{Fields, excerpt},
        lenient_json::is_json_text,
    },
    policy::capabilities::is_search_model,
};

const DOMAINS: &str = "search_domains";
/// The API's limit for domains.
const MAX_DOMAINS: usize = 100;
/// Maximum length of a domain name, in bytes.
const MAX_DOMAIN_BYTES: usize = 253;

/// How a request lets the model search.
#[derive(Clone, Debug, PartialEq)]
pub enum WebSearch {
    /// A tool in `tools`, which only the Responses API supports.
    Tool(Value),
    /// The member `web_search_options`, for models that always search and are served only by Chat.
    Options(Value),
}

/// Reads `web_search` and, if it is on, `search_context_size`, `search_domains` and `search_country`.
///
/// # Errors
/// [`Error::InvalidOption`] for an invalid domain or country, or for domains if the model cannot be limited to them.
pub fn from_fields(fields: &Fields<'_>, model: &str) -> Result<Option<WebSearch>, Error> {
    if fields.choice("web_search", &[("off", false), ("on", true)])? != Some(true) {
        return Ok(None);
    }
    let mut members = Map::new();
    if let Some(size) = fields.dropdown("search_context_size")? {
        members.insert("search_context_size".to_owned(), size.into());
    }
    let domains = domains(fields)?;
    let country = country(fields)?;
    if is_search_model(model) {
        if !domains.is_empty() {
            let reason = "cannot be used with a model that always searches. Clear it, or choose another model";
            return Err(Error::invalid(DOMAINS, reason));
        }
        if let Some(country) = country {
            let location = json!({"type": "approximate", "approximate": {"country": country}});
            members.insert("user_location".to_owned(), location);
        }
        return Ok(Some(WebSearch::Options(members.into())));
    }
    members.insert("type".to_owned(), "web_search".into());
    if !domains.is_empty() {
        members.insert("filters".to_owned(), json!({"allowed_domains": domains}));
    }
    if let Some(country) = country {
        members.insert("user_location".to_owned(), json!({"type": "approximate", "country": country}));
    }
    Ok(Some(WebSearch::Tool(members.into())))
}

/// The domains as the API expects them, each once: a list, its JSON text, or text with separators.
fn domains(fields: &Fields<'_>) -> Result<Vec<String>, Error> {
    let given = match fields.value(DOMAINS) {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) if !is_json_text(text) => {
            let is_separator = |c: char| c.is_whitespace() || [',', ';'].contains(&c);
            text.split(is_separator).filter(|text| !text.is_empty()).map(Value::from).collect()
        }
        Some(_) => match fields.json(DOMAINS)? {
            Some(Value::Array(items)) => items,
            _ => {
                return Err(Error::invalid(DOMAINS, "must be a list of domains such as example.com, got an object"));
            }
        },
    };
    if given.len() > MAX_DOMAINS {
        return Err(Error::invalid(DOMAINS, error_text!["takes at most ", MAX_DOMAINS, " domains, got ", given.len()]));
    }
    let mut domains = Vec::new();
    for (index, item) in given.iter().enumerate() {
        let name = item.as_str().and_then(domain).ok_or_else(|| {
            let reason = error_text!["must be a domain such as example.com, got ", excerpt(item)];
            Error::invalid(error_text![DOMAINS, "[", index, "]"], reason)
        })?;
        if !domains.contains(&name) {
            domains.push(name);
        }
    }
    Ok(domains)
}

/// The domain of a host name or URL. The API accepts only this, and includes subdomains. `www.` stays: removing it
/// would allow more than was typed.
fn domain(text: &str) -> Option<String> {
    let text = text.trim();
    let host = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.split_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(host, _)| host);
    let host = host.strip_prefix("*.").unwrap_or(host);
    let host = host.strip_suffix('.').unwrap_or(host).to_lowercase();
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let is_domain = host.len() <= MAX_DOMAIN_BYTES && host.contains('.') && host.split('.').all(is_label);
    is_domain.then_some(host)
}

/// The country in upper case, as in ISO 3166 and the API's documentation.
fn country(fields: &Fields<'_>) -> Result<Option<String>, Error> {
    const KEY: &str = "search_country";
    let Some(country) = fields.trimmed(KEY)? else { return Ok(None) };
    if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        let expected = "must be the two-letter code of a country, such as DE, got ";
        return Err(Error::invalid(KEY, error_text![expected, excerpt(&country.into())]));
    }
    Ok(Some(country.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_for(model: &str, options: Value) -> Result<Option<WebSearch>, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        from_fields(&fields, model).map_err(|error| error.to_string())
    }

    fn read(options: Value) -> Result<Option<WebSearch>, String> {
        read_for("gpt-5.4-mini", options)
    }

    /// The domains that are sent for this input.
    fn allowed(domains: Value) -> Result<Value, String> {
        match read(json!({"web_search": "on", "search_domains": domains}))? {
            Some(WebSearch::Tool(tool)) => Ok(tool["filters"]["allowed_domains"].clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn searches_only_when_web_search_is_on() {
        let on = json!({"web_search": " On "});
        assert_eq!(read(on), Ok(Some(WebSearch::Tool(json!({"type": "web_search"})))));
        for off in [json!("off"), json!("unset"), json!(""), json!(null)] {
            let junk = json!({"web_search": off, "search_domains": "?", "search_country": "?"});
            assert_eq!(read(junk), Ok(None));
        }
        assert_eq!(
            read(json!({"web_search": "yes"})),
            Err("Web search must be one of off, on, got \"yes\"".to_owned())
        );
    }

    #[test]
    fn sends_size_domains_and_country_when_they_are_set() {
        let options = json!({
            "web_search": "on", "search_context_size": "low", "search_domains": "example.com", "search_country": " de "
        });
        let tool = json!({
            "search_context_size": "low", "type": "web_search", "filters": {"allowed_domains": ["example.com"]},
            "user_location": {"type": "approximate", "country": "DE"}
        });
        assert_eq!(read(options), Ok(Some(WebSearch::Tool(tool))));
    }

    #[test]
    fn reads_domains_from_a_list_json_text_or_separated_text() {
        let both = json!(["example.com", "docs.example.org"]);
        for typed in [
            both.clone(),
            json!(both.to_string()),
            json!("example.com, docs.example.org"),
            json!("example.com docs.example.org\n"),
            json!("\nexample.com;\r\n\tdocs.example.org,example.com"),
        ] {
            assert_eq!(allowed(typed), Ok(both.clone()));
        }
        assert_eq!(allowed(json!([])), Ok(json!(null)));
    }

    #[test]
    fn sends_the_bare_domain_when_a_url_is_typed() {
        for (typed, sent) in [
            ("https://Example.com/a/b?c=d#e", "example.com"),
            ("HTTP://example.com:8080", "example.com"),
            ("example.com/", "example.com"),
            ("*.example.com.", "example.com"),
            ("www.gov.uk", "www.gov.uk"),
            ("bücher.example", "bücher.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(allowed(json!([typed])), Ok(json!([sent])), "{typed}");
        }
    }

    #[test]
    fn names_an_invalid_domain() {
        for wrong in [
            json!("localhost"),
            json!("a..b"),
            json!("me@example.com"),
            json!("https://"),
            json!("a b.com"),
            json!(""),
            json!("example.com:x"),
            json!(5),
            json!(null),
            json!({}),
            json!(format!("{}.com", "a".repeat(250))),
        ] {
            let error = allowed(json!(["example.com", wrong])).unwrap_err();
            assert!(error.starts_with("Allowed domains[1] must be a domain such as example.com, got "), "{error}");
        }
        assert_eq!(
            allowed(json!({"a": 1})),
            Err("Allowed domains must be a list of domains such as example.com, got an object".to_owned())
        );
        assert!(allowed(json!("[oops")).unwrap_err().starts_with("Allowed domains is not valid JSON"));
        assert!(allowed(json!(true)).unwrap_err().starts_with("Allowed domains must be "));
        let many = |count: usize| allowed((0..count).map(|n| format!("{n}.com")).collect());
        assert_eq!(many(100).unwrap().as_array().unwrap().len(), 100);
        assert_eq!(many(101), Err("Allowed domains takes at most 100 domains, got 101".to_owned()));
    }

    #[test]
    fn rejects_a_country_that_is_not_a_two_letter_code() {
        for wrong in ["Germany", "D", "49", "é"] {
            let error = read(json!({"web_search": "on", "search_country": wrong})).unwrap_err();
            let expected = "Search country must be the two-letter code of a country, such as DE, got ";
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn sends_options_instead_of_the_tool_when_the_model_always_searches() {
        let ask = |options: Value| read_for("gpt-5-search-api", options);
        assert_eq!(ask(json!({"web_search": "on"})), Ok(Some(WebSearch::Options(json!({})))));
        let options = json!({"web_search": "on", "search_context_size": "high", "search_country": "fr"});
        let sent = json!({
            "search_context_size": "high",
            "user_location": {"type": "approximate", "approximate": {"country": "FR"}}
        });
        assert_eq!(ask(options), Ok(Some(WebSearch::Options(sent))));
        let error = ask(json!({"web_search": "on", "search_domains": "a.com"})).unwrap_err();
        assert!(error.starts_with("Allowed domains cannot be used with a model that always searches"), "{error}");
        assert_eq!(ask(json!({})), Ok(None));
    }
}
