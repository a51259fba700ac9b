//! Against tiny servers on this machine, one thread each.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use trailhound_env::{HttpTransport, Response, TransportError, TransportErrorKind, collect_body};

use super::*;

/// A server whose connections are handled one after the other; the address, and what each handler told.
fn serve<T: Send + 'static>(
    mut handle: impl FnMut(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (told, hear) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = told.send(handle(stream.unwrap()));
        }
    });
    (address, hear)
}

/// The request's head, in lines.
fn read_head(stream: &mut impl Read) -> Vec<String> {
    let lines = BufReader::with_capacity(1, stream).lines();
    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect()
}

/// Answers every connection with the same bytes and hangs up; tells the heads of the requests.
fn answer(bytes: &'static [u8]) -> (SocketAddr, mpsc::Receiver<Vec<String>>) {
    serve(move |mut stream| {
        let head = read_head(&mut stream);
        stream.write_all(bytes).unwrap();
        head
    })
}

fn quick() -> NetProfile {
    NetProfile {
        connect_timeout: Duration::from_secs(2),
        first_byte_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(300),
        ..NetProfile::default()
    }
}

fn send(
    profile: &NetProfile,
    url: &str,
) -> Result<(Response, Result<Bytes, TransportError>), TransportError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let transport = ReqwestTransport::new(profile).unwrap();
    let request = http::Request::builder()
        .uri(url)
        .header("authorization", "Bearer secret-token")
        .body(Bytes::new())
        .unwrap();
    runtime.block_on(async {
        let mut response = transport.send(request).await?;
        let body = std::mem::replace(&mut response.body, futures::stream::empty().boxed());
        let body = collect_body(body, 1 << 20, "test").await;
        Ok((response, body))
    })
}

fn fails(profile: &NetProfile, url: &str) -> TransportError {
    match send(profile, url) {
        Err(error) | Ok((_, Err(error))) => error,
        Ok((response, Ok(_))) => panic!("answered with {}", response.status),
    }
}

#[test]
fn an_answer_is_given_as_sent() {
    let (address, heads) =
        answer(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Encoding: gzip\r\nNextPageUri: x\r\nContent-Length: 3\r\n\r\n\x1f\x8bz");
    let (response, body) = send(&quick(), &format!("http://{address}/a$b?c=d%2Be")).unwrap();
    assert_eq!(response.status, 302, "no redirect is followed");
    assert_eq!(response.headers["nextpageuri"], "x");
    assert_eq!(&body.unwrap()[..], b"\x1f\x8bz", "no coding is undone");
    let head = heads.recv().unwrap();
    assert_eq!(head[0], "GET /a$b?c=d%2Be HTTP/1.1");
    assert!(head.iter().any(|line| line.eq_ignore_ascii_case("authorization: Bearer secret-token")));
    assert!(!head.iter().any(|line| line.to_lowercase().starts_with("accept-encoding")));
}

#[test]
fn a_body_cut_short_is_an_error() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let (address, _heads) = answer(bytes);
        let (response, body) = send(&quick(), &format!("http://{address}/")).unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(body.unwrap_err().kind, TransportErrorKind::Interrupted);
    }
    let (address, _heads) = answer(b"HTTP/1.1 20");
    assert_eq!(fails(&quick(), &format!("http://{address}/")).kind, TransportErrorKind::Interrupted);
}

/// What a person reads about failures in the middle of an exchange and before it.
#[test]
fn failures_are_told_without_the_libraries_words() {
    let (cut, _heads) = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    let (half, _heads) = answer(b"HTTP/1.1 20");
    let (closed, _heads) = answer(b"");
    let (odd, _heads) = answer(b"no http at all\r\n\r\n");
    let (plain, _heads) = answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let (refusing, _heads) = answer(b"HTTP/1.1 403 Forbidden\r\n\r\n");
    let (asking, _heads) = answer(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let through = |proxy: String| NetProfile { proxy: Some(format!("http://{proxy}")), ..quick() };
    let https = "https://localhost:7443/";
    let told = [
        fails(&quick(), &format!("http://{cut}/")),
        fails(&quick(), &format!("http://{half}/")),
        fails(&quick(), &format!("http://{closed}/")),
        fails(&quick(), &format!("http://{odd}/")),
        fails(&quick(), &format!("https://{plain}/")),
        fails(&through(refusing.to_string()), https),
        fails(&through(asking.to_string()), https),
        fails(&through(free.to_string()), https),
        fails(&through("no-such-host.invalid:80".to_owned()), https),
    ]
    .map(|error| error.detail);
    let ended = "the connection ended before the answer did";
    let expected = [
        ended,
        ended,
        ended,
        "invalid HTTP version parsed",
        "what answers there does not speak TLS",
        "it refused to connect to the host",
        "proxy authorization required",
        "connection refused",
        "the proxy's name could not be resolved",
    ];
    assert_eq!(told, expected);
}

#[test]
fn silence_ends_in_a_time_out() {
    for start in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"] {
        let (release, wait) = mpsc::channel::<()>();
        let (address, _heads) = serve(move |mut stream| {
            read_head(&mut stream);
            stream.write_all(start).unwrap();
            let _ = wait.recv();
        });
        let profile = NetProfile { connect_timeout: Duration::from_millis(200), ..quick() };
        let error = fails(&profile, &format!("http://{address}/"));
        assert_eq!(error.kind, TransportErrorKind::Timeout, "{error}");
        drop(release);
    }
}

#[test]
fn hosts_that_cannot_be_reached() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = fails(&quick(), &format!("http://{free}/?token=abc"));
    assert_eq!((refused.kind, refused.host.as_str()), (TransportErrorKind::Connect, "127.0.0.1"));
    assert_eq!(refused.to_string(), "no connection could be made (127.0.0.1): connection refused");
    let unknown = fails(&quick(), "http://no-such-host.invalid/");
    assert_eq!(unknown.kind, TransportErrorKind::Dns, "{unknown}");
    assert_eq!(unknown.detail, "the name could not be resolved");
}

struct Identity {
    config: Arc<ServerConfig>,
    pem: String,
}

fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Identity { config: Arc::new(config), pem: made.cert.pem() }
}

/// Speaks TLS on the connection and answers `ok`.
fn answer_tls(config: &Arc<ServerConfig>, stream: TcpStream) -> Vec<String> {
    let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
    let head = read_head(&mut stream);
    if !head.is_empty() {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
    head
}

#[test]
fn an_extra_ca_is_trusted_and_nothing_else_is() {
    let identity = identity();
    let config = identity.config.clone();
    let (address, _heads) = serve(move |stream| answer_tls(&config, stream));
    let url = format!("https://localhost:{}/", address.port());
    let error = fails(&quick(), &url);
    assert_eq!(error.kind, TransportErrorKind::Tls, "{error}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &identity.pem).unwrap();
    let profile = NetProfile { extra_ca_file: Some(file.clone()), ..quick() };
    assert_eq!(&send(&profile, &url).unwrap().1.unwrap()[..], b"ok");

    for damaged in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&file, damaged).unwrap();
        assert!(matches!(ReqwestTransport::new(&profile), Err(NetError::CaFile { .. })), "{damaged}");
    }
    std::fs::remove_file(&file).unwrap();
    assert!(ReqwestTransport::new(&profile).unwrap_err().to_string().contains("ca.pem"));
}

/// A proxy that lets everything through to one address.
fn proxy_to(target: SocketAddr) -> (SocketAddr, mpsc::Receiver<Vec<String>>) {
    serve(move |mut client| {
        let head = read_head(&mut client);
        let mut server = TcpStream::connect(target).unwrap();
        if head[0].starts_with("CONNECT") {
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        } else {
            server.write_all((head.join("\r\n") + "\r\n\r\n").as_bytes()).unwrap();
        }
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        thread::spawn(move || std::io::copy(&mut server, &mut client));
        head
    })
}

#[test]
fn a_proxy_is_used_with_its_password_and_never_shows_it() {
    let identity = identity();
    let config = identity.config.clone();
    let (tls, _) = serve(move |stream| answer_tls(&config, stream));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &identity.pem).unwrap();
    let (proxy, heads) = proxy_to(tls);
    let profile = NetProfile {
        proxy: Some(format!("http://user:hunter2@{proxy}")),
        extra_ca_file: Some(file),
        ..quick()
    };
    assert!(!format!("{profile:?}").contains("hunter2"));
    let (_, body) = send(&profile, "https://localhost:7443/").unwrap();
    assert_eq!(&body.unwrap()[..], b"ok");
    let head = heads.recv().unwrap();
    assert_eq!(head[0], "CONNECT localhost:7443 HTTP/1.1");
    let basic = "proxy-authorization: basic dxnlcjpodw50zxiy";
    assert!(head.iter().any(|line| line.to_lowercase() == basic), "{head:?}");
    assert!(!head.iter().any(|line| line.contains("secret-token")), "the token is for the server alone");

    let (plain, _) = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let (proxy, heads) = proxy_to(plain);
    let profile = NetProfile { proxy: Some(format!("http://{proxy}")), ..quick() };
    let (_, body) = send(&profile, "http://host.invalid/path?x=1").unwrap();
    assert_eq!(&body.unwrap()[..], b"ok");
    assert_eq!(heads.recv().unwrap()[0], "GET http://host.invalid/path?x=1 HTTP/1.1");
}

#[test]
fn a_proxy_that_refuses_is_told_as_such() {
    for refusal in
        [&b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..], b"HTTP/1.1 403 Forbidden\r\n\r\n", b""]
    {
        let (proxy, _heads) = answer(refusal);
        let profile = NetProfile { proxy: Some(format!("http://user:hunter2@{proxy}")), ..quick() };
        let error = fails(&profile, "https://localhost:7443/");
        assert_eq!(error.kind, TransportErrorKind::Proxy, "{error}");
        assert!(!error.to_string().contains("hunter2"));
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let profile = NetProfile { proxy: Some(format!("http://{free}")), ..quick() };
    assert_eq!(fails(&profile, "https://localhost:7443/").kind, TransportErrorKind::Proxy);
    let nonsense = NetProfile { proxy: Some("ftp://u:hunter2@host".to_owned()), ..quick() };
    let error = ReqwestTransport::new(&nonsense).unwrap_err();
    assert_eq!(error.to_string(), "`host` is not the address of a proxy");
}

/// Runs [`child`] in a process of its own, whose environment can be chosen.
fn in_child(environment: &[(&str, String)]) -> bool {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::child", "--ignored"]).envs(environment.iter().cloned());
    command.output().unwrap().status.success()
}

#[test]
#[ignore = "a part of `the_environment_names_a_proxy_and_its_exceptions`"]
fn child() {
    let url = std::env::var("TRAILHOUND_TEST_URL").unwrap();
    assert_eq!(&send(&quick(), &url).unwrap().1.unwrap()[..], b"ok");
}

#[test]
fn the_environment_names_a_proxy_and_its_exceptions() {
    let (server, _) = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let (proxy, heads) = proxy_to(server);
    let url = "http://host.invalid/".to_owned();
    let through = [
        ("TRAILHOUND_TEST_URL", url),
        ("http_proxy", format!("http://{proxy}")),
        ("NO_PROXY", String::new()),
    ];
    assert!(in_child(&through));
    assert_eq!(heads.recv().unwrap()[0], "GET http://host.invalid/ HTTP/1.1");

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = ("TRAILHOUND_TEST_URL", format!("http://{server}/"));
    let dead = ("http_proxy", format!("http://{free}"));
    assert!(in_child(&[url.clone(), dead.clone(), ("NO_PROXY", "127.0.0.1".to_owned())]));
    assert!(!in_child(&[url, dead, ("NO_PROXY", String::new())]));
}

#[test]
fn equal_profiles_share_a_transport_until_the_ca_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, identity().pem).unwrap();
    let pool = TransportPool::new();
    let profile = NetProfile { extra_ca_file: Some(file.clone()), ..quick() };
    let first = pool.get(&profile).unwrap();
    assert!(Arc::ptr_eq(&first, &pool.get(&profile.clone()).unwrap()));
    assert!(!Arc::ptr_eq(&first, &pool.get(&quick()).unwrap()));
    std::fs::write(&file, identity().pem).unwrap();
    assert!(!Arc::ptr_eq(&first, &pool.get(&profile).unwrap()));
}
