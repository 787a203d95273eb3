"""The bounds that weft_interop_server is started with, seen from outside: connections, streams, sizes, times, threads."""

import contextlib
import os
import signal
import socket
import struct
import time
import unittest

import grpc

import harness
from grpcio_client_suite import open_channel
from json_suite import Connection, request
from weft.kit.v1 import kit_pb2, kit_pb2_grpc

SECONDS = 20
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_SETTINGS = struct.pack(">HBBBI", 0, 0, 4, 0, 0)
SETTINGS, GOAWAY = 4, 7
MAX_CONCURRENT_STREAMS = 3


def read_frames(stream):
    """The type, flags and payload of each HTTP/2 frame until the server closes."""
    while len(head := stream.read(9)) == 9:
        high, low, kind, flags, _ = struct.unpack(">HBBBI", head)
        yield kind, flags, stream.read(high << 8 | low)


class ServerWithFlags(unittest.TestCase):
    def setUp(self):
        if not harness.subject.has_json:
            self.skipTest("this server does not know the flags")

    def start(self, *flags):
        self.server = harness.Server(harness.subject, flags=flags)
        self.addCleanup(self.server.stop)

    def connect(self):
        connection = Connection(self.server.address)
        self.addCleanup(connection.close)
        return connection

    def open_kit(self):
        channel = open_channel(self.server.address)
        self.addCleanup(channel.close)
        return kit_pb2_grpc.KitStub(channel)

    def assertServes(self, connection):
        connection.send(request({"name": "x"}))
        self.assertEqual(connection.reply().json(), {"name": "x"})

    def test_connection_over_the_limit_is_closed_at_once(self):
        self.start("--max-connections=2")
        kept = [self.connect() for _ in range(2)]
        for connection in kept:
            self.assertServes(connection)
        self.assertTrue(self.connect().closed_by_peer())
        self.assertServes(kept[0])
        kept.pop().close()
        end = time.monotonic() + SECONDS
        while True:  # until the server has seen that one is gone
            fresh = self.connect()
            with contextlib.suppress(OSError, IndexError):
                self.assertServes(fresh)
                return
            self.assertLess(time.monotonic(), end, "there is no room for another connection after one was closed")

    def test_message_over_the_limit_is_refused(self):
        self.start("--max-message=1000")
        kit = self.open_kit()
        item = kit_pb2.Item(name="x" * 997)
        self.assertEqual(item.ByteSize(), 1000)
        self.assertEqual(kit.Echo(item, timeout=SECONDS), item)
        item.name += "x"
        with self.assertRaises(grpc.RpcError) as caught:
            kit.Echo(item, timeout=SECONDS)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        connection = self.connect()
        connection.send(request({"name": "x" * 1000}))
        self.assertEqual(connection.reply().status, 429)

    def test_limit_of_streams_is_announced_and_kept(self):
        self.start("--max-concurrent-streams=3")
        connection = self.connect()
        connection.send(PREFACE + NO_SETTINGS)
        kind, _, payload = next(read_frames(connection.input))
        self.assertEqual(kind, SETTINGS)
        settings = dict(struct.iter_unpack(">HI", payload))
        self.assertEqual(settings[MAX_CONCURRENT_STREAMS], 3)
        kit = self.open_kit()
        calls = [kit.Sleep.future(kit_pb2.Item(i32=20, i64=index), timeout=SECONDS) for index in range(30)]
        self.assertEqual([call.result().i64 for call in calls], list(range(30)))

    def test_silent_connection_is_closed(self):
        self.start("--handshake-timeout=1")
        served = self.connect()
        self.assertServes(served)
        for beginning in (b"", b"PRI * HT"):
            silent = self.connect()
            begin = time.monotonic()
            silent.send(beginning)
            self.assertTrue(silent.closed_by_peer())
            self.assertGreater(time.monotonic() - begin, 0.9)
        self.assertServes(served)

    def test_slow_head_is_refused(self):
        self.start("--header-timeout=1")
        slow = self.connect()
        slow.send(b"POST /weft.kit.v1.Kit/Echo HTTP/1.1\r\nHost: x\r\n")
        begin = time.monotonic()
        self.assertEqual(slow.reply().status, 408)
        self.assertGreater(time.monotonic() - begin, 0.9)
        self.assertTrue(slow.closed_by_peer())

    def test_idle_connection_is_closed(self):
        self.start("--idle-timeout=1")
        connection = self.connect()
        self.assertServes(connection)
        self.assertTrue(connection.closed_by_peer())

        http2 = self.connect()
        http2.send(PREFACE + NO_SETTINGS)
        self.assertIn(GOAWAY, [kind for kind, _, _ in read_frames(http2.input)])

    def test_call_is_not_idle(self):
        self.start("--idle-timeout=1")
        self.assertEqual(self.open_kit().Sleep(kit_pb2.Item(i32=2000, i64=1), timeout=SECONDS).i64, 1)
        connection = self.connect()
        connection.send(request({"name": "x", "i32": 2000}, path="/weft.kit.v1.Kit/Sleep"))
        self.assertEqual(connection.reply().status, 200)

    def test_server_has_one_thread_more_than_loops(self):
        for loops in (1, 3):
            self.start(f"--loops={loops}")
            kit = self.open_kit()
            calls = [kit.Echo.future(kit_pb2.Item(i64=index), timeout=SECONDS) for index in range(100)]
            self.assertEqual([call.result().i64 for call in calls], list(range(100)))
            threads = os.listdir(f"/proc/{self.server.process.pid}/task")
            self.assertLessEqual(len(threads), loops + 1)

    def test_end_does_not_wait_for_idle_connections(self):
        self.start("--header-timeout=1")
        connection = self.connect()
        self.assertServes(connection)
        silent = self.connect()
        half_spoken = self.connect()
        half_spoken.send(b"POST /x HTTP/1.1\r\n")
        item = kit_pb2.Item(i64=1)
        self.assertEqual(self.open_kit().Echo(item, timeout=SECONDS), item)
        begin = time.monotonic()
        code = self.server.stop(signal.SIGTERM)
        self.assertEqual(code, 0, self.server.describe())
        self.assertLess(time.monotonic() - begin, 10)
        self.assertTrue(connection.closed_by_peer())
        self.assertTrue(silent.closed_by_peer())


class BadInputAgainstSubject(unittest.TestCase):
    """Peers that speak no protocol of ours, or speak it badly, harm nobody else."""

    def setUp(self):
        if not harness.subject.has_json:
            self.skipTest("this server speaks no JSON")
        self.server = harness.Server(harness.subject)
        self.addCleanup(self.server.stop)

    def test_bad_input_ends_its_own_connection_alone(self):
        frame = NO_SETTINGS
        bad = {
            "no protocol": bytes(range(256)) * 8,
            "TLS": bytes.fromhex("16030100a5010000a10303") + bytes(150),
            "preface with a fault": PREFACE[:-1] + b"x" + frame,
            "no settings first": PREFACE + struct.pack(">HBBBI", 0, 8, 6, 0, 0) + bytes(8),
            "frame that is too long": PREFACE + frame + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(1 << 17),
            "data on an idle stream": PREFACE + frame + struct.pack(">HBBBI", 0, 1, 0, 0, 1) + b"x",
            "headers that do not decode": PREFACE + frame + struct.pack(">HBBBI", 0, 4, 1, 4, 1) + b"\xff\xff\xff\xff",
            "window of zero": PREFACE + frame + struct.pack(">HBBBII", 0, 4, 8, 0, 0, 0),
            "settings of an odd size": PREFACE + struct.pack(">HBBBI", 0, 5, 4, 0, 0) + bytes(5),
            "half a request": b"POST / HTTP/1.1\r\nHost",
        }
        witness = Connection(self.server.address)
        self.addCleanup(witness.close)
        for name, content in bad.items():
            with self.subTest(name):
                connection = Connection(self.server.address)
                with contextlib.suppress(ConnectionError):  # the server need not read it all
                    connection.send(content)
                    connection.socket.shutdown(socket.SHUT_WR)
                    while connection.input.read(1 << 16):
                        pass
                connection.close()
                witness.send(request({"name": name}))
                self.assertEqual(witness.reply().json(), {"name": name})
