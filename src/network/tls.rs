//! The CAs that TLS trusts, and what a failed handshake means.

use std::{
    fs,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

use httpdate::fmt_http_date;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use crate::error::{ErrorText, TransportError, TransportErrorKind as Kind, error_text};

/// Trusts what Node trusts: Mozilla's CAs, those in the machine's store if there is one, and those in
/// `NODE_EXTRA_CA_CERTS`. Like Node, only warns if it cannot read the latter.
///
/// # Errors
/// If the built-in cryptography does not fit this version of TLS, which would be a bug.
pub fn client_config(extra: Option<&str>) -> Result<ClientConfig, rustls::Error> {
    let extra = extra.and_then(|file| fs::read(file).ok()).map_or_else(Vec::new, |file| certificates(&file));
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(extra.iter().cloned());
    let verifier = Verifier {
        authorities: authorities(roots).map_err(|error| rustls::Error::General(error.to_string()))?,
        authorities_of_machine: LazyLock::new(authorities_of_machine),
        extra,
    };
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates of a file: PEM with any text between them, or a single one in DER.
fn certificates(file: &[u8]) -> Vec<CertificateDer<'static>> {
    const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
    const DER_SEQUENCE: u8 = 0x30;
    let file = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    if file.first() == Some(&DER_SEQUENCE) {
        return vec![CertificateDer::from(file.to_vec())];
    }
    CertificateDer::pem_slice_iter(file).filter_map(Result::ok).collect()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn authorities(roots: RootCertStore) -> Result<Arc<WebPkiServerVerifier>, VerifierBuilderError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build()
}

fn authorities_of_machine() -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    authorities(roots).ok()
}

/// The usual rules with an exception that Node also makes: a certificate in `NODE_EXTRA_CA_CERTS` is trusted as a
/// server's even if it claims to be a CA's, as all self-signed certificates from `openssl req -x509` do.
#[derive(Debug)]
struct Verifier {
    authorities: Arc<WebPkiServerVerifier>,
    /// Read when a certificate from an unknown CA arrives, because this takes 8 ms. Mozilla's list contains the CAs of
    /// `OpenAI`'s servers.
    authorities_of_machine: LazyLock<Option<Arc<WebPkiServerVerifier>>>,
    extra: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified_by = |authorities: &WebPkiServerVerifier| {
            authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let verified = match verified_by(&self.authorities) {
            Err(rustls::Error::InvalidCertificate(error)) if is_unknown_issuer(&error) => {
                self.authorities_of_machine.as_deref().map_or(Err(error.into()), verified_by)
            }
            verified => verified,
        };
        match verified {
            // The dates have been checked by now, but not the name.
            Err(rustls::Error::InvalidCertificate(error))
                if is_authority_as_server(&error) && self.extra.contains(end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// Explains a failed handshake.
#[must_use]
pub fn failure(error: &rustls::Error) -> TransportError {
    use rustls::Error;
    let detail = match error {
        Error::InvalidCertificate(error) => {
            let (kind, detail) = of_certificate(error);
            return TransportError::new(kind, detail);
        }
        Error::AlertReceived(alert) => {
            error_text!["the server ended the handshake: ", ErrorText::own(in_words(&format!("{alert:?}")))]
        }
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerSentOversizedRecord => "the server did not respond with TLS".into(),
        Error::PeerIncompatible(_) => "the server and the plugin have no TLS version or cipher in common".into(),
        Error::NoApplicationProtocol => "the server does not offer HTTP/1.1".into(),
        Error::NoCertificatesPresented => "the server has no certificate".into(),
        Error::DecryptError => "the server's data cannot be decrypted".into(),
        _ => "the server violates the TLS protocol".into(),
    };
    TransportError::new(Kind::Tls, detail)
}

fn of_certificate(error: &CertificateError) -> (Kind, ErrorText) {
    use CertificateError as Certificate;
    let date = |time: &UnixTime| fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs()));
    let detail = match error {
        Certificate::ExpiredContext { not_after, .. } => {
            return (Kind::TlsExpired, error_text!["it expired on ", date(not_after)]);
        }
        Certificate::NotValidYetContext { not_before, .. } => {
            return (Kind::TlsExpired, error_text!["it is not valid before ", date(not_before)]);
        }
        Certificate::Expired | Certificate::NotValidYet => return (Kind::TlsExpired, "".into()),
        error if is_unknown_issuer(error) => return (Kind::TlsUnknownIssuer, "".into()),
        error if is_authority_as_server(error) => {
            return (Kind::TlsUnknownIssuer, "it is self-signed or belongs to a CA".into());
        }
        Certificate::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            return (Kind::TlsWrongHost, hosts(presented));
        }
        Certificate::NotValidForNameContext { .. } => {
            "it has no Subject Alternative Name; a Common Name does not count".into()
        }
        Certificate::NotValidForName => return (Kind::TlsWrongHost, "".into()),
        Certificate::UnsupportedSignatureAlgorithmContext { .. }
        | Certificate::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its signature algorithm is not supported, as with SHA-1".into()
        }
        Certificate::BadEncoding => "it is malformed".into(),
        Certificate::Revoked => "it was revoked".into(),
        Certificate::UnhandledCriticalExtension => "it has an unknown critical extension".into(),
        Certificate::InvalidPurpose | Certificate::InvalidPurposeContext { .. } => "it is not for servers".into(),
        Certificate::Other(other) if other.to_string().contains("UnsupportedCertVersion") => {
            "it has an old format, such as X.509 v1".into()
        }
        Certificate::Other(other) if other.to_string().contains("NameConstraintViolation") => {
            "its CA may not issue certificates for this host".into()
        }
        _ => "it or its chain of CAs is not valid".into(),
    };
    (Kind::TlsCertificate, detail)
}

/// The first few hosts of a certificate, listed as `DnsName("host")` or `IpAddress(1.2.3.4)`.
fn hosts(presented: &[String]) -> ErrorText {
    const MAX_HOSTS: usize = 5;
    let host = |text: &String| text.split(['(', ')']).nth(1).unwrap_or(text).trim_matches('"').to_owned();
    let mut hosts = presented.iter().take(MAX_HOSTS).map(host).collect::<Vec<_>>().join(", ");
    if presented.len() > MAX_HOSTS {
        hosts.push_str(", ...");
    }
    error_text!["it is for ", hosts]
}

/// Turns `HandshakeFailure` into "handshake failure".
fn in_words(name: &str) -> String {
    let mut words = String::new();
    // The name of an unknown one is followed by a number.
    for c in name.chars().take_while(char::is_ascii_alphanumeric) {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// `BadSignature`: a trusted CA has the same name, but another key.
fn is_unknown_issuer(error: &CertificateError) -> bool {
    matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature)
}

/// A server uses a certificate that may sign others, so it is self-signed.
fn is_authority_as_server(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity"))
}
