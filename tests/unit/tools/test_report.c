/* test_report.c - the page that a report writes: its words in both languages, its plots and
 * pictures, and hostile texts. */
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

static int32_t count_of(const char *page, const char *part)
{
    int32_t count = 0;

    for (; (page = strstr(page, part)) != NULL; page++)
        count++;
    return count;
}

static report *plain_report(void)
{
    return report_create(REPORT_TITLE_DIAGNOSIS, "test", NULL, "b");
}

#define EVIL    "</script><!-- <script> & \"quoted\" \xff"
#define ESCAPED "&lt;/script>&lt;!-- &lt;script> &amp; &quot;quoted&quot; \xef\xbf\xbd"

/* Two classes with evil names, each with a right and a wrong decision. */
static void add_evil_evaluation(report *r)
{
    static const char *const labels[]    = { EVIL, "mel", "unheard-of" };
    static const bool        malignant[] = { false, true, false };
    static const float       p[] = { .75f, .25f, 0, .25f, .75f, 0, .5f, .25f, .25f, 0, .25f, .75f };
    static const int32_t     truth[] = { 0, 1, 1, 2 };
    evaluation               e       = { .part          = EVIL,
                                         .labels        = labels,
                                         .count         = 4,
                                         .classes       = 3,
                                         .probabilities = p,
                                         .truth         = truth,
                                         .malignant     = malignant,
                                         .threshold     = 0.25f };
    skc_evaluation          *figures = NULL;
    skc_error                err;

    assert_int_equal(evaluation_compute(&e, NULL, 0, NULL, &figures, &err), SKC_OK);
    report_set_evaluation(r, &e);
    skc_evaluation_free(figures);
}

static void add_evil_mistake(report *r)
{
    skc_image     *image   = NULL;
    report_mistake mistake = { .truth = EVIL, .decided = "mel", .caption = "a/" EVIL };
    skc_error      err;

    assert_int_equal(skc_image_create(8, 8, NULL, NULL, &image, &err), SKC_OK);
    mistake.image = image;
    assert_int_equal(report_add_mistake(r, &mistake, &err), SKC_OK);
    skc_image_free(image);
}

static void test_texts_cannot_break_out(void **state)
{
    report *plain = plain_report(), *r = report_create(REPORT_TITLE_OTHER, EVIL, EVIL, EVIL);
    json_t *data, *lines;
    char   *page    = write_page(plain, &data);
    int32_t scripts = count_of(page, "<script");

    (void)state;
    json_decref(data);
    free(page);
    report_free(plain);
    report_add_setting(r, REPORT_MODEL, "%s, %d", EVIL, 7);
    add_evil_evaluation(r);
    add_evil_mistake(r);
    page = write_page(r, &data);
    assert_int_equal(count_of(page, "<script"), scripts);
    assert_null(strstr(page, "</script><!--"));
    assert_null(strstr(page, "\xff"));
    assert_null(strstr(page, "{{"));
    assert_non_null(strstr(page, "<title>" ESCAPED));
    assert_non_null(strstr(page, ESCAPED ", 7</td>"));
    assert_non_null(strstr(page, "<tr><th scope=\"row\">" ESCAPED "</th>"));
    assert_non_null(strstr(page, "alt=\"a/" ESCAPED "\""));
    lines = json_object_get(json_array_get(json_object_get(data, "plots"), 1), "lines");
    assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 0), "label")),
                        "</script><!-- <script> & \"quoted\" \xef\xbf\xbd");
    json_decref(data);
    free(page);
    report_free(r);
}

static void test_page_holds_its_scripts_and_no_addresses(void **state)
{
    report *r = plain_report();
    json_t *data;
    char   *page = write_page(r, &data);

    (void)state;
    assert_non_null(strstr(page, "Chart.js v4.5.1"));
    assert_non_null(strstr(page, "report.js - draws the plots"));
    assert_non_null(strstr(page, "report_language.js - which language"));
    assert_null(strstr(page, "src=\"http"));
    assert_int_equal(json_array_size(json_object_get(data, "plots")), 0);
    json_decref(data);
    free(page);
    report_free(r);
}

/* What the page says without its scripts, in both languages, each with its own. */
static void test_words_stand_in_both_languages(void **state)
{
    static const char *const said[] = {
        "<title>診斷分類：「test」子集的評估 · Diagnosis on the part “test”</title>",
        "<h1><span lang=\"zh-Hant\">診斷分類：「test」子集的評估</span>"
        "<span lang=\"en\">Diagnosis on the part “test”</span></h1>",
        "<label lang=\"zh-Hant\"><input type=\"radio\" name=\"language\" value=\"zh-Hant\" "
        "autocomplete=\"off\" checked>中文</label>",
        "<span lang=\"zh-Hant\">有 3 張影像無法讀取，未計入。</span>"
        "<span lang=\"en\">3 pictures could not be read and are left out.</span>",
        "<span lang=\"zh-Hant\">機率最高的標籤</span><span lang=\"en\">the likeliest label</span>",
        "mel <span class=\"badge\"><span lang=\"zh-Hant\">惡性</span>"
        "<span lang=\"en\">malignant</span></span>"
        "<small><span lang=\"zh-Hant\">黑色素瘤</span><span lang=\"en\">melanoma</span></small>",
        "<h2 id=\"confusion-matrix\"><span lang=\"zh-Hant\">混淆矩陣</span>",
        "<span lang=\"zh-Hant\">這不是診斷。對任何讓您擔心的斑點，請就醫檢查。</span>"
        "<span lang=\"en\">" SKC_DISCLAIMER "</span>",
    };
    report *r = plain_report();
    json_t *data, *axis;
    char   *page;

    (void)state;
    report_add_note(r, REPORT_NOTE_UNREADABLE, 3);
    report_add_setting_words(r, REPORT_DECISION, REPORT_DECISION_ARGMAX);
    add_evil_evaluation(r);
    page = write_page(r, &data);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (strstr(page, said[i]) == NULL)
            fail_msg("the page does not say: %s", said[i]);
    axis = json_object_get(json_array_get(json_object_get(data, "plots"), 0), "x");
    axis = json_object_get(axis, "title");
    assert_string_equal(json_string_value(json_object_get(axis, "zh-Hant")),
                        "偽陽性率（1 − 特異度）");
    assert_string_equal(json_string_value(json_object_get(axis, "en")),
                        "false positive rate (1 − specificity)");
    json_decref(data);
    free(page);
    report_free(r);
}

/* A dash in the table, no point in the plot, and no line where nothing is known. */
static void test_unknown_figures(void **state)
{
    report      *r     = plain_report();
    report_epoch epoch = { .epoch = 3, .learning_rate = 0.5, .train_loss = NAN };
    json_t      *data, *plots, *lines;
    char        *page;

    (void)state;
    epoch.train_accuracy         = NAN;
    epoch.metrics[SKC_MACRO_AUC] = NAN;
    epoch.metrics[SKC_ACCURACY]  = 0.75;
    report_add_epoch(r, &epoch);
    epoch.epoch      = 4;
    epoch.train_loss = 0.5;
    report_add_epoch(r, &epoch);
    page  = write_page(r, &data);
    plots = json_object_get(data, "plots");
    assert_int_equal(json_array_size(plots), 3);
    assert_non_null(
        strstr(page, "<tr><th scope=\"row\">3</th><td>\xe2\x80\x93</td><td>0.000</td>"));
    assert_non_null(strstr(page, "<tr><th scope=\"row\">4</th><td>0.500</td><td>0.000</td>"));
    lines = json_object_get(json_array_get(plots, 0), "lines");
    assert_int_equal(json_array_size(lines), 2);
    lines = json_object_get(json_array_get(lines, 0), "points");
    assert_int_equal(json_array_size(lines), 1);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(lines, 0), 0)), 4);
    lines = json_object_get(json_array_get(plots, 1), "lines");
    assert_int_equal(json_array_size(lines), 2); /* accuracy, balanced accuracy */
    assert_null(strstr(page, "nan"));
    json_decref(data);
    free(page);
    report_free(r);
}

/* The picture in the page is a JPEG that fits a thumbnail. */
static void test_mistakes_are_small_pictures(void **state)
{
    static const char head[] = "data:image/jpeg;base64,";
    report           *r      = plain_report();
    skc_image        *image = NULL, *seen = NULL;
    report_mistake    mistake = { .truth = "mel", .decided = "nv", .caption = "x.jpg" };
    json_t           *data;
    char             *page;
    char             *url;
    unsigned char     bytes[65536];
    size_t            size;
    skc_error         err;

    (void)state;
    assert_int_equal(skc_image_create(600, 450, NULL, NULL, &image, &err), SKC_OK);
    mistake.image = image;
    assert_int_equal(report_add_mistake(r, &mistake, &err), SKC_OK);
    page = write_page(r, &data);
    url  = strstr(page, head);
    assert_non_null(url);
    *strchr(url, '"') = '\0';
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
    report   *r = plain_report();
    skc_error err;

    (void)state;
    assert_int_not_equal(report_write(r, "/no/such/folder/report.html", &err), SKC_OK);
    report_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_cannot_break_out),
        cmocka_unit_test(test_page_holds_its_scripts_and_no_addresses),
        cmocka_unit_test(test_words_stand_in_both_languages),
        cmocka_unit_test(test_unknown_figures),
        cmocka_unit_test(test_mistakes_are_small_pictures),
        cmocka_unit_test(test_unwritable_path_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
