/* test_report.c - the page that a report writes: its data, its pictures, and hostile texts. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../tools/files.h"
#include "../../../tools/report.h"

static const char data_begin[] = "<script type=\"application/json\" id=\"data\">";

/* Writes the report; gives the page (release with free) and its data. */
static char *write_page(const report *r, json_t **data)
{
    char      folder[] = "/tmp/skc-report-XXXXXX", *path, *page, *begin, *end;
    size_t    size;
    skc_error err;

    assert_non_null(mkdtemp(folder));
    path = file_join(folder, "report.html");
    assert_int_equal(report_write(r, path, &err), SKC_OK);
    assert_int_equal(file_read(path, 10000000, &page, &size, &err), SKC_OK);
    assert_int_equal(strlen(page), size);
    begin = strstr(page, data_begin);
    assert_non_null(begin);
    begin += strlen(data_begin);
    end = strstr(begin, "</script>");
    assert_non_null(end);
    *data = json_loadb(begin, (size_t)(end - begin), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(*data);
    unlink(path);
    rmdir(folder);
    free(path);
    return page;
}

static json_t *row_of(const json_t *data, const char *list, size_t i)
{
    return json_array_get(json_object_get(data, list), i);
}

static void test_texts_cannot_break_out(void **state)
{
    const char *evil = "</script><!-- <script> & \"quoted\" \xff";
    report     *r    = report_create(evil, evil);
    json_t     *data;
    char       *page;

    (void)state;
    report_add_setting(r, evil, "%s, %d", evil, 7);
    report_add_note(r, "%s", evil);
    page = write_page(r, &data);
    assert_string_equal(json_string_value(json_object_get(data, "title")),
                        "</script><!-- <script> & \"quoted\" \xef\xbf\xbd");
    assert_string_equal(json_string_value(json_array_get(row_of(data, "settings", 0), 1)),
                        "</script><!-- <script> & \"quoted\" \xef\xbf\xbd, 7");
    assert_null(strstr(page, "</script><!--"));
    assert_non_null(strstr(page, "<title>&lt;/script>&lt;!-- &lt;script> &amp; \"quoted\""));
    assert_null(strstr(page, "{{"));
    json_decref(data);
    free(page);
    report_free(r);
}

static void test_page_holds_chart_and_script(void **state)
{
    report *r = report_create("a", "b");
    json_t *data;
    char   *page = write_page(r, &data);

    (void)state;
    assert_non_null(strstr(page, "Chart.js v4.5.1"));
    assert_non_null(strstr(page, "report.js - draws the report"));
    assert_null(strstr(page, "src=\"http"));
    assert_int_equal(json_array_size(json_object_get(data, "epochs")), 0);
    assert_null(json_object_get(data, "evaluation"));
    assert_string_equal(json_string_value(json_object_get(data, "disclaimer")), SKC_DISCLAIMER);
    json_decref(data);
    free(page);
    report_free(r);
}

static void test_unknown_figures_are_null(void **state)
{
    report      *r     = report_create("a", "b");
    report_epoch epoch = { .epoch = 3, .learning_rate = 0.5, .train_loss = NAN };
    json_t      *data, *row;
    char        *page;

    (void)state;
    epoch.metrics[SKC_MACRO_AUC] = NAN;
    epoch.metrics[SKC_ACCURACY]  = 0.75;
    report_add_epoch(r, &epoch);
    page = write_page(r, &data);
    row  = row_of(data, "epochs", 0);
    assert_int_equal(json_integer_value(json_object_get(row, "epoch")), 3);
    assert_true(json_is_null(json_object_get(row, "train_loss")));
    assert_true(json_is_null(json_object_get(row, "macro_auc")));
    assert_true(json_number_value(json_object_get(row, "accuracy")) == 0.75);
    json_decref(data);
    free(page);
    report_free(r);
}

/* The picture in the page is a JPEG that fits a thumbnail. */
static void test_mistakes_are_small_pictures(void **state)
{
    static const char head[] = "data:image/jpeg;base64,";
    report           *r      = report_create("a", "b");
    skc_image        *image = NULL, *seen = NULL;
    report_mistake    mistake = { .truth = "mel", .decided = "nv", .caption = "x.jpg" };
    json_t           *data;
    char             *page;
    const char       *url;
    unsigned char     bytes[65536];
    size_t            size;
    skc_error         err;

    (void)state;
    assert_int_equal(skc_image_create(600, 450, NULL, NULL, &image, &err), SKC_OK);
    mistake.image = image;
    assert_int_equal(report_add_mistake(r, &mistake, &err), SKC_OK);
    page = write_page(r, &data);
    url  = json_string_value(json_object_get(row_of(data, "mistakes", 0), "image"));
    assert_int_equal(strncmp(url, head, strlen(head)), 0);
    assert_int_equal(sodium_base642bin(bytes, sizeof bytes, url + strlen(head),
                                       strlen(url) - strlen(head), NULL, &size, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_int_equal(skc_image_decode(bytes, size, "url", NULL, NULL, &seen, &err), SKC_OK);
    assert_int_equal(skc_image_width(seen), 192);
    assert_int_equal(skc_image_height(seen), 144);
    skc_image_free(seen);
    skc_image_free(image);
    json_decref(data);
    free(page);
    report_free(r);
}

static void test_unwritable_path_is_an_error(void **state)
{
    report   *r = report_create("a", "b");
    skc_error err;

    (void)state;
    assert_int_not_equal(report_write(r, "/no/such/folder/report.html", &err), SKC_OK);
    report_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_cannot_break_out),
        cmocka_unit_test(test_page_holds_chart_and_script),
        cmocka_unit_test(test_unknown_figures_are_null),
        cmocka_unit_test(test_mistakes_are_small_pictures),
        cmocka_unit_test(test_unwritable_path_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
