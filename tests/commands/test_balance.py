"""`smscli balance`: what is left, in a line that a script or cron can use."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from smscli.commands.balance import Format
from smscli.output import Output
from tests.support.command import Smscli
from tests.support.gateways import answer, answering
from tests.support.sandboxes import RunningSandbox, write_config
from tests.support.waiting import free_port


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


# --- several accounts ---------------------------------------------------------------------------------------------


def several(home: Path, **accounts: tuple[str, str]) -> None:
    """Write a profile for each: its endpoint, and the account's name."""
    write_config(
        home,
        "".join(
            f'[profiles."{label.replace("_", " ")}"]\nendpoint = "{endpoint}"\nname = "{name}"\npwd = "5ECRET-PWD"\n'
            for label, (endpoint, name) in accounts.items()
        ),
    )


def test_all_accounts_have_a_row_and_a_failure_hides_none(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    good, dead = sandbox.sandbox.endpoint, f"http://127.0.0.1:{free_port()}/"
    several(home, refused=(good, "nosuch"), shop=(good, "demo"), dead=(dead, "demo"), boss=(good, "boss"))
    ended = smscli("balance", "--all", "--output", "json")
    assert ended.json == [
        {"balance": None, "profile": "refused"}, {"balance": 1000, "profile": "shop"},
        {"balance": None, "profile": "dead"}, {"balance": 1000, "profile": "boss"},
    ]  # fmt: skip
    assert ended.code == 4
    first, second = ended.err.splitlines()
    assert first.startswith("smscli: refused: the gateway refused: 账号不存在")
    assert second.startswith("smscli: dead: 127.0.0.1:")
    assert "5ECRET" not in ended.err


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--min", "1001"], 8), (["--min", "1000", "-q"], 0)])
def test_min_is_for_each_of_all(
    smscli: Smscli, home: Path, sandbox: RunningSandbox, options: list[str], code: int
) -> None:
    several(home, shop=(sandbox.sandbox.endpoint, "demo"), boss=(sandbox.sandbox.endpoint, "boss"))
    ended = smscli("balance", "--all", *options)
    assert (ended.code, len(ended.err.splitlines())) == (code, 2 if code else 0)
    assert ended.rows == ([] if "-q" in options else [["1000", "shop"], ["1000", "boss"]])


def test_all_of_one_is_a_list_too(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli("balance", "--all", "--output", "json", **sandbox.variables)
    assert ended.json == [{"balance": 1000, "profile": "environment"}]


def test_all_of_none_says_what_to_do(smscli: Smscli) -> None:
    ended = smscli("balance", "--all")
    assert (ended.code, ended.out) == (3, "")
    assert "smscli profile add NAME" in ended.err


@pytest.mark.parametrize(
    "options",
    [
        ("--all", "-p", "shop"), ("--output", "nagios", "--min", "5"), ("--warning", "5"),
        ("--critical", "5", "--output", "json"), ("--output", "xml"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together(smscli: Smscli, sandbox: RunningSandbox, options: tuple[str, ...]) -> None:
    ended = smscli("balance", *options, **sandbox.variables)
    assert (ended.code, ended.out) == (2, "")
    assert sandbox.requests == []


def test_every_usual_format_is_there() -> None:
    assert {each.value for each in Output} == {each.value for each in Format} - {"nagios", "prometheus"}


# --- Nagios -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "code", "line"),
    [
        ([], 0, "SMS OK - environment: 1000 | 'environment'=1000;;"),
        (["--warning", "1000", "--critical", "5"], 0, "SMS OK - environment: 1000 | 'environment'=1000;1000:;5:"),
        (["--warning", "1001", "--critical", "5"], 1, "SMS WARNING - environment: 1000 | 'environment'=1000;1001:;5:"),
        (["--warning", "5", "--critical", "1001"], 2, "SMS CRITICAL - environment: 1000 | 'environment'=1000;5:;1001:"),
        (["--critical", "1001"], 2, "SMS CRITICAL - environment: 1000 | 'environment'=1000;;1001:"),
    ],
)
def test_nagios_has_its_exit_codes_and_one_line(
    smscli: Smscli, sandbox: RunningSandbox, limits: list[str], code: int, line: str
) -> None:
    ended = smscli("balance", "--output", "nagios", *limits, **sandbox.variables)
    assert (ended.code, ended.out, ended.err) == (code, line + "\n", "")


def test_nagios_for_all_has_the_worst_and_every_account(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    several(home, my_shop=(sandbox.sandbox.endpoint, "demo"), boss=(sandbox.sandbox.endpoint, "closed"))
    ended = smscli("balance", "--all", "--output", "nagios", "--warning", "2000")
    assert (ended.code, ended.err, ended.out.count("\n")) == (2, "", 1)
    assert ended.out.startswith("SMS CRITICAL - my shop: 1000; boss: the gateway refused: 账号注销 (code 11: ")
    assert ended.out.endswith(" | 'my shop'=1000;2000:;\n")


def test_nagios_knows_nothing_without_an_account(smscli: Smscli) -> None:
    ended = smscli("balance", "--output", "nagios")
    assert (ended.code, ended.err, ended.out.count("\n")) == (3, "", 1)
    assert ended.out.startswith("SMS UNKNOWN - there is no profile yet")


def test_nagios_is_unreachable_is_critical(smscli: Smscli) -> None:
    ended = smscli("balance", "--output", "nagios", **variables(f"http://127.0.0.1:{free_port()}/"))
    assert (ended.code, ended.out.count("\n")) == (2, 1)


def test_nagios_keeps_to_one_line_whatever_the_gateway_says(smscli: Smscli) -> None:
    with answering(answer("12,a|b\nc\x1b[31m'=1", "Connection: close")) as endpoint:
        ended = smscli("balance", "--output", "nagios", **variables(endpoint))
    assert (ended.code, ended.out.count("\n"), ended.out.count("|")) == (2, 1, 0)
    assert "\x1b" not in ended.out


# --- Prometheus ---------------------------------------------------------------------------------------------------


def test_prometheus_reads_all_accounts(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_config(
        home,
        "".join(
            f'[profiles.{label}]\nendpoint = "{sandbox.sandbox.endpoint}"\nname = "{name}"\npwd = "5ECRET-PWD"\n'
            for label, name in (('"a\\"b\\\\c\\u001b"', "demo"), ('"店铺"', "demo"), ("bad", "nosuch"))
        ),
    )
    ended = smscli("balance", "--all", "--output", "prometheus")
    assert ended.code == 4
    families = {family.name: family for family in text_string_to_metric_families(ended.out)}
    found = {
        name: [(sample.labels["profile"], sample.value) for sample in family.samples]
        for name, family in families.items()
    }
    assert found == {
        "smscli_balance_messages": [('a"b\\c\\x1b', 1000.0), ("店铺", 1000.0)],
        "smscli_up": [('a"b\\c\\x1b', 1.0), ("店铺", 1.0), ("bad", 0.0)],
    }
    assert {family.type for family in families.values()} == {"gauge"}
    assert all(family.documentation for family in families.values())
    assert "\x1b" not in ended.out


def test_prometheus_gets_a_failure_of_the_one_account_too(smscli: Smscli) -> None:
    ended = smscli("balance", "--output", "prometheus", **variables(f"http://127.0.0.1:{free_port()}/"))
    assert ended.code == 5
    assert 'smscli_up{profile="environment"} 0\n' in ended.out
    assert "nothing listens there" in ended.err
