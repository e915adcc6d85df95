# The messages and services of proto/, compiled once and without warnings: what is generated is not ours to tidy.
#   proto          the messages; what the server needs, which serves every method by its descriptor
#   proto_client   the generated stubs and service classes, for who links them; not built otherwise
# Include as <tandem/v1/trader.pb.h> and <tandem/v1/trader.grpc.pb.h>.
set(proto_root "${PROJECT_SOURCE_DIR}/proto")
set(proto_out "${CMAKE_BINARY_DIR}/proto")
file(MAKE_DIRECTORY "${proto_out}")
file(GLOB_RECURSE proto_files CONFIGURE_DEPENDS RELATIVE "${proto_root}" "${proto_root}/*.proto")

# protoc_generate(OUTPUTS extension OPTIONS option... FILES file...): the rules that make the sources of FILES, listed in OUTPUTS.
function(protoc_generate outputs extension)
  cmake_parse_arguments(PARSE_ARGV 2 generate "" "" "OPTIONS;FILES")
  list(TRANSFORM proto_files PREPEND "${proto_root}/" OUTPUT_VARIABLE all_files)
  set(made)
  foreach(file IN LISTS generate_FILES)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto_out}/${file}")
    add_custom_command(
      OUTPUT "${stem}${extension}.cc" "${stem}${extension}.h"
      COMMAND protobuf::protoc "-I${proto_root}" ${generate_OPTIONS} "${file}"
      DEPENDS ${all_files}
      VERBATIM)
    list(APPEND made "${stem}${extension}.cc" "${stem}${extension}.h")
  endforeach()
  set(${outputs} ${made} PARENT_SCOPE)
endfunction()

protoc_generate(proto_sources .pb OPTIONS "--cpp_out=${proto_out}" FILES ${proto_files})
add_library(proto STATIC ${proto_sources})
target_compile_options(proto PRIVATE -w)
target_include_directories(proto SYSTEM PUBLIC "${proto_out}")
target_link_libraries(proto PUBLIC protobuf::libprotobuf)

set(proto_services ${proto_files})
list(FILTER proto_services INCLUDE REGEX "/(trader|streams|control)\\.proto$")
protoc_generate(
  proto_client_sources .grpc.pb OPTIONS "--grpc_out=${proto_out}" "--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>"
  FILES ${proto_services})
add_library(proto_client STATIC EXCLUDE_FROM_ALL ${proto_client_sources})
target_compile_options(proto_client PRIVATE -w)
target_link_libraries(proto_client PUBLIC proto gRPC::grpc++)

# The same with its comments, for documents: ${proto_descriptors} is a source that holds it.
set(proto_set "${proto_out}/descriptors.bin")
set(proto_descriptors "${proto_out}/descriptors.cpp")
list(TRANSFORM proto_files PREPEND "${proto_root}/" OUTPUT_VARIABLE proto_paths)
add_custom_command(
  OUTPUT "${proto_descriptors}"
  COMMAND protobuf::protoc "-I${proto_root}" --include_imports --include_source_info "--descriptor_set_out=${proto_set}" ${proto_files}
  COMMAND ${CMAKE_COMMAND} "-DINPUT=${proto_set}" "-DOUTPUT=${proto_descriptors}" -DNAMESPACE=tandem::adapters::traders::openapi
          -DSYMBOL=proto_descriptors -P "${PROJECT_SOURCE_DIR}/cmake/embed_bytes.cmake"
  DEPENDS ${proto_paths} "${PROJECT_SOURCE_DIR}/cmake/embed_bytes.cmake"
  VERBATIM)

include(GNUInstallDirs)
install(DIRECTORY "${proto_root}/" DESTINATION "${CMAKE_INSTALL_DATADIR}/tandem/proto" COMPONENT proto FILES_MATCHING PATTERN "*.proto")
