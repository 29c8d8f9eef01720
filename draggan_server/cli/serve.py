"""`draggan-server serve`"""

from __future__ import annotations

import click

from draggan_server.cli.errors import CommandError


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port to listen on.  [default: a free one, which Krita and GIMP find by themselves]",
)
def serve(port: int) -> None:
    """Run the server here, until Ctrl+C.

    Not needed as a rule: Krita, GIMP and the other commands start it themselves. It listens to this computer only,
    and ends when nobody has asked it for anything for some hours.
    """
    from draggan_server.server.runner import ServerStartError  # torch takes its time
    from draggan_server.server.runner import serve as run

    try:
        run(port=port)
    except ServerStartError as error:
        raise CommandError(str(error)) from None
