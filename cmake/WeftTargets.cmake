# How every target of this build is compiled, and the two verbs that folders declare themselves with:
#   weft_folder(buffer SOURCES a.cc b.cc DEPS base)    a layer of runtime/
#   weft_test(buffer_test SOURCES a_test.cc DEPS buffer)    a test program, one a folder
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(WEFT_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
  set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
endif()
set(CMAKE_CXX_FLAGS_SANITIZER "-O1 -g1 -fno-omit-frame-pointer")

# weft_flags applies to everything compiled here, generated code included; weft_warnings to our own sources.
add_library(weft_flags INTERFACE)
target_compile_options(weft_flags INTERFACE
  -fvisibility-inlines-hidden
  -fno-semantic-interposition
  # Symmetric transfer between coroutines is only flat when sibling calls are optimised.
  $<$<CXX_COMPILER_ID:GNU>:-foptimize-sibling-calls>)
if(WEFT_SANITIZE)
  target_compile_options(weft_flags INTERFACE -fsanitize=${WEFT_SANITIZE})
  target_link_options(weft_flags INTERFACE -fsanitize=${WEFT_SANITIZE})
  if(WEFT_SANITIZE MATCHES "undefined")
    target_compile_options(weft_flags INTERFACE -fno-sanitize-recover=undefined
      # A third of the time that test code takes to compile goes into checks of its every pointer, most of them in
      # GoogleTest's macros. What they would find there, AddressSanitizer finds.
      $<$<BOOL:$<TARGET_PROPERTY:WEFT_TEST_CODE>>:-fno-sanitize=null,alignment,object-size,vptr>)
  endif()
endif()
add_library(weft_warnings INTERFACE)
target_compile_options(weft_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor
  # False alarms of g++ 12: "text" + std::string (GCC bug 105651), and a member that points to a local object which takes
  # itself back in its destructor.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-dangling-pointer>
  $<$<BOOL:${WEFT_WERROR}>:-Werror>)

# Flags and warnings are needed to build the objects, never by those who link the result.
function(weft_private_options target)
  set_target_properties(${target} PROPERTIES WEFT_TEST_CODE "${WEFT_TEST_CODE}")
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:weft_flags> $<BUILD_INTERFACE:weft_warnings>)
endfunction()

if(WEFT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ccache)
endif()

set_property(GLOBAL PROPERTY WEFT_FOLDERS "")
set_property(GLOBAL PROPERTY WEFT_PUBLIC_LIBS "")
set_property(GLOBAL PROPERTY WEFT_PRIVATE_LIBS "")

# A folder of runtime/ as a library of its own, so that its tests link the layers below and nothing else.
# The objects go once more, not compiled again, into the libraries that users link.
function(weft_folder name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_library(weft_${name} STATIC ${ARG_SOURCES})
  target_include_directories(weft_${name} PUBLIC
    "${PROJECT_SOURCE_DIR}/runtime" "${PROJECT_SOURCE_DIR}/runtime/include")
  list(TRANSFORM ARG_DEPS PREPEND weft_)
  target_link_libraries(weft_${name} PUBLIC ${ARG_DEPS} ${ARG_LIBS})
  weft_private_options(weft_${name})
  set_target_properties(weft_${name} PROPERTIES UNITY_BUILD ${WEFT_UNITY} UNITY_BUILD_BATCH_SIZE 0)
  set_property(GLOBAL APPEND PROPERTY WEFT_FOLDERS weft_${name})
  # Users' code calls protobuf and abseil itself; of the rest it must not know.
  foreach(lib IN LISTS ARG_LIBS)
    if(lib MATCHES "^(protobuf|absl|Threads)::")
      set_property(GLOBAL APPEND PROPERTY WEFT_PUBLIC_LIBS ${lib})
    else()
      set_property(GLOBAL APPEND PROPERTY WEFT_PRIVATE_LIBS ${lib})
    endif()
  endforeach()
endfunction()

# Every test program leaves its cases in test-results/, where tests/run counts them.
function(weft_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LIBS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPS PREPEND weft_)
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} ${ARG_LIBS} GTest::gtest GTest::gtest_main)
  weft_private_options(${name})
  # As -Wrestrict above, of "text" + std::string at -O3.
  target_compile_options(${name} PRIVATE
    "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-stringop-overflow;-Wno-array-bounds;-Wno-maybe-uninitialized>")
  if(TARGET weft_test_pch)
    target_precompile_headers(${name} REUSE_FROM weft_test_pch)
  endif()
  if(TARGET weft_quick_tests AND ARG_LABELS MATCHES "(^|;)(unit|memory)(;|$)")
    add_dependencies(weft_quick_tests ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${ARG_TIMEOUT}
    LABELS "${ARG_LABELS}"
    ENVIRONMENT "GTEST_OUTPUT=json:${PROJECT_BINARY_DIR}/test-results/${name}.json;${WEFT_TEST_ENVIRONMENT}")
endfunction()

# A test that is a Python program.
function(weft_python_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "COMMAND;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND "${Python3_EXECUTABLE}" ${ARG_COMMAND})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1" SKIP_RETURN_CODE 77)
endfunction()
