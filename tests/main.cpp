// The one file that carries doctest's main function (five seconds to compile; the tests themselves
// cost 0.1 s each).
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
