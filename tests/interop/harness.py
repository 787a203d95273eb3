"""Starts and ends the programs that the interop suites talk to, and says what they printed when something fails."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SETUP_DIR = os.environ.get("WEFT_INTEROP_DIR", os.path.join(ROOT, "build", "interop"))
PYTHON_CODE = os.path.join(SETUP_DIR, "py")
if PYTHON_CODE not in sys.path:
    sys.path.insert(0, PYTHON_CODE)

START_SECONDS = 20
STOP_SECONDS = 15
CASE_SECONDS = 60


def free_port():
    """A port that nobody listens on, below the range from which the kernel gives client ports."""
    for _ in range(200):
        port = random.randrange(20000, 32000)
        with contextlib.closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise RuntimeError("no free port between 20000 and 32000 in 200 tries")


class Program:
    """A running process whose output is kept, and which is ended by its pid at the latest in `stop`."""

    def __init__(self, command):
        self.command = command
        self._lines = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self._lines.append(line.decode(errors="replace").rstrip())
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def lines(self, beginning=""):
        with self._changed:
            return [line for line in self._lines if line.startswith(beginning)]

    def wait_line(self, beginning, seconds, count=1):
        """Returns the count-th line that begins so; fails when the process ends or the time is over before."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                found = [line for line in self._lines if line.startswith(beginning)]
                if len(found) >= count:
                    return found[count - 1]
                left = end - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    raise AssertionError(
                        f"no line {count} of {beginning!r} within {seconds} s\n" + self._described())
                self._changed.wait(min(left, 0.2))

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def wait(self, seconds):
        """The exit code, or None if it has not ended in time."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(2)
        return code

    def stop(self, signal_number=signal.SIGTERM):
        """Ends the process and returns its exit code; one that does not obey is killed and gives None."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        code = self.wait(STOP_SECONDS)
        if code is None:
            self.process.kill()
            self.process.wait()
            self._reader.join(2)
        self.process.stdin.close()
        self.process.stdout.close()
        return code

    def describe(self):
        with self._changed:
            return self._described()

    def _described(self):
        state = self.process.poll()
        head = f"$ {' '.join(self.command)}\n  ({'running' if state is None else f'exit code {state}'})"
        return "\n  | ".join([head] + self._lines[-40:])


class Server(Program):
    """A server of grpc.testing.TestService at `port` of the loopback address."""

    def __init__(self, kind, port=None, flags=()):
        self.kind = kind
        chosen = port or (0 if kind.own_cases else free_port())
        super().__init__([part.replace("{port}", str(chosen)) for part in kind.server] + list(flags))
        try:
            if kind.own_cases:
                line = self.wait_line("listening on ", START_SECONDS)
                self.port = int(line.rsplit(":", 1)[1])
            else:
                self.port = chosen
                self._wait_until_it_accepts()
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_accepts(self):
        end = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"nothing listens on port {self.port}\n{self.describe()}")
            time.sleep(0.02)  # lint: allow sleep: polls, bounded

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def connections(self):
        """The clients' ends of the connections to this server that are open now."""
        established = "01"
        found = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table) as rows:
                for row in list(rows)[1:]:
                    local, remote, state = row.split()[1:4]
                    if int(local.rsplit(":", 1)[1], 16) == self.port and state == established:
                        found.add(remote)
        return found


class Kind:
    """How one implementation's programs are started, and what they are able to do."""

    def __init__(self, name, server, client, *, standard_cases=True, own_cases=True, has_json=False):
        self.name = name
        self.server = server
        self.client = client
        self.standard_cases = standard_cases  # the client knows gRPC's test cases
        # Both know ours: the client the cases of grpcio_server_suite.py; the server has Kit, prints its port, sends a
        # server_id, and ends with exit code 0 on SIGTERM.
        self.own_cases = own_cases
        self.has_json = has_json


def go():
    programs = os.path.join(SETUP_DIR, "bin")
    return Kind("go", [os.path.join(programs, "server"), "--port={port}"], [os.path.join(programs, "client")],
                own_cases=False)


def grpcio():
    return Kind("grpcio", [sys.executable, os.path.join(HERE, "reference_server.py"), "--port={port}"],
                [sys.executable, os.path.join(HERE, "reference_client.py")], standard_cases=False)


def weft(folder):
    return Kind("weft", [os.path.join(folder, "weft_interop_server"), "--port={port}"],
                [os.path.join(folder, "weft_interop_client")], has_json=True)


# The implementation under test: set once by interop_test.py before the suites run.
subject = None


def run_client(kind, server, case, steps=None):
    """Runs one test case of a client program to its end. `steps` may act on it in between; failure tells both outputs."""
    client = Program(kind.client + ["--server_host=127.0.0.1", f"--server_port={server.port}", f"--test_case={case}"])
    try:
        if steps:
            steps(client)
        code = client.wait(CASE_SECONDS)
        if code != 0:
            said = "did not end" if code is None else f"ended with {code}"
            raise AssertionError(f"client {kind.name}, case {case}: {said}\n{client.describe()}\n{server.describe()}")
    finally:
        client.stop(signal.SIGKILL)
