/* skincnn-admin.c - keys, backups and checks of a service's data, while it runs or not. */
#include "access/access.h"
#include "cli.h"
#include "json_build.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

typedef struct admin_settings {
    const char *data, *name;
    bool        admin, json;
    int32_t     rate, quota;
} admin_settings;

#define FIELD(field) offsetof(admin_settings, field)

#define DATA_OPTION                                                                                \
    {                                                                                              \
        "data", 'd', CLI_TEXT, FIELD(data), NULL, 0, 0, "DIR",                                     \
            "folder of the service's database; required"                                           \
    }

/* Runs `work` on the open database. */
static int with_store(const cli_call *call,
                      skc_status (*work)(const cli_call *, store *, skc_error *))
{
    const admin_settings *o = call->settings;
    store                *db;
    skc_error             err;
    skc_status            status;

    if (o->data == NULL)
        return cli_usage(call, "--data is required: the folder of the database");
    if (sodium_init() < 0 || store_open(o->data, &db, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return CLI_FAILED;
    }
    status = work(call, db, &err);
    store_close(db);
    if (status == SKC_OK)
        return CLI_OK;
    cli_error("%s", err.message);
    return CLI_FAILED;
}

/* ------------------------------------------------------------------ keys */

static skc_status add_key(const cli_call *call, store *db, skc_error *err)
{
    const admin_settings *o = call->settings;
    char                  text[ACCESS_KEY_BYTES];
    store_key             key = { 0 };
    int64_t               id;
    skc_status            status;

    access_key_make(text, &key);
    snprintf(key.name, sizeof key.name, "%s", o->name);
    key.admin   = o->admin;
    key.rate    = o->rate;
    key.quota   = o->quota;
    key.created = (int64_t)time(NULL);
    status      = store_key_add(db, &key, &id, err);
    if (status != SKC_OK)
        return status;
    printf("%s\n", text);
    fprintf(stderr, "key %" PRId64 " '%s' is made; it is shown this once and not stored\n", id,
            key.name);
    sodium_memzero(text, sizeof text);
    return SKC_OK;
}

/* UTF-8 without control characters: one line of a list, and a text of JSON. */
static bool is_text(const char *text)
{
    json_t *string = json_string(text);
    bool    good   = string != NULL;

    for (; good && *text != '\0'; text++)
        good = (unsigned char)*text >= ' ' && *text != 0x7F;
    json_decref(string);
    return good;
}

static int key_add(const cli_call *call)
{
    const admin_settings *o = call->settings;

    if (o->name == NULL || o->name[0] == '\0')
        return cli_usage(call, "--name is required: who the key is for");
    if (strlen(o->name) > STORE_NAME_BYTES)
        return cli_usage(call, "--name has %zu bytes; %d are allowed", strlen(o->name),
                         (int)STORE_NAME_BYTES);
    if (!is_text(o->name))
        return cli_usage(call, "--name must be UTF-8 without control characters");
    return with_store(call, add_key);
}

static void day_text(int64_t seconds, char text[16])
{
    time_t    time = (time_t)seconds;
    struct tm utc;

    if (seconds == 0)
        snprintf(text, 16, "-");
    else
        strftime(text, 16, "%Y-%m-%d", gmtime_r(&time, &utc));
}

static void print_key(const store_key *k, bool json)
{
    char created[16], revoked[16], used[16];

    day_text(k->created, created);
    day_text(k->revoked, revoked);
    day_text(k->last_used, used);
    if (json)
        cli_json_line(json_pack("{s:I, s:o, s:s, s:b, s:i, s:i, s:I, s:I, s:I}", "id",
                                (json_int_t)k->id, "name", cli_json_text(k->name), "shown",
                                k->shown, "admin", (int)k->admin, "rate", k->rate, "quota",
                                k->quota, "created", (json_int_t)k->created, "revoked",
                                (json_int_t)k->revoked, "last_used", (json_int_t)k->last_used));
    else
        printf("%4" PRId64 "  %-12s  %-5s  %8d  %8d  %-10s  %-10s  %-10s  %s\n", k->id, k->shown,
               k->admin ? "admin" : "", k->rate, k->quota, created, used, revoked, k->name);
}

static skc_status list_keys(const cli_call *call, store *db, skc_error *err)
{
    const admin_settings *o = call->settings;
    store_key            *keys;
    int32_t               count;
    skc_status            status = store_key_list(db, &keys, &count, err);

    if (status != SKC_OK)
        return status;
    if (!o->json)
        printf("%4s  %-12s  %-5s  %8s  %8s  %-10s  %-10s  %-10s  %s\n", "id", "key", "scope",
               "rate/min", "a day", "created", "used", "revoked", "name");
    for (int32_t i = 0; i < count; i++)
        print_key(&keys[i], o->json);
    free(keys);
    return SKC_OK;
}

static int key_list(const cli_call *call)
{
    return with_store(call, list_keys);
}

/* One key by its number; false after a message. */
static bool revoke(store *db, const char *text)
{
    char     *end;
    skc_error err;
    long long id = strtoll(text, &end, 10);

    if (*end != '\0' || end == text) {
        cli_error("'%s' is not the number of a key", text);
        return false;
    }
    if (store_key_revoke(db, id, (int64_t)time(NULL), &err) != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    return true;
}

static int key_revoke(const cli_call *call)
{
    const admin_settings *o      = call->settings;
    int32_t               failed = 0;
    store                *db;
    skc_error             err;

    if (o->data == NULL)
        return cli_usage(call, "--data is required: the folder of the database");
    if (store_open(o->data, &db, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return CLI_FAILED;
    }
    for (int32_t i = 0; i < call->count; i++)
        failed += !revoke(db, call->arguments[i]);
    store_close(db);
    return failed == 0 ? CLI_OK : failed < call->count ? CLI_SOME_FAILED : CLI_FAILED;
}

/* ------------------------------------------------------------------ the database */

static skc_status back_up(const cli_call *call, store *db, skc_error *err)
{
    return store_backup(db, call->arguments[0], err);
}

static int backup(const cli_call *call)
{
    return with_store(call, back_up);
}

static skc_status check_store(const cli_call *call, store *db, skc_error *err)
{
    skc_status status = store_check(db, err);

    (void)call;
    if (status == SKC_OK)
        printf("the database is sound\n");
    return status;
}

static int check(const cli_call *call)
{
    return with_store(call, check_store);
}

/* ------------------------------------------------------------------ the program */

/* clang-format off */
static const cli_option add_options[] = {
    DATA_OPTION,
    { "name", 'n', CLI_TEXT, FIELD(name), NULL, 0, 0, "NAME", "who the key is for; required" },
    { "admin", 0, CLI_FLAG, FIELD(admin), .help = "the key may also change models" },
    { "rate", 0, CLI_INT, FIELD(rate), "0", 0, 1000000, "N",
      "requests a minute; 0: as the service is configured" },
    { "quota", 0, CLI_INT, FIELD(quota), "0", 0, 1000000000, "N", "requests a day; 0: no end" },
    { .name = NULL },
};
static const cli_option list_options[] = {
    DATA_OPTION,
    { "json", 0, CLI_FLAG, FIELD(json), .help = "one JSON object a line" },
    { .name = NULL },
};
static const cli_option data_options[] = { DATA_OPTION, { .name = NULL } };
/* clang-format on */

static const char *const add_examples[] = {
    "skincnn-admin key-add --data data --name clinic --rate 120 --quota 5000",
    "prints a new key: it works at once, without a restart",
    NULL,
};

static const cli_command commands[] = {
    { .name          = "key-add",
      .summary       = "makes an API key and prints it, this once",
      .options       = add_options,
      .examples      = add_examples,
      .settings_size = sizeof(admin_settings),
      .run           = key_add },
    { .name          = "key-list",
      .summary       = "lists the API keys",
      .options       = list_options,
      .settings_size = sizeof(admin_settings),
      .run           = key_list },
    { .name          = "key-revoke",
      .summary       = "revokes API keys, at once and for good",
      .arguments     = "ID...",
      .min_arguments = 1,
      .max_arguments = -1,
      .options       = data_options,
      .settings_size = sizeof(admin_settings),
      .run           = key_revoke },
    { .name          = "backup",
      .summary       = "writes a copy of the database, also while the service runs",
      .arguments     = "FILE",
      .min_arguments = 1,
      .max_arguments = 1,
      .options       = data_options,
      .settings_size = sizeof(admin_settings),
      .run           = backup },
    { .name          = "check",
      .summary       = "checks that the database is sound",
      .options       = data_options,
      .settings_size = sizeof(admin_settings),
      .run           = check },
    { .run = NULL },
};

static const cli_program program = { "skincnn-admin",
                                     "keys, backups and checks of a skincnn service", NULL,
                                     commands };

int main(int argc, char **argv)
{
    umask(0077); /* databases and copies are for nobody else to read, as those of the server */
    return cli_main(&program, argc, argv);
}
