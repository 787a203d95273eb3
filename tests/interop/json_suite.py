"""JSON over HTTP: curl, and bytes written by hand, against Kit of the server under test."""

import json
import os
import socket
import subprocess
import tempfile
import unittest

from google.protobuf import any_pb2, json_format, wrappers_pb2

import harness
from go_suite import OneServerSuite
from weft.kit.v1 import kit_pb2

SECONDS = 20
ECHO = "/weft.kit.v1.Kit/Echo"

# What each gRPC code is over HTTP.
HTTP_STATUS = {1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 13: 500,
               14: 503, 15: 500, 16: 401}


def full_item():
    item = kit_pb2.Item(name="Zürich", i32=-7, i64=1 << 60, u32=7, u64=1 << 63, f=0.5, d=1e100, b=True, data=b"\x00\xff",
                        color=kit_pb2.GREEN, tags=["a", "b"], labels={"k": "v"}, nums=[1, 2, 3], display_name="d")
    item.child.name = "child"
    item.ts.FromJsonString("2026-11-22T10:11:12.5Z")
    item.dur.FromJsonString("1.5s")
    item.st.update({"x": [1, None, "y"]})
    item.any.Pack(wrappers_pb2.Int32Value(value=5))
    item.sv.value = "wrapped"
    item.fm.paths.extend(["a.b", "display_name"])
    return item


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class JsonSuite(OneServerSuite):
    @classmethod
    def server_kind(cls):
        if not harness.subject.has_json:
            raise unittest.SkipTest("this server speaks no JSON")
        return harness.subject

    def url(self, method):
        return f"http://{self.server.address}/weft.kit.v1.Kit/{method}"


class CurlAgainstSubject(JsonSuite):
    def run_curl(self, *arguments):
        done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", str(SECONDS), *arguments],
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr.decode() + self.server.describe())
        return done.stdout

    def post(self, method, body, *arguments):
        """Posts JSON, given as an object or as text."""
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        with tempfile.TemporaryDirectory() as folder:
            request, head, reply = (os.path.join(folder, name) for name in ("request", "head", "reply"))
            with open(request, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
            status = self.run_curl("--header", "Content-Type: application/json", "--data-binary", "@" + request,
                                   "--dump-header", head, "--output", reply, "--write-out", "%{http_code}", *arguments,
                                   self.url(method))
            with open(head) as file:
                lines = file.read().strip().split("\n\n")[-1].split("\n")[1:]
            headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
            content = b""
            if os.path.exists(reply):
                with open(reply, "rb") as file:
                    content = file.read()
        return Reply(int(status), headers, content)

    def test_echo_returns_what_was_sent(self):
        reply = self.post("Echo", {"name": "weft", "i32": 5, "tags": ["a", "b"]})
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.headers["content-type"].split(";")[0], "application/json")
        self.assertEqual(reply.json(), {"name": "weft", "i32": 5, "tags": ["a", "b"]})

    def test_echo_over_http2_returns_what_was_sent(self):
        reply = self.post("Echo", {"name": "weft"}, "--http2-prior-knowledge")
        self.assertEqual((reply.status, reply.json()), (200, {"name": "weft"}))

    def test_every_kind_of_field_survives(self):
        for option in ((), ("--http2-prior-knowledge",)):
            reply = self.post("Echo", json_format.MessageToJson(full_item()), *option)
            self.assertEqual(reply.status, 200, reply.body)
            self.assertEqual(json_format.Parse(reply.body, kit_pb2.Item()), full_item())

    def test_empty_message_is_an_empty_object(self):
        reply = self.post("Echo", "{}")
        self.assertEqual((reply.status, reply.json()), (200, {}))

    def test_connection_is_kept_for_the_next_request(self):
        request = ["--header", "Content-Type: application/json", "--data", '{"name":"x"}', "--output", "/dev/null",
                   "--write-out", "%{http_code} %{num_connects}\n", self.url("Echo")]
        self.assertEqual(self.run_curl(*request, "--next", "--silent", *request).split(), [b"200", b"1", b"200", b"0"])

    def test_chunked_request_is_put_together(self):
        name = "x" * 3_000_000
        reply = self.post("Echo", {"name": name}, "--header", "Transfer-Encoding: chunked")
        self.assertEqual((reply.status, reply.json()), (200, {"name": name}))

    def test_client_that_expects_100_continue_gets_it(self):
        name = "x" * 2_000_000
        with tempfile.NamedTemporaryFile("r") as trace:
            reply = self.post("Echo", {"name": name}, "--header", "Expect: 100-continue", "--expect100-timeout", "15",
                              "--trace-ascii", trace.name)
            self.assertIn("HTTP/1.1 100 ", trace.read())
        self.assertEqual((reply.status, reply.json()), (200, {"name": name}))

    def test_server_stream_is_one_object_a_line(self):
        for option in ("--http1.1", "--http2-prior-knowledge"):
            reply = self.post("Watch", {"name": "w", "i32": 3}, option)
            self.assertEqual(reply.status, 200, reply.body)
            lines = [json.loads(line) for line in reply.body.splitlines()]
            self.assertEqual([(line["name"], line.get("i64", "0")) for line in lines], [("w", "0"), ("w", "1"), ("w", "2")])

    def test_long_server_stream_is_complete(self):
        reply = self.post("Watch", {"name": "w", "i32": 10_000})
        self.assertEqual([int(json.loads(line).get("i64", 0)) for line in reply.body.splitlines()], list(range(10_000)))

    def test_error_has_the_mapped_http_status(self):
        for code, status in HTTP_STATUS.items():
            with self.subTest(code=code):
                reply = self.post("Fail", {"i32": code, "name": "it failed: ü"})
                self.assertEqual(reply.status, status, reply.body)
                self.assertEqual((reply.json()["code"], reply.json()["message"]), (code, "it failed: ü"))

    def test_error_carries_its_details(self):
        detail = any_pb2.Any()
        detail.Pack(wrappers_pb2.StringValue(value="the detail"))
        item = kit_pb2.Item(i32=9, name="no", any=detail)
        reply = self.post("Fail", json_format.MessageToJson(item))
        self.assertEqual(reply.status, 400)
        self.assertEqual(reply.json()["details"],
                         [{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "the detail"}])

    def test_body_that_is_no_json_is_refused(self):
        for body in ("{", "", "[]", "nonsense", '{"i32":"text"}', '{"noSuchField":1}', b'{"name":"\xff"}'):
            with self.subTest(body):
                reply = self.post("Echo", body)
                self.assertEqual(reply.status, 400, reply.body)
                self.assertEqual(reply.json()["code"], 3)

    def test_request_over_the_limit_is_refused(self):
        reply = self.post("Echo", {"name": "x" * (9 << 20)})
        self.assertEqual(reply.status, 429, reply.body)

    def test_unknown_method_is_not_found(self):
        for method in ("Missing", "../no.such.Service/Method"):
            self.assertIn(self.post(method, {}, "--path-as-is").status, (404, 501))

    def test_wrong_content_type_is_unsupported(self):
        self.assertEqual(self.run_curl("--header", "Content-Type: text/plain", "--data", "{}", "--output", "/dev/null",
                                       "--write-out", "%{http_code}", self.url("Echo")), b"415")

    def test_wrong_http_method_is_not_allowed(self):
        for option in ((), ("--head",), ("--request", "PUT", "--data", "{}")):
            self.assertEqual(self.run_curl("--header", "Content-Type: application/json", "--output", "/dev/null",
                                           "--write-out", "%{http_code}", *option, self.url("Echo")), b"405", option)

    def test_refusal_of_a_large_body_reaches_the_caller(self):
        with tempfile.NamedTemporaryFile("w") as body:
            json.dump({"name": "x" * 6_000_000}, body)
            body.flush()
            for option in ("--http1.1", "--http2-prior-knowledge"):
                for path, status in ((self.url("Echo"), b"429"), (self.url("NoSuchMethod"), b"501")):
                    said = self.run_curl(option, "--header", "Content-Type: application/json", "--data-binary",
                                         "@" + body.name, "--output", "/dev/null", "--write-out", "%{http_code}", path)
                    self.assertEqual(said, status, (option, path))

    def test_caller_that_hangs_up_ends_the_handler(self):
        for option in ("--http1.1", "--http2-prior-knowledge"):
            cut = len(self.server.lines("Sleep cut short"))
            done = subprocess.run(["curl", "--silent", option, "--max-time", "0.5", "--header", "Content-Type: application/json",
                                   "--data", '{"i32":60000}', self.url("Sleep")])
            self.assertEqual(done.returncode, 28, "curl's code for a time-out")
            self.server.wait_line("Sleep cut short", SECONDS, cut + 1)


def request(body, *fields, path=ECHO, length=True):
    content = json.dumps(body).encode() if not isinstance(body, bytes) else body
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *fields]
    if length:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class Connection:
    """An HTTP/1.1 connection whose bytes the test writes."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = self.socket.makefile("rb")

    def send(self, content):
        self.socket.sendall(content)

    def reply(self):
        status = int(self.input.readline().split()[1])
        headers = {}
        while (line := self.input.readline()) != b"\r\n":
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while (size := int(self.input.readline(), 16)) != 0:
                body += self.input.read(size)
                self.input.readline()
            self.input.readline()
        else:
            body = self.input.read(int(headers.get("content-length", 0)))
        return Reply(status, headers, body)

    def closed_by_peer(self):
        return self.input.read(1) == b""

    def close(self):
        self.input.close()
        self.socket.close()


class HandWrittenHttp1AgainstSubject(JsonSuite):
    def setUp(self):
        self.connection = Connection(self.server.address)
        self.addCleanup(self.connection.close)

    def test_pipelined_requests_are_answered_in_order(self):
        slow = request({"name": "0", "i32": 200}, path="/weft.kit.v1.Kit/Sleep")
        self.connection.send(slow + b"".join(request({"name": str(index)}) for index in range(1, 50)))
        self.assertEqual([self.connection.reply().json()["name"] for _ in range(50)], [str(index) for index in range(50)])

    def test_pipelined_failure_does_not_disturb_its_neighbours(self):
        self.connection.send(request({"name": "a"}) + request({"i32": 5, "name": "gone"}, path="/weft.kit.v1.Kit/Fail") +
                             request(b"{") + request({"name": "b"}))
        self.assertEqual([self.connection.reply().status for _ in range(4)], [200, 404, 400, 200])

    def test_request_in_single_bytes_is_put_together(self):
        for byte in request({"name": "slow"}):
            self.connection.send(bytes([byte]))
        self.assertEqual(self.connection.reply().json(), {"name": "slow"})

    def test_chunks_are_put_together(self):
        self.connection.send(request(b"", "Transfer-Encoding: chunked", length=False))
        for part in (b'{"na', b'me":', b'"chunks"}'):
            self.connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        self.connection.send(b"0\r\n\r\n")
        self.assertEqual(self.connection.reply().json(), {"name": "chunks"})
        self.connection.send(request({"name": "next"}))
        self.assertEqual(self.connection.reply().json(), {"name": "next"})

    def test_connection_close_is_obeyed(self):
        self.connection.send(request({"name": "last"}, "Connection: close"))
        self.assertEqual(self.connection.reply().json(), {"name": "last"})
        self.assertTrue(self.connection.closed_by_peer())

    def test_ambiguous_requests_are_refused_and_the_connection_closed(self):
        bad = {
            "two lengths": request(b"{}", "Content-Length: 3"),
            "length and chunks": request(b"2\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
            "folded field": request({}, "X-A: 1", " 2"),
            "bare line feeds": request({}).replace(b"\r\n", b"\n"),
            "space before the colon": request({}, "X-A : 1"),
            "chunk without a size": request(b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False),
        }
        for name, content in bad.items():
            with self.subTest(name):
                connection = Connection(self.server.address)
                self.addCleanup(connection.close)
                connection.send(content)
                self.assertEqual(connection.reply().status, 400)
                self.assertTrue(connection.closed_by_peer())
        self.connection.send(request({"name": "unharmed"}))
        self.assertEqual(self.connection.reply().json(), {"name": "unharmed"})
