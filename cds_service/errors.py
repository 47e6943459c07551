"""What can go wrong outside a record: bad protocol or setting, bad input, and the exit code each one means."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line (contract 4.3)."""

    DONE = 0
    USAGE = 2
    BAD_INPUT = 65
    OUR_FAULT = 70


class ConfigurationError(Exception):
    """A protocol, site file or setting that cannot be used; the message names file, place and what was expected."""

    exit_code = ExitCode.USAGE


class BadInputError(Exception):
    """Input that is no readable record; the message names the place and never echoes a value."""

    exit_code = ExitCode.BAD_INPUT


class StoreUnavailable(Exception):  # noqa: N818 - it is a state of the database, told to the operator
    """The database cannot be asked now; `kind` is the driver's error by name and code, which show no value.

    Or our own word, where the database answers and its tables are not ours.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind
