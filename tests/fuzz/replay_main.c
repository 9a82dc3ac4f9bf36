/* tests/fuzz/replay_main.c - runs a fuzz entry point over the files of a corpus folder, so that
 * every build is guarded by what fuzzing once found. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *dir, const char *name)
{
    char path[4096];
    FILE *f;
    uint8_t *bytes;
    long size;
    size_t got;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "rb");
    if (!f)
        return -1;
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    bytes = malloc(size > 0 ? (size_t)size : 1);
    got = bytes && size > 0 ? fread(bytes, 1, (size_t)size, f) : 0;
    fclose(f);
    if (bytes)
        LLVMFuzzerTestOneInput(bytes, got);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *e;
    unsigned n = 0;

    if (!d) {
        fprintf(stderr, "usage: %s CORPUS_DIR (which must exist)\n", argv[0]);
        return 2;
    }
    while ((e = readdir(d)))
        if (e->d_name[0] != '.' && replay(argv[1], e->d_name) == 0)
            n++;
    closedir(d);
    printf("%u files replayed\n", n);
    return n > 0 ? 0 : 1; /* an empty corpus guards nothing */
}
