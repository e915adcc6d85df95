/// The JSON that the traders' surface is read and written with: that of every interface.
#pragma once

#include "adapters/transport/json.hpp"

namespace tandem::adapters::traders {

using transport::excerpt;
using transport::Json;
using transport::JsonNumber;
using transport::JsonWriter;
using transport::parse_json;

} // namespace tandem::adapters::traders
