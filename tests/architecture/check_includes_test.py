#!/usr/bin/env python3
"""The include rules as a specification: the tree keeps them, each of them can fail, and what they allow passes.

Every sample is one small tree of files; a bad one names the line that must be found and a word of the reason.
"""
import importlib.util
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("check_includes", ROOT / "scripts/check_includes.py")
rules = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rules)

GOOD = {
    "a room includes the rooms below it": {
        "core/a.hpp": '#include "core/b.hpp"\n#include <vector>\n',
        "core/result.hpp": "#include <tl/expected.hpp>\n",
        "messages/m.hpp": '#include "core/a.hpp"\n#include <caf/typed_actor.hpp>\n',
        "config/load.cpp": '#include "config/schema.hpp"\n#include "core/a.hpp"\n#include <yaml-cpp/yaml.h>\n',
        "actors/venues/feed.cpp": '#include "adapters/venues/venue.hpp"\n#include "config/schema.hpp"\n#include "messages/m.hpp"\n',
        "apps/tandem.cpp": '#include "actors/supervisor/root.hpp"\n',
        "tests/core/a_test.cpp": '#include "core/a.hpp"\n#include <doctest/doctest.h>\n',
    },
    "a venue includes transport, its own files and what all venues share": {
        "adapters/venues/okx/codec.cpp": '#include "adapters/venues/okx/codec.hpp"\n#include "adapters/transport/json.hpp"\n'
                                         '#include "adapters/venues/venue.hpp"\n#include "adapters/venues/market_session.hpp"\n'
                                         '#include "messages/proto/market.pb.h"\n',
        "adapters/venues/market_session.cpp": '#include "adapters/venues/book_replica.hpp"\n#include "adapters/transport/io.hpp"\n',
    },
    "only the registry names all venues": {"adapters/venues/venue.cpp": '#include "adapters/venues/okx/venue.hpp"\n'},
    "an actor includes its own header and helpers of its folder": {
        "actors/api/http.cpp": '#include "actors/api/http.hpp"\n#include "actors/api/json.hpp"\n',
        "actors/api/http.hpp": "messages::HttpHandle::behavior_type http(messages::HttpHandle::stateful_pointer<S> self);\n",
        "actors/api/json.hpp": "std::string to_json(const core::Price&); // no behavior_type here\n",
    },
    "the supervisor includes and spawns every actor": {
        "actors/supervisor/root.cpp": '#include "actors/venues/feed.hpp"\nauto f = system.spawn(feed, 1);\n',
        "actors/venues/feed.hpp": "behavior_type feed();\n",
    },
    "a program asks the supervisor for the whole tree": {
        "apps/tandem.cpp": "auto root = actors::supervisor::spawn_engine(system, parts);\n",
    },
    "only transport opens sockets": {"adapters/transport/http.cpp": "#include <boost/beast/http.hpp>\n"},
    "the simulator lives on core and transport": {
        "apps/tandem_sim/main.cpp": '#include "apps/tandem_sim/world.hpp"\n#include "adapters/transport/io.hpp"\n'
                                    '#include "core/types/price.hpp"\n#include <yaml-cpp/yaml.h>\n',
    },
    "time asked of what was handed in": {
        "actors/venues/feed.cpp": "auto now = self->clock().now(); auto t = clocks.mono(); request.time(); RestRequest time() const;\n",
    },
    "words in comments and texts are no code": {
        "core/a.hpp": '// never a double, no sleep_for(\n/* spawn(\n double */\nauto a = "double \\" float"; auto b = R"x(float)x";\n'
                      "auto c = '\"'; int d = 1'000; // float\n",
    },
    "a loop over an unordered container that says why its order does not show": {
        "core/a.hpp": "std::unordered_map<int, int> sums_;\n",
        "core/a.cpp": '#include "core/a.hpp"\n// any order: sums\nfor (const auto& [key, sum] : sums_)\n',
        "core/b.cpp": "std::map<int, int> sums_;\nfor (const auto& [key, sum] : sums_)\n",
    },
    "tandem-world puts engine and simulator together": {"apps/tandem_world/world.cpp": '#include "apps/tandem_sim/simulator.hpp"\n'},
    "slots and boards publish within the process": {"core/a.hpp": "slot.publish(); entry->publish(view);\n"},
}

CLOCK, RANDOM, BLOCKS = "asks the clock", "randomness", "blocks"
BAD = {  # rule -> (file, text, the offending line, a word of the reason)
    "core includes no library": ("core/a.hpp", "#include <fmt/format.h>\n", 1, "standard library only"),
    "core includes no C header": ("core/a.hpp", "#include <vector>\n#include <string.h>\n", 2, "standard library only"),
    "tl::expected is named once": ("core/b.hpp", "#include <tl/expected.hpp>\n", 1, "standard library only"),
    "core includes no other room": ("core/a.hpp", '\n#include "messages/m.hpp"\n', 2, "core/ may not include"),
    "core knows no CAF": ("core/a.hpp", "#include <caf/all.hpp>\n", 1, "know CAF"),
    "adapters know no CAF": ("adapters/venues/okx/codec.hpp", "#include <caf/all.hpp>\n", 1, "know CAF"),
    "config knows no CAF": ("config/load.cpp", "#include <caf/actor.hpp>\n", 1, "know CAF"),
    "messages include no adapter": ("messages/m.hpp", '#include "adapters/transport/io.hpp"\n', 1, "messages/ may not include"),
    "adapters include no conversation": ("adapters/venues/okx/codec.hpp", '#include "messages/market.hpp"\n', 1, "adapters/ may not include"),
    "adapters include no actor": ("adapters/venues/okx/codec.hpp", '#include "actors/venues/feed.hpp"\n', 1, "adapters/ may not include"),
    "adapters never see the config file": ("adapters/venues/okx/rest.cpp", '#include "config/schema.hpp"\n', 1, "adapters/ may not include"),
    "config includes no adapter": ("config/check.cpp", '#include "adapters/venues/venue.hpp"\n', 1, "config/ may not include"),
    "a venue never includes another venue": ("adapters/venues/okx/codec.cpp", '#include "adapters/venues/binance/codec.hpp"\n', 1,
                                             "adapters/venues/okx may not include adapters/venues/binance"),
    "a sink never includes another sink": ("adapters/sinks/kafka/client.cpp", '#include "adapters/sinks/mongodb/codec.hpp"\n', 1,
                                           "may not include adapters/sinks/mongodb"),
    "a venue includes no sink": ("adapters/venues/okx/codec.cpp", '#include "adapters/sinks/sink.hpp"\n', 1, "may not include adapters/sinks"),
    "shared venue files know no venue": ("adapters/venues/market_session.cpp", '#include "adapters/venues/okx/codec.hpp"\n', 1,
                                         "may not include adapters/venues/okx"),
    "transport knows no venue": ("adapters/transport/http.cpp", '#include "adapters/venues/venue.hpp"\n', 1, "may not include adapters/venues"),
    "paths start at the root (dots)": ("core/market/a.hpp", '#include "../b.hpp"\n', 1, "from the root"),
    "paths start at the root (name)": ("core/market/a.hpp", '#include "b.hpp"\n', 1, "from the root"),
    "nothing includes tests": ("core/a.hpp", '#include "tests/core/helper.hpp"\n', 1, "nothing includes tests/"),
    "nothing includes benches": ("apps/tandem.cpp", '#include "bench/feed.hpp"\n', 1, "nothing includes bench/"),
    "actors include no program": ("actors/api/http.cpp", '#include "apps/tandem/lab.hpp"\n', 1, "actors/ may not include"),
    "an actor of another folder is known by its handle": ("actors/api/http.cpp", '#include "actors/venues/feed.hpp"\n', 1, "handles in messages"),
    "an actor never includes the supervisor": ("actors/api/http.cpp", '#include "actors/supervisor/spawn.hpp"\n', 1, "only actors/supervisor/"),
    "the simulator shares no codec with the engine": ("apps/tandem_sim/main.cpp", '#include "adapters/venues/binance/codec.hpp"\n', 1,
                                                      "shares no code"),
    "the engine knows no simulator": ("apps/tandem/run.cpp", '#include "apps/tandem_sim/world.hpp"\n', 1, "nothing of the simulator"),
    "sockets live in transport": ("adapters/venues/okx/rest.cpp", "#include <boost/asio.hpp>\n", 1, "sockets live in"),
    "actors hold no sockets": ("actors/api/http.cpp", "#include <boost/beast/http.hpp>\n", 1, "sockets live in"),
    "only config reads YAML": ("actors/api/http.cpp", "#include <yaml-cpp/yaml.h>\n", 1, "read by config/"),
    "no test code in the product": ("core/a.hpp", "#include <doctest/doctest.h>\n", 1, "tests"),
    "CAF's network modules are not included": ("apps/tandem.cpp", "#include <caf/io/all.hpp>\n", 1, "no authentication"),
    "no actor is published": ("apps/tandem.cpp", "auto p = caf::io::publish(a, 4242);\n", 1, "no authentication"),
    "no middleman is asked": ("actors/api/http.cpp", "system.middleman().publish(a, 4242);\n", 1, "no authentication"),
    "no remote actor is looked up": ("apps/tandem.cpp", "auto a = remote_actor(mm, host, 4242);\n", 1, "no authentication"),
    "CAF's network modules are not linked": ("CMakeLists.txt", "target_link_libraries(x CAF::io)\n", 1, "not linked"),
    "no loop over an unordered container": ("core/a.cpp", "std::unordered_set<int> all_;\n\nfor (int one : self->all_)\n", 3, "order"),
    "nor over what hands one out": ("core/a.hpp", "const std::unordered_map<int, int>& all() const;\nfor (auto& x : other.all())\n", 2, "order"),
    "what plays a capture asks no clock": ("apps/tandem/capture/host.cpp", "auto t = std::chrono::steady_clock::now();\n", 1, CLOCK),
    "the deterministic world asks no clock": ("apps/tandem_world/world.cpp", "auto t = std::chrono::steady_clock::now();\n", 1, CLOCK),
    "core asks no steady clock": ("core/a.cpp", "auto t = std::chrono::steady_clock::now();\n", 1, CLOCK),
    "adapters ask no wall clock": ("adapters/venues/okx/signer.cpp", "auto t = std::time(nullptr);\n", 1, CLOCK),
    "actors ask no clock but theirs": ("actors/venues/feed.cpp", "auto t = system_clock::now();\n", 1, CLOCK),
    "config asks no clock": ("config/load.cpp", "clock_gettime(CLOCK_REALTIME, &t);\n", 1, CLOCK),
    "messages ask no clock": ("messages/m.hpp", "auto t = time(0);\n", 1, CLOCK),
    "core draws no randomness": ("core/a.cpp", "std::mt19937 g{std::random_device{}()};\n", 1, RANDOM),
    "actors draw no randomness": ("actors/venues/feed.cpp", "int r = rand();\n", 1, RANDOM),
    "adapters draw no randomness": ("adapters/venues/okx/signer.cpp", "RAND_bytes(b, 8);\n", 1, RANDOM),
    "actors never sleep": ("actors/venues/feed.cpp", "std::this_thread::sleep_for(1s);\n", 1, BLOCKS),
    "adapters never sleep": ("adapters/transport/http.cpp", "usleep(5);\n", 1, BLOCKS),
    "tests never sleep": ("tests/core/a_test.cpp", "std::this_thread::sleep_for(1s);\n", 1, "wait for a condition"),
    "core has no floating point": ("core/a.hpp", "int x;\ndouble y;\n", 2, "money is exact"),
    "messages have no floating point": ("messages/m.hpp", "struct M { float y; };\n", 1, "money is exact"),
    "128 bits have one name": ("core/b.hpp", "__int128 y;\n", 1, "core::Int128"),
    "no coroutines": ("adapters/transport/http.cpp", "co_await x;\n", 1, "callbacks only"),
    "an actor spawns no actor": ("actors/api/http.cpp", "auto a = self->spawn(feed);\n", 1, "only actors/supervisor/ spawns"),
    "an actor does not borrow the supervisor's spawn": ("actors/api/http.cpp", "auto a = spawn_guarded(system, feed);\n", 1, "only actors/supervisor/ spawns"),
    "a program spawns no actor": ("apps/tandem.cpp", "auto a = system.spawn<caf::detached>(feed);\n", 1, "only actors/supervisor/ spawns"),
    "code after a comment is seen": ("core/a.hpp", "/* why */ double x; // because\n", 1, "money is exact"),
    "code after a text is seen": ("core/a.hpp", 'auto s = "//"; double x;\n', 1, "money is exact"),
}


def offences(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return list(rules.problems(root))


class IncludeRules(unittest.TestCase):
    def test_the_tree_keeps_the_rules(self):
        found = list(rules.problems(ROOT))
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_what_the_rules_allow_passes(self):
        for name, files in GOOD.items():
            with self.subTest(name):
                self.assertEqual(offences(files), [])

    def test_each_rule_can_fail_with_file_line_and_reason(self):
        for name, (file, text, line, reason) in BAD.items():
            with self.subTest(name):
                found = offences({file: text})
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith(f"{file}:{line}: "), found[0])
                self.assertIn(reason, found[0].split("<-")[1])

    def test_an_actor_in_the_same_folder_is_known_by_its_handle(self):
        found = offences({"actors/api/http.cpp": '#include "actors/api/metrics.hpp"\n',
                          "actors/api/metrics.hpp": "messages::MetricsHandle::behavior_type metrics();\n"})
        self.assertEqual(len(found), 1, found)
        self.assertIn("handles in messages", found[0])

    def test_no_rule_is_without_a_sample_that_breaks_it(self):
        reasons = {why for _, _, why, _ in rules.NEVER + rules.NEVER_INCLUDE}
        said = {found.split("<- ")[1] for file, text, _, _ in BAD.values() for found in offences({file: text})}
        self.assertEqual(reasons - said, set())


if __name__ == "__main__":
    unittest.main()
