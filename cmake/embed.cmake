# embed(target file symbol): makes `extern const char* const <symbol>` in namespace tandem::actors from a text file, so that the program needs no
# files beside it.
function(embed target file symbol)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/embedded/${symbol}.cpp")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  file(READ "${file}" EMBEDDED_TEXT)
  file(CONFIGURE OUTPUT "${output}" CONTENT "namespace tandem::actors {
extern const char* const ${symbol};
const char* const ${symbol} = R\"embedded(@EMBEDDED_TEXT@)embedded\";
} // namespace tandem::actors
" @ONLY)
  target_sources(${target} PRIVATE "${output}")
  set_source_files_properties("${output}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
