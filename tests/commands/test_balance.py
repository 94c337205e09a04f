"""`smscli balance`: what is left, in a line that a script or cron can use."""

import pytest

from tests.support.command import Smscli
from tests.support.gateways import answer, answering
from tests.support.sandboxes import RunningSandbox


def variables(endpoint: str) -> dict[str, str]:
    return {"SMSCLI_ENDPOINT": endpoint, "SMSCLI_NAME": "demo", "SMSCLI_PWD": "5ECRET-PWD"}


def test_cron_gets_one_plain_line(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli("balance", **sandbox.variables)
    assert (ended.code, ended.raw, ended.err) == (0, b"1000\tenvironment\n", "")


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("json", '{"balance": 1000, "profile": "environment"}\n'),
        ("jsonl", '{"balance": 1000, "profile": "environment"}\n'),
        ("tsv", "1000\tenvironment\n"),
        ("csv", "balance,profile\r\n1000,environment\r\n"),
    ],
)
def test_fields_of_each_format(smscli: Smscli, sandbox: RunningSandbox, output: str, text: str) -> None:
    assert smscli("balance", "--output", output, **sandbox.variables).raw.decode() == text


@pytest.mark.parametrize(("minimum", "code"), [("1000", 0), ("1001", 8), ("0", 0), ("-5", 0)])
def test_min_exits_8_below_it(smscli: Smscli, sandbox: RunningSandbox, minimum: str, code: int) -> None:
    ended = smscli("balance", "--min", minimum, **sandbox.variables)
    assert (ended.code, ended.out) == (code, "1000\tenvironment\n")
    said = "smscli: 1000 messages are left on environment, fewer than 1001.\n"
    assert ended.err == (said if code else "")


def test_quiet_prints_nothing_unless_there_is_trouble(smscli: Smscli, sandbox: RunningSandbox) -> None:
    assert smscli("balance", "--quiet", "--min", "5", **sandbox.variables)[:3] == (0, "", "")
    low = smscli("balance", "-q", "--min", "5000", **sandbox.variables)
    assert (low.code, low.out) == (8, "")
    assert "fewer than 5000" in low.err
    refused = smscli("balance", "-q", **sandbox.variables | {"SMSCLI_NAME": "nosuch"})
    assert (refused.code, refused.out) == (4, "")
    assert "账号不存在" in refused.err


@pytest.mark.parametrize(
    ("given", "shown", "minimum", "code"),
    [
        ("12.50", '"12.50"', "12", 0),
        ("12.50", '"12.50"', "13", 8),
        ("-3", "-3", "0", 8),
        ("0", "0", "0", 0),
        ("123456789012345678901234567890", "123456789012345678901234567890", "1", 0),
    ],
)
def test_balance_is_kept_as_the_gateway_wrote_it(
    smscli: Smscli, given: str, shown: str, minimum: str, code: int
) -> None:
    with answering(answer(f"0, {given}\r\n", "Connection: close")) as endpoint:
        ended = smscli("balance", "--min", minimum, "--output", "json", **variables(endpoint))
    assert ended.code == code
    assert ended.out == f'{{"balance": {shown}, "profile": "environment"}}\n'


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("nosuch", "账号不存在 (code 10: 账号不存在 / no such account"),
        ("closed", "账号注销 (code 11: 账号注销 / account closed"),
        ("suspended", "账号停用 (code 12: 账号停用 / account suspended"),
        ("blocked-ip", "IP鉴权失败 (code 13: IP鉴权失败 / this IP address is not allowed"),
    ],
)
def test_refusal_shows_words_code_and_meanings(
    smscli: Smscli, sandbox: RunningSandbox, account: str, said: str
) -> None:
    ended = smscli("balance", **sandbox.variables | {"SMSCLI_NAME": account})
    assert (ended.code, ended.out) == (4, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["0,abc", "0,", "0", "", "<html>hello</html>", "0,1,2", "0,1e9", "0,\u0661", "x,1", "0,\x1b[31m1"]
)
def test_what_is_no_balance_is_said_so(smscli: Smscli, text: str) -> None:
    with answering(answer(text, "Connection: close")) as endpoint:
        ended = smscli("balance", **variables(endpoint))
    assert (ended.code, ended.out) == (5, "")
    assert "The balance is not known." in ended.err
    assert "Traceback" not in ended.err
    assert "\x1b" not in ended.err


def test_hostile_refusal_reaches_no_terminal_raw(smscli: Smscli) -> None:
    with answering(answer("12,\x1b]0;x\x07\nsmscli: fine\u202e", "Connection: close")) as endpoint:
        ended = smscli("balance", **variables(endpoint))
    assert ended.code == 4
    assert not set("\x1b\x07\u202e") & set(ended.err)
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("wrong", [("--min", "x"), ("--min", "1.5"), ("--min",), ("extra",)])
def test_wrong_usage_asks_nobody(smscli: Smscli, sandbox: RunningSandbox, wrong: tuple[str, ...]) -> None:
    assert smscli("balance", *wrong, **sandbox.variables).code == 2
    assert sandbox.requests == []


def test_built_in_sandbox_has_a_balance(smscli: Smscli) -> None:
    assert smscli("balance", "-p", "sandbox").out == "1000\tsandbox\n"
