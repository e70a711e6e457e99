#!/bin/sh
# banned_test.sh ROOT GCC: what base/banned.h forbids does not compile, and its exceptions do.
set -eu
header=$1/src/base/banned.h
compiler=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compiles() { # compiles BODY FLAG...
    printf 'int f(char *p);\nint f(char *p)\n{\n%s\nreturn p != 0;\n}\n' "$1" >"$work/a.c"
    shift
    "$compiler" -std=gnu17 -O1 -U_FORTIFY_SOURCE -include "$header" "$@" -c "$work/a.c" \
        -o "$work/a.o" 2>"$work/log"
}
refused() {
    ! compiles "$@" || { echo "compiled, though banned: $1"; exit 1; }
    grep -q banned "$work/log" || { echo "not for this reason: $1"; cat "$work/log"; exit 1; }
}
permitted() { compiles "$@" || { echo "refused: $1"; cat "$work/log"; exit 1; }; }

permitted ';'
for call in 'strcpy(p, "a");' 'strcat(p, p);' 'sprintf(p, "a");' 'strncpy(p, p, 2);' 'atoi(p);' \
    'gmtime(0);' 'localtime(0);' 'strtok(p, p);' 'alloca(3);' 'mktemp(p);'; do
    refused "$call"
done
for call in 'p = malloc(3);' 'free(p);' 'p = realloc(p, 9);' 'p = calloc(2, 2);' 'p = strdup(p);' \
    'if (asprintf(&p, "a") < 0) return 2;'; do
    refused "$call"
    permitted "$call" -DWEFT_BANNED_ALLOW_ALLOC
done
for call in 'if (write(1, p, 1) < 0) return 2;' 'if (open(p, 0) < 0) return 2;' \
    'fclose(fopen(p, "w"));' 'rename(p, p);' 'unlink(p);' 'fsync(1);' 'mkdir(p, 0700);' \
    'if (ftruncate(1, 0)) return 2;'; do
    refused "$call"
    permitted "$call" -DWEFT_BANNED_ALLOW_IO
done
for call in 'if (system(p)) return 2;' 'if (fork()) return 2;'; do
    refused "$call"
    permitted "$call" -DWEFT_BANNED_ALLOW_PROCESS
done
refused 'jmp_buf b; if (setjmp(b)) return 2;'
# Members of these names are ours to use.
permitted 'struct { int (*open)(char *); void (*free)(char *); } s = {0}; if (*p) s.free(p);'
