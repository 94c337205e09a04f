"""`python -m tests.release`: builds what people install into `dist/` and tries it; ends with 1 if that fails."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.release.artifacts import build, checkout, lowest, one_file, requirements
from tests.release.smoke import SmokeError, walk

_VERSIONS = ("3.11", "3.12", "3.13", "3.14")
_TESTS = (
    "pytest",
    "hypothesis",
    "aiohttp",
    "openpyxl",
    "xlwt",
    "odfpy",
    "pyxlsbwriter",
)  # what the README's test needs


def _python(version: str) -> str | None:
    """Return a Python of that version on this machine, None where there is none."""
    there = [f"python{version}", *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))]
    for program in filter(None, map(shutil.which, there)):
        if subprocess.run([program, "-c", "import ensurepip, ssl, sqlite3"], capture_output=True).returncode == 0:
            return program
    return None


def _environment(python: str, place: Path, packages: Sequence[str]) -> Path:
    """Make a fresh environment with some packages and return its folder of programs."""
    subprocess.run([python, "-m", "venv", str(place)], check=True)
    programs = place / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([str(programs / "pip"), "install", "-qq", *packages], check=True)
    return programs


def _readme(programs: Path, source: Path, place: Path) -> str:
    """Execute the README's blocks with an installed smscli, away from its sources, and say how that ended."""
    for name in ("tests", "README.md", "README.zh-CN.md", "pyproject.toml", "completions"):
        copy = shutil.copytree if (source / name).is_dir() else shutil.copy
        copy(source / name, place / name)
    command = [str(programs / "python"), "-m", "pytest", "-q", "-o", "addopts=", "tests/test_readme.py"]
    ended = subprocess.run(command, cwd=place, capture_output=True, text=True)
    if ended.returncode:
        raise SmokeError(f"the README's blocks failed:\n{ended.stdout}")
    return ended.stdout.strip().splitlines()[-1].strip()


def _install(work: Path, wheel: Path, source: Path) -> None:
    for version in _VERSIONS:
        if not (python := _python(version)):
            print(f"Python {version}: not on this machine, so not tried")
            continue
        programs = _environment(python, work / version, [str(wheel), *_TESTS])
        tried = walk([str(programs / "smscli")], work / version / "home")
        place = work / version / "readme"
        place.mkdir()
        print(f"Python {version}: {tried} commands; README: {_readme(programs, source, place)}", flush=True)
    programs = _environment(sys.executable, work / "lowest", [str(wheel), *lowest(source)])
    tried = walk([str(programs / "smscli")], work / "lowest" / "home")
    print(f"lowest versions ({', '.join(lowest(source))}): {tried} commands", flush=True)


def main() -> None:
    """Build, compare and try."""
    target = Path("dist").absolute()
    shutil.rmtree(target, ignore_errors=True)
    with TemporaryDirectory() as directory:
        work = Path(directory)
        made = checkout(work / "source")
        checkout(work / "elsewhere" / "source")
        first = build(work / "source", target, made, umask=0o022)
        if first != build(work / "elsewhere" / "source", work / "again", made, umask=0o077):
            sys.exit("two builds of the same commit differ")
        print(f"built twice with the same bytes: {', '.join(first)}")
        [wheel] = target.glob("*.whl")
        _install(work, wheel, work / "source")
        single = one_file(wheel, requirements(work / "source"), work)
        tried = walk([sys.executable, "-I", "-S", str(single)], work / "single", workbooks=False)
        print(f"{single.name}, {single.stat().st_size / 1e6:.1f} MB: {tried} commands, without workbooks")


try:
    main()
except SmokeError as error:
    sys.exit(str(error))
