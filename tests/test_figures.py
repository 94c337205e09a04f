"""The measures that keep the code easy to read: lengths of files and functions, no circle, and the tree of tests."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE, TESTS = ROOT / "smscli", ROOT / "tests"
SOURCES = {str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
TEST_SOURCES = {str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8")) for path in sorted(TESTS.rglob("*.py"))}
FILE_LINES, FUNCTION_LINES, MEDIAN_LINES = 400, 45, 8
PROGRAMS = ("bench", "release")  # run by `make`, not by pytest


def functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each function's name and length in lines, decorators not counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the full name of all that a source imports, anywhere in it: modules, and names in modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules of a circle of imports, in their order; an empty list where there is none."""
    done: set[str] = set()

    def walk(module: str, way: list[str]) -> list[str]:
        if module in way:
            return way[way.index(module) :]
        if module in done:
            return []
        found = next(filter(None, (walk(other, [*way, module]) for other in sorted(graph[module]))), [])
        done.add(module)
        return found

    return next(filter(None, (walk(module, []) for module in graph)), [])


def test_no_file_is_long() -> None:
    lines = {name: len((ROOT / name).read_text("utf-8").splitlines()) for name in SOURCES}
    assert {name for name, count in lines.items() if count > FILE_LINES} == set()


def test_no_function_is_long() -> None:
    found = {f"{name}: {function}" for name, tree in SOURCES.items()
             for function, count in functions(tree) if count > FUNCTION_LINES}  # fmt: skip
    assert found == set()


def test_most_functions_are_short() -> None:
    assert median(count for tree in SOURCES.values() for _, count in functions(tree)) <= MEDIAN_LINES


def test_no_import_is_a_circle() -> None:
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): name for name in SOURCES}
    graph = {module: (set(imported(SOURCES[name])) & modules.keys()) - {module} for module, name in modules.items()}
    assert "smscli.gateway.client" in graph["smscli.gateway.open"]
    assert circle(graph) == []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


# --- the tests ----------------------------------------------------------------------------------------------------


def test_the_tree_of_tests_mirrors_the_packages() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {path.parent.name for path in TESTS.glob("*/__init__.py")} == packages | {"support", *PROGRAMS, "proof"}


@pytest.mark.parametrize("name", TEST_SOURCES)
def test_no_test_module_imports_another(name: str) -> None:
    inner = {module for module in imported(TEST_SOURCES[name]) if module.startswith("tests.")}
    own = ("tests.support", *(f"tests.{program}" for program in PROGRAMS if f"/{program}/" in name))
    assert {module for module in inner if not module.startswith(own)} == set()


@pytest.mark.parametrize("function", ["free_port", "eventually"])
def test_what_tests_share_exists_once(function: str) -> None:
    homes = [name for name, tree in TEST_SOURCES.items() if function in (found for found, _ in functions(tree))]
    assert homes == ["tests/support/waiting.py"]
