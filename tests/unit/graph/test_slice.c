/* test_slice.c - how many pictures go through a graph together. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "graph/slice.h"
#include "../support.h"

/* A layer that writes as much as it reads, and a small one. */
static skc_graph make_graph(int32_t height)
{
    static const char   form[] = "{\"name\": \"two\", \"input\": {\"height\": %d, \"width\": 1024,"
                                 " \"channels\": 3}, \"layers\": [{\"name\": \"pool\","
                                 " \"type\": \"max_pool\", \"kernel\": 1}, {\"name\": \"last\","
                                 " \"type\": \"dense\", \"units\": 2}]}";
    const skc_allocator heap   = skc__allocator(NULL);
    char                text[512];
    int                 length = snprintf(text, sizeof text, form, height);
    skc_graph           graph;
    skc_error           err;

    assert_works(skc__graph_parse(text, (size_t)length, "text", &heap, &graph, &err), err);
    return graph;
}

/* 32 x 1024 x 3 floats in and out are 768 KiB a picture: 8 of them fit 8 MiB. */
static void test_values_fit_the_cache(void **state)
{
    skc_graph graph = make_graph(32);

    (void)state;
    assert_int_equal(skc__slice(&graph, sizeof(float), 0, 64), 8);
    assert_int_equal(skc__slice(&graph, 1, 0, 64), 32);
    assert_int_equal(skc__slice(&graph, sizeof(float), 0, 5), 5);
    assert_int_equal(skc__slice(&graph, sizeof(float), 0, 1), 1);
    skc__graph_free(&graph);
}

/* All that a picture reads and writes is about 1.1 MiB; weights of 64 MiB may be as much. */
static void test_weights_are_read_seldom(void **state)
{
    skc_graph graph = make_graph(32);

    (void)state;
    assert_int_equal(skc__slice(&graph, sizeof(float), (size_t)64 << 20, 4096), 64);
    assert_int_equal(skc__slice(&graph, sizeof(float), (size_t)64 << 20, 40), 40);
    skc__graph_free(&graph);
}

static void test_a_picture_larger_than_the_cache(void **state)
{
    skc_graph graph = make_graph(512);

    (void)state;
    assert_int_equal(skc__slice(&graph, sizeof(float), 0, 64), 1);
    skc__graph_free(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_fit_the_cache),
        cmocka_unit_test(test_weights_are_read_seldom),
        cmocka_unit_test(test_a_picture_larger_than_the_cache),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
