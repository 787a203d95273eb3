"""grpcio as the client of the server under test."""

import threading
import time
import unittest

import grpc
from google.protobuf import any_pb2, wrappers_pb2
from grpc_status import rpc_status

import harness
from go_suite import OneServerSuite
from interop_testing import empty_pb2, messages_pb2, test_pb2_grpc
from weft.kit.v1 import kit_pb2, kit_pb2_grpc

MIB = 1 << 20
LIMIT = 4 * MIB
SECONDS = 30
MANY = 10_000
CALLS_AT_ONCE = 100
SENT_SIZES = {"0 bytes": 0, "1 byte": 1, "64 KiB": 1 << 16, "3.9 MiB": int(3.9 * MIB)}
ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
ALL_BYTES = bytes(range(256))
AWKWARD_TEXT = "100% \t\r\n \u00fc \u4e2d \U0001f600 end"

# Each channel has connections of its own, so that tests do not disturb one another.
CHANNEL_OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 200),
                   # The last one is the time for an attempt to connect.
                   ("grpc.max_reconnect_backoff_ms", 1000), ("grpc.min_reconnect_backoff_ms", 10_000)]


def noise(size):
    pattern = bytes((7 * index + (index >> 8)) & 255 for index in range(4099))
    return (pattern * (size // len(pattern) + 1))[:size]


def open_channel(address, receive_limit=LIMIT):
    return grpc.insecure_channel(address, options=CHANNEL_OPTIONS + [("grpc.max_receive_message_length", receive_limit)])


def output_request(sizes, **fields):
    request = messages_pb2.StreamingOutputCallRequest(**fields)
    for size in sizes:
        request.response_parameters.add(size=size)
    return request


class GrpcioSuite(OneServerSuite):
    @classmethod
    def server_kind(cls):
        if not harness.subject.own_cases:
            raise unittest.SkipTest("this server has no Kit")
        return harness.subject

    def setUp(self):
        self.channel = self.open()
        self.test = test_pb2_grpc.TestServiceStub(self.channel)
        self.kit = kit_pb2_grpc.KitStub(self.channel)

    def open(self, **options):
        channel = open_channel(self.server.address, **options)
        self.addCleanup(channel.close)
        return channel

    def assertFails(self, code, call, *arguments, **options):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, timeout=SECONDS, **options)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception

    def assertServes(self):
        self.assertEqual(self.test.EmptyCall(empty_pb2.Empty(), timeout=SECONDS), empty_pb2.Empty())


class GrpcioClientAgainstSubject(GrpcioSuite):
    def test_unary_gives_as_many_bytes_as_asked_for(self):
        for name, size in SENT_SIZES.items():
            with self.subTest(name):
                request = messages_pb2.SimpleRequest(response_size=size)
                request.payload.body = bytes(size)
                reply = self.test.UnaryCall(request, timeout=SECONDS)
                self.assertEqual(reply.payload.body, bytes(size))

    def test_empty_message_travels_both_ways(self):
        self.assertServes()

    def test_unary_returns_every_byte_unchanged(self):
        for name, size in SENT_SIZES.items():
            with self.subTest(name):
                item = kit_pb2.Item(name=name, data=noise(size))
                self.assertEqual(self.kit.Echo(item, timeout=SECONDS), item)

    def test_message_of_just_the_limit_passes(self):
        item = kit_pb2.Item()
        item.data = bytes(LIMIT - 5)
        self.assertEqual(item.ByteSize(), LIMIT)
        self.assertEqual(self.kit.Echo(item, timeout=SECONDS), item)

    def test_request_over_the_limit_is_refused(self):
        item = kit_pb2.Item(data=bytes(LIMIT - 4))
        self.assertEqual(item.ByteSize(), LIMIT + 1)
        self.assertFails(grpc.StatusCode.RESOURCE_EXHAUSTED, self.kit.Echo, item)
        self.assertServes()

    def test_reply_over_the_clients_limit_is_refused_by_the_client_alone(self):
        request = messages_pb2.SimpleRequest(response_size=LIMIT + 1)
        self.assertFails(grpc.StatusCode.RESOURCE_EXHAUSTED, self.test.UnaryCall, request)
        self.assertServes()
        roomy = test_pb2_grpc.TestServiceStub(self.open(receive_limit=2 * LIMIT))
        self.assertEqual(len(roomy.UnaryCall(request, timeout=SECONDS).payload.body), LIMIT + 1)

    def test_streamed_request_over_the_limit_is_refused(self):
        big = messages_pb2.StreamingInputCallRequest()
        big.payload.body = bytes(LIMIT + 1)
        self.assertFails(grpc.StatusCode.RESOURCE_EXHAUSTED, self.test.StreamingInputCall, iter([big]))
        self.assertServes()

    def test_server_stream_brings_many_messages_in_order(self):
        item = kit_pb2.Item(name="weft" * 8, i32=MANY)
        indexes = [reply.i64 for reply in self.kit.Watch(item, timeout=SECONDS)]
        self.assertEqual(indexes, list(range(MANY)))

    def test_server_stream_brings_messages_of_all_sizes(self):
        sizes = list(SENT_SIZES.values())
        replies = self.test.StreamingOutputCall(output_request(sizes), timeout=SECONDS)
        self.assertEqual([len(reply.payload.body) for reply in replies], sizes)

    def test_client_stream_takes_many_messages(self):
        request = messages_pb2.StreamingInputCallRequest()
        request.payload.body = bytes(32)
        reply = self.test.StreamingInputCall((request for _ in range(MANY)), timeout=SECONDS)
        self.assertEqual(reply.aggregated_payload_size, 32 * MANY)

    def test_client_stream_takes_messages_of_all_sizes(self):
        def requests():
            for size in SENT_SIZES.values():
                yield messages_pb2.StreamingInputCallRequest(payload=messages_pb2.Payload(body=bytes(size)))
        reply = self.test.StreamingInputCall(requests(), timeout=SECONDS)
        self.assertEqual(reply.aggregated_payload_size, sum(SENT_SIZES.values()))

    def test_client_stream_without_messages_gets_a_reply(self):
        reply = self.test.StreamingInputCall(iter([]), timeout=SECONDS)
        self.assertEqual(reply.aggregated_payload_size, 0)

    def test_two_way_stream_answers_many_messages_in_order(self):
        requests = (output_request([index % 50]) for index in range(MANY))
        replies = self.test.FullDuplexCall(requests, timeout=SECONDS)
        self.assertEqual([len(reply.payload.body) for reply in replies], [index % 50 for index in range(MANY)])

    def test_two_way_stream_answers_while_the_client_still_sends(self):
        answered = threading.Semaphore(0)

        def requests():
            for size in (3, 1 << 16, 0, 5):
                yield output_request([size])
                if not answered.acquire(timeout=SECONDS):
                    return
        sizes = []
        for reply in self.test.FullDuplexCall(requests(), timeout=SECONDS):
            sizes.append(len(reply.payload.body))
            answered.release()
        self.assertEqual(sizes, [3, 1 << 16, 0, 5])

    def test_half_duplex_stream_answers_after_the_last_request(self):
        replies = self.test.HalfDuplexCall(iter([output_request([4, 2]), output_request([9])]), timeout=SECONDS)
        self.assertEqual([len(reply.payload.body) for reply in replies], [4, 2, 9])

    def test_slow_stream_keeps_its_interval(self):
        request = output_request([])
        for _ in range(3):
            request.response_parameters.add(size=1, interval_us=50_000)
        begin = time.monotonic()
        self.assertEqual(len(list(self.test.StreamingOutputCall(request, timeout=SECONDS))), 3)
        self.assertGreaterEqual(time.monotonic() - begin, 0.1)

    def test_metadata_comes_back_from_a_unary_call(self):
        sent = [(ECHO_INITIAL, "first"), (ECHO_TRAILING, ALL_BYTES), ("x-other", "not echoed")]
        _, call = self.test.UnaryCall.with_call(messages_pb2.SimpleRequest(), metadata=sent, timeout=SECONDS)
        self.assertMetadata(call, ["first"], [ALL_BYTES])

    def test_metadata_comes_back_from_a_two_way_stream(self):
        sent = [(ECHO_INITIAL, "first"), (ECHO_TRAILING, ALL_BYTES)]
        call = self.test.FullDuplexCall(iter([output_request([1])]), metadata=sent, timeout=SECONDS)
        self.assertEqual(len(list(call)), 1)
        self.assertMetadata(call, ["first"], [ALL_BYTES])

    def test_repeated_metadata_keeps_its_order(self):
        texts = ["one", "two", "", "a,b", "one"]
        blobs = [b"\x00", ALL_BYTES, b"", b"weft", b"\xff\xfe\xfd"]
        sent = [(ECHO_INITIAL, text) for text in texts] + [(ECHO_TRAILING, blob) for blob in blobs]
        _, call = self.test.UnaryCall.with_call(messages_pb2.SimpleRequest(), metadata=sent, timeout=SECONDS)
        self.assertMetadata(call, texts, blobs)

    def test_metadata_comes_with_an_error(self):
        request = messages_pb2.SimpleRequest()
        request.response_status.code = grpc.StatusCode.ABORTED.value[0]
        error = self.assertFails(grpc.StatusCode.ABORTED, self.test.UnaryCall, request, metadata=[(ECHO_TRAILING, b"\x01\x02")])
        self.assertIn((ECHO_TRAILING, b"\x01\x02"), [tuple(entry) for entry in error.trailing_metadata()])

    def assertMetadata(self, call, texts, blobs):
        self.assertEqual([value for key, value in call.initial_metadata() if key == ECHO_INITIAL], texts)
        self.assertEqual([value for key, value in call.trailing_metadata() if key == ECHO_TRAILING], blobs)

    def test_large_metadata_passes(self):
        sent = [(ECHO_INITIAL, "x" * 3000), (ECHO_TRAILING, bytes(2000))]
        _, call = self.test.UnaryCall.with_call(messages_pb2.SimpleRequest(), metadata=sent, timeout=SECONDS)
        self.assertMetadata(call, ["x" * 3000], [bytes(2000)])

    def test_every_status_code_arrives_with_its_text(self):
        for code in grpc.StatusCode:
            if code is grpc.StatusCode.OK:
                continue
            with self.subTest(code.name):
                request = messages_pb2.SimpleRequest()
                request.response_status.code = code.value[0]
                request.response_status.message = AWKWARD_TEXT
                error = self.assertFails(code, self.test.UnaryCall, request)
                self.assertEqual(error.details(), AWKWARD_TEXT)

    def test_stream_fails_after_its_messages(self):
        request = output_request([1, 2])
        request.response_status.code = grpc.StatusCode.DATA_LOSS.value[0]
        request.response_status.message = "enough"
        call = self.test.FullDuplexCall(iter([request]), timeout=SECONDS)
        sizes = []
        with self.assertRaises(grpc.RpcError) as caught:
            for reply in call:
                sizes.append(len(reply.payload.body))
        self.assertEqual(sizes, [1, 2])
        self.assertEqual((caught.exception.code(), caught.exception.details()), (grpc.StatusCode.DATA_LOSS, "enough"))

    def test_status_details_arrive(self):
        detail = any_pb2.Any()
        detail.Pack(wrappers_pb2.StringValue(value="the detail \u2713"))
        item = kit_pb2.Item(i32=grpc.StatusCode.FAILED_PRECONDITION.value[0], name="not now")
        item.any.CopyFrom(detail)
        error = self.assertFails(grpc.StatusCode.FAILED_PRECONDITION, self.kit.Fail, item)
        status = rpc_status.from_call(error)
        self.assertEqual((status.code, status.message), (item.i32, "not now"))
        self.assertEqual(list(status.details), [detail])

    def test_unknown_method_and_service_are_unimplemented(self):
        for path in ("/grpc.testing.TestService/Missing", "/no.such.Service/Method", "/grpc.testing.TestService/emptycall"):
            with self.subTest(path):
                self.assertFails(grpc.StatusCode.UNIMPLEMENTED, self.channel.unary_unary(path), b"")
        self.assertServes()

    def test_request_that_is_no_message_is_refused_as_internal(self):
        garbage = b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        call = self.channel.unary_unary("/weft.kit.v1.Kit/Echo")
        if harness.subject.name == "weft":
            self.assertFails(grpc.StatusCode.INTERNAL, call, garbage)
        else:
            with self.assertRaises(grpc.RpcError):
                call(garbage, timeout=SECONDS)
        self.assertServes()

    def test_deadline_ends_the_call_and_the_handler(self):
        cut = len(self.server.lines("Sleep cut short"))
        begin = time.monotonic()
        with self.assertRaises(grpc.RpcError) as caught:
            self.kit.Sleep(kit_pb2.Item(i32=60_000), timeout=0.3)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertLess(time.monotonic() - begin, 5)
        self.server.wait_line("Sleep cut short", SECONDS, cut + 1)

    def test_deadline_ends_a_slow_stream(self):
        request = output_request([1])
        request.response_parameters.add(size=1, interval_us=60_000_000)
        call = self.test.StreamingOutputCall(request, timeout=0.5)
        self.assertEqual(len(next(call).payload.body), 1)
        with self.assertRaises(grpc.RpcError) as caught:
            next(call)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertServes()

    def test_cancellation_ends_the_call_and_the_handler(self):
        cut = len(self.server.lines("Sleep cut short"))
        call = self.kit.Sleep.future(kit_pb2.Item(i32=60_000), timeout=SECONDS)
        # A second call on this connection that is answered shows that the first has arrived.
        self.kit.Sleep(kit_pb2.Item(i32=100), timeout=SECONDS)
        self.assertTrue(call.cancel())
        self.assertEqual(call.code(), grpc.StatusCode.CANCELLED)
        self.server.wait_line("Sleep cut short", SECONDS, cut + 1)

    def test_cancellation_amid_a_stream_leaves_the_connection_usable(self):
        call = self.test.StreamingOutputCall(output_request([1 << 16] * 1000), timeout=SECONDS)
        self.assertEqual(len(next(call).payload.body), 1 << 16)
        call.cancel()
        with self.assertRaises(grpc.RpcError) as caught:
            list(call)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.CANCELLED)
        self.assertServes()

    def test_expired_handlers_do_not_hold_the_connection(self):
        for _ in range(20):
            with self.assertRaises(grpc.RpcError):
                self.kit.Sleep(kit_pb2.Item(i32=60_000), timeout=0.02)
        self.assertServes()

    def test_deadline_is_never_taken_for_a_cancellation(self):
        # The server notices the deadline within a millisecond of the client.
        for index in range(100):
            with self.assertRaises(grpc.RpcError) as caught:
                self.kit.Sleep(kit_pb2.Item(i32=60_000), timeout=0.005 + index * 0.00017)
            self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED, caught.exception.details())

    def test_many_calls_at_once_share_a_connection(self):
        before = self.server.connections()
        begin = time.monotonic()
        calls = [self.kit.Sleep.future(kit_pb2.Item(i32=500, i64=index), timeout=SECONDS)
                 for index in range(CALLS_AT_ONCE)]
        self.assertEqual([call.result().i64 for call in calls], list(range(CALLS_AT_ONCE)))
        self.assertLess(time.monotonic() - begin, CALLS_AT_ONCE * 0.5 / 4)
        # Connections of earlier tests may be closing yet.
        self.assertEqual(len(self.server.connections() - before), 1)

    def test_many_large_calls_at_once_bring_the_right_replies(self):
        calls = [self.kit.Echo.future(kit_pb2.Item(i64=index, data=noise(20_000 + index)), timeout=SECONDS)
                 for index in range(CALLS_AT_ONCE)]
        for index, call in enumerate(calls):
            reply = call.result()
            self.assertEqual((reply.i64, reply.data), (index, noise(20_000 + index)))


class GrpcioClientAgainstRestartedSubject(unittest.TestCase):
    def setUp(self):
        if not harness.subject.own_cases:
            self.skipTest("this server has no Kit")

    def test_call_that_waits_for_ready_outlives_a_restart(self):
        first = harness.Server(harness.subject, port=harness.free_port())
        try:
            channel = open_channel(first.address)
            self.addCleanup(channel.close)
            stub = test_pb2_grpc.TestServiceStub(channel)
            stub.EmptyCall(empty_pb2.Empty(), timeout=SECONDS)
        finally:
            first.stop()
        with self.assertRaises(grpc.RpcError) as caught:
            stub.EmptyCall(empty_pb2.Empty(), timeout=SECONDS)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
        call = stub.EmptyCall.future(empty_pb2.Empty(), timeout=SECONDS, wait_for_ready=True)
        time.sleep(0.5)  # lint: allow sleep: what is shown is that nothing happens in this time
        self.assertFalse(call.done())
        second = harness.Server(harness.subject, port=first.port)
        try:
            self.assertEqual(call.result(), empty_pb2.Empty())
            channel.close()
        finally:
            second.stop()

    def test_shutdown_lets_a_running_call_finish(self):
        server = harness.Server(harness.subject)
        with open_channel(server.address) as channel:
            stub = kit_pb2_grpc.KitStub(channel)
            call = stub.Sleep.future(kit_pb2.Item(i32=1000, name="drained"), timeout=SECONDS)
            stub.Sleep(kit_pb2.Item(i32=100), timeout=SECONDS)  # now the first call has arrived, too
            code = server.stop()
            self.assertEqual(call.result().name, "drained")
        self.assertEqual(code, 0, server.describe())
