#include "core/supervision/places.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using tandem::core::supervision::Place;
using tandem::core::supervision::Places;

TEST_CASE("as many places as there are, and one that is given back is free again") {
  const auto places = std::make_shared<Places>(2);
  auto first = places->take();
  const auto second = places->take();
  CHECK(first != nullptr);
  CHECK(second != nullptr);
  CHECK(places->take() == nullptr);
  CHECK(places->taken() == 2);
  CHECK(places->refused() == 1);
  first = nullptr;
  CHECK(places->taken() == 1);
  CHECK(places->take() != nullptr); // and given back at once
  CHECK(places->taken() == 1);
}

TEST_CASE("who finds the common bound full is refused though it has room of its own") {
  const auto all = std::make_shared<Places>(3);
  const auto one = std::make_shared<Places>(2, all), other = std::make_shared<Places>(2, all);
  std::vector<Place> held{one->take(), one->take(), other->take()};
  CHECK(one->take() == nullptr);
  CHECK(other->take() == nullptr);
  CHECK(all->taken() == 3);
  CHECK(other->taken() == 1);
  held.clear();
  CHECK(all->taken() == 0);
  CHECK(one->taken() == 0);
}

TEST_CASE("a full one does not keep a place of the common ones") {
  const auto all = std::make_shared<Places>(10);
  const auto one = std::make_shared<Places>(1, all);
  const auto held = one->take();
  CHECK(one->take() == nullptr);
  CHECK(all->taken() == 1);
}

TEST_CASE("a place outlives its giver") {
  auto places = std::make_shared<Places>(1);
  auto held = places->take();
  places = nullptr;
  held = nullptr;
}

TEST_CASE("many threads never hold more than there are") {
  const auto places = std::make_shared<Places>(8);
  std::atomic<bool> too_many{false};
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n)
    threads.emplace_back([&] {
      std::vector<Place> held;
      for (int turn = 0; turn < 10'000; ++turn) {
        if (auto place = places->take())
          held.push_back(std::move(place));
        if (held.size() > 8)
          too_many = true;
        if (held.size() >= 3)
          held.clear();
      }
    });
  for (auto& thread : threads)
    thread.join();
  CHECK_FALSE(too_many);
  CHECK(places->taken() == 0);
}
