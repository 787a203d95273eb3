"""A server on grpcio of grpc.testing.TestService and weft.kit.v1.Kit: reference_server.py --port=N (0: any).

Prints, a line each: "listening on ADDRESS:PORT"; "peer P" for the first call of each connection; "Sleep cut short"
whenever a Kit.Sleep was ended by its caller or its deadline.
"""

import argparse
import os
import signal
import threading
from concurrent import futures

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

import harness  # noqa: F401  (makes the generated code importable)
from interop_testing import empty_pb2, messages_pb2, test_pb2_grpc
from weft.kit.v1 import kit_pb2_grpc

ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"

CODES = {code.value[0]: code for code in grpc.StatusCode}


def echo_metadata(context):
    sent = context.invocation_metadata()
    context.send_initial_metadata([(key, value) for key, value in sent if key == ECHO_INITIAL])
    context.set_trailing_metadata([(key, value) for key, value in sent if key == ECHO_TRAILING])


def payload(size):
    return messages_pb2.Payload(body=bytes(size))


def abort_if_asked(request, context):
    if request.HasField("response_status") and request.response_status.code != 0:
        context.abort(CODES[request.response_status.code], request.response_status.message)


class Peers:
    """Says once for each connection that a call has come over it."""

    def __init__(self):
        self._lock = threading.Lock()
        self._seen = set()

    def note(self, context):
        with self._lock:
            peer = context.peer()
            if peer not in self._seen:
                self._seen.add(peer)
                print(f"peer {peer}", flush=True)


class TestService(test_pb2_grpc.TestServiceServicer):
    def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        abort_if_asked(request, context)
        reply = messages_pb2.SimpleResponse(payload=payload(request.response_size))
        if request.fill_server_id:
            reply.server_id = f"reference {os.getpid()}"
        return reply

    def CacheableUnaryCall(self, request, context):
        return self.UnaryCall(request, context)

    def _replies(self, request, context):
        ended = threading.Event()
        context.add_callback(ended.set)
        for parameters in request.response_parameters:
            if ended.wait(parameters.interval_us / 1e6):
                return
            yield messages_pb2.StreamingOutputCallResponse(payload=payload(parameters.size))
        abort_if_asked(request, context)

    def StreamingOutputCall(self, request, context):
        yield from self._replies(request, context)

    def StreamingInputCall(self, requests, context):
        size = sum(len(request.payload.body) for request in requests)
        return messages_pb2.StreamingInputCallResponse(aggregated_payload_size=size)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            yield from self._replies(request, context)

    def HalfDuplexCall(self, requests, context):
        for request in list(requests):
            yield from self._replies(request, context)


class Kit(kit_pb2_grpc.KitServicer):
    def __init__(self, peers):
        self._peers = peers

    def Echo(self, request, context):
        return request

    def Watch(self, request, context):
        for index in range(request.i32):
            request.i64 = index
            yield request

    def Fail(self, request, context):
        status = status_pb2.Status(code=request.i32, message=request.name)
        if request.HasField("any"):
            status.details.append(request.any)
        context.abort_with_status(rpc_status.to_status(status))

    def Sleep(self, request, context):
        self._peers.note(context)
        ended = threading.Event()
        context.add_callback(ended.set)
        if ended.wait(request.i32 / 1000):
            print("Sleep cut short", flush=True)
        return request


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    port = parser.parse_args().port
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=128), options=[("grpc.so_reuseport", 0)])
    test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
    kit_pb2_grpc.add_KitServicer_to_server(Kit(Peers()), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    server.start()
    print(f"listening on 127.0.0.1:{bound}", flush=True)
    ended.wait()
    server.stop(grace=2).wait()


if __name__ == "__main__":
    main()
