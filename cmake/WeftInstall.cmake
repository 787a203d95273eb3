# What `cmake --install` lays down: headers, both libraries, the plugin, Weft's .proto files, and the two ways by
# which other builds find them (a CMake package and weft.pc). Paths in both are relative: a prefix may be moved.
include(CMakePackageConfigHelpers)

set(weft_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Weft")

set_target_properties(weft PROPERTIES EXPORT_NAME static)
set_target_properties(weft_shared PROPERTIES EXPORT_NAME shared)
set(weft_installed weft weft_shared)
if(TARGET protoc-gen-weft)
  list(APPEND weft_installed protoc-gen-weft)
endif()
install(TARGETS ${weft_installed} EXPORT WeftTargets
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT WeftTargets NAMESPACE weft:: DESTINATION "${weft_cmake_dir}")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/runtime/include/weft" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h")
# Beside the headers, as protobuf does: one -I serves the compiler and protoc.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/proto/weft" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.proto" PATTERN "internal" EXCLUDE)
install(FILES "${WEFT_OPTIONS_DIR}/weft/options.pb.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weft")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/WeftConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/cmake/WeftConfig.cmake"
  INSTALL_DESTINATION "${weft_cmake_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cmake/WeftConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/cmake/WeftConfig.cmake"
  "${PROJECT_BINARY_DIR}/cmake/WeftConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/WeftDependencies.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/WeftGenerate.cmake"
  DESTINATION "${weft_cmake_dir}")

# weft.pc names the modules that pkg-config knows the same libraries by.
function(weft_pkgconfig_modules result)
  set(modules "")
  foreach(lib IN LISTS ARGN)
    if(lib MATCHES "^absl::(.*)$")
      list(APPEND modules "absl_${CMAKE_MATCH_1}")
    elseif(lib STREQUAL "protobuf::libprotobuf")
      list(APPEND modules protobuf)
    elseif(lib STREQUAL "PkgConfig::WEFT_NGHTTP2")
      list(APPEND modules "libnghttp2 >= 1.52")
    elseif(lib STREQUAL "PkgConfig::WEFT_LIBEVENT")
      list(APPEND modules "libevent_core >= 2.1")
    elseif(NOT lib STREQUAL "Threads::Threads")
      message(FATAL_ERROR "cmake/WeftInstall.cmake does not know how weft.pc should name ${lib}")
    endif()
  endforeach()
  list(JOIN modules ", " modules)
  set(${result} "${modules}" PARENT_SCOPE)
endfunction()

get_property(weft_public_libs GLOBAL PROPERTY WEFT_PUBLIC_LIBS)
get_property(weft_private_libs GLOBAL PROPERTY WEFT_PRIVATE_LIBS)
list(REMOVE_DUPLICATES weft_public_libs)
list(REMOVE_DUPLICATES weft_private_libs)
weft_pkgconfig_modules(WEFT_PC_REQUIRES ${weft_public_libs})
weft_pkgconfig_modules(WEFT_PC_REQUIRES_PRIVATE ${weft_private_libs})
file(RELATIVE_PATH WEFT_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" WEFT_PC_PREFIX "${WEFT_PC_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/weft.pc.in" "${PROJECT_BINARY_DIR}/cmake/weft.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cmake/weft.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
