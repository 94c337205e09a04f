"""Finding SQL in a source, whichever way it gets to a database."""

import ast
import re
from collections.abc import Iterator

_STATEMENTS = (
    r"SELECT\b.+\bFROM\s+\S",
    r"(INSERT|REPLACE)\s+(OR\s+\w+\s+)?INTO\s+\S",
    r"UPDATE\s+(OR\s+\w+\s+)?\S+\s+SET\s+\S",
    r"DELETE\s+FROM\s+\S",
    r"(CREATE|DROP|ALTER)\s+(\w+\s+)?(TABLE|INDEX|VIEW|TRIGGER)\s+\S",
    r"WITH\s+(RECURSIVE\s+)?\w+(\s*\(.*\))?\s+AS\s*\(",
    r"PRAGMA\s+\w",
    r"(ATTACH|DETACH)\s+(DATABASE\s+)?\S",
    r"(BEGIN(\s+\w+)?|COMMIT|ROLLBACK|VACUUM|END\s+TRANSACTION|SAVEPOINT\s+\w+|RELEASE\s+\w+)\s*;?\s*$",
)
_CLAUSES = r"\b(WHERE|HAVING|AND|OR|ON)\s+\S+\s*(=|!=|<|>|IN\b|IS\b|LIKE\b)|\b(ORDER|GROUP) BY\s+\S|\bVALUES\s*\("
# SQL is written in capitals or in small letters; a sentence that begins with "Select" is none.
_LOOKS_SQL = [
    *(re.compile(rf"\s*(--[^\n]*\n\s*)*({case(statement)})", re.DOTALL)
      for statement in _STATEMENTS
      for case in (str, lambda text: re.sub(r"[A-Z]{2,}", lambda word: word[0].lower(), text))),
    re.compile(rf".*({_CLAUSES})", re.DOTALL),
]  # fmt: skip
_METHODS = {"execute", "executemany", "executescript", "cursor", "commit", "rollback", "iterdump"}
_MODULES = {"sqlite3", "_sqlite3", "psycopg2", "psycopg", "apsw", "sqlalchemy", "dbm"}
_STORES = re.compile(r"(connection|cursor|database|ledger|store|inbox|optouts|runs|db)(\(.*\))?$")


def sql_in(tree: ast.Module, guarded: frozenset[str] = frozenset()) -> list[str]:
    """Return what of a source is SQL or a way to it, a line number and a reason each.

    `guarded` are the private names of the modules that may hold SQL: attributes, methods and functions.
    """
    documents = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = [
        f"{getattr(node, 'lineno', 0)}: {reason}"
        for node in ast.walk(tree)
        if id(node) not in documents
        for reason in _reasons(node, guarded)
    ]
    return sorted(set(found), key=lambda line: int(line.partition(":")[0]))


def private_names(trees: list[ast.Module]) -> frozenset[str]:
    """Return the private names that modules define: their functions, methods, classes and attributes of `self`."""
    names = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return frozenset(name for name in names if name.startswith("_") and not name.startswith("__"))


def _reasons(node: ast.AST, guarded: frozenset[str]) -> Iterator[str]:
    text = _text(node)
    if text is not None:
        if any(pattern.match(text) for pattern in _LOOKS_SQL):
            yield f"a statement: {' '.join(text.split())[:60]}"
        elif text.partition(".")[0] in _MODULES or text in _METHODS:
            yield f"a name in a text: {text}"
    elif isinstance(node, ast.Import):
        yield from (f"imports {alias.name}" for alias in node.names if alias.name.partition(".")[0] in _MODULES)
    elif isinstance(node, ast.ImportFrom):
        wanted = _MODULES | _METHODS | guarded
        if str(node.module).partition(".")[0] in _MODULES:
            yield f"imports from {node.module}"
        if str(node.module).startswith("smscli.ledger"):
            yield from (f"imports {alias.name}" for alias in node.names if alias.name in wanted)
    elif isinstance(node, ast.Attribute):
        if node.attr in _METHODS | _MODULES:
            yield f"uses .{node.attr}"
        elif node.attr in guarded and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
            yield f"uses the private .{node.attr}"
    elif isinstance(node, ast.Name) and node.id in _MODULES:
        yield f"uses {node.id}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "vars"):
        name = node.args[1] if len(node.args) > 1 else None
        if _STORES.search(ast.unparse(node.args[0])) and not isinstance(name, ast.Constant):
            yield f"looks into {ast.unparse(node.args[0])}"


def _text(node: ast.AST) -> str | None:
    """Return the text that an expression makes, `x` for what is known at run time only; None where it makes none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join("x" if isinstance(part, ast.FormattedValue) else str(_text(part)) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return None if left is None and right is None else (left or "x") + (right or "x")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        parts = node.args[0] if node.args else None
        if isinstance(parts, ast.List | ast.Tuple):
            glue = _text(node.func.value)
            return None if glue is None else glue.join(_text(part) or "x" for part in parts.elts)
    return None
