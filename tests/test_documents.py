"""What CONTRIBUTING says about threats and dependencies is true: each test exists, each licence is right."""

import ast
import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/\S+\.py)::(\w+)`", TEXT)


def rows(heading: str) -> list[list[str]]:
    """Return the cells of each row of the table below a heading."""
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_threat_names_the_test_that_holds_it() -> None:
    assert len(rows("Threats")) >= 16
    assert all(re.fullmatch(r"`tests/\S+\.py::test_\w+`", test) for _, _, test in rows("Threats"))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_is_named_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_dependency_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"].get("postgres", ())]
    assert [name for name, _, _ in rows("Dependencies")] == [re.split(r"[<>=\[]", each)[0] for each in needed]


@pytest.mark.parametrize(("library", "licence"), [(name, licence) for name, _, licence in rows("Dependencies")])
def test_the_licence_is_the_one_that_the_library_states(library: str, licence: str) -> None:
    stated = metadata(library)
    said = [text for field in ("License-Expression", "License", "Classifier") for text in stated.get_all(field, ())]
    assert licence.partition("-")[0] in " ".join(said)
