#include "adapters/venues/account_reader.hpp"

#include <deque>
#include <utility>

namespace tandem::adapters::venues {
namespace {

/// Pages of one list; a list longer than that is reported as a failure, never cut silently.
constexpr int pages_max = 50;

/// The questions still to be asked, in order, each followed by the next when it is answered.
class Reader : public std::enable_shared_from_this<Reader> {
public:
  Reader(const Trading& trading, std::shared_ptr<SignedClient> rest, AccountPlan plan,
         std::function<void(core::Result<AccountReading>)> done)
      : trading_{trading}, rest_{std::move(rest)}, plan_{std::move(plan)}, done_{std::move(done)} {}

  void start() {
    if (plan_.rights)
      rights();
    else
      balances();
  }

private:
  /// Asks and hands a reply to `take`; a failure of either ends the reading.
  template <class Make, class Take>
  void ask(Make make, Take take) {
    rest_->call(CallKind::query, std::move(make),
                [self = shared_from_this(), take = std::move(take)](const SignedReply& reply) {
                  if (!reply.response)
                    self->done_(tl::unexpected{reply.response.error()});
                  else
                    take(reply.response->status, reply.response->body);
                });
  }

  template <class Value>
  [[nodiscard]] bool failed(core::Result<Value>& value) {
    if (value)
      return false;
    done_(tl::unexpected{std::move(value).error()});
    return true;
  }

  void rights() {
    if (!trading_.key_rights(rest_->keys(), rest_->stamp())) {
      balances();
      return;
    }
    ask([this](const Credentials& keys,
               const Stamp& stamp) { return *trading_.key_rights(keys, stamp); },
        [this](int status, std::string_view body) {
          auto rights = trading_.parse_key_rights(status, body);
          if (failed(rights))
            return;
          reading_.rights = *rights;
          balances();
        });
  }

  void balances() {
    ask([this](const Credentials& keys,
               const Stamp& stamp) { return trading_.balances(keys, stamp); },
        [this](int status, std::string_view body) {
          auto balances = trading_.parse_balances(status, body);
          if (failed(balances))
            return;
          reading_.balances = *std::move(balances);
          if (trading_.positions({}, rest_->keys(), rest_->stamp()))
            positions({}, 0);
          else
            open_orders({}, 0);
        });
  }

  void positions(const std::string& cursor, int page) {
    if (page >= pages_max) {
      done_(core::fail(core::Errc::out_of_range, "more positions than 50 pages"));
      return;
    }
    ask([this, cursor](const Credentials& keys,
                       const Stamp& stamp) { return *trading_.positions(cursor, keys, stamp); },
        [this, page](int status, std::string_view body) {
          auto found = trading_.parse_positions(status, body);
          if (failed(found))
            return;
          for (auto& position : found->positions)
            reading_.positions.push_back(std::move(position));
          if (found->next_cursor.empty())
            open_orders({}, 0);
          else
            positions(found->next_cursor, page + 1);
        });
  }

  void open_orders(const std::string& cursor, int page) {
    if (page >= pages_max) {
      done_(core::fail(core::Errc::out_of_range, "more open orders than 50 pages"));
      return;
    }
    ask([this, cursor](const Credentials& keys,
                       const Stamp& stamp) { return trading_.open_orders(cursor, keys, stamp); },
        [this, page](int status, std::string_view body) {
          auto orders = trading_.parse_open_orders(status, body);
          if (failed(orders))
            return;
          for (auto& order : orders->orders)
            reading_.open_orders.push_back(std::move(order));
          if (orders->next_cursor.empty())
            next_fills();
          else
            open_orders(orders->next_cursor, page + 1);
        });
  }

  void next_fills() {
    if (plan_.fills_since.empty()) {
      next_fee();
      return;
    }
    const auto first = plan_.fills_since.begin();
    const auto symbol = first->first;
    const auto since = first->second;
    plan_.fills_since.erase(first);
    fills(symbol, since, {}, 0);
  }

  void fills(const core::Symbol& symbol, core::UnixMillis since, const std::string& cursor,
             int page) {
    if (page >= pages_max) {
      done_(core::fail(core::Errc::out_of_range, "more fills than 50 pages", symbol.text()));
      return;
    }
    ask(
        [this, symbol, since, cursor](const Credentials& keys, const Stamp& stamp) {
          return trading_.fills({symbol, {}, {}}, since, cursor, keys, stamp);
        },
        [this, symbol, since, page](int status, std::string_view body) {
          auto found = trading_.parse_fills(status, body);
          if (failed(found))
            return;
          for (auto& fill : found->fills)
            reading_.fills.push_back(std::move(fill));
          if (found->next_cursor.empty())
            next_fills();
          else
            fills(symbol, since, found->next_cursor, page + 1);
        });
  }

  void next_fee() {
    if (plan_.fees.empty()) {
      done_(std::move(reading_));
      return;
    }
    const auto symbol = plan_.fees.back();
    plan_.fees.pop_back();
    ask([this, symbol](const Credentials& keys,
                       const Stamp& stamp) { return trading_.fees(symbol, keys, stamp); },
        [this, symbol](int status, std::string_view body) {
          auto fees = trading_.parse_fees(status, body);
          if (failed(fees))
            return;
          reading_.fees[symbol] = *fees;
          next_fee();
        });
  }

  const Trading& trading_;
  std::shared_ptr<SignedClient> rest_;
  AccountPlan plan_;
  std::function<void(core::Result<AccountReading>)> done_;
  AccountReading reading_;
};

} // namespace

void read_account(const Trading& trading, const std::shared_ptr<SignedClient>& rest,
                  AccountPlan plan, std::function<void(core::Result<AccountReading>)> done) {
  std::make_shared<Reader>(trading, rest, std::move(plan), std::move(done))->start();
}

} // namespace tandem::adapters::venues
