"""`python -m smscli.manual` writes the man pages of the reader's language; `make man` writes those of all languages."""

from smscli.config.start import choose_language
from smscli.manual.pages import folder, pages

choose_language()
place = folder()
place.mkdir(parents=True, exist_ok=True)
for name, text in pages().items():
    (place / name).write_text(text, encoding="utf-8", newline="\n")
