"""What is sent: the text as it arrives, its placeholders, and whether it is marketing."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from unicodedata import normalize

from smscli.errors import InputError
from smscli.language import _
from smscli.sending.table import fold
from smscli.text import INVISIBLE

# How other programs write a column: {{姓名}} #姓名# %姓名% [姓名] <姓名> 【姓名】 «姓名»; ${姓名} is checked apart.
_FOREIGN = r"(?=([{#%\[<【«‹@])\s*([^{}#%\[\]<>【】«»‹›@]{1,60}?)\s*([}#%\]>】»›@]))"
# How marketing texts say how to opt out (protocol §6), without blanks and quotes: 回T退订, 拒收请回复R.
_CODE = r"(?:TD?|R|N|Q|QX|STOP|0{1,5}|[A-Z]{1,2}[0-9]?)"
_REPLY = r"(?:请|請)?(?:直接)?(?:回复|回覆|回復|回|发送|發送|发|發|短信)(?:短信|字母|到|至)?"
_REFUSE = r"(?:退订|退訂|拒收|取消订阅|取消訂閱|不再接收|退出)"
_WAY_OUT = (
    rf"{_REPLY}(?:{_CODE}|{_REFUSE})(?:即可|可|则|則|,)?{_REFUSE}|(?<![A-Z0-9])(?:TD?|R|N|Q|QX|0000){_REFUSE}(?:$|[^\w]|【)|"
    rf"{_REFUSE}(?:,)?{_REPLY}[:]?(?:{_CODE}(?![A-Z0-9])|{_REFUSE})|{_REFUSE}(?:,|:)?(?:TD?|R|N|QX|0000)(?:$|[^\w]|【)|"
    r"(?:REPLY|TEXT|SEND)(?:STOP|TD?|R|N|UNSUBSCRIBE)(?![A-SU-Z])|UNSUBSCRIBE|OPT-?OUT"
)


class Text(NamedTuple):
    """A content with placeholders: `pieces` alternate between literal text and a field's name."""

    pieces: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it names, each once, in their order."""
        return tuple(dict.fromkeys(self.pieces[1::2]))

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text with every field's value in its place."""
        return "".join(values[piece] if index % 2 else piece for index, piece in enumerate(self.pieces))


def parse_text(content: str) -> Text:
    """Read `{field}` placeholders; `{{` and `}}` are literal braces, a lone brace is an InputError."""
    # A send waits for every pattern that is compiled, so these are not used where they cannot be found.
    if "｛" in content and (wide := re.search("｛[^｛｝]*｝", content)):
        said = _(
            "the content has full-width braces, {braces!r}, which are no placeholder. Nothing was sent. Write {{…}}."
        )
        raise InputError(said.format(braces=wide[0]))
    pieces = [""]
    for part in re.split(r"(\{\{|\}\}|\{[^{}]*\})", content):
        if part in ("{{", "}}"):
            pieces[-1] += part[0]
        elif part.startswith("{") and part.endswith("}"):
            pieces += [part[1:-1].strip(), ""]
        elif "{" in part or "}" in part:
            said = _(
                "the content has a single brace in {part!r}. Nothing was sent. "
                "{{column}} takes a column of the list; for a brace itself write it twice: {{{{ or }}}}."
            )
            raise InputError(said.format(part=part.strip()[:40]))
        else:
            pieces[-1] += part
    return Text(tuple(pieces))


def refuse_other_placeholders(text: Text, columns: Iterable[str]) -> None:
    """Refuse a column that is written as for another program: people would get it as it is written."""
    known = {fold(column) or column: column for column in columns if column}
    for index, piece in enumerate(text.pieces):
        if index % 2 and normalize("NFKC", text.pieces[index - 1]).endswith("$"):
            said = _(
                "the content has {written!r}, which is how other programs write a column. Nothing was sent. "
                "Write {{{column}}}, or put a space after the $ if it is meant."
            )
            raise InputError(said.format(written=f"${{{piece}}}", column=piece))
        for match in re.finditer(_FOREIGN, normalize("NFKC", piece)) if known and not index % 2 else ():
            name = known.get(fold(match[2]) or match[2])
            if name is not None:
                braces = 1 + (match[1] == "{")  # in `content` a literal brace is written twice
                said = _(
                    "the content has {written!r}, which is how other programs write a column. Nothing was sent. "
                    "Write {{{column}}}."
                )
                written = f"{match[1] * braces}{match[2]}{match[3] * braces}"
                raise InputError(said.format(written=written, column=name))


def is_marketing(text: str) -> bool:
    """Return whether a text says how to opt out, as marketing must (protocol §6): `拒收请回复R` or `回T退订`."""
    folded = normalize("NFKC", text).upper()
    kept = "".join(c for c in folded if not c.isspace() and c not in INVISIBLE and c not in "\"'“”‘’「」[]()<>《》*")
    return bool(re.search(_WAY_OUT, kept))
