# weft_generate(TARGET name PROTOS a.proto b.proto [IMPORT_DIRS dirs] [OUT_DIR dir] [MOCKS])
#
# Makes a library target of the messages (.pb) and services (.weft) of some .proto files; link it and include
# "a.pb.h" and "a.weft.h". The .proto files exist, or a rule that comes before makes them. A path in PROTOS or IMPORT_DIRS may be relative to the current source directory, which is
# also the import directory if none is given. How a file is named to protoc, and so where its headers lie, is its path
# below the import directory that holds it. A target that imports the files of another one links it:
# target_link_libraries(name PUBLIC other). "weft/options.proto" can be imported as it is. MOCKS adds a.weft.mock.h; who includes it links gmock too.
#
# Works in Weft's own build, below it (add_subdirectory) and with an installed Weft (find_package).
function(weft_generate)
  cmake_policy(SET CMP0116 NEW)  # depfiles are relative to the current binary directory
  cmake_parse_arguments(PARSE_ARGV 0 ARG "MOCKS" "TARGET;OUT_DIR" "PROTOS;IMPORT_DIRS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weft_generate: unknown argument: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_TARGET OR NOT ARG_PROTOS)
    message(FATAL_ERROR "weft_generate needs TARGET, the name of the library to make, and PROTOS, its .proto files")
  endif()
  if(NOT ARG_OUT_DIR)
    set(ARG_OUT_DIR "weft/${ARG_TARGET}")
  endif()
  get_filename_component(out "${ARG_OUT_DIR}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  if(NOT ARG_IMPORT_DIRS)
    set(ARG_IMPORT_DIRS "${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  set(imports "")
  set(import_options "")
  foreach(dir IN LISTS ARG_IMPORT_DIRS)
    get_filename_component(dir "${dir}" ABSOLUTE)
    if(NOT IS_DIRECTORY "${dir}")
      message(WARNING "weft_generate(TARGET ${ARG_TARGET}): ${dir} of IMPORT_DIRS is not a directory")
    endif()
    list(APPEND imports "${dir}")
    list(APPEND import_options "--proto_path=${dir}")
  endforeach()
  # Last, so that a user's directories come first: weft/options.proto.
  get_property(weft_protos GLOBAL PROPERTY WEFT_PROTO_DIR)
  list(APPEND import_options "--proto_path=${weft_protos}")
  set(mocks false)
  if(ARG_MOCKS)
    set(mocks true)
  endif()

  set(sources "")
  set(messages "")
  foreach(proto IN LISTS ARG_PROTOS)
    weft_internal_check_proto("${ARG_TARGET}" "${proto}")
    get_filename_component(proto "${proto}" ABSOLUTE)
    weft_internal_proto_name(name "${proto}" "${imports}")
    string(REGEX REPLACE "\\.proto(devel)?$" "" base "${name}")
    get_filename_component(folder "${out}/${base}" DIRECTORY)
    file(MAKE_DIRECTORY "${folder}")
    # In the order of protoc's depfile: ninja wants its first file to be the first here.
    set(files "${out}/${base}.pb.cc" "${out}/${base}.pb.h" "${out}/${base}.weft.cc" "${out}/${base}.weft.h")
    if(ARG_MOCKS)
      list(APPEND files "${out}/${base}.weft.mock.h")
    endif()
    add_custom_command(
      OUTPUT ${files}
      COMMAND protobuf::protoc ${import_options}
        "--plugin=protoc-gen-weft=$<TARGET_FILE:weft::protoc-gen-weft>"
        "--cpp_out=${out}" "--weft_out=${out}" "--weft_opt=mocks=${mocks}"
        "--dependency_out=${out}/${base}.d" "${name}"
      DEPENDS "${proto}" weft::protoc-gen-weft
      DEPFILE "${out}/${base}.d"
      COMMENT "Generating C++ from ${name}"
      VERBATIM)
    list(APPEND sources ${files})
    list(APPEND messages "${out}/${base}.pb.cc")
  endforeach()

  add_library(${ARG_TARGET} ${sources})
  set_target_properties(${ARG_TARGET} PROPERTIES
    POSITION_INDEPENDENT_CODE ON UNITY_BUILD OFF CXX_CLANG_TIDY "" CXX_CPPCHECK "" CXX_INCLUDE_WHAT_YOU_USE "")
  target_compile_features(${ARG_TARGET} PUBLIC cxx_std_20)
  # What protobuf generates warns under strict flags, and nobody can mend it there.
  set_source_files_properties(${messages} PROPERTIES COMPILE_OPTIONS -w)
  target_include_directories(${ARG_TARGET} SYSTEM PUBLIC "$<BUILD_INTERFACE:${out}>")
  target_link_libraries(${ARG_TARGET} PUBLIC weft::weft protobuf::libprotobuf)
  if(TARGET weft_flags)
    # Weft's own build: sanitizers see generated code too.
    target_link_libraries(${ARG_TARGET} PRIVATE $<BUILD_INTERFACE:weft_flags>)
  endif()
endfunction()

# What is no .proto file is an error here, not in the build: a misspelt keyword is taken for one.
function(weft_internal_check_proto target proto)
  if(NOT proto MATCHES "\\.proto(devel)?$")
    message(FATAL_ERROR "weft_generate(TARGET ${target}): ${proto} of PROTOS is no .proto file; the keywords are TARGET, "
      "PROTOS, IMPORT_DIRS, OUT_DIR and MOCKS")
  endif()
  get_filename_component(path "${proto}" ABSOLUTE)
  get_source_file_property(generated "${path}" GENERATED)
  if(NOT generated AND NOT EXISTS "${path}")
    message(FATAL_ERROR "weft_generate(TARGET ${target}): ${path} of PROTOS does not exist; if the build makes it, "
      "say so before: by add_custom_command(OUTPUT ...) in this directory, or, for one made elsewhere, by "
      "set_source_files_properties(${proto} PROPERTIES GENERATED ON)")
  endif()
endfunction()

# The name by which protoc knows a file: its path below the deepest import directory above it.
function(weft_internal_proto_name result proto imports)
  if(EXISTS "${proto}")
    # protoc says only "Expected top-level statement" of these, before the plugin runs.
    file(STRINGS "${proto}" edition REGEX "^[ \t]*edition[ \t]*=" LIMIT_COUNT 1)
    if(edition)
      message(FATAL_ERROR "weft_generate: ${proto}: edition files are not supported by this protoc-gen-weft; "
        "use proto2 or proto3")
    endif()
  endif()
  set(best "")
  foreach(dir IN LISTS imports)
    file(RELATIVE_PATH name "${dir}" "${proto}")
    if(NOT name MATCHES "^\\.\\./" AND NOT IS_ABSOLUTE "${name}")
      string(LENGTH "${name}" length)
      string(LENGTH "${best}" best_length)
      if(best STREQUAL "" OR length LESS best_length)
        set(best "${name}")
      endif()
    endif()
  endforeach()
  if(best STREQUAL "")
    list(JOIN imports ", " imports)
    message(FATAL_ERROR "weft_generate: ${proto} lies in none of the import directories (${imports}); "
      "name the directory that its imports are relative to with IMPORT_DIRS")
  endif()
  set(${result} "${best}" PARENT_SCOPE)
endfunction()
