"""`python -m draggan_server.server`: runs the server in the foreground."""

import sys

from draggan_server.server.runner import ServerStartError, serve

if __name__ == "__main__":
    try:
        serve()
    except ServerStartError as error:
        sys.exit(str(error))
