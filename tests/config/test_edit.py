"""Changing the configuration file: what was written by hand stays."""

import os
import re
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smscli.config import edit
from smscli.config.file import config_path, read_config
from smscli.errors import ConfigError, InputError
from tests.support.sandboxes import write_config

SECRET = "5ECRET-PWD"
HAND_WRITTEN = """\
# my accounts
default = "a"  # the shop

# the first shop
[profiles.a]  # 甲
endpoint = "https://a.example/sms"   # from support
name = "a"
pwd = "5ECRET-PWD"

# the second shop
[profiles.b]
name = "b"

  # the third shop
[ "profiles" . '店铺' ]
name = "c"
# the end
"""
COMMENTS = [line.partition("#")[2] for line in HAND_WRITTEN.splitlines() if "#" in line]


def set_key(label: str, name: str, *texts: str) -> Path:
    """Set a key as it is typed."""
    return edit.set_key(label, edit.key_to_set(name), texts)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_file_and_directory_are_private_whatever_the_umask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, umask: int
) -> None:
    path = tmp_path / "new" / "config.toml"
    monkeypatch.setenv("SMSCLI_CONFIG", str(path))
    before = os.umask(umask)
    try:
        edit.save_profile("a", {"name": "n"})
        edit.save_profile("b", {"name": "n"})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_first_profile_is_the_default_and_stays_it(home: Path) -> None:
    edit.save_profile("店铺", {"name": "一", "sign": "测试"})
    edit.save_profile("b", {"name": "b"})
    assert tomllib.loads(config_path().read_text(encoding="utf-8")) == {
        "default": "店铺", "profiles": {"店铺": {"name": "一", "sign": "测试"}, "b": {"name": "b"}},
    }  # fmt: skip


def test_comments_survive_every_edit(home: Path) -> None:
    path = write_config(home, HAND_WRITTEN)
    edit.save_profile("d", {"name": "d"})
    edit.use_profile("b")
    set_key("a", "endpoint", "https://new.example/sms")
    set_key("a", "sign", "甲")
    set_key("店铺", "timeout", "5")
    set_key("店铺", "timeout", "")
    text = path.read_text(encoding="utf-8")
    assert [comment for comment in COMMENTS if comment not in text] == []
    assert tomllib.loads(text)["default"] == "b"
    for label in ("店铺", "d", "a", "b"):
        edit.remove_profile(label)
        assert label not in read_config().profiles
    text = path.read_text(encoding="utf-8")
    gone = [comment for comment in COMMENTS if comment not in text]
    assert gone == [" the shop", " 甲", " from support"]  # on the very lines that were removed
    assert SECRET not in text


@pytest.mark.parametrize(
    "text",
    [
        "[profiles]\na = {name = 'a'}  # A\nb = {name = 'b'}  # B\n",
        "profiles.a.name = 'a'\nprofiles.b.name = 'b'\n",
        "profiles = {a = {name = 'a'}, b = {name = 'b'}}\n",
        "[profiles.a]\nname = '''\n[profiles.b]\n'''\n[profiles.b]\nname = 'b'\n",
        "[profiles.b]\nsign = '''\n[profiles.a]\n# x\n'''\n[profiles.a]\nname = 'a'\n",
        "[profiles.b]\nstandby = [\n  'https://b.example',\n]\n[profiles.a]\n",
        '[profiles."\\u0061"]\n[profiles.b]',
        "\ufeff# top\r\n[profiles.a]\r\nname = 'a'\r\n[profiles.b]\r\n",
    ],
)
def test_an_edit_changes_what_it_should_and_nothing_else_however_the_file_is_written(home: Path, text: str) -> None:
    path = write_config(home, text)
    before = read_config().profiles
    a, limited = dict(before["a"]), {"per_number": ["1/1m", "5/1h"]}
    edits: tuple[tuple[Callable[[], Path], dict[str, Any], str], ...] = (
        (lambda: edit.use_profile("b"), dict(before), "b"),
        (lambda: set_key("a", "sign", "甲"), {**before, "a": a | {"sign": "甲"}}, "b"),
        (lambda: set_key("a", "per_number", "1/1m", "5/1h"), {**before, "a": a | limited | {"sign": "甲"}}, "b"),
        (lambda: set_key("a", "sign", ""), {**before, "a": a | limited}, "b"),
        (lambda: set_key("a", "per_number", ""), dict(before), "b"),
        (lambda: edit.save_profile("c", {"name": "c"}), {**before, "c": {"name": "c"}}, "b"),
        (lambda: edit.remove_profile("a"), {"b": before["b"], "c": {"name": "c"}}, "b"),
        (lambda: edit.remove_profile("b"), {"c": {"name": "c"}}, ""),
    )
    for make, expected, default in edits:
        old = path.read_bytes()
        try:
            make()
        except ConfigError as error:
            assert "cannot be edited safely" in str(error)
            assert path.read_bytes() == old
            return
        config = read_config()
        assert (dict(config.profiles), config.default) == (expected, default)


def test_a_linked_file_stays_a_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target, link = tmp_path / "dotfiles" / "sms.toml", tmp_path / "link.toml"
    target.parent.mkdir()
    target.write_text(HAND_WRITTEN, encoding="utf-8")
    target.chmod(0o600)
    link.symlink_to(target)
    monkeypatch.setenv("SMSCLI_CONFIG", str(link))
    edit.use_profile("b")
    assert link.is_symlink()
    assert tomllib.loads(target.read_text(encoding="utf-8"))["default"] == "b"


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_draft(
    home: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    path = write_config(home, HAND_WRITTEN)
    monkeypatch.setattr(Path if call == "replace" else os, call, full)
    with pytest.raises(ConfigError, match=r"cannot be written: No space left on device\. It was not changed\."):
        edit.save_profile("new", {"name": "n"})
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == HAND_WRITTEN
    assert list(path.parent.iterdir()) == [path]


def test_two_edits_at_once_lose_nothing(home: Path) -> None:
    write_config(home, HAND_WRITTEN)
    labels = [f"n{number}" for number in range(8)]
    threads = [threading.Thread(target=edit.save_profile, args=(label, {"name": label})) for label in labels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_config().profiles.keys() == {"a", "b", "店铺", *labels}


def test_the_same_name_added_twice_at_once_is_saved_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit.save_profile("a", {"name": "first"})
    monkeypatch.setattr(edit, "check_new", lambda label: None)  # as if the first came just after the check
    with pytest.raises(InputError, match="there is a profile 'a' already"):
        edit.save_profile("a", {"name": "second"})
    assert read_config().profiles["a"]["name"] == "first"


def test_a_draft_left_behind_is_explained_with_the_command_that_removes_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit, "_LOCK_PATIENCE", 0)
    path = write_config(home, HAND_WRITTEN)
    draft = path.with_name("config.toml.new")
    draft.write_text("")
    with pytest.raises(ConfigError, match=r"another smscli is editing .* Nothing was changed.* rm .*config.toml.new"):
        edit.use_profile("b")
    assert path.read_text(encoding="utf-8") == HAND_WRITTEN
    assert draft.exists()


@pytest.mark.parametrize("label", ["sandbox", "", "a b", "a.b", "a/b", "x" * 41, "\x1b[31m", "a\n"])
def test_a_name_that_names_nothing_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="cannot name a profile"):
        edit.check_new(label)


# --- one key ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "texts", "why"),
    [
        ("batch_size", ["many"], "batch_size must be a whole number"),
        ("batch_size", ["1.5"], "batch_size must be a whole number"),
        ("batch_size", ["9" * 5000], "batch_size must be a whole number"),
        ("batch_size", ["0"], "batch_size must be at least 1"),
        ("timeout", ["nan"], "timeout must be more than 0"),
        ("timeout", [""] * 2, "timeout takes one value; put a text with spaces in quotes"),
        ("refusal_codes", ["77", "x"], "refusal_codes must be a list of whole numbers"),
        ("refusal_codes", ["77", "0"], "refusal_codes must not hold 0"),
        ("sign", ["a", "b"], "sign takes one value"),
        ("extno", ["1a"], "extno must be digits only"),
        ("endpoint", ["sms.example"], "endpoint must be an address"),
        ("quiet_hours", ["22:00"], "quiet_hours must be two different times"),
        ("pwd_command", ["pass show"], "profile 'a' has pwd, and cannot have both"),
    ],
)
def test_a_wrong_value_is_not_written(home: Path, name: str, texts: list[str], why: str) -> None:
    path = write_config(home, HAND_WRITTEN)
    with pytest.raises(InputError, match=rf"^{re.escape(why)}.*\. Nothing was changed\.") as caught:
        set_key("a", name, *texts)
    assert SECRET not in str(caught.value)
    assert path.read_text(encoding="utf-8") == HAND_WRITTEN


@pytest.mark.parametrize("text", ['say "hi"', "back\\slash", "a\nb", "\x00\x1f\x7f", "#", "'", "店 铺", "[a]", " "])
def test_any_text_is_written_as_it_is(home: Path, text: str) -> None:
    write_config(home, HAND_WRITTEN)
    set_key("a", "name", text)
    assert read_config().profiles["a"]["name"] == text


def test_the_comment_behind_a_value_that_is_set_stays(home: Path) -> None:
    path = write_config(home, HAND_WRITTEN)
    set_key("a", "endpoint", "https://new.example/sms")
    assert '\nendpoint = "https://new.example/sms"   # from support\n' in path.read_text(encoding="utf-8")


def test_a_new_key_stands_behind_the_others_of_its_profile(home: Path) -> None:
    path = write_config(home, HAND_WRITTEN)
    set_key("a", "sign", "甲")
    set_key("店铺", "standby", "https://a.example", "https://b.example")
    expected = HAND_WRITTEN.replace(f'pwd = "{SECRET}"\n', f'pwd = "{SECRET}"\nsign = "甲"\n')
    expected = expected.replace('"c"\n', '"c"\nstandby = ["https://a.example", "https://b.example"]\n')
    assert path.read_text(encoding="utf-8") == expected


def test_a_number_is_written_as_it_was_typed(home: Path) -> None:
    path = write_config(home, HAND_WRITTEN)
    set_key("a", "timeout", "5")
    set_key("b", "timeout", "2.5")
    assert re.findall("timeout = (.*)", path.read_text(encoding="utf-8")) == ["5", "2.5"]


def test_a_key_that_is_not_there_is_removed_without_a_change(home: Path) -> None:
    path = write_config(home, HAND_WRITTEN)
    set_key("a", "sign", "")
    assert path.read_text(encoding="utf-8") == HAND_WRITTEN


def test_the_profile_that_is_changed_is_the_one_that_commands_use(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(home, HAND_WRITTEN)
    assert (edit.to_change(), edit.to_change("b")) == ("a", "b")
    monkeypatch.setenv("SMSCLI_PROFILE", "店铺")
    assert (edit.to_change(), edit.to_change("b")) == ("店铺", "b")
    with pytest.raises(InputError, match="the sandbox is built in: it cannot be changed"):
        edit.to_change("sandbox")
    with pytest.raises(InputError, match=r"no profile 'x' in .*there are: a, b, 店铺\)\.$"):
        edit.to_change("x")
