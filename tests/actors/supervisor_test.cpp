/// The supervision rule in virtual time: who is restarted, in which order, how often and when it is
/// too often. Rule: OTP's, as the shared promises write it down (section 3).
#include "actors/supervisor/supervisor.hpp"

#include "actors/supervisor/spawn.hpp"
#include "messages/control.hpp"
#include "messages/events.hpp"
#include "tests/actors/sim.hpp"

#include <caf/send.hpp>

namespace {

using namespace tandem;
using namespace tandem::tests;
using actors::supervisor::ChildSpec;
using actors::supervisor::spawn_guarded;
using actors::supervisor::StartChild;
using actors::supervisor::StopChild;
using actors::supervisor::supervisor;
using actors::supervisor::supervisor_child;
using actors::supervisor::SupervisorSpec;
using core::supervision::Permanence;
using core::supervision::Strategy;

using crash_atom = caf::atom_constant<caf::atom("crash")>;
using leave_atom = caf::atom_constant<caf::atom("leave")>;

/// What happened, in order: "+a" started, "-a" ended.
using Story = std::shared_ptr<std::vector<std::string>>;

struct WorkerState {
  explicit WorkerState(caf::event_based_actor*) {}

  ~WorkerState() {
    if (story)
      story->push_back("-" + name_in_story);
  }

  WorkerState(const WorkerState&) = delete;
  WorkerState& operator=(const WorkerState&) = delete;

  Story story;
  std::string name_in_story;
};

caf::behavior worker(caf::stateful_actor<WorkerState>* self, Story story, std::string name,
                     bool stubborn) {
  self->state.story = story;
  self->state.name_in_story = name;
  story->push_back("+" + name);
  if (stubborn)
    self->set_exit_handler([](caf::exit_msg&) {});
  return {
      [name](crash_atom) { throw std::runtime_error{name + " tripped over 42"}; },
      [self](leave_atom) { self->quit(); },
  };
}

/// Ends in its first breath.
caf::behavior stillborn(caf::event_based_actor*, Story story) {
  story->push_back("+stillborn");
  throw std::logic_error{"no disk"};
}

class Tree {
public:
  explicit Tree(Strategy strategy = Strategy::one_for_one,
                core::supervision::Intensity intensity
                = {.restarts_max = 5, .within = std::chrono::seconds{60}}) {
    spec.path = "tree";
    spec.strategy = strategy;
    spec.intensity = intensity;
  }

  ChildSpec child(const std::string& name, bool stubborn = false) {
    ChildSpec made;
    made.name = name;
    made.kind = "worker";
    made.backoff = {.first = 100ms, .cap = 10'000ms};
    made.start = [story = story, name, stubborn](caf::actor_system& system,
                                                 const messages::CellPtr&) {
      return caf::actor_cast<caf::actor>(spawn_guarded(system, worker, story, name, stubborn));
    };
    return made;
  }

  Tree& with(const std::string& name, bool stubborn = false) {
    spec.children.push_back(child(name, stubborn));
    return *this;
  }

  void start() {
    root = sim.own(spawn_guarded(sim.system, supervisor, sim.context(),
                                 sim.context()->cells->cell(spec.path, "supervisor"), spec));
    sim.self->monitor(root);
  }

  [[nodiscard]] caf::actor at(const std::string& path) {
    return sim.context()->directory->get<caf::actor>(path);
  }

  void crash(const std::string& name) {
    const auto actor = at("tree/" + name);
    REQUIRE(static_cast<bool>(actor));
    caf::anon_send(actor, crash_atom::value);
    sim.settle();
  }

  /// The story since the last call.
  std::string told() {
    std::string text;
    for (const auto& word : std::exchange(*story, {}))
      text += (text.empty() ? "" : " ") + word;
    return text;
  }

  /// Nullopt while it lives.
  std::optional<std::string> ended() {
    std::optional<std::string> reason;
    sim.settle();
    while (sim.self->has_next_message())
      sim.self->receive([&](caf::down_msg& down) { reason = sim.system.render(down.reason); });
    return reason;
  }

  Story story = std::make_shared<std::vector<std::string>>();
  Sim sim;
  SupervisorSpec spec;
  caf::actor root;
};

} // namespace

TEST_CASE("children start in order and stop in reverse order") {
  Tree tree;
  tree.with("a").with("b").with("c").start();
  CHECK(tree.told() == "+a +b +c");
  for (const auto* name : {"tree/a", "tree/b", "tree/c"})
    CHECK(static_cast<bool>(tree.at(name)));
  caf::anon_send_exit(tree.root, caf::exit_reason::user_shutdown);
  tree.sim.settle();
  CHECK(tree.told() == "-c -b -a");
  CHECK(tree.ended().has_value());
  for (const auto* name : {"tree/a", "tree/b", "tree/c"})
    CHECK_FALSE(static_cast<bool>(tree.at(name)));
}

TEST_CASE("one_for_one restarts the failed child alone, after its back-off") {
  Tree tree;
  tree.with("a").with("b").with("c").start();
  const auto a = tree.at("tree/a"), b = tree.at("tree/b");
  tree.told();
  tree.crash("b");
  CHECK(tree.told() == "-b");
  CHECK_FALSE(static_cast<bool>(tree.at("tree/b"))); // nobody runs under that path now
  tree.sim.advance(49ms);
  CHECK(tree.told().empty());
  tree.sim.advance(1ms); // half of 100 ms: the jitter is 0 here
  CHECK(tree.told() == "+b");
  CHECK(static_cast<bool>(tree.at("tree/b")));
  CHECK(tree.at("tree/b") != b);
  CHECK(tree.at("tree/a") == a);
}

TEST_CASE("the exception's text stays in the cell, over restarts") {
  Tree tree;
  tree.with("a").start();
  const auto cell = tree.sim.cell("tree/a");
  REQUIRE(cell);
  const auto first = cell->actor_id.load();
  tree.crash("a");
  CHECK(cell->last_error().find("a tripped over 42") != std::string::npos);
  CHECK(cell->actor_id == 0);
  CHECK(cell->state() == "restarting");
  tree.sim.advance(50ms);
  CHECK(cell->restarts == 1);
  CHECK(cell->actor_id != 0);
  CHECK(cell->actor_id != first);
  CHECK(cell->last_error().find("a tripped over 42") != std::string::npos);
  CHECK(tree.sim.cell("tree/a") == cell);
}

TEST_CASE("a child that fails while it starts is restarted ever later") {
  Tree tree;
  ChildSpec child;
  child.name = "s";
  child.backoff = {.first = 100ms, .cap = 10'000ms};
  child.start = [story = tree.story](caf::actor_system& system, const messages::CellPtr&) {
    return caf::actor_cast<caf::actor>(spawn_guarded(system, stillborn, story));
  };
  tree.spec.children.push_back(child);
  tree.start();
  CHECK(tree.told() == "+stillborn");
  tree.sim.advance(50ms);
  CHECK(tree.told() == "+stillborn");
  tree.sim.advance(99ms);
  CHECK(tree.told().empty());
  tree.sim.advance(1ms);
  CHECK(tree.told() == "+stillborn");
  tree.sim.advance(199ms);
  CHECK(tree.told().empty());
  tree.sim.advance(1ms);
  CHECK(tree.told() == "+stillborn");
  CHECK(tree.sim.cell("tree/s")->last_error().find("no disk") != std::string::npos);
}

TEST_CASE("rest_for_one stops the later ones in reverse and starts them again in order") {
  Tree tree{Strategy::rest_for_one};
  tree.with("a").with("b").with("c").with("d").start();
  tree.told();
  tree.crash("b");
  CHECK(tree.told() == "-b -d -c");
  tree.sim.advance(49ms);
  CHECK(tree.told().empty());
  tree.sim.advance(1ms);
  CHECK(tree.told() == "+b +c +d");
  CHECK(tree.sim.cell("tree/c")->restarts == 1);
  CHECK(tree.sim.cell("tree/a")->restarts == 0);
}

TEST_CASE("rest_for_one: a later child never starts before an earlier one that waits") {
  Tree tree{Strategy::rest_for_one};
  tree.with("a").with("b").start();
  tree.crash("a");
  tree.sim.advance(50ms);
  tree.crash("a"); // its second back-off: 100 ms
  tree.told();
  tree.sim.advance(99ms);
  CHECK(tree.told().empty());
  tree.sim.advance(1ms);
  CHECK(tree.told() == "+a +b");
}

TEST_CASE("one_for_all restarts everybody") {
  Tree tree{Strategy::one_for_all};
  tree.with("a").with("b").with("c").start();
  tree.told();
  tree.crash("b");
  CHECK(tree.told() == "-b -c -a");
  tree.sim.advance(50ms);
  CHECK(tree.told() == "+a +b +c");
}

TEST_CASE(
    "permanent children return from every end, transient ones from a failure, temporary never") {
  Tree tree;
  tree.with("permanent").with("transient").with("temporary");
  tree.spec.children[1].permanence = Permanence::transient;
  tree.spec.children[2].permanence = Permanence::temporary;
  tree.start();
  tree.told();
  SUBCASE("a normal end") {
    for (const auto* name : {"tree/permanent", "tree/transient", "tree/temporary"})
      caf::anon_send(tree.at(name), leave_atom::value);
    tree.sim.advance(200ms);
    CHECK(tree.told() == "-permanent -transient -temporary +permanent");
    CHECK(tree.sim.cell("tree/transient")->state() == "ended");
  }
  SUBCASE("a failure") {
    tree.crash("permanent");
    tree.crash("transient");
    tree.crash("temporary");
    tree.sim.advance(200ms);
    CHECK(tree.told() == "-permanent -transient -temporary +permanent +transient");
  }
}

TEST_CASE("the MaxR-th failure within the window is restarted, the next one escalates") {
  Tree tree{Strategy::one_for_one, {.restarts_max = 3, .within = std::chrono::seconds{30}}};
  tree.with("a").with("b").start();
  for (int i = 0; i < 3; ++i) {
    tree.crash("a");
    tree.sim.advance(1'000ms);
    CHECK_FALSE(tree.ended().has_value());
  }
  tree.told();
  tree.crash("a");
  CHECK(tree.told() == "-a -b");
  const auto reason = tree.ended();
  REQUIRE(reason.has_value());
  CHECK(reason->find("restart intensity exceeded by a") != std::string::npos);
  CHECK(std::count(tree.sim.log.events.begin(), tree.sim.log.events.end(), "SUPERVISOR_ESCALATED")
        == 1);
  tree.sim.advance(20'000ms);
  CHECK(tree.told().empty());
}

TEST_CASE("failures spread beyond the window never escalate") {
  Tree tree{Strategy::one_for_one, {.restarts_max = 3, .within = std::chrono::seconds{30}}};
  tree.with("a").start();
  for (int i = 0; i < 12; ++i) {
    tree.crash("a");
    tree.sim.advance(10'100ms);
    REQUIRE_FALSE(tree.ended().has_value());
  }
  CHECK(tree.sim.cell("tree/a")->restarts == 12);
}

TEST_CASE("escalation reaches the parent, which restarts the group as one failure of its own") {
  Tree tree{Strategy::one_for_one, {.restarts_max = 1, .within = std::chrono::seconds{60}}};
  SupervisorSpec group;
  group.path = "tree/group";
  group.intensity = {.restarts_max = 1, .within = std::chrono::seconds{60}};
  group.children = {tree.child("x"), tree.child("y")};
  auto group_child = supervisor_child(tree.sim.context(), "group", std::move(group));
  group_child.backoff = {.first = 1'000ms, .cap = 1'000ms};
  tree.with("other").spec.children.push_back(std::move(group_child));
  tree.start();
  tree.told();
  tree.crash("group/x");
  tree.sim.advance(50ms);
  CHECK(tree.told() == "-x +x");
  tree.crash("group/x"); // one more than the group may
  CHECK(tree.told() == "-x -y");
  CHECK_FALSE(tree.ended().has_value());
  CHECK(tree.sim.cell("tree/group")->last_error().find("exceeded by x") != std::string::npos);
  tree.sim.advance(499ms);
  CHECK(tree.told().empty());
  tree.sim.advance(1ms);
  CHECK(tree.told() == "+x +y");
  CHECK(tree.sim.cell("tree/group")->restarts == 1);
  tree.crash("group/x");
  tree.sim.advance(50ms);
  tree.crash("group/x");
  CHECK(tree.ended().has_value()); // the parent gave up too
  CHECK(tree.told() == "-x +x -x -y -other");
}

TEST_CASE("a killed supervisor takes its children with it and comes back with them") {
  Tree tree;
  SupervisorSpec group;
  group.path = "tree/group";
  group.children = {tree.child("x"), tree.child("y")};
  tree.spec.children.push_back(supervisor_child(tree.sim.context(), "group", std::move(group)));
  tree.start();
  tree.told();
  tree.sim.kill("tree/group");
  CHECK(tree.told() == "-y -x");
  CHECK_FALSE(static_cast<bool>(tree.at("tree/group/x"))); // no handle to the dead
  CHECK(tree.sim.cell("tree/group/x")->state() == "down");
  tree.sim.advance(500ms);
  CHECK(tree.told() == "+x +y");
}

TEST_CASE("a child can be added, stopped and forgotten while the tree runs") {
  Tree tree;
  tree.with("a").start();
  caf::anon_send(tree.root, StartChild{tree.child("b")});
  tree.sim.settle();
  CHECK(tree.told() == "+a +b");
  CHECK(static_cast<bool>(tree.at("tree/b")));
  caf::anon_send(tree.root, StopChild{"b"});
  tree.sim.settle();
  CHECK(tree.told() == "-b");
  CHECK(tree.sim.cell("tree/b") == nullptr);
  CHECK_FALSE(static_cast<bool>(tree.at("tree/b")));
  tree.sim.advance(10'000ms);
  CHECK(tree.told().empty());
  caf::anon_send(tree.root, StopChild{"b"}); // again: nothing
  caf::anon_send(tree.root, StopChild{"never"});
  tree.sim.settle();
  CHECK_FALSE(tree.ended().has_value());
}

TEST_CASE("stopping a child that waits for its back-off forgets it") {
  Tree tree;
  tree.with("a").with("b").start();
  tree.crash("a");
  caf::anon_send(tree.root, StopChild{"a"});
  tree.sim.advance(1'000ms);
  CHECK(tree.told() == "+a +b -a");
  CHECK(tree.sim.cell("tree/a") == nullptr);
}

TEST_CASE("a person restarts a child in order: no back-off, no failure, its group's strategy") {
  Tree tree{Strategy::rest_for_one, {.restarts_max = 1, .within = std::chrono::seconds{60}}};
  tree.with("a").with("b").with("c").start();
  tree.told();
  for (int i = 0; i < 5; ++i) {
    caf::anon_send(tree.root, messages::RestartChild{"b", "somebody"});
    tree.sim.settle();
    CHECK(tree.told() == "-c -b +b +c");
  }
  CHECK_FALSE(tree.ended());
  const auto cell = tree.sim.cell("tree/c");
  CHECK(cell->restarts.load() == 5);
  CHECK(cell->errors.load() == 0);
  CHECK(cell->restarts_within(tree.sim.context()->clocks.mono(), 60s) == 5);
  tree.sim.advance(61s);
  CHECK(cell->restarts_within(tree.sim.context()->clocks.mono(), 60s) == 0);
}

TEST_CASE("a person's restart ends the waiting of a child that failed, and knows no strangers") {
  Tree tree;
  tree.with("a").with("b").start();
  tree.told();
  tree.crash("b");
  caf::anon_send(tree.root, messages::RestartChild{"nobody", "somebody"});
  tree.sim.settle();
  CHECK(tree.told() == "-b");
  caf::anon_send(tree.root, messages::RestartChild{"b", "somebody"});
  tree.sim.settle();
  CHECK(tree.told() == "+b");
  tree.sim.advance(10s); // the back-off that was begun starts nobody twice
  CHECK(tree.told().empty());
}

TEST_CASE("a child of the same name is replaced, never doubled") {
  Tree tree;
  tree.with("a").start();
  auto next = tree.child("a2");
  next.name = "a";
  tree.told();
  SUBCASE("while running") {
    caf::anon_send(tree.root, StartChild{next});
    tree.sim.settle();
    CHECK(tree.told() == "-a +a2");
  }
  SUBCASE("while waiting for its back-off: at once") {
    tree.crash("a");
    caf::anon_send(tree.root, StartChild{next});
    tree.sim.settle();
    CHECK(tree.told() == "-a +a2");
  }
  SUBCASE("asked to stop and started again in one breath") {
    caf::anon_send(tree.root, StopChild{"a"});
    caf::anon_send(tree.root, StartChild{next});
    tree.sim.settle();
    CHECK(tree.told() == "-a +a2");
  }
  SUBCASE("replaced and stopped in one breath") {
    caf::anon_send(tree.root, StartChild{next});
    caf::anon_send(tree.root, StopChild{"a"});
    tree.sim.settle();
    CHECK(tree.told() == "-a");
    CHECK_FALSE(static_cast<bool>(tree.at("tree/a")));
  }
  tree.sim.advance(5'000ms);
  CHECK(tree.told().empty());
  CHECK_FALSE(tree.ended().has_value());
}

TEST_CASE("a child that ignores its exit is killed, and holds up nobody else meanwhile") {
  Tree tree;
  tree.with("deaf", true).with("b").start();
  tree.told();
  caf::anon_send(tree.root, StopChild{"deaf"});
  tree.sim.settle();
  CHECK(tree.told().empty());
  tree.crash("b");
  tree.sim.advance(50ms);
  CHECK(tree.told() == "-b +b"); // its restart does not wait for the deaf one
  tree.sim.advance(1'949ms);
  CHECK(tree.told().empty());
  tree.sim.advance(1ms);
  CHECK(tree.told() == "-deaf");
  CHECK(tree.sim.cell("tree/deaf") == nullptr);
}

TEST_CASE("a child that does not even die is given up, and the tree goes on") {
  Tree tree;
  // Its handle is held by an actor that never runs: the deterministic scheduler's stand-in for a
  // handler that never returns.
  tree.with("a");
  ChildSpec hung;
  hung.name = "hung";
  hung.backoff = {.first = 100ms, .cap = 100ms};
  int starts = 0;
  hung.start = [&](caf::actor_system&, const messages::CellPtr&) {
    ++starts;
    // A scoped actor has no behaviour and no thread: it never handles an exit.
    return caf::actor_cast<caf::actor>(tree.sim.self);
  };
  tree.spec.children.push_back(hung);
  tree.start();
  auto next = tree.child("works");
  next.name = "hung";
  caf::anon_send(tree.root, StartChild{next});
  tree.sim.advance(3'999ms);
  CHECK(tree.told() == "+a");
  tree.sim.advance(1ms);
  CHECK(tree.told() == "+works");
  CHECK(starts == 1);
  CHECK(std::count(tree.sim.log.events.begin(), tree.sim.log.events.end(), "ACTOR_LOST") == 1);
}

TEST_CASE("an orderly end waits for a slow group and kills only the deaf child in it") {
  Tree tree;
  SupervisorSpec group;
  group.path = "tree/group";
  group.children = {tree.child("x"), tree.child("deaf1", true), tree.child("deaf2", true)};
  tree.with("a").spec.children.push_back(
      supervisor_child(tree.sim.context(), "group", std::move(group)));
  tree.start();
  tree.told();
  caf::anon_send_exit(tree.root, caf::exit_reason::user_shutdown);
  tree.sim.advance(2'000ms);
  CHECK(tree.told() == "-deaf2");
  tree.sim.advance(2'000ms);
  CHECK(tree.told() == "-deaf1 -x -a");
  CHECK(tree.ended().has_value());
}

TEST_CASE("a crash while the tree ends restarts nobody") {
  Tree tree;
  tree.with("a").with("deaf", true).start();
  tree.told();
  caf::anon_send_exit(tree.root, caf::exit_reason::user_shutdown);
  tree.sim.settle();
  tree.crash("a");
  tree.sim.advance(10'000ms);
  CHECK(tree.told() == "-a -deaf");
  CHECK(tree.ended().has_value());
}
