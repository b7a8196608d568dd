/* skincnn-crop.c - cuts lesions out of pictures: by a box, the centre square, or a lesion finder.
 */
#include "cli.h"
#include "files.h"
#include "input.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct settings {
    const char  *box, *out;
    bool         centre, automatic, square, force, json, dry_run;
    float        margin;
    int32_t      quality;
    input_limits limits;
} settings;

/* clang-format off */
static const cli_option options[] = {
    { "Where to cut (one of)", .kind = CLI_GROUP },
    { "box", 'b', CLI_TEXT, offsetof(settings, box), NULL, 0, 0, "X,Y,W,H",
      "this rectangle, in pixels from the top left corner" },
    { "centre", 'c', CLI_FLAG, offsetof(settings, centre), .help = "the largest centred square" },
    { "auto", 'a', CLI_FLAG, offsetof(settings, automatic), .help = "around the lesion, found by "
      "how much it differs from the skin" },
    { "margin", 'm', CLI_FLOAT, offsetof(settings, margin), "0.2", 0, 1, "SHARE",
      "with --auto: skin left on each side, as a share of the lesion's longer side" },
    { "square", 's', CLI_FLAG, offsetof(settings, square), .help = "with --auto: cut a square" },
    { "Output", .kind = CLI_GROUP },
    { "out", 'o', CLI_TEXT, offsetof(settings, out), NULL, 0, 0, "DIR",
      "write into this folder, under the same names; needed for several pictures" },
    { "quality", 'q', CLI_INT, offsetof(settings, quality), "92", 1, 100, "N", "of JPEG files" },
    { "force", 'f', CLI_FLAG, offsetof(settings, force), .help = "overwrite files" },
    { "dry-run", 'n', CLI_FLAG, offsetof(settings, dry_run), .help = "report boxes, write nothing" },
    { "json", 'j', CLI_FLAG, offsetof(settings, json),
      .help = "report each picture as a JSON object on a line" },
    { "Limits", .kind = CLI_GROUP },
    INPUT_LIMIT_OPTIONS(settings),
    { .name = NULL },
};
/* clang-format on */

typedef struct job {
    const char *input;
    char       *output; /* NULL in a dry run */
} job;

typedef struct job_list {
    job   *jobs;
    size_t count;
} job_list;

/* ------------------------------------------------------------------ one picture */

static skc_picture_format format_of(const char *path)
{
    const char *dot = strrchr(file_name(path), '.');

    return dot != NULL && strcasecmp(dot, ".png") == 0 ? SKC_PNG : SKC_JPEG;
}

static bool is_same_file(const job *j)
{
    return j->output != NULL && strcmp(j->input, j->output) == 0;
}

static skc_status write_part(const settings *o, const job *j, skc_image **image, skc_box box,
                             skc_error *err)
{
    skc_status status = input_cut_image(image, box, j->input, err);

    if (status != SKC_OK || j->output == NULL)
        return status;
    if (file_exists(j->output) && !o->force) {
        err->status = SKC_EINVAL;
        snprintf(err->message, sizeof err->message, "%s: %s; --force overwrites", j->output,
                 is_same_file(j) ? "is the input" : "exists already");
        return SKC_EINVAL;
    }
    return skc_image_save(*image, j->output, format_of(j->output), o->quality, err);
}

static skc_status crop_one(const settings *o, const input_crop *crop, const job *j, skc_box *box,
                           skc_error *err)
{
    skc_image *image  = NULL;
    skc_status status = input_load(j->input, &o->limits, NULL, &image, err);

    if (status == SKC_OK)
        status = input_find_box(image, crop, j->input, box, err);
    if (status == SKC_OK)
        status = write_part(o, j, &image, *box, err);
    skc_image_free(image);
    return status;
}

static void report_json(const job *j, const skc_box *box, const char *error)
{
    json_t *line = json_object();

    json_object_set_new(line, "path", cli_json_text(j->input));
    if (error == NULL)
        json_object_set_new(line, "box",
                            json_pack("{si si si si}", "x", (int)box->x, "y", (int)box->y, "width",
                                      (int)box->width, "height", (int)box->height));
    else
        json_object_set_new(line, "box", json_null());
    json_object_set_new(line, "output",
                        error == NULL && j->output != NULL ? cli_json_text(j->output)
                                                           : json_null());
    json_object_set_new(line, "error", error != NULL ? cli_json_text(error) : json_null());
    cli_json_line(line);
}

static void report(const settings *o, const job *j, const skc_box *box, const char *error)
{
    if (o->json)
        report_json(j, box, error);
    else if (error != NULL)
        cli_error("%s", error);
    else
        printf("%s: %d,%d,%d,%d%s%s\n", j->input, (int)box->x, (int)box->y, (int)box->width,
               (int)box->height, j->output != NULL ? " -> " : "",
               j->output != NULL ? j->output : "");
}

/* ------------------------------------------------------------------ the list of work */

static void add_job(job_list *list, const char *input, char *output)
{
    list->jobs                = cli_memory(list->jobs, list->count + 1, sizeof(job));
    list->jobs[list->count++] = (job){ input, output };
}

static void free_jobs(job_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->jobs[i].output);
    free(list->jobs);
}

/* A picture keeps its path below the folder that was named. */
static const char *relative_name(const char *argument, const char *path)
{
    size_t length = strlen(argument);

    if (!file_is_folder(argument))
        return file_name(path);
    path += length;
    return path + strspn(path, "/");
}

static bool list_jobs(const cli_call *call, file_list *pictures, job_list *list)
{
    const settings *o    = call->settings;
    bool            good = true;

    if (o->out == NULL && !o->dry_run) {
        add_job(list, call->arguments[0], cli_copy(call->arguments[1]));
        return true;
    }
    for (int32_t i = 0; i < call->count; i++) {
        size_t first = pictures->count;
        good         = file_list_pictures(pictures, call->arguments[i]) && good;
        for (size_t k = first; k < pictures->count; k++) {
            const char *path = pictures->paths[k];
            add_job(list, path,
                    o->dry_run ? NULL : file_join(o->out, relative_name(call->arguments[i], path)));
        }
    }
    return good;
}

static int compare_outputs(const void *a, const void *b)
{
    return strcmp((*(const job *const *)a)->output, (*(const job *const *)b)->output);
}

/* Two pictures of one name would overwrite each other. */
static bool outputs_differ(const job_list *list)
{
    const job **sorted = cli_memory(NULL, list->count, sizeof(job *));
    bool        differ = true;

    for (size_t i = 0; i < list->count; i++)
        sorted[i] = &list->jobs[i];
    if (list->count > 1)
        qsort(sorted, list->count, sizeof(job *), compare_outputs);
    for (size_t i = 1; i < list->count && differ; i++) {
        differ = strcmp(sorted[i - 1]->output, sorted[i]->output) != 0;
        if (!differ)
            cli_error("%s and %s would both become %s", sorted[i - 1]->input, sorted[i]->input,
                      sorted[i]->output);
    }
    free(sorted);
    return differ;
}

static bool make_folders(const job_list *list)
{
    skc_error err;
    bool      good = true;

    for (size_t i = 0; i < list->count && good; i++) {
        char *folder          = cli_copy(list->jobs[i].output);
        *strrchr(folder, '/') = '\0'; /* file_join put it there */
        good                  = file_make_folder(folder, &err) == SKC_OK;
        if (!good)
            cli_error("%s", err.message);
        free(folder);
    }
    return good;
}

/* ------------------------------------------------------------------ the program */

static int read_crop(const cli_call *call, input_crop *crop)
{
    const settings *o = call->settings;

    if ((o->box != NULL) + o->centre + o->automatic != 1)
        return cli_usage(call, "give one of --box, --centre and --auto");
    if (!o->automatic && (o->square || cli_given(call, "margin")))
        return cli_usage(call, "--square and --margin go with --auto only");
    *crop     = (input_crop){ .margin = o->margin, .square = o->square };
    crop->cut = o->box != NULL ? INPUT_BOX : o->centre ? INPUT_CENTRE : INPUT_AUTO;
    if (o->box != NULL && !cli_parse_box("--box", o->box, &crop->box))
        return CLI_FAILED;
    return CLI_OK;
}

static int check_output(const cli_call *call)
{
    const settings *o = call->settings;

    if (o->out != NULL && o->out[0] == '\0')
        return cli_usage(call, "--out is empty");
    if (o->out != NULL && o->dry_run)
        return cli_usage(call, "--out and --dry-run contradict each other");
    if (o->out != NULL || o->dry_run) {
        for (int32_t i = 0; i < call->count && o->out != NULL; i++)
            if (strcmp(call->arguments[i], "-") == 0)
                return cli_usage(call, "standard input has no name for --out; name the output");
        return CLI_OK;
    }
    if (call->count != 2)
        return cli_usage(call, "give PICTURE and OUTPUT, or --out DIR for several pictures");
    if (file_is_folder(call->arguments[0]))
        return cli_usage(call, "%s is a folder; give --out DIR", call->arguments[0]);
    if (!file_is_picture(call->arguments[1]))
        return cli_usage(call, "%s: the output must end in .jpg, .jpeg or .png",
                         call->arguments[1]);
    return CLI_OK;
}

static size_t crop_all(const settings *o, const input_crop *crop, const job_list *list)
{
    progress bar  = progress_begin("Cropping", list->count);
    size_t   good = 0;

    for (size_t i = 0; i < list->count && cli_output_ok(); i++) {
        skc_error err;
        skc_box   box    = { 0 };
        bool      failed = crop_one(o, crop, &list->jobs[i], &box, &err) != SKC_OK;
        progress_wipe_for_output();
        report(o, &list->jobs[i], &box, failed ? err.message : NULL);
        good += !failed;
        progress_update(&bar, i + 1, NULL);
    }
    progress_end(&bar);
    return good;
}

static int run(const cli_call *call)
{
    const settings *o        = call->settings;
    file_list       pictures = { 0 };
    job_list        list     = { 0 };
    input_crop      crop;
    size_t          good   = 0;
    int             status = read_crop(call, &crop);
    bool            complete;

    if (status == CLI_OK)
        status = check_output(call);
    if (status != CLI_OK)
        return status;
    complete = list_jobs(call, &pictures, &list);
    if (o->out == NULL || (outputs_differ(&list) && make_folders(&list)))
        good = crop_all(o, &crop, &list);
    status = good == 0 ? CLI_FAILED : good < list.count || !complete ? CLI_SOME_FAILED : CLI_OK;
    free_jobs(&list);
    file_list_free(&pictures);
    return status;
}

static const char *const examples[] = {
    "skincnn-crop --auto --square photo.jpg spot.jpg",
    "The lesion with a fifth of its size in skin around it, as a square.",
    "skincnn-crop --centre --out cropped/ pictures/",
    "The centre square of every picture in a folder, into another folder.",
    "skincnn-crop --auto --dry-run --json photo.jpg",
    "Only where the lesion is.",
    NULL,
};

static const cli_command commands[] = {
    { .arguments     = "PICTURE OUTPUT | --out DIR PICTURE|FOLDER...",
      .min_arguments = 1,
      .max_arguments = -1,
      .options       = options,
      .examples      = examples,
      .settings_size = sizeof(settings),
      .run           = run },
    { .run = NULL },
};

static const cli_program program = {
    "skincnn-crop",
    "cuts lesions out of pictures",
    "Reads JPEG and PNG, turned upright first; '-' is standard input. Writes JPEG or PNG by the "
    "ending of the output's name, without metadata, and never over an existing file unless "
    "--force is given.",
    commands,
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
