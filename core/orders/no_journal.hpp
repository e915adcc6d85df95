/// A journal that keeps nothing and says yes: where nothing has to outlive the process.
#pragma once

#include "core/orders/records.hpp"

namespace tandem::core::orders {

class NoJournal final : public Journal {
public:
  void append(const Record&, std::function<void(Status)> durable) override { tell(durable); }

  void append_first(std::span<const Record>, std::function<void(Status)> durable) override {
    tell(durable);
  }

  [[nodiscard]] std::uint64_t epoch() const override { return 1; }

private:
  static void tell(const std::function<void(Status)>& durable) {
    if (durable)
      durable({});
  }
};

} // namespace tandem::core::orders
