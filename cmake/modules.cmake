# add_module(NAME FLOOR n DEPENDS … FACE … PRIVATE_LIBS …): one folder, one static library, one test binary.
#
# FLOOR         the storey the module stands on; every module in DEPENDS must stand on a lower one
# DEPENDS       modules whose headers this one may include; `./dev arch` checks the includes against it
# TEST_DEPENDS  further modules, on lower floors too, that only its tests may include
# FACE          subfolders whose headers other modules may include, besides the top of the folder (ADR 15)
# PUBLIC_LIBS   third-party CMake targets that the module's own headers need
# PRIVATE_LIBS  third-party CMake targets that only its .cc files need
#
# Sources are the module's *.cc; *_test.cc go to the test binary, *_bench.cc to the benchmark binary and
# *_fuzz.cc become one fuzz target each. A main.cc is left to the module's own CMakeLists.txt.

define_property(GLOBAL PROPERTY MILLRACE_MODULES BRIEF_DOCS "Names of all modules, in order of definition")

# One precompiled header serves all modules; it is built once and reused because all targets share their flags.
file(WRITE ${CMAKE_BINARY_DIR}/pch/pch.cc "")
add_library(millrace_pch STATIC ${CMAKE_BINARY_DIR}/pch/pch.cc)
target_link_libraries(millrace_pch PUBLIC fmt::fmt)
target_precompile_headers(millrace_pch PRIVATE
  <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <deque> <functional> <map> <memory> <mutex>
  <optional> <span> <string> <string_view> <tuple> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

if(MILLRACE_DEVELOPER)
  # What `ctest -L unit` needs, and nothing else.
  add_custom_target(unit_tests)
  add_library(millrace_test_pch STATIC ${CMAKE_BINARY_DIR}/pch/pch.cc)
  target_link_libraries(millrace_test_pch PUBLIC GTest::gtest GTest::gmock fmt::fmt)
  target_precompile_headers(millrace_test_pch PRIVATE
    <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <string> <string_view> <vector>
    <fmt/format.h> <gtest/gtest.h> <gmock/gmock.h>)
endif()

# join_units(TARGET): where MILLRACE_UNITY says so, compiles the target's files by the dozen. What two files of one
# target name in anonymous namespaces must therefore differ.
function(join_units target)
  if(MILLRACE_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${MILLRACE_UNITY})
    # A unit's files are no longer the main file, so that g++ takes them for headers here.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

function(add_module name)
  cmake_parse_arguments(arg "" "FLOOR" "DEPENDS;TEST_DEPENDS;FACE;PUBLIC_LIBS;PRIVATE_LIBS" ${ARGN})
  set(target millrace_${name})

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  set(benches ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "(_(test|bench|fuzz)|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  set(module_libs "")
  set(test_libs "")
  foreach(dependency IN LISTS arg_DEPENDS arg_TEST_DEPENDS)
    get_property(floor GLOBAL PROPERTY MILLRACE_FLOOR_${dependency})
    if("${floor}" STREQUAL "")
      message(FATAL_ERROR "${name} depends on ${dependency}, which is not defined before it")
    elseif(NOT floor LESS arg_FLOOR)
      message(FATAL_ERROR "${name} (floor ${arg_FLOOR}) may not depend on ${dependency} (floor ${floor})")
    endif()
    if(dependency IN_LIST arg_DEPENDS)
      list(APPEND module_libs millrace::${dependency})
    else()
      list(APPEND test_libs millrace::${dependency})
    endif()
  endforeach()

  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC ${module_libs} ${arg_PUBLIC_LIBS} fmt::fmt
                                    PRIVATE ${arg_PRIVATE_LIBS})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
    target_precompile_headers(${target} REUSE_FROM millrace_pch)
    join_units(${target})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${module_libs} ${arg_PUBLIC_LIBS} fmt::fmt)
    target_include_directories(${target} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  endif()
  add_library(millrace::${name} ALIAS ${target})

  set_property(GLOBAL APPEND PROPERTY MILLRACE_MODULES ${name})
  set_property(GLOBAL PROPERTY MILLRACE_FLOOR_${name} ${arg_FLOOR})
  set_property(GLOBAL PROPERTY MILLRACE_DEPENDS_${name} "${arg_DEPENDS}")
  set_property(GLOBAL PROPERTY MILLRACE_TEST_DEPENDS_${name} "${arg_TEST_DEPENDS}")
  set_property(GLOBAL PROPERTY MILLRACE_FACE_${name} "${arg_FACE}")
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set_property(GLOBAL PROPERTY MILLRACE_FOLDER_${name} ${folder})

  if(MILLRACE_DEVELOPER)
    if(tests)
      add_millrace_test(${name}_test SOURCES ${tests} LIBS millrace::${name} ${test_libs} ${arg_PRIVATE_LIBS})
    endif()
    if(benches)
      add_executable(${name}_bench ${benches})
      target_link_libraries(${name}_bench PRIVATE millrace::${name} ${test_libs} ${arg_PRIVATE_LIBS} benchmark::benchmark_main)
    endif()
  endif()
  if(MILLRACE_FUZZ)
    foreach(fuzzer IN LISTS fuzzers)
      get_filename_component(fuzzer_name ${fuzzer} NAME_WE)
      add_executable(${fuzzer_name} ${fuzzer})
      target_link_libraries(${fuzzer_name} PRIVATE millrace::${name} ${test_libs})
      target_link_options(${fuzzer_name} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()

# add_millrace_test(NAME SOURCES … LIBS … [LABELS …]): one GoogleTest binary, its cases found when ctest runs.
function(add_millrace_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gtest_main GTest::gmock rapidcheck)
  target_precompile_headers(${name} REUSE_FROM millrace_test_pch)
  if(unit IN_LIST arg_LABELS)
    add_dependencies(unit_tests ${name})
  endif()
  # The timeout finds what hangs. What syncs may take minutes where the disk is slow and shared.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}:"
                       PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 600)
endfunction()

# write_module_graph(FILE): name, folder, floor, dependencies and face of each module, for tools/arch.
function(write_module_graph file)
  get_property(modules GLOBAL PROPERTY MILLRACE_MODULES)
  set(rows "")
  foreach(name IN LISTS modules)
    get_property(floor GLOBAL PROPERTY MILLRACE_FLOOR_${name})
    get_property(depends GLOBAL PROPERTY MILLRACE_DEPENDS_${name})
    get_property(test_depends GLOBAL PROPERTY MILLRACE_TEST_DEPENDS_${name})
    get_property(face GLOBAL PROPERTY MILLRACE_FACE_${name})
    get_property(folder GLOBAL PROPERTY MILLRACE_FOLDER_${name})
    list(TRANSFORM face REPLACE "(.+)" "\"\\1\"")
    list(JOIN face ", " face)
    list(TRANSFORM depends REPLACE "(.+)" "\"\\1\"")
    list(JOIN depends ", " depends)
    list(TRANSFORM test_depends REPLACE "(.+)" "\"\\1\"")
    list(JOIN test_depends ", " test_depends)
    list(APPEND rows "  {\"name\": \"${name}\", \"folder\": \"${folder}\", \"floor\": ${floor}, \"depends\": [${depends}], \"test_depends\": [${test_depends}], \"face\": [${face}]}")
  endforeach()
  list(JOIN rows ",\n" rows)
  file(WRITE ${file} "[\n${rows}\n]\n")
endfunction()
