"""The specification of the keys, and what is made of it."""

from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.config.keys import (
    MASK,
    NUMBER,
    PROFILE_KEYS,
    TEMPLATE_KEYS,
    TEXT,
    TEXTS,
    WHOLE,
    WHOLES,
    Key,
    parse_duration,
    parse_hours,
    parse_limit,
)
from smscli.config.profile import Profile, Secret, choose
from tests.support.sandboxes import write_config

SECRET = "5ECRET-PWD"
ALL = pytest.mark.parametrize("key", PROFILE_KEYS.values(), ids=lambda key: key.name)


def test_a_profile_has_the_fields_and_defaults_of_the_specification() -> None:
    assert Profile._fields == ("label", *PROFILE_KEYS, "sources")
    defaults = {name: key.default for name, key in PROFILE_KEYS.items()}
    assert Profile._field_defaults == defaults | {"sources": {}}


@ALL
def test_a_field_of_a_profile_is_typed_as_its_key_is(key: Key) -> None:
    types = {TEXT: str, WHOLE: int, NUMBER: float, TEXTS: tuple[str, ...], WHOLES: tuple[int, ...]}
    assert get_type_hints(Profile)[key.name] == (Secret if key.mask else types[key.kind])


@ALL
def test_a_key_has_a_sentence_of_help_and_a_default_that_it_takes(key: Key) -> None:
    assert key.help.endswith(".")
    if key.name != "endpoint":  # which has none
        assert key.wrong(list(key.default) if key.kind.item else key.default) == ""


def test_every_key_of_a_profile_is_read_with_its_type(home: Path) -> None:
    values: dict[str, Any] = {
        "endpoint": "https://sms.example/api",
        "name": "n",
        "pwd": SECRET,
        "sign": "测试",
        "extno": "12",
        "standby": ["https://b.example/sms", "https://c.example/sms"],
        "batch_size": 200,
        "timeout": 2.5,
        "ca_bundle": "/etc/ca.pem",
        "proxy": "http://u:p@proxy.example:8080",
        "push_name": "pn",
        "push_pwd": "pp",
        "access_secret": "as",
        "push_window": "10m",
        "extension_length": 4,
        "confirm_above": 7,
        "per_number": ["1/1m", "5/1h"],
        "repeat_window": "10m",
        "quiet_hours": "21:00-08:00",
        "optout_words": ["不要"],
        "optin_words": ["订阅"],
        "refusal_codes": [77, -2],
    }
    write_config(home, "[profiles.shop]\n" + "".join(f"{key} = {value!r}\n" for key, value in values.items()))
    chosen = choose("shop")
    assert {key: getattr(chosen, key) for key in values} == {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    assert set(chosen.sources.values()) == {"file"}
    assert values.keys() | {"pwd_command"} == PROFILE_KEYS.keys()


@pytest.mark.parametrize(
    ("name", "wrong", "why"),
    [
        ("refusal_codes", [0], "must not hold 0, which means accepted"),
        ("refusal_codes", [True], "must be a list of whole numbers, not a list with true or false"),
        ("refusal_codes", 77, "must be a list of whole numbers, not a whole number"),
        ("push_window", "", 'must be a duration as "10m" or "72h"'),
        ("push_window", "72", 'must be a duration as "10m" or "72h"'),
        ("repeat_window", "1.5h", 'must be a duration as "10m" or "72h"'),
        ("quiet_hours", "21-8", 'must be two different times as "21:00-08:00"'),
        ("quiet_hours", "21:00-21:00", 'must be two different times as "21:00-08:00"'),
        ("quiet_hours", "21:00-24:00", 'must be two different times as "21:00-08:00"'),
        ("optin_words", [" "], 'must be a list of words in quotes, as ["订阅"]'),
        ("per_number", ["5/1h", "5"], 'must be a list of limits as "1/1m" (one a minute) or "5/1h"'),
        ("standby", [["https://a.example"]], "must be a list of texts in quotes, not a list with a list"),
    ],
)
def test_a_wrong_value_is_explained(name: str, wrong: Any, why: str) -> None:
    assert PROFILE_KEYS[name].wrong(wrong) == why


def test_a_template_takes_an_extension_code_of_digits_only() -> None:
    assert TEMPLATE_KEYS["extno"].wrong("12a") == "must be digits only"


# --- secrets ------------------------------------------------------------------------------------------------------


@ALL
def test_what_is_shown_of_a_secret_is_not_a_secret(key: Key) -> None:
    text = f"http://u:{SECRET}@proxy.example" if key.name == "proxy" else f"echo {SECRET}"
    if key.mask:
        assert SECRET not in key.shown(text)
    assert key.is_secret(text) == (key.name in ("pwd", "push_pwd", "access_secret", "proxy"))
    assert not key.is_secret("")


def test_a_proxy_without_a_password_is_not_a_secret() -> None:
    assert not PROFILE_KEYS["proxy"].is_secret("http://proxy.example:8080")
    assert MASK not in PROFILE_KEYS["proxy"].shown("http://proxy.example:8080")


# --- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("72h", 259200), ("7d", 604800)]
    + [(text, None) for text in ("", "0s", "10", "m", "-1m", "1.5h", "1 h", "1h\n", "１h", "1w", "1H", "1000000s")],
)
def test_a_duration_is_seconds(text: str, seconds: int | None) -> None:
    assert parse_duration(text) == seconds


@given(st.integers(1, 999_999), st.sampled_from("smhd"), st.integers(1, 999_999))
def test_every_limit_is_read(number: int, unit: str, count: int) -> None:
    seconds = number * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    assert parse_limit(f"{count}/{number}{unit}") == (count, seconds)


@pytest.mark.parametrize("text", ["", "5", "/", "5/", "/1h", "0/1h", "5/0h", "5/1h/1h", "5 /1h", "+5/1h", "1_0/1h"])
def test_what_is_not_a_limit(text: str) -> None:
    assert parse_limit(text) is None


@given(st.integers(0, 1439), st.integers(0, 1439))
def test_hours_are_minutes_of_the_day(start: int, end: int) -> None:
    text = "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (start, end))
    assert parse_hours(text) == ((start, end) if start != end else None)


@given(st.text() | st.text("0123456789:-/smhd", max_size=12))
def test_any_text_is_a_value_or_is_not(text: str) -> None:
    for key in PROFILE_KEYS.values():
        try:
            assert isinstance(key.wrong(key.read([text])), str)
        except ValueError as error:
            assert str(error).startswith("must be ")
