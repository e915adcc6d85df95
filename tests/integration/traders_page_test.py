"""The traders' page in a browser: prices and spreads follow the books, and it asks nobody but the engine (S3-08)."""
import os
import re
import time

from browser import Page
from world import ROOT, World, run, wait_until

WORLD = None
SECONDS = 12
FOLLOWS_MS_MAX = 1000
# Every change of the pairs' table, with the page's own clock, which is the machine's.
WATCH = """window.shown = []; new MutationObserver(() => shown.push([Date.now(), [...document.querySelectorAll('#pairs tr')].map(
    row => [row.cells[0].textContent, row.cells[2].textContent])])).observe(document.getElementById('pairs'), {childList: true, subtree: true})"""


def the_page_needs_no_other_host():
    text = (ROOT / "web/index.html").read_text()
    assert not re.search(r"(src|href)\s*=|@import|url\(|https?://", text), "something from elsewhere"


def net_percent(pair):
    """As the page writes the way that buys leg 1, and when it was asked and answered, in ms."""
    asked = time.time() * 1000
    state = WORLD.get(f"/api/monitoring/pairs/{pair}/state")
    value = next((spread["netPercent"] for spread in state["spreads"] if spread["direction"] == "leg1_buy_leg2_sell"), None)
    return asked, time.time() * 1000, "–" if value is None else f"{value:.4f}"


def a_spread_follows_its_books_within_a_second():
    pair = WORLD.get("/api/monitoring/pairs")[0]["id"]
    with Page(f"http://{WORLD.engine.addresses['http']}/") as page:
        wait_until("the link", lambda: page.text("#link") == "live", 20)
        wait_until("spreads", lambda: re.search(pair + r"\s.*-?\d\.\d{4}", page.text("#pairs")), 20)
        page(WATCH)
        truth, deadline = [], time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            truth.append(net_percent(pair))
            time.sleep(0.01)
        shown = [(at, dict(rows)[pair]) for at, rows in page("shown") if pair in dict(rows)]
    changes = [now for before, now in zip(truth, truth[1:]) if before[2] != now[2]]
    assert len(changes) >= 10, f"the books were too quiet: {len(changes)} changes"
    # How old what was shown is: since the newest asking that still told it. What had not been told yet is newer than that, and not late.
    ages = []
    for at, value in shown:
        told = [answered for asked, answered, said in truth if said == value and asked <= at]
        if told and told[-1] >= truth[0][1] + FOLLOWS_MS_MAX:
            ages.append(max(0, at - told[-1]))
    gaps = [later - earlier for (earlier, _), (later, _) in zip(shown, shown[1:])]
    assert ages and len(shown) >= SECONDS / 2, (len(ages), len(shown))
    ages.sort()
    gaps.sort()
    behind = ages[len(ages) * 95 // 100] + gaps[len(gaps) * 95 // 100]
    print(f"       {len(changes)} changes of a spread, {len(shown)} times shown: as shown {ages[len(ages) // 2]:.0f} ms old, p95 {ages[len(ages) * 95 // 100]:.0f} ms; "
          f"again after {gaps[len(gaps) // 2]:.0f} ms, p95 {gaps[len(gaps) * 95 // 100]:.0f} ms")
    # On a machine that does other things meanwhile the browser itself may not come to draw.
    if os.getloadavg()[0] < (os.cpu_count() or 1):
        assert behind < FOLLOWS_MS_MAX, behind


def a_price_is_drawn_as_it_comes_and_the_end_is_told():
    with Page(f"http://{WORLD.engine.addresses['http']}/") as page:
        wait_until("a price", lambda: "BTCUSDT" in page.text("#prices"), 20)
        before = page.text("#prices")
        wait_until("another price", lambda: page.text("#prices") != before, 20)
        assert page.text("#mode").lower() == "mock"
        WORLD.engine.stop()
        wait_until("the end", lambda: page.text("#link").startswith("disconnected"), 20)
        WORLD.settings[1] = "listeners[0].address=" + WORLD.engine.addresses["http"]
        WORLD.start_engine()
        wait_until("it is live again", lambda: page.text("#link") == "live", 40)


if __name__ == "__main__":
    with World() as WORLD:
        WORLD.wait_all_watching(30)
        run([the_page_needs_no_other_host, a_spread_follows_its_books_within_a_second, a_price_is_drawn_as_it_comes_and_the_end_is_told])
