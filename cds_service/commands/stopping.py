"""How the commands that stay end: as when they are done, with nothing left behind."""

import ctypes
import signal
from types import FrameType
from typing import Final

from cds_service.errors import ExitCode

_SIGNAL_AT_PARENTS_END: Final = 1
"""PR_SET_PDEATHSIG (prctl(2))."""


def end_when_told(*signals: signal.Signals) -> None:
    """From now on these signals end the program as if it were done: what it opened is closed, its folders removed."""
    for one in signals:
        signal.signal(one, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(int(ExitCode.DONE))


def end_with_parent() -> None:
    """Has this process told to stop when its parent ends, even where that is killed. Does nothing but on Linux."""
    set_option = getattr(ctypes.CDLL(None), "prctl", None)
    if set_option is not None:
        set_option(_SIGNAL_AT_PARENTS_END, int(signal.SIGTERM))
