/* loader.c - pictures of a dataset as network inputs, several at a time. */
#include "train/loader.h"

/* One call's work, shared by the threads. draw NULL: plain. */
typedef struct job {
    const skc_loader  *loader;
    const skc_dataset *dataset;
    const int32_t     *indices;
    const skc_draw    *draw;
    int32_t            symmetry;
    float             *inputs;
} job;

static size_t input_elements(const skc_loader *loader)
{
    return (size_t)loader->preprocessing->height * (size_t)loader->preprocessing->width * 3;
}

skc_status skc__loader_create(const skc_kernels *kernels, const skc_preprocessing *preprocessing,
                              skc_pool *pool, const skc_allocator *allocator, skc_loader *out,
                              skc_error *err)
{
    skc_loader loader  = { *allocator, kernels, preprocessing, pool, NULL };
    size_t     threads = (size_t)skc__pool_threads(pool);

    loader.sampled =
        skc__allocate(allocator, threads * input_elements(&loader) * sizeof(float), err);
    if (loader.sampled == NULL)
        return SKC_ENOMEM;
    *out = loader;
    return SKC_OK;
}

void skc__loader_free(skc_loader *loader)
{
    skc__release(&loader->allocator, loader->sampled);
    loader->sampled = NULL;
}

skc_status skc__loader_check(const skc_loader *loader, const skc_dataset *dataset, skc_error *err)
{
    int32_t wanted = skc__staged_side(loader->preprocessing);
    int32_t found  = skc_cache_side(dataset->cache);

    if (wanted == found)
        return SKC_OK;
    return skc__fail(err, SKC_EMISMATCH,
                     "the picture cache was made with side %d; a model of input %d x %d needs %d",
                     found, loader->preprocessing->height, loader->preprocessing->width, wanted);
}

static void load_one(void *context, int32_t i, int32_t thread)
{
    const job               *j       = context;
    const skc_preprocessing *p       = j->loader->preprocessing;
    size_t                   size    = input_elements(j->loader);
    float                   *sampled = j->loader->sampled + (size_t)thread * size;
    skc_pixels   pixels = skc__cache_pixels(j->dataset->cache, j->dataset->rows[j->indices[i]]);
    skc_sampling sampling;

    if (j->draw == NULL) {
        sampling = skc__sampling_plain(pixels.width, pixels.height, p, j->symmetry);
        skc__sample(j->loader->kernels, pixels, &sampling, p->width, p->height, sampled);
    } else {
        skc_random random =
            skc__random_stream(j->draw->seed, j->draw->epoch, j->draw->place + (uint64_t)i);

        sampling =
            skc__sampling_random(pixels.width, pixels.height, p, j->draw->augmentation, &random);
        skc__sample(j->loader->kernels, pixels, &sampling, p->width, p->height, sampled);
        skc__augment_colour(j->loader->kernels, j->draw->augmentation, &random, p->height, p->width,
                            sampled);
    }
    skc__input_normalise(j->loader->kernels, p, sampled, j->inputs + (size_t)i * size);
}

void skc__load_plain(const skc_loader *loader, const skc_dataset *dataset, const int32_t *indices,
                     int32_t count, int32_t symmetry, float *inputs)
{
    job j = { loader, dataset, indices, NULL, symmetry, inputs };

    skc__parallel(loader->pool, count, load_one, &j);
}

void skc__load_augmented(const skc_loader *loader, const skc_dataset *dataset,
                         const int32_t *indices, int32_t count, const skc_draw *draw, float *inputs)
{
    job j = { loader, dataset, indices, draw, 0, inputs };

    skc__parallel(loader->pool, count, load_one, &j);
}
