"""Runs Python that the tests send, on Krita's GUI thread. The names in `tools.py` are known to it.

No thread is needed: Qt tells when the socket can be read.
"""

import faulthandler
import os
import signal
import sys
import traceback

from krita import Extension, Krita

from . import sent, tools

Notifier = tools.QtCore.QSocketNotifier


class Probe(Extension):
    def setup(self):
        """Krita calls this while it starts; there is no window yet."""
        if sent.PORT not in os.environ:
            return
        faulthandler.register(signal.SIGUSR1)  # the test may want to know where all threads are
        sys.excepthook = tell
        self._sent = tools.Calls.sent = sent.Sent(vars(tools))
        self._notifier = Notifier(self._sent.socket.fileno(), Notifier.Type.Read)
        self._notifier.activated.connect(self._readable)

    def createActions(self, window):  # noqa: N802  # Krita's name
        """Krita asks for actions; there are none."""

    def _readable(self, *_):
        if not self._sent.take():
            self._notifier.setEnabled(False)


def tell(kind, error, trace):
    """What nobody caught: into the log, where the tests look. Krita would wait for somebody to close its dialog."""
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()


Krita.instance().addExtension(Probe(Krita.instance()))
