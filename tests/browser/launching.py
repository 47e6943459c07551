"""Chromium as the tests and the pictures of the documents use it: without a window, with an empty profile."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = "no Chromium on this machine: apt-get install chromium fonts-noto-cjk"


class NoBrowserError(Exception):
    """There is no Chromium."""


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser. Raises NoBrowserError saying what to install."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise NoBrowserError(MISSING)
    with TemporaryDirectory(ignore_cleanup_errors=True) as cache, sync_playwright() as playwright:
        arguments = [*_QUIET, f"--disk-cache-dir={cache}"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
