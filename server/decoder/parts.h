/* parts.h - what the files of the decoder share: messages, sizes, and what tests put in place.
 *
 * Server, spawner and decoders talk over SOCK_SEQPACKET sockets, a struct a message. Nothing that
 * comes from a decoder is believed: it may be in the hands of the picture's author.
 */
#ifndef SKC_SERVER_DECODER_PARTS_H
#define SKC_SERVER_DECODER_PARTS_H

#include "decoder/decoder.h"

/* Address space cannot be limited where a sanitizer maps terabytes of shadow, and its reports need
 * a few more system calls. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DECODER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DECODER_SANITIZED 1
#endif
#endif
#ifndef DECODER_SANITIZED
#define DECODER_SANITIZED 0
#endif

/* The only descriptor that a decoder can use. */
enum { DECODER_SOCKET = 3 };

/* From the server to a decoder; the picture's bytes stand in the shared memory. */
typedef struct decoder_job {
    uint64_t number; /* random, so that no decoder knows it before it has the job */
    uint64_t size;
    int32_t  crop; /* a decoder_crop */
    skc_box  box;
    char     name[64];
} decoder_job;

/* From a decoder to the server: first one that says how its sandbox was made, then one for each
 * job; the pixels stand in the shared memory. How many there are follows from the crop. */
typedef struct decoder_reply {
    uint64_t number; /* that of the job which it answers; 0 in the first */
    int32_t  status; /* a skc_status */
    int32_t  width, height;
    skc_box  crop;
    int32_t  found;
    char     message[sizeof((skc_error *)0)->message];
} decoder_reply;

/* ------------------------------------------------------------------ size.c */

/* Bytes of the memory that server and decoder share: the picture's file and, in its place
 * afterwards, the pixels. */
size_t decoder_memory_size(const decoder_options *options);

/* The size of the result for a crop of width x height. */
void decoder_fit(int32_t *width, int32_t *height, int32_t side);

/* ------------------------------------------------------------------ message.c */

enum { MESSAGE_DESCRIPTORS = 3 };

typedef enum message_outcome { MESSAGE_ARRIVED, MESSAGE_LATE, MESSAGE_BROKEN } message_outcome;

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t decoder_now(void);

/* Sends `size` bytes with `count` descriptors; false where the other end is gone. */
bool message_send(int socket, const void *bytes, size_t size, const int *descriptors, size_t count);

/* Waits until `deadline` for a message of exactly `size` bytes. `descriptors` (NULL: none may come)
 * gets MESSAGE_DESCRIPTORS of them; where the message has none, they are -1. */
message_outcome message_receive(int socket, uint64_t deadline, void *bytes, size_t size,
                                int *descriptors);

/* ------------------------------------------------------------------ sandbox.c */

/* Takes everything from this process but the shared memory, `memory` bytes more, `seconds` of
 * processor time, and its socket. There is no way back. */
skc_status decoder_sandbox(uint64_t memory, uint64_t seconds, skc_error *err);

/* ------------------------------------------------------------------ child.c */

/* Does a job: reads the picture from `memory`, and writes pixels and reply, but for its number. */
typedef void decoder_work(const decoder_options *options, unsigned char *memory,
                          const decoder_job *job, decoder_reply *reply);

/* The one that is shipped. */
decoder_work decoder_decode;

/* What a spawner needs to make decoders. */
typedef struct decoder_recipe {
    decoder_options options;
    decoder_work   *work;
} decoder_recipe;

/* A decoder's life, in a process of its own, which `parent` forked. */
_Noreturn void decoder_live(const decoder_recipe *recipe, int socket, int memory, int parent);

/* ------------------------------------------------------------------ spawner.c */

/* What the server holds of a decoder. */
typedef struct decoder_handle {
    int            socket, process; /* the latter from pidfd_open */
    unsigned char *memory;
    size_t         size;
} decoder_handle;

/* As decoder_spawner_start, with other work to do for the decoders. For tests. */
skc_status decoder_spawner_start_with(const decoder_options *options, decoder_work *work,
                                      decoder_spawner **out, skc_error *err);

const decoder_options *decoder_spawner_options(const decoder_spawner *spawner);
int                    decoder_spawner_process(const decoder_spawner *spawner);
bool                   decoder_spawner_lives(decoder_spawner *spawner);

/* A fresh decoder, in its sandbox. Any thread. SKC_EIO where none can be had. */
skc_status decoder_spawn(decoder_spawner *spawner, decoder_handle *out, skc_error *err);

/* Kills it and waits for its end. */
void decoder_end(decoder_handle *handle);

/* ------------------------------------------------------------------ pool.c */

/* A decoder is replaced, between two pictures, when it has worked for so long: what a picture may
 * have done to it ends with it, and a limit on its processor time is possible. */
enum { DECODER_LIFETIME_SECONDS = 60 };

#endif
