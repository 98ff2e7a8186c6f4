//! Response bodies: compressed, JSON, or neither.

use std::time::SystemTime;

use miniz_oxide::deflate::compress_to_vec;
use proptest::{collection::vec, prelude::*};
use tooljet_openai::{
    budgets::{MAX_ERROR_BYTES, MAX_RESPONSE_BYTES},
    error::{Error, TransportError, TransportErrorKind},
    network::{
        gzip::{Unpacked, unpack},
        http::HttpResponse,
    },
    response as answer,
};

use crate::{config, samples};

fn decoded(response: HttpResponse) -> Result<HttpResponse, TransportError> {
    match unpack(response, MAX_RESPONSE_BYTES)? {
        Unpacked::Whole(response) | Unpacked::Longer(response) => Ok(response),
    }
}

fn gzipped(status: u16, body: Vec<u8>) -> HttpResponse {
    HttpResponse { status, headers: vec![("content-encoding".to_owned(), "gzip".to_owned())], body, cut: None }
}

fn gzip(plain: &[u8], flags: u8, name: &[u8]) -> Vec<u8> {
    let mut body = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
    if flags & 4 != 0 {
        body.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        body.extend(name);
    }
    for _ in 0..(flags >> 3 & 1) + (flags >> 4 & 1) {
        body.extend(name.iter().filter(|byte| **byte != 0));
        body.push(0);
    }
    if flags & 2 != 0 {
        body.extend([7, 7]);
    }
    body.extend(compress_to_vec(plain, 6));
    body.extend([0; 8]);
    body
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn decodes_gzip_whatever_its_header_contains(
        plain in vec(any::<u8>(), 0..2000), flags in 0_u8..32, name in vec(any::<u8>(), 0..20),
    ) {
        let response = decoded(gzipped(200, gzip(&plain, flags, &name))).unwrap();
        prop_assert_eq!(response.body, plain);
    }

    #[test]
    fn reports_damaged_gzip_and_keeps_the_status_of_an_error(
        plain in vec(any::<u8>(), 0..500), flags in 0_u8..32, status in 200_u16..600, damage in samples::damage(),
    ) {
        let body = samples::damaged(gzip(&plain, flags, b"name"), &damage);
        match decoded(gzipped(status, body)) {
            Ok(response) => {
                prop_assert_eq!(response.status, status);
                prop_assert!(status < 300 || response.body.len() <= MAX_ERROR_BYTES);
            }
            Err(error) => {
                prop_assert!(status < 300);
                prop_assert!(matches!(error.kind, TransportErrorKind::Compression | TransportErrorKind::TooLarge));
            }
        }
    }

    #[test]
    fn reads_a_response_as_an_object_or_a_short_error(response in samples::response()) {
        let succeeded = (200..300).contains(&response.status);
        match answer::read(&response, SystemTime::UNIX_EPOCH).map_err(|unread| unread.error) {
            Ok(response) => {
                prop_assert!(succeeded);
                prop_assert!(response.body.get("error").is_none_or(answer::body::is_no_error));
                prop_assert!(response.request_id.is_none_or(|id| id.chars().count() <= 101));
            }
            Err(Error::Api(error)) => {
                prop_assert!(!error.text().to_string().ends_with(": "));
                prop_assert!(error.message.chars().count() <= 501);
                for word in [&error.code, &error.kind, &error.param, &error.request_id].into_iter().flatten() {
                    prop_assert!((1..=101).contains(&word.chars().count()), "{}", word);
                }
                prop_assert!(error.status == response.status || (succeeded && (400..600).contains(&error.status)));
            }
            Err(error) => {
                let codes = [Some("invalid_response"), Some("truncated_response")];
                prop_assert!(succeeded && codes.contains(&error.code()), "{}", error);
                prop_assert!(error.to_string().chars().count() < 500);
            }
        }
    }
}
