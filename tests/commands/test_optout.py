"""`smscli optout`, and the people who answer that they want no more messages."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from smscli.__main__ import main
from smscli.config.keys import OPTOUT_WORDS
from smscli.console import Environment
from smscli.ledger.optouts import OptOuts
from smscli.ledger.store import open_store
from smscli.protocol.times import china_time
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, numbers, write_config

PERSON, OTHER = "13800138001", "13800138002"
CONFIG = """
[profiles.shop]
endpoint = "ENDPOINT"
name = "demo"
pwd = "5ECRET-PWD"

[profiles.office]
endpoint = "ENDPOINT"
name = "office"
pwd = "5ECRET-PWD"
"""


@pytest.fixture
def shop(home: Path, sandbox: RunningSandbox) -> RunningSandbox:
    """Return a sandbox that two profiles use."""
    write_config(home, CONFIG.replace("ENDPOINT", sandbox.sandbox.endpoint))
    return sandbox


def answer(smscli: Smscli, text: str, profile: str = "shop", at: str = "2026-11-22 12:00:00") -> None:
    """Record a reply of the person."""
    args = quote(f"{PERSON}#@#{text}#@#{at}#@#008")
    assert smscli("parse-report", "--record", "-p", profile, stdin=f"name=&pwd=&args={args}").code == 0


def listed(smscli: Smscli, profile: str = "shop") -> list[str]:
    """Return who is on a list."""
    return [row[0] for row in smscli("optout", "list", "-p", profile).rows]


@pytest.mark.parametrize("text", [*OPTOUT_WORDS, "td", " Ｔd ", "r\n", "ｔ", "退订　"])
def test_the_words_opt_out(smscli: Smscli, shop: RunningSandbox, text: str) -> None:
    answer(smscli, text)
    assert listed(smscli) == [PERSON]


@pytest.mark.parametrize("text", ["谢谢", "TDX", "T 恤还有吗", "我不需要发票", "", "T; DROP TABLE optout"])
def test_other_replies_do_not(smscli: Smscli, shop: RunningSandbox, text: str) -> None:
    answer(smscli, text)
    assert listed(smscli) == []


def test_the_profile_has_its_own_words(smscli: Smscli, home: Path, shop: RunningSandbox) -> None:
    path = write_config(home, CONFIG.replace("ENDPOINT", shop.sandbox.endpoint))
    path.write_text(path.read_text().replace('name = "demo"', 'name = "demo"\noptout_words = ["够了"]'))
    answer(smscli, "TD")
    assert listed(smscli) == []
    answer(smscli, "够了")
    assert listed(smscli) == [PERSON]


def test_wrong_words_are_refused(smscli: Smscli, home: Path) -> None:
    write_config(home, CONFIG.replace("ENDPOINT", "http://127.0.0.1:1/") + 'optout_words = ["T", 5]\n')
    ended = smscli("optout", "list", "-p", "office")
    assert ended.code == 3
    assert "optout_words must be a list of texts in quotes" in ended.err


def test_send_leaves_them_out_and_counts_them(smscli: Smscli, shop: RunningSandbox) -> None:
    answer(smscli, "TD")
    ended = smscli("send", "-p", "shop", "--mobile", f"{PERSON},{OTHER}", "--content", "hi")
    assert ended.code == 0
    assert "1 left out: they opted out" in ended.err
    assert shop.queued == [OTHER]
    alone = smscli("send", "-p", "shop", "--mobile", PERSON, "--content", "hi")
    assert alone.code == 9
    assert "Nothing was sent" in alone.err
    assert shop.queued == [OTHER]


def test_a_dry_run_counts_them(smscli: Smscli, shop: RunningSandbox) -> None:
    answer(smscli, "TD")
    shown = smscli("send", "-p", "shop", "--mobile", f"{PERSON},{OTHER}", "--content", "hi", "--dry-run")
    assert ["recipients", "1"] in shown.rows
    assert ["opted_out", "1"] in shown.rows


def test_include_opted_out_sends_all_the_same(smscli: Smscli, shop: RunningSandbox) -> None:
    answer(smscli, "TD")
    ended = smscli("send", "-p", "shop", "--mobile", PERSON, "--content", "hi", "--include-opted-out")
    assert ended.code == 0
    assert shop.queued == [PERSON]


def test_a_list_is_one_accounts_only(smscli: Smscli, shop: RunningSandbox) -> None:
    answer(smscli, "TD")
    assert listed(smscli, "office") == []
    assert smscli("send", "-p", "office", "--mobile", PERSON, "--content", "hi").code == 0


def test_a_repeated_reply_does_not_put_back_who_was_taken_off(smscli: Smscli, shop: RunningSandbox) -> None:
    answer(smscli, "TD")
    assert smscli("optout", "remove", "-p", "shop", PERSON).code == 0
    answer(smscli, "TD")
    assert listed(smscli) == []
    answer(smscli, "TD", at="2026-11-23 12:00:00")  # older than the removal
    assert listed(smscli) == []
    answer(smscli, "TD", at=china_time(time.time() + 60))
    assert listed(smscli) == [PERSON]


def test_numbers_are_added_normalised_and_once(smscli: Smscli, shop: RunningSandbox) -> None:
    assert "2 put on the list" in smscli("optout", "add", "-p", "shop", "+86 138-0013-8001", OTHER).err
    assert "1 were on it already" in smscli("optout", "add", "-p", "shop", PERSON).err
    assert sorted(listed(smscli)) == [PERSON, OTHER]
    removed = smscli("optout", "remove", "-p", "shop", f"{PERSON},13800138009")
    assert "1 taken off the list; 1 were not on it" in removed.err
    assert listed(smscli) == [OTHER]


@pytest.mark.parametrize("command", ["add", "remove"])
def test_what_is_no_number_changes_nothing(smscli: Smscli, shop: RunningSandbox, command: str) -> None:
    smscli("optout", "add", "-p", "shop", PERSON)
    ended = smscli("optout", command, "-p", "shop", PERSON, OTHER, "12")
    assert ended.code == 2
    assert "'12': too short" in ended.err
    assert listed(smscli) == [PERSON]


def test_export_goes_through_import(smscli: Smscli, shop: RunningSandbox) -> None:
    people = "".join(f"{mobile}\n" for mobile in numbers(2000))
    assert "2,000 put on the list" in smscli("optout", "import", "-p", "shop", stdin=people).err
    exported = smscli("optout", "export", "-p", "shop").out
    assert exported == people
    assert "2,000 put" in smscli("optout", "import", "-p", "office", stdin=exported).err


def test_import_reads_a_csv_as_send_does(smscli: Smscli, shop: RunningSandbox, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(f"姓名,手机号\n王,{PERSON}\n李,123\n".encode("gb18030"))
    refused = smscli("optout", "import", "-p", "shop", str(path))
    assert refused.code == 2
    assert "line 3: '123': too short" in refused.err
    assert listed(smscli) == []
    assert smscli("optout", "import", "-p", "shop", str(path), "--skip-invalid").code == 0
    assert listed(smscli) == [PERSON]


def test_the_reason_is_a_strangers_text(smscli: Smscli, shop: RunningSandbox) -> None:
    answer(smscli, "退订\x1b"[:2])
    smscli("optout", "add", "-p", "shop", OTHER)
    rows = {row[0]: row[2] for row in smscli("optout", "list", "-p", "shop").rows}
    assert rows == {PERSON: "退订", OTHER: "entered by hand"}


def test_who_opts_out_before_a_run_goes_on_is_left_out(
    smscli: Smscli, shop: RunningSandbox, start_sandbox: Callable[..., RunningSandbox]
) -> None:
    poor = start_sandbox(balance=0).sandbox.endpoint
    everybody = [f"1380013800{digit}" for digit in range(1, 6)]
    send = ["send", "-p", "shop", "--content", "hi", "--batch-size", "2", "--force"]
    assert smscli(*send, stdin="\n".join(everybody), SMSCLI_ENDPOINT=poor).code == 4
    assert smscli("optout", "add", "-p", "shop", everybody[0], everybody[2], everybody[3]).code == 0
    ended = smscli("resume", "1")
    assert ended.code == 0  # nobody who is to get it is missing
    assert "3 left out: they opted out after the run began" in ended.err
    assert sorted(request["mobile"] for request in shop.requests) == [[everybody[1]], [everybody[4]]]
    assert "its numbers opted out before it was sent" in ended.out + ended.err
    assert "left out" not in smscli("resume", "1").err


def test_a_run_that_was_to_reach_them_too_remembers_that(
    smscli: Smscli, shop: RunningSandbox, start_sandbox: Callable[..., RunningSandbox]
) -> None:
    poor = start_sandbox(balance=0).sandbox.endpoint
    send = ["send", "-p", "shop", "--content", "hi", "--include-opted-out", "--mobile", f"{PERSON},{OTHER}"]
    assert smscli("optout", "add", "-p", "shop", PERSON).code == 0
    assert smscli(*send, SMSCLI_ENDPOINT=poor).code == 4
    assert smscli("optout", "add", "-p", "shop", OTHER).code == 0
    assert smscli("resume", "1").code == 0
    assert shop.queued == [PERSON, OTHER]


class Asked(Environment):
    """Somebody opts out while the person at this terminal thinks."""

    def confirm(self, question: str, yes: bool, nothing: str = "sent") -> None:
        with open_store() as store:
            OptOuts(store).add("demo", [OTHER], "TD")


def test_who_opts_out_while_a_person_is_asked_is_left_out(home: Path, shop: RunningSandbox) -> None:
    """The list of opt-outs is read before the question, and the run is made behind it."""
    write_config(home, CONFIG.replace("ENDPOINT", shop.sandbox.endpoint).replace('demo"', 'demo"\nconfirm_above = 1'))
    said = io.StringIO()
    environment = Asked(None, io.StringIO(), said)
    assert main(["send", "-p", "shop", "--mobile", f"{PERSON},{OTHER}", "--content", "hi"], environment) == 0
    assert "1 left out: they opted out after the run began" in said.getvalue()
    assert shop.queued == [PERSON]
