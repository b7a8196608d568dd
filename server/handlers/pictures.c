/* pictures.c - the pictures of a request: as JSON with base64, as the raw body, or as multipart. */
#include "handlers/pictures.h"
#include "handlers/base64.h"
#include "handlers/long_json.h"
#include "handlers/multipart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* LONG_TEXT: characters from which it pays to leave a picture in the body. */
enum { MOST_PARTS = PICTURES_MOST + 2, LONG_TEXT = 4096 };

static bool refuse(picture_failure *f, http_problem problem, const char *detail)
{
    f->happened = true;
    f->problem  = problem;
    snprintf(f->detail, sizeof f->detail, "%s", detail);
    return false;
}

/* ------------------------------------------------------------------ options */

static bool whole_number(const json_t *value, int32_t *out)
{
    double number = json_number_value(value);

    if (!json_is_number(value) || number != floor(number) || number < 0 || number > 65535)
        return false;
    *out = (int32_t)number;
    return true;
}

static bool crop_json(const json_t *crop, sent_picture *p)
{
    p->crop = DECODER_WHOLE;
    if (crop == NULL || json_is_null(crop))
        return true;
    p->crop = DECODER_LESION;
    if (json_is_string(crop) && strcmp(json_string_value(crop), "auto") == 0)
        return true;
    p->crop = DECODER_BOX;
    return json_is_object(crop) && json_object_size(crop) == 4 &&
           whole_number(json_object_get(crop, "x"), &p->box.x) &&
           whole_number(json_object_get(crop, "y"), &p->box.y) &&
           whole_number(json_object_get(crop, "width"), &p->box.width) &&
           whole_number(json_object_get(crop, "height"), &p->box.height) && p->box.width > 0 &&
           p->box.height > 0;
}

/* NULL or "": the whole; "auto"; "x,y,width,height", which sscanf alone would also read with signs
 * and spaces. */
static bool crop_text(const char *text, sent_picture *p)
{
    int length = 0;

    p->crop = DECODER_WHOLE;
    if (text == NULL || text[0] == '\0')
        return true;
    p->crop = DECODER_LESION;
    if (strcmp(text, "auto") == 0)
        return true;
    p->crop = DECODER_BOX;
    return strspn(text, "0123456789,") == strlen(text) &&
           sscanf(text, "%5d,%5d,%5d,%5d%n", &p->box.x, &p->box.y, &p->box.width, &p->box.height,
                  &length) == 4 &&
           text[length] == '\0' && p->box.width > 0 && p->box.height > 0;
}

#define CROP_HELP "crop must be null, \"auto\", or x, y, width and height in whole pixels"

static bool read_flag(const char *text, bool *out)
{
    *out = text != NULL && strcmp(text, "true") == 0;
    return text == NULL || *out || strcmp(text, "false") == 0;
}

/* Options of a raw body or a form, given as texts, for all pictures. */
static bool read_texts(http_exchange *x, const char *crop, const char *explain, picture_list *list)
{
    for (int32_t i = 0; i < list->count; i++)
        if (!crop_text(crop, &list->item[i])) {
            http_reply_problem(x, HTTP_BAD_VALUE, CROP_HELP ": crop=auto or crop=10,20,300,300");
            return false;
        }
    if (!read_flag(explain, &list->explain)) {
        http_reply_problem(x, HTTP_BAD_VALUE, "explain is '%.40s'; it must be true or false",
                           explain);
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ JSON */

static bool from_base64(const long_json *body, const json_t *string, sent_picture *p)
{
    const char *text;
    size_t      length;
    skc_error   err;
    skc_status  status;

    if (!json_is_string(string)) {
        snprintf(err.message, sizeof err.message, "%s must be a text in base64", p->name);
        return refuse(&p->failure, HTTP_BAD_VALUE, err.message);
    }
    text     = long_json_text(body, string, &length);
    status   = base64_decode(text, length, p->name, &p->owned, &p->size, &err);
    p->bytes = p->owned;
    if (status == SKC_OK)
        return true;
    return refuse(&p->failure,
                  status == SKC_ENOMEM   ? HTTP_BUSY
                  : status == SKC_EINVAL ? HTTP_BAD_VALUE
                                         : HTTP_BAD_BASE64,
                  err.message);
}

bool picture_from_base64(const json_t *text, sent_picture *p)
{
    return from_base64(&(long_json){ .count = 0 }, text, p);
}

/* An element of "images": a text, or an object with a crop of its own. */
static bool read_element(const long_json *body, const json_t *element, const json_t *crop,
                         sent_picture *p)
{
    const json_t *text = element, *own = crop;

    if (json_is_object(element)) {
        text = json_object_get(element, "image");
        if (json_object_get(element, "crop") != NULL)
            own = json_object_get(element, "crop");
        if (json_object_size(element) !=
            (size_t)(text != NULL) + (json_object_get(element, "crop") != NULL))
            return refuse(&p->failure, HTTP_BAD_VALUE,
                          "an element of images has members other than image and crop");
    }
    if (!crop_json(own, p))
        return refuse(&p->failure, HTTP_BAD_VALUE, CROP_HELP);
    return from_base64(body, text, p);
}

/* Refuses members that nobody knows: a misspelt option must not pass for its default. */
static bool check_members(http_exchange *x, json_t *body, const char *const *members)
{
    static const char *const own[] = { "image", "images", "crop", "explain", NULL };
    const char              *key;
    json_t                  *value;

    json_object_foreach(body, key, value)
    {
        bool known = false;

        for (const char *const *m = own; *m != NULL && !known; m++)
            known = strcmp(*m, key) == 0;
        for (const char *const *m = members; m != NULL && *m != NULL && !known; m++)
            known = strcmp(*m, key) == 0;
        if (!known) {
            http_reply_problem(x, HTTP_BAD_VALUE, "there is no member '%.60s'", key);
            return false;
        }
    }
    return true;
}

static bool take_images(http_exchange *x, const long_json *read, int32_t most, picture_list *list)
{
    const json_t *body  = read->json;
    const json_t *image = json_object_get(body, "image"), *images = json_object_get(body, "images");
    const json_t *crop  = json_object_get(body, "crop");
    size_t        count = json_array_size(images);

    if ((image == NULL) == (images == NULL)) {
        http_reply_problem(x, HTTP_BAD_VALUE,
                           most > 1 ? "one of image and images must be given"
                                    : "image must be given");
        return false;
    }
    if (image == NULL && (!json_is_array(images) || count < 1 || count > (size_t)most)) {
        http_reply_problem(x, HTTP_BAD_VALUE, "images must be a list of 1 to %d", (int)most);
        return false;
    }
    list->several = image == NULL;
    list->count   = image == NULL ? (int32_t)count : 1;
    for (int32_t i = 0; i < list->count; i++) {
        sent_picture *p = &list->item[i];

        snprintf(p->name, sizeof p->name, image == NULL ? "images[%d]" : "image", (int)i);
        read_element(read, image == NULL ? json_array_get(images, (size_t)i) : image, crop, p);
    }
    return true;
}

static bool read_json(http_exchange *x, const char *const *members, int32_t most,
                      picture_list *list)
{
    size_t        size;
    const char   *text = http_body(x, &size);
    json_error_t  error;
    long_json     read;
    const json_t *explain;

    if (http_query(x, "crop") != NULL || http_query(x, "explain") != NULL) {
        http_reply_problem(x, HTTP_BAD_VALUE, "crop and explain belong into the JSON, not the URL");
        return false;
    }
    if (!long_json_read(text, size, LONG_TEXT, &read, &error)) {
        http_reply_problem(x, HTTP_BAD_JSON, "line %d, column %d: %s", error.line, error.column,
                           error.text);
        return false;
    }
    list->json = read.json;
    if (!json_is_object(list->json)) {
        http_reply_problem(x, HTTP_BAD_JSON, "the body must be an object");
        return false;
    }
    explain = json_object_get(list->json, "explain");
    if (explain != NULL && !json_is_boolean(explain)) {
        http_reply_problem(x, HTTP_BAD_VALUE, "explain must be true or false");
        return false;
    }
    list->explain = json_is_true(explain);
    if (!check_members(x, list->json, members) || !take_images(x, &read, most, list))
        return false;
    http_release_body(x);
    json_object_del(list->json, "image"); /* their memory is of use elsewhere */
    json_object_del(list->json, "images");
    return true;
}

/* ------------------------------------------------------------------ other bodies */

static bool read_raw(http_exchange *x, picture_list *list)
{
    sent_picture *p = &list->item[0];

    list->count = 1;
    snprintf(p->name, sizeof p->name, "image");
    p->bytes = (const unsigned char *)http_body(x, &p->size);
    if (p->size == 0) {
        http_reply_problem(x, HTTP_BAD_VALUE, "the body must be the picture");
        return false;
    }
    return read_texts(x, http_query(x, "crop"), http_query(x, "explain"), list);
}

/* A part's short text, as a NUL-terminated copy; what is none is a value that no option has. */
static const char *part_text(const multipart_part *part, char text[64])
{
    if (part->size > 63 || memchr(part->bytes, '\0', part->size) != NULL)
        return "no short text";
    memcpy(text, part->bytes, part->size);
    text[part->size] = '\0';
    return text;
}

static void take_picture(const multipart_part *part, sent_picture *p)
{
    p->bytes = (const unsigned char *)part->bytes;
    p->size  = part->size;
    if (p->size == 0)
        refuse(&p->failure, HTTP_BAD_VALUE, "a part named image is empty");
}

static bool take_parts(http_exchange *x, const multipart_part *parts, int32_t count, int32_t most,
                       picture_list *list)
{
    char        texts[2][64];
    const char *crop = http_query(x, "crop"), *explain = http_query(x, "explain");

    for (int32_t i = 0; i < count; i++) {
        if (strcmp(parts[i].name, "crop") == 0 && crop == NULL) {
            crop = part_text(&parts[i], texts[0]);
        } else if (strcmp(parts[i].name, "explain") == 0 && explain == NULL) {
            explain = part_text(&parts[i], texts[1]);
        } else if (http_query(x, parts[i].name) != NULL) {
            http_reply_problem(x, HTTP_BAD_VALUE,
                               "%s is in the URL and in a part too; once is allowed",
                               parts[i].name);
            return false;
        } else if (strcmp(parts[i].name, "image") == 0 && list->count < most) {
            take_picture(&parts[i], &list->item[list->count++]);
        } else {
            http_reply_problem(x, HTTP_BAD_VALUE,
                               "part '%.60s' is not one of crop and explain, each once, and image, "
                               "1 to %d times",
                               parts[i].name, (int)most);
            return false;
        }
    }
    if (list->count == 0) {
        http_reply_problem(x, HTTP_BAD_VALUE, "a part named image must be given");
        return false;
    }
    list->several = list->count > 1;
    for (int32_t i = 0; i < list->count; i++)
        snprintf(list->item[i].name, sizeof list->item[i].name,
                 list->several ? "image %d" : "image", (int)i + 1);
    return read_texts(x, crop, explain, list);
}

static bool read_form(http_exchange *x, int32_t most, picture_list *list)
{
    multipart_part parts[MOST_PARTS];
    size_t         size;
    const char    *body  = http_body(x, &size);
    int32_t        count = 0;
    skc_error      err;
    skc_status     status =
        multipart_read(http_header(x, "Content-Type"), body, size, parts, MOST_PARTS, &count, &err);

    if (status == SKC_OK)
        return take_parts(x, parts, count, most, list);
    http_reply_problem(x, status == SKC_ELIMIT ? HTTP_BAD_VALUE : HTTP_BAD_MULTIPART, "%s",
                       err.message);
    return false;
}

/* ------------------------------------------------------------------ all bodies */

bool pictures_read(http_exchange *x, const char *const *members, int32_t most, picture_list *out)
{
    const char  *type = http_media_type(x);
    picture_list list = { 0 };
    bool         good;

    if (strcmp(type, "application/json") == 0)
        good = read_json(x, members, most, &list);
    else if (strcmp(type, "multipart/form-data") == 0)
        good = read_form(x, most, &list);
    else
        good = read_raw(x, &list);
    if (good && !list.several && list.item[0].failure.happened) {
        http_reply_problem(x, list.item[0].failure.problem, "%s", list.item[0].failure.detail);
        good = false;
    }
    if (good)
        *out = list;
    else
        pictures_free(&list);
    return good;
}

void pictures_free(picture_list *list)
{
    for (int32_t i = 0; i < list->count; i++)
        free(list->item[i].owned);
    json_decref(list->json);
    *list = (picture_list){ 0 };
}
