"""The address of a server: what it means, and that no password in it is ever shown."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.errors import LedgerError
from smscli.ledger.engines.address import Server, read_address
from smscli.ledger.store import ledger_location
from tests.support.command import Smscli

SECRET = "5ECRET"


@pytest.mark.parametrize(
    ("text", "parameters", "shown"),
    [
        ("postgresql://", {}, "postgresql:///"),
        ("postgres://db", {"host": "db"}, "postgresql://db/"),
        (
            "postgresql://wang@db:5433/sms",
            {"user": "wang", "host": "db", "port": "5433", "dbname": "sms"},
            "postgresql://wang@db:5433/sms",
        ),
        (
            f"postgresql://wang:{SECRET}@[::1]:5433/sms?sslmode=require",
            {"user": "wang", "host": "::1", "port": "5433", "dbname": "sms", "sslmode": "require"},
            "postgresql://wang:****@[::1]:5433/sms?sslmode=require",
        ),
        (
            "postgresql://%2Fvar%2Frun/sms",
            {"host": "/var/run", "dbname": "sms"},
            "postgresql://%2Fvar%2Frun/sms",
        ),
        (
            "postgresql:///sms?host=/var/run",
            {"host": "/var/run", "dbname": "sms"},
            "postgresql://%2Fvar%2Frun/sms",
        ),
        (
            "postgresql://a:1,b/sms?target_session_attrs=read-write",
            {"host": "a,b", "port": "1,", "dbname": "sms", "target_session_attrs": "read-write"},
            "postgresql://a:1,b/sms?target_session_attrs=read-write",
        ),
        ("service=sms", {"service": "sms"}, "service=sms"),
    ],
)
def test_what_an_address_means(text: str, parameters: dict[str, str], shown: str) -> None:
    server = read_address(text)
    assert (dict(server.parameters), str(server)) == (parameters, shown)
    assert dict(read_address(shown.replace(":****", "")).parameters) == parameters


@pytest.mark.parametrize(
    "password", [SECRET, f"{SECRET}@x", f"a:{SECRET}", f"@{SECRET}@", f"{SECRET}%23", "%2F" + SECRET]
)
def test_a_password_with_special_characters(password: str) -> None:
    server = read_address(f"postgresql://wang:{password}@db/sms")
    assert server.password == password.replace("%23", "#").replace("%2F", "/")
    assert dict(server.parameters) == {"user": "wang", "host": "db", "dbname": "sms"}
    assert SECRET not in f"{server} {server!r} {(server,)!r}"


WRONG = [
    f"postgres//u:{SECRET}@h",
    f"postgresql:/u:{SECRET}@h",
    f"postgres:u:{SECRET}@h/db",
    f"postgresql://u:12#{SECRET}@h/db",
    f"postgresql://u:12?{SECRET}@h/db",
    f"postgresql://u:12/{SECRET}@h/db",
    f"postgresql://h/db?password={SECRET}",
    f"postgresql://h/db?sslpassword={SECRET}",
    f"postgresql://h/db?{SECRET}",
    f"postgresql://h:{SECRET}/db",
    f"mysql://u:{SECRET}@h/db",
    f"service=x password={SECRET}",
    f"service=x:{SECRET}@h",
]


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_address_is_refused_and_not_quoted(smscli: Smscli, tmp_path: Path, text: str) -> None:
    for command in (
        ["runs"],
        ["ledger", "path"],
        ["send", "-p", "sandbox", "--mobile", "13800138000", "--content", "x"],
    ):
        ended = smscli(*command, SMSCLI_LEDGER=text)
        assert ended.code == 3
        assert "SMSCLI_LEDGER is not the address of a server" in ended.err
        assert SECRET not in ended.out + ended.err
    assert not any("postgres" in path.name for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("text", ["ledger.db", "./postgres/ledger.db", "postgres.db", "a@b.db", "service"])
def test_a_file_is_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCLI_LEDGER", text)
    assert ledger_location() == (tmp_path / text)


@given(st.text(st.characters(codec="utf-8"), max_size=20).filter(lambda text: "@" not in text and SECRET not in text))
def test_no_text_shows_what_is_between_user_and_host(text: str) -> None:
    try:
        server = read_address(f"postgresql://u:{SECRET}{text}@h/db")
    except LedgerError as error:
        assert SECRET not in str(error)
    else:
        assert SECRET not in f"{server} {server!r}"
    quoted = read_address(f"postgresql://u:{quote(SECRET + text, safe='')}@h/db")
    assert quoted.password == SECRET + text and SECRET not in f"{quoted} {quoted!r}"


@pytest.mark.parametrize(
    ("text", "environment", "here"),
    [
        ("postgresql://localhost/x", {}, True),
        ("postgresql://127.0.0.1,[::1]/x", {}, True),
        ("postgresql:///x", {}, True),
        ("postgresql:///x", {"PGHOST": "db"}, False),
        ("postgresql:///x?hostaddr=10.0.0.1", {}, False),
        ("postgresql://%2Ftmp/x", {"PGHOST": "db"}, True),
        ("postgresql://db/x", {}, False),
        ("postgresql://localhost,db/x", {}, False),
        ("postgresql://127.0.0.1.example.com/x", {}, False),
        ("service=x", {}, False),
    ],
)
def test_what_is_on_this_machine(text: str, environment: dict[str, str], here: bool) -> None:
    assert read_address(text).is_here(environment) is here


def test_path_masks_the_password(smscli: Smscli) -> None:
    ended = smscli("ledger", "path", SMSCLI_LEDGER=f"postgresql://wang:{SECRET}@db/sms")
    assert (ended.code, ended.out) == (0, "postgresql://wang:****@db/sms\n")


def test_without_the_driver_a_sentence_says_how_to_get_it(smscli_process: Smscli, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['psycopg2'] = None\n")
    paths = f"{tmp_path}:{Path(__file__).parents[2]}"
    ended = smscli_process("runs", SMSCLI_LEDGER="postgresql:///x", PYTHONPATH=paths)
    assert ended.code == 3
    assert re.fullmatch(r"smscli: .*its driver is missing: pip install 'smscli\[postgres\]'\n", ended.err)


def test_the_driver_is_loaded_for_a_server_alone(smscli_process: Smscli, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['psycopg2'] = None\n")
    paths = f"{tmp_path}:{Path(__file__).parents[2]}"
    send = ("send", "-p", "sandbox", "--mobile", "13800138000", "--content", "x")
    assert smscli_process(*send, SMSCLI_LEDGER=str(tmp_path / "x.db"), PYTHONPATH=paths).code == 0


def test_a_server_shows_no_password_in_a_traceback() -> None:
    assert repr(Server((("host", "db"),), read_address(f"postgresql://u:{SECRET}@h").password)).count(SECRET) == 0
