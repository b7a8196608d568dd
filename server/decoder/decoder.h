/* decoder.h - pictures are decoded in child processes that can do nothing else.
 *
 * A spawner is forked before the first thread: it has one thread, for ever, and forks decoders when
 * asked, over a socket, handing back their socket and their shared memory. A decoder has rlimits
 * and a seccomp filter: it may read, write and exit. What is damaged by a picture is one decoder,
 * which is replaced. The pixels come back through shared memory, their size checked again.
 *
 * A reply repeats the random number of its job. One with another number was left behind by an
 * earlier picture, or comes from a decoder that this picture has taken over: that decoder is ended,
 * and the picture handed to a fresh one, once, which has its own `milliseconds` within the same
 * deadline. A decoder that was taken over unnoticed and reads its next jobs knows their numbers: it
 * can answer them falsely until it is replaced.
 */
#ifndef SKC_SERVER_DECODER_DECODER_H
#define SKC_SERVER_DECODER_DECODER_H

#include "skincnn.h"

typedef struct decoder_spawner decoder_spawner;
typedef struct decoders        decoders;

typedef struct decoder_options {
    int32_t          count;        /* decoders kept ready, 1..64 */
    int32_t          milliseconds; /* a picture may take; then its decoder is killed: 5000 */
    uint64_t         memory;       /* bytes of address space beyond the shared memory: 512 MiB */
    skc_image_limits limits;
    int32_t side; /* pictures are scaled down so that the longer side is at most this: 1024 */
} decoder_options;

typedef enum decoder_crop { DECODER_WHOLE, DECODER_BOX, DECODER_LESION } decoder_crop;

typedef struct decoder_request {
    const void  *bytes;
    size_t       size;
    decoder_crop crop;
    skc_box      box;  /* in pixels of the upright picture, where crop is DECODER_BOX */
    const char  *name; /* for messages: "image", "images[3]" */
} decoder_request;

typedef struct decoder_result {
    skc_image *image;         /* cropped, scaled down; without metadata. The caller's */
    int32_t    width, height; /* of the whole picture, upright */
    skc_box    crop;          /* the part that `image` shows, in pixels of the whole picture */
    bool       found;         /* DECODER_LESION: something was found; else `crop` is the whole */
} decoder_result;

/* Call first of all, while the process has one thread and few open files. */
skc_status decoder_spawner_start(const decoder_options *options, decoder_spawner **out,
                                 skc_error *err);
skc_status decoders_create(decoder_spawner *spawner, decoders **out, skc_error *err);

/* Decodes on a decoder that is free, waiting for one until `deadline` (CLOCK_MONOTONIC ns). Any
 * thread. SKC_EFORMAT, SKC_EUNSUPPORTED, SKC_ELIMIT, SKC_EINVAL (box) are the picture's or
 * request's fault; also a picture that its decoder died of or took too long for (SKC_EFORMAT).
 * SKC_EIO: no decoder could be had in time, or the system gave no random number. */
SKC_MUST_CHECK skc_status decoders_run(decoders *pool, const decoder_request *request,
                                       uint64_t deadline, decoder_result *out, skc_error *err);

typedef struct decoder_figures {
    /* Since the start: pictures answered; those refused, whatever for; decoders that died of a
     * picture or were ended for what they said - nonsense, a reply to another job, anything unasked
     * - each once, so that a picture which is handed over again may add two; decoders killed
     * because they took too long. */
    uint64_t pictures, refused, died, overdue;
    /* Now. With the spawner gone `ready` is 0 for ever: the server must be started again. */
    int32_t  ready, busy;
} decoder_figures;

decoder_figures decoders_figures(decoders *pool);
void            decoders_free(decoders *pool);       /* ends the decoders */
void decoder_spawner_stop(decoder_spawner *spawner); /* ends the spawner and waits for it */

#endif
