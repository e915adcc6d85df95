"""What earlier users were promised, counted on a running engine: every request succeeds, prices come from the cache, events reach many clients soon (S3-99, S3-100,
S3-101). Times are printed; only what no busy machine can spoil is asserted."""
import selectors
import time

from world import WebSocket, World, run

CLIENTS = 50
EVENTS = 10_000
REQUESTS = 2_000


def fifty_clients_receive_ten_thousand_events():
    clients = [WebSocket(WORLD.engine.addresses["http"]) for _ in range(CLIENTS)]
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
    delays, heard, deadline = [], set(), time.monotonic() + 60
    while len(delays) < EVENTS and time.monotonic() < deadline:
        for key, _ in selector.select(1):
            client = key.data
            client._more()
            while len(client.buffer) > 4:  # a whole frame may be waiting already
                size = client.buffer[1] & 127
                need = 2 + size if size < 126 else 4 + int.from_bytes(client.buffer[2:4], "big")
                if len(client.buffer) < need:
                    break
                control = client.buffer[0] & 8
                frame = client.receive() if not control else (client._take(need) and {"data": {}})
                if "ts" in frame["data"]:
                    delays.append(time.time() * 1000 - frame["data"]["ts"])
                    heard.add(id(client))
    assert len(delays) >= EVENTS and len(heard) == CLIENTS, (len(delays), len(heard))
    delays.sort()
    print(f"       {len(delays)} events to {CLIENTS} clients: p50 {delays[len(delays) // 2]:.0f} ms, p95 {delays[len(delays) * 95 // 100]:.0f} ms, "
          f"max {delays[-1]:.0f} ms from the engine's stamp to a slow reader in Python")
    for client in clients:
        client.close()


def repeated_price_reads_come_from_the_cache_and_all_succeed():
    times = []
    symbols = [("binance", "BTCUSDT"), ("bybit", "ETHUSDT"), ("binance", "SOLUSDT"), ("bybit", "XRPUSDT")]
    for n in range(REQUESTS):
        exchange, symbol = symbols[n % len(symbols)]
        started = time.monotonic()
        status, answer = WORLD.request("GET", f"/api/prices/{exchange}/{symbol}?type=spot&depth=5")
        times.append(time.monotonic() - started)
        assert status == 200 and answer["data"]["bids"], answer
    status, text = WORLD.request("GET", "/metrics")
    assert status == 200, text
    hit = float(next(line.split()[-1] for line in text.splitlines() if line.startswith("cache_hit ")))
    times.sort()
    print(f"       {REQUESTS} of {REQUESTS} succeeded, cache hit {hit:.1%}, p95 {times[REQUESTS * 95 // 100] * 1000:.1f} ms with a new connection each")
    assert hit > 0.8


if __name__ == "__main__":
    # More reads follow each other than one client may make in production.
    with World(settings=["listeners[0].requests_per_second=100000"]) as WORLD:
        WORLD.wait_all_watching()
        run([fifty_clients_receive_ten_thousand_events, repeated_price_reads_come_from_the_cache_and_all_succeed])
