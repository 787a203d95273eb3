"""A client on grpcio with the flags of gRPC's interop clients, for our own cases of grpcio_server_suite.py.

  reference_client.py --server_host=H --server_port=P --test_case=CASE

Ends with 0 if all that the case expects came true. It shows what a client program of the subject must do in each case.
"""

import argparse
import sys

import grpc

import harness  # noqa: F401  (makes the generated code importable)
from google.protobuf import any_pb2, wrappers_pb2
from grpc_status import rpc_status
from grpcio_client_suite import (ALL_BYTES, AWKWARD_TEXT, CALLS_AT_ONCE, ECHO_INITIAL, ECHO_TRAILING, LIMIT, MANY, SECONDS,
                                 SENT_SIZES, noise, open_channel, output_request)
from interop_testing import empty_pb2, messages_pb2, test_pb2_grpc
from weft.kit.v1 import kit_pb2, kit_pb2_grpc


def expect(seen, wanted, what):
    if seen != wanted:
        sys.exit(f"{what}: got {str(seen)[:500]!r}, want {str(wanted)[:500]!r}")


def expect_failure(code, call, *arguments, timeout=SECONDS, **options):
    try:
        call(*arguments, timeout=timeout, **options)
    except grpc.RpcError as error:
        expect(error.code(), code, error.details())
        return error
    sys.exit(f"the call succeeded, want {code}")


def say(line):
    print(line, flush=True)


class Cases:
    def __init__(self, address):
        self.channel = open_channel(address)
        self.test = test_pb2_grpc.TestServiceStub(self.channel)
        self.kit = kit_pb2_grpc.KitStub(self.channel)

    def empty_unary(self):
        expect(self.test.EmptyCall(empty_pb2.Empty(), timeout=SECONDS), empty_pb2.Empty(), "the reply")

    def message_sizes(self):
        """Kit.Echo returns each size of data unchanged; TestService.UnaryCall gives as many bytes as asked for."""
        for size in SENT_SIZES.values():
            item = kit_pb2.Item(data=noise(size))
            expect(self.kit.Echo(item, timeout=SECONDS) == item, True, f"an echo of {size} bytes is equal")
            request = messages_pb2.SimpleRequest(response_size=size)
            request.payload.body = bytes(size)
            expect(len(self.test.UnaryCall(request, timeout=SECONDS).payload.body), size, "bytes of the payload")
        self.empty_unary()

    def message_over_limit(self):
        """One byte over 4 MiB is RESOURCE_EXHAUSTED in either direction, and the connection stays usable."""
        item = kit_pb2.Item(data=bytes(LIMIT - 4))
        expect_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, self.kit.Echo, item)
        request = messages_pb2.SimpleRequest(response_size=LIMIT + 1)
        expect_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, self.test.UnaryCall, request)
        self.empty_unary()

    def long_streams(self):
        """10,000 messages on a stream of each kind, all there and in order."""
        replies = self.kit.Watch(kit_pb2.Item(i32=MANY), timeout=SECONDS)
        expect([reply.i64 for reply in replies], list(range(MANY)), "indexes of the server stream")
        request = messages_pb2.StreamingInputCallRequest()
        request.payload.body = bytes(32)
        reply = self.test.StreamingInputCall((request for _ in range(MANY)), timeout=SECONDS)
        expect(reply.aggregated_payload_size, 32 * MANY, "bytes of the client stream")
        requests = (output_request([index % 50]) for index in range(MANY))
        sizes = [len(reply.payload.body) for reply in self.test.FullDuplexCall(requests, timeout=SECONDS)]
        expect(sizes, [index % 50 for index in range(MANY)], "sizes of the two-way stream")

    def metadata(self):
        """ASCII, binary and repeated metadata come back in their order: initial and trailing, unary and streamed."""
        texts, blobs = ["one", "two", "a,b", "one"], [b"\x00", ALL_BYTES, b"weft"]
        sent = [(ECHO_INITIAL, text) for text in texts] + [(ECHO_TRAILING, blob) for blob in blobs]
        _, unary = self.test.UnaryCall.with_call(messages_pb2.SimpleRequest(), metadata=sent, timeout=SECONDS)
        stream = self.test.FullDuplexCall(iter([output_request([1])]), metadata=sent, timeout=SECONDS)
        expect(len(list(stream)), 1, "replies of the stream")
        for call in (unary, stream):
            expect([value for key, value in call.initial_metadata() if key == ECHO_INITIAL], texts, "initial metadata")
            expect([value for key, value in call.trailing_metadata() if key == ECHO_TRAILING], blobs, "trailing metadata")

    def error_statuses(self):
        """Each code with a text of awkward characters, on a unary call; one after the messages of a stream."""
        for code in grpc.StatusCode:
            if code is grpc.StatusCode.OK:
                continue
            request = messages_pb2.SimpleRequest()
            request.response_status.code = code.value[0]
            request.response_status.message = AWKWARD_TEXT
            expect(expect_failure(code, self.test.UnaryCall, request).details(), AWKWARD_TEXT, "status text")
        request = output_request([1, 2])
        request.response_status.code = grpc.StatusCode.DATA_LOSS.value[0]
        sizes = []
        try:
            for reply in self.test.FullDuplexCall(iter([request]), timeout=SECONDS):
                sizes.append(len(reply.payload.body))
            sys.exit("the stream succeeded, want DATA_LOSS")
        except grpc.RpcError as error:
            expect((sizes, error.code()), ([1, 2], grpc.StatusCode.DATA_LOSS), "messages and end of the stream")

    def status_details(self):
        """Kit.Fail with an Any brings it back as a detail."""
        detail = any_pb2.Any()
        detail.Pack(wrappers_pb2.StringValue(value="the detail \u2713"))
        item = kit_pb2.Item(i32=grpc.StatusCode.FAILED_PRECONDITION.value[0], name="not now", any=detail)
        error = expect_failure(grpc.StatusCode.FAILED_PRECONDITION, self.kit.Fail, item)
        expect(list(rpc_status.from_call(error).details), [detail], "status details")

    def deadline(self):
        """A Sleep of a minute with a deadline of 300 ms is DEADLINE_EXCEEDED."""
        expect_failure(grpc.StatusCode.DEADLINE_EXCEEDED, self.kit.Sleep, kit_pb2.Item(i32=60_000), timeout=0.3)

    def cancellation(self):
        """A Sleep of a minute is cancelled after a shorter one behind it was answered."""
        call = self.kit.Sleep.future(kit_pb2.Item(i32=60_000), timeout=SECONDS)
        self.kit.Sleep(kit_pb2.Item(i32=100), timeout=SECONDS)
        call.cancel()
        expect(call.code(), grpc.StatusCode.CANCELLED, "code")
        self.empty_unary()

    def concurrent_calls(self):
        """100 Sleeps of half a second each at the same time on one channel."""
        calls = [self.kit.Sleep.future(kit_pb2.Item(i32=500, i64=index), timeout=SECONDS)
                 for index in range(CALLS_AT_ONCE)]
        expect([call.result().i64 for call in calls], list(range(CALLS_AT_ONCE)), "replies")

    def wait_for_ready_restart(self):
        """Calls, says "ready", reads a line when the server is gone, begins a call that waits for ready, says "waiting"."""
        self.empty_unary()
        say("ready")
        sys.stdin.readline()
        expect_failure(grpc.StatusCode.UNAVAILABLE, self.test.EmptyCall, empty_pb2.Empty())
        call = self.test.EmptyCall.future(empty_pb2.Empty(), timeout=SECONDS, wait_for_ready=True)
        say("waiting")
        expect(call.result(), empty_pb2.Empty(), "the reply")

    def connection_lost(self):
        """Says "calling" and begins a Sleep of a minute, during which the server is killed: UNAVAILABLE."""
        say("calling")
        expect_failure(grpc.StatusCode.UNAVAILABLE, self.kit.Sleep, kit_pb2.Item(i32=60_000))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server_host", default="127.0.0.1")
    parser.add_argument("--server_port", type=int, required=True)
    parser.add_argument("--test_case", required=True)
    options = parser.parse_args()
    case = getattr(Cases(f"{options.server_host}:{options.server_port}"), options.test_case, None)
    if case is None:
        sys.exit(f"no test case {options.test_case}: this client knows our own cases only")
    case()


if __name__ == "__main__":
    main()
