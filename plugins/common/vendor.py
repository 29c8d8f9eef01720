"""Puts the client library into an editor's plugin, complete: with a pure-Python copy of MessagePack inside.

An editor's Python has no MessagePack, and what lies on its `sys.path` is shared by all plugins. So the
plugin carries its own: the files of the installed package, unchanged, with their licence, reached by
relative imports only.

    PYTHON vendor.py PLUGIN_FOLDER

PYTHON must have msgpack installed: the server's environment has. It becomes PLUGIN_FOLDER/draggan_client.
"""

import importlib.metadata
import shutil
import sys
import tempfile
from pathlib import Path

CLIENT = Path(__file__).parent / "draggan_client"
_INIT = '''"""Other people's packages, unchanged. msgpack {version}: Apache-2.0, see msgpack/COPYING."""
'''


def vendor(plugin_folder: Path) -> Path:
    """Copy the client library, with MessagePack, to `plugin_folder`/draggan_client; returns that folder.

    An earlier copy is replaced as a whole, once the new one is complete. Raises FileNotFoundError when
    msgpack is not installed here, or comes without its licence.
    """
    target = plugin_folder / CLIENT.name
    plugin_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=plugin_folder, prefix=".draggan-") as draft:
        fresh = Path(draft) / CLIENT.name
        shutil.copytree(CLIENT, fresh, ignore=shutil.ignore_patterns("__pycache__", ".*", "_vendor"))
        _copy_msgpack(fresh / "_vendor")
        if target.exists():
            target.rename(Path(draft) / "replaced")
        fresh.rename(target)
    return target


def _copy_msgpack(folder: Path) -> None:
    try:
        distribution = importlib.metadata.distribution("msgpack")
    except importlib.metadata.PackageNotFoundError:
        raise FileNotFoundError(
            f"msgpack is not installed in {sys.executable}; run vendor.py with the server's Python."
        ) from None
    files = [Path(str(distribution.locate_file(file))) for file in distribution.files or []]
    sources = [file for file in files if file.parent.name == "msgpack" and file.suffix == ".py"]
    licences = [file for file in files if file.name in ("COPYING", "LICENSE")]
    if not licences or "fallback.py" not in {file.name for file in sources}:
        raise FileNotFoundError(f"msgpack {distribution.version} lacks its pure-Python files or its licence.")
    (folder / "msgpack").mkdir(parents=True)
    (folder / "__init__.py").write_text(_INIT.format(version=distribution.version), encoding="utf-8")
    for file in (*sources, licences[0]):
        shutil.copyfile(file, folder / "msgpack" / file.name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        print(vendor(Path(sys.argv[1])))
    except OSError as error:
        sys.exit(f"vendor.py: {error}")
