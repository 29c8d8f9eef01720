"""The command line, `draggan-server`: a file for each command, and what they share.

`serve` is the server and `doctor` looks at the computer. All the others are clients like Krita and GIMP: they
find or start the server and speak to it through draggan_client.
"""

from draggan_server.cli.app import main

__all__ = ["main"]
