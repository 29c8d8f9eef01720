"""The surroundings that child processes are given."""

from __future__ import annotations

import os

from draggan_client.surroundings import without_editor

_SENDS_PIP_ELSEWHERE = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_PYTHON",
    "PIP_REQUIREMENT",
    "PIP_CONSTRAINT",
)


def clean_environment() -> dict[str, str]:
    """This process's environment variables without those that would lead the server's own Python astray.

    Editors, activated environments and shells leave PYTHONPATH and its like behind; a pip told to install
    elsewhere, or for the user, would leave the server's environment empty.
    """
    environment = {
        name: value for name, value in without_editor(os.environ).items() if name not in _SENDS_PIP_ELSEWHERE
    }
    return environment | {
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "PIP_USER": "0",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
