/* files.h - finding, listing, reading and writing files for the tools. */
#ifndef SKC_TOOLS_FILES_H
#define SKC_TOOLS_FILES_H
#include "skincnn.h"

/* A growing list of paths; {0} is empty. */
typedef struct file_list {
    char **paths;
    size_t count, capacity;
} file_list;

void file_list_add(file_list *list, const char *path);
void file_list_free(file_list *list);

/* Whether the name ends in .jpg, .jpeg or .png (any case). */
bool file_is_picture(const char *path);

bool file_exists(const char *path);
bool file_is_folder(const char *path);
/* Whether the folder is a link to a folder that it lies in: a walk would never end. */
bool file_leads_back(const char *path);

/* Adds `path`, or if it is a folder every picture below it, sorted by name, hidden files and
 * folders left out. Returns false after a message when a folder cannot be read or holds no picture.
 */
bool file_list_pictures(file_list *list, const char *path);

/* folder + "/" + name, without doubling the slash. Release with free. */
char       *file_join(const char *folder, const char *name);
/* The part after the last slash. */
const char *file_name(const char *path);

/* The path of something that ships with the program, e.g. "diagnosis.safetensors": in `weights/` of
 * the source tree that the program was built in, else in $(datadir)/skincnn. Names the latter when
 * neither is there. Release with free. */
char *file_shipped(const char *name);

/* Makes a folder and those above it. */
skc_status file_make_folder(const char *path, skc_error *err);

/* Everything of a file, or of standard input for "-", with a NUL after it that `size` does not
 * count; SKC_ELIMIT over max_bytes. Release with free. */
skc_status file_read(const char *path, uint64_t max_bytes, char **bytes, size_t *size,
                     skc_error *err);

/* To a temporary file beside it, synced, renamed: the old file or the new one, never half of one.
 */
skc_status file_write(const char *path, const void *bytes, size_t size, skc_error *err);

#endif
