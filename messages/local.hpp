/// Marks a message type as engine-internal: it has no wire form, so it can never be sent to another
/// process (ADR 0003). Use at global scope, before the first handle that names the type.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#define TANDEM_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)
