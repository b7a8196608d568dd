/* pictures.h - the bytes of a manifest's pictures, in files or archives, and the cache of them. */
#ifndef SKC_TOOLS_PICTURES_H
#define SKC_TOOLS_PICTURES_H

#include "skincnn.h"

typedef struct pictures_options {
    const char *manifest_path; /* relative paths start at its folder; NULL: at the current one */
    const skc_runtime *runtime;
    void              *user; /* handed to the three functions below, each of which may be NULL */

    /* After every batch, from the thread of the caller. */
    void (*progress)(void *user, int32_t done, int32_t total);
    /* A picture that could not be read or decoded; the rest goes on. `err` names it. */
    void (*failed)(void *user, int32_t row, const skc_error *err);
    /* True stops with SKC_EINVAL "interrupted". */
    bool (*stop)(void *user);
} pictures_options;

/* Where the picture of a row lies, seen from the current folder. Release with free. */
char *pictures_location(const char *manifest_path, const char *path);

/* The absolute folder that a manifest lies in (or will lie in). NULL after a message in `err`.
 * Release with free. */
char *pictures_folder(const char *manifest_path, skc_error *err);

/* A row's path as a manifest in `folder` should have it, from one in `from` (both absolute):
 * relative where the picture lies below the folder, else absolute. Release with free. */
char *pictures_path(const char *from, const char *folder, const char *path);

/* Takes a batch of pictures' files; results[i] is where failures of single ones are left. */
typedef skc_status (*pictures_batch)(void *user, const skc_cache_item *items, int32_t count,
                                     skc_error *results, skc_error *err);

/* Gives every picture to `batch`: single files in the order of the manifest, then each archive
 * once, front to back. `batch_user` is handed to `batch`. Fails only when `batch` does or when
 * stopped. */
SKC_MUST_CHECK skc_status pictures_read(const skc_manifest     *manifest,
                                        const pictures_options *options, pictures_batch batch,
                                        void *batch_user, skc_error *err);

/* Opens the cache at `cache_path`, made before from the same pictures (their paths in order, sizes
 * and times of change) at the same side, or makes it anew. Rows that it lacks are reported to
 * `failed` in either case. */
SKC_MUST_CHECK skc_status pictures_cache(const skc_manifest     *manifest,
                                         const pictures_options *options, const char *cache_path,
                                         int32_t side, skc_cache **out, skc_error *err);

#endif
