/* clinics.h - the directory of clinics that the operator maintains as a CSV file. */
#ifndef SKC_SERVER_ASSESSMENT_CLINICS_H
#define SKC_SERVER_ASSESSMENT_CLINICS_H

#include "skincnn.h"

#include <jansson.h>

typedef struct clinics clinics;

/* Reads a CSV file with the columns name, county, address, phone, url (in any order; others are
 * ignored), in UTF-8. NULL: the sample inside the program, whose clinics do not exist. */
skc_status clinics_load(const char *path, clinics **out, skc_error *err);
void       clinics_free(clinics *directory);
/* {"sample": bool, "counties": [...], "clinics": [...]} of one county, or of all where it is NULL.
 * NULL: out of memory. Any thread. */
json_t    *clinics_json(const clinics *directory, const char *county);

#endif
