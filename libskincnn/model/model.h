/* model.h - what a model is inside the library. Floor 4. */
#ifndef SKC_MODEL_MODEL_H
#define SKC_MODEL_MODEL_H

#include "core/json.h"
#include "graph/fold.h"
#include "graph/quantised.h"
#include "image/image.h"
#include "model/safetensors.h"

struct skc_model {
    skc_allocator     allocator;
    char             *architecture; /* JSON text */
    skc_graph         graph;
    skc_arena         arena;      /* parameters, names, class weights */
    float           **param;      /* by parameter number */
    const char      **param_name; /* "conv1.weight" */
    char             *task;
    char            **labels;
    int32_t           label_count;
    skc_preprocessing preprocessing;
    float             temperature, threshold;
    int32_t           views;
    float            *class_weights; /* (label_count) */
    char             *provenance;    /* JSON text */
    char              sha256[65];
    skc_folded        folded; /* for sessions; of the parameters as they were when it was made */
    bool              has_folded;
    bool              compact; /* folded in place: `param` is of no use but for sessions */
    /* A quantised model: its architecture is a folded one (quantise.c), `param` has its weights as
     * they are after quantising. */
    bool              is_quantised;
    skc_quantisation  quantisation; /* in quantisation_arena */
    skc_arena         quantisation_arena;

    skc_precision precision; /* of the file that it was read from */
    bool         *malignant; /* (label_count) */
    bool          knows_malignant;
    int32_t       point_count;

    skc_operating_point points[SKC_MOST_OPERATING_POINTS];
};

/* What a model is made from, besides its parameters: the "skincnn" text of a file, or options. */
typedef struct skc_model_parts {
    const char        *architecture; /* JSON text */
    size_t             architecture_size;
    const char        *where;         /* begins messages */
    size_t             most_elements; /* of all parameters: what the file has; 0: any number */
    const char        *task;
    const char *const *labels;
    int32_t            label_count;
} skc_model_parts;

/* A model with zeroed parameters and default decision. */
skc_status skc__model_build(const skc_model_parts *parts, const skc_allocator *allocator,
                            skc_model **out, skc_error *err);

/* The number of the parameter "conv1.weight"; -1: there is none. */
int32_t skc__model_find_param(const skc_model *model, const char *name);

/* The parameters are about to change: what was derived from them is dropped. */
void skc__model_changed(skc_model *model);

/* Refuses models that were loaded compact: their parameters are gone. */
skc_status skc__refuse_compact(const skc_model *model, skc_error *err);

/* Prepares the parameters for sessions, once they are final. */
skc_status skc__model_fold(skc_model *model, skc_error *err);

/* Refuses a tensor (NULL: missing) that has not the shape of parameter p. */
skc_status skc__model_check_shape(const skc_model *model, int32_t p, const skc_safetensors *file,
                                  const skc_stored *tensor, skc_error *err);

/* ---------------------------------------------------------------- quantised models */

/* The architecture text that folding leaves of a model's: without what was taken in. To be
 * released; NULL: out of memory. */
char *skc__folded_architecture(const skc_model *model, const skc_folded *folded, skc_error *err);

/* Makes room for a quantisation of the model, which is folded first; SKC_EFORMAT where folding its
 * architecture still changes parameters. */
skc_status skc__quantisation_create(skc_model *model, const char *where, skc_error *err);

/* Refuses quantised models: `what` cannot be done to them. */
skc_status skc__refuse_quantised(const skc_model *model, const char *what, skc_error *err);

/* {"activations": {tensor: [scale, zero]}}; NULL: out of memory. */
skc_json  *skc__quantisation_describe(const skc_model *model);
/* Reads what quantisation_describe wrote, and all tensors of the file. */
skc_status skc__quantisation_read(skc_model *model, const skc_json *json,
                                  const skc_safetensors *file, skc_error *err);
skc_status skc__quantisation_write(const skc_model *model, const char *path,
                                   const skc_json *metadata, skc_error *err);

/* Copies what `from` knows of malignant labels, and its operating points; both models have the same
 * labels and decision. */
void skc__model_copy_points(const skc_model *from, skc_model *to);

/* Adds "malignant" and "operating_points" to the description's decision; false: out of memory. */
bool       skc__model_describe_points(const skc_model *model, skc_json *decision);
/* Reads both, where they are there, once the decision is set; `name` begins messages. */
skc_status skc__model_read_points(skc_model *model, const skc_json *decision, const char *name,
                                  skc_error *err);

skc_status skc__preprocessing_check(const skc_preprocessing *p, const char *where, skc_error *err);

/* The "skincnn" text of the file (docs/model-format.md); NULL: out of memory. */
skc_json *skc__model_describe(const skc_model *model);

/* Fills in the entries of all parameters for writing, named `prefix` + name; `entries` has room for
 * graph.param_count. */
void skc__model_entries(const skc_model *model, const char *prefix, float *const *param,
                        skc_to_store *entries);

/* Writes a model file with other values of the parameters than the model's own. */
skc_status skc__model_save(const skc_model *model, float *const *param, const char *path,
                           skc_precision precision, skc_error *err);

/* {"skincnn": ..., "skincnn_crc32": ...}, the metadata of a model file; NULL: out of memory. */
skc_json *skc__model_metadata(const skc_model *model);

/* Reads every parameter of the model whose `param` is not NULL from a file whose tensors are named
 * `prefix` + name. check_only: all is checked, nothing written. */
skc_status skc__model_read_params(const skc_model *model, const skc_safetensors *file,
                                  const char *prefix, float *const *param, bool check_only,
                                  skc_error *err);

#endif
