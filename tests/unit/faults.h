/* faults.h - for tests: an allocator whose n-th allocation fails, and a folder to write into.
 * Files that include it define _GNU_SOURCE first. */
#ifndef SKC_TESTS_FAULTS_H
#define SKC_TESTS_FAULTS_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "skincnn.h"

typedef struct faults {
    int64_t fail_at; /* 1: the next allocation; 0: none */
    int64_t live;    /* blocks that are not released */
} faults;

static inline bool faults_now(faults *f)
{
    return f->fail_at > 0 && --f->fail_at == 0;
}

static inline void *faults_allocate(void *user, size_t bytes)
{
    faults *f = user;

    if (faults_now(f))
        return NULL;
    f->live++;
    return malloc(bytes);
}

static inline void *faults_reallocate(void *user, void *block, size_t bytes)
{
    return faults_now(user) ? NULL : realloc(block, bytes);
}

static inline void faults_release(void *user, void *block)
{
    ((faults *)user)->live--;
    free(block);
}

static inline skc_allocator faults_allocator(faults *f)
{
    return (skc_allocator){ faults_allocate, faults_reallocate, faults_release, f };
}

/* One thread, so that the n-th allocation is always the same one. */
static inline skc_runtime faults_runtime(faults *f)
{
    skc_runtime runtime;

    skc_runtime_init(&runtime);
    runtime.allocator = faults_allocator(f);
    runtime.threads   = 1;
    return runtime;
}

/* Runs attempt(context, runtime) with allocation 1, 2, 3, ... failing until it succeeds, and
 * returns how many failed; -1 where a failure was not reported as SKC_ENOMEM or a block was left
 * behind. */
static inline int64_t faults_count(skc_status (*attempt)(void *context, const skc_runtime *runtime),
                                   void *context)
{
    for (int64_t n = 1;; n++) {
        faults      f       = { n, 0 };
        skc_runtime runtime = faults_runtime(&f);
        skc_status  status  = attempt(context, &runtime);
        if (f.live != 0)
            return -1;
        if (status == SKC_OK)
            return f.fail_at > 0 ? n - 1 : -1;
        if (status != SKC_ENOMEM)
            return -1;
    }
}

/* "<a fresh folder of this process>/<name>", valid until the next call; "" where there is none. */
static inline const char *scratch_path(const char *name)
{
    static char folder[] = "/tmp/skincnn-test-XXXXXX";
    static char path[512];

    if (strstr(folder, "XXXXXX") != NULL && mkdtemp(folder) == NULL)
        return "";
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Removes the folder and what is in it; returns how many files had been left there. */
static inline int32_t scratch_remove(void)
{
    const char    *folder = scratch_path("");
    DIR           *list   = opendir(folder);
    struct dirent *entry;
    int32_t        files = 0;

    while (list != NULL && (entry = readdir(list)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            files += unlinkat(dirfd(list), entry->d_name, 0) == 0;
    if (list != NULL)
        closedir(list);
    rmdir(folder);
    return files;
}

#endif
