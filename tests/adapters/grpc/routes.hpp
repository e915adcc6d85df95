/// The routes a server is served with, as actors/api makes them.
#pragma once

#include "adapters/grpc/bridge.hpp"
#include "adapters/traders/operations.hpp"

#include <string>
#include <vector>

namespace tandem::adapters::grpc::testing {

inline std::vector<Route> routes() {
  std::vector<Route> made;
  for (const auto& row : traders::operations()) {
    Route route{
        std::string{row.name}, std::string{row.method}, std::string{row.path}, {}, row.has_body};
    for (const auto& parameter : row.query)
      route.query.emplace_back(parameter.name);
    made.push_back(std::move(route));
  }
  return made;
}

} // namespace tandem::adapters::grpc::testing
