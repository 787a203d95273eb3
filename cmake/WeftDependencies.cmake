# The packages that Weft stands on. Included by Weft's own build and by an installed WeftConfig.cmake, so it
# may only find things. Newer protobuf ships a CMake package; Debian 12's is found by CMake's module.
find_package(Threads REQUIRED)
find_package(Protobuf CONFIG QUIET)
if(NOT Protobuf_FOUND)
  find_package(Protobuf 3.21 REQUIRED)
endif()
find_package(absl CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(WEFT_NGHTTP2 REQUIRED IMPORTED_TARGET GLOBAL libnghttp2>=1.52)
pkg_check_modules(WEFT_LIBEVENT REQUIRED IMPORTED_TARGET GLOBAL libevent_core>=2.1)
