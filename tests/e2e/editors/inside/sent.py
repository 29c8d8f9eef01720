"""Runs what the tests send, inside a program. The standard library only; any Python from 3.10 on.

Both ways a message is one line of JSON: {"source": ..., "arguments": {...}}, and {"value": ...} or {"error":
traceback}. The source is a function's body, with the arguments as its variables; its last expression is what it
returns, unless it says `return`.
"""

import ast
import base64
import json
import os
import socket
import time
import traceback

PORT = "DRAGGAN_PROBE_PORT"
"""The environment variable with the port that the test listens on."""


class Sent:
    """The connection to the test. `names` is what sources know."""

    def __init__(self, names):
        self._names = names
        self._received = b""
        self.running = False
        self.ended_s = 0.0
        """When the last that was sent had run, by time.perf_counter()."""
        self.socket = socket.create_connection(("127.0.0.1", int(os.environ[PORT])))

    def take(self):
        """Read once, and answer what has arrived completely. False when the test has hung up."""
        self.running = True
        data = self.socket.recv(1 << 20)
        self._received += data
        while b"\n" in self._received:
            line, _, self._received = self._received.partition(b"\n")
            self.socket.sendall(answer(json.loads(line, object_hook=with_bytes), self._names).encode() + b"\n")
        self.running = False
        self.ended_s = time.perf_counter()
        return bool(data)


def answer(request, names):
    """The answer's line."""
    try:
        return json.dumps({"value": run(request["source"], request["arguments"], names)}, default=as_json)
    except BaseException:
        return json.dumps({"error": traceback.format_exc()})


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


def as_json(value):
    """What JSON does not know: bytes, as {"bytes": base64}; any other object as its description."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return repr(value)


def with_bytes(value):
    """The other way round: {"bytes": base64} as bytes."""
    return base64.b64decode(value["bytes"]) if value.keys() == {"bytes"} else value
