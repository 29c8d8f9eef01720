"""MessagePack: the copy vendored beside us inside an editor, else the installed one.

The vendored copy comes first, so that a plugin never depends on what else lies on the editor's `sys.path`.
"""

try:
    from ._vendor import msgpack  # type: ignore[import-not-found, import-untyped, unused-ignore]
except ImportError:
    import msgpack  # type: ignore[no-redef, import-untyped, unused-ignore]

__all__ = ["msgpack"]
