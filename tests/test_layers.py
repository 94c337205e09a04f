"""The map of the code: who may import whom, read from the sources themselves."""

import ast
import sys
from collections.abc import Iterator

import pytest

from tests.support.sources import PACKAGE, SOURCES, TREES
from tests.support.sql import private_names, sql_in

# The layers from the ground up, a package each; one imports only from layers below its own, and from itself.
GROUND = ("__init__", "language", "loading", "system")  # for all of them
LAYERS = (
    ("errors",),
    ("text", "protocol", "monitoring", "console"),
    ("config", "httpd", "output"),
    ("ledger", "gateway", "sandbox"),
    ("sending", "receiving", "reporting", "checks"),
    ("commands", "cli", "usage", "tree", "completion", "help", "manual", "__main__"),
)
PURE = ("errors", "language", "text", "protocol", "monitoring")
# One library behind one door.
DOORS = {
    "requests": {"gateway"},
    "urllib3": {"gateway"},
    "rich": {"console", "output"},  # a bar for talk, a table for data
    "tomllib": {"config"},
    "tomlkit": {"config"},
    "tomli_w": {"config"},
    "h11": {"httpd"},
    "python_calamine": {"sending"},
    "pygal": {"reporting"},
    "sqlite3": {"ledger"},
    "psycopg2": {"ledger"},
}


def package(name: str) -> str:
    """Return the top part of a module's name."""
    return name.partition(".")[0]


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield every module that a source imports, anywhere in it, by its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner.removeprefix("smscli.") in SOURCES else str(node.module)


def own(name: str) -> set[str]:
    """Return the modules of this package that one of them imports."""
    found = {module for module in imported(TREES[name]) if module.split(".")[0] == "smscli"}
    return {module.removeprefix("smscli.").replace("smscli", "__init__") for module in found}


def foreign(name: str) -> set[str]:
    """Return the top-level packages from outside that a module imports."""
    return {module.split(".")[0] for module in imported(TREES[name])} - {"smscli"}


def layer(name: str) -> int:
    """Return the number of a module's layer, -1 for the ground."""
    return next((number for number, names in enumerate((GROUND, *LAYERS), -1) if package(name) in names))


def test_the_sources_are_read() -> None:
    assert {"__init__", "__main__", "cli", "commands", "commands.send", "gateway.client"} <= SOURCES.keys()
    assert "gateway.client" in own("gateway.open")
    assert "requests" in foreign("gateway.connection")


@pytest.mark.parametrize("name", SOURCES)
def test_imports_point_one_way(name: str) -> None:
    others = {other for other in own(name) if package(other) != package(name)}
    # Opening the built-in sandbox is the one way up; the top layer is the program itself, which is one.
    if name != "gateway.open" and layer(name) < len(LAYERS) - 1:
        assert {other for other in others if layer(other) >= layer(name)} == set()


@pytest.mark.parametrize("name", SOURCES)
def test_only_the_program_itself_and_its_commands_talk(name: str) -> None:
    talkers = ("cli", "__main__", "output", "usage")
    assert own(name).isdisjoint({"console", "output"}) or name in talkers or name.startswith("commands.")


@pytest.mark.parametrize("name", SOURCES)
def test_gateway_sandbox_and_receiving_meet_in_the_protocol_alone(name: str) -> None:
    edges = {"gateway", "sandbox", "receiving"}
    if package(name) in edges and name != "gateway.open":  # it opens the built-in sandbox
        assert edges & set(map(package, own(name))) <= {package(name)}


@pytest.mark.parametrize("name", [name for name in SOURCES if package(name) in PURE])
def test_the_protocol_knows_no_library_and_no_edge(name: str) -> None:
    assert foreign(name) <= sys.stdlib_module_names
    assert foreign(name).isdisjoint({"socket", "subprocess", "http", "ssl", "threading", "tomllib"})
    assert set(map(package, own(name))) <= {*PURE, "__init__"}


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library: str) -> None:
    assert {package(name) for name in SOURCES if library in foreign(name)} == DOORS[library]


def test_typer_is_for_the_command_tree_alone() -> None:
    users = {name for name in SOURCES if "typer" in foreign(name)}
    assert {name for name in users if not name.startswith("commands.")} - {"tree"} == {"cli"}


def test_every_library_is_declared() -> None:
    import tomllib

    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    declared = {text.split(">")[0].replace("-binary", "").replace("-", "_") for text in texts}
    used = set().union(*map(foreign, SOURCES)) - sys.stdlib_module_names
    assert used == declared


def test_the_entry_imports_nothing_heavy() -> None:
    top = {alias.name for node in TREES["__main__"].body if isinstance(node, ast.Import) for alias in node.names}
    assert top <= {"gc", "os", "sys"}
    assert not any(isinstance(node, ast.ImportFrom) for node in TREES["__main__"].body)


def test_no_module_is_a_drawer() -> None:
    assert {path.stem for path in PACKAGE.rglob("*")}.isdisjoint(
        {"utils", "helpers", "base", "models", "common", "misc"}
    )


@pytest.mark.parametrize("name", SOURCES)
def test_everything_public_has_a_docstring(name: str) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    public = [TREES[name], *(node for node in defined(TREES[name]) if isinstance(node, kinds))]
    assert [getattr(node, "name", name) for node in public if not ast.get_docstring(node)] == []


def defined(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the public functions and classes of a module, and the public methods of those classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from defined(child)


# --- SQL is for the ledger alone ----------------------------------------------------------------------------------

GUARDED = private_names([tree for name, tree in TREES.items() if package(name) == "ledger"])


@pytest.mark.parametrize("name", [name for name in SOURCES if package(name) != "ledger"])
def test_sql_is_in_the_ledger_alone(name: str) -> None:
    # The ledger's private names are no ways to SQL where a module has its own of the same name.
    found = sql_in(TREES[name], GUARDED - private_names([TREES[name]]))
    assert [reason.partition(": ")[2] for reason in found] == [], found


@pytest.mark.parametrize("name", ["runs", "inbox", "engines.sqlite", "engines.postgres"])
def test_sql_is_found_where_it_is(name: str) -> None:
    assert len(sql_in(TREES[f"ledger.{name}"])) > 10


@pytest.mark.parametrize(
    "source",
    [
        "x = 'SELECT id FROM run'",
        "x = 'select id\\n  from run where id = ?'",
        "x = '''\n  -- all of them\n  UPDATE batch SET state = 1'''",
        "x = f'DELETE FROM {table}'",
        "x = f'SELECT {columns} FROM {table}'",
        "x = 'INSERT OR IGNORE INTO ' + table",
        "x = 'SEL' + 'ECT x FR' + 'OM run'",
        "x = ' '.join(['SELECT', columns, 'FROM', 'run'])",
        "x = 'WITH old AS (' + inner",
        "x = ' WHERE run = ?'",
        "x = 'x ORDER BY id'",
        "x = 'PRAGMA user_version'",
        "x = 'BEGIN IMMEDIATE'",
        "x = 'commit;'",
        "CREATE = 'CREATE UNIQUE INDEX i ON run (id)'",
        "ledger.execute(text)",
        "run = ledger.connection.executemany",
        "getattr(ledger, 'execute')(text)",
        "getattr(ledger.connection, name)(text)",
        "getattr(open_store(), name)(text)",
        "methodcaller('executescript', text)(ledger)",
        "ledger._connection.interrupt()",
        "runs._store",
        "import sqlite3",
        "import sqlite3.dbapi2 as database",
        "from sqlite3 import connect",
        "import_module('sqlite3')",
        "__import__('_sqlite3')",
        "sys.modules['sqlite3']",
        "from smscli.ledger.store import sqlite3",
        "from smscli.ledger.store import sqlite3 as database",
        "from smscli.ledger.runs import _sendable",
        "import smscli.ledger.store as store\nstore.sqlite3.connect(path)",
    ],
)
def test_sql_is_found_whichever_way_it_is_reached(source: str) -> None:
    guarded = frozenset({"_connection", "_store", "_sendable"})
    assert sql_in(ast.parse(source), guarded) != []


@pytest.mark.parametrize(
    "source",
    [
        "'''SELECT id FROM run'''",
        "CONTENT_CODES = {'select * from': 4}",
        "help = 'Select numbers from a list; update the set, or delete from it.'",
        "help = 'Begin again, and commit to it.'",
        "self._connection.request('POST', target)",
        "getattr(self, key)",
        "getattr(profile, 'runs')",
        "with ThreadPoolExecutor() as executor: executor.submit(f)",
    ],
)
def test_what_is_no_sql_is_left_alone(source: str) -> None:
    assert sql_in(ast.parse(source), frozenset({"_connection"})) == []
