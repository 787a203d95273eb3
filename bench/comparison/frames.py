"""HTTP/2 frames by hand, for loads of which the load's own side should cost next to nothing."""

import struct

HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS_ACK = b"\0\0\0\4\1\0\0\0\0"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
END_STREAM, END_HEADERS = 1, 4
INITIAL_WINDOW_SIZE = 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(**values):
    names = {"initial_window": INITIAL_WINDOW_SIZE}
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", names[name], value) for name, value in values.items()))


def window_update(stream, size):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))


class Requests:
    """Header blocks of calls to one method: the first teaches the server's table the fields, the others point there."""

    def __init__(self, path):
        named = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"localhost"),
                 (b"content-type", b"application/grpc"), (b"te", b"trailers"), (b"user-agent", b"weft-bench/1.0"),
                 (b"grpc-accept-encoding", b"identity,deflate,gzip")]
        # RFC 7541 §6.2.1 and §6.1; the entry that was added last is number 62.
        self._block = b"".join(b"\x40" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in named)
        self._next = b"".join(bytes([0x80 | (62 + len(named) - 1 - index)]) for index in range(len(named)))

    def open(self, stream):
        block, self._block = self._block, self._next
        return frame(HEADERS, END_HEADERS, stream, block)


def wait_for_ping(connection, opaque=b"all done"):
    """Until the server has taken everything that was sent so far. What else it says is dropped."""
    connection.sendall(frame(PING, 0, 0, opaque))
    seen = b""
    while opaque not in seen:
        part = connection.recv(65536)
        if not part:
            raise RuntimeError("the server closed a connection")
        seen = seen[-len(opaque):] + part
