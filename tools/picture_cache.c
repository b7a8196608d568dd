/* picture_cache.c - the pictures of a manifest, decoded for one use. */
#define _POSIX_C_SOURCE 200809L /* mkstemp */
#include "picture_cache.h"
#include "cli.h"
#include "failure.h"
#include "files.h"
#include "pictures.h"
#include "terminal.h"

#include <stdlib.h>
#include <unistd.h>

static void show_progress(void *user, int32_t done, int32_t total)
{
    progress *bar = user;

    bar->total = (uint64_t)total;
    progress_update(bar, (uint64_t)done, NULL);
}

static void note_failure(void *user, int32_t row, const skc_error *err)
{
    (void)user, (void)row;
    cli_error("%s", err->message);
}

static bool was_stopped(void *user)
{
    (void)user;
    return terminal_interrupted();
}

skc_status picture_cache_once(const skc_manifest *manifest, const char *manifest_path,
                              const skc_runtime *runtime, int32_t side, skc_cache **out,
                              skc_error *err)
{
    const char      *folder = getenv("TMPDIR");
    char            *path   = file_join(folder != NULL ? folder : "/tmp", "skincnn-XXXXXX");
    int              file   = mkstemp(path);
    progress         bar;
    pictures_options how = { .manifest_path = manifest_path,
                             .runtime       = runtime,
                             .user          = &bar,
                             .progress      = show_progress,
                             .failed        = note_failure,
                             .stop          = was_stopped };
    skc_status       status;

    if (file < 0) {
        status = failure(err, SKC_EIO, "%s: cannot be made", path);
        free(path);
        return status;
    }
    close(file);
    bar    = progress_begin("reading pictures", 1);
    status = pictures_cache(manifest, &how, path, side, out, err);
    progress_end(&bar);
    unlink(path); /* an open cache keeps its mapping */
    free(path);
    return status;
}
