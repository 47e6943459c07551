"""How the C library hands memory out in the processes of the server.

Left to itself, glibc gives the threads of a worker arenas of their own, each of which keeps what its largest call once
took, and hands the memory of a large body back to the system, which zeroes it page by page for the next one.
"""

import ctypes
from collections.abc import Mapping
from typing import Final

CHOICES: Final[Mapping[str, tuple[int, int]]] = {
    "MALLOC_ARENA_MAX": (-8, 1),
    "MALLOC_MMAP_THRESHOLD_": (-3, 8_000_000),
    "MALLOC_TRIM_THRESHOLD_": (-1, 16_000_000),
}
"""By the variable that glibc itself reads: the number of the parameter (malloc.h), and what we set it to."""


def choose_allocation(environment: Mapping[str, str]) -> None:
    """One arena for all threads, and memory kept for the next call; what the environment chooses stays as it is.

    For this process and those forked from it. Does nothing where the C library is not glibc.
    """
    set_parameter = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_parameter is None:
        return
    for variable, (parameter, value) in CHOICES.items():
        if variable not in environment:
            set_parameter(parameter, value)
