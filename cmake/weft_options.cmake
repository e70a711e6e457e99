# How every C file of weft is compiled: the interface target weft_options.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

find_program(WEFT_CCACHE ccache)
if(WEFT_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${WEFT_CCACHE})
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(weft_options INTERFACE)
target_include_directories(weft_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(weft_options INTERFACE
  _GNU_SOURCE
  WEFT_VERSION="${PROJECT_VERSION}"
  $<$<BOOL:${WEFT_FAULTS}>:WEFT_FAULTS=1>)
target_compile_options(weft_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  $<$<BOOL:${WEFT_WERROR}>:-Werror>
  # Some distributions turn fortification on by default; its inline copies would hide banned calls.
  -fno-omit-frame-pointer -fstack-protector-strong -U_FORTIFY_SOURCE
  -include ${CMAKE_SOURCE_DIR}/src/base/banned.h)
target_link_options(weft_options INTERFACE -Wl,-z,relro,-z,now)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(weft_options INTERFACE
    -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections)
  target_link_options(weft_options INTERFACE -Wl,--gc-sections)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT WEFT_LTO OUTPUT ignored LANGUAGES C)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${WEFT_LTO})
endif()

# Sanitizers and instrumentation cover the bundled C sources too, hence directory-wide.
if(WEFT_SANITIZE)
  add_compile_options(-fsanitize=${WEFT_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEFT_SANITIZE} -fno-sanitize-recover=all)
endif()
if(WEFT_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
if(WEFT_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "WEFT_FUZZ needs clang (use the preset: cmake --preset fuzz)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
