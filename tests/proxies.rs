#![allow(clippy::unwrap_used)] // a panic fails the test
//! Proxies set in the environment: which requests use them, what they receive, and what an app builder sees when they
//! fail.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/server.rs"]
mod server;

use std::time::Duration;

use certificates::{Ca, pem_file, server_config};
use plugin::{KEY, Plugin, assert_failure, pong, short_timeout_client, unresolvable};
use rcgen::date_time_ymd;
use server::{Connection, Server, response};
use tooljet_openai::{
    input::secret::Secret,
    network::http::{HttpRequest, Method, Transport},
    service::Failure,
};

const SECONDS: u64 = 5_000;
/// `pa:hush@word`, percent-encoded for a URL.
const PASSWORD: &str = "pa%3Ahush%40word";
/// `user:pa:hush@word`
const CREDENTIALS: &str = "Basic dXNlcjpwYTpodXNoQHdvcmQ=";

fn address(port: u16) -> String {
    format!("http://user:{PASSWORD}@127.0.0.1:{port}")
}

/// Errors about the proxy never contain its password.
fn fail(plugin: &Plugin, base_url: &str) -> Failure {
    let failure = plugin.fail(base_url, SECONDS);
    assert_no_password(&format!("{failure:?}"));
    failure
}

fn assert_no_password(text: &str) {
    assert!(!text.contains("hush") && !text.contains("dXNlcj"), "{text}");
}

/// A proxy that tunnels to the requested port.
fn tunnelling(connection: &mut Connection) {
    let request = connection.request().unwrap();
    let (port, _) = request.line.strip_prefix("CONNECT localhost:").unwrap().split_once(' ').unwrap();
    let target = format!("127.0.0.1:{port}");
    connection.send("HTTP/1.1 200 Connected\r\n\r\n");
    connection.tunnel(&target);
}

#[test]
fn sends_http_requests_to_the_proxy_with_its_credentials() {
    let proxy = Server::responding(|_| pong());
    let plugin = Plugin::with_env(&[("HTTP_PROXY", &address(proxy.port()))]);
    // The proxy resolves the name: this server may be unable to.
    plugin.succeed("http://gateway.invalid/v1");
    let request = &proxy.requests()[0];
    assert_eq!(request.line, "POST http://gateway.invalid/v1/chat/completions HTTP/1.1");
    assert_eq!(request.header("proxy-authorization"), Some(CREDENTIALS));
    assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
}

#[test]
fn sends_the_credentials_of_the_proxy_whatever_a_data_source_sends() {
    let proxy = Server::responding(|_| pong());
    let plugin = Plugin::with_env(&[("HTTP_PROXY", &address(proxy.port()))]);
    let own = |name: &str| (name.to_owned(), Secret::new("Basic c29tZWJvZHk6ZWxzZQ=="));
    let request = HttpRequest {
        method: Method::Get,
        url: "http://gateway.invalid/v1/models".parse().unwrap(),
        headers: vec![own("proxy-authorization"), own("Proxy-Authorization"), own("proxy-connection"), own("x-own")],
        body: None,
        is_custom: true,
        sink: None,
    };
    let mut hold = plugin.client.hold();
    let sent = plugin.client.send(&request, Duration::from_millis(SECONDS), &mut hold);
    assert_eq!(plugin.runtime.block_on(sent).unwrap().status, 200);
    let request = &proxy.requests()[0];
    assert_eq!(request.head.to_ascii_lowercase().matches("proxy-").count(), 1, "{}", request.head);
    assert_eq!(request.header("proxy-authorization"), Some(CREDENTIALS));
    assert!(request.header("x-own").is_some());
}

#[test]
fn redacts_the_password_when_the_proxy_repeats_it() {
    for echo in ["pa:hush@word", PASSWORD, &CREDENTIALS["Basic ".len()..]] {
        let body = format!("{{\"error\": \"not ({echo})\"}}");
        let proxy = Server::responding(move |_| response(400, &[], &body));
        let plugin = Plugin::with_env(&[("HTTP_PROXY", &address(proxy.port()))]);
        let failure = plugin.fail("http://gateway.invalid/v1", SECONDS);
        let shown = format!("{failure:?}");
        assert!(shown.contains("[redacted]") && !shown.contains("hush") && !shown.contains("pwYTpodXNo"), "{shown}");
    }
}

#[test]
fn checks_the_url_even_when_a_proxy_is_used() {
    let proxy = Server::start(|_| ());
    let plugin = Plugin::with_env(&[("TOOLJET_HTTP_PROXY", &address(proxy.port()))]);
    for base_url in ["http://169.254.169.254/v1", "https://127.0.0.1/v1", "http://metadata.google.internal/v1"] {
        assert_failure(&fail(&plugin, base_url), "address_blocked", "SSRF");
    }
    assert_eq!(proxy.opened(), 0);
}

#[test]
fn sends_https_requests_through_a_tunnel_with_each_secret_only_to_its_owner() {
    let ca = Ca::new();
    let api = Server::tls(server_config(ca.certify("localhost", |_| ())), |connection| {
        connection.respond(|_| pong());
    });
    let proxy = Server::start(tunnelling);
    let plugin = Plugin::with_env(&[
        ("TOOLJET_HTTP_PROXY", &address(proxy.port())),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("NODE_EXTRA_CA_CERTS", &pem_file(ca.pem())),
    ]);
    let base_url = format!("https://localhost:{}/v1", api.port());
    plugin.succeed(&base_url);
    plugin.succeed(&base_url);
    assert_eq!((proxy.opened(), api.opened()), (1, 1));
    let connect = &proxy.requests()[0];
    assert_eq!(connect.header("proxy-authorization"), Some(CREDENTIALS));
    assert!(!connect.head.contains(KEY) && !connect.head.contains("org-loopback"), "{}", connect.head);
    for request in api.requests() {
        assert_no_password(&request.head);
        assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    }
}

#[test]
fn blames_the_api_for_a_bad_certificate_behind_a_tunnel() {
    let ca = Ca::new();
    let expired = ca.certify("localhost", |params| params.not_after = date_time_ymd(2020, 1, 1));
    let api = Server::tls(server_config(expired), |connection| connection.respond(|_| pong()));
    let proxy = Server::start(tunnelling);
    let plugin =
        Plugin::with_env(&[("HTTPS_PROXY", &address(proxy.port())), ("NODE_EXTRA_CA_CERTS", &pem_file(ca.pem()))]);
    let failure = fail(&plugin, &format!("https://localhost:{}/v1", api.port()));
    assert_failure(&failure, "tls_certificate_expired", "it expired on Wed, 01 Jan 2020");
}

#[test]
fn reports_a_proxy_that_requires_a_password() {
    for base_url in ["http://gateway.invalid/v1", "https://gateway.invalid/v1"] {
        let proxy = Server::responding(move |_| {
            response(407, &[("proxy-authenticate", "Basic realm=\"corp\"")], "<html>Access denied</html>")
        });
        let plugin = Plugin::with_env(&[("TOOLJET_HTTP_PROXY", &address(proxy.port()))]);
        let failure = fail(&plugin, base_url);
        assert_failure(&failure, "proxy_authentication_required", "Add the credentials to TOOLJET_HTTP_PROXY");
    }
}

#[test]
fn does_not_mistake_a_gateway_for_a_proxy() {
    let body = r#"{"error":{"message":"Sign in to the gateway first."}}"#;
    let gateway = Server::responding(move |_| response(407, &[], body));
    let failure = fail(&Plugin::new(), &gateway.url());
    assert_eq!(failure.data["status"], 407);
    assert!(failure.description.contains("Sign in to the gateway first."), "{}", failure.description);
}

#[test]
fn reports_a_proxy_that_rejects_the_tunnel() {
    for (response, words) in [
        (response(401, &[], "no"), "it did not connect to gateway.invalid"),
        (response(403, &[], "no"), "it did not connect to gateway.invalid"),
        (response(429, &[], "no"), "it did not connect to gateway.invalid"),
        (response(502, &[], "no"), "it did not connect to gateway.invalid"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec(), "it did not connect to gateway.invalid"),
        (response(200, &[("x-long", &"x".repeat(9_000))], ""), "its response is too long"),
        (Vec::new(), "it closed the connection"),
    ] {
        let proxy = Server::start(move |connection| {
            connection.request();
            connection.send(&response);
        });
        let plugin = Plugin::with_env(&[("HTTPS_PROXY", &address(proxy.port()))]);
        let failure = fail(&plugin, "https://gateway.invalid/v1");
        assert_failure(&failure, "proxy_failed", &format!("The proxy did not connect to the API ({words})."));
        assert_failure(&failure, "proxy_failed", "that the proxy is running");
    }
}

#[test]
fn distinguishes_an_error_page_of_the_proxy_from_an_error_of_the_api() {
    let html = ("content-type", "text/html");
    let json = ("content-type", "application/json; charset=utf-8");
    for (status, headers, code) in [
        (503, [html, ("x-squid-error", "ERR_CONNECT_FAIL 111")], Some("proxy_failed")),
        (403, [html, ("server", "tinyproxy/1.11.0")], Some("proxy_failed")),
        (502, [html, ("proxy-status", "proxy; error=connection_refused")], Some("proxy_failed")),
        (401, [html, ("proxy-agent", "Corp")], Some("proxy_authentication_required")),
        (502, [html, ("server", "nginx")], None),
        (401, [json, ("proxy-connection", "close")], None),
        (503, [json, ("server", "squid")], None),
        (401, [html, ("via", "1.1 varnish")], None),
    ] {
        let proxy = Server::responding(move |_| response(status, &headers, "no"));
        let plugin = Plugin::with_env(&[("HTTP_PROXY", &address(proxy.port()))]);
        let failure = fail(&plugin, "http://gateway.invalid/v1");
        assert_eq!(failure.data.get("code").and_then(|code| code.as_str()), code, "{failure:?}");
        assert!(failure.description.contains(&format!("HTTP {status}")), "{failure:?}");
    }
}

#[test]
fn blames_the_proxy_when_it_cannot_be_reached() {
    let port = Server::responding(|_| pong()).port();
    let nowhere = [address(port), format!("http://user:{PASSWORD}@{}:3128", unresolvable(0))];
    for (address, words) in nowhere.iter().zip(["cannot reach it: Connection refused).", "cannot reach it: "]) {
        let plugin = Plugin::with_env(&[("TOOLJET_HTTP_PROXY", address)]);
        for base_url in ["http://gateway.invalid/v1", "https://gateway.invalid/v1"] {
            let failure = fail(&plugin, base_url);
            assert_failure(&failure, "proxy_failed", "that the proxy is running");
            assert_failure(&failure, "proxy_failed", words);
            assert!(!failure.description.contains("lookup") && !failure.description.contains("os error"));
        }
    }
}

#[test]
fn fails_at_the_connect_timeout_when_the_proxy_never_responds() {
    let proxy = Server::start(Connection::wait_until_closed);
    let plugin = Plugin::with_client(short_timeout_client(&[("HTTPS_PROXY", &address(proxy.port()))]));
    assert_failure(&fail(&plugin, "https://gateway.invalid/v1"), "proxy_failed", "timed out");
    proxy.wait_until_closed();
}

#[test]
fn blames_the_proxy_when_its_certificate_is_not_trusted() {
    let certificate = Ca::new().certify("localhost", |_| ());
    let proxy = Server::tls(server_config(certificate), |connection| connection.respond(|_| pong()));
    let address = format!("https://user:{PASSWORD}@localhost:{}", proxy.port());
    let plugin = Plugin::with_env(&[("TOOLJET_HTTP_PROXY", &address)]);
    for base_url in ["http://gateway.invalid/v1", "https://gateway.invalid/v1"] {
        assert_failure(&fail(&plugin, base_url), "proxy_failed", "certificate");
    }
}

#[test]
fn connects_directly_and_by_the_rules_to_hosts_in_no_proxy() {
    let api = Server::responding(|_| pong());
    let proxy = Server::responding(|_| response(500, &[], "the proxy was used"));
    let through = address(proxy.port());
    for except in ["localhost", "127.0.0.1, localhost", "*"] {
        let plugin = Plugin::with_env(&[("TOOLJET_HTTP_PROXY", &through), ("NO_PROXY", except)]);
        plugin.succeed(&format!("http://localhost:{}/v1", api.port()));
    }
    let plugin = Plugin::with_env(&[("TOOLJET_HTTP_PROXY", &through), ("no_proxy", "127.0.0.0/8")]);
    let outcome = plugin.run(&plugin::source(&api.url()), &plugin::query(SECONDS));
    assert_failure(&plugin::failure(outcome), "address_blocked", "SSRF");
    assert_eq!(proxy.opened(), 0);
    assert!(api.requests().iter().all(|request| request.header("proxy-authorization").is_none()));
}

#[test]
fn names_the_variable_in_every_query_when_a_proxy_setting_is_unusable() {
    for address in [
        format!("socks5://user:{PASSWORD}@127.0.0.1:1080"),
        format!("ftp://user:{PASSWORD}@127.0.0.1"),
        format!("http://user:{PASSWORD}@"),
        format!("http://user:{PASSWORD}@proxy:99999"),
        format!("http://user:{PASSWORD}@[::1"),
        format!("user:{PASSWORD}@pro xy:1"),
    ] {
        for variable in ["TOOLJET_HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            let plugin = Plugin::with_env(&[(variable, &address)]);
            for _ in 0..2 {
                let failure = fail(&plugin, "https://gateway.invalid/v1");
                assert_failure(&failure, "proxy_failed", &format!("({variable} on the server is "));
            }
        }
    }
}

#[test]
fn connects_directly_when_an_unusable_proxy_is_not_for_this_url() {
    let api = Server::responding(|_| pong());
    let url = format!("http://localhost:{}/v1", api.port());
    let socks = "socks5://127.0.0.1:9";
    let own_port = format!("localhost:{}", api.port());
    for env in [
        [("ALL_PROXY", socks), ("NO_PROXY", "*")],
        [("HTTPS_PROXY", socks), ("NO_PROXY", "")],
        [("ALL_PROXY", socks), ("NO_PROXY", own_port.as_str())],
        [("ALL_PROXY", socks), ("NO_PROXY", "*.localhost")],
    ] {
        Plugin::with_env(&env).succeed(&url);
    }
    let other_port = [("ALL_PROXY", socks), ("NO_PROXY", "localhost:9")];
    assert_failure(&fail(&Plugin::with_env(&other_port), &url), "proxy_failed", "is a SOCKS proxy");
}
