/// Who is who now: the supervisors write down each incarnation under its path, everyone else looks
/// a peer up when there is something to say. Not for the hot path. Thread safe.
#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace tandem::messages {

class Directory {
public:
  void put(const std::string& path, caf::strong_actor_ptr actor) {
    const std::lock_guard lock{mutex_};
    actors_[path] = std::move(actor);
  }

  void remove(const std::string& path) {
    caf::strong_actor_ptr released; // destroyed outside the lock
    const std::lock_guard lock{mutex_};
    if (const auto found = actors_.find(path); found != actors_.end()) {
      released = std::move(found->second);
      actors_.erase(found);
    }
  }

  /// A null handle when nobody runs under that path at the moment.
  template <class Handle>
  [[nodiscard]] Handle get(const std::string& path) const {
    const std::lock_guard lock{mutex_};
    const auto found = actors_.find(path);
    return found == actors_.end() || !found->second ? Handle{}
                                                    : caf::actor_cast<Handle>(found->second);
  }

  /// Where this actor is; empty when it is not listed.
  [[nodiscard]] std::string path_of(caf::actor_id id) const {
    const std::lock_guard lock{mutex_};
    for (const auto& [path, actor] : actors_)
      if (actor && actor->id() == id)
        return path;
    return {};
  }

  void clear() {
    std::map<std::string, caf::strong_actor_ptr> released;
    const std::lock_guard lock{mutex_};
    released.swap(actors_);
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, caf::strong_actor_ptr> actors_;
};

} // namespace tandem::messages
