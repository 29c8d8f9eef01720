"""Runs Python that the tests send, on Krita's GUI thread, and answers with JSON.

It connects to the port in DRAGGAN_PROBE_PORT. Both ways a message is one line of JSON:
{"source": ..., "arguments": {...}} and {"value": ...} or {"error": traceback}. The source is a function's body, with
the arguments as its variables; its last expression is what it returns, unless it says `return`. Names of `tools.py`
are known to it. No thread is needed: Qt tells when the socket can be read.
"""

import ast
import json
import os
import socket
import sys
import traceback

from krita import Extension, Krita

from . import tools

QT = "PyQt6" if "PyQt6.QtCore" in sys.modules else "PyQt5"
QtCore = __import__(QT + ".QtCore", fromlist=["QtCore"])

Notifier = QtCore.QSocketNotifier
PORT = "DRAGGAN_PROBE_PORT"


class Probe(Extension):
    def __init__(self, parent):
        super().__init__(parent)
        self._names = {name: getattr(tools, name) for name in dir(tools) if not name.startswith("__")}
        self._received = b""

    def setup(self):
        """Krita calls this while it starts; there is no window yet."""
        port = os.environ.get(PORT)
        if not port:
            return
        self._socket = socket.create_connection(("127.0.0.1", int(port)))
        self._notifier = Notifier(self._socket.fileno(), Notifier.Type.Read)
        self._notifier.activated.connect(self._readable)

    def createActions(self, window):  # noqa: N802  # Krita's name
        """Krita asks for actions; there are none."""

    def _readable(self, *_):
        data = self._socket.recv(1 << 20)
        if not data:
            self._notifier.setEnabled(False)
            return
        self._received += data
        while b"\n" in self._received:
            line, _, self._received = self._received.partition(b"\n")
            self._answer(json.loads(line))

    def _answer(self, request):
        try:
            value = run(request["source"], request["arguments"], self._names)
            answer = json.dumps({"value": value}, default=tools.as_json)
        except BaseException:
            answer = json.dumps({"error": traceback.format_exc()})
        self._socket.sendall(answer.encode() + b"\n")


def run(source, arguments, names):
    """The value of the function whose body is `source`, with the arguments as its parameters."""
    body = ast.parse(source).body
    if body and isinstance(body[-1], ast.Expr):
        body[-1] = ast.copy_location(ast.Return(body[-1].value), body[-1])
    module = ast.parse("def sent({}): pass".format(", ".join(arguments)))
    if body:
        module.body[0].body = body
    found = {}
    exec(compile(module, "<sent by the test>", "exec"), names, found)
    return found["sent"](**arguments)


Krita.instance().addExtension(Probe(Krita.instance()))
