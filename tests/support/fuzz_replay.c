/* A main for fuzz targets in builds without libFuzzer: feeds the empty input and every file of the
 * given folders once, so that the seeds are tested by every compiler and sanitizer. Folders that do
 * not exist are skipped (no seeds yet). */
#include <dirent.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_SIZE_MAX = 16 << 20 };

static int replay_file(const char *folder, const char *name)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return 1;
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    uint8_t *data = malloc(INPUT_SIZE_MAX);
    size_t size = data ? fread(data, 1, INPUT_SIZE_MAX, file) : 0;
    fclose(file);
    /* The exact size, so that AddressSanitizer sees a read one byte too far. */
    uint8_t *exact = data ? realloc(data, size ? size : 1) : NULL;
    if (!exact)
        return 1;
    fprintf(stderr, "%s (%zu bytes)\n", path, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0, count = 0;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        for (struct dirent *entry; dir && (entry = readdir(dir));) {
            if (entry->d_name[0] == '.')
                continue;
            failed |= replay_file(argv[i], entry->d_name);
            count++;
        }
        if (dir)
            closedir(dir);
    }
    fprintf(stderr, "%d seeds replayed\n", count);
    return failed;
}
