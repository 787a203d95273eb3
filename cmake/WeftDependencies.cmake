# The packages that Weft stands on. Included by Weft's own build and by an installed WeftConfig.cmake, so it
# only looks for things: what it did not find it leaves in WEFT_MISSING. Newer protobuf ships a CMake package;
# Debian 12's is found by CMake's module.
set(WEFT_MISSING "")

find_package(Threads QUIET)
if(NOT Threads_FOUND)
  list(APPEND WEFT_MISSING "a thread library")
endif()

if(NOT TARGET protobuf::libprotobuf)
  find_package(Protobuf CONFIG QUIET)
  if(NOT TARGET protobuf::libprotobuf)
    find_package(Protobuf 3.21 MODULE QUIET)
  endif()
endif()
if(NOT TARGET protobuf::libprotobuf OR NOT TARGET protobuf::protoc)
  list(APPEND WEFT_MISSING "protobuf >= 3.21 with protoc (libprotobuf-dev, protobuf-compiler)")
endif()

find_package(absl CONFIG QUIET)
if(NOT absl_FOUND)
  list(APPEND WEFT_MISSING "abseil (libabsl-dev)")
endif()

find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  if(NOT TARGET PkgConfig::WEFT_NGHTTP2)
    pkg_check_modules(WEFT_NGHTTP2 QUIET IMPORTED_TARGET GLOBAL libnghttp2>=1.52)
  endif()
  if(NOT TARGET PkgConfig::WEFT_LIBEVENT)
    pkg_check_modules(WEFT_LIBEVENT QUIET IMPORTED_TARGET GLOBAL libevent_core>=2.1)
  endif()
else()
  list(APPEND WEFT_MISSING "pkg-config (pkg-config)")
endif()
if(NOT TARGET PkgConfig::WEFT_NGHTTP2)
  list(APPEND WEFT_MISSING "nghttp2 >= 1.52 (libnghttp2-dev)")
endif()
if(NOT TARGET PkgConfig::WEFT_LIBEVENT)
  list(APPEND WEFT_MISSING "libevent >= 2.1 (libevent-dev)")
endif()

# Found in the scope of whoever includes this: a project that has Weft as a subdirectory generates code and links
# outside of it, so it must see protoc and the libraries too.
get_directory_property(weft_found_here IMPORTED_TARGETS)
foreach(weft_target IN LISTS weft_found_here)
  if(weft_target MATCHES "^(protobuf|absl|Threads)::")
    set_target_properties(${weft_target} PROPERTIES IMPORTED_GLOBAL TRUE)
  endif()
endforeach()
unset(weft_found_here)
unset(weft_target)
