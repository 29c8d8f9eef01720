"""What the docker remembers from one Krita to the next, in Krita's own settings."""

import contextlib
import json
from typing import Any

from ..draggan_client.errors import DragganError
from ..draggan_client.settings_table import Value, options_from

_GROUP = "draggan"
_MODEL = "model"
_OPTIONS = "options"


class Memory:
    """The chosen model and the settings of a drag."""

    def __init__(self, application: Any) -> None:
        """application: `krita.Krita.instance()`, or anything that reads and writes settings as it does."""
        self._application = application

    @property
    def model(self) -> str | None:
        """The chosen model; None: the server's default."""
        return self._application.readSetting(_GROUP, _MODEL, "") or None

    @model.setter
    def model(self, model: str | None) -> None:
        self._application.writeSetting(_GROUP, _MODEL, model or "")

    @property
    def options(self) -> dict[str, Value]:
        """The settings that are not automatic. What cannot be read any more is automatic again."""
        kept: dict[str, Value] = {}
        with contextlib.suppress(ValueError):
            found = json.loads(self._application.readSetting(_GROUP, _OPTIONS, "{}"))
            for name, value in found.items() if isinstance(found, dict) else ():
                with contextlib.suppress(DragganError):
                    options_from({name: value})
                    kept[name] = value
        return kept

    @options.setter
    def options(self, values: dict[str, Value]) -> None:
        chosen = {name: value for name, value in values.items() if value is not None}
        self._application.writeSetting(_GROUP, _OPTIONS, json.dumps(chosen))
