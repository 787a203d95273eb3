"""The loads, which h2load makes from core 1, or from any."""

import hashlib
import os
import re
import struct
import subprocess
import tempfile

from .server import pinned_to

RUN_SECONDS = 60
NAME = b"bench"


class Load:
    """Echoes. `message_id` is also the number of messages that a stream sends back. "A+B" calls both methods in turns."""

    def __init__(self, method, body_bytes, connections, streams, message_id=7, first_guess=1000):
        methods = method.split("+")
        self.paths = [f"/bench.Echo/{method}" for method in methods]
        self.connections = connections
        self.streams = streams
        self.first_guess = max(first_guess, connections * streams)
        replies = [message_id if method == "ServerStream" else 1 for method in methods]
        self.messages = sum(replies) / len(replies)
        self.body = envelope(payload(body_bytes, message_id))
        self.reply_bytes = len(self.body) * self.messages


class Fetch:
    """A small request for a body that the server holds."""

    def __init__(self, body_bytes, connections, streams, first_guess=1000):
        self.paths = ["/bench.Store/Fetch"]
        self.connections = connections
        self.streams = streams
        self.first_guess = max(first_guess, connections * streams)
        self.messages = 1
        self.body = envelope(id_field(body_bytes))
        self.reply_bytes = len(envelope(body_field(body_bytes)))


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def body_field(body_bytes):
    return b"\x0a" + varint(body_bytes) + (b"weft" * (body_bytes // 4 + 1))[:body_bytes]


def id_field(message_id):
    return b"\x10" + varint(message_id)


def payload(body_bytes, message_id):
    """A bench.Payload on the wire."""
    return body_field(body_bytes) + id_field(message_id) + b"\x1a" + varint(len(NAME)) + NAME


def envelope(message):
    return b"\0" + struct.pack(">I", len(message)) + message


LOADS = {
    "unary32_c1m1": Load("Unary", 32, 1, 1),
    "unary32_c10m10": Load("Unary", 32, 10, 10),
    "unary32_c50m100": Load("Unary", 32, 50, 100),
    "unary1k_c10m10": Load("Unary", 1024, 10, 10),
    "unary16k_c10m10": Load("Unary", 16384, 10, 10),
    "unary64k_c10m10": Load("Unary", 65536, 10, 10, first_guess=200),
    "unary1m_c4m2": Load("Unary", 1 << 20, 4, 2, first_guess=16),
    "fetch16k_c10m10": Fetch(16 << 10, 10, 10),
    "fetch64k_c10m10": Fetch(64 << 10, 10, 10, first_guess=200),
    "fetch1m_c4m2": Fetch(1 << 20, 4, 2, first_guess=16),
    "stream10k_c1m1": Load("ServerStream", 32, 1, 1, message_id=10_000, first_guess=4),
    "stream10k_c4m2": Load("ServerStream", 32, 4, 2, message_id=10_000, first_guess=16),
    # Small replies among streams of 40 KiB on the same connections.
    "mixed_c10m10": Load("Unary+ServerStream", 1024, 10, 10, message_id=40),
}


class WrongReplies(Exception):
    pass


def microseconds(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s|m)$", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


class Generator:
    """Runs h2load against the server at a port. Each run checks that every call was answered with all of its bytes."""

    def __init__(self, folder, pinned=True):
        self._folder = folder
        self._place = pinned_to(1) if pinned else []

    def run(self, load, port, calls, log=None):
        """Makes `calls` calls; returns how many of them a second were done."""
        body = os.path.join(self._folder, "body_" + hashlib.sha256(load.body).hexdigest())
        if not os.path.exists(body):
            with open(body, "wb") as file:
                file.write(load.body)
        command = self._place + ["timeout", str(RUN_SECONDS), "h2load", "-n", str(calls), "-c", str(load.connections),
                                  "-m", str(load.streams), "-t", "1", "-H", "content-type: application/grpc",
                                  "-H", "te: trailers", "-d", body]
        if log:
            command.append(f"--log-file={log}")
        command += [f"http://127.0.0.1:{port}{path}" for path in load.paths]
        done = subprocess.run(command, capture_output=True, text=True)
        said = done.stdout
        rate = re.search(r"finished in ([\d.]+\w+), ([\d.]+) req/s", said)
        succeeded = re.search(r"(\d+) succeeded, (\d+) failed", said)
        traffic = re.search(r"\((\d+)\) data", said)
        if not rate or not succeeded or not traffic:
            raise WrongReplies(f"h2load said: {(said + done.stderr)[-300:]}")
        if int(succeeded[1]) != calls:
            raise WrongReplies(f"{succeeded[1]} of {calls} calls succeeded")
        bytes_each = int(traffic[1]) / calls
        # Each connection takes the methods in turns, so it may make one call more to the first than to the last.
        uneven = load.connections / calls if len(load.paths) > 1 else 0
        if abs(bytes_each - load.reply_bytes) > load.reply_bytes * (0.001 + uneven):
            raise WrongReplies(f"replies of {bytes_each:.0f} bytes, want {load.reply_bytes}")
        return float(rate[2])

    def calls_for(self, load, port, seconds):
        """How many calls take about so long. Warms the server up, too."""
        calls = load.first_guess
        self.run(load, port, calls)
        rate = self.run(load, port, calls)
        if rate * 0.3 > calls:
            rate = self.run(load, port, int(rate * 0.3))
        return max(load.first_guess, int(rate * seconds))

    def latencies(self, load, port, calls):
        """The sorted latencies of calls, in microseconds: a run of its own, since writing the log takes time."""
        with tempfile.NamedTemporaryFile("r", dir=self._folder) as log:
            self.run(load, port, calls, log.name)
            return sorted(int(line.split("\t")[2]) for line in log)
