"""The sandbox gateway, over real sockets: what it accepts (protocol §5), answers, charges, logs and breaks."""

import errno
import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, IncompleteRead
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest
import requests

from smscli.commands import sandbox as sandbox_command
from smscli.httpd.request import BODY_LIMIT, Request, Response
from smscli.httpd.server import Server
from smscli.protocol.forms import PATH
from smscli.sandbox import faults
from smscli.sandbox import gateway as sandbox_module
from smscli.sandbox.faults import Fault
from smscli.sandbox.gateway import ACCOUNT_CODES, CONTENT_CODES, Sandbox
from tests.support.command import Smscli

FORM = {"name": "demo", "pwd": "s3cret", "content": "你好", "mobile": "13800138000", "sign": "签名", "type": "pt"}
ACCEPTED = re.compile(r"0,[0-9]{25},0,1,0,提交成功")


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def sandbox(log: io.StringIO) -> Iterator[Sandbox]:
    with Sandbox(log=log) as running:
        yield running


def post(sandbox: Sandbox, fields: Mapping[str, str]) -> str:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(sandbox.endpoint, data=fields, timeout=5)
    assert answer.status_code == 200
    return answer.content.decode()


def address(sandbox: Sandbox) -> tuple[str, int]:
    return "127.0.0.1", urlsplit(sandbox.endpoint).port or 0


def raw(sandbox: Sandbox, request: bytes) -> bytes:
    """Send bytes as they stand, and return all that comes until the connection closes."""
    with socket.create_connection(address(sandbox), timeout=5) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def raw_text(sandbox: Sandbox, request: bytes) -> str:
    head, _, body = raw(sandbox, request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    return body.decode()


def entries(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


# --- what it answers ----------------------------------------------------------------------------------------------


def test_answers_like_the_gateway(sandbox: Sandbox) -> None:
    answer = requests.post(sandbox.endpoint, data=FORM, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert ACCEPTED.fullmatch(answer.content.decode("utf-8"))
    assert post(sandbox, FORM | {"name": "closed"}) == "11,账号注销"


def test_balance(sandbox: Sandbox) -> None:
    assert post(sandbox, {"name": "demo", "pwd": "x", "type": "balance"}) == "0,1000"
    post(sandbox, FORM)
    assert post(sandbox, {"name": "demo", "pwd": "x", "type": "balance"}) == "0,999"
    assert post(sandbox, {"name": "suspended", "pwd": "x", "type": "balance"}) == "12,账号停用"


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"name": "nosuch"}, "10,账号不存在"),
        ({"name": ""}, "10,账号不存在"),
        ({"pwd": "wrong"}, "10,账号不存在"),
        ({"pwd": ""}, "10,账号不存在"),
        ({"name": "closed"}, "11,账号注销"),
        ({"name": "suspended"}, "12,账号停用"),
        ({"name": "blocked-ip"}, "13,IP鉴权失败"),
        ({"name": "malformed"}, "14,格式错误"),
        ({"name": "broken"}, "-1,系统异常"),
        ({"type": "gx"}, "14,格式错误"),
        ({"type": ""}, "14,格式错误"),
        ({"content": ""}, "14,格式错误"),
        ({"content": "字" * 501}, "14,格式错误"),
        ({"content": "字" * 499 + "😀"}, "14,格式错误"),
        ({"stime": "2026-12-01 9h"}, "14,格式错误"),
        ({"extno": "12a"}, "14,格式错误"),
        ({"extno": "１２"}, "14,格式错误"),
        ({"mobile": ""}, "3,没有号码"),
        ({"mobile": " , ,"}, "3,没有号码"),
        ({"content": "有敏感词"}, "1,含有敏感词汇"),
        ({"content": "SELECT * From t"}, "4,包含sql语句"),
        ({"content": "没有号码"}, "3,没有号码"),
        ({"content": "格式错误"}, "14,格式错误"),
        ({"content": "系统异常"}, "-1,系统异常"),
        ({"content": "余额不足"}, "2,余额不足"),
    ],
)
def test_refuses(sandbox: Sandbox, log: io.StringIO, change: dict[str, str], answer: str) -> None:
    assert post(sandbox, FORM | change) == answer
    assert sandbox.balance == 1000
    (entry,) = entries(log)
    assert (entry["code"], entry["queued"], entry["sendid"]) == (int(answer.split(",")[0]), False, "")


@pytest.mark.parametrize("missing", ["name", "pwd"])
def test_an_absent_account_does_not_exist(sandbox: Sandbox, missing: str) -> None:
    assert post(sandbox, {key: value for key, value in FORM.items() if key != missing}) == "10,账号不存在"


@pytest.mark.parametrize(
    "change",
    [{"stime": "2026-12-01 09:00:00"}, {"stime": ""}, {"extno": "008"}, {"content": "字" * 500}, {"unknown": "x"}],
)
def test_accepts(sandbox: Sandbox, change: dict[str, str]) -> None:
    assert ACCEPTED.fullmatch(post(sandbox, FORM | change))


def test_counts_numbers(sandbox: Sandbox) -> None:
    answer = post(sandbox, FORM | {"mobile": "13800138000, 13800138001 ,,1380013,x,12800138000,13800138099,"})
    assert answer.split(",", 2)[2] == "3,2,1,提交成功"
    assert sandbox.balance == 998


def test_charges_parts_with_the_signature(sandbox: Sandbox) -> None:
    post(sandbox, FORM | {"content": "字" * 66})
    assert sandbox.balance == 999
    post(sandbox, FORM | {"content": "字" * 67})
    assert sandbox.balance == 997


def test_too_little_balance_charges_nothing() -> None:
    with Sandbox(balance=1) as sandbox:
        assert post(sandbox, FORM | {"mobile": "13800138000,13800138001"}) == "2,余额不足"
        assert sandbox.balance == 1
        assert post(sandbox, FORM).startswith("0,")
        assert sandbox.balance == 0


def test_charges_exactly_under_concurrent_requests(log: io.StringIO) -> None:
    with Sandbox(balance=150, log=log) as sandbox, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: post(sandbox, FORM | {"content": "字" * 70}), range(100)))
        assert sandbox.balance == 0
    accepted = [answer for answer in answers if answer.startswith("0,")]
    assert len(accepted) == 75
    assert set(answers) - set(accepted) == {"2,余额不足"}
    assert len({answer.split(",")[1] for answer in accepted}) == 75
    assert sum(bool(entry["queued"]) for entry in entries(log)) == 75


def test_sendid_starts_with_china_time(sandbox: Sandbox) -> None:
    sendid = post(sandbox, FORM).split(",")[1]
    china = time.time() + 8 * 3600
    assert sendid[:12] in {time.strftime("%Y%m%d%H%M", time.gmtime(moment)) for moment in (china - 5, china)}


def test_documents_every_magic_value() -> None:
    for text in (sandbox_module.__doc__, sandbox_command.command.__doc__):
        assert text
        assert [magic for magic in [*ACCOUNT_CODES, *CONTENT_CODES] if magic not in text] == []


# --- what it accepts (protocol §5) --------------------------------------------------------------------------------


def request_bytes(target: bytes, body: bytes = b"", *headers: bytes, method: bytes = b"POST") -> bytes:
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: gateway", b"Connection: close", *headers]
    if not any(header.lower().startswith(b"transfer-encoding") for header in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


QUERY = urlencode(FORM).encode()
TARGET = PATH.encode()
RAW = "name=demo&pwd=s3cret&type=pt&mobile=13800138000&sign=签名&content=今天 5% 折扣"


@pytest.mark.parametrize(
    "request_",
    [
        request_bytes(TARGET + b"?" + QUERY, method=b"GET"),
        request_bytes(TARGET, QUERY),
        request_bytes(TARGET + b"?" + QUERY),
        request_bytes(TARGET + b"?", QUERY),
        request_bytes(TARGET.upper(), QUERY.replace(b"mobile=", b"Mobile=").replace(b"name=", b"NAME=")),
        request_bytes(b"http://127.0.0.1" + TARGET, QUERY),
        request_bytes(TARGET, RAW.encode()),
        request_bytes(TARGET, RAW.encode("gbk")),
        request_bytes(TARGET, urlencode(FORM, encoding="gbk").encode()),
        request_bytes(TARGET + b"?" + RAW.encode(), method=b"GET"),
        request_bytes(TARGET + b"?" + RAW.encode("gbk"), method=b"GET"),
        b"GET " + TARGET + b"?" + QUERY + b" HTTP/1.0\r\n\r\n",
        b"POST " + TARGET + b" HTTP/1.0\nContent-Length: %d\n\n" % len(QUERY) + QUERY,
        b"\r\n" + request_bytes(TARGET, QUERY),
        request_bytes(TARGET, b"%x\r\n%b\r\n0\r\nX: y\r\n\r\n" % (len(QUERY), QUERY), b"Transfer-Encoding: chunked"),
    ],
    ids=[
        "get", "post", "post-query", "trailing-?", "other-case", "absolute", "raw-utf-8", "raw-gbk", "gbk",
        "raw-get", "raw-gbk-get", "http-1.0", "http-1.0-bare-lf", "leading-line", "chunked",
    ],
)  # fmt: skip
def test_takes_what_clients_send(sandbox: Sandbox, log: io.StringIO, request_: bytes) -> None:
    assert ACCEPTED.fullmatch(raw_text(sandbox, request_))
    (entry,) = entries(log)
    assert entry["content"] in ("你好", "今天 5% 折扣")
    assert (entry["sign"], entry["mobile"]) == ("签名", ["13800138000"])


def test_takes_every_escaped_character(sandbox: Sandbox, log: io.StringIO) -> None:
    text = "a b%25+&=#?/ü"
    target = TARGET + b"?" + QUERY.replace(quote("你好").encode(), quote(text, safe="").encode())
    raw_text(sandbox, request_bytes(target, method=b"GET"))
    assert entries(log)[0]["content"] == text


def test_takes_multipart(sandbox: Sandbox, log: io.StringIO) -> None:
    answer = requests.post(sandbox.endpoint, files={key: (None, text) for key, text in FORM.items()}, timeout=5)
    assert ACCEPTED.fullmatch(answer.content.decode())
    assert entries(log)[0]["content"] == "你好"


def test_says_continue_to_who_waits_for_it(sandbox: Sandbox) -> None:
    head = request_bytes(TARGET, b"", b"Expect: 100-continue").replace(b"Length: 0", b"Length: %d" % len(RAW.encode()))
    with socket.create_connection(address(sandbox), timeout=5) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(RAW.encode())
        assert b"HTTP/1.1 200 OK" in connection.recv(1000)


def test_takes_bytes_one_by_one(sandbox: Sandbox) -> None:
    with socket.create_connection(address(sandbox), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request_bytes(TARGET, QUERY):
            connection.sendall(bytes((byte,)))
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_keeps_the_connection(sandbox: Sandbox) -> None:
    connection = HTTPConnection(*address(sandbox), timeout=5)
    for _ in range(3):
        connection.request("POST", PATH, QUERY)
        own = connection.sock
        assert ACCEPTED.fullmatch(connection.getresponse().read().decode())
        assert connection.sock is own
    connection.close()


def test_takes_pipelined_requests(sandbox: Sandbox) -> None:
    first = request_bytes(TARGET, QUERY).replace(b"Connection: close\r\n", b"")
    assert raw(sandbox, first + b"\r\n" + request_bytes(TARGET, QUERY)).count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (request_bytes(TARGET).replace(b"Length: 0", b"Length: ten"), 400),
        (request_bytes(TARGET).replace(b"Length: 0", b"Length: -1"), 400),
        (request_bytes(TARGET, b"x", b"Content-Length: 2"), 400),
        (request_bytes(TARGET, b"0\r\n\r\n", b"Transfer-Encoding: chunked", b"Content-Length: 5"), 400),
        (request_bytes(TARGET, b"zz\r\n", b"Transfer-Encoding: chunked"), 400),
        (request_bytes(TARGET, b"1\r\nab\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
        (request_bytes(TARGET, b"100001\r\n" + b"x" * 0x100001, b"Transfer-Encoding: chunked"), 413),
        (request_bytes(TARGET, b"", b"Transfer-Encoding: gzip"), 501),
        (request_bytes(TARGET, b"", b"no header"), 400),
        (request_bytes(TARGET, b"", b"X: " + b"x" * 70_000), 431),
        (request_bytes(TARGET, b"x" * (BODY_LIMIT + 1)), 413),
        (request_bytes(TARGET).replace(b"Length: 0", b"Length: 99999999999999999999"), 413),
        (request_bytes(TARGET).replace(b"Length: 0", b"Length: 999999999999999999999"), 400),
        (request_bytes(TARGET).replace(b"Length: 0", b"Length: +0"), 400),
        (request_bytes(TARGET, method=b"DELETE"), 405),
        (request_bytes(b"/"), 404),
        (b"GET " + TARGET + b"\r\n\r\n", 400),
        (b"\x16\x03\x01 hello\r\n\r\n", 400),
    ],
)
def test_refuses_what_is_no_request(sandbox: Sandbox, log: io.StringIO, request_: bytes, status: int) -> None:
    assert raw(sandbox, request_).startswith(b"HTTP/1.1 %d " % status)
    assert log.getvalue() == ""


def test_long_runs_of_spaces_cost_no_time(sandbox: Sandbox) -> None:
    begin = time.process_time()
    raw(sandbox, b"GET /" + b" " * 60_000 + b"x\r\n\r\n")
    raw(sandbox, request_bytes(b"/", b"", b"X: a" + b" " * 60_000 + b"b"))
    assert time.process_time() - begin < 1


def test_a_failing_responder_answers_500(capsys: pytest.CaptureFixture[str]) -> None:
    async def respond(request: Request) -> Response:
        raise ValueError("a bug")

    server = Server(respond)
    server.start()
    answer = requests.get(f"http://127.0.0.1:{server.port}/", timeout=5)
    server.stop()
    assert answer.status_code == 500
    assert "ValueError: a bug" in capsys.readouterr().err


# --- how it breaks ------------------------------------------------------------------------------------------------

NOT_ACCEPTED = {
    Fault.CLOSE_BEFORE, Fault.RESET_BEFORE, Fault.HTTP_502, Fault.REDIRECT, Fault.REDIRECT_BROKEN,
    Fault.REDIRECT_CHINESE, Fault.GZIP_BOMB,
}  # fmt: skip
SILENT = {
    Fault.CLOSE_BEFORE: ConnectionError,
    Fault.CLOSE_AFTER: ConnectionError,
    Fault.RESET_BEFORE: ConnectionResetError,
    Fault.RESET_AFTER: ConnectionResetError,
    Fault.TRUNCATED: IncompleteRead,
    Fault.HUGE_COOKIE: HTTPException,
    Fault.GARBAGE: HTTPException,
}
# The status and how the body starts; of the others it is the gateway's own.
ANSWERED = {
    Fault.HTTP_102: (102, b""), Fault.HTTP_502: (502, b"<!DOC"), Fault.EARLY_408: (408, b""),
    Fault.HTML: (200, b"<!DOC"), Fault.REDIRECT: (307, b""), Fault.REDIRECT_BROKEN: (302, b""),
    Fault.REDIRECT_CHINESE: (302, b""), Fault.GZIP_BOMB: (302, b"\x1f\x8b"), Fault.EMPTY: (200, b""),
    Fault.CODE_502: (200, b"502,Bad Gateway"), Fault.CODE_MINUS_2: (200, "-2,系统繁忙".encode()),
}  # fmt: skip


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault != Fault.DRIP])
def test_fault(fault: Fault, log: io.StringIO) -> None:
    with Sandbox(fault=fault, log=log) as sandbox:
        status, body = exchange(sandbox, SILENT.get(fault))
        assert sandbox.balance == (1000 if fault in NOT_ACCEPTED else 999)
    if fault not in SILENT:
        expected, start = ANSWERED.get(fault, (200, b"0,202"))
        assert (status, body[: len(start)]) == (expected, start)
        assert body == b"" or start
    assert len(body) == 8 << 20 or fault != Fault.HUGE
    assert fault != Fault.WRONG_COUNTS or body.split(b",")[2:5] == [b"0", b"0", b"0"]
    (entry,) = entries(log)
    assert (entry["fault"], entry["queued"]) == (fault.value, fault not in NOT_ACCEPTED)
    assert entry["code"] == (None if fault in NOT_ACCEPTED else 0)


@pytest.mark.parametrize(
    ("fault", "heads"),
    [
        (Fault.HTTP_102, [b"102", b"200"]),
        (Fault.EARLY_408, [b"408", b"200"]),
        (Fault.LATE_408, [b"200", b"408"]),
        (Fault.IDLE_408, [b"200", b"408"]),
    ],
)
def test_fault_of_two_answers(fault: Fault, heads: list[bytes]) -> None:
    with Sandbox(fault=fault) as sandbox, socket.create_connection(address(sandbox), timeout=5) as connection:
        connection.sendall(request_bytes(TARGET, QUERY))
        came = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+) ", came) == heads


def exchange(sandbox: Sandbox, error: type[Exception] | None) -> tuple[int, bytes]:
    connection = HTTPConnection(*address(sandbox), timeout=5)
    try:
        connection.request("POST", PATH, QUERY)
        if error:
            with pytest.raises(error):
                connection.getresponse().read()
            return 0, b""
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_drip_is_slow_from_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults.DRIP_SECONDS == 0.2
    monkeypatch.setattr(faults, "DRIP_SECONDS", 0.02)
    with Sandbox(fault=Fault.DRIP) as sandbox, socket.create_connection(address(sandbox), timeout=5) as connection:
        connection.sendall(request_bytes(TARGET, QUERY))
        begin = time.monotonic()
        assert b"".join(connection.recv(1) for _ in range(8)) == b"HTTP/1.1"
        assert time.monotonic() - begin >= 0.13
        assert sandbox.balance == 999


def test_a_followed_redirect_shows(log: io.StringIO) -> None:
    with Sandbox(fault=Fault.REDIRECT, log=log) as sandbox:
        answer = requests.post(sandbox.endpoint, data=FORM, timeout=5)
        assert ACCEPTED.fullmatch(answer.content.decode())
        assert sandbox.balance == 999
    assert [entry["queued"] for entry in entries(log)] == [False, True]


def test_fault_every_third_request(log: io.StringIO) -> None:
    with Sandbox(fault=Fault.EMPTY, fault_every=3, log=log) as sandbox:
        answers = [post(sandbox, FORM) for _ in range(6)]
    assert [bool(answer) for answer in answers] == [True, True, False] * 2
    assert [entry["fault"] for entry in entries(log)] == [None, None, "empty"] * 2


def test_latency_comes_after_accepting() -> None:
    with Sandbox(latency=100) as sandbox, socket.create_connection(address(sandbox), timeout=5) as connection:
        begin = time.monotonic()
        connection.sendall(request_bytes(TARGET, QUERY))
        time.sleep(0.05)
        assert sandbox.balance == 999
        connection.recv(1)
        assert time.monotonic() - begin >= 0.1


@pytest.mark.parametrize("fault", [None, Fault.DRIP])
def test_stops_quickly(fault: Fault | None) -> None:
    threads = threading.active_count()
    with Sandbox(fault=fault, latency=0 if fault else 60_000) as sandbox:
        idle = socket.create_connection(address(sandbox), timeout=5)
        busy = socket.create_connection(address(sandbox), timeout=5)
        busy.sendall(request_bytes(TARGET, QUERY))
        while sandbox.balance == 1000:
            time.sleep(0.001)
        begin = time.monotonic()
    assert time.monotonic() - begin < 3  # its answers would take longer
    assert idle.recv(1) == b""
    idle.close()
    busy.close()
    assert threading.active_count() <= threads + 1


def test_stops_under_load() -> None:
    def send_until_refused(endpoint: str) -> None:
        with requests.Session() as session, pytest.raises(requests.ConnectionError):
            while True:
                session.post(endpoint, data=FORM, timeout=5)

    with ThreadPoolExecutor(4) as pool:
        with Sandbox() as sandbox:
            senders = [pool.submit(send_until_refused, sandbox.endpoint) for _ in range(4)]
            while sandbox.balance > 950:
                time.sleep(0.001)
        balance = sandbox.balance
        for sender in senders:
            sender.result(5)
    assert sandbox.balance == balance


# --- its log ------------------------------------------------------------------------------------------------------


def test_log_entry(sandbox: Sandbox, log: io.StringIO) -> None:
    answer = post(sandbox, FORM | {"mobile": "13800138000,1,13800138099", "content": "字" * 71, "extno": "7"})
    (entry,) = entries(log)
    assert re.fullmatch(r"20[0-9-]{8}T[0-9:.]{12}\+08:00", str(entry.pop("time")))
    assert entry == {
        "type": "pt",
        "name": "demo",
        "mobile": ["13800138000", "1", "13800138099"],
        "content": "字" * 71,
        "sign": "签名",
        "stime": "",
        "extno": "7",
        "code": 0,
        "sendid": answer.split(",")[1],
        "invalid": 1,
        "accepted": 1,
        "blacklisted": 1,
        "parts": 2,
        "queued": True,
        "fault": None,
    }


def test_log_never_has_the_password(sandbox: Sandbox, log: io.StringIO) -> None:
    post(sandbox, FORM)
    raw_text(sandbox, request_bytes(TARGET + b"?" + QUERY, method=b"GET"))
    post(sandbox, FORM | {"pwd": "", "PWD": "s3cret"})
    requests.post(sandbox.endpoint, files={key: (None, text) for key, text in FORM.items()}, timeout=5)
    assert len(entries(log)) == 4
    assert "s3cret" not in log.getvalue()


def test_log_is_safe_on_a_terminal(sandbox: Sandbox, log: io.StringIO) -> None:
    hostile = "\x1b[31m\x00\n\x7f\x85\x9b\u202e\u2066\u200f\u2028\u2029你"
    post(sandbox, FORM | {"content": hostile})
    assert all(character.isprintable() for character in log.getvalue().rstrip("\n"))
    assert "你" in log.getvalue()
    assert entries(log)[0]["content"] == hostile


# --- the command --------------------------------------------------------------------------------------------------


def start(*options: str) -> tuple["subprocess.Popen[str]", str]:
    command = [sys.executable, "-m", "smscli", "sandbox", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8")
    assert process.stderr
    first, *exports = (process.stderr.readline() for _ in range(4))
    found = re.match(r"sandbox on (http://127\.0\.0\.1:[0-9]+\S+)  \(Ctrl-C stops it\)", first)
    assert found
    assert [line.split()[-1] for line in exports] == [
        f"SMSCLI_ENDPOINT={found[1]}", "SMSCLI_NAME=demo", "SMSCLI_PWD=demo"
    ]  # fmt: skip
    return process, found[1]


def test_command_serves_until_terminated(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.log"
    process, endpoint = start("--port", "0", "--balance", "3", "--log", str(path))
    answer = requests.post(endpoint, data=FORM | {"type": "balance"}, timeout=5)
    process.send_signal(signal.SIGTERM)
    talk = process.communicate(timeout=5)[1]
    assert (answer.text, process.returncode, talk) == ("0,3", 0, "")
    assert json.loads(path.read_text("utf-8"))["type"] == "balance"
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_command_logs_to_stderr_and_ends_at_ctrl_c() -> None:
    process, endpoint = start("--port", "0", "--fault", "empty", "--fault-every", "2")
    answers = [requests.post(endpoint, data=FORM, timeout=5).text for _ in range(2)]
    process.send_signal(signal.SIGINT)
    talk = process.communicate(timeout=5)[1]
    assert (bool(answers[0]), answers[1], process.returncode) == (True, "", 130)
    assert [json.loads(line)["fault"] for line in talk.splitlines() if line.startswith("{")] == [None, "empty"]
    assert "Traceback" not in talk


@pytest.mark.parametrize("option", ["--port", "--log"])
def test_command_says_what_it_cannot_have(sandbox: Sandbox, tmp_path: Path, option: str) -> None:
    value = str(address(sandbox)[1]) if option == "--port" else str(tmp_path)
    command = [sys.executable, "-m", "smscli", "sandbox", "--port", "0", option, value]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=5)
    assert done.returncode == 2
    assert value in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_busy_port_is_said_in_the_systems_words(smscli: Smscli) -> None:
    with Sandbox() as busy:
        port = str(urlsplit(busy.endpoint).port)
        ended = smscli("sandbox", "--port", port)
    assert ended.code == 2
    assert f"cannot listen on port {port} of 127.0.0.1: {os.strerror(errno.EADDRINUSE)}. Choose" in ended.err
