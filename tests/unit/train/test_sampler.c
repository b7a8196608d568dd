/* test_sampler.c - orders of an epoch: against Python, their shares, and failing memory. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "../../golden/train.h"
#include "../faults.h"
#include "train/sampler.h"

enum { MANY = 6000 };

static int32_t many_labels[MANY], many_sources[MANY];

/* A dataset needs no pictures to be put in order; 4 labels, of which one has none. */
static skc_dataset dataset_of(int32_t *labels, int32_t *sources, int32_t count)
{
    return (skc_dataset){ .count        = count,
                          .label_count  = 4,
                          .source_count = 3,
                          .group_count  = count,
                          .labels       = labels,
                          .sources      = sources };
}

static skc_sampler *create(const skc_dataset *dataset, float balance, bool by_source)
{
    skc_allocator allocator = skc__allocator(NULL);
    skc_sampler  *sampler   = NULL;

    assert_int_equal(skc__sampler_create(dataset, balance, by_source, &allocator, &sampler, NULL),
                     SKC_OK);
    return sampler;
}

static void test_orders_as_python_computes_them(void **state)
{
    int32_t     labels[SAMPLER_COUNT], sources[SAMPLER_COUNT];
    skc_dataset dataset = dataset_of(labels, sources, SAMPLER_COUNT);

    (void)state;
    memcpy(labels, sampler_labels, sizeof labels);
    memcpy(sources, sampler_sources, sizeof sources);
    for (size_t i = 0; i < sizeof sampler_cases / sizeof *sampler_cases; i++) {
        skc_sampler *sampler =
            create(&dataset, sampler_cases[i].balance, sampler_cases[i].by_source != 0);
        int32_t order[SAMPLER_COUNT];
        for (int32_t again = 0; again < 2; again++) { /* nothing is remembered between calls */
            skc__sampler_order(sampler, sampler_cases[i].seed, sampler_cases[i].epoch, order);
            assert_memory_equal(order, sampler_cases[i].order, sizeof order);
            skc__sampler_order(sampler, 99, 99, order);
        }
        skc__sampler_free(sampler);
    }
}

/* 4800 of class 0 (half from source 0, half from 1), 1000 of class 1 (900 from 0, 100 from 2), 200
 * of class 3 (from 1). */
static skc_dataset many(void)
{
    for (int32_t i = 0; i < MANY; i++) {
        many_labels[i]  = i < 4800 ? 0 : i < 5800 ? 1 : 3;
        many_sources[i] = i < 4800 ? i % 2 : i < 5700 ? 0 : i < 5800 ? 2 : 1;
    }
    return dataset_of(many_labels, many_sources, MANY);
}

static void test_a_permutation_takes_each_once(void **state)
{
    static int32_t order[MANY], next[MANY];
    static bool    seen[MANY];
    skc_dataset    dataset = many();
    skc_sampler   *sampler = create(&dataset, 0, false);
    int32_t        moved   = 0;

    (void)state;
    skc__sampler_order(sampler, 1, 1, order);
    skc__sampler_order(sampler, 1, 2, next);
    for (int32_t i = 0; i < MANY; i++) {
        assert_in_range(order[i], 0, MANY - 1);
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
        moved += order[i] != next[i];
    }
    assert_true(moved > MANY - 20);
    skc__sampler_free(sampler);
}

/* Shares of 20 epochs = 120,000 draws: within five standard deviations. */
static void assert_shares(float balance, bool by_source, const double expected[4][3])
{
    static int32_t order[MANY];
    skc_dataset    dataset     = many();
    skc_sampler   *sampler     = create(&dataset, balance, by_source);
    double         share[4][3] = { { 0 } };
    double         draws       = 20.0 * MANY;

    for (uint64_t epoch = 0; epoch < 20; epoch++) {
        skc__sampler_order(sampler, 7, epoch, order);
        for (int32_t i = 0; i < MANY; i++)
            share[many_labels[order[i]]][many_sources[order[i]]] += 1 / draws;
    }
    for (int32_t c = 0; c < 4; c++)
        for (int32_t s = 0; s < 3; s++) {
            double p = expected[c][s];
            if (!(fabs(share[c][s] - p) <= 5 * sqrt(p * (1 - p) / draws)))
                fail_msg("class %d, source %d: %g instead of %g", c, s, share[c][s], p);
        }
    skc__sampler_free(sampler);
}

static void test_shares(void **state)
{
    const double third = 1.0 / 3;
    const double root  = sqrt(4800) + sqrt(1000) + sqrt(200);

    (void)state;
    assert_shares(1, false,
                  (const double[4][3]){ { third / 2, third / 2, 0 },
                                        { third * 0.9, 0, third * 0.1 },
                                        { 0, 0, 0 },
                                        { 0, third, 0 } });
    assert_shares(1, true,
                  (const double[4][3]){ { third / 2, third / 2, 0 },
                                        { third / 2, 0, third / 2 },
                                        { 0, 0, 0 },
                                        { 0, third, 0 } });
    assert_shares(0.5f, false,
                  (const double[4][3]){ { sqrt(4800) / root / 2, sqrt(4800) / root / 2, 0 },
                                        { sqrt(1000) / root * 0.9, 0, sqrt(1000) / root * 0.1 },
                                        { 0, 0, 0 },
                                        { 0, sqrt(200) / root, 0 } });
    assert_shares(0, true,
                  (const double[4][3]){
                      { 0.4, 0.4, 0 }, { 0.5 / 6, 0, 0.5 / 6 }, { 0, 0, 0 }, { 0, 0.2 / 6, 0 } });
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_dataset  dataset = many();
    skc_sampler *sampler = NULL;
    skc_status   status =
        skc__sampler_create(&dataset, 1, true, &runtime->allocator, &sampler, context);

    skc__sampler_free(sampler);
    return status;
}

static void test_failing_memory(void **state)
{
    (void)state;
    assert_int_equal(faults_count(attempt, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders_as_python_computes_them),
        cmocka_unit_test(test_a_permutation_takes_each_once),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_failing_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
