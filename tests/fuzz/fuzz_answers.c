/* fuzz_answers.c - any bytes as the answers of a person, and as the private code of a spot. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "assessment/assessment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* What is read is written as the same, and leads to a verdict that says all. */
static void check_answers(const json_t *json)
{
    assessment_picture picture = { { 0.3, 0.1, 0.2 }, { 0.15, 0.1, 0.2 }, false };
    assessment_answers answers;
    assessment_verdict verdict;
    json_t            *written;
    skc_error          err;

    if (assessment_answers_read(json, &answers, &err) != SKC_OK)
        return;
    written = assessment_answers_write(&answers);
    require(written != NULL && json_equal(json, written));
    json_decref(written);
    verdict = assessment_judge(&picture, &answers);
    require(verdict.level >= verdict.picture && verdict.level < LEVEL_COUNT);
    written = assessment_verdict_write(&verdict, &picture, &answers);
    require(written != NULL && json_array_size(json_object_get(written, "reasons")) > 0);
    json_decref(written);
}

static void check_code(const char *text)
{
    char code[ASSESSMENT_CODE_BYTES], again[ASSESSMENT_CODE_BYTES];

    if (!assessment_code_read(text, code))
        return;
    require(strlen(code) == 29 && assessment_code_read(code, again));
    require(strcmp(code, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    char   *text = calloc(size + 1, 1);

    require(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    check_code(text);
    if (json != NULL)
        check_answers(json);
    json_decref(json);
    free(text);
    return 0;
}
