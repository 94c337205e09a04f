"""The sdist and the wheel, and one file, `smscli.pyz`, that needs nothing but a Python of the same version."""

import compileall
import os
import re
import stat
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from py_compile import PycInvalidationMode

# They are compiled for one system and one Python, so one file for all systems cannot carry them.
BINARY = ("python-calamine",)
_MAIN = "import sys\nfrom smscli.__main__ import main\nsys.exit(main())\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold


def checkout(directory: Path) -> int:
    """Write the files of the last commit into a directory and return its time, in seconds since 1970."""
    subprocess.run(["git", "clone", "-q", ".", str(directory)], check=True)
    shown = subprocess.run(["git", "log", "-1", "--format=%ct"], check=True, capture_output=True, text=True)
    return int(shown.stdout)


def build(source: Path, target: Path, made: int, umask: int) -> dict[str, bytes]:
    """Build the sdist and the wheel of a source tree, and return what each file holds."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(source)]
    subprocess.run(
        command,
        check=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(made)},
        umask=umask,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return {path.name: path.read_bytes() for path in sorted(target.iterdir())}


def lowest(source: Path) -> list[str]:
    """Return the project's dependencies, each in the lowest version that it allows."""
    return [re.sub(r">=([^,]+).*", r"==\1", requirement) for requirement in requirements(source)]


def requirements(source: Path) -> list[str]:
    """Return the project's dependencies as `pyproject.toml` states them."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


def one_file(wheel: Path, needed: Sequence[str], work: Path) -> Path:
    """Make `smscli.pyz` beside a wheel: the program and its pure dependencies, also as bytecode of this Python."""
    inside = work / "pyz"
    pure = [name for name in needed if not name.startswith(BINARY)]
    install = [sys.executable, "-m", "pip", "install", "-qq", "--no-compile", "--target", str(inside)]
    anywhere = ["--only-binary=:all:", "--platform", "any", "--implementation", "py", "--abi", "none"]
    subprocess.run([*install, *anywhere, *pure], check=True)
    subprocess.run([*install, "--no-deps", str(wheel)], check=True)
    (inside / "__main__.py").write_text(_MAIN, encoding="utf-8")
    compileall.compile_dir(
        inside, quiet=2, legacy=True, stripdir=inside, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
    )
    target = wheel.parent / "smscli.pyz"
    with target.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(inside.rglob("*")):
                if path.is_file() and path.parts[len(inside.parts)] != "bin":
                    entry = zipfile.ZipInfo(path.relative_to(inside).as_posix(), _EPOCH)
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, path.read_bytes())
    target.chmod(target.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return target
