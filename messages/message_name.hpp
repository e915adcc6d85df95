/// The kind of a message as people read it: the type's name without its namespaces, made at compile
/// time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace tandem::messages {
namespace detail {

template <class Type>
[[nodiscard]] constexpr std::string_view name_of_type() {
  std::string_view text{__PRETTY_FUNCTION__}; // "... [with Type = a::b::Name; ...]"
  const std::string_view before{"Type = "};
  text.remove_prefix(text.find(before) + before.size());
  text = text.substr(0, text.find_first_of(";]"));
  // The namespaces of the type itself, not those of its parameters.
  const auto scope = text.substr(0, text.find('<')).rfind("::");
  return scope == std::string_view::npos ? text : text.substr(scope + 2);
}

template <class Type>
struct TypeName {
  static constexpr auto text = [] {
    constexpr auto name = name_of_type<Type>();
    std::array<char, name.size() + 1> copy{};
    std::ranges::copy(name, copy.begin());
    return copy;
  }();
};

} // namespace detail

/// Of a handler's arguments, the first names it. Lives for ever.
template <class... Arguments>
[[nodiscard]] constexpr const char* kind_of_message() {
  if constexpr (sizeof...(Arguments) == 0) {
    return "nothing";
  } else {
    using First = std::tuple_element_t<0, std::tuple<Arguments...>>;
    return detail::TypeName<std::remove_cvref_t<First>>::text.data();
  }
}

} // namespace tandem::messages
