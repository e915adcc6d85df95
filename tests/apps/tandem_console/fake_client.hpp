/// An engine of the console's tests: answers by target, remembers what it was asked.
#pragma once

#include "adapters/console/client.hpp"
#include "apps/tandem_console/source.hpp"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace tandem::apps::testing {

class FakeClient final : public adapters::console::Client {
public:
  std::map<std::string, std::string> data;     ///< target without query -> JSON of a success
  std::map<std::string, std::string> refusals; ///< target without query -> code
  std::vector<std::string> frames;
  bool gone = false;
  std::vector<Request> asked;

  core::Result<adapters::console::Reply> call(const std::string& method, const std::string& target,
                                              const std::string& body,
                                              std::chrono::milliseconds) override {
    asked.push_back({method, target, body});
    if (gone)
      return core::fail(core::Errc::connection_lost, "connection refused", "unix:x");
    const auto path = target.substr(0, target.find('?'));
    if (const auto code = refusals.find(path); code != refusals.end())
      return adapters::console::Reply{409, R"({"success":false,"error":{"code":")" + code->second
                                               + R"(","message":"no"}})"};
    const auto found = data.find(path);
    return adapters::console::Reply{
        200, R"({"success":true,"mode":"mock","data":)"
                 + (found == data.end() ? std::string{"{}"} : found->second) + "}"};
  }

  core::Status watch(const std::string& subscription,
                     const std::function<bool(std::string_view)>& on_frame) override {
    asked.push_back({"WATCH", subscription, {}});
    for (const auto& frame : frames)
      if (!on_frame(frame))
        return {};
    return core::fail(core::Errc::connection_lost, "closed", "unix:x");
  }
};

} // namespace tandem::apps::testing
