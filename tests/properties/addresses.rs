//! Base URLs and address rules.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use serde_json::json;
use tooljet_openai::{
    input::{base_url::BaseUrl, fields::Fields},
    network::ssrf::Rules,
};
use url::Url;

use crate::{config, samples};

fn parse(text: &str) -> Result<BaseUrl, String> {
    let options = json!({ "base_url": text });
    BaseUrl::from_fields(&Fields::of("options", &options).unwrap()).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn reads_a_base_url_or_names_the_field(
        scheme in "(https?|ftp|file|javascript|HTTPS?|)", separator in "(://|:/|:|//|)",
        user in "(|me@|me:[a-z]{4}-secret@|@|:@)", host in "([a-z.-]{0,12}|127\\.1|\\[::1\\]|0x7f000001|例え|É[A-Z]{2}|[A-Z]{2}…[A-Z]|X%C3%9C|%31|[ -~]{0,6})",
        port in "(|:[0-9]{0,6})", path in "(/[a-zA-Z0-9./%-]{0,20}){0,3}/{0,3}", rest in "(|\\?[ -~]{0,10}|#[a-z]{0,3})",
    ) {
        let text = format!("{scheme}{separator}{user}{host}{port}{path}{rest}");
        match parse(&text) {
            Ok(base) => {
                let url = base.endpoint("/chat/completions");
                let typed = if text.trim().is_empty() { base.endpoint("/models") } else { Url::parse(text.trim()).unwrap() };
                prop_assert!(matches!(url.scheme(), "http" | "https"));
                prop_assert_eq!((url.host(), url.port(), url.query()), (typed.host(), typed.port(), typed.query()));
                prop_assert!(url.path().ends_with("/chat/completions"), "{}", url);
                prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
                prop_assert!(base.endpoint("/models").path().ends_with("/models"));
                prop_assert!(!base.without_query().contains('?'));
            }
            Err(error) => {
                prop_assert!(error.starts_with("Base URL "), "{}", error);
                prop_assert!(!error.contains("-secret"), "{}", error);
            }
        }
    }

    #[test]
    fn reads_any_text_as_a_base_url_or_names_the_field(text in samples::text()) {
        if let Err(error) = parse(&text) {
            prop_assert!(error.starts_with("Base URL "), "{}", error);
        }
    }

    #[test]
    fn keeps_a_normalized_base_url_unchanged(
        host in "[a-z]{1,8}(\\.[a-z]{2,5}){1,2}", path in "(/[a-z0-9]{1,8}){0,3}", slashes in "/{0,3}",
        endpoint in "(|/chat/completions|/models|/embeddings|/images/generations|/responses)",
    ) {
        let base = parse(&format!("https://{host}{path}{endpoint}{slashes}")).unwrap();
        // An endpoint shows that there is no `/v1`; a bare host does not.
        let expected = match (path.as_str(), endpoint.as_str()) {
            ("", "") => "/v1",
            ("", _) => "/",
            (path, _) => path,
        };
        prop_assert_eq!(base.without_query(), format!("https://{host}{expected}"));
        prop_assume!(expected != "/");
        prop_assert_eq!(parse(base.without_query()).unwrap(), base);
    }

    #[test]
    fn treats_every_notation_of_an_address_alike(number in prop_oneof![
        any::<u32>(),
        (prop::sample::select(vec![[10, 0], [127, 0], [169, 254], [172, 16], [192, 168], [100, 64], [0, 0], [224, 0]]),
            any::<u16>()).prop_map(|([a, b], low)| u32::from_be_bytes([a, b, 0, 0]) | u32::from(low)),
    ], edition in "(cloud|ee|ce|)") {
        let rules = Rules::from_env(|name| match name {
            "TOOLJET_EDITION" => Some(edition.clone()),
            "SSRF_PROTECTION_ENABLED" => Some("true".to_owned()),
            _ => None,
        });
        let ip = Ipv4Addr::from(number);
        let [a, b, c, d] = ip.octets();
        let verdict = |host: String| rules.check_url(&Url::parse(&format!("http://{host}/v1")).unwrap());
        let expected = verdict(ip.to_string());
        for host in [
            number.to_string(),
            format!("0x{number:x}"),
            format!("0{number:o}"),
            format!("{a}.{b}.{}", u16::from_be_bytes([c, d])),
            format!("{ip}."),
            format!("%{:02x}{}", ip.to_string().as_bytes()[0], &ip.to_string()[1..]),
            format!("[::ffff:{ip}]"),
            format!("[64:ff9b::{ip}]"),
            format!("[2002:{:x}:{:x}::1]", number >> 16, number & 0xffff),
        ] {
            prop_assert_eq!(verdict(host.clone()), expected, "{} as {}", ip, host);
        }
        prop_assert_eq!(rules.check_resolved("some.host", &[ip.into()]), expected);
        if matches!((a, b), (0 | 127, _) | (169, 254)) {
            prop_assert!(expected.is_err(), "{ip}");
        }
    }
}
