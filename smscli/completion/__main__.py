"""`python -m smscli.completion` writes the scripts of all shells to `completions/`."""

from pathlib import Path

from smscli.completion.scripts import FILES, script

for shell, name in FILES.items():
    (Path("completions") / name).write_text(script(shell), encoding="utf-8", newline="\n")
