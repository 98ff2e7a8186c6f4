#![allow(clippy::unwrap_used)] // a panic fails the test
//! TLS with real handshakes: what is trusted, and what an app builder sees otherwise.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/server.rs"]
mod server;

use std::{env, process::Command, sync::Arc};

use certificates::{Ca, Certified, pem_file, self_signed, server_config};
use plugin::{Plugin, assert_failure, pong, short_timeout_client};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use server::{Connection, Server};
use tooljet_openai::service::Failure;

const SECONDS: u64 = 5_000;

fn https(server: &Server) -> String {
    format!("https://localhost:{}/v1", server.port())
}

fn responding(config: Arc<ServerConfig>) -> Server {
    Server::tls(config, |connection| connection.respond(|_| pong()))
}

/// A plugin that also trusts the certificates in this PEM text.
fn trusting(pem: impl AsRef<[u8]>) -> Plugin {
    Plugin::with_env(&[("NODE_EXTRA_CA_CERTS", pem_file(pem).as_str())])
}

/// The failure of a plugin that trusts `ca`, at a server with a certificate signed by it.
fn failure_from(change: impl FnOnce(&mut CertificateParams)) -> Failure {
    let ca = Ca::new();
    let server = responding(server_config(ca.certify("localhost", change)));
    trusting(ca.pem()).fail(&https(&server), SECONDS)
}

#[test]
fn trusts_a_ca_in_node_extra_ca_certs() {
    let ca = Ca::new();
    let server = responding(server_config(ca.certify("localhost", |_| ())));
    trusting(ca.pem()).succeed(&https(&server));
}

/// An environment variable tells where the machine's CAs are, so this test runs itself in another process.
#[test]
fn trusts_a_ca_of_the_machine() {
    const TEST: &str = "trusts_a_ca_of_the_machine";
    const SERVER: &str = "TEST_SERVER_OF_THE_MACHINES_CA";
    if let Ok(url) = env::var(SERVER) {
        Plugin::new().succeed(&url);
        return;
    }
    let ca = Ca::new();
    let server = responding(server_config(ca.certify("localhost", |_| ())));
    let test = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env(SERVER, https(&server))
        .env("SSL_CERT_FILE", pem_file(ca.pem()))
        .output()
        .unwrap();
    assert!(test.status.success(), "{}", String::from_utf8_lossy(&test.stdout));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn supports_tls_1_2() {
    let ca = Ca::new();
    let (chain, key) = ca.certify("localhost", |_| ());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    trusting(ca.pem()).succeed(&https(&responding(Arc::new(config))));
}

#[test]
fn does_not_offer_http_2() {
    let ca = Ca::new();
    let mut config = ServerConfig::clone(&server_config(ca.certify("localhost", |_| ())));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    trusting(ca.pem()).succeed(&https(&responding(Arc::new(config.clone()))));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let server = responding(Arc::new(config));
    assert_failure(
        &trusting(ca.pem()).fail(&https(&server), SECONDS),
        "tls_failed",
        "(the server ended the handshake: no application protocol)",
    );
}

#[test]
fn suggests_node_extra_ca_certs_when_the_ca_is_unknown() {
    let server = responding(server_config(Ca::new().certify("localhost", |_| ())));
    for plugin in [Plugin::with_env(&[]), trusting(Ca::new().pem())] {
        let failure = plugin.fail(&https(&server), SECONDS);
        assert_failure(&failure, "tls_unknown_issuer", "set NODE_EXTRA_CA_CERTS on the ToolJet server");
    }
}

#[test]
fn ignores_an_unreadable_file_in_node_extra_ca_certs() {
    let server = responding(server_config(Ca::new().certify("localhost", |_| ())));
    for file in ["/nowhere/at/all.pem".to_owned(), pem_file("no certificate")] {
        let plugin = Plugin::with_env(&[("NODE_EXTRA_CA_CERTS", &file)]);
        assert_failure(&plugin.fail(&https(&server), SECONDS), "tls_unknown_issuer", "NODE_EXTRA_CA_CERTS");
    }
}

#[test]
fn distinguishes_expired_and_not_yet_valid_certificates() {
    let expired = failure_from(|params| params.not_after = date_time_ymd(2020, 1, 1));
    assert_failure(&expired, "tls_certificate_expired", "or correct the clock of the ToolJet server");
    let early = failure_from(|params| params.not_before = date_time_ymd(2090, 1, 1));
    assert_failure(&early, "tls_certificate_expired", "not valid at this time");
}

#[test]
fn names_the_hosts_of_a_certificate_for_another_host() {
    let ca = Ca::new();
    let server = responding(server_config(ca.certify("gateway.example", |_| ())));
    let failure = trusting(ca.pem()).fail(&https(&server), SECONDS);
    assert_failure(&failure, "tls_wrong_host", "(it is for gateway.example)");
}

/// Marks the certificate as a CA's, as `openssl req -x509` does.
fn as_openssl(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

#[test]
fn rejects_a_self_signed_certificate_until_it_is_trusted_itself() {
    for change in [|_: &mut CertificateParams| (), as_openssl] {
        let (pem, certificate) = self_signed("localhost", change);
        let server = responding(server_config(certificate));
        let failure = Plugin::with_env(&[]).fail(&https(&server), SECONDS);
        assert_failure(&failure, "tls_unknown_issuer", "set NODE_EXTRA_CA_CERTS on the ToolJet server");
        let (another, _) = self_signed("localhost", change);
        assert_failure(&trusting(&another).fail(&https(&server), SECONDS), "tls_unknown_issuer", "");
        trusting(&pem).succeed(&https(&server));
    }
}

#[test]
fn checks_time_and_host_of_a_trusted_self_signed_certificate() {
    let (pem, certificate) = self_signed("gateway.example", as_openssl);
    let server = responding(server_config(certificate));
    assert_failure(&trusting(&pem).fail(&https(&server), SECONDS), "tls_wrong_host", "gateway.example");
    let (pem, certificate) = self_signed("localhost", |params| {
        as_openssl(params);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let server = responding(server_config(certificate));
    assert_failure(&trusting(&pem).fail(&https(&server), SECONDS), "tls_certificate_expired", "");
}

#[test]
fn reads_a_ca_file_as_editors_and_tools_write_it() {
    let (ca, other) = (Ca::new(), Ca::new());
    let server = responding(server_config(ca.certify("localhost", |_| ())));
    let pem = ca.pem();
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec();
    for file in [
        format!("\u{feff}{pem}").into_bytes(),
        pem.replace('\n', "\r\n").into_bytes(),
        format!("# Corp CA\r\n{}\n\nsubject=/CN=corp\n{pem}", other.pem()).into_bytes(),
        format!("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n{pem}").into_bytes(),
        der,
    ] {
        trusting(file).succeed(&https(&server));
    }
}

/// A server that presents a changed certificate without checking it.
fn showing((chain, key): Certified, change: impl FnOnce(&mut Vec<u8>)) -> Arc<ServerConfig> {
    let mut certificate = chain[0].to_vec();
    change(&mut certificate);
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let mut config = ServerConfig::clone(&server_config(Ca::new().certify("localhost", |_| ())));
    let shown = CertifiedKey::new(vec![certificate.into()], key);
    config.cert_resolver = Arc::new(SingleCertAndKey::from(shown));
    Arc::new(config)
}

/// Replaces `old` everywhere in a certificate, which invalidates its signature.
fn replace(certificate: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    while let Some(at) = certificate.windows(old.len()).position(|window| window == old) {
        certificate.splice(at..at + old.len(), new.iter().copied());
    }
}

#[test]
fn explains_why_a_certificate_cannot_be_used() {
    const VERSION_3: &[u8] = &[0xa0, 3, 2, 1, 2];
    const VERSION_1: &[u8] = &[0xa0, 3, 2, 1, 0];
    const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    const ECDSA_WITH_SHA224: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1];
    let ca = Ca::new();
    let certify = |change: fn(&mut CertificateParams)| ca.certify("localhost", change);
    let as_client =
        |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    for (config, words) in [
        (showing(certify(|_| ()), |der| replace(der, VERSION_3, VERSION_1)), "it has an old format, such as X.509 v1"),
        (showing(certify(|_| ()), |der| replace(der, ECDSA_WITH_SHA256, ECDSA_WITH_SHA224)), "as with SHA-1"),
        (showing(certify(|_| ()), |der| der.truncate(40)), "it is malformed"),
        (server_config(certify(|params| params.subject_alt_names.clear())), "a Common Name does not count"),
        (server_config(certify(as_client)), "it is not for servers"),
    ] {
        let failure = trusting(ca.pem()).fail(&https(&responding(config)), SECONDS);
        assert_failure(&failure, "tls_certificate_unusable", words);
        assert_failure(&failure, "tls_certificate_unusable", "Install a current certificate on localhost");
    }
}

#[test]
fn suggests_trusting_a_server_certificate_made_for_a_ca() {
    let ca = Ca::new();
    let certified = ca.certify("localhost", as_openssl);
    let der = certified.0[0].to_vec();
    let server = responding(server_config(certified));
    let failure = trusting(ca.pem()).fail(&https(&server), SECONDS);
    assert_failure(&failure, "tls_unknown_issuer", "it is self-signed or belongs to a CA");
    trusting(der).succeed(&https(&server));
}

#[test]
fn suggests_http_when_https_reaches_a_plain_port() {
    let server = Server::start(|connection| {
        connection.send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        connection.wait_until_closed();
    });
    let failure = Plugin::with_env(&[]).fail(&https(&server), SECONDS);
    assert_failure(&failure, "tls_failed", "a plain HTTP server needs http:// in the Base URL");
}

#[test]
fn suggests_https_when_http_reaches_a_tls_port() {
    // TLS servers respond with an alert, some of them with HTTP 400.
    let server = Server::start(|connection| {
        connection.request();
        connection.send([0x15, 3, 3, 0, 2, 2, 70]);
    });
    let failure = Plugin::with_env(&[]).fail(&format!("http://localhost:{}", server.port()), SECONDS);
    assert_failure(&failure, "not_http", "https:// for TLS, http:// without");
}

#[test]
fn reports_why_the_server_rejects_the_handshake() {
    let server = Server::start(|connection| {
        connection.send([0x15, 3, 3, 0, 2, 2, 40]);
        connection.wait_until_closed();
    });
    assert_failure(
        &Plugin::with_env(&[]).fail(&https(&server), SECONDS),
        "tls_failed",
        "(the server ended the handshake: handshake failure)",
    );
}

#[test]
fn fails_with_connection_reset_when_the_handshake_is_cut() {
    for end in [Connection::reset, |_: &mut Connection| ()] {
        let server = Server::start(end);
        assert_failure(
            &Plugin::with_env(&[]).fail(&https(&server), SECONDS),
            "connection_reset",
            "check any proxy or firewall",
        );
    }
}

#[test]
fn fails_at_the_connect_timeout_when_the_handshake_hangs() {
    let server = Server::start(Connection::wait_until_closed);
    let failure = Plugin::with_client(short_timeout_client(&[])).fail(&https(&server), SECONDS);
    assert_failure(&failure, "connect_timeout", "A firewall");
    server.wait_until_closed();
}

#[test]
fn rejects_a_close_delimited_body_when_close_notify_is_missing() {
    let ca = Ca::new();
    let server = Server::tls(server_config(ca.certify("localhost", |_| ())), |connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\n\r\n{\"choices\": []}");
    });
    assert_failure(&trusting(ca.pem()).fail(&https(&server), SECONDS), "truncated_response", "close_notify");
}
