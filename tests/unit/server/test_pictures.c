/* test_pictures.c - the pictures of a request in every form, asked over sockets of a daemon. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>

#include "../support.h"
#include "handlers/pictures.h"
#include "http_client.h"

/* What was read, as text: options, then for each picture its size or its failure. */
static void describe(http_exchange *x, const char *const *members, int32_t most)
{
    static const char *const crops[] = {
        [DECODER_WHOLE] = "whole", [DECODER_BOX] = "box", [DECODER_LESION] = "lesion"
    };
    picture_list list;
    char         text[4000], *at = text;

    if (!pictures_read(x, members, most, &list))
        return;
    at += sprintf(at, "%s%s", list.several ? "several" : "one", list.explain ? " explain" : "");
    for (int32_t i = 0; i < list.count; i++) {
        const sent_picture *p = &list.item[i];

        if (p->failure.happened) {
            at += snprintf(at, 200, "; %s failed: %s", p->name, p->failure.detail);
            continue;
        }
        at += sprintf(at, "; %s %.*s crop %s", p->name, (int)p->size, (const char *)p->bytes,
                      crops[p->crop]);
        if (p->crop == DECODER_BOX)
            at += sprintf(at, " %d,%d,%d,%d", p->box.x, p->box.y, p->box.width, p->box.height);
    }
    http_reply_bytes(x, 200, "text/plain", text, (size_t)(at - text));
    pictures_free(&list);
}

static void run_sixteen(void *context, http_exchange *x)
{
    (void)context;
    describe(x, NULL, PICTURES_MOST);
}

static void run_one(void *context, http_exchange *x)
{
    static const char *const members[] = { "keep", NULL };

    (void)context;
    describe(x, members, 1);
}

#define TYPES "application/json image/jpeg image/png multipart/form-data"

static const http_route routes[] = {
    { "POST", "/sixteen", run_sixteen, 0, 100000, TYPES, NULL, "" },
    { "POST", "/one", run_one, 0, 100000, TYPES, NULL, "" },
    { .method = NULL },
};

static http_daemon *http;

static int start(void **state)
{
    const http_options options = { .address          = "127.0.0.1",
                                   .routes           = routes,
                                   .threads          = 1,
                                   .workers          = 2,
                                   .queue            = 8,
                                   .connections      = 100,
                                   .connections_each = 100,
                                   .idle_seconds     = 20,
                                   .request_seconds  = 20,
                                   .deadline_seconds = 20,
                                   .body_budget      = 1 << 20 };

    (void)state;
    return http_start(&options, &http, NULL) != SKC_OK;
}

static int stop(void **state)
{
    (void)state;
    http_stop(http, 0);
    return 0;
}

static answer post(const char *path, const char *type, const char *body, size_t size)
{
    char   head[400];
    answer a  = { 0 };
    int    fd = client_open(http_port(http));

    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", path,
             type, size);
    assert_true(fd >= 0 && client_send(fd, head) && client_write(fd, body, size));
    client_read(fd, &a, false);
    close(fd);
    return a;
}

static void assert_answer(const answer *a, unsigned status, const char *text)
{
    if (a->status != status || strstr(a->body, text) == NULL)
        fail_msg("%u, no '%s' in: %s", a->status, text, a->body);
}

static void json_is(const char *path, const char *body, unsigned status, const char *text)
{
    answer a = post(path, "application/json", body, strlen(body));

    assert_answer(&a, status, text);
}

static void test_json(void **state)
{
    static const struct {
        const char *path, *body;
        unsigned    status;
        const char *text;
    } cases[] = {
        { "/one", "{\"image\": \"Zm9v\"}", 200, "one; image foo crop whole" },
        { "/one", "{\"image\": \"Zm9v\", \"keep\": 1, \"explain\": true, \"crop\": \"auto\"}", 200,
          "one explain; image foo crop lesion" },
        { "/one",
          "{\"image\": \"Zm9v\", \"crop\": {\"x\": 1, \"y\": 2.0, \"width\": 3, \"height\": 4}}",
          200, "crop box 1,2,3,4" },
        { "/one", "{\"image\": \"Zm9v\", \"crop\": null}", 200, "crop whole" },
        { "/sixteen", "{\"images\": [\"Zm9v\", {\"image\": \"Zm8\", \"crop\": \"auto\"}]}", 200,
          "several; images[0] foo crop whole; images[1] fo crop lesion" },
        { "/sixteen", "{\"images\": [\"Zm9v\"], \"crop\": \"auto\"}", 200,
          "several; images[0] foo crop lesion" },
        { "/sixteen", "{\"images\": [\"!\", 5, {}, {\"image\": \"Zm8\", \"x\": 1}, \"Zm9v\"]}", 200,
          "images[1] failed: images[1] must be a text in base64" },
        { "/sixteen", "{\"images\": [\"!\", 5, {}, {\"image\": \"Zm8\", \"x\": 1}, \"Zm9v\"]}", 200,
          "members other than image and crop; images[4] foo crop whole" },
        { "/one", "{\"image\": \"Zm9!\"}", 400, "'!' at character 4" },
        { "/one", "{\"image\": \"\"}", 422, "nothing" },
        { "/one", "{\"image\": 5}", 422, "image must be a text" },
        { "/one", "{}", 422, "image must be given" },
        { "/sixteen", "{}", 422, "one of image and images" },
        { "/sixteen", "{\"image\": \"Zm8\", \"images\": []}", 422, "one of image and images" },
        { "/sixteen", "{\"images\": []}", 422, "a list of 1 to 16" },
        { "/sixteen", "{\"images\": \"Zm8\"}", 422, "a list of 1 to 16" },
        { "/one", "{\"image\": \"Zm8\", \"crap\": \"auto\"}", 422, "no member 'crap'" },
        { "/one", "{\"image\": \"Zm8\", \"explain\": \"true\"}", 422, "explain must be" },
        { "/one", "{\"image\": \"Zm8\", \"crop\": \"all\"}", 422, "crop must be" },
        { "/one", "{\"image\": \"Zm8\", \"crop\": {\"x\": 1, \"y\": 2, \"width\": 3}}", 422,
          "crop must be" },
        { "/one",
          "{\"image\": \"Zm8\", \"crop\": {\"x\": -1, \"y\": 2, \"width\": 3, \"height\": 1}}", 422,
          "crop must be" },
        { "/one",
          "{\"image\": \"Zm8\", \"crop\": {\"x\": 0.5, \"y\": 2, \"width\": 3, \"height\": 1}}",
          422, "crop must be" },
        { "/one",
          "{\"image\": \"Zm8\", \"crop\": {\"x\": 0, \"y\": 2, \"width\": 0, \"height\": 1}}", 422,
          "crop must be" },
        { "/one", "[]", 400, "must be an object" },
        { "/one", "{\"image\": \"Zm8\"", 400, "bad_json" },
        { "/one", "{\"image\": \"Zm8\", \"image\": \"Zm8\"}", 400, "duplicate" },
        { "/one", "{\"image\": \"\xff\"}", 400, "bad_json" },
        { "/one", "", 400, "bad_json" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        json_is(cases[i].path, cases[i].body, cases[i].status, cases[i].text);
}

static void test_counts(void **state)
{
    char body[400] = "{\"images\": [\"Zm8\"";

    (void)state;
    for (int i = 1; i < 16; i++)
        strcat(body, ",\"Zm8\"");
    strcat(body, "]}");
    json_is("/sixteen", body, 200, "images[15] fo");
    strcpy(strchr(body, ']'), ",\"Zm8\"]}");
    json_is("/sixteen", body, 422, "a list of 1 to 16");
}

static void test_raw(void **state)
{
    answer a = post("/sixteen?crop=1,2,3,4&explain=true", "image/png", "bytes", 5);

    (void)state;
    assert_answer(&a, 200, "one explain; image bytes crop box 1,2,3,4");
    a = post("/sixteen?crop=auto", "image/jpeg", "bytes", 5);
    assert_answer(&a, 200, "one; image bytes crop lesion");
    a = post("/sixteen", "image/jpeg", "", 0);
    assert_answer(&a, 422, "must be the picture");
    a = post("/sixteen?explain=1", "image/jpeg", "bytes", 5);
    assert_answer(&a, 422, "explain is '1'");
    for (int i = 0; i < 6; i++) {
        static const char *const crops[] = { "1,2,3",    "1,2,3,0",      "-1,2,3,4",
                                             "1,2,3,4x", "1,2,3,123456", "all" };
        char                     path[60];

        snprintf(path, sizeof path, "/sixteen?crop=%s", crops[i]);
        a = post(path, "image/jpeg", "bytes", 5);
        assert_answer(&a, 422, "crop must be");
    }
}

#define PART(name) "--x\r\nContent-Disposition: form-data; name=" name "\r\n\r\n"

static void form_is(const char *path, const char *body, unsigned status, const char *text)
{
    answer a = post(path, "multipart/form-data; boundary=x", body, strlen(body));

    assert_answer(&a, status, text);
}

static void test_forms(void **state)
{
    (void)state;
    form_is("/one", PART("image") "foo\r\n" PART("crop") "auto\r\n" PART("explain") "true\r\n--x--",
            200, "one explain; image foo crop lesion");
    form_is("/sixteen?crop=auto", PART("image") "foo\r\n" PART("image") "bar\r\n--x--", 200,
            "several; image 1 foo crop lesion; image 2 bar crop lesion");
    form_is("/one", PART("image") "foo\r\n" PART("image") "bar\r\n--x--", 422, "part 'image'");
    form_is("/one", PART("crop") "auto\r\n--x--", 422, "image must be given");
    form_is("/one", PART("image") "foo\r\n" PART("other") "1\r\n--x--", 422, "part 'other'");
    form_is("/one", PART("image") "\r\n--x--", 422, "empty");
    form_is("/one", PART("image") "a\r\n" PART("crop") "\r\n" PART("crop") "auto\r\n--x--", 422,
            "each once");
    form_is("/one", PART("image") "foo\r\n", 400, "bad_multipart");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_forms),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, start, stop);
}
