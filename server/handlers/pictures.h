/* pictures.h - the pictures of a request: as JSON with base64, as the raw body, or as multipart. */
#ifndef SKC_SERVER_HANDLERS_PICTURES_H
#define SKC_SERVER_HANDLERS_PICTURES_H

#include "server.h"

enum { PICTURES_MOST = 16 };

/* What went wrong with one picture, to be answered in its place. */
typedef struct picture_failure {
    bool         happened;
    http_problem problem;
    char         detail[504];
} picture_failure;

typedef struct sent_picture {
    char                 name[24]; /* "image", "images[3]": for messages */
    const unsigned char *bytes;
    unsigned char       *owned; /* what is to be released: `bytes`, unless they lie in the body */
    size_t               size;
    decoder_crop         crop;
    skc_box              box;
    picture_failure      failure;
} sent_picture;

typedef struct picture_list {
    sent_picture item[PICTURES_MOST];
    int32_t      count;
    bool         several; /* the answer is a list, even of one */
    bool         explain;
    json_t      *json; /* the body, if it is JSON: without the pictures; of the list */
} picture_list;

/* Reads the body. `members`: what JSON may have besides image, images, crop and explain; NULL ends;
 * `most` pictures. False: it has replied, and nothing is to be freed. A picture whose base64 is
 * wrong is a failure of its own where several may come, else of the request. */
bool pictures_read(http_exchange *exchange, const char *const *members, int32_t most,
                   picture_list *out);
/* The picture from a JSON text in base64; false: its failure says why. */
bool picture_from_base64(const json_t *text, sent_picture *out);
void pictures_free(picture_list *list);

#endif
