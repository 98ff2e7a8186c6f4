//! Whom TLS trusts, and what a failed handshake means.

use std::{
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

use crate::error::{TransportError, TransportErrorKind as Kind, error_text};

/// Trusts what Node trusts: Mozilla's authorities, those of the machine where it has a
/// store, and those of `NODE_EXTRA_CA_CERTS`. Node only warns if it cannot read the latter.
///
/// # Errors
/// If the cryptography that is built in does not fit this version of TLS: a bug.
pub fn client_config(extra: Option<&str>) -> Result<ClientConfig, rustls::Error> {
    let extra: Vec<_> = match extra.map(CertificateDer::pem_file_iter) {
        Some(Ok(certificates)) => certificates.filter_map(Result::ok).collect(),
        _ => Vec::new(),
    };
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
    // A config of our own is taken as it is: reqwest would not set the protocols.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
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

/// The usual rules with one exception that Node makes too: a certificate that stands in
/// `NODE_EXTRA_CA_CERTS` itself is trusted as a server's, although it says that it is an
/// authority. The self-signed ones that `openssl req -x509` writes all say so.
#[derive(Debug)]
struct Verifier {
    authorities: Arc<WebPkiServerVerifier>,
    /// Read when a certificate of another authority comes, as reading them takes 8 ms: the
    /// servers of `OpenAI` have theirs from one that Mozilla knows.
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
            // The dates have been checked by now, the name has not.
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

/// What a failed handshake means.
#[must_use]
pub fn failure(error: &rustls::Error) -> TransportError {
    use CertificateError as Certificate;
    let date = |time: &UnixTime| fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs()));
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return TransportError::new(Kind::Tls, error.to_string());
    };
    let (kind, detail) = match certificate {
        Certificate::ExpiredContext { not_after, .. } => (Kind::TlsExpired, error_text!["it ended ", date(not_after)]),
        Certificate::NotValidYetContext { not_before, .. } => {
            (Kind::TlsExpired, error_text!["it begins ", date(not_before)])
        }
        error if is_unknown_issuer(error) => (Kind::TlsUnknownIssuer, "".into()),
        error if is_authority_as_server(error) => (Kind::TlsUnknownIssuer, "it is self-signed".into()),
        Certificate::NotValidForNameContext { .. } => (Kind::TlsWrongHost, certificate.to_string().into()),
        _ => (Kind::Tls, certificate.to_string().into()),
    };
    TransportError::new(kind, detail)
}

/// An authority of the same name, but with another key, did not sign it.
fn is_unknown_issuer(error: &CertificateError) -> bool {
    matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature)
}

/// A certificate that may sign others is used by a server itself: it signed itself.
fn is_authority_as_server(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity"))
}
