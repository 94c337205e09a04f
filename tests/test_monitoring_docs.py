"""docs/monitoring.md is executed: each block by what would run it, against a sandbox.

The Chinese one has the same blocks.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from smscli.checks import listener
from smscli.receiving.counts import Counts
from tests.support.sandboxes import RunningSandbox, write_config

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "monitoring.md").read_text("utf-8")

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


def block(name: str) -> str:
    """Return the one block that is the file of this name."""
    (found,) = [each for each in re.findall(r"```\w+\n(.*?)```", TEXT, re.DOTALL) if name in each]
    return str(found)


@pytest.fixture
def shell(environment: dict[str, str], tmp_path: Path) -> Shell:
    """Run a command as cron and agents do, with `sh`; `sudo` is none, and the clock stands still."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in {
        "smscli": f'exec {shlex.quote(sys.executable)} -m smscli "$@"',
        "sudo": 'shift 2; exec "$@"',
        "date": "echo 600",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)

    def run(command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        words = ["sh", "-c", command.replace("/opt/smscli/bin", str(programs)), *arguments]
        variables = environment | {"PATH": f"{programs}:{environment['PATH']}"}
        return subprocess.run(words, capture_output=True, text=True, env=variables, cwd=tmp_path, timeout=60)

    return run


@pytest.fixture
def accounts(home: Path, sandbox: RunningSandbox) -> Callable[..., None]:
    """Write a profile for each label, with the name of its account."""

    def write(**names: str) -> None:
        endpoint = sandbox.sandbox.endpoint
        table = '[profiles.{}]\nendpoint = "{}"\nname = "{}"\npwd = "5ECRET-PWD"\n'
        write_config(home, "".join(table.format(label, endpoint, name) for label, name in names.items()))

    return write


def cron_lines(text: str) -> list[str]:
    """Return the commands of a file in /etc/cron.d; `%` means a new line there, so none has one."""
    found = re.findall(r"^(?:[0-9*/]+ ){5} *sms  (.*)$", text, re.MULTILINE)
    assert found and not any("%" in command for command in found)
    return found


def test_cron_mails_only_what_is_wrong(shell: Shell, accounts: Callable[..., None]) -> None:
    commands = cron_lines(block("/etc/cron.d/smscli\n"))
    assert len(commands) == 2
    accounts(shop="demo", boss="demo")
    assert [(ended.stdout, ended.stderr) for ended in map(shell, commands)] == [("", "")] * 2
    accounts(shop="demo", boss="closed")
    for ended in map(shell, commands):
        assert "账号注销" in ended.stdout + ended.stderr


def test_zabbix_gets_its_items(shell: Shell, accounts: Callable[..., None]) -> None:
    items = dict(re.findall(r"^UserParameter=(.+?),(.*)$", block("zabbix_agent2.d"), re.MULTILINE))
    accounts(shop="demo", boss="closed")
    assert shell(items["sms.balance[*]"].replace("$1", "shop")).stdout == "1000\n"
    assert shell(items["sms.failed"]).stdout == "1\n"
    found = json.loads(shell(items["sms.doctor"]).stdout)
    assert [(each["check"], each["profile"]) for each in found if each["result"] == "fail"] == [("balance", "boss")]


def test_nagios_gets_its_line_and_exit_code(shell: Shell, accounts: Callable[..., None]) -> None:
    _, command = block("nrpe.d").rstrip().split("]=")
    accounts(shop="demo")
    ended = shell(command)
    assert (ended.returncode, ended.stdout) == (0, "SMS OK - shop: 1000 | 'shop'=1000;500:;100:\n")
    accounts(shop="closed")
    assert shell(command).returncode == 2


def test_prometheus_gets_a_whole_file_also_where_an_account_fails(
    shell: Shell, accounts: Callable[..., None], tmp_path: Path
) -> None:
    (command,) = cron_lines(block("smscli-prometheus"))
    folder = tmp_path / "collected"
    folder.mkdir()
    accounts(shop="demo", boss="closed")
    assert shell(command.replace("/var/lib/node_exporter", str(folder))).returncode == 0
    assert [file.name for file in folder.iterdir()] == ["sms.prom"]
    found = {family.name: family for family in text_string_to_metric_families((folder / "sms.prom").read_text())}
    assert [sample.value for sample in found["smscli_up"].samples] == [1, 0]


def test_prometheus_scrapes_the_listener_and_its_rules_name_what_is_there(
    shell: Shell, accounts: Callable[..., None]
) -> None:
    accounts(shop="demo")
    text = shell("smscli balance --output prometheus").stdout + Counts().exposition()
    there = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    (group,) = yaml.safe_load(block("/etc/prometheus/rules/"))["groups"]
    named = {name for rule in group["rules"] for name in re.findall(r"\bsmscli_\w+", rule["expr"])}
    assert named - there == set()
    assert there - named == {"smscli_pushes_total", "smscli_replies_total"}
    (job,) = yaml.safe_load(block("prometheus.yml"))["scrape_configs"]
    assert job["static_configs"][0]["targets"] == [listener.USUAL.split("/")[2]]


@pytest.mark.parametrize("text", ["磁盘已满：/var", "--help; $(touch x) `x` 'y'", "告警" * 500, "x" * 2000])
def test_an_alarm_goes_out_once(
    shell: Shell, accounts: Callable[..., None], sandbox: RunningSandbox, tmp_path: Path, text: str
) -> None:
    accounts(shop="demo")
    script = tmp_path / "sms-alarm"
    script.write_text(block("sms-alarm"))
    script.chmod(0o755)
    for _ in range(2):
        ended = shell('./sms-alarm "$0" "$1"', "13800138000", text)
        assert (ended.returncode, ended.stdout) == (0, "")
    assert sandbox.queued == ["13800138000"]
    (request,) = sandbox.requests
    assert text.startswith(request["content"])
    assert len(request["content"]) >= min(len(text), 160)
    assert not (tmp_path / "x").exists()


def test_both_languages_have_the_same_blocks() -> None:
    english, chinese = (
        re.findall(r"```.*?```", (DOCS / name).read_text("utf-8"), re.DOTALL)
        for name in ("monitoring.md", "monitoring.zh-CN.md")
    )
    assert english == chinese


@pytest.mark.parametrize("name", ["monitoring.md", "monitoring.zh-CN.md"])
def test_every_check_is_in_the_table(name: str) -> None:
    text = (DOCS / name).read_text("utf-8")
    sources = "".join(path.read_text("utf-8") for path in Path(listener.__file__).parent.glob("*.py"))
    checks = set(re.findall(r'\b(?:passed|warned|failed|found)\(\s*"(\w+)"', sources))
    assert len(checks) == 17
    assert {check for check in checks if f"`{check}`" not in text} == set()
