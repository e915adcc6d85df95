"""Who is attached to an engine while bench_frame_to_opportunity --crowd measures: WebSocket clients, gRPC streams and consoles on terminals.

usage: crowd.py --http HOST:PORT --grpc HOST:PORT --console unix:PATH --program TANDEM_CONSOLE --while FILE [--websockets 1000] [--streams 50]
                [--consoles 3] [--cpus '0 1']
Prints `attached` when all are, goes on until FILE is gone, and says what each kind heard: nobody who hears nothing counts as attached. It runs
at a low priority, for clients are on other machines; it looks at its sockets ten times a second, which is enough never to be cut.
"""
import argparse
import asyncio
import fcntl
import os
import pathlib
import pty
import struct
import sys
import termios
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/integration/grpc")]
import client as rpc  # noqa: E402

rpc.enter()
import grpc  # noqa: E402
import grpc.aio  # noqa: E402
from world import WebSocket  # noqa: E402

PAUSE = 0.1
HEARD = {"websockets": 0, "streams": 0, "consoles": 0}


def websockets(address, count):
    peers = []
    for _ in range(count):
        peer = WebSocket(address)
        assert peer.status == 101, peer.status
        peer.socket.setblocking(False)
        peers.append(peer.socket)
    return peers


def streams(address, count, heard):
    """All on one thread: fifty that wake each other would cost more than what they read."""
    known = rpc.Client(address)
    asked = {name: (known.path(name), known.message(name, {}).SerializeToString()) for name in ("SubscribeEvents", "SubscribePrices")}
    known.close()

    async def listen(channel, number):
        path, message = asked["SubscribeEvents" if number % 2 else "SubscribePrices"]
        async for _ in channel.unary_stream(path)(message):
            heard[number] += 1

    async def all_of_them():
        channels = [grpc.aio.insecure_channel(address) for _ in range(5)]
        await asyncio.gather(*(listen(channels[number % len(channels)], number) for number in range(count)))
    threading.Thread(target=asyncio.run, args=(all_of_them(),), daemon=True).start()


def console(program, address):
    child, terminal = pty.fork()
    if child == 0:
        os.execve(program, [program, "--at", address], {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 34, 116, 0, 0))
    os.set_blocking(terminal, False)
    return child, terminal


def read(files, take):
    """(bytes, how many had some); a file that has ended is an error"""
    total = some = 0
    for file in files:
        try:
            data = take(file)
        except BlockingIOError:
            continue
        if not data:
            sys.exit("a client was cut")
        total += len(data)
        some += 1
    return total, some


def main():
    parser = argparse.ArgumentParser()
    for name in ("http", "grpc", "console", "program", "while"):
        parser.add_argument("--" + name, required=True, dest=name + "_")
    for name, count in (("websockets", 1000), ("streams", 50), ("consoles", 3)):
        parser.add_argument("--" + name, type=int, default=count)
    parser.add_argument("--cpus", default="")
    options = parser.parse_args()
    if options.cpus:
        os.sched_setaffinity(0, {int(cpu) for cpu in options.cpus.split()})
    os.nice(10)
    peers = websockets(options.http_, options.websockets)
    heard = [0] * options.streams
    streams(options.grpc_, options.streams, heard)
    consoles = [console(options.program_, options.console_) for _ in range(options.consoles)]
    waiting = set(range(len(peers)))
    screens = 0
    attached = False
    while os.path.exists(options.while_):
        began = time.monotonic()
        for number, peer in enumerate(peers):
            got, _ = read([peer], lambda socket: socket.recv(65536))
            HEARD["websockets"] += got
            if got:
                waiting.discard(number)
        got, some = read([terminal for _, terminal in consoles], lambda terminal: os.read(terminal, 65536))
        HEARD["consoles"] += got
        screens = max(screens, some)
        if not attached and not waiting and all(heard) and screens == len(consoles):
            attached = True
            print(f"attached websockets={len(peers)} streams={len(heard)} consoles={len(consoles)}", flush=True)
        time.sleep(max(0.0, PAUSE - (time.monotonic() - began)))
    print(f"heard websocket_bytes={HEARD['websockets']} stream_messages={sum(heard)} console_bytes={HEARD['consoles']}", flush=True)
    for child, _ in consoles:
        os.kill(child, 15)
    os._exit(0)


if __name__ == "__main__":
    main()
