/// The wire names of a pair's fields: one vocabulary for the configuration file and the traders'
/// REST surface.
#pragma once

#include <string_view>

namespace tandem::config::pair_keys {

inline constexpr std::string_view id = "id";
inline constexpr std::string_view leg1 = "leg1";
inline constexpr std::string_view leg2 = "leg2";
inline constexpr std::string_view exchange = "exchange"; ///< of a leg
inline constexpr std::string_view symbol = "symbol";     ///< of a leg
inline constexpr std::string_view type = "type";         ///< of a leg: spot | linear
inline constexpr std::string_view threshold = "threshold";
inline constexpr std::string_view quantity = "qty";
inline constexpr std::string_view total_amount = "totalAmount";
inline constexpr std::string_view direction = "direction";
inline constexpr std::string_view enabled = "enabled";
inline constexpr std::string_view mode = "mode"; ///< active | read_only

inline constexpr std::string_view options = "options";
inline constexpr std::string_view leg1_fee = "leg1Fee"; ///< of the options
inline constexpr std::string_view leg2_fee = "leg2Fee"; ///< of the options
inline constexpr std::string_view book_age_max
    = "bookAgeMaxMs"; ///< of the options, whole milliseconds
inline constexpr std::string_view change_percent
    = "changePercent";                               ///< of the options, percent points
inline constexpr std::string_view levels = "levels"; ///< of the options

} // namespace tandem::config::pair_keys
