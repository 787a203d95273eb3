"""One running server, on core 0 unless it may have all, and what the kernel says about it."""

import contextlib
import os
import random
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time

START_SECONDS = 10
STOP_SECONDS = 5


def pinned_to(core):
    """The words before a command that keep it on one core; none where there are not two cores to part."""
    usable = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(usable[core])] if len(usable) > 1 else []


def allow_many_connections():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port():
    """A port below the range from which the kernel gives client ports."""
    while True:
        port = random.randrange(20000, 32000)
        with contextlib.closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


class Server:
    """A context manager: the server runs within."""

    def __init__(self, command, preload=None, pinned=True):
        self.port = free_port()
        self._said = tempfile.TemporaryFile()
        environment = {**os.environ, "LD_PRELOAD": preload} if preload else None
        self._process = subprocess.Popen(
            (pinned_to(0) if pinned else []) + [part.replace("{port}", str(self.port)) for part in command],
            stdout=subprocess.DEVNULL, stderr=self._said, env=environment)
        self.pid = self._process.pid

    def __enter__(self):
        end = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
                return self
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise RuntimeError(f"the server does not listen; it said: {self.said()[-500:]}")
            time.sleep(0.02)

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def said(self):
        self._said.seek(0)
        return self._said.read().decode(errors="replace")

    def cpu_seconds(self):
        """User and system time of all threads, those that have ended included, to the nanosecond."""
        cpu_clock_of_process = 2
        return time.clock_gettime(~self.pid << 3 | cpu_clock_of_process)

    def memory_kib(self, which="VmRSS"):
        with open(f"/proc/{self.pid}/status") as status:
            return int(re.search(which + r":\s+(\d+)", status.read())[1])

    def peak_kib(self):
        return self.memory_kib("VmHWM")

    def reset_peak(self):
        with contextlib.suppress(OSError), open(f"/proc/{self.pid}/clear_refs", "w") as control:
            control.write("5")

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def allocations(self):
        """The heap allocations since the start, as the program or the preloaded counter prints them on SIGUSR2."""
        before = self.said().count("MALLOCS ")
        self._process.send_signal(signal.SIGUSR2)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            counts = re.findall(r"MALLOCS (\d+)\n", self.said())
            if len(counts) > before:
                return int(counts[-1])
            time.sleep(0.02)
        raise RuntimeError("the server did not print its allocations on SIGUSR2")
