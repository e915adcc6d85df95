/// What a person asks of the tree itself.
#pragma once

#include "messages/local.hpp"

#include <string>

namespace tandem::messages {

/// To a supervisor: stops a child in order and starts it again, and with it the siblings that its
/// strategy restarts with it. It counts against no intensity. Nobody answers; a name that is none
/// of its children's changes nothing.
struct RestartChild {
  std::string name;
  std::string person;
};

} // namespace tandem::messages

TANDEM_LOCAL_MESSAGE(tandem::messages::RestartChild)
