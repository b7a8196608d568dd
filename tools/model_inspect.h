/* model_inspect.h - what a model file holds, for people and as JSON. */
#ifndef SKC_TOOLS_MODEL_INSPECT_H
#define SKC_TOOLS_MODEL_INSPECT_H
#include "cli.h"

/* Prints everything about a model: what it is for, its decision, its layers, its origin. */
bool model_inspect(const skc_model *model, const char *path, bool json, skc_error *err);

/* "1,234,567". */
void number_text(uint64_t number, char out[32]);

#endif
