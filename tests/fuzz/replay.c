/* replay.c - feeds files, and the files of folders, to a fuzz target: its corpus as a test. Each
 * input ends at a page that must not be touched, so that a look past the end is seen without a
 * sanitizer. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replayed, failed;

static void give_up(const char *path, const char *what)
{
    printf("not ok %d - %s: cannot %s\n", ++replayed, path, what);
    failed++;
}

static void feed(FILE *file, size_t size, const char *path)
{
    size_t   page = (size_t)sysconf(_SC_PAGESIZE), room = (size + page - 1) / page * page;
    uint8_t *block =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *data;

    if (block == MAP_FAILED || mprotect(block + room, page, PROT_NONE) != 0) {
        give_up(path, "map memory");
        return;
    }
    data = block + room - size;
    if (fread(data, 1, size, file) != size) {
        give_up(path, "read");
    } else {
        printf("# %s\n", path);
        fflush(stdout);
        LLVMFuzzerTestOneInput(data, size);
        printf("ok %d - %s\n", ++replayed, path);
    }
    munmap(block, room + page);
}

static void replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        give_up(path, "open");
        return;
    }
    feed(file, size, path);
    fclose(file);
}

static void replay(const char *path)
{
    struct dirent **entries;
    struct stat     status;
    int             count;

    if (stat(path, &status) != 0) {
        give_up(path, "find");
        return;
    }
    if (!S_ISDIR(status.st_mode)) {
        replay_file(path, (size_t)status.st_size);
        return;
    }
    count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char name[4096];

        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            replay(name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("1..%d\n", replayed);
    return failed > 0 || replayed == 0;
}
