/// The document is the interface: every route stands in it, and it speaks of nothing that it does
/// not describe. Whether answers are as it says, tests/integration/openapi_test.py asks a running
/// engine.
#include "adapters/traders/openapi/openapi.hpp"

#include "adapters/traders/operations.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <set>
#include <string>

namespace {

using namespace tandem::adapters;
namespace json = boost::json;

const json::object& document() {
  static const json::object parsed
      = json::parse(traders::openapi::document("1.2.3", "mock")).as_object();
  return parsed;
}

/// Calls `found` with every "$ref" below.
template <class Found>
void walk(const json::value& at, const Found& found) {
  if (const auto* list = at.if_array())
    for (const auto& item : *list)
      walk(item, found);
  const auto* object = at.if_object();
  if (object == nullptr)
    return;
  for (const auto& [key, value] : *object) {
    if (key == "$ref")
      found(std::string{value.as_string()});
    else
      walk(value, found);
  }
}

const json::object& operation(const char* path, const char* method) {
  return document().at("paths").at(path).as_object().at(method).as_object();
}

TEST_CASE("every operation stands in the document, under its name") {
  std::size_t documented = 0;
  for (const auto& [path, methods] : document().at("paths").as_object())
    for (const auto& [method, one] : methods.as_object())
      if (one.as_object().contains("operationId") && one.at("deprecated") == false)
        ++documented;
  CHECK(documented == traders::operations().size());
  for (const auto& row : traders::operations()) {
    CAPTURE(row.name);
    std::string method{row.method};
    for (char& c : method)
      c = static_cast<char>(c | 0x20);
    const auto& one = operation(std::string{row.path}.c_str(), method.c_str());
    std::string name{one.at("operationId").as_string()};
    name.front() = static_cast<char>(name.front() & ~0x20);
    CHECK(name == row.name);
    CHECK(one.at("x-role").as_string() == tandem::core::security::to_string(row.role));
    CHECK(one.contains("requestBody") == row.has_body);
  }
}

TEST_CASE("every reference leads somewhere, and every component is spoken of") {
  std::set<std::string> spoken_of;
  walk(document(), [&](const std::string& reference) { spoken_of.insert(reference); });
  std::set<std::string> there;
  for (const auto& [kind, components] : document().at("components").as_object())
    if (kind != "securitySchemes")
      for (const auto& [name, component] : components.as_object())
        there.insert("#/components/" + std::string{kind} + '/' + std::string{name});
  CHECK(spoken_of == there);
}

TEST_CASE("what the document says of a field is what its message says") {
  const auto& schemas = document().at("components").at("schemas").as_object();
  const auto& pair = schemas.at("Pair").as_object();
  CHECK(pair.at("properties").at("threshold").at("type").as_string() == "number"); // exact
  CHECK_FALSE(pair.at("properties").at("threshold").at("description").as_string().empty());
  CHECK(pair.at("properties").at("leg1").at("$ref").as_string()
        == "#/components/schemas/Instrument");
  CHECK(pair.at("additionalProperties") == false);
  std::set<std::string> required;
  for (const auto& name : pair.at("required").as_array())
    required.emplace(name.as_string());
  CHECK(required.contains("totalAmount"));
}

TEST_CASE("a command takes an idempotency key, a read does not") {
  const auto takes_key = [](const json::object& one) {
    bool found = false;
    walk(one.at("parameters"), [&](const std::string& reference) {
      found = found || reference == "#/components/parameters/IdempotencyKey";
    });
    return found;
  };
  CHECK(takes_key(operation("/api/risk/kill", "post")));
  CHECK_FALSE(takes_key(operation("/api/risk/kill", "get")));
}

TEST_CASE("what stands in the path or query is not asked for in the body") {
  const auto& body = operation("/api/monitoring/pairs/{id}", "put")
                         .at("requestBody")
                         .at("content")
                         .at("application/json")
                         .at("schema");
  CHECK_FALSE(body.at("properties").as_object().contains("id"));
  CHECK(body.at("properties").as_object().contains("threshold"));
}

TEST_CASE("the document is labelled with the mode and version, and is the same every time") {
  CHECK(document().at("info").at("x-mode").as_string() == "mock");
  CHECK(document().at("info").at("version").as_string() == "1.2.3");
  CHECK(traders::openapi::document("1", "prod") == traders::openapi::document("1", "prod"));
}

} // namespace
