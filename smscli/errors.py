"""What can go wrong: each class has an exit code, each instance is a sentence."""

from enum import IntEnum

from smscli.language import _


class ExitCode(IntEnum):
    """How the process ends; the README's table is tested against these."""

    DONE = 0
    BUG = 1
    UNSOUND = 1  # `doctor` found something that fails; scripts see 0 or 1
    USAGE = 2
    CONFIG = 3
    REFUSED = 4
    UNREACHABLE = 5
    UNKNOWN = 6
    PARTLY = 7
    BALANCE_LOW = 8
    NOBODY = 9
    BUSY = 10
    INTERRUPTED = 130


class SmsError(Exception):
    """Something a user can understand and fix; its text is the whole message, never a traceback."""

    exit_code = ExitCode.BUG

    def unsent(self) -> str:
        """Return the sentence for a command that never sends anything: it does not say that nothing was sent."""
        said = _("Nothing was sent.")
        return str(self).replace(f" {said}", "").replace(said, "")  # Chinese has no space before it


class InputError(SmsError):
    """Wrong usage, or input that cannot be read or is invalid; nothing was sent."""

    exit_code = ExitCode.USAGE


class ConfigError(SmsError):
    """A profile or the configuration file is missing or wrong; nothing was sent."""

    exit_code = ExitCode.CONFIG


class RefusedError(SmsError):
    """The gateway answered and said no; nothing was accepted."""

    exit_code = ExitCode.REFUSED


class UnreachableError(SmsError):
    """It is proved that the request was never sent; nothing was sent."""

    exit_code = ExitCode.UNREACHABLE


class OutcomeUnknownError(SmsError):
    """The request left and no usable answer came back; something may have been sent."""

    exit_code = ExitCode.UNKNOWN


class NobodyError(SmsError):
    """There is nobody left to send to; nothing was sent."""

    exit_code = ExitCode.NOBODY


class BusyError(SmsError):
    """Another process is at work on the same run; this one sent nothing."""

    exit_code = ExitCode.BUSY


class LedgerError(ConfigError):
    """The ledger cannot be used; a send that has not begun does not begin."""


class LedgerBusyError(LedgerError):
    """Another program keeps the ledger locked; it can be tried again."""


class LedgerLostError(LedgerError):
    """What was opened is not there any more; nothing can be written to it, and what was just written may be lost."""


class LedgerCutError(LedgerLostError):
    """The connection to its server was cut; what was just written may be there or not, and it can be tried again."""
