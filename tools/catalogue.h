/* catalogue.h - everything of interest in folders and archives: pictures by place, tables by
 * content. */
#ifndef SKC_TOOLS_CATALOGUE_H
#define SKC_TOOLS_CATALOGUE_H

#include "csv.h"
#include "problems.h"

typedef struct catalogue_picture {
    char *location; /* absolute: "/data/part_1.zip!folder/ISIC_0024306.jpg" */
    char *inner; /* the part below the path that was asked for, with that path's own last name, an
                    archive standing as a folder: "part_1/folder/ISIC_0024306.jpg" */
    char *id;    /* the file's name without its ending: "ISIC_0024306" */
} catalogue_picture;

typedef struct catalogue_table {
    char *location;
    csv   table;
} catalogue_table;

/* {0} is empty. */
typedef struct catalogue {
    catalogue_picture *pictures; /* after catalogue_sort: by id, then by location */
    catalogue_table   *tables;
    int32_t            picture_count, table_count;
    int32_t            picture_capacity, table_capacity;
    int32_t            companions; /* masks and superpixels that lie beside pictures: left out */
} catalogue;

/* The last name of a path, without the ending of an archive: "train" for "/data/train.tar.gz" and
 * "data" for "." there. Release with free. */
char *catalogue_name(const char *path);

/* Adds what lies in a file, a folder (and below) or an archive. What cannot be read goes to
 * `list`; the rest goes on. */
void catalogue_add(catalogue *c, const char *path, problems *list);
void catalogue_sort(catalogue *c);
void catalogue_free(catalogue *c);

/* The first picture of that id, and how many there are (0: none). Sorted catalogues only. */
const catalogue_picture *catalogue_find(const catalogue *c, const char *id, int32_t *count);

#endif
