# Run while building: cmake -DINPUT=file -DOUTPUT=file.cpp -DNAMESPACE=a::b -DSYMBOL=name -P embed_bytes.cmake
# makes `extern const char <symbol>[]` and `extern const std::size_t <symbol>_size` of any file.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
string(LENGTH "${hex}" length)
math(EXPR size "${length} / 2")
# Lines of a few hundred characters: compilers and editors have limits.
string(REGEX REPLACE "((\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?)"
                     "\"\\1\"\n" lines "${bytes}")
file(WRITE "${OUTPUT}" "#include <cstddef>
namespace ${NAMESPACE} {
extern const char ${SYMBOL}[];
extern const std::size_t ${SYMBOL}_size;
const char ${SYMBOL}[] =
${lines};
const std::size_t ${SYMBOL}_size = ${size};
} // namespace ${NAMESPACE}
")
