# Third-party libraries, all from Debian 12. Which module may include which is in tools/arch/fences.toml.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
# Only the core of prometheus-cpp: its own package configuration would ask for CURL and civetweb.
find_path(PROMETHEUS_CORE_INCLUDE prometheus/registry.h REQUIRED)
find_library(PROMETHEUS_CORE_LIBRARY prometheus-cpp-core REQUIRED)
add_library(prometheus-cpp::core UNKNOWN IMPORTED)
set_target_properties(prometheus-cpp::core PROPERTIES
  IMPORTED_LOCATION ${PROMETHEUS_CORE_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${PROMETHEUS_CORE_INCLUDE})
find_package(Boost 1.81 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Snappy REQUIRED)
find_package(zstd REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET liblz4)
# Its pkg-config file asks for -pthread in front of the compiler, which precompiled headers do not match.
find_library(MILLRACE_RE2_LIBRARY re2 REQUIRED)
find_path(MILLRACE_RE2_INCLUDE re2/re2.h REQUIRED)
add_library(re2::re2 UNKNOWN IMPORTED)
set_target_properties(re2::re2 PROPERTIES
  IMPORTED_LOCATION ${MILLRACE_RE2_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${MILLRACE_RE2_INCLUDE})
find_package(CLI11 REQUIRED)

if(MILLRACE_DEVELOPER)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
  find_package(benchmark REQUIRED)
  include(GoogleTest)
endif()
