"""A WebSocket client that does whatever it is told, right or wrong: frames by hand, over a plain socket (RFC 6455)."""
import base64
import hashlib
import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG, MORE = 1, 2, 8, 9, 10, 0
KEY = base64.b64encode(b"sixteen bytes ok").decode()
ACCEPT = base64.b64encode(hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
HEAD = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}


def frame(opcode, payload=b"", fin=True, reserved=0, masked=True, form=None):
    """form: 7, 16 or 64 bits of length, whatever would do; default: the shortest."""
    size = len(payload)
    form = form or (7 if size < 126 else 16 if size < 65536 else 64)
    flag = 0x80 if masked else 0
    length = {7: lambda: bytes([flag | size]), 16: lambda: bytes([flag | 126]) + struct.pack(">H", size),
              64: lambda: bytes([flag | 127]) + struct.pack(">Q", size)}[form]()
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode]) + length
    if not masked:
        return head + payload
    mask = os.urandom(4)
    key = int.from_bytes(mask * (size // 4 + 1), "big") >> 8 * (4 - size % 4)
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def fragments(opcode, *payloads):
    """One message in as many frames."""
    last = len(payloads) - 1
    return [frame(MORE if number else opcode, payload, fin=number == last) for number, payload in enumerate(payloads)]


def close(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


def ask(address, path, headers=None, method="GET", version="HTTP/1.1", without=(), raw=None):
    """(socket, status, headers, what came behind the head); header names in lower case"""
    host, port = address.rsplit(":", 1)
    peer = socket.create_connection((host, int(port)), timeout=10)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    lines = [f"{name}: {value}" for name, value in {**HEAD, **(headers or {})}.items() if name not in without]
    peer.sendall(raw or "\r\n".join([f"{method} {path} {version}", *lines, "", ""]).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        data = peer.recv(65536)
        if not data:
            return peer, 0, {}, head
        head += data
    head, rest = head.split(b"\r\n\r\n", 1)
    status, *fields = head.decode().split("\r\n")
    return peer, int(status.split()[1]), {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}, rest


class Wire:
    def __init__(self, address, path):
        self.socket, status, headers, self.buffer = ask(address, path)
        assert status == 101 and headers["sec-websocket-accept"] == ACCEPT, (status, headers)

    def send(self, *parts):
        """A peer that has closed already need not hear the rest."""
        try:
            for part in parts:
                self.socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _take(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("end")
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def frame(self):
        """(opcode, payload) of the next frame; None at the connection's end. A server's frame that is against the protocol is an error."""
        try:
            first, second = self._take(2)
        except ConnectionError:
            return None
        assert first & 0x70 == 0 and second & 0x80 == 0, ("reserved bits or a mask from a server", first, second)
        size = second & 127
        if size == 126:
            size, = struct.unpack(">H", self._take(2))
            assert size > 125, "a length that is longer than need be"
        elif size == 127:
            size, = struct.unpack(">Q", self._take(8))
            assert size > 65535, "a length that is longer than need be"
        assert first & 8 == 0 or (first & 0x80 and size < 126), "a control frame in fragments, or too long"
        return first & 15, self._take(size)
