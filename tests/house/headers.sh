#!/bin/sh
# headers.sh ROOT COMPILER FLAG...: every header of src/ compiles alone, by side-by-side runs of the
# compiler that write nothing.
set -eu
root=$1
compiler=$2
shift 2
cd "$root"
find src -name '*.h' -print0 |
    xargs -0 -r -n 4 -P "$(nproc)" "$compiler" -std=gnu17 -fsyntax-only -D_GNU_SOURCE \
        -DDUCKDB_API_NO_DEPRECATED -Wall -Wextra -Werror -Wno-unused-function -Wstrict-prototypes \
        -include src/base/banned.h -Isrc "$@" -x c
