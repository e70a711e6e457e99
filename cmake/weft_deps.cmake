# The libraries weft stands on. System packages by pkg-config; the rest from third_party/npm, which
# script/setup fills from third_party/npm.lock. Nothing is downloaded here.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(FYAML REQUIRED IMPORTED_TARGET libfyaml>=0.7)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
if(WEFT_TESTS)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
  pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl>=3.0)
endif()

# libcurl: the headers at build time; the library is opened when something is fetched, never linked
# (it costs each start of the program 9 ms).
pkg_check_modules(CURL REQUIRED libcurl>=7.85)
add_library(weft_curl_headers INTERFACE)
target_include_directories(weft_curl_headers SYSTEM INTERFACE ${CURL_INCLUDE_DIRS})
target_link_libraries(weft_curl_headers INTERFACE ${CMAKE_DL_LIBS})

# libedit: likewise; only the shell edits lines.
pkg_check_modules(EDIT REQUIRED libedit>=3.1)
add_library(weft_edit_headers INTERFACE)
target_include_directories(weft_edit_headers SYSTEM INTERFACE ${EDIT_INCLUDE_DIRS})
target_link_libraries(weft_edit_headers INTERFACE ${CMAKE_DL_LIBS})

# weft_npm_folder(<out> <name>): where the pinned package <name> was unpacked.
function(weft_npm_folder out name)
  file(STRINGS ${CMAKE_SOURCE_DIR}/third_party/npm.lock line REGEX "^${name} ")
  if(NOT line MATCHES "^[^ ]+ ([^ ]+) ")
    message(FATAL_ERROR "third_party/npm.lock does not name ${name}")
  endif()
  set(version ${CMAKE_MATCH_1})
  string(REPLACE "@" "" plain ${name})
  string(REPLACE "/" "-" plain ${plain})
  set(folder ${CMAKE_SOURCE_DIR}/third_party/npm/${plain}-${version})
  if(NOT IS_DIRECTORY ${folder})
    message(FATAL_ERROR "${folder} is missing: run script/setup (or script/npm-fetch)")
  endif()
  set(${out} ${folder} PARENT_SCOPE)
endfunction()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS third_party/npm.lock)

weft_npm_folder(WEFT_NPM_DUCKDB duckdb)
weft_npm_folder(WEFT_NPM_LIBDUCKDB @duckdb/node-bindings-linux-x64)

# DuckDB: the header at build time; the library is opened at run time from beside the program, never
# linked.
add_library(weft_duckdb_headers INTERFACE)
target_include_directories(weft_duckdb_headers SYSTEM INTERFACE
  ${WEFT_NPM_DUCKDB}/src/duckdb/src/include)
target_compile_definitions(weft_duckdb_headers INTERFACE DUCKDB_API_NO_DEPRECATED)
target_link_libraries(weft_duckdb_headers INTERFACE ${CMAKE_DL_LIBS})
set(WEFT_LIBDUCKDB ${WEFT_NPM_LIBDUCKDB}/libduckdb.so)
file(RELATIVE_PATH weft_libduckdb_link ${CMAKE_BINARY_DIR} ${WEFT_LIBDUCKDB})
file(CREATE_LINK ${weft_libduckdb_link} ${CMAKE_BINARY_DIR}/libduckdb.so SYMBOLIC)

# yyjson: the system's where it is new enough, else the copy inside duckdb's sources made plain C
# again. DuckDB wraps it in a C++ namespace; without those lines (and an include of a C++ header) it
# is the original.
pkg_check_modules(YYJSON IMPORTED_TARGET yyjson>=0.9)
add_library(weft_yyjson INTERFACE)
if(YYJSON_FOUND)
  target_link_libraries(weft_yyjson INTERFACE PkgConfig::YYJSON)
else()
  set(yy_from ${WEFT_NPM_DUCKDB}/src/duckdb/third_party/yyjson)
  set(yy_to ${CMAKE_BINARY_DIR}/yyjson)
  foreach(pair include/yyjson.hpp:yyjson.h yyjson.cpp:yyjson.c)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 from)
    list(GET pair 1 to)
    file(READ ${yy_from}/${from} text)
    string(REPLACE "namespace duckdb_yyjson {\n" "" text "${text}")
    string(REPLACE "} // namespace duckdb_yyjson\n" "" text "${text}")
    string(REPLACE "#include \"duckdb/common/fast_mem.hpp\"\n" "" text "${text}")
    string(REPLACE "#include \"yyjson.hpp\"" "#include \"yyjson.h\"" text "${text}")
    string(REPLACE "duckdb::FastMemcpy" "memcpy" text "${text}")
    string(REPLACE "duckdb::FastMemcmp" "memcmp" text "${text}")
    # Written only when it differs, so that configuring again does not compile it again.
    set(old "")
    if(EXISTS ${yy_to}/${to})
      file(READ ${yy_to}/${to} old)
    endif()
    if(NOT old STREQUAL text)
      file(WRITE ${yy_to}/${to} "${text}")
    endif()
  endforeach()
  add_library(yyjson STATIC ${yy_to}/yyjson.c)
  # Not ours to prove free of undefined behaviour, and a minute to compile when instrumented for it;
  # AddressSanitizer stays, as it sees what we hand in.
  target_compile_options(yyjson PRIVATE -w -O2)
  if(WEFT_SANITIZE)
    target_compile_options(yyjson PRIVATE -O1 -fno-sanitize=undefined)
  endif()
  target_include_directories(yyjson SYSTEM PUBLIC ${yy_to})
  target_link_libraries(weft_yyjson INTERFACE yyjson)
endif()
