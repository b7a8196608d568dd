/* child.c - a decoder: takes jobs from its socket, decodes, cuts and scales down, until it ends. */
#define _GNU_SOURCE
#include "decoder/parts.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"

/* ------------------------------------------------------------------ a job */

static bool is_whole(const skc_image *image, skc_box box)
{
    return box.x == 0 && box.y == 0 && box.width == skc_image_width(image) &&
           box.height == skc_image_height(image);
}

static skc_status choose_crop(const skc_image *image, const decoder_job *job, decoder_reply *reply,
                              skc_error *err)
{
    const float margin = 0.2F; /* of the lesion's longer side: what skincnn-crop leaves, too */
    skc_status  status = SKC_ENOTFOUND;

    reply->crop = (skc_box){ 0, 0, reply->width, reply->height };
    if (job->crop == DECODER_BOX)
        reply->crop = job->box;
    if (job->crop != DECODER_LESION)
        return SKC_OK;
    status       = skc_image_find_lesion(image, margin, true, &reply->crop, err);
    reply->found = status == SKC_OK;
    return status == SKC_ENOTFOUND ? SKC_OK : status;
}

/* *image becomes what was made of it. */
static void replace(skc_image **image, skc_image *by)
{
    skc_image_free(*image);
    *image = by;
}

static skc_status cut_and_shrink(skc_image **image, const decoder_options *options,
                                 const decoder_job *job, decoder_reply *reply, skc_error *err)
{
    skc_image *made;
    skc_status status = choose_crop(*image, job, reply, err);
    int32_t    width = reply->crop.width, height = reply->crop.height;

    if (status == SKC_OK && !is_whole(*image, reply->crop)) {
        status = skc_image_crop(*image, reply->crop, &made, err);
        if (status == SKC_OK)
            replace(image, made);
    }
    decoder_fit(&width, &height, options->side);
    if (status == SKC_OK && !is_whole(*image, (skc_box){ 0, 0, width, height })) {
        status = skc_image_resize(*image, width, height, &made, err);
        if (status == SKC_OK)
            replace(image, made);
    }
    return status;
}

static skc_status make_pixels(const decoder_options *options, unsigned char *memory,
                              const decoder_job *job, decoder_reply *reply, skc_error *err)
{
    skc_error   inner = { 0 };
    skc_image  *image;
    skc_runtime runtime;
    skc_status  status;

    skc_runtime_init(&runtime);
    runtime.threads = 1;
    status =
        skc_image_decode(memory, job->size, job->name, &options->limits, &runtime, &image, err);
    if (status != SKC_OK)
        return status;
    reply->width  = skc_image_width(image);
    reply->height = skc_image_height(image);
    status        = cut_and_shrink(&image, options, job, reply, &inner);
    if (status == SKC_OK)
        memcpy(memory, skc_image_pixels(image),
               (size_t)skc_image_width(image) * (size_t)skc_image_height(image) * 3);
    skc_image_free(image);
    return status == SKC_OK ? SKC_OK : failure(err, status, "%s: %s", job->name, inner.message);
}

void decoder_decode(const decoder_options *options, unsigned char *memory, const decoder_job *job,
                    decoder_reply *reply)
{
    skc_error err = { 0 };

    reply->status = (int32_t)make_pixels(options, memory, job, reply, &err);
    memcpy(reply->message, err.message, sizeof reply->message);
}

/* ------------------------------------------------------------------ a life */

static void answer_jobs(const decoder_recipe *recipe, unsigned char *memory)
{
    for (;;) {
        decoder_job   job;
        decoder_reply reply = { 0 };

        if (recv(DECODER_SOCKET, &job, sizeof job, 0) != (ssize_t)sizeof job)
            return;
        recipe->work(&recipe->options, memory, &job, &reply);
        reply.number = job.number;
        if (send(DECODER_SOCKET, &reply, sizeof reply, MSG_NOSIGNAL) != (ssize_t)sizeof reply)
            return;
    }
}

/* Small pictures find the heap warm; the planes of large ones go back to the system at once. */
static void settle_malloc(void)
{
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

static uint64_t processor_seconds(const decoder_options *options)
{
    return DECODER_LIFETIME_SECONDS + (uint64_t)options->milliseconds / 1000 + 2;
}

_Noreturn void decoder_live(const decoder_recipe *recipe, int socket, int memory, int parent)
{
    decoder_reply  reply = { 0 };
    skc_error      err   = { 0 };
    unsigned char *shared;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
        _exit(1);
    prctl(PR_SET_NAME, "skincnn-decoder", 0, 0, 0);
    shared = mmap(NULL, decoder_memory_size(&recipe->options), PROT_READ | PROT_WRITE, MAP_SHARED,
                  memory, 0);
    if (shared == MAP_FAILED || dup2(socket, DECODER_SOCKET) != DECODER_SOCKET)
        _exit(1);
    closefrom(DECODER_SOCKET + 1);
    settle_malloc();
    reply.status =
        (int32_t)decoder_sandbox(recipe->options.memory, processor_seconds(&recipe->options), &err);
    memcpy(reply.message, err.message, sizeof reply.message);
    if (send(DECODER_SOCKET, &reply, sizeof reply, MSG_NOSIGNAL) == (ssize_t)sizeof reply &&
        reply.status == SKC_OK)
        answer_jobs(recipe, shared);
    _exit(0);
}
