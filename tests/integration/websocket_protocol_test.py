"""RFC 6455 against every listener that speaks WebSocket: `/ws` of the engine and `/ws/price` of the price stream.

First Autobahn's own cases, run strictly against the server of both as an echo; then frames by hand against the two as they run, in the
groups of Autobahn's fuzzing client; then two clients that were not written here. A line per case, and counts at the end.
"""
import contextlib
import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "websocket"))
spec = importlib.util.spec_from_file_location("environment", HERE / "clients/environment.py")
environment = importlib.util.module_from_spec(spec)
spec.loader.exec_module(environment)

from price_server import stream  # noqa: E402
from wire import BINARY, CLOSE, HEAD, MORE, PING, PONG, TEXT, Wire, ask, close, fragments, frame  # noqa: E402
from world import Program, World, programs  # noqa: E402

REQUIREMENTS = HERE / "websocket/requirements.txt"
ECHO = os.environ.get("TANDEM_ECHO_BIN") or str(pathlib.Path(os.environ.get("TANDEM_BIN", "")).with_name("websocket_echo"))
# Binary messages are refused (1003), compression is not offered: 1.2, 9.2, 9.4, 9.6, 9.8, 12 and 13 ask for these. The clean refusals are
# among the cases below; one case of 12 and 13 each shows that the offer is declined.
AUTOBAHN = ["1.1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.1.*", "9.3.*", "9.5.*", "9.7.*", "10.*", "12.1.1", "13.1.1"]
AUTOBAHN_MIN = 260
# What the specification leaves open: a close or ping after 256 KiB that nobody reads, and close codes above 4999.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}
MESSAGE_MAX = 64 * 1024
END = b"is anybody there?"
COUNTS = {"passed": 0, "failed": 0}
INTERPRETER = environment.python(REQUIREMENTS)


def told(group, name, problem=None):
    COUNTS["failed" if problem else "passed"] += 1
    print(f"{'FAILED' if problem else 'ok    '} {group}: {name}" + (f": {problem}" if problem else ""), flush=True)


class Door:
    """A listener: what it takes as a command and whether it answers a text."""

    def __init__(self, address, path, command, answers, is_answer):
        self.address, self.path, self.command, self.answers, self.is_answer = address, path, command, answers, is_answer

    def sized(self, size):
        return self.command.ljust(size)[:size]

    def wire(self):
        return Wire(self.address, self.path)


def reads(wire, done):
    """Frames until `done` of the list is true; the list ends with None when the connection ended."""
    seen = []
    while not done(seen):
        seen.append(wire.frame())
        if seen[-1] is None:
            break
    return seen


def lives(door, *parts, texts=(), pongs=()):
    """The texts are answered, the pings too and in their order, and the connection is as good as before."""
    wire = door.wire()
    wire.send(*parts, frame(PING, END))
    answers = sum(1 for text in texts if door.answers(text))

    def answered(seen):
        return sum(1 for each in seen if each and each[0] == TEXT and door.is_answer(each[1].decode()))
    seen = reads(wire, lambda seen: (PONG, END) in seen and answered(seen) >= answers)
    assert seen[-1] is not None, f"the connection ended: {seen[-3:]}"
    assert answered(seen) == answers, f"{answered(seen)} answers to {answers} texts"
    assert [payload for opcode, payload in seen if opcode == PONG] == [*pongs, END], "pongs"
    assert all(opcode in (TEXT, PONG, PING) for opcode, _ in seen), seen
    wire.send(close(1000))
    ended(wire, {1000})


def ended(wire, codes, answer=False):
    """A close frame with one of these codes (None: without), and then the end of the connection."""
    seen = reads(wire, lambda seen: seen and seen[-1] and seen[-1][0] == CLOSE)
    assert seen[-1] is not None, "the connection ended without a close frame"
    payload = seen[-1][1]
    assert len(payload) != 1, "a close frame of one byte"
    payload[2:].decode()
    code = int.from_bytes(payload[:2], "big") if payload else None
    assert code in codes, f"closed with {code}, not {codes}"
    if answer:
        wire.send(close(code))
    rest = reads(wire, lambda seen: False)
    assert rest == [None], f"something follows the close frame: {rest[:2]}"


def fails(door, *parts, codes=(1002,)):
    wire = door.wire()
    wire.send(*parts)
    ended(wire, set(codes), answer=True)
    wire.socket.close()


VALID = ["κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "", "$", "\x00", "\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff", "\ud7ff", "\ue000",
         "\ufffd", "\ufffe", "\ufdd0", "\U0001fffe", "\U0010fffe", "€", "𝄞", "日本語", "🚀🚀"]
WRONG = {"a byte of its own": [b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80\xbf", bytes(range(0x80, 0xc0))],
         "a beginning without its rest": [b"\xc0 ", b"\xdf ", b"\xe0 ", b"\xef ", b"\xf0 ", b"\xf7 ", b"\xf8 ", b"\xfc ", b"\xe2\x82 ", b"\xf0\x9d\x84 "],
         "cut off at the end": [b"\xc3", b"\xe2\x82", b"\xf0\x9d\x84", b"\xe0\x80", b"\xf0\x80\x80"],
         "never in UTF-8": [b"\xfe", b"\xff", b"\xfe\xfe\xff\xff", b"\xf5\x80\x80\x80"],
         "too long": [b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf", b"\xc1\xbf", b"\xe0\x9f\xbf",
                      b"\xf0\x8f\xbf\xbf", b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80"],
         "a surrogate": [b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80"],
         "beyond U+10FFFF": [b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xf8\x88\x80\x80\x80", b"\xfb\xbf\xbf\xbf\xbf"]}
KOSME = "κόσμε".encode()


def frames(door):
    for size in (0, 1, 125, 126, 127, 128, 65535, MESSAGE_MAX):
        text = door.sized(size)
        yield f"a text of {size} bytes", lives, [frame(TEXT, text)], {"texts": [text]}
        yield "the same, octet by octet" if size < 200 else "the same in pieces of 997 bytes", lives, chopped(frame(TEXT, text), 1 if size < 200 else 997), {
            "texts": [text]}
    for size, form in ((0, 16), (125, 16), (0, 64), (126, 64), (65535, 64)):
        yield f"{size} bytes with a length of {form} bits", fails, [frame(TEXT, door.sized(size), form=form)], {"codes": (1002,)}
    yield "a length with the highest bit set", fails, [b"\x81\xff" + b"\xff" * 8 + b"mask"], {"codes": (1002, 1009)}
    yield "an announced length of 2^62", fails, [b"\x81\xff\x40" + b"\x00" * 7 + b"mask"], {"codes": (1009,)}
    yield f"a text of {MESSAGE_MAX + 1} bytes", fails, [frame(TEXT, door.sized(MESSAGE_MAX + 1))], {"codes": (1009,)}
    yield "fragments that are too much together", fails, fragments(TEXT, *[door.sized(16384)] * 5), {"codes": (1009,)}
    for size in (0, 5, 126, 65536):
        yield f"a binary message of {size} bytes", fails, [frame(BINARY, b"\xfe" * size)], {"codes": (1003,)}
    yield "a binary message in fragments", fails, fragments(BINARY, b"ab", b"cd"), {"codes": (1003,)}


def pings(door):
    text = door.command
    for payload in (b"", b"ping", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125):
        yield f"a ping of {len(payload)} bytes", lives, [frame(PING, payload)], {"pongs": [payload]}
        yield "the same, octet by octet", lives, chopped(frame(PING, payload), 1), {"pongs": [payload]}
    yield "a ping of 126 bytes", fails, [frame(PING, b"\xfe" * 126)], {}
    yield "an unsolicited pong, empty and with a payload", lives, [frame(PONG), frame(PONG, b"unasked")], {}
    yield "a pong and then a ping", lives, [frame(PONG, b"unasked"), frame(PING, b"p")], {"pongs": [b"p"]}
    ten = [b"payload-%d" % number for number in range(10)]
    yield "ten pings in one packet", lives, [b"".join(frame(PING, each) for each in ten)], {"pongs": ten}
    yield "ten pings, octet by octet", lives, chopped(b"".join(frame(PING, each) for each in ten), 1), {"pongs": ten}
    yield "a ping between fragments", lives, [*fragments(TEXT, text[:5], text[5:])[:1], frame(PING, b"mid"), frame(MORE, text[5:])], {
        "texts": [text], "pongs": [b"mid"]}
    many = fragments(TEXT, *[bytes([byte]) for byte in text])
    mixed = [part for number, each in enumerate(many) for part in (each, frame(PING, b"%d" % number))]
    yield "a ping after each of many fragments", lives, mixed, {"texts": [text], "pongs": [b"%d" % number for number in range(len(many))]}
    yield "pongs between fragments", lives, [*fragments(TEXT, text[:5], text[5:])[:1], frame(PONG, b"x"), frame(MORE, text[5:])], {"texts": [text]}


def reserved(door):
    text = door.command
    for bits in range(1, 8):
        yield f"a text with the reserved bits {bits}", fails, [frame(TEXT, text, reserved=bits)], {}
        yield f"a text, and in its packet another with the reserved bits {bits}", after_answer, [frame(TEXT, text), frame(TEXT, text, reserved=bits)], {}
        for opcode, name in ((PING, "ping"), (PONG, "pong"), (CLOSE, "close"), (BINARY, "binary")):
            yield f"a {name} with the reserved bits {bits}", fails, [frame(opcode, reserved=bits)], {}
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield f"the opcode {opcode}", fails, [frame(opcode)], {}
        yield f"the opcode {opcode} with a payload", fails, [frame(opcode, b"payload")], {}
        yield f"a text, and in its packet the opcode {opcode}", after_answer, [frame(TEXT, text), frame(opcode)], {}
    yield "octet by octet: a text, and the opcode 5", fails, chopped(frame(TEXT, text) + frame(5), 1), {}


def after_answer(door, *parts):
    """What was right and came before is dealt with; then the connection fails."""
    wire = door.wire()
    wire.send(b"".join(parts))
    ended(wire, {1002}, answer=True)


def fragmented(door):
    text = door.command
    half = len(text) // 2
    yield "a ping in two fragments", fails, [frame(PING, b"a", fin=False), frame(MORE, b"b")], {}
    yield "a pong in two fragments", fails, [frame(PONG, b"a", fin=False), frame(MORE, b"b")], {}
    yield "a close in two fragments", fails, [frame(CLOSE, b"\x03\xe8", fin=False), frame(MORE, b"b")], {}
    for name, parts in (("two", [text[:half], text[half:]]), ("two, the second empty", [text, b""]), ("two, the first empty", [b"", text]),
                        ("three empty ones and the text", [b"", b"", b"", text]), ("one per byte", [bytes([byte]) for byte in text])):
        yield f"a text in fragments: {name}", lives, fragments(TEXT, *parts), {"texts": [text]}
        yield "the same in one packet", lives, [b"".join(fragments(TEXT, *parts))], {"texts": [text]}
        yield "the same, octet by octet", lives, chopped(b"".join(fragments(TEXT, *parts)), 1), {"texts": [text]}
    yield "a message of empty fragments", lives, fragments(TEXT, b"", b"", b""), {"texts": [b""]}
    for fin in (True, False):
        yield f"a continuation of nothing, fin {fin}", fails, [frame(MORE, b"non-continuation", fin=fin), frame(TEXT, text)], {}
        yield f"a continuation after a whole text, fin {fin}", fails, [frame(TEXT, text), frame(MORE, b"more", fin=fin)], {}
    yield "a text within a fragmented one", fails, [frame(TEXT, text, fin=False), frame(TEXT, text)], {}
    yield "a binary within a fragmented text", fails, [frame(TEXT, text, fin=False), frame(BINARY, b"b")], {}
    yield "two fragmented texts, and a continuation too many", fails, [*fragments(TEXT, text[:3], text[3:]), *fragments(TEXT, text[:3], text[3:]),
                                                                       frame(MORE, b"x")], {}


def chopped(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def utf8(door):
    for text in VALID:
        data = door.command[:-1] + text.encode() if door.path.startswith("/ws/price") else text.encode()
        about = "valid " + ascii(text)
        yield about, lives, [frame(TEXT, data)], {"texts": [data]}
        yield about + ", a fragment per byte", lives, fragments(TEXT, *[bytes([byte]) for byte in data] or [b""]), {"texts": [data]}
        yield about + ", octet by octet", lives, chopped(frame(TEXT, data), 1), {"texts": [data]}
    for why, cases in WRONG.items():
        for data in cases:
            about = f"{why}: {data.hex()}"
            yield about, fails, [frame(TEXT, KOSME + data)], {"codes": (1007,)}
            yield about + ", a fragment per byte", fails, fragments(TEXT, KOSME, *[bytes([byte]) for byte in data]), {"codes": (1007,)}
            yield about + ", octet by octet", fails, chopped(frame(TEXT, KOSME + data), 1), {"codes": (1007,)}
            if why != "cut off at the end" and why != "a beginning without its rest":
                yield about + ", at once in a message that has no end yet", fails, [frame(TEXT, KOSME + data + b" ", fin=False)], {"codes": (1007,)}
    yield "a sequence over two fragments", lives, fragments(TEXT, door.command + b"\xe2", b"\x82\xac"), {"texts": [door.command + "€".encode()]}
    yield "a ping within a sequence", lives, [frame(TEXT, door.command + b"\xe2\x82", fin=False), frame(PING, b"\xff"), frame(MORE, b"\xac")], {
        "texts": [door.command + "€".encode()], "pongs": [b"\xff"]}
    yield "a beginning whose second fragment is no continuation", fails, fragments(TEXT, KOSME + b"\xf4", b"\x90\x80\x80"), {"codes": (1007,)}
    yield "a sequence that is never finished", fails, fragments(TEXT, KOSME + b"\xe2", b""), {"codes": (1007,)}


def closes(door):
    text = door.command
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
        yield f"close with {code}", fails, [close(code)], {"codes": (code,)}
        yield f"close with {code} and a reason", fails, [close(code, "grüße".encode())], {"codes": (code,)}
    for code in (0, 1, 999, 1004, 1005, 1006, 1100, 2000, 2999):
        yield f"close with {code}, which nobody may send", fails, [close(code)], {}
        yield f"close with {code} and a reason", fails, [close(code, b"reason")], {}
    yield "close without a code", fails, [close()], {"codes": (None, 1000)}
    yield "close of one byte", fails, [frame(CLOSE, b"a")], {}
    yield "close with a reason of 123 bytes", fails, [close(1000, b"*" * 123)], {"codes": (1000,)}
    yield "close with a reason of 124 bytes", fails, [close(1000, b"*" * 124)], {}
    yield "close with a reason that is no UTF-8", fails, [close(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80")], {"codes": (1002, 1007)}
    yield "close, and then another", fails, [close(1000) + close(1000)], {"codes": (1000,)}
    yield "close, and then a ping and a text", fails, [close(1000) + frame(PING, b"late") + frame(TEXT, text)], {"codes": (1000,)}
    yield "close within a fragmented text", fails, [frame(TEXT, text[:4], fin=False) + close(1000) + frame(MORE, text[4:])], {"codes": (1000,)}
    yield "a text, and in its packet the close", fails, [frame(TEXT, text) + close(1001)], {"codes": (1001,)}
    yield "close, octet by octet", fails, chopped(close(1000, b"bye"), 1), {"codes": (1000,)}


def masks(door):
    text = door.command
    for opcode, payload in ((TEXT, text), (TEXT, b""), (PING, b"p"), (PONG, b"p"), (CLOSE, b"\x03\xe8")):
        yield f"a frame without a mask, opcode {opcode}, {len(payload)} bytes", fails, [frame(opcode, payload, masked=False)], {}
    yield "a fragment without a mask after one with", fails, [frame(TEXT, text[:3], fin=False), frame(MORE, text[3:], masked=False)], {}
    head, payload = frame(TEXT, text), b"\x00\x00\x00\x00" + text
    yield "the mask 0", lives, [head[:2] + payload], {"texts": [text]}


def opens(door):
    def answer(wanted, **how):
        def case():
            peer, status, headers, _ = ask(door.address, how.pop("path", door.path), **how)
            peer.close()
            assert status in wanted, f"answered {status}, not {wanted}"
            if status == 426 or ("headers" in how and "Sec-WebSocket-Version" in how["headers"] and status == 400):
                assert headers.get("sec-websocket-version") == "13", headers
            if status == 101:
                assert "sec-websocket-extensions" not in headers and "sec-websocket-protocol" not in headers, headers
                assert headers["upgrade"].lower() == "websocket" and headers["connection"].lower() == "upgrade", headers
        return case
    yield "as it should be", answer({101})
    yield "names and words in other cases", answer({101}, headers={"Upgrade": "WebSocket", "Connection": "keep-alive, UPGRADE"})
    yield "compression is offered and declined", answer({101}, headers={"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"})
    yield "sub-protocols are offered and none is chosen", answer({101}, headers={"Sec-WebSocket-Protocol": "chat, superchat"})
    for version in ("0", "8", "12", "14", "255", "x", ""):
        yield f"the version {version!r}", answer({400, 426}, headers={"Sec-WebSocket-Version": version})
    for name in ("Sec-WebSocket-Version", "Sec-WebSocket-Key"):
        yield f"without {name}", answer({400, 426}, without={name})
    for name in ("Upgrade", "Connection"):
        yield f"without {name}: no upgrade", answer({400, 404, 405, 426}, without={name})
    yield "without Host", answer({400}, without={"Host"})
    for key in ("", "short", "dGhlIHNhbXBsZSBub25jZQ", "!!!!!!!!!!!!!!!!!!!!!!==", "A" * 200):
        yield f"the key {key[:30]!r}", answer({400}, headers={"Sec-WebSocket-Key": key})
    yield "another upgrade", answer({400, 404, 405, 426}, headers={"Upgrade": "h2c"})
    for method in ("POST", "PUT", "HEAD"):
        yield f"by {method}", answer({400, 404, 405}, method=method)
    yield "by HTTP/1.0", answer({400, 404, 405, 426}, version="HTTP/1.0")
    yield "another path", answer({404}, path="/ws/nowhere")
    yield "a head in pieces", lambda: slow_head(door)
    yield "a frame in the packet of the request", lambda: eager(door)


def slow_head(door):
    host, port = door.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as peer:
        for piece in chopped("\r\n".join([f"GET {door.path} HTTP/1.1", *[f"{name}: {value}" for name, value in HEAD.items()], "", ""]).encode(), 7):
            peer.sendall(piece)
        assert peer.recv(12) == b"HTTP/1.1 101"


def eager(door):
    head = "\r\n".join([f"GET {door.path} HTTP/1.1", *[f"{name}: {value}" for name, value in HEAD.items()], "", ""]).encode()
    peer, status, _, rest = ask(door.address, door.path, raw=head + frame(PING, b"eager"))
    deadline = time.monotonic() + 10
    while b"\x8a\x05eager" not in rest and time.monotonic() < deadline:
        rest += peer.recv(65536)
    assert status == 101 and b"\x8a\x05eager" in rest, (status, rest[:100])


GROUPS = {"framing": frames, "pings and pongs": pings, "reserved bits and opcodes": reserved, "fragmentation": fragmented, "UTF-8": utf8, "closing": closes,
          "masking": masks}


def by_hand(name, door):
    for group, cases in GROUPS.items():
        for about, check, parts, how in cases(door):
            attempt(f"{name} {group}", about, lambda: check(door, *parts, **how))
    for about, case in opens(door):
        attempt(f"{name} opening", about, case)


def attempt(group, about, case):
    try:
        case()
    except Exception as error:  # every case is told
        return told(group, about, f"{type(error).__name__} {error}"[:300])
    told(group, about)


def autobahn():
    with contextlib.closing(Stopped(Program([ECHO]))) as echo:
        done = subprocess.run([INTERPRETER, HERE / "websocket/autobahn.py", echo.address, *AUTOBAHN], capture_output=True, text=True, timeout=120)
    cases = [json.loads(line) for line in done.stdout.splitlines()]
    for case in cases:
        wanted = ("INFORMATIONAL", "INFORMATIONAL") if case["case"] in INFORMATIONAL else ("OK", "OK")
        if case["case"].startswith(("12.", "13.")):
            wanted = ("UNIMPLEMENTED", "OK")  # compression: offered, and declined
        got = case["behavior"], case["close"]
        told("autobahn", f"{case['case']} {case['about'][:90]}", None if got == wanted else f"{got}, expected: {case['expected']}")
    if len(cases) < AUTOBAHN_MIN:
        told("autobahn", "all cases ran", f"{len(cases)}, fewer than {AUTOBAHN_MIN}: {done.stderr[-500:]}")


class Stopped:
    def __init__(self, program):
        self.program, self.address = program, program.addresses["http"]

    def close(self):
        self.program.stop()


SECOND_OPINION = """
import asyncio, sys
import websocket, websockets
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
url, command, mark = sys.argv[1:4]

async def one():
    async with websockets.connect(url) as peer:                       # offers compression
        assert not peer.protocol.extensions, peer.protocol.extensions
        assert await (await peer.ping(b"p")) >= 0
        await peer.send(command)
        while mark not in await peer.recv(): pass
        await peer.send([command[:4], command[4:]])                   # an iterable: fragments
        while mark not in await peer.recv(): pass
        await asyncio.gather(*[peer.ping() for _ in range(50)])
        await peer.close(4321, "enough")
        assert peer.close_code == 4321, peer.close_code
    async with websockets.connect(url) as peer:
        await peer.send(b"binary")
        try:
            while True: await peer.recv()
        except ConnectionClosedError as end:
            assert end.rcvd.code == 1003, end
    print("websockets " + websockets.__version__)

def other():
    peer = websocket.create_connection(url, timeout=10)               # strict about UTF-8 and close codes
    peer.ping("p")
    while peer.recv_data_frame(True)[0] != websocket.ABNF.OPCODE_PONG: pass
    peer.send(command)
    while mark not in peer.recv(): pass
    peer.send_close(1001, b"bye")
    while (got := peer.recv_data_frame(True))[0] != websocket.ABNF.OPCODE_CLOSE: pass
    assert got[1].data[:2] == b"\\x03\\xe9", got[1].data
    peer.close()
    print("websocket-client " + websocket.__version__)

asyncio.run(one())
other()
"""


def second_opinion(name, door, mark):
    def case():
        done = subprocess.run([INTERPRETER, "-c", SECOND_OPINION, f"ws://{door.address}{door.path}", door.command.decode(), mark], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, " ".join(done.stderr.split())[-250:]
        assert done.stdout.split()[0::2] == ["websockets", "websocket-client"], done.stdout
    attempt(name, "websockets and websocket-client say the same", case)


def event_of(text):
    return text.startswith("{") and json.loads(text).get("event") in ("pong", "error")


if __name__ == "__main__":
    programs()
    if not INTERPRETER:
        print(f"skipped: the client libraries are not installed: scripts/setup makes {environment.path(REQUIREMENTS)}", flush=True)
        sys.exit(1 if os.environ.get("CI") else 77)
    started = time.monotonic()
    autobahn()
    with World() as world:
        engine = Door(world.engine.addresses["http"], "/ws", b'{"op":"ping"}', lambda text: True, event_of)
        by_hand("/ws", engine)
        second_opinion("/ws", engine, '"pong"')
        attempt("/ws", "the engine has lost none of its actors", lambda: world.get("/api/engine/actors"))
    with tempfile.TemporaryDirectory() as directory, stream(SPOOL_DIR=directory) as prices:
        door = Door(prices.address, "/ws/price?symbol=BTCUSDT", b"unsubscribe:XRPUSDT ", lambda text: text.startswith((b"subscribe:", b"unsubscribe:")),
                    lambda text: text.startswith(("已取消訂閱", "錯誤")))
        by_hand("/ws/price", door)
        second_opinion("/ws/price", door, "XRPUSDT")
        attempt("/ws/price", "the server answers as before", lambda: prices.get("/health"))
    print(f"{COUNTS['passed']} passed, {COUNTS['failed']} failed in {time.monotonic() - started:.1f} s")
    sys.exit(1 if COUNTS["failed"] else 0)
