#include "actors/api/grpc.hpp"

#include "adapters/grpc/control.hpp"
#include "adapters/traders/operations.hpp"
#include "adapters/traders/replies.hpp"
#include "core/market/board.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::actors {
namespace {

std::vector<adapters::grpc::Route> routes() {
  std::vector<adapters::grpc::Route> made;
  for (const auto& operation : adapters::traders::operations()) {
    adapters::grpc::Route route;
    route.name = operation.name;
    route.method = operation.method;
    route.path = operation.path;
    for (const auto& parameter : operation.query)
      route.query.emplace_back(parameter.name);
    route.has_body = operation.has_body;
    made.push_back(std::move(route));
  }
  return made;
}

/// The latest view of a live book; empty when there is none.
std::string read_book(const messages::Context& context, const core::InstrumentKey& key,
                      std::size_t levels) {
  const auto entry = context.board->find(key);
  const auto view = entry ? entry->view() : nullptr;
  if (!view || view->condition != core::market::BookCondition::live)
    return {};
  adapters::traders::JsonWriter out;
  adapters::traders::write_price(out, key, *view, levels, core::to_millis(context.clocks.wall()));
  return out.take();
}

} // namespace

adapters::transport::Serve serve_grpc(adapters::transport::Strand& strand,
                                      const messages::ContextPtr& context,
                                      std::vector<std::shared_ptr<::grpc::Service>> services) {
  adapters::grpc::ServeOptions options;
  options.routes = routes();
  options.services = std::move(services);
  options.on_fault = [context](std::string_view what) {
    context->log->write(core::LogLevel::warning, "grpc_fault", {{"error", std::string{what}}});
  };
  options.read_book = [context](const std::string& exchange, const std::string& symbol,
                                const std::string& type, std::size_t levels) {
    const auto market = type == "linear" ? core::MarketType::linear : core::MarketType::spot;
    return read_book(*context, {core::VenueId{exchange}, market, core::Symbol{symbol}}, levels);
  };
  return adapters::grpc::serve_with_control(strand, std::move(options));
}

} // namespace tandem::actors
