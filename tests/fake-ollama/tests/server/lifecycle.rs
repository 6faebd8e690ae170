//! Stopping, dying and restarting.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use socket2::{Domain, Socket, Type};

use crate::client::{Client, PATIENCE, ask, ask_status, question, request_text};

/// Reserves a port while the value lives, even if no server uses it. If the system does not let sockets share a port,
/// returns any free one.
fn reserved_port() -> (Option<Socket>, u16) {
    if !cfg!(target_os = "linux") {
        return (None, 0);
    }
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("an address can be shared");
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
    let address = socket.local_addr().expect("its address").as_socket().expect("an address with a port");
    (Some(socket), address.port())
}

fn refuses(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[test]
fn restarted_server_keeps_counts() {
    let server = FakeOllama::start(Script::new());
    let mut kept = Client::connect(&server);
    kept.ask("p").expect("an answer");
    server.stop();
    assert!(refuses(server.port()) && !server.is_up());
    assert!(kept.ask("p").is_err());
    server.restart();
    assert_eq!(ask_status(&server, "p"), 200);
    assert_eq!((server.generate_count(), server.questions()[1].attempt), (2, Some(2)));
}

#[test]
fn new_server_can_reuse_port() {
    let first = FakeOllama::start(Script::new());
    ask_status(&first, "p");
    first.stop();
    let second = FakeOllama::start_on(first.port(), Script::new().rule(When::question(), Reply::status(500, "new")));
    assert_eq!(first.url(), second.url());
    assert_eq!(ask_status(&second, "p"), 500);
    assert_eq!((first.generate_count(), second.generate_count()), (1, 1));
}

#[test]
fn dropped_server_refuses() {
    let (_reservation, port) = reserved_port();
    let server = FakeOllama::start_on(port, Script::new());
    let port = server.port();
    drop(server);
    assert!(refuses(port));
}

#[test]
fn used_port_is_an_error() {
    let server = FakeOllama::start(Script::new());
    assert!(FakeOllama::try_start_on(server.port(), Script::new()).is_err());
}

#[test]
fn stop_ends_hanging_requests() {
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::hang_before_headers()));
    let mut client = Client::connect(&server);
    client.send(&request_text("POST", "/api/generate", &question("p")));
    server.wait_for_questions(1, PATIENCE);
    server.stop();
    assert!(client.receive().is_err());
    assert_eq!((server.counts().in_flight, server.answered_count()), (0, 0));
}

#[test]
fn dying_server_closes_all_connections() {
    let server = FakeOllama::start(Script::new().rule(When::question().nth(2), Reply::die()));
    let mut idle = Client::connect(&server);
    idle.ask("first").expect("an answer");
    assert!(ask(&server, "second").is_err());
    server.wait_until_down(PATIENCE);
    assert!(refuses(server.port()) && idle.ask("third").is_err());
    server.restart();
    assert_eq!(ask_status(&server, "second"), 200);
    assert_eq!((server.generate_count(), server.answered_count()), (3, 2));
}

#[test]
fn server_restarts_after_pause() {
    let script = Script::new().rule(When::question().nth(1), Reply::die_for(Duration::from_millis(20)));
    let server = FakeOllama::start(script);
    assert!(ask(&server, "p").is_err());
    while TcpStream::connect(("127.0.0.1", server.port())).is_err() {
        thread::yield_now();
    }
    assert_eq!(ask_status(&server, "p"), 200);
}

#[test]
fn dropped_server_never_restarts() {
    let script = Script::new().rule(When::question(), Reply::die_for(Duration::from_secs(3600)));
    let (_reservation, port) = reserved_port();
    let server = FakeOllama::start_on(port, script);
    assert!(ask(&server, "p").is_err());
    server.wait_until_down(PATIENCE);
    let port = server.port();
    drop(server);
    assert!(refuses(port));
}
