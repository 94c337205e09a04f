"""The network going wrong in every way: nothing is sent twice, and "nothing was sent" is said only where it is so."""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import which
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from time import monotonic, sleep
from typing import Any

import pytest

from smscli.config.profile import Profile, Secret
from smscli.errors import ConfigError, OutcomeUnknownError, RefusedError, UnreachableError
from smscli.gateway.client import Gateway, describe_answer, is_loopback
from smscli.protocol.answers import SendAnswer
from smscli.protocol.forms import PATH, send_form
from smscli.sandbox.faults import NOT_ACCEPTING, Fault
from tests.support.command import Ended, Smscli
from tests.support.gateways import answer, answering, listening, read_request
from tests.support.sandboxes import RunningSandbox, numbers, write_config
from tests.support.waiting import free_port

PWD = "5ECRET-PWD"
SEND = ("send", "-p", "shop", "--mobile", "13800138000", "--content", "x")
FORM = send_form("x", "13800138000")
ANSWER = "0,2017122215592306537359081,0,1,0,提交成功"

StartSandbox = Callable[..., RunningSandbox]
Shop = Callable[..., None]


@pytest.fixture
def shop(home: Path) -> Shop:
    """Write a profile `shop` with the endpoint and any other keys."""

    def write(endpoint: str, **keys: str | float) -> None:
        values = {"endpoint": endpoint, "name": "demo", "pwd": PWD, "timeout": 1.0} | keys
        lines = [f"{key} = {value!r}" for key, value in values.items()]
        write_config(home, "[profiles.shop]\n" + "\n".join(lines) + "\n")

    return write


def profile(endpoint: str, timeout: float = 5) -> Profile:
    return Profile("shop", endpoint=endpoint, name="demo", pwd=Secret(PWD), timeout=timeout)


@pytest.fixture
def open_gateway() -> Iterator[Callable[..., Gateway]]:
    """Open gateways inside the test's process; they close behind the test."""
    with ExitStack() as stack:

        def opened(endpoint: str, timeout: float = 5) -> Gateway:
            gateway = Gateway(profile(endpoint, timeout))
            stack.callback(gateway.close)
            return gateway

        yield opened


def without_password(ended: Ended) -> Ended:
    assert PWD not in ended.out + ended.err
    assert "Traceback" not in ended.err
    return ended


# --- the table: every failure, and what may be said of it -----------------------------------------------------------

# What the sandbox accepted; of the faults in UNKNOWN nobody outside can tell.
QUEUED = dict.fromkeys(Fault, 1) | dict.fromkeys(NOT_ACCEPTING, 0)
# The gateway's own answer came whole, whatever came before or behind it.
ANSWERED = {Fault.HTTP_102, Fault.LATE_408, Fault.IDLE_408, Fault.WRONG_COUNTS, Fault.CODE_502, Fault.CODE_MINUS_2}
UNKNOWN = [fault for fault in Fault if fault not in ANSWERED]


@pytest.mark.parametrize("fault", UNKNOWN)
def test_after_most_faults_the_outcome_is_unknown_and_one_request_was_made(
    smscli: Smscli, start_sandbox: StartSandbox, shop: Shop, fault: Fault
) -> None:
    broken = start_sandbox(fault=fault)
    shop(broken.sandbox.endpoint)
    ended = without_password(smscli(*SEND))
    assert ended.code == 6
    assert ended.rows[0][1] == "unknown"
    assert "it is not known whether 1 number got the message" in ended.err
    assert "Nothing was sent" not in ended.err
    assert len(broken.requests) == 1
    assert len(broken.queued) == QUEUED[fault]


@pytest.mark.parametrize(
    ("fault", "start"),
    [
        (Fault.HTTP_102, "0,提交成功,1"), (Fault.LATE_408, "0,提交成功,1"), (Fault.IDLE_408, "0,提交成功,1"),
        (Fault.WRONG_COUNTS, "0,提交成功,0"), (Fault.CODE_502, "502,Bad Gateway,0"),
        (Fault.CODE_MINUS_2, "-2,系统繁忙,0"),
    ],
)  # fmt: skip
def test_what_the_gateway_answers_is_kept_whatever_stands_around_it(
    open_gateway: Callable[..., Gateway], start_sandbox: StartSandbox, fault: Fault, start: str
) -> None:
    broken = start_sandbox(fault=fault)
    gave = open_gateway(broken.sandbox.endpoint).send(FORM)
    assert f"{gave.code},{gave.msg},{gave.accepted}" == start
    assert len(broken.queued) == QUEUED[fault]


@pytest.mark.parametrize("fault", UNKNOWN)
def test_balance_after_most_faults_says_that_it_is_not_known(
    open_gateway: Callable[..., Gateway], start_sandbox: StartSandbox, fault: Fault
) -> None:
    broken = start_sandbox(fault=fault)
    with pytest.raises(UnreachableError, match=r"\. The balance is not known\.$") as caught:
        open_gateway(broken.sandbox.endpoint, 0.5).balance()
    assert "sent" not in str(caught.value)
    assert len(broken.requests) == 1


@contextmanager
def nothing_listens(_: RunningSandbox) -> Iterator[str]:
    yield f"http://127.0.0.1:{free_port()}{PATH}"


@contextmanager
def name_is_unknown(_: RunningSandbox) -> Iterator[str]:
    yield f"http://nosuch.invalid{PATH}"


@contextmanager
def nobody_accepts(_: RunningSandbox) -> Iterator[str]:
    """Yield a listener whose queue is full, so that a connection is never made."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as stack:
        for _n in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}{PATH}"


@contextmanager
def tls_to_a_plain_port(_: RunningSandbox) -> Iterator[str]:
    with listening(lambda connection: connection.sendall(answer("", status="400 Bad Request"))) as port:
        yield f"https://127.0.0.1:{port}{PATH}"


@contextmanager
def tls_to_the_sandbox(sandbox: RunningSandbox) -> Iterator[str]:
    yield sandbox.sandbox.endpoint.replace("http://", "https://")


@contextmanager
def tls_handshake_hangs(_: RunningSandbox) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}{PATH}"


@contextmanager
def tls_handshake_closed(_: RunningSandbox) -> Iterator[str]:
    with listening(lambda connection: None) as port:
        yield f"https://127.0.0.1:{port}{PATH}"


@pytest.mark.parametrize(
    ("failure", "timeout", "said"),
    [
        (nothing_listens, 10.0, "nothing listens there"),
        (name_is_unknown, 20.0, "its name is not known"),
        (nobody_accepts, 0.5, "no connection within 0.5 s"),
        (tls_to_a_plain_port, 10.0, "right http:// or https://"),
        (tls_to_the_sandbox, 0.5, "no connection within 0.5 s"),
        (tls_handshake_hangs, 0.5, "no connection within 0.5 s"),
        (tls_handshake_closed, 10.0, "the encrypted connection failed"),
    ],
)
def test_exit_code_5_only_where_nothing_can_have_been_sent(
    smscli: Smscli, sandbox: RunningSandbox, shop: Shop, failure: Any, timeout: float, said: str
) -> None:
    with failure(sandbox) as endpoint:
        shop(endpoint, timeout=timeout)
        ended = without_password(smscli(*SEND))
        assert ended.code == 5
        assert said in ended.err
        assert "Nothing was sent" in ended.err
        assert ended.rows[0][1] == "unreachable"
        assert without_password(smscli("balance", "-p", "shop")).code == 5
    assert sandbox.queued == []


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tls_sandbox(tmp_path: Path, sandbox: RunningSandbox) -> Iterator[tuple[str, Path]]:
    """Serve the sandbox's answers by TLS with a certificate that nobody knows; yields its endpoint and certificate."""
    openssl = which("openssl")
    if not openssl:
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:gateway.invalid",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    upstream = int(sandbox.sandbox.endpoint.split(":")[2].split("/")[0])

    def talk(connection: socket.socket) -> None:
        try:
            with (
                context.wrap_socket(connection, server_side=True) as secure,
                socket.create_connection(("127.0.0.1", upstream)) as plain,
            ):
                plain.sendall(read_request(secure).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                while part := plain.recv(65536):
                    secure.sendall(part)
        except OSError:  # the client did not trust it
            pass

    with listening(talk) as port:
        yield f"https://localhost:{port}{PATH}", certificate


def test_untrusted_certificate_sends_nothing_and_ca_bundle_mends_it(
    smscli: Smscli, sandbox: RunningSandbox, shop: Shop, tls_sandbox: tuple[str, Path]
) -> None:
    endpoint, certificate = tls_sandbox
    shop(endpoint, timeout=5.0)
    ended = without_password(smscli(*SEND, REQUESTS_CA_BUNDLE=str(certificate)))
    assert ended.code == 5
    assert "its certificate is not trusted" in ended.err
    assert "ca_bundle" in ended.err
    assert sandbox.requests == []
    shop(endpoint, timeout=5.0, ca_bundle=str(certificate))
    assert without_password(smscli(*SEND)).code == 0
    assert sandbox.queued == ["13800138000"]


def test_ca_bundle_that_does_not_exist_is_said_so(smscli: Smscli, shop: Shop) -> None:
    shop("https://localhost/", ca_bundle="/nosuch/ca.pem")
    ended = without_password(smscli(*SEND))
    assert (ended.code, ended.out) == (3, "")
    assert "there is no ca_bundle '/nosuch/ca.pem'. Nothing was sent." in ended.err


def test_ca_bundle_without_certificates_sends_nothing(smscli: Smscli, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with listening(lambda connection: None) as port:
        shop(f"https://localhost:{port}/", ca_bundle=str(tmp_path / "ca.pem"))
        assert without_password(smscli(*SEND)).code == 5


# --- the deadline ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"fault": Fault.DRIP}, {"latency": 10_000}])
def test_deadline_is_for_the_whole_exchange(
    smscli: Smscli, start_sandbox: StartSandbox, shop: Shop, settings: Any
) -> None:
    slow = start_sandbox(**settings)
    shop(slow.sandbox.endpoint, timeout=0.5)
    started = monotonic()
    ended = without_password(smscli(*SEND))
    assert ended.code == 6
    assert "gave no complete answer within 0.5 s" in ended.err
    assert monotonic() - started < 8  # dripping takes more than 20 s to its end


@pytest.mark.parametrize("function", ["getaddrinfo", "create_connection"])
def test_connection_made_after_the_deadline_sends_nothing(
    open_gateway: Callable[..., Gateway], sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    from urllib3.util import connection as urllib3_connection

    go, connected = threading.Event(), threading.Event()
    module: Any = socket if function == "getaddrinfo" else urllib3_connection
    original = getattr(module, function)

    def slow(*arguments: Any, **options: Any) -> Any:
        go.wait(10)
        try:
            return original(*arguments, **options)
        finally:
            connected.set()

    monkeypatch.setattr(module, function, slow)
    before = set(threading.enumerate())
    gateway = open_gateway(sandbox.sandbox.endpoint, 0.2)
    with pytest.raises(UnreachableError, match=r"no connection within 0\.2 s\. Nothing was sent"):
        gateway.send(FORM)
    go.set()
    let_posters_end(gateway, before)
    assert connected.is_set()
    assert sandbox.requests == []


def test_interrupted_exchange_sends_nothing_later(
    open_gateway: Callable[..., Gateway], sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    original = socket.getaddrinfo

    def slow(*arguments: Any, **options: Any) -> Any:
        go.wait(10)
        return original(*arguments, **options)

    def interrupt(_exchange: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setattr("smscli.gateway.exchange._Exchange.wait", interrupt)
    before = set(threading.enumerate())
    gateway = open_gateway(sandbox.sandbox.endpoint, 4.2)
    with pytest.raises(KeyboardInterrupt):
        gateway.send(FORM)
    go.set()
    let_posters_end(gateway, before)
    assert sandbox.requests == []


def let_posters_end(gateway: Gateway, before: set[threading.Thread]) -> None:
    """Wait until the threads that carried exchanges out are through with them."""
    patience = monotonic() + 10
    posters = [thread for thread in set(threading.enumerate()) - before if "_serve" in thread.name]
    assert posters
    while any(poster.is_alive() for poster in posters):
        assert monotonic() < patience
        gateway.close()
        posters[0].join(0.05)


def test_posters_are_used_again_but_not_while_they_hang(
    open_gateway: Callable[..., Gateway], sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = open_gateway(sandbox.sandbox.endpoint, 0.5)
    before = threading.active_count()
    for _ in range(20):
        assert gateway.send(FORM).code == 0
    assert threading.active_count() <= before + 3  # of the sandbox, one of ours
    gateway.close()
    go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: go.wait(10))
    with pytest.raises(UnreachableError):
        gateway.send(FORM)
    monkeypatch.undo()
    assert gateway.send(FORM).code == 0
    go.set()


# --- redirects, proxies, .netrc -------------------------------------------------------------------------------------


def test_redirect_is_not_followed(smscli: Smscli, start_sandbox: StartSandbox, shop: Shop) -> None:
    moved = start_sandbox(fault=Fault.REDIRECT)
    shop(moved.sandbox.endpoint)
    ended = smscli(*SEND)
    assert ended.code == 6
    assert "redirects to '/redirected'; that is not followed" in ended.err
    (request,) = moved.requests  # what reaches /redirected would be logged too
    assert request["fault"] == "redirect"


def test_environment_proxies_and_netrc_are_ignored(
    smscli: Smscli, sandbox: RunningSandbox, shop: Shop, home: Path
) -> None:
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login x password y\ndefault login x password y\n")
    netrc.chmod(0o600)
    dead = f"http://127.0.0.1:{free_port()}"
    variables = dict.fromkeys(
        ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), dead
    )
    seen: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(answer(ANSWER, "Connection: close"))

    with listening(talk) as port:
        shop(f"http://127.0.0.1:{port}{PATH}")
        assert smscli(*SEND, **variables).code == 0
    (request,) = seen
    assert request.startswith(f"POST {PATH} HTTP/1.1\r\n".encode())
    assert b"authorization" not in request.lower()
    # Also where the endpoint is not on this machine: its name is looked up here and not by a proxy.
    shop("http://nosuch.invalid/")
    ended = smscli(*SEND, **variables)
    assert ended.code == 5
    assert "its name is not known" in ended.err


def test_profile_proxy_is_used_but_never_for_this_machine(smscli: Smscli, sandbox: RunningSandbox, shop: Shop) -> None:
    seen: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(answer(ANSWER, "Connection: close"))

    with listening(talk) as port:
        proxy = f"http://user:pr0xy-PWD@127.0.0.1:{port}"
        shop(sandbox.sandbox.endpoint, proxy=proxy)
        assert smscli(*SEND).code == 0
        assert seen == []
        assert len(sandbox.queued) == 1
        shop(f"http://gateway.invalid{PATH}", proxy=proxy)
        ended = smscli(*SEND)
    assert ended.code == 0
    assert ended.rows[0][2] == "2017122215592306537359081"
    assert [request.split(b" ")[1] for request in seen] == [f"http://gateway.invalid{PATH}".encode()]


@pytest.mark.parametrize("endpoint", ["http://gateway.invalid/", "https://gateway.invalid/"])
def test_dead_proxy_sends_nothing_and_keeps_its_password(smscli: Smscli, shop: Shop, endpoint: str) -> None:
    shop(endpoint, proxy=f"http://user:pr0xy-PWD@127.0.0.1:{free_port()}")
    ended = without_password(smscli(*SEND))
    assert ended.code == 5
    assert "the profile's proxy made no connection. Nothing was sent." in ended.err
    assert "pr0xy-PWD" not in ended.out + ended.err


def test_proxy_that_refuses_a_tunnel_proves_that_nothing_was_sent(smscli: Smscli, shop: Shop) -> None:
    seen: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(answer("no", "Connection: close", status="407 Proxy Authentication Required"))

    with listening(talk) as port:
        shop("https://gateway.invalid/", proxy=f"http://127.0.0.1:{port}")
        ended = without_password(smscli(*SEND))
    assert ended.code == 5
    assert [request.split(b" ")[0] for request in seen] == [b"CONNECT"]


def test_send_through_a_tunnel_is_answered(
    smscli: Smscli, sandbox: RunningSandbox, shop: Shop, tls_sandbox: tuple[str, Path]
) -> None:
    endpoint, certificate = tls_sandbox
    upstream = int(endpoint.split(":")[2].split("/")[0])
    asked: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        asked.append(read_request(connection).split(b"\r\n")[0])
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", upstream)) as secure:
            back = threading.Thread(target=pump, args=(secure, connection))
            back.start()
            pump(connection, secure)
            back.join(5)

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)

    with listening(talk) as port:
        proxy = f"http://user:pr0xy-PWD@127.0.0.1:{port}"
        shop(f"https://gateway.invalid{PATH}", timeout=10.0, proxy=proxy, ca_bundle=str(certificate))
        ended = without_password(smscli(*SEND))
    assert (ended.code, sandbox.queued) == (0, ["13800138000"])
    assert [line.split(b" ")[:2] for line in asked] == [[b"CONNECT", b"gateway.invalid:443"]]


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://user:pr0xy-PWD@:x"])
def test_unusable_proxy_is_a_matter_of_the_profile(smscli: Smscli, shop: Shop, proxy: str) -> None:
    shop("http://gateway.invalid/", proxy=proxy)
    ended = without_password(smscli(*SEND))
    assert (ended.code, ended.out) == (3, "")
    assert "Nothing was sent" in ended.err
    assert "pr0xy-PWD" not in ended.err


@pytest.mark.parametrize("endpoint", ["http://a..b/", f"http://{'a' * 70}.cn/", "http://*.invalid/"])
def test_impossible_endpoint_is_a_matter_of_the_profile(smscli: Smscli, shop: Shop, endpoint: str) -> None:
    shop(endpoint)
    ended = without_password(smscli(*SEND))
    assert (ended.code, ended.out) == (3, "")
    assert "cannot be used." in ended.err


@pytest.mark.parametrize(
    ("endpoint", "here"),
    [
        ("http://127.0.0.1:8788/", True),
        ("http://127.8.9.1/", True),
        ("http://LOCALHOST/", True),
        ("http://[::1]:80/", True),
        ("http://127.0.0.1.example.com/", False),
        ("http://localhost.example.com/", False),
        ("http://127.example/", False),
        ("http://10.0.0.1/", False),
        ("http://[::2]/", False),
    ],
)
def test_only_this_machine_is_this_machine(endpoint: str, here: bool) -> None:
    assert is_loopback(endpoint) is here


@pytest.mark.parametrize("command", [SEND, ("balance", "-p", "shop")])
def test_clear_text_off_this_machine_gives_one_warning_line(
    smscli: Smscli, shop: Shop, command: tuple[str, ...]
) -> None:
    shop("http://nosuch.invalid/")
    warnings = [line for line in smscli(*command).err.splitlines() if "clear text" in line]
    assert len(warnings) == 1
    assert "nosuch.invalid" in warnings[0]


def test_no_warning_on_this_machine_nor_by_https(smscli: Smscli, sandbox: RunningSandbox, shop: Shop) -> None:
    shop(sandbox.sandbox.endpoint)
    assert smscli(*SEND, "--sign", "店").err == ""
    shop("https://nosuch.invalid/")
    assert "clear text" not in smscli(*SEND).err


# --- connections that are kept --------------------------------------------------------------------------------------


class Counting:
    """Serves answers on kept connections; closes each after `keep` answers, said or unsaid."""

    def __init__(self, keep: int, chunked: bool = False) -> None:
        self.connections: list[int] = []
        self.bodies: list[bytes] = []
        self._keep, self._chunked = keep, chunked

    def __call__(self, connection: socket.socket) -> None:
        self.connections.append(0)
        for _ in range(self._keep):
            request = read_request(connection)
            if not request:
                return
            self.connections[-1] += 1
            self.bodies.append(request.partition(b"\r\n\r\n")[2])
            connection.sendall(self._chunks() if self._chunked else answer(ANSWER))

    def _chunks(self) -> bytes:
        body = ANSWER.encode()
        halves = b"".join(b"%x\r\n%s\r\n" % (len(half), half) for half in (body[:20], body[20:]))
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + halves + b"0\r\n\r\n"


@pytest.mark.parametrize("chunked", [False, True])
def test_one_connection_serves_all_batches(open_gateway: Callable[..., Gateway], chunked: bool) -> None:
    server = Counting(keep=10, chunked=chunked)
    with listening(server) as port:
        gateway = open_gateway(f"http://127.0.0.1:{port}/")
        answers = [gateway.send(FORM) for _ in range(3)]
        gateway.close()
    assert {answer.msg for answer in answers} == {"提交成功"}
    assert server.connections == [3]


def test_kept_connection_that_was_closed_is_not_sent_on_twice(open_gateway: Callable[..., Gateway]) -> None:
    server = Counting(keep=1)
    with listening(server) as port:
        gateway = open_gateway(f"http://127.0.0.1:{port}/")
        outcomes = []
        for n in range(4):
            try:
                outcomes.append(gateway.send(FORM | {"content": str(n)}).code)
            except OutcomeUnknownError:  # it closed in the very moment; nothing may be repeated then
                outcomes.append(-1)
            sleep(0.02)
        gateway.close()
    sent = [body for body in server.bodies if body]
    assert len(sent) == len(set(sent)) == outcomes.count(0)


def test_connection_closed_while_the_request_is_on_its_way_is_not_repeated(
    open_gateway: Callable[..., Gateway],
) -> None:
    bodies: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        bodies.append(read_request(connection))
        connection.sendall(answer(ANSWER))
        bodies.append(read_request(connection))

    with listening(talk) as port:
        gateway = open_gateway(f"http://127.0.0.1:{port}/")
        assert gateway.send(FORM).code == 0
        with pytest.raises(OutcomeUnknownError, match="took the request and then closed the connection"):
            gateway.send(FORM)
        gateway.close()
    assert len(bodies) == 2


def test_every_batch_arrives_once_on_a_gateway_that_misbehaves_now_and_then(
    smscli: Smscli, start_sandbox: StartSandbox, shop: Shop
) -> None:
    people = numbers(10)
    broken = start_sandbox(fault=Fault.CLOSE_AFTER, fault_every=4)
    shop(broken.sandbox.endpoint)
    ended = smscli("send", "-p", "shop", "--content", "x", "--batch-size", "2", stdin="\n".join(people))
    assert ended.code == 6
    assert sorted(row[1] for row in ended.rows) == ["accepted"] * 4 + ["unknown"]
    assert sorted(broken.queued) == people
    assert "1 batch with outcome unknown, the first is" in ended.err


# --- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ANSWER, SendAnswer(0, "提交成功", "2017122215592306537359081", 0, 1, 0)),
        ("0, 20171222155923065373590811 ,0,1,0, a,b \r\n", SendAnswer(0, "a,b", "20171222155923065373590811", 0, 1, 0)),
        ("\ufeff" + ANSWER, SendAnswer(0, "提交成功", "2017122215592306537359081", 0, 1, 0)),
        ("13, IP鉴权失败\n", SendAnswer(13, "IP鉴权失败")),
        ("77,奇,怪", SendAnswer(77, "奇,怪")),
        ("-1,系统异常", SendAnswer(-1, "系统异常")),
    ],
)
def test_answers_are_read_as_they_come(open_gateway: Callable[..., Gateway], text: str, expected: SendAnswer) -> None:
    with answering(answer(text, "Connection: close")) as endpoint:
        assert open_gateway(endpoint).send(FORM) == expected


def test_answer_in_gbk_is_read(open_gateway: Callable[..., Gateway]) -> None:
    body = "13,IP鉴权失败".encode("gbk")
    reply = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body
    with answering(reply) as endpoint:
        assert open_gateway(endpoint).send(FORM).msg == "IP鉴权失败"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer("0,1,2"), "not one of this gateway"),
        (answer("ok"), "not one of this gateway: 'ok'"),
        (answer(ANSWER, status="500 Internal Server Error"), "HTTP 500"),
        (answer("<h1>gone</h1>", status="404 Not Found"), "Is the endpoint's path right?"),
        (answer("", "Location: http://evil.invalid/", status="308 Permanent Redirect"), "not followed"),
        (answer(" \r\n"), "an empty answer"),
        (answer("0," + "9" * 70_000), "too long"),
        (answer(" " * 70_000 + ANSWER), "too long"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc", "not one of this gateway"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "took the request"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "took the request"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", "took the request"),
        (b"HTTP/1.1 999999 OK\r\n\r\n", "took the request"),
        (b"\r\n\r\n", "took the request"),
    ],
)
def test_what_is_no_answer_leaves_the_outcome_unknown(
    open_gateway: Callable[..., Gateway], reply: bytes, said: str
) -> None:
    with answering(reply) as endpoint, pytest.raises(OutcomeUnknownError, match=said.replace("?", r"\?")):
        open_gateway(endpoint).send(FORM)


def test_refusal_names_the_words_of_the_gateway_the_code_and_both_meanings() -> None:
    said = describe_answer(2, "余额不足")
    assert said.startswith("the gateway refused: 余额不足 (code 2: 含有敏感词汇 / contains a sensitive word")
    assert "balance too low" in said
    assert describe_answer(77, "") == "the gateway refused: (no message) (code 77: not in the vendor's table)."
    assert "refused" not in describe_answer(-1, "系统异常", refused=False)


def test_message_of_the_gateway_stays_on_its_line() -> None:
    said = describe_answer(13, "no\nsmscli: all is well\r\u2028" + "x" * 70_000)
    assert len(said.splitlines()) == 1
    assert len(said) < 400


def test_balance_refused_keeps_the_code(open_gateway: Callable[..., Gateway]) -> None:
    with (
        answering(answer("13,IP鉴权失败", "Connection: close")) as endpoint,
        pytest.raises(RefusedError, match=r"IP鉴权失败 \(code 13"),
    ):
        open_gateway(endpoint).balance()


def test_request_carries_exactly_the_fields_of_the_protocol(open_gateway: Callable[..., Gateway]) -> None:
    seen: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(answer(ANSWER, "Connection: close"))

    with listening(talk) as port:
        open_gateway(f"http://127.0.0.1:{port}{PATH}").send(send_form("a&b 你", "13800138000,13800138001"))
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert b"content-type: application/x-www-form-urlencoded; charset=utf-8" in head.lower()
    assert body == (
        b"name=demo&pwd=5ECRET-PWD&content=a%26b+%E4%BD%A0&mobile=13800138000,13800138001&stime=&sign=&type=pt&extno="
    )


def test_password_that_is_no_text_is_a_matter_of_the_profile(open_gateway: Callable[..., Gateway]) -> None:
    with pytest.raises(ConfigError, match=r"is not UTF-8 text\.") as caught:
        Gateway(profile("http://127.0.0.1:1/")._replace(pwd=Secret("5ECRET\udcff")))
    assert "5ECRET" not in str(caught.value)


def test_threads_may_share_a_gateway(open_gateway: Callable[..., Gateway], sandbox: RunningSandbox) -> None:
    gateway = open_gateway(sandbox.sandbox.endpoint)
    people = numbers(40)
    threads = [threading.Thread(target=gateway.send, args=(send_form("x", mobile),)) for mobile in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(sandbox.queued) == sorted(people)


@pytest.mark.parametrize("pwd", ["5ECRET-PWD", "p&w=é <1>"])
@pytest.mark.parametrize("status", ["200 OK", "500 Oops", "307 Elsewhere"])
def test_a_gateway_that_repeats_the_password_does_not_make_us_print_it(
    smscli: Smscli, home: Path, pwd: str, status: str
) -> None:
    from html import escape
    from urllib.parse import quote, quote_plus

    spellings = {pwd, quote(pwd), quote_plus(pwd), quote(pwd, safe=""), escape(pwd)}
    for text in [f"your pwd={spelling}&x" for spelling in spellings] + [f"13,no {spelling}" for spelling in spellings]:
        location = f"Location: /?pwd={quote(pwd)}" if status.startswith("3") else "X: y"
        body = text.encode()
        reply = (
            f"HTTP/1.1 {status}\r\n{location}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        with answering(reply) as endpoint:
            ended = smscli(*SEND[:1], *SEND[3:], SMSCLI_ENDPOINT=endpoint, SMSCLI_NAME="demo", SMSCLI_PWD=pwd)
        kept = b"".join(file.read_bytes() for file in home.rglob("ledger.db*")).decode("utf-8", "replace")
        assert ended.code in (4, 6)
        assert not any(spelling in ended.out + ended.err + kept for spelling in spellings)


def test_counts_that_no_gateway_gives_are_no_answer(smscli: Smscli) -> None:
    reply = answer(f"0,2026112220430257320036272,0,{'9' * 26},0,ok", "Connection: close")
    with answering(reply) as endpoint:
        ended = smscli(*SEND[:1], *SEND[3:], SMSCLI_ENDPOINT=endpoint, SMSCLI_NAME="demo", SMSCLI_PWD=PWD)
    assert ended.code == 6
    assert smscli("runs").code == 0


@pytest.mark.parametrize(
    ("code", "said", "sentence"),
    [
        (3, "没有号码", "the gateway refused: 没有号码 (code 3)."),
        (1, "含有敏感词汇", "the gateway refused: 含有敏感词汇 (code 1: reword the content)."),
        (1, "有敏感词", "the gateway refused: 有敏感词 (code 1: 含有敏感词汇; reword the content)."),
        (77, "", "the gateway refused: (no message) (code 77: not in the vendor's table)."),
    ],
)
def test_where_chinese_is_spoken_a_code_is_explained_in_chinese_and_not_twice(
    monkeypatch: pytest.MonkeyPatch, code: int, said: str, sentence: str
) -> None:
    monkeypatch.setattr("smscli.protocol.codes.language", lambda: "zh")  # the catalog stays in English here
    assert describe_answer(code, said) == sentence
