# weft_floor(NAME <floor> SOURCES a.c ... [TESTS a_test.c ...] [FUZZ a_fuzz.c ...]
#            [USES <floor> ...] [LIBS <target> ...] [TEST_SUPPORT t.c ...]
#            [ALLOW_ALLOC a.c ...] [ALLOW_IO a.c ...] [ALLOW_PROCESS a.c ...])
#
#   SOURCES       -> static library weft_<floor>
#   TESTS         -> one cmocka executable and CTest entry unit/<floor>/<x> per x_test.c (label
#                    unit)
#   FUZZ          -> with WEFT_FUZZ one libFuzzer executable and CTest entry fuzz/<floor>/<x> per
#                    x_fuzz.c; otherwise seeds/<floor>/<x>: the same file with a main that replays
#                    src/<floor>/corpus/<x>/ (label fuzz-seeds)
#   USES          -> lower floors it links
#   LIBS          -> libraries: PkgConfig::SQLITE, weft_yyjson, weft_duckdb_headers, ...
#   TEST_SUPPORT  -> helpers for tests: a library for the tests of this floor and later ones
#   ALLOW_*       -> sources that may call what base/banned.h forbids: allocation, changes to files,
#                    processes

function(weft_allow macro)
  foreach(source IN LISTS ARGN)
    set_property(SOURCE ${source} APPEND PROPERTY COMPILE_DEFINITIONS ${macro})
  endforeach()
endfunction()

# Tests make files, processes and odd allocations to provoke the code; only the string calls stay
# banned there.
add_library(weft_test_options INTERFACE)
target_link_libraries(weft_test_options INTERFACE weft_options)
target_compile_definitions(weft_test_options INTERFACE
  WEFT_BANNED_ALLOW_ALLOC WEFT_BANNED_ALLOW_IO WEFT_BANNED_ALLOW_PROCESS WEFT_BANNED_ALLOW_JUMP)

set(WEFT_TEST_TSAN "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")
string(APPEND WEFT_TEST_TSAN ":suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")
set(WEFT_TEST_ENVIRONMENT
  "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1"
  "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
  "${WEFT_TEST_TSAN}"
  "TZ=UTC" "LC_ALL=C.UTF-8")

function(weft_floor_test floor source)
  string(REGEX REPLACE "_test\\.c$" "" name ${source})
  set(exe test_${floor}_${name})
  get_property(support GLOBAL PROPERTY WEFT_TEST_SUPPORT)
  add_executable(${exe} ${source})
  target_link_libraries(${exe} PRIVATE ${support} weft_${floor} weft_test_options PkgConfig::CMOCKA)
  set_target_properties(${exe} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  set(test ${WEFT_TEST_PREFIX}unit/${floor}/${name})
  add_test(NAME ${test} COMMAND ${exe})
  set_tests_properties(${test} PROPERTIES LABELS unit TIMEOUT 300
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    ENVIRONMENT "${WEFT_TEST_ENVIRONMENT};WEFT_LIBDUCKDB_DIR=${CMAKE_BINARY_DIR}")
endfunction()

function(weft_floor_fuzz floor source)
  string(REGEX REPLACE "_fuzz\\.c$" "" name ${source})
  set(exe fuzz_${floor}_${name})
  set(seeds ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  set(test ${WEFT_TEST_PREFIX}fuzz/${floor}/${name})
  add_executable(${exe} ${source})
  target_link_libraries(${exe} PRIVATE weft_${floor} weft_test_options)
  # libFuzzer calls the entry by name; no header declares it.
  set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -Wno-missing-prototypes)
  set_target_properties(${exe} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  if(WEFT_FUZZ)
    target_link_options(${exe} PRIVATE -fsanitize=fuzzer)
    add_test(NAME ${test} COMMAND ${CMAKE_SOURCE_DIR}/tests/support/fuzz-run
      $<TARGET_FILE:${exe}> ${seeds} ${CMAKE_BINARY_DIR}/fuzz/found/${floor}_${name}
      ${WEFT_FUZZ_SECONDS})
    set_tests_properties(${test} PROPERTIES LABELS fuzz TIMEOUT 86400)
  else()
    target_sources(${exe} PRIVATE ${CMAKE_SOURCE_DIR}/tests/support/fuzz_replay.c)
    set(test ${WEFT_TEST_PREFIX}seeds/${floor}/${name})
    add_test(NAME ${test} COMMAND ${exe} ${seeds})
    set_tests_properties(${test} PROPERTIES LABELS fuzz-seeds TIMEOUT 120)
  endif()
  set_property(TEST ${test} PROPERTY ENVIRONMENT
    "${WEFT_TEST_ENVIRONMENT};WEFT_LIBDUCKDB_DIR=${CMAKE_BINARY_DIR}")
endfunction()

function(weft_floor)
  cmake_parse_arguments(F "" "NAME"
    "SOURCES;TESTS;FUZZ;USES;LIBS;TEST_SUPPORT;ALLOW_ALLOC;ALLOW_IO;ALLOW_PROCESS" ${ARGN})
  if(F_UNPARSED_ARGUMENTS OR NOT F_NAME OR NOT F_SOURCES)
    message(FATAL_ERROR "weft_floor: NAME and SOURCES are needed; "
                        "not understood: ${F_UNPARSED_ARGUMENTS}")
  endif()
  weft_allow(WEFT_BANNED_ALLOW_ALLOC ${F_ALLOW_ALLOC})
  weft_allow(WEFT_BANNED_ALLOW_IO ${F_ALLOW_IO})
  weft_allow(WEFT_BANNED_ALLOW_PROCESS ${F_ALLOW_PROCESS})
  add_library(weft_${F_NAME} STATIC ${F_SOURCES})
  target_link_libraries(weft_${F_NAME} PRIVATE weft_options)
  foreach(used IN LISTS F_USES)
    if(NOT TARGET weft_${used})
      message(FATAL_ERROR "src/${F_NAME} uses src/${used}, which does not stand above it "
                          "in cmake/floors.txt or has no CMakeLists.txt")
    endif()
    target_link_libraries(weft_${F_NAME} PUBLIC weft_${used})
  endforeach()
  target_link_libraries(weft_${F_NAME} PUBLIC ${F_LIBS} Threads::Threads)
  set_property(GLOBAL APPEND PROPERTY WEFT_FLOOR_TARGETS weft_${F_NAME})
  if(WEFT_TESTS)
    if(F_TEST_SUPPORT)
      # Helpers of lower floors stand behind those of this one.
      get_property(lower GLOBAL PROPERTY WEFT_TEST_SUPPORT)
      add_library(weft_${F_NAME}_test_support STATIC ${F_TEST_SUPPORT})
      target_link_libraries(weft_${F_NAME}_test_support PRIVATE weft_test_options
        PUBLIC ${lower} weft_${F_NAME} PkgConfig::CMOCKA)
      set_property(GLOBAL APPEND PROPERTY WEFT_TEST_SUPPORT weft_${F_NAME}_test_support)
    endif()
    # Under libFuzzer only the fuzz targets are wanted: the unit tests run in the other builds.
    if(NOT WEFT_FUZZ)
      foreach(source IN LISTS F_TESTS)
        weft_floor_test(${F_NAME} ${source})
      endforeach()
    endif()
    foreach(source IN LISTS F_FUZZ)
      weft_floor_fuzz(${F_NAME} ${source})
    endforeach()
  endif()
endfunction()
