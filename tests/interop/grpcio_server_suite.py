"""The client under test against a server on grpcio: gRPC's cases, and cases of our own that a client program offers too.

What a client program does in each of our cases is written down in reference_client.py, in Python.
"""

import signal
import time
import unittest

import harness
from go_suite import CASES, OneServerSuite

OWN_CASES = ["message_sizes", "message_over_limit", "long_streams", "metadata", "error_statuses", "status_details"]


class SubjectAgainstGrpcioServer(OneServerSuite):
    @classmethod
    def server_kind(cls):
        return harness.grpcio()

    def run_case(self, case):
        known = harness.subject.standard_cases if case in CASES else harness.subject.own_cases
        if not known:
            self.skipTest("this client does not know the case")
        harness.run_client(harness.subject, self.server, case)

    def test_deadline_reaches_the_handler(self):
        cut = len(self.server.lines("Sleep cut short"))
        self.run_case("deadline")
        self.server.wait_line("Sleep cut short", 20, cut + 1)

    def test_cancellation_reaches_the_handler(self):
        cut = len(self.server.lines("Sleep cut short"))
        self.run_case("cancellation")
        self.server.wait_line("Sleep cut short", 20, cut + 1)

    def test_many_calls_at_once_share_a_connection(self):
        peers = len(self.server.lines("peer "))
        begin = time.monotonic()
        self.run_case("concurrent_calls")
        self.assertLess(time.monotonic() - begin, 15, "100 calls of half a second each ran one after the other")
        self.assertEqual(len(self.server.lines("peer ")), peers + 1, "100 calls came over several connections")


def _add_cases():
    for case in CASES + OWN_CASES:
        setattr(SubjectAgainstGrpcioServer, f"test_{case}", lambda self, case=case: self.run_case(case))


_add_cases()


class SubjectAgainstRestartedGrpcioServer(unittest.TestCase):
    def setUp(self):
        if not harness.subject.own_cases:
            self.skipTest("this client does not know the case")
        self.server = harness.Server(harness.grpcio(), port=harness.free_port())
        self.addCleanup(lambda: self.server.stop())

    def test_call_that_waits_for_ready_outlives_a_restart(self):
        def steps(client):
            client.wait_line("ready", 20)
            self.server.stop()
            client.tell("the server is gone")
            client.wait_line("waiting", 20)
            time.sleep(0.5)  # lint: allow sleep: what is shown is that nothing happens in this time
            self.assertIsNone(client.process.poll(), client.describe())
            self.server = harness.Server(harness.grpcio(), port=self.server.port)

        harness.run_client(harness.subject, self.server, "wait_for_ready_restart", steps)

    def test_lost_connection_is_unavailable(self):
        def steps(client):
            client.wait_line("calling", 20)
            self.server.wait_line("peer ", 20)
            self.server.stop(signal.SIGKILL)

        harness.run_client(harness.subject, self.server, "connection_lost", steps)
