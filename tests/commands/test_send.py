"""`smscli send` against the sandbox: who gets what, what is refused, and what is said."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from smscli.protocol.times import CHINA
from tests.support.command import Smscli
from tests.support.gateways import answer, answering
from tests.support.sandboxes import RunningSandbox, numbers, write_config

StartSandbox = Callable[..., RunningSandbox]
ONE = ("send", "--mobile", "13800138000")
FIELDS = [
    "batch", "outcome", "sendid", "accepted", "invalid", "blacklisted", "message", "code", "numbers", "characters",
    "parts", "error", "run", "delivered", "failed", "waiting",
]  # fmt: skip


def variables(endpoint: str) -> dict[str, str]:
    return {"SMSCLI_ENDPOINT": endpoint, "SMSCLI_NAME": "demo", "SMSCLI_PWD": "5ECRET-PWD"}


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_one_message(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli(*ONE, "--content", "你好", "--output", "json", **sandbox.variables, SMSCLI_SIGN="测试")
    assert (ended.code, ended.err) == (0, "")
    (batch,) = ended.json
    (request,) = sandbox.requests
    assert request["mobile"] == ["13800138000"]
    assert (request["content"], request["sign"]) == ("你好", "测试")
    assert batch["sendid"] == request["sendid"]
    assert (batch["outcome"], batch["accepted"], batch["characters"], batch["parts"]) == ("accepted", 1, 6, 1)


def test_list_goes_out_in_batches(smscli: Smscli, sandbox: RunningSandbox) -> None:
    people = numbers(1201)
    send = ("send", "--content", "x", "--yes", "--workers", "1")
    broke = smscli(*send, stdin="\n".join(people), **sandbox.variables)
    assert broke.code == 4  # 1000 messages are what the sandbox has
    assert "this needs 1,201 messages, and 1000 are left" in broke.err
    assert sandbox.queued == []
    ended = smscli(*send, "--force", stdin="\n".join(people), **sandbox.variables)
    assert ended.code == 7
    assert [row[1] for row in ended.rows] == ["accepted", "accepted", "refused"]
    assert sandbox.queued == people[:1000]
    assert "1 batch refused, the first is 3: the gateway refused: 余额不足 (code 2" in ended.err
    assert "201 not sent to yet. Continue with: smscli resume 1" in ended.err


@pytest.mark.parametrize(("size", "batches"), [("1", [1, 1, 1]), ("2", [2, 1]), ("3", [3]), ("500", [3])])
def test_batch_size(smscli: Smscli, sandbox: RunningSandbox, size: str, batches: list[int]) -> None:
    people = numbers(3)
    ended = smscli("send", "--content", "x", "--batch-size", size, stdin="\n".join(people), **sandbox.variables)
    assert ended.code == 0
    assert sorted(len(request["mobile"]) for request in sandbox.requests if request["type"] == "pt") == sorted(batches)
    assert sorted(sandbox.queued) == people


def test_mobile_may_be_repeated_and_joined_by_commas(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli(
        "send", "--mobile", "13800138000,13800138001", "--mobile", "+86 138-0013-8002", "--mobile", "13800138000",
        "--content", "x", **sandbox.variables,
    )  # fmt: skip
    assert ended.code == 0
    assert sandbox.queued == ["13800138000", "13800138001", "13800138002"]
    assert "1 left out: duplicates" in ended.err


def test_csv_file_is_a_list_too(smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path) -> None:
    (tmp_path / "客户.csv").write_bytes("姓名,手机号\r\n张三,13800138000\r\n李四,13800138001\r\n".encode("gbk"))
    ended = smscli("send", "--csv", "客户.csv", "--content", "x", **sandbox.variables)
    assert ended.code == 0
    assert sandbox.queued == ["13800138000", "13800138001"]


def test_sign_and_extno_of_the_command_line_win(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli(*ONE, "--content", "x", "--sign", "店", "--extno", "007", **sandbox.variables, SMSCLI_SIGN="别")
    assert ended.code == 0
    (request,) = sandbox.requests
    assert (request["sign"], request["extno"]) == ("店", "007")


# --- what each format holds -----------------------------------------------------------------------------------------


def test_json_fields_are_pinned(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli(*ONE, "--content", "😀", "--output", "json", **sandbox.variables)
    (batch,) = ended.json
    assert list(batch) == FIELDS
    assert isinstance(batch["sendid"], str)
    assert len(batch.pop("sendid")) == 25
    assert batch == {
        "batch": 1, "outcome": "accepted", "accepted": 1, "invalid": 0, "blacklisted": 0, "message": "提交成功",
        "code": 0, "numbers": 1, "characters": 2, "parts": 1, "error": "", "run": 1, "delivered": 0, "failed": 0,
        "waiting": 1,
    }  # fmt: skip


def test_other_formats_hold_the_same_fields(smscli: Smscli, sandbox: RunningSandbox) -> None:
    def run(output: str) -> str:
        return smscli(*ONE, "--content", "x", "--output", output, **sandbox.variables).raw.decode()

    assert list(json.loads(run("jsonl"))) == FIELDS
    header, row = run("csv").split("\r\n")[:2]
    assert header.split(",") == FIELDS
    (tsv,) = run("tsv").splitlines()
    for cells in (row.split(","), tsv.split("\t")):
        assert cells[:2] + cells[3:-4] == ["1", "accepted", "1", "0", "0", "提交成功", "0", "1", "1", "1", ""]


def test_a_refusal_is_a_row_too(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli(*ONE, "--content", "敏感", "--output", "json", **sandbox.variables)
    (batch,) = ended.json
    assert (batch["outcome"], batch["code"], batch["message"]) == ("refused", 1, "含有敏感词汇")
    assert batch["error"].startswith("the gateway refused: 含有敏感词汇 (code 1")


def on_a_terminal(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command whose stdin, stdout and stderr are a terminal of 80 columns; returns its code and what it wrote."""
    pid, master = pty.fork()
    if pid == 0:
        os.execve(command[0], command, environment)
    written = b""
    try:
        while part := os.read(master, 65536):
            written += part
    except OSError:  # the terminal's other end has closed
        pass
    finally:
        os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), written.decode()


def test_table_at_80_columns_shows_the_whole_sendid(environment: dict[str, str], sandbox: RunningSandbox) -> None:
    command = [sys.executable, "-m", "smscli", *ONE, "--content", "你好", "--sign", "店"]
    code, screen = on_a_terminal(
        command, environment | sandbox.variables | {"TERM": "dumb", "COLUMNS": "80", "LINES": "24"}
    )
    (request,) = sandbox.requests
    assert code == 0
    assert request["sendid"] in screen
    assert "提交成功" in screen
    assert "1 accepted · 5 characters with signature, billed as 1 part a number" in screen


def test_table_at_80_columns_shows_every_sendid_of_several_batches(
    environment: dict[str, str], sandbox: RunningSandbox
) -> None:
    command = [sys.executable, "-m", "smscli", "send", "--mobile", ",".join(numbers(2)), "--content", "x"]
    code, screen = on_a_terminal(
        [*command, "--batch-size", "1"], environment | sandbox.variables | {"TERM": "dumb", "COLUMNS": "80"}
    )
    assert code == 0
    assert all(request["sendid"] in screen for request in sandbox.requests)


# --- how it ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "code", "said"),
    [
        ("敏感", "demo", 4, "含有敏感词汇 (code 1: 含有敏感词汇 / contains a sensitive word"),
        ("余额不足", "demo", 4, "余额不足 (code 2: 含有敏感词汇 / contains a sensitive word; in practice also"),
        ("没有号码", "demo", 4, "没有号码 (code 3: 没有号码 / no phone number"),
        ("select * from", "demo", 4, "包含sql语句 (code 4: 包含sql语句 / looks like an SQL statement"),
        ("x", "nosuch", 4, "账号不存在 (code 10: 账号不存在 / no such account"),
        ("x", "closed", 4, "账号注销 (code 11: 账号注销 / account closed"),
        ("x", "suspended", 4, "账号停用 (code 12: 账号停用 / account suspended"),
        ("x", "blocked-ip", 4, "IP鉴权失败 (code 13: IP鉴权失败 / this IP address is not allowed"),
        ("x", "malformed", 4, "格式错误 (code 14: 格式错误 / malformed request"),
        ("x", "broken", 6, "系统异常 (code -1: 系统异常 / gateway error"),
        ("系统异常", "demo", 6, "系统异常 (code -1: 系统异常 / gateway error"),
    ],
)  # fmt: skip
def test_refusal_shows_words_code_and_both_meanings(
    smscli: Smscli, sandbox: RunningSandbox, content: str, name: str, code: int, said: str
) -> None:
    ended = smscli(*ONE, "--content", content, **sandbox.variables | {"SMSCLI_NAME": name})
    assert ended.code == code
    assert said in ended.err
    assert ("Nothing was sent." in ended.err) is (code == 4)
    assert ("it is not known whether 1 number got the message" in ended.err) is (code == 6)
    assert "5ECRET-PWD" not in ended.out + ended.err
    assert sandbox.queued == []


@pytest.mark.parametrize(
    ("mobiles", "code", "accepted"),
    [
        ("13800138000", 0, 1),
        ("13800138000,13800138099", 7, 1),
        ("13800138099", 4, 0),
        ("13800138099,13900138099", 4, 0),
    ],
)
def test_blacklisted_numbers_are_told_and_make_the_exit_code(
    smscli: Smscli, sandbox: RunningSandbox, mobiles: str, code: int, accepted: int
) -> None:
    asked = len(mobiles.split(","))
    ended = smscli("send", "--mobile", mobiles, "--content", "x", "--output", "json", **sandbox.variables)
    assert ended.code == code
    (batch,) = ended.json
    assert (batch["accepted"], batch["blacklisted"]) == (accepted, asked - accepted)
    said = (
        f"the gateway accepted {accepted} of {asked} numbers; it counted 0 invalid and {asked - accepted} blacklisted"
    )
    assert (said in ended.err) is (code != 0)
    assert (f"smscli: {said}" in ended.err) is (accepted == 0)  # what was sent is not worded like an error


@pytest.mark.parametrize(("text", "code"), [("77,奇怪", "77"), ("502,Bad Gateway", "502"), ("-2,系统繁忙", "-- -2")])
def test_a_code_that_is_not_listed_proves_nothing(smscli: Smscli, text: str, code: str) -> None:
    with answering(answer(text, "Connection: close")) as endpoint:
        ended = smscli(*ONE, "--content", "x", **variables(endpoint))
    assert ended.code == 6
    number, said = text.split(",")
    assert f"the gateway answered: {said} (code {number}: not in the vendor's table)" in ended.err
    assert f"smscli profile set refusal_codes {code}" in ended.err
    assert "Nothing was sent" not in ended.err


def test_a_code_that_the_profile_declares_is_a_refusal(smscli: Smscli, home: Path) -> None:
    with answering(answer("77,奇怪", "Connection: close")) as endpoint:
        write_config(
            home,
            f'[profiles.a]\nendpoint = "{endpoint}"\nname = "x"\npwd = "5ECRET"\nrefusal_codes = [77]\n',
        )
        ended = smscli(*ONE, "--content", "x")
    assert ended.code == 4
    assert "the gateway refused: 奇怪 (code 77: not in the vendor's table). Nothing was sent." in ended.err


@pytest.mark.parametrize(
    ("counts", "code"),
    [("0,1,0", 7), ("0,0,0", 6), ("0,2,1", 7), ("1,2,0", 7), ("0,3,0", 0), ("1,1,1", 7), ("3,0,0", 4)],
)
def test_a_success_is_never_a_refusal_whatever_its_counts(smscli: Smscli, counts: str, code: int) -> None:
    success = answer(f"0,2017122215592306537359081,{counts},提交成功", "Connection: close")
    with answering(success) as endpoint:
        ended = smscli(
            "send", "--mobile", "13800138000,13800138001,13800138002", "--content", "x", **variables(endpoint)
        )
        again = smscli("resume", "1", **variables(endpoint))
    assert ended.code == code
    assert ended.rows[0][1] == ("refused" if code == 4 else "accepted")  # none of its numbers was taken
    assert "Nothing was sent" not in ended.err
    assert "nothing left to send" in again.err
    unaccounted = 3 - sum(map(int, counts.split(",")))
    assert (f"{unaccounted} are not in its counts" in ended.err) is (unaccounted > 0)


@pytest.mark.parametrize("first", ["0,1,0,1,0,", "13,"])
def test_hostile_message_reaches_no_terminal_raw(smscli: Smscli, first: str) -> None:
    text = first + "\x1b[2J\x1b]0;x\x07[red]\u202e\tx\nsmscli: fine"
    with answering(answer(text, "Connection: close")) as endpoint:
        ended = smscli(*ONE, "--content", "x", **variables(endpoint))
    assert not set("\x1b\x07\u202e") & set(ended.out + ended.err)
    assert len(ended.rows) == 1
    assert len(ended.rows[0]) == len(FIELDS)
    assert not any(line.startswith("smscli: fine") for line in ended.err.splitlines())


def test_disk_that_is_full_still_tells_the_sendid(
    environment: dict[str, str], sandbox: RunningSandbox, tmp_path: Path
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "smscli", *ONE, "--content", "x"],
            stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, env=environment | sandbox.variables,
        )  # fmt: skip
    (request,) = sandbox.requests
    assert ended.returncode == 0
    assert request["sendid"] in ended.stderr.decode()
    assert "could not be written: No space left on device" in ended.stderr.decode()


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_do_not_change_how_it_ends(
    environment: dict[str, str], sandbox: RunningSandbox, redirection: str
) -> None:
    line = f"{shlex.quote(sys.executable)} -m smscli send --mobile 13800138000 --content x --sign 店 {redirection}"
    ended = subprocess.run(["sh", "-c", line], capture_output=True, env=environment | sandbox.variables)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert len(sandbox.queued) == 1


def test_interrupted_run_tells_what_was_sent(
    environment: dict[str, str], start_sandbox: StartSandbox, tmp_path: Path
) -> None:
    slow = start_sandbox(latency=700)
    people = numbers(3)
    command = [sys.executable, "-m", "smscli", "send", "--content", "x", "--mobile", ",".join(people)]
    with subprocess.Popen(
        [*command, "--batch-size", "1", "--workers", "1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment | slow.variables, text=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 20
        while len(slow.queued) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert [line.split("\t")[1] for line in out.splitlines()] == ["accepted", "accepted", "planned"]
    assert slow.requests[-1]["sendid"] in out
    assert "waiting for the requests in flight; interrupt again to stop at once" in err
    assert "1 not sent to yet. Continue with: smscli resume 1" in err
    assert "Traceback" not in err
    assert slow.queued == people[:2]


# --- stdin ----------------------------------------------------------------------------------------------------------


def test_while_read_loop_sends_to_every_line(
    environment: dict[str, str], sandbox: RunningSandbox, tmp_path: Path
) -> None:
    people = numbers(3)
    (tmp_path / "list").write_text("\n".join(people) + "\n")
    line = f'while read -r n; do {shlex.quote(sys.executable)} -m smscli send --mobile "$n" --content x; done < list'
    ended = subprocess.run(["sh", "-c", line], env=environment | sandbox.variables, cwd=tmp_path, capture_output=True)
    assert ended.returncode == 0
    assert sandbox.queued == people


@pytest.mark.parametrize("stdin", ["", "\n\n", "手机号\n"])
def test_empty_list_is_refused(smscli: Smscli, sandbox: RunningSandbox, stdin: str) -> None:
    ended = smscli("send", "--content", "x", stdin=stdin, **sandbox.variables)
    assert (ended.code, ended.out) == (2, "")
    assert "Nothing was sent" in ended.err
    assert sandbox.requests == []


def test_without_recipients_on_a_terminal_it_asks_for_them(
    environment: dict[str, str], sandbox: RunningSandbox
) -> None:
    command = [sys.executable, "-m", "smscli", "send", "--content", "x"]
    code, screen = on_a_terminal(command, environment | sandbox.variables)
    assert code == 2
    assert "to whom? Give --mobile or --list, or pipe a list in. Nothing was sent." in screen


def test_one_bad_line_stops_all_and_skip_invalid_goes_on(smscli: Smscli, sandbox: RunningSandbox) -> None:
    given = "13800138000\n12345\n13800138001\nhello\n"
    ended = smscli("send", "--content", "x", stdin=given, **sandbox.variables)
    assert ended.code == 2
    assert "2 invalid, 2 valid. Nothing was sent." in ended.err
    assert all(bad in ended.err for bad in ("'12345'", "'hello'"))
    assert sandbox.requests == []
    ended = smscli("send", "--content", "x", "--skip-invalid", stdin=given, **sandbox.variables)
    assert ended.code == 0
    assert "2 left out: invalid" in ended.err
    assert sandbox.queued == ["13800138000", "13800138001"]


# --- the text -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("你好\n".encode(), "你好"),
        ("\ufeff你好\r\n第二行\r\n".encode(), "你好\n第二行"),
        ("你好，店里活动".encode("gbk"), "你好，店里活动"),
        ("你好".encode("utf-16"), "你好"),
        (b"no line end", "no line end"),
    ],
)
def test_content_file_in_any_usual_encoding(
    smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path, raw: bytes, text: str
) -> None:
    (tmp_path / "text.txt").write_bytes(raw)
    assert smscli(*ONE, "--content-file", "text.txt", **sandbox.variables).code == 0
    assert sandbox.requests[0]["content"] == text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "the content is empty"),
        (b"\n", "the content is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe\xff", "text.txt is not UTF-8 or GB18030 text"),
        (b"a\x00b", "a control character at position 2"),
        (b"x" * (3 << 20), "characters, "),
        (None, "No such file or directory"),
    ],
)
def test_content_file_that_is_no_text_is_refused(
    smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path, raw: bytes | None, said: str
) -> None:
    if raw is not None:
        (tmp_path / "text.txt").write_bytes(raw)
    ended = smscli(*ONE, "--content-file", "text.txt", **sandbox.variables)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Nothing was sent" in ended.err
    assert sandbox.requests == []


@pytest.mark.parametrize(("path", "said"), [(".", "Is a directory"), ("/dev/zero", "characters")])
def test_content_file_that_is_no_file_is_refused(smscli: Smscli, sandbox: RunningSandbox, path: str, said: str) -> None:
    ended = smscli(*ONE, "--content-file", path, **sandbox.variables)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err or "control character" in ended.err
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--content", ""), "the content is empty"),
        (("--content", "x" * 501), "501 characters, 1 more than the 500"),
        (("--content", "😀" * 251), "502 characters, 2 more than the 500"),
        (("--content", "a\x1b[31m"), "a control character at position 2"),
        (("--content", "a\udcff"), "bytes that are not UTF-8 text at position 2"),
        (("--content", "x", "--sign", "\udcff"), "the sign has bytes that are not UTF-8 text"),
        (("--content", "x", "--sign", "a\nb"), "the sign has a line break"),
        (("--content", "x", "--extno", "12a"), "must be digits only"),
        (("--content", "x", "--extno", "\udcff"), "must be digits only"),
        (("--content", "x", "--mobile", "\udcff"), "--mobile '\\udcff': not a phone number. Nothing was sent."),
        (("--content", "x", "--mobile", ""), "--mobile '': "),
        (("--content", "x", "--mobile", "+1 202 555 0100"), "overseas"),
        (("--content", "x", "--content-file", "y"), "one of --content, --content-file and --template"),
        ((), "one of --content, --content-file and --template"),
        (("--content", "x", "--csv", "y"), "either --mobile or --list"),
        (("--content", "x", "--at", "tomorrow"), "'tomorrow' is not a time"),
        (("--content", "x", "--at", ""), "'' is not a time"),
        (("--content", "x", "--at", "2001-01-01 00:00"), "has passed"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_sending(
    smscli: Smscli, sandbox: RunningSandbox, arguments: tuple[str, ...], said: str
) -> None:
    ended = smscli(*ONE, *arguments, **sandbox.variables)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Nothing was sent" in ended.err
    assert "Traceback" not in ended.err
    assert sandbox.requests == []


@pytest.mark.parametrize("wrong", [("--batch-size", "0"), ("--batch-size", "x"), ("--nosuch",), ("13800138000",)])
def test_wrong_usage_sends_nothing(smscli: Smscli, sandbox: RunningSandbox, wrong: tuple[str, ...]) -> None:
    assert smscli(*ONE, "--content", "x", *wrong, **sandbox.variables).code == 2
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("content", "characters", "parts"), [("你" * 70, 70, 1), ("你" * 71, 71, 2), ("😀" * 250, 500, 8)]
)
def test_result_shows_characters_and_billed_parts(
    smscli: Smscli, sandbox: RunningSandbox, content: str, characters: int, parts: int
) -> None:
    (batch,) = smscli(*ONE, "--content", content, "--output", "json", **sandbox.variables).json
    assert (batch["characters"], batch["parts"]) == (characters, parts)
    assert sandbox.sandbox.balance == 1000 - parts


# --- the time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_time_is_china_time_whatever_the_machine_says(smscli: Smscli, sandbox: RunningSandbox, zone: str) -> None:
    ended = smscli(*ONE, "--content", "x", "--at", "2126-12-01 09:00", **sandbox.variables, TZ=zone)
    assert ended.code == 0
    assert "scheduled for 2126-12-01 09:00:00 China time (UTC+8)" in ended.err
    assert sandbox.requests[0]["stime"] == "2126-12-01 09:00:00"


@pytest.mark.parametrize(("at", "delay"), [("+90m", 90), ("+2h", 120), ("+1d", 1440)])
def test_relative_time_is_sent_and_shown_as_an_absolute_one(
    smscli: Smscli, sandbox: RunningSandbox, at: str, delay: int
) -> None:
    before = datetime.now(CHINA).replace(microsecond=0)
    ended = smscli(*ONE, "--content", "x", "--at", at, **sandbox.variables, TZ="America/New_York")
    stime = sandbox.requests[0]["stime"]
    sent = datetime.strptime(stime, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA) - timedelta(minutes=delay)
    assert before <= sent <= datetime.now(CHINA)
    assert f"scheduled for {stime} China time" in ended.err


def test_without_at_the_gateway_is_given_no_time(smscli: Smscli, sandbox: RunningSandbox) -> None:
    smscli(*ONE, "--content", "x", **sandbox.variables)
    assert sandbox.requests[0]["stime"] == ""


def test_blanks_may_be_between_numbers_and_within_one(smscli: Smscli, sandbox: RunningSandbox) -> None:
    mobiles = "13800138000 13800138001,138 0013 8002"
    assert smscli("send", "--mobile", mobiles, "--content", "x", **sandbox.variables).code == 0
    assert sandbox.queued == ["13800138000", "13800138001", "13800138002"]


def test_a_wrong_number_on_the_command_line_gets_no_advice_for_a_list(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli("send", "--mobile", "138", "--content", "x", **sandbox.variables)
    assert (ended.code, sandbox.queued) == (2, [])
    said = "smscli: --mobile '138': too short: 3 digits where a mobile number has 11. Nothing was sent."
    assert ended.err == f"{said} Correct it and try again.\n"
