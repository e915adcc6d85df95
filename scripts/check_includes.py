#!/usr/bin/env python3
"""The architecture test: who may include whom, and what must not appear in a room at all.

Prints one line per offence, `file:line: what  <- why`, and exits 1 when there is any. The rules are docs/adr/0001 and
0003; tests/architecture/check_includes_test.py shows each of them failing.

usage: scripts/check_includes.py [ROOT]
"""
import pathlib
import re
import sys

# room -> the prefixes it may include
MAY = {
    "core": ("core/",),
    "messages": ("core/", "messages/"),
    "adapters": ("core/", "messages/proto/", "adapters/"),
    "config": ("core/", "config/"),
    "actors": ("core/", "messages/", "adapters/", "config/", "actors/"),
    "apps": ("core/", "messages/", "adapters/", "config/", "actors/", "apps/"),
    "bench": ("core/", "messages/", "adapters/", "config/", "actors/", "apps/", "bench/"),
    "tests": ("core/", "messages/", "adapters/", "config/", "actors/", "apps/", "tests/"),
}
ROOMS = tuple(MAY)  # everything that is compiled

# Folders of which each subfolder knows nothing of its sisters; files directly in them are what the sisters share.
SISTERS = ("adapters/venues", "adapters/sinks")
# The one place that names every venue (and every sink): it makes one by its id.
REGISTRIES = ("adapters/venues/venue.cpp", "adapters/venues/trading.cpp", "adapters/sinks/sink.cpp")
# Any adapter may use these.
SHARED_ADAPTERS = ("adapters/transport", "adapters/files")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def rule(rooms, pattern, why, spare=()):
    """A text that must not appear in the code (comments and literals excepted) of these rooms, but in the files `spare`."""
    return rooms.split(), re.compile(pattern), why, tuple(spare)


PURE = "core messages adapters config actors"
VIRTUAL = "virtual"
# What runs the same whenever it runs: the deterministic world (its command line alone may look at a clock) and what a capture is played by.
VIRTUAL_PLACES = ("apps/tandem_world/", "apps/one_thread/", "apps/tandem/capture/host.", "apps/tandem/capture/ports.")
NEVER = [
    rule(PURE + " " + VIRTUAL, r"_clock\s*::\s*now\b|\bgettimeofday\b|\bclock_gettime\b|\bstd::time\s*\(|(?<![\w.>])time\s*\(\s*(nullptr|NULL|0)\s*\)",
         "nobody asks the clock: time is an argument or comes from core::Clocks"),
    rule(PURE + " " + VIRTUAL, r"\brandom_device\b|(?<![\w.:>])s?rand\s*\(|\bstd::s?rand\b|\barc4random\w*|\bgetrandom\b|\bRAND_bytes\b",
         "randomness is an argument"),
    rule(PURE + " " + VIRTUAL, r"\bsleep_(for|until)\b|(?<![\w.:>])(u|nano)?sleep\s*\(",
         "nothing on the way of a price blocks: use a timer of the actor or the strand"),
    rule("tests", r"\bsleep_(for|until)\b|(?<![\w.:>])(u|nano)?sleep\s*\(",
         "tests step the scheduler and the clock, or wait for a condition"),
    rule("core messages", r"\b(double|float)\b", "money is exact: no floating point in core/ and messages/"),
    rule("core messages adapters config actors apps", r"\b__int128\b", "128-bit integers are core::Int128",
         ("core/types/decimal.hpp",)),
    rule("core messages adapters config actors apps bench tests", r"\bco_(await|return|yield)\b",
         "g++ 12 frees coroutine temporaries twice: callbacks only"),
    rule("messages adapters config actors apps bench tests",
         r"\bremote_actor\b|\bremote_spawn\b|\bremote_lookup\b|\bio::(publish|middleman|open)\b|\bmiddleman\s*\(\s*\)|\bopenssl::(publish|remote_actor)\b",
         "an open actor port has no authentication (ADR 0003): nothing publishes or connects actors over the network"),
    rule("core messages adapters config actors apps", r"(\.|->)\s*spawn\w*\s*[(<]|\bspawn_guarded\s*[(<]",
         "only actors/supervisor/ spawns, so that every actor has a supervisor", ("actors/supervisor/",)),
]

# <...> includes: (rooms, pattern, why, files spared)
NEVER_INCLUDE = [
    rule("core adapters config", r"^caf/", "only messages/, actors/ and apps/ know CAF"),
    rule("messages actors apps bench tests", r"^caf/(io|openssl)/",
         "an open actor port has no authentication (ADR 0003): the network modules of CAF are not used"),
    rule("messages adapters config actors apps", r"^boost/(asio|beast)\b",
         "sockets live in adapters/transport, and only in its .cpp files and detail headers", ("adapters/transport/",)),
    rule("messages adapters actors apps bench", r"^yaml-cpp/", "the configuration is read by config/ (and the simulator's scenarios by the simulator)",
         ("apps/tandem_sim/",)),
    rule("core messages adapters config actors apps bench", r"^doctest/", "tests are written in tests/"),
    rule("core messages adapters config actors apps bench tests", r"^coroutine$", "g++ 12 frees coroutine temporaries twice: callbacks only"),
]
STANDARD = re.compile(r"^[a-z0-9_]+$")  # <vector>, <cstdint>; C headers and libraries have a dot or a slash
CORE_LIBRARY = {"core/result.hpp": {"tl/expected.hpp"}}

UNORDERED = re.compile(r"\bunordered_(?:multi)?(?:map|set)<[^;={]*>[&\s]+(\w+)\s*(?:;|\(|\{|=)")
LOOP = re.compile(r"\bfor\s*\([^;()]*:\s*(?:[\w.]|->|\*)*?\b(\w+(?:_|\(\)))\s*\)")
ANY_ORDER = "any order:"

RAW = re.compile(r'R"([^()\\\s]{0,16})\(')


def code_lines(text):
    """The lines of a C++ file with comments and the insides of literals blanked out. Line numbers stay."""
    out, i, end = [], 0, len(text)

    def blank(upto):
        nonlocal i
        out.append(re.sub(r"[^\n]", " ", text[i:upto]))
        i = upto

    while i < end:
        two = text[i:i + 2]
        if two == "//":
            stop = text.find("\n", i)
            blank(end if stop < 0 else stop)
        elif two == "/*":
            stop = text.find("*/", i + 2)
            blank(end if stop < 0 else stop + 2)
        elif text[i] == "R" and (raw := RAW.match(text, i)) and not (i and (text[i - 1].isalnum() and text[i - 1] not in "uUL8")):
            stop = text.find(")" + raw[1] + '"', raw.end())
            blank(end if stop < 0 else stop + len(raw[1]) + 2)
        elif text[i] == '"' or (text[i] == "'" and not (i and text[i - 1].isalnum())):  # 1'000 is a number
            quote, j = text[i], i + 1
            while j < end and text[j] not in (quote, "\n"):
                j += 2 if text[j] == "\\" else 1
            out.append(quote)
            i += 1
            blank(min(j, end))
            if i < end and text[i] == quote:
                out.append(quote)
                i += 1
        else:
            out.append(text[i])
            i += 1
    return "".join(out).split("\n")


def sister(path):
    """adapters/venues/okx/codec.hpp -> adapters/venues/okx; a file that all sisters share -> its folder; else two folders deep."""
    for family in SISTERS:
        if path.startswith(family + "/"):
            rest = path[len(family) + 1:]
            return f"{family}/{rest.split('/')[0]}" if "/" in rest else family
    return "/".join(path.split("/")[:2])


def adapter_offence(here, there):
    mine, theirs = sister(here), sister(there)
    if mine == theirs or theirs in SHARED_ADAPTERS:
        return None
    family = next((f for f in SISTERS if mine.startswith(f)), None)
    if family and theirs == family:
        return None  # what the sisters share
    if here in REGISTRIES and theirs.startswith(family + "/"):
        return None
    return f"{mine} may not include {theirs}: what two adapters share moves to adapters/transport or core/"


def declares_actor(root, there):
    """An actor's header names a behaviour or a self pointer; a helper's does not."""
    file = root / there
    return file.is_file() and re.search(r"\b(behavior_type|stateful_pointer|event_based_actor|blocking_actor)\b",
                                        "\n".join(code_lines(file.read_text(encoding="utf-8"))))


def actor_offence(root, here, there):
    if here.startswith("actors/supervisor/"):
        return None
    if there.rsplit(".", 1)[0] == here.rsplit(".", 1)[0]:
        return None
    if there.startswith("actors/supervisor/"):
        return "only actors/supervisor/ spawns: an actor knows its children's and peers' handles, not how they are made"
    if there.rsplit("/", 1)[0] != here.rsplit("/", 1)[0]:
        return f"actors meet through handles in messages/, and what two folders share moves down a room, not {there}"
    if declares_actor(root, there):
        return f"actors meet through handles in messages/, not {there}"
    return None


def include_offence(root, here, there):
    room, target = here.split("/")[0], there.split("/")[0]
    if target in ("tests", "bench") and room != target:
        return f"nothing includes {target}/"
    if target not in MAY:
        return f"include paths are written from the root: {there}"
    if not there.startswith(MAY[room]):
        return f"{room}/ may not include {there}"
    if room == "messages" and here.startswith("messages/proto/") and not there.startswith(("messages/proto/", "core/")):
        return "messages/proto/ is read by adapters: no CAF, no conversation headers"
    if room == "adapters" and target == "adapters":
        return adapter_offence(here, there)
    if room == "actors" and target == "actors":
        return actor_offence(root, here, there)
    if here.startswith("apps/tandem_sim/") and not there.startswith(("core/", "adapters/transport/", "apps/tandem_sim/")):
        return "the simulator shares no code with what it tests: core/, adapters/transport/ and its own files only"
    if room == "apps" and not here.startswith(("apps/tandem_sim/", "apps/tandem_world/")) and there.startswith("apps/tandem_sim/"):
        return "the engine's programs know nothing of the simulator (tandem-world puts both together)"
    return None


def library_offence(here, library):
    room = here.split("/")[0]
    for rooms, pattern, why, spare in NEVER_INCLUDE:
        if room in rooms and pattern.search(library) and not here.startswith(spare or ("\0",)):
            return why
    if room == "core" and not STANDARD.match(library) and library not in CORE_LIBRARY.get(here, ()):
        return "core/ knows the standard library only (and tl/expected.hpp in core/result.hpp)"
    if here.startswith("messages/proto/") and library.startswith("caf/"):
        return "messages/proto/ is read by adapters: no CAF"
    return None


def order_offences(root):
    """Loops over unordered containers: their order differs between libraries, and what a loop does in it may show."""
    texts = {f.relative_to(root).as_posix(): f.read_text(encoding="utf-8") for room in PURE.split() for f in (root / room).rglob("*.[hc]pp")}
    code = {name: code_lines(text) for name, text in texts.items()}
    unordered = {name: {hit[1] for hit in UNORDERED.finditer("\n".join(lines))} for name, lines in code.items()}
    for name in sorted(texts):
        lines = texts[name].split("\n")
        known = set(unordered[name]).union(*(unordered.get(hit[1], ()) for hit in map(INCLUDE.match, lines) if hit and hit[1]))
        for number, (line, bare) in enumerate(zip(lines, code[name]), 1):
            hit = LOOP.search(bare)
            if hit and hit[1].removesuffix("()") in known and not any(ANY_ORDER in near for near in lines[max(0, number - 2):number]):
                yield (f"{name}:{number}: {line.strip()}  <- the order of an unordered container must not show: "
                       f"sort first, or say why it does not matter in a comment that begins with '{ANY_ORDER}'")


def problems(root):
    yield from order_offences(root)
    for file in sorted(f for room in ROOMS for f in (root / room).rglob("*.[hc]pp")):
        here = file.relative_to(root).as_posix()
        room = here.split("/")[0]
        text = file.read_text(encoding="utf-8")
        for number, (line, code) in enumerate(zip(text.split("\n"), code_lines(text)), 1):
            where = f"{here}:{number}: {line.strip()}"
            if (hit := INCLUDE.match(line)) and code.lstrip().startswith("#"):
                why = include_offence(root, here, hit[1]) if hit[1] else library_offence(here, hit[2])
                if why:
                    yield f"{where}  <- {why}"
                continue
            for rooms, pattern, why, spare in NEVER:
                concerned = room in rooms or (VIRTUAL in rooms and here.startswith(VIRTUAL_PLACES) and not here.endswith("/main.cpp"))
                if concerned and not here.startswith(spare or ("\0",)) and pattern.search(code):
                    yield f"{where}  <- {why}"
    for file in sorted([root / "CMakeLists.txt", *(f for room in ROOMS for f in (root / room).rglob("CMakeLists.txt"))]):
        if file.is_file():
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                if re.search(r"CAF::(io|openssl)|caf_(io|openssl)\b", line.split("#")[0]):
                    yield (f"{file.relative_to(root).as_posix()}:{number}: {line.strip()}"
                           "  <- an open actor port has no authentication (ADR 0003): CAF's network modules are not linked")


def main():
    if any(argument in ("-h", "--help") for argument in sys.argv[1:]):
        print(__doc__)
        return 0
    default = pathlib.Path(__file__).resolve().parent.parent
    found = list(problems(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default))
    print("\n".join(found) or "the rooms are in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
