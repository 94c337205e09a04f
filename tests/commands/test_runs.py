"""Plans, keys, resuming, personalised texts and templates, through the command line."""

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.command import Ended, Smscli
from tests.support.sandboxes import RunningSandbox, numbers, write_config

StartSandbox = Callable[..., RunningSandbox]
PEOPLE = "姓名,手机号,金额\n张三,13800138000,10\n李四,13800138001,20\n王五,13800138002,10\n"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    return path


def outcomes(ended: Ended) -> list[str]:
    return [batch["outcome"] for batch in json.loads(ended.out)]


def items(ended: Ended) -> dict[str, str]:
    return {row[0]: row[1] for row in ended.rows}


# --- the plan -----------------------------------------------------------------------------------------------------


def test_dry_run_shows_everything_and_sends_nothing(smscli: Smscli, sandbox: RunningSandbox, people: Path) -> None:
    people.write_text(PEOPLE + "重复,13800138002,10\n错,138,1\n", encoding="utf-8")
    content = "{姓名}欠费{金额}元" + "。" * 62
    ended = smscli(
        "send", "--csv", "people.csv", "--content", content, "--skip-invalid", "--dry-run", **sandbox.variables,
        SMSCLI_SIGN="店",
    )  # fmt: skip
    assert ended.code == 0
    shown = items(ended)
    assert shown | {"list": "", "texts": ""} == {
        "profile": "environment", "account": "demo", "recipients": "4", "opted_out": "0", "duplicates": "0",
        "invalid": "1", "requests": "4", "characters_least": "72", "characters_most": "72", "parts_least": "2",
        "parts_most": "2", "parts": "8", "balance": "1000", "balance_afterwards": "992", "at": "",
        "list": "", "texts": "",
        "warnings": "1 more texts than people: some people get several",
    }  # fmt: skip
    assert shown["texts"].endswith("。" * 62)
    assert "column '手机号', read as UTF-8" in shown["list"]
    assert sandbox.queued == []
    assert smscli("runs").out == ""


def test_dry_run_without_balance_says_why(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli(
        "send",
        "--mobile",
        "13800138000",
        "--content",
        "x",
        "--dry-run",
        **sandbox.variables | {"SMSCLI_NAME": "closed"},
    )
    assert ended.code == 0
    assert items(ended)["balance"] == ""
    assert "balance: not known: the gateway refused: 账号注销" in ended.err
    assert "there is no signature" in items(ended)["warnings"]


def test_many_numbers_want_a_yes(smscli: Smscli, sandbox: RunningSandbox) -> None:
    many = "\n".join(numbers(101))
    ended = smscli("send", "--content", "x", stdin=many, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (2, [])
    assert "Send to 101 numbers? Nobody can be asked here, so nothing was sent. Add --yes to go on." in ended.err
    assert "parts in all" in ended.err
    assert smscli("runs").out == ""
    assert smscli("send", "--content", "x", "--yes", stdin=many, **sandbox.variables).code == 0
    assert smscli("send", "--content", "x", stdin="\n".join(numbers(100)), **sandbox.variables).code == 0


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 2), ("\n", 2), ("是\n", 0)])
def test_a_person_is_asked_at_the_terminal_also_when_the_list_comes_through_a_pipe(
    environment: dict[str, str], home: Path, sandbox: RunningSandbox, answer: str, code: int
) -> None:
    import pty
    import sys

    write_config(
        home,
        f"""default = "shop"
[profiles.shop]
endpoint = "{sandbox.sandbox.endpoint}"
name = "demo"
pwd = "demo"
sign = "店"
confirm_above = 1
""",
    )
    command = f"printf '13800138000\\n13800138001\\n' | {sys.executable} -m smscli send --content x"
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe("sh", ["sh", "-c", command], environment | {"TERM": "dumb"})
    seen, answered = b"", False
    try:
        while chunk := os.read(terminal, 4096):
            seen += chunk
            if b"[y/N]" in seen and not answered:
                answered = bool(os.write(terminal, answer.encode()))
    except OSError:
        pass
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == code
    assert "Send to 2 numbers? [y/N]" in seen.decode()
    assert len(sandbox.queued) == (2 if code == 0 else 0)


def test_limit_takes_the_first(smscli: Smscli, sandbox: RunningSandbox) -> None:
    everybody = numbers(9)
    ended = smscli("send", "--content", "x", "--limit", "4", stdin="\n".join(everybody), **sandbox.variables)
    assert ended.code == 0
    assert sandbox.queued == everybody[:4]


# --- keys ---------------------------------------------------------------------------------------------------------


def test_the_same_key_never_sends_twice_and_ends_as_before(smscli: Smscli, sandbox: RunningSandbox) -> None:
    for mobile, code in (("13800138000", 0), ("13800138000,13800138099", 7), ("13800138099", 4)):
        send = ("send", "--mobile", mobile, "--content", "x", "--key", mobile, "--output", "json")
        first, second = smscli(*send, **sandbox.variables), smscli(*send, **sandbox.variables)
        assert (first.code, second.code) == (code, code)
        assert first.out == second.out
        assert "nothing was sent again" in second.err
    assert len(sandbox.requests) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--content", "y"], "the content was 'x' and is 'y'"),
        (["--sign", "y"], "the sign was '' and is 'y'"),
        (["--extno", "1"], "the extno was '' and is '1'"),
        (["--at", "2099-01-01 00:00"], "the time was '' and is '2099-01-01 00:00:00'"),
        (["--mobile", "13800138001"], "the list, or the texts made from it, differ"),
    ],
)
def test_a_key_used_for_something_else_says_what_differs(
    smscli: Smscli, sandbox: RunningSandbox, change: Sequence[str], said: str
) -> None:
    first = {"--mobile": "13800138000", "--content": "x", "--key": "k"}
    second = first | {change[0]: change[1]}
    assert smscli("send", *(word for pair in first.items() for word in pair), **sandbox.variables).code == 0
    ended = smscli("send", *(word for pair in second.items() for word in pair), **sandbox.variables)
    assert ended.code == 2
    assert said in ended.err
    assert len(sandbox.requests) == 1


def test_a_key_may_be_tried_again_until_the_gateway_takes_it(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send = ("send", "--mobile", "13800138000", "--content", "x", "--key", "k", "--output", "json")
    dead = sandbox.variables | {"SMSCLI_ENDPOINT": "http://127.0.0.1:9/asmx"}
    unreachable = smscli(*send, **dead)
    assert (unreachable.code, outcomes(unreachable)) == (5, ["unreachable"])
    sent = smscli(*send, **sandbox.variables)
    assert (sent.code, outcomes(sent)) == (0, ["accepted"])
    assert smscli(*send, **sandbox.variables).code == 0
    assert sandbox.queued == ["13800138000"]


def test_a_dry_run_tells_what_its_key_is_used_for(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send = ["send", "--mobile", "13800138000", "--key", "k"]
    assert smscli(*send, "--content", "x", **sandbox.variables).code == 0
    same = smscli(*send, "--content", "x", "--dry-run", **sandbox.variables)
    assert (same.code, same.out) == (0, "")
    assert "run 1 with the key 'k' exists already; 0 of its numbers are not sent to yet" in same.err
    other = smscli(*send, "--content", "y", "--dry-run", **sandbox.variables)
    assert other.code == 2
    assert "belongs to run 1, which was another message" in other.err
    assert len(sandbox.queued) == 1


# --- resume -------------------------------------------------------------------------------------------------------


def test_resume_sends_the_rest_and_leaves_the_unknown_alone_until_told(
    smscli: Smscli, start_sandbox: StartSandbox
) -> None:
    broken, whole = start_sandbox(fault="html", fault_every=1), start_sandbox()
    variables = whole.variables | {"SMSCLI_ENDPOINT": broken.sandbox.endpoint}
    lost = smscli("send", "--mobile", "13800138000", "--content", "x", **variables)
    assert lost.code == 6
    assert "smscli resume 1 --unknown resend" in lost.err
    assert "13800138000" in smscli("runs", "1").err
    assert smscli("resume", "1", **whole.variables).code == 6
    refused = smscli("resume", "1", "--unknown", "resend", **whole.variables)
    assert (refused.code, whole.queued) == (2, [])
    assert "Nobody can be asked here" in refused.err
    resent = smscli("resume", "1", "--unknown", "resend", "--yes", **whole.variables)
    assert (resent.code, whole.queued) == (0, ["13800138000"])


def test_resume_shows_what_is_left_and_asks_as_send_does(
    smscli: Smscli, sandbox: RunningSandbox, people: Path, home: Path
) -> None:
    dead = "http://127.0.0.1:9/asmx"
    profile = "[profiles.shop]\nname = 'demo'\npwd = 'demo'\nsign = '店'\nconfirm_above = 2\nendpoint = "
    write_config(home, f"{profile}'{dead}'\n")
    send = ("send", "-p", "shop", "--csv", "people.csv", "--content", "{姓名}您好", "--key", "k")
    assert smscli(*send, "--yes", "--force").code == 5
    write_config(home, f"{profile}'{sandbox.sandbox.endpoint}'\n")
    for again in (("resume", "1"), send):
        asked = smscli(*again)
        assert (asked.code, sandbox.queued) == (2, [])
        assert "Send to the 3 numbers that are left of run 1? Nobody can be asked here" in asked.err
        shown = {item.strip(): value for item, value in re.findall("^(.{18}) (.+)$", asked.err, re.MULTILINE)}
        assert shown["recipients"] == shown["numbers in all"] == shown["requests"] == shown["parts in all"] == "3"
        assert (shown["balance"], shown["balance afterwards"]) == ("1000", "997")
        assert shown["text 1"] == "【店】张三您好"
    assert smscli("resume", "1", "--yes").code == 0
    assert len(sandbox.queued) == 3


def test_unknown_can_be_dropped_for_good(smscli: Smscli, start_sandbox: StartSandbox) -> None:
    broken = start_sandbox(fault="close-after")
    assert smscli("send", "--mobile", "13800138000", "--content", "x", **broken.variables).code == 6
    dropped = smscli("resume", "1", "--unknown", "drop", "--yes", "--output", "json", **broken.variables)
    assert (dropped.code, outcomes(dropped)) == (6, ["dropped"])  # it may have been sent, whatever was decided
    assert smscli("resume", "1", "--unknown", "resend", "--yes", **broken.variables).code == 6
    assert len(broken.queued) == 1


def test_resume_wants_the_same_account_and_a_run_that_is_there(smscli: Smscli, sandbox: RunningSandbox) -> None:
    assert smscli("send", "--mobile", "13800138000", "--content", "x", **sandbox.variables).code == 0
    other = smscli("resume", "1", **sandbox.variables | {"SMSCLI_NAME": "other"})
    assert other.code == 2
    assert "run 1 was sent by account 'demo'" in other.err
    assert smscli("resume", "1").code == 3
    missing = smscli("resume", "7", **sandbox.variables)
    assert missing.code == 2
    assert "there is no run 7" in missing.err


# --- personalised texts -------------------------------------------------------------------------------------------


def test_everybody_gets_their_own_text_and_equal_texts_share_a_request(
    smscli: Smscli, sandbox: RunningSandbox, people: Path
) -> None:
    ended = smscli(
        "send", "--csv", "people.csv", "--content", "{店}: 请付{ 金额 }元 {{}}", "--var", "店=小店", **sandbox.variables
    )
    assert ended.code == 0
    sent = {request["content"]: request["mobile"] for request in sandbox.requests if request["type"] == "pt"}
    assert sent == {"小店: 请付10元 {}": ["13800138000", "13800138002"], "小店: 请付20元 {}": ["13800138001"]}


@pytest.mark.parametrize(
    ("rows", "content", "said"),
    [
        ("", "{地址}", "there is no column '地址', which the content takes"),
        ("赵六,13800138003,\n", "{金额}", "line 5: '13800138003': the column '金额' is empty"),
        ("赵六,13800138003\n钱七,13800138004,  \n", "{金额}", "line 6: '13800138004': the column '金额' is empty"),
        ("赵六,13800138003," + "9" * 500 + "\n", "x{金额}", "line 5: the content has 501 characters"),
        ("", "{金额", "a single brace"),
        ("", "金额}", "a single brace"),
        ("", "{}", "there is no column ''"),
    ],
)
def test_a_text_that_cannot_be_made_stops_everything(
    smscli: Smscli, sandbox: RunningSandbox, people: Path, rows: str, content: str, said: str
) -> None:
    people.write_text(PEOPLE + rows, encoding="utf-8")
    ended = smscli("send", "--csv", "people.csv", "--content", content, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (2, [])
    assert said in ended.err
    assert "Nothing was sent." in ended.err


def test_a_placeholder_without_a_list_wants_a_var(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli("send", "--mobile", "13800138000", "--content", "验证码{code}", **sandbox.variables)
    assert (ended.code, sandbox.queued) == (2, [])
    assert "the content takes {code}. Nothing was sent. Fill it with --var" in ended.err
    for wrong in ("code", "=1", ""):
        assert (
            smscli("send", "--mobile", "13800138000", "--content", "{code}", "--var", wrong, **sandbox.variables).code
            == 2
        )


def test_templates_bring_their_text_sign_and_extno(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_config(
        home,
        """[templates.otp]
content = "您的验证码是{code}，5分钟内有效"
sign = "小店"
extno = "12"
""",
    )
    send = ("send", "--template", "otp", "--mobile", "13800138000")
    assert smscli(*send, "--var", "code=123456", **sandbox.variables, SMSCLI_SIGN="别的").code == 0
    (request,) = sandbox.requests
    assert (request["content"], request["sign"], request["extno"]) == ("您的验证码是123456，5分钟内有效", "小店", "12")
    assert smscli("template", "list").rows == [["otp", "小店", "您的验证码是{code}，5分钟内有效", "code"]]
    assert ["fields", "code"] in smscli("template", "show", "otp").rows
    unknown = smscli("send", "--template", "opt", "--mobile", "13800138000", **sandbox.variables)
    assert unknown.code == 3
    assert "there is no template 'opt'" in unknown.err


# --- pace ---------------------------------------------------------------------------------------------------------


def test_rate_is_kept(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send = ("send", "--content", "x", "--batch-size", "1", "--rate", "10")
    begun = time.monotonic()
    assert smscli(*send, stdin="\n".join(numbers(11)), **sandbox.variables).code == 0
    assert time.monotonic() - begun >= 1


def test_workers_send_at_once_but_no_more_than_asked(smscli: Smscli, start_sandbox: StartSandbox) -> None:
    slow = start_sandbox(latency=300)
    begun = time.monotonic()
    send = ("send", "--content", "x", "--batch-size", "1", "--workers")
    assert smscli(*send, "8", stdin="\n".join(numbers(8)), **slow.variables).code == 0
    assert time.monotonic() - begun < 8 * 0.3
    begun = time.monotonic()
    assert smscli(*send, "1", stdin="\n".join(numbers(4)), **slow.variables).code == 0
    assert time.monotonic() - begun >= 5 * 0.3  # the balance is asked for as well


def test_per_number_holds_back_and_says_so(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_config(
        home,
        f"""[profiles.shop]
endpoint = "{sandbox.sandbox.endpoint}"
name = "demo"
pwd = "demo"
per_number = ["1/1m", "5/1h"]
""",
    )
    assert smscli("send", "--mobile", "13800138000", "--content", "x").code == 0
    ended = smscli("send", "--mobile", "13800138000,13800138001", "--content", "y")
    assert (ended.code, sandbox.queued) == (0, ["13800138000", "13800138001"])
    assert "1 left out: they would get more messages than per_number allows" in ended.err
    nobody = smscli("send", "--mobile", "13800138000", "--content", "z")
    assert nobody.code == 9
    assert "nobody is left to send to" in nobody.err


def test_standby_takes_over_only_where_nothing_was_sent(
    smscli: Smscli, home: Path, start_sandbox: StartSandbox
) -> None:
    standby, broken = start_sandbox(), start_sandbox(fault="close-before")
    shop = '[profiles.shop]\nname = "demo"\npwd = "demo"\nstandby = ["{}"]\nendpoint = "{}"\n'
    write_config(home, shop.format(standby.sandbox.endpoint, "http://127.0.0.1:9/asmx"))
    assert smscli("send", "--mobile", "13800138000", "--content", "x").code == 0
    assert standby.queued == ["13800138000"]
    write_config(home, shop.format(standby.sandbox.endpoint, broken.sandbox.endpoint))
    assert smscli("send", "--mobile", "13800138001", "--content", "x").code == 6
    assert standby.queued == ["13800138000"]


# --- what careless and hostile people tried -----------------------------------------------------------------------


def test_cells_that_make_the_same_text_send_it_once(smscli: Smscli, sandbox: RunningSandbox) -> None:
    rows = "m,a,b\n13800138000,1,23\n13800138000,12,3\n"
    ended = smscli("send", "--column", "m", "--content", "c{a}{b}", stdin=rows, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (0, ["13800138000"])
    assert "1 left out: the same text to the same number" in ended.err


@pytest.mark.parametrize("key", ["", "  ", "a\tb"])
def test_a_key_that_protects_nothing_is_refused(smscli: Smscli, sandbox: RunningSandbox, key: str) -> None:
    ended = smscli("send", "--mobile", "13800138000", "--content", "x", "--key", key, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (2, [])


def test_dry_run_with_everybody_held_back_is_a_sentence(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    shop = f'[profiles.shop]\nendpoint = "{sandbox.sandbox.endpoint}"\nname = "demo"\npwd = "demo"\n'
    write_config(home, shop + 'per_number = ["1/1h"]\n')
    send = ("send", "--mobile", "13800138000", "--content", "x")
    assert smscli(*send).code == 0
    ended = smscli(*send, "--dry-run")
    assert ended.code == 9
    assert "nobody is left to send to" in ended.err


def test_standby_is_asked_for_the_balance_as_well(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    shop = '[profiles.shop]\nname = "demo"\npwd = "demo"\nstandby = ["{}"]\nendpoint = "http://127.0.0.1:9/asmx"\n'
    write_config(home, shop.format(sandbox.sandbox.endpoint))
    people = numbers(3)
    assert smscli("send", "--content", "x", "--batch-size", "1", stdin="\n".join(people)).code == 0
    assert sorted(sandbox.queued) == people


def test_a_run_whose_time_has_passed_is_not_resumed_unasked(smscli: Smscli, sandbox: RunningSandbox) -> None:
    dead = sandbox.variables | {"SMSCLI_ENDPOINT": "http://127.0.0.1:9/asmx"}
    assert smscli("send", "--mobile", "13800138000", "--content", "x", "--at", "+1s", "--key", "k", **dead).code == 5
    time.sleep(1.2)
    ended = smscli("resume", "1", **sandbox.variables)
    assert (ended.code, sandbox.queued) == (2, [])
    assert "which has passed. Send the rest now?" in ended.err
    assert smscli("resume", "1", "--yes", **sandbox.variables).code == 0
    done = smscli("send", "--mobile", "13800138000", "--content", "x", "--at", "+1s", "--key", "k", **sandbox.variables)
    assert done.code == 0
    assert "nothing was sent again" in done.err


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_names_that_are_no_utf_8_are_no_bug(smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path) -> None:
    name = os.fsdecode("名单.csv".encode("gb18030"))
    (tmp_path / name).write_text("13800138000\n")
    assert smscli("send", "--csv", name, "--content", "x", **sandbox.variables, LOGNAME="\udcff").code == 0
    assert smscli("runs").code == 0
    send = ("send", "--mobile", "13800138001", "--content", "x")
    assert smscli(*send, "--key", "\udcff", **sandbox.variables).code == 2
    assert smscli(*send, **sandbox.variables | {"SMSCLI_NAME": "\udcff"}).code == 3
    assert sandbox.queued == ["13800138000"]


def test_numbers_beyond_all_measure_are_sentences(smscli: Smscli, sandbox: RunningSandbox) -> None:
    huge = "9" * 25
    assert smscli("runs", huge).code == 2
    assert smscli("resume", huge, **sandbox.variables).code == 2
    rows = "m,a\n13800138000,1\n"
    send = ("send", "--column", "m", "--content", "c{a}", "--limit", huge)
    assert smscli(*send, stdin=rows, **sandbox.variables).code == 0
    for rate in ("nan", "inf", "-1"):
        assert (
            smscli("send", "--mobile", "13800138000", "--content", "x", "--rate", rate, **sandbox.variables).code == 2
        )


def test_a_text_made_of_constants_stops_when_it_is_refused(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send = ("send", "--content", "敏感{x}", "--var", "x=1", "--batch-size", "1", "--workers", "1")
    ended = smscli(*send, "--output", "json", stdin="\n".join(numbers(4)), **sandbox.variables)
    assert outcomes(ended) == ["refused", "planned", "planned", "planned"]


def test_what_newcomers_get_wrong_is_explained(
    smscli: Smscli, home: Path, sandbox: RunningSandbox, people: Path
) -> None:
    config = write_config(
        home,
        f"""[profiles.shop]
endpoint = "{sandbox.sandbox.endpoint}"
name = "demo"
pwd = "5ECRET-PWD"
""",
    )
    mistakes = {
        "is smscli's own configuration": ["--csv", str(config), "--content", "x"],
        "full-width braces, '｛金额｝'": ["--csv", "people.csv", "--content", "{姓名}欠｛金额｝元"],
        "'world' does not belong to any option": ["--mobile", "13800138000", "--content", "hello", "world"],
        "'13800138000 hello' does not belong to any option": ["13800138000", "hello"],
    }
    for said, arguments in mistakes.items():
        ended = smscli("send", *arguments)
        assert (ended.code, sandbox.queued) == (2, [])
        assert said in ended.err
        assert "Nothing was sent." in ended.err
        assert "5ECRET" not in ended.err


def test_a_run_whose_command_was_repeated_is_not_resumed_unasked(smscli: Smscli, sandbox: RunningSandbox) -> None:
    """Who repeats a send that reached nobody, and then does what its message said, would send twice."""
    send = ["send", "--mobile", "13800138000", "--content", "x"]
    assert smscli(*send, **sandbox.variables | {"SMSCLI_ENDPOINT": "http://127.0.0.1:1/"}).code == 5
    assert smscli(*send, **sandbox.variables).code == 0
    ended = smscli("resume", "1", **sandbox.variables)
    assert ended.code == 2
    assert "Run 2 has sent the same to the same numbers since then." in ended.err
    assert len(sandbox.queued) == 1
    assert smscli("resume", "1", "--yes", **sandbox.variables).code == 0
    assert len(sandbox.queued) == 2
    again = smscli("resume", "1", **sandbox.variables)
    assert "run 1 has nothing left to send; nothing was sent" in again.err
    assert len(sandbox.queued) == 2


def test_the_table_of_runs_fits_a_narrow_terminal(smscli: Smscli, sandbox: RunningSandbox) -> None:
    text = "尊敬的客户您好，您的订单已经发货，请注意查收，感谢您的支持"
    for _ in range(2):
        smscli("send", "--mobile", "13800138000", "--content", text, **sandbox.variables)
    table = smscli("runs", "--output", "table", COLUMNS="80").out.splitlines()
    assert len(table) == 3
    assert "尊敬的客户您好" in table[1]
    assert smscli("runs", "--output", "json").json[0]["content"] == text
    assert "run 1 of 20" in smscli("runs", "1").err


def test_a_scheduled_run_says_so(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send = ["send", "--mobile", "13800138000", "--content", "x", "--at", "2090-01-01 09:00"]
    assert smscli(*send, **sandbox.variables).code == 0
    assert smscli("runs", "--output", "json").json[0]["at"] == "2090-01-01 09:00:00"
    assert "scheduled for 2090-01-01 09:00:00 China time" in smscli("runs", "1", "--output", "table").err
