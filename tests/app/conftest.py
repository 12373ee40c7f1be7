"""Folders for servers that tests start themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def store_folder() -> Iterator[Path]:
    """A folder that another user may walk through.

    Under root PostgreSQL is one, and pytest closes its own temporary folders again whenever another run begins.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
