"""What a person can ask: one module per command, found by its name; this table is the command tree's root."""

from smscli import __doc__ as purpose
from smscli.language import _

COMMANDS = {
    "send": "Send a text to one number or to a list.",
    "runs": "List all sends and what became of them; forget old ones.",
    "stats": "Show how many messages were sent, delivered and billed.",
    "resume": "Continue a run that was interrupted.",
    "resend": "Send a run again to those who did not get it.",
    "cancel": "Cancel what is left of a run.",
    "status": "Show what became of a message, by its sendid or its number.",
    "inbox": "Show the replies.",
    "optout": "Keep the list of people who want no more messages.",
    "template": "Add, show or remove the texts that the gateway approved.",
    "balance": "Show how many messages are left.",
    "parse-report": "Read status reports and replies from files, logs or a pipe.",
    "listen": "Receive status reports and replies from the gateway.",
    "doctor": "Check accounts, ledger and listener, and say what to do.",
    "codes": "Explain the gateway's codes and the report states.",
    "ledger": "Show, back up or check the file that keeps every send.",
    "profile": "Add, show, change or remove accounts.",
    "sandbox": "Run a gateway on this machine that sends nothing.",
    "completion": "Print the completion script of a shell.",
    "help": "Explain a topic, such as output or exit-codes, or a command.",
}

_TRIAL = "smscli send -p sandbox --mobile 13800138000 --content '你好'"
# The commands that send something; when they fail, they say whether anything was sent.
SENDING = ("send", "resume", "resend")


def overview() -> str:
    """Return the help page of `smscli` itself, made without loading any command."""
    width = max(map(len, COMMANDS))
    options = _("[OPTIONS]")
    lines = [
        _("Usage: {command}").format(command=f"smscli COMMAND {options}"),
        "",
        _(str(purpose)),
        "",
        _("{heading}:").format(heading=_("Commands")),
        *(f"  {name:<{width}}  {_(summary)}" for name, summary in COMMANDS.items()),
        "",
        _("{heading}:").format(heading=_("Options")),
        "  --version   " + _("Print the version."),
        "  -h, --help  " + _("Print this page; `smscli COMMAND --help` prints a command's."),
        "",
        _("Without an account: {command}").format(command=_TRIAL),
    ]
    return "\n".join(lines) + "\n"
