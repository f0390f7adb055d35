//! Who a server proves to be.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use wardlet_call::{Http as _, HttpFailure};

use super::super::{CaError, HttpClient};
use super::server::{LONG, Names, Server, get, grant, ok, read, redirect};
use crate::origin::Origin;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn tls_server(authority: &Authority, name: &str, expired: bool, said: String) -> Server {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        (params.not_before, params.not_after) =
            (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    Server::raw(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        if read(&mut stream).is_ok() {
            stream.write_all(said.as_bytes()).unwrap();
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    })
}

fn url(server: &Server, host: &str) -> String {
    format!("https://{host}:{}", server.port)
}

fn trusting(server: &Server, host: &str, ca: Option<&Path>) -> HttpClient {
    let origin = Origin::parse(&url(server, host)).unwrap();
    HttpClient::new(grant(&[], &[origin]), ca, None, Names::loopback()).unwrap()
}

#[test]
fn a_server_proves_to_be_the_one_that_was_named() {
    let (ours, other) = (authority(), authority());
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, ours.pem()).unwrap();
    let bad = Err(HttpFailure::BadCertificate);
    for (what, authority, name, expired, host, ca, expected) in [
        ("good", &ours, "a.test", false, "a.test", Some(&ca), Ok(200)),
        (
            "an address",
            &ours,
            "127.0.0.1",
            false,
            "127.0.0.1",
            Some(&ca),
            Ok(200),
        ),
        (
            "another name",
            &ours,
            "b.test",
            false,
            "a.test",
            Some(&ca),
            bad,
        ),
        (
            "a name for an address",
            &ours,
            "a.test",
            false,
            "127.0.0.1",
            Some(&ca),
            bad,
        ),
        ("expired", &ours, "a.test", true, "a.test", Some(&ca), bad),
        (
            "another authority",
            &other,
            "a.test",
            false,
            "a.test",
            Some(&ca),
            bad,
        ),
        (
            "unknown to Mozilla",
            &ours,
            "a.test",
            false,
            "a.test",
            None,
            bad,
        ),
    ] {
        let server = tls_server(authority, name, expired, ok("{}"));
        let client = trusting(&server, host, ca.map(std::path::PathBuf::as_path));
        let got = client.fetch(&get(&url(&server, host)), &[], Instant::now() + LONG);
        assert_eq!(got.map(|response| response.status), expected, "{what}");
    }
}

#[test]
fn what_speaks_no_tls_is_no_server() {
    let server = Server::raw(|mut stream| stream.write_all(ok("{}").as_bytes()).unwrap());
    let client = trusting(&server, "a.test", None);
    let got = client.fetch(&get(&url(&server, "a.test")), &[], Instant::now() + LONG);
    assert_eq!(got, Err(HttpFailure::Unreachable));
}

#[test]
fn a_redirect_does_not_leave_tls() {
    let ours = authority();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, ours.pem()).unwrap();
    let plain = Server::saying(ok("{}"));
    let server = tls_server(&ours, "a.test", false, redirect(&plain.url("a.test", "/")));
    let origins = [
        Origin::parse(&url(&server, "a.test")).unwrap(),
        plain.origin("a.test"),
    ];
    let client = HttpClient::new(grant(&[], &origins), Some(&ca), None, Names::loopback()).unwrap();
    let got = client.fetch(&get(&url(&server, "a.test")), &[], Instant::now() + LONG);
    assert_eq!(got, Err(HttpFailure::BadRedirect));
    assert_eq!(plain.count(), 0);
}

/// A handshake that is dripped, one byte of a record after the other: no byte is late, and yet it ends.
#[test]
fn a_handshake_cannot_be_drawn_out() {
    let server = Server::raw(|mut stream: TcpStream| {
        let record = [[0x16, 3, 3, 0x40, 0].as_slice(), &[0; 0x4000]].concat();
        for byte in record {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let client = trusting(&server, "a.test", None);
    let begun = Instant::now();
    let until = begun + Duration::from_millis(200);
    let got = client.fetch(&get(&url(&server, "a.test")), &[], until);
    assert_eq!(got, Err(HttpFailure::TimedOut));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_file_of_authorities_has_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let check = |content: &str, expected: CaError| {
        std::fs::write(&path, content).unwrap();
        let made = HttpClient::new(grant(&[], &[]), Some(&path), None, Names::loopback());
        assert_eq!(made.unwrap_err(), expected, "{content:.40}");
    };
    check("", CaError::NoCertificates);
    check("no PEM", CaError::NoCertificates);
    check(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        CaError::NoCertificates,
    );
    check(&"\n".repeat((1 << 20) + 1), CaError::TooLarge);
    std::fs::remove_file(&path).unwrap();
    let made = HttpClient::new(grant(&[], &[]), Some(&path), None, Names::loopback());
    assert!(matches!(made, Err(CaError::Unreadable(_))));
}
