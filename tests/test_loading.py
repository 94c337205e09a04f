"""Libraries are imported without their unused parts, and those parts still work for whoever imports them later."""

import subprocess
import sys

import pytest

from smscli.loading import Without


def test_an_unused_module_stands_in_during_the_import_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with Without("colorsys"):
        from colorsys import rgb_to_hsv as nothing
    from colorsys import rgb_to_hsv

    assert nothing is None
    assert rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_a_module_that_is_loaded_stays() -> None:
    import json

    with Without("json"):
        assert sys.modules["json"] is json
    assert sys.modules["json"] is json


def test_the_real_modules_are_there_after_the_imports(environment: dict[str, str]) -> None:
    code = (
        "import smscli.cli, smscli.gateway.connection, importlib.metadata, platform, subprocess, uuid;"
        "assert importlib.metadata.version('typer'); subprocess.run(['true'], check=True);"
        "assert platform.system(); assert uuid.uuid4()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
