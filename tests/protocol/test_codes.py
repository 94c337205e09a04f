"""`smscli codes`: every code of the protocol, in both languages, and one entry at a time."""

import subprocess
import sys

import pytest

from smscli.protocol.codes import ANSWERS, OPERATOR_STATES, STATES, answer_meaning, state_meaning
from tests.support.command import Smscli

FIELDS = ["kind", "code", "chinese", "english", "note"]


def test_all_tables(smscli: Smscli) -> None:
    rows = smscli("codes").rows
    assert {row[1] for row in rows} == {*map(str, ANSWERS), *STATES, *OPERATOR_STATES}
    assert all(row[2] and row[3] for row in rows)
    assert {row[0] for row in rows} == {"answer", "state", "operator"}


@pytest.mark.parametrize(
    ("code", "chinese", "english"),
    [
        ("0", "提交成功", "accepted"),
        ("1", "含有敏感词汇", "sensitive"),
        ("2", "含有敏感词汇", "sensitive"),
        ("3", "没有号码", "no phone"),
        ("4", "包含sql语句", "SQL"),
        ("10", "账号不存在", "no such account"),
        ("11", "账号注销", "closed"),
        ("12", "账号停用", "suspended"),
        ("13", "IP鉴权失败", "IP address"),
        ("14", "格式错误", "malformed"),
        ("-1", "系统异常", "gateway error"),
        ("DELIVRD", "短消息转发成功", "delivered"),
        ("EXPIRED", "短消息超过有效期", "expired"),
        ("UNDELIV", "短消息是不可达的", "undeliverable"),
        ("UNKNOWN", "未知短消息状态", "the operator does not know"),
        ("REJECTD", "短消息被短信中心拒绝", "rejected"),
        ("DTBLACK", "目的号码是黑名单号码", "blacklist"),
        ("ERR:104", "系统忙", "busy"),
        ("REJECT", "审核驳回", "review"),
        ("MK:0001", "空号", "not in service"),
        ("MK:0024", "关机", "switched off"),
        ("DB:0141", "黑名单", "blacklist"),
        ("delivrd", "短消息转发成功", "delivered"),
        (" mk:0001 ", "空号", "not in service"),
    ],
)
def test_one_entry(smscli: Smscli, code: str, chinese: str, english: str) -> None:
    ((kind, found, zh, en, _note),) = smscli("codes", code).rows
    assert (found, zh) == (code.strip().upper(), chinese)
    assert english in en
    assert kind


def test_insufficient_balance_is_told_beside_the_vendors_meaning(smscli: Smscli) -> None:
    assert "余额不足, balance too low" in smscli("codes", "2").out


@pytest.mark.parametrize("code", ["99", "XX:0001", "--nosuch", "\x1b[31m"])
def test_unknown_code_is_explained(smscli: Smscli, code: str) -> None:
    ended = smscli("codes", code)
    assert (ended.code, ended.out) == (2, "")
    assert "is not in the tables" in ended.err
    assert "\x1b" not in ended.err


def test_unlisted_codes_are_kept_as_such() -> None:
    assert answer_meaning(77).en == "not in the vendor's table"
    assert state_meaning("XX:1").zh == "网关内部状态"


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_json_fields(smscli: Smscli, output: str) -> None:
    ended = smscli("codes", "13", "--output", output)
    found = ended.json if output == "jsonl" else ended.json[0]
    assert list(found) == FIELDS
    assert found["code"] == "13"


def test_csv_and_table(smscli: Smscli) -> None:
    lines = smscli("codes", "--output", "csv").out.splitlines()
    assert lines[0] == ",".join(FIELDS)
    assert any(line.startswith("answer,'-1,") for line in lines)  # no formula
    assert "DELIVRD" in smscli("codes", "--output", "table").out


def test_reader_that_goes_away_ends_it_quietly(environment: dict[str, str]) -> None:
    command = f"{sys.executable} -m smscli codes | head -1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, env=environment)
    assert ended.stdout.decode().splitlines()[-1] == "0"
    assert ended.stderr == b""


def test_a_slip_of_the_pen_is_guessed(smscli: Smscli) -> None:
    assert "Did you mean DELIVRD?" in smscli("codes", "DELIVERD").err
    assert "Did you mean" not in smscli("codes", "999").err
