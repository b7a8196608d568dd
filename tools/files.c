/* files.c - finding, listing, reading and writing files for the tools. */
#define _GNU_SOURCE
#include "files.h"
#include "cli.h"
#include "failure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SKC_DATADIR
#define SKC_DATADIR "/usr/local/share/skincnn"
#endif

/* ------------------------------------------------------------------ names */

char *file_join(const char *folder, const char *name)
{
    size_t length = strlen(folder);

    return cli_format("%s%s%s", folder, length > 0 && folder[length - 1] != '/' ? "/" : "", name);
}

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

bool file_is_picture(const char *path)
{
    const char *dot = strrchr(file_name(path), '.');

    return dot != NULL && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 ||
                           strcasecmp(dot, ".png") == 0);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

char *file_shipped(const char *name)
{
    char    program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    char   *tree, *path = NULL;

    program[length > 0 ? length : 0] = '\0';
    if (strrchr(program, '/') != NULL)
        *strrchr(program, '/') = '\0';
    /* build/release/skincnn-predict runs in the source tree two folders up. */
    tree = file_join(program, "../../libskincnn/include/skincnn.h");
    if (length > 0 && file_exists(tree))
        path = cli_format("%s/../../weights/%s", program, name);
    free(tree);
    if (path != NULL && (tree = realpath(path, NULL)) != NULL) {
        free(path);
        return tree;
    }
    free(path);
    return file_join(SKC_DATADIR, name);
}

/* ------------------------------------------------------------------ lists */

void file_list_add(file_list *list, const char *path)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity * 2 + 16;
        list->paths    = cli_memory(list->paths, list->capacity, sizeof(char *));
    }
    list->paths[list->count++] = cli_copy(path);
}

void file_list_free(file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (file_list){ 0 };
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool read_folder(file_list *names, const char *path)
{
    DIR           *folder = opendir(path);
    struct dirent *entry;
    int            number;

    if (folder == NULL) {
        cli_error("%s: cannot open the folder: %s", path, strerror(errno));
        return false;
    }
    while (errno = 0, (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            file_list_add(names, entry->d_name);
    number = errno;
    closedir(folder);
    if (number != 0)
        cli_error("%s: cannot read the folder: %s", path, strerror(number));
    if (names->count > 0)
        qsort(names->paths, names->count, sizeof(char *), compare_names);
    return number == 0;
}

bool file_leads_back(const char *path)
{
    struct stat info;
    char       *end = NULL, *above, *name;
    size_t      size;
    bool        back = false;

    if (lstat(path, &info) != 0 || !S_ISLNK(info.st_mode))
        return false;
    name = cli_copy(path);
    if (strrchr(name, '/') != NULL)
        strrchr(name, '/')[1] = '\0';
    above = realpath(strchr(name, '/') != NULL ? name : ".", NULL);
    end   = realpath(path, NULL);
    if (above != NULL && end != NULL) {
        size = strlen(end);
        back = strncmp(above, end, size) == 0 && (above[size] == '/' || above[size] == '\0');
    }
    free(name);
    free(above);
    free(end);
    return back;
}

static bool add_folder(file_list *list, const char *path)
{
    file_list names = { 0 };
    bool      good;

    if (file_leads_back(path)) {
        cli_error("%s: a link to a folder above", path);
        return false;
    }
    good = read_folder(&names, path);
    for (size_t i = 0; i < names.count; i++) {
        char *below = file_join(path, names.paths[i]);
        if (file_is_folder(below))
            good = add_folder(list, below) && good;
        else if (file_is_picture(below))
            file_list_add(list, below);
        free(below);
    }
    file_list_free(&names);
    return good;
}

bool file_list_pictures(file_list *list, const char *path)
{
    size_t before = list->count;
    bool   good;

    if (!file_is_folder(path)) {
        file_list_add(list, path);
        return true;
    }
    good = add_folder(list, path);
    if (good && list->count == before) {
        cli_error("%s: no pictures in this folder", path);
        return false;
    }
    return good;
}

/* ------------------------------------------------------------------ contents */

static skc_status fail_errno(skc_error *err, const char *path, const char *action)
{
    int number = errno;

    return failure(err, number == ENOENT ? SKC_ENOTFOUND : SKC_EIO, "%s: cannot %s: %s", path,
                   action, strerror(number));
}

skc_status file_make_folder(const char *path, skc_error *err)
{
    char      *part   = cli_copy(path);
    skc_status status = SKC_OK;

    for (char *at = part + 1; status == SKC_OK && part[0] != '\0'; at++) {
        char end = *at;
        if (end != '/' && end != '\0')
            continue;
        *at = '\0';
        if (mkdir(part, 0777) != 0 && (errno != EEXIST || !file_is_folder(part)))
            status = file_exists(part) ? failure(err, SKC_EINVAL, "%s: it is not a folder", part)
                                       : fail_errno(err, part, "make the folder");
        *at = end;
        if (end == '\0')
            break;
    }
    free(part);
    return status;
}

static skc_status read_stream(FILE *file, const char *name, uint64_t max_bytes, char **bytes,
                              size_t *size, skc_error *err)
{
    size_t     capacity = 0, count = 0, n;
    char      *block  = NULL;
    skc_status status = SKC_OK;

    do {
        if (count + 1 >= capacity) {
            capacity = capacity * 2 + 65536;
            block    = cli_memory(block, capacity, 1);
        }
        n = fread(block + count, 1, capacity - count - 1, file);
        count += n;
    } while (n > 0 && count <= max_bytes);
    if (ferror(file))
        status = fail_errno(err, name, "read");
    else if (count > max_bytes)
        status = failure(err, SKC_ELIMIT, "%s: more than %llu bytes", name,
                         (unsigned long long)max_bytes);
    if (status != SKC_OK) {
        free(block);
        return status;
    }
    block[count] = '\0';
    *bytes       = block;
    *size        = count;
    return SKC_OK;
}

skc_status file_read(const char *path, uint64_t max_bytes, char **bytes, size_t *size,
                     skc_error *err)
{
    FILE      *file;
    skc_status status;

    if (strcmp(path, "-") == 0)
        return read_stream(stdin, "standard input", max_bytes, bytes, size, err);
    file = fopen(path, "rb");
    if (file == NULL)
        return fail_errno(err, path, "open");
    status = read_stream(file, path, max_bytes, bytes, size, err);
    fclose(file);
    return status;
}

static skc_status write_all(int fd, const char *bytes, size_t size, const char *path,
                            skc_error *err)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, path, "write");
        bytes += n;
        size -= (size_t)n;
    }
    if (fsync(fd) != 0)
        return fail_errno(err, path, "sync");
    return SKC_OK;
}

/* The file that a rename may replace: a link is followed, pipes, devices and folders are refused
 * (NULL). Release with free. */
static char *find_target(const char *path, skc_error *err)
{
    struct stat status;
    char       *target;

    if (lstat(path, &status) != 0 || S_ISREG(status.st_mode))
        return cli_copy(path);
    target = S_ISLNK(status.st_mode) ? realpath(path, NULL) : NULL;
    if (target != NULL && stat(target, &status) == 0 && S_ISREG(status.st_mode))
        return target;
    free(target);
    failure(err, SKC_EINVAL, "%s: not a regular file; it is not replaced", path);
    return NULL;
}

static skc_status write_file(const char *path, const void *bytes, size_t size, skc_error *err)
{
    char      *temporary = cli_format("%s.%ld.tmp", path, (long)getpid());
    int        fd        = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    skc_status status;

    if (fd < 0) {
        status = fail_errno(err, path, "write");
        free(temporary);
        return status;
    }
    status = write_all(fd, bytes, size, path, err);
    if (close(fd) != 0 && status == SKC_OK)
        status = fail_errno(err, path, "write");
    if (status == SKC_OK && rename(temporary, path) != 0)
        status = fail_errno(err, path, "rename into place");
    if (status != SKC_OK)
        unlink(temporary);
    free(temporary);
    return status;
}

skc_status file_write(const char *path, const void *bytes, size_t size, skc_error *err)
{
    char      *target = find_target(path, err);
    skc_status status;

    if (target == NULL)
        return SKC_EINVAL;
    status = write_file(target, bytes, size, err);
    free(target);
    return status;
}
