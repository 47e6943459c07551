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
