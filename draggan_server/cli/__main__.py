"""`python -m draggan_server.cli`: as `draggan-server`, for those who know the Python and not the command's path."""

import sys

from draggan_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
