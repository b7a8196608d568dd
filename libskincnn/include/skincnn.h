/* skincnn.h - the one public header of libskincnn: pictures in, probabilities out, and training.
 *
 * Nothing that this library returns is a diagnosis.
 *
 * Rules that hold for every function unless its comment says otherwise:
 *  - Errors: fallible functions return skc_status and fill the optional `err` (may be NULL) with a
 *    sentence that names the input, the value and what is allowed. Out-parameters are written on
 *    success only. The library never prints, exits, aborts or reads the environment.
 *  - Ownership: what a function gives out through `out` belongs to the caller, who releases it with
 *    the `_free` function of its type (NULL is fine). `const char *` results belong to the object.
 *  - Threads: a const object may be shared by any number of threads; an object that a function
 * takes without const belongs to one thread at a time.
 *  - Option structs begin with `struct_size`, set by their `_init` function, which also fills in
 * the defaults given beside each field.
 *  - Tensors are float32 in NHWC order; pictures are 8-bit RGB, row by row from the top left.
 */
#ifndef SKINCNN_H
#define SKINCNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SKC_API        __attribute__((visibility("default")))
#define SKC_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SKC_API
#define SKC_MUST_CHECK
#endif

#define SKC_VERSION "0.1.0"

/* "0.1.0": the version of the library that is linked, not of this header. */
SKC_API const char *skc_version(void);

/* The sentence that every page and answer carries. */
#define SKC_DISCLAIMER "This is not a diagnosis. See a doctor about any spot that worries you."

/* ------------------------------------------------------------------ status and errors */

#define SKC_STATUS_MAP(X)                                                                          \
    X(SKC_OK, "ok")                                                                                \
    X(SKC_EINVAL, "invalid argument")                                                              \
    X(SKC_ENOMEM, "out of memory")                                                                 \
    X(SKC_EIO, "input/output error")                                                               \
    X(SKC_ENOTFOUND, "not found")                                                                  \
    X(SKC_EFORMAT, "damaged or malformed data")                                                    \
    X(SKC_ELIMIT, "over a limit")                                                                  \
    X(SKC_EUNSUPPORTED, "not supported")                                                           \
    X(SKC_EMISMATCH, "parts do not fit together")                                                  \
    X(SKC_EDIVERGED, "training diverged")

typedef enum skc_status {
#define SKC_STATUS_ENUM(name, text) name,
    SKC_STATUS_MAP(SKC_STATUS_ENUM)
#undef SKC_STATUS_ENUM
        SKC_STATUS_COUNT
} skc_status;

typedef struct skc_error {
    skc_status status;
    char       message[504]; /* UTF-8, NUL-terminated, no newline */
} skc_error;

/* A static text for a status; "unknown status" for any other number. */
SKC_API const char *skc_status_text(skc_status status);

/* ------------------------------------------------------------------ run time */

/* Replaces malloc for everything that the library allocates itself. All four are required. An
 * object that was given several threads calls the functions from several at a time. */
typedef struct skc_allocator {
    void *(*allocate)(void *user, size_t bytes);
    void *(*reallocate)(void *user, void *block, size_t bytes);
    void (*release)(void *user, void *block);
    void *user;
} skc_allocator;

/* Where and how to run. NULL in place of a runtime means the defaults. Objects copy what they need,
 * except that the allocator's `user` must outlive them. Their threads do not survive fork(): a
 * child process makes its own sessions and trainers. */
typedef struct skc_runtime {
    size_t        struct_size;
    skc_allocator allocator; /* malloc, realloc, free */
    int32_t       threads;   /* 0: every processor this process may use; else 1..256 */
    const char   *kernels;   /* NULL: the best set of this processor; else "scalar", "avx2", ... */
    /* Loads models for prediction with the least memory, at some cost of speed: a model loaded so
     * has one copy of its weights, changed for prediction. It makes sessions and answers questions
     * about itself; what needs its parameters is SKC_EUNSUPPORTED. */
    bool          compact;
} skc_runtime;

SKC_API void skc_runtime_init(skc_runtime *runtime);

/* Name of the i-th kernel set that this processor and operating system can run, NULL past the end.
 * The last is the one used by default. */
SKC_API const char *skc_kernel_set(int32_t i);

/* Releases memory that a function gave out as plain bytes, with the allocator it was made with. */
SKC_API void skc_free(const skc_runtime *runtime, void *block);

/* ------------------------------------------------------------------ pictures */

typedef struct skc_image skc_image;

/* A rectangle in pixels; x to the right, y down, from the top left corner. */
typedef struct skc_box {
    int32_t x, y, width, height;
} skc_box;

typedef struct skc_image_limits {
    size_t   struct_size;
    uint64_t max_bytes;  /* 25,000,000: size of the file */
    uint64_t max_pixels; /* 40,000,000: width x height */
} skc_image_limits;

SKC_API void skc_image_limits_init(skc_image_limits *limits);

/* Decodes a JPEG or PNG of `size` bytes: checked against `limits` (NULL: defaults) before decoding,
 * refused when truncated or damaged (SKC_EFORMAT), in CMYK or another format (SKC_EUNSUPPORTED),
 * turned upright by its EXIF orientation; 16 bits are scaled to 8, grey and palette become RGB,
 * alpha is laid over white. `name` is used in messages only. */
SKC_API SKC_MUST_CHECK skc_status skc_image_decode(const void *bytes, size_t size, const char *name,
                                                   const skc_image_limits *limits,
                                                   const skc_runtime *runtime, skc_image **out,
                                                   skc_error *err);

/* Reads a file and decodes it as skc_image_decode does. */
SKC_API SKC_MUST_CHECK skc_status skc_image_load(const char *path, const skc_image_limits *limits,
                                                 const skc_runtime *runtime, skc_image **out,
                                                 skc_error *err);

/* A picture from `width x height x 3` bytes, copied; black where `pixels` is NULL. 1..65535 a side.
 */
SKC_API SKC_MUST_CHECK skc_status skc_image_create(int32_t width, int32_t height,
                                                   const uint8_t     *pixels,
                                                   const skc_runtime *runtime, skc_image **out,
                                                   skc_error *err);
SKC_API void                      skc_image_free(skc_image *image);
SKC_API int32_t                   skc_image_width(const skc_image *image);
SKC_API int32_t                   skc_image_height(const skc_image *image);
SKC_API const uint8_t            *skc_image_pixels(const skc_image *image); /* (height, width, 3) */
SKC_API uint8_t                  *skc_image_pixels_mutable(skc_image *image);

/* The part inside `box`, which must lie in the picture. */
SKC_API SKC_MUST_CHECK skc_status skc_image_crop(const skc_image *image, skc_box box,
                                                 skc_image **out, skc_error *err);

/* Scaled to width x height with antialiasing (a box as wide as the reduction, then linear). */
SKC_API SKC_MUST_CHECK skc_status skc_image_resize(const skc_image *image, int32_t width,
                                                   int32_t height, skc_image **out, skc_error *err);

typedef enum skc_picture_format { SKC_PNG, SKC_JPEG } skc_picture_format;

/* Encodes without metadata; `quality` 1..100 is for JPEG. Release *bytes with skc_free. */
SKC_API SKC_MUST_CHECK skc_status skc_image_encode(const skc_image   *image,
                                                   skc_picture_format format, int32_t quality,
                                                   const skc_runtime *runtime, uint8_t **bytes,
                                                   size_t *size, skc_error *err);

/* Encodes and writes: to a temporary file, synced, renamed over `path`. */
SKC_API SKC_MUST_CHECK skc_status skc_image_save(const skc_image *image, const char *path,
                                                 skc_picture_format format, int32_t quality,
                                                 skc_error *err);

/* The largest centred square. */
SKC_API skc_box skc_image_centre_square(const skc_image *image);

/* Finds the lesion: the blob that differs most from the skin around it (Otsu's threshold, IEEE
 * Trans. SMC 9(1) 1979, on the distance from the colour of the border, weighted to the middle).
 * `margin` is added on each side as a share of the blob's longer side (0..1). Writes a square where
 * `square`. SKC_ENOTFOUND when nothing stands out. */
SKC_API SKC_MUST_CHECK skc_status skc_image_find_lesion(const skc_image *image, float margin,
                                                        bool square, skc_box *box, skc_error *err);

/* A signature for finding near-duplicates: a 16x16 grey thumbnail in each of the eight symmetries
 * of the square, mean removed, scaled to length 1. Two pictures are alike when the largest inner
 * product of one's first row with any of the other's rows is near 1. */
enum { SKC_SIGNATURE_SIDE = 16, SKC_SIGNATURE_VALUES = 256, SKC_SIGNATURE_SYMMETRIES = 8 };
SKC_API SKC_MUST_CHECK skc_status
skc_image_signature(const skc_image *image,
                    float values[SKC_SIGNATURE_SYMMETRIES][SKC_SIGNATURE_VALUES], skc_error *err);

/* Why a picture should not be judged: name, and what is wrong and what to do. */
#define SKC_QUALITY_MAP(X)                                                                         \
    X(SKC_QUALITY_GOOD, "good", "The picture is good enough.")                                     \
    X(SKC_QUALITY_SMALL, "too_small",                                                              \
      "The picture has too few pixels. Take it from nearer, or send the original and not a "       \
      "thumbnail.")                                                                                \
    X(SKC_QUALITY_BLANK, "blank",                                                                  \
      "Nothing can be seen in the picture. Uncover the lens and point the camera at the spot.")    \
    X(SKC_QUALITY_DARK, "too_dark",                                                                \
      "The picture is too dark. Take it in daylight or with a lamp.")                              \
    X(SKC_QUALITY_BRIGHT, "too_bright",                                                            \
      "The picture is overexposed. Take it without flash and not in direct sunlight.")             \
    X(SKC_QUALITY_BLURRED, "blurred",                                                              \
      "The picture is blurred. Hold the camera still, a little further away, and let it focus on " \
      "the spot.")                                                                                 \
    X(SKC_QUALITY_NOISY, "noisy", "The picture is too noisy. Take it in better light.")            \
    X(SKC_QUALITY_TEXT, "text",                                                                    \
      "This looks like a page of text or a screen. Take a photograph of the spot itself.")         \
    X(SKC_QUALITY_DRAWN, "drawn",                                                                  \
      "This looks like a drawing and not like a photograph. Take a photograph of the spot "        \
      "itself.")

typedef enum skc_quality_reason {
#define SKC_QUALITY_ENUM(id, name, text) id,
    SKC_QUALITY_MAP(SKC_QUALITY_ENUM)
#undef SKC_QUALITY_ENUM
        SKC_QUALITY_COUNT
} skc_quality_reason;

/* "good", "too_small", ...; "unknown" for any other number. */
SKC_API const char *skc_quality_name(skc_quality_reason reason);
/* One or two sentences; "" for any other number. */
SKC_API const char *skc_quality_text(skc_quality_reason reason);

/* What was measured. Everything but sizes and the lesion is measured on a copy whose shorter side
 * is at most 128 pixels, about what networks see of a picture: it does not depend on the camera.
 * Levels are luma, 0 black to 1 white; `sharpness` leaves out the corners. */
typedef struct skc_quality {
    int32_t width, height;     /* of the picture, in pixels */
    float   sharpness;         /* fine detail by coarse structure; 0.1 blurred, 0.4 usual, 2 text */
    float   brightness;        /* mean level, 0..1 */
    float   contrast;          /* standard deviation of the level, 0..0.5 */
    float   noise;             /* standard deviation of the noise, as a level */
    float   dark, bright;      /* shares of pixels that are clipped to black and to white, 0..1 */
    bool    has_lesion;        /* whether skc_image_find_lesion finds one; if not, the next are 0 */
    skc_box lesion;            /* without margin */
    float   lesion_share;      /* of the picture's area that the box covers, 0..1 */
    float   lesion_offset;     /* of the box's middle from the picture's: 0 the same, 1 a corner */
    bool    lesion_cut;        /* whether the box touches the picture's border */
    skc_quality_reason reason; /* SKC_QUALITY_GOOD, or the first reason found to refuse it */
    float              white;  /* the level that 95 % of the pixels do not exceed, 0..1 */
    float              structure; /* strength of coarse structure (8 to 16 pixels), as a level */
    float              flat;      /* share of pixels that equal their neighbours, 0..1 */
    float              edges;     /* share of pixels at hard edges, 0..1 */
    float              grid; /* change in the median column or row by that in the mean one: 0 in
                                pictures made of blocks, above 0.3 in photographs */
} skc_quality;

/* Measures the picture and says whether it is good enough to be judged, by thresholds set on
 * photographs through a dermatoscope (docs/decisions/0013-image-quality.md). Where the lesion lies
 * and how large it is are measured only: they are no reason to refuse. `runtime` gives the memory.
 */
SKC_API SKC_MUST_CHECK skc_status skc_image_quality(const skc_image   *image,
                                                    const skc_runtime *runtime, skc_quality *out,
                                                    skc_error *err);

/* ------------------------------------------------------------------ models */

typedef struct skc_model skc_model;

/* How a picture becomes a network's input. Stored with the model; training uses the same code. */
typedef enum skc_fit {
    SKC_FIT_CENTRE, /* the largest centred square, then scaled */
    SKC_FIT_SQUASH  /* the whole frame, squeezed to the input's shape */
} skc_fit;

typedef struct skc_preprocessing {
    int32_t height, width; /* of the network's input, 1..4096 */
    skc_fit fit;
    float   mean[3], deviation[3]; /* of R, G, B in 0..255: input = (value - mean) / deviation */
} skc_preprocessing;

/* The shorter side, in pixels, that a picture is scaled down to before it is sampled as input: 1.25
 * x the input's larger side. A training cache for the model is made with it. */
SKC_API int32_t skc_preprocessing_side(const skc_preprocessing *preprocessing);

typedef struct skc_model_options {
    size_t      struct_size;
    const char *architecture;  /* built-in name, e.g. "seed", or a JSON text beginning with '{' */
    int32_t     height, width; /* 0: the architecture's own; else 32..512 (built-in) */
    float       width_factor;  /* 1: multiplies the channels of built-in nets (0.1..4) */
    const char *task;          /* "malignancy", "diagnosis" or another name */
    int32_t     label_count;   /* 2..10000 */
    const char *const *labels;
    float              dropout; /* -1: the architecture's own; else 0..0.95 */
    uint64_t           seed;    /* of the initial parameters */
} skc_model_options;

SKC_API void skc_model_options_init(skc_model_options *options);

/* A network with fresh parameters (He normal for convolution and dense). */
SKC_API SKC_MUST_CHECK skc_status skc_model_create(const skc_model_options *options,
                                                   const skc_runtime *runtime, skc_model **out,
                                                   skc_error *err);

/* Reads a model file (docs/model-format.md); every size is derived from the architecture in it and
 * compared, every tensor's checksum verified, NaN and infinity refused. */
SKC_API SKC_MUST_CHECK skc_status skc_model_load(const char *path, const skc_runtime *runtime,
                                                 skc_model **out, skc_error *err);
SKC_API SKC_MUST_CHECK skc_status skc_model_load_memory(const void *bytes, size_t size,
                                                        const char        *name,
                                                        const skc_runtime *runtime, skc_model **out,
                                                        skc_error *err);
SKC_API void                      skc_model_free(skc_model *model);

typedef enum skc_precision { SKC_F32, SKC_F16 } skc_precision;

/* Writes a model file: to a temporary file, synced, renamed. SKC_ELIMIT where a parameter is not
 * finite or over what F16 can hold. A quantised model's weights stay in 8 bits: it is written with
 * SKC_F32, for what is in floats, and SKC_F16 is SKC_EUNSUPPORTED. */
SKC_API SKC_MUST_CHECK skc_status skc_model_save(const skc_model *model, const char *path,
                                                 skc_precision precision, skc_error *err);

/* Copies the parameters of `source` into the layers of `model` that have the same name and shapes;
 * others keep theirs. *copied is the number of tensors taken; 0 is SKC_EMISMATCH. */
SKC_API SKC_MUST_CHECK skc_status skc_model_transfer(skc_model *model, const skc_model *source,
                                                     int32_t *copied, skc_error *err);

/* Fills the parameters of `model` from a foreign safetensors file through a name map (JSON, see
 * docs/model-format.md). Every parameter must be given exactly once, with the right shape. After a
 * failure the model is partly filled: free it. */
SKC_API SKC_MUST_CHECK skc_status skc_model_import(skc_model *model, const char *weights_path,
                                                   const char *map_path, skc_error *err);

/* How near a quantised model comes to the one that it was made from, on the pictures it was
 * calibrated on, each as one view. */
typedef struct skc_quantise_report {
    int32_t pictures;
    int32_t agreeing; /* pictures that both decide alike */
    double  error;    /* root of the mean squared difference of their probabilities */
} skc_quantise_report;

/* A copy of `model` whose weights and activations have 8 bits: a quarter of the file, and several
 * times as fast. Its scales are chosen on `count` pictures, 1..100000, which should be like those
 * it will see and not be those that it is tested on; some hundreds are enough. Sessions of it need
 * nothing else; every kernel set gives the same scores. It cannot be trained, filled by
 * skc_model_import or skc_model_transfer, or quantised again (SKC_EUNSUPPORTED); where its
 * parameters are read, they are the rounded ones. report may be NULL. */
SKC_API SKC_MUST_CHECK skc_status skc_model_quantise(const skc_model        *model,
                                                     const skc_image *const *images, int32_t count,
                                                     const skc_runtime   *runtime,
                                                     skc_quantise_report *report, skc_model **out,
                                                     skc_error *err);
SKC_API bool                      skc_model_is_quantised(const skc_model *model);

SKC_API const char *skc_model_architecture_name(const skc_model *model);
SKC_API const char *skc_model_architecture(const skc_model *model); /* JSON text */
SKC_API const char *skc_model_task(const skc_model *model);
SKC_API int32_t     skc_model_label_count(const skc_model *model);
SKC_API const char *skc_model_label(const skc_model *model, int32_t i);
SKC_API const char *skc_model_sha256(const skc_model *model); /* of the file; "" when not loaded */
SKC_API size_t      skc_model_parameter_count(const skc_model *model);
/* Of the file that it was loaded from: SKC_F16 where all its tensors are; else SKC_F32. */
SKC_API skc_precision             skc_model_precision(const skc_model *model);
SKC_API skc_preprocessing         skc_model_preprocessing(const skc_model *model);
SKC_API SKC_MUST_CHECK skc_status skc_model_set_preprocessing(
    skc_model *model, const skc_preprocessing *preprocessing, skc_error *err);

/* How scores become probabilities and a decision. Stored with the model. */
typedef struct skc_decision {
    float   temperature; /* probabilities = softmax(logits / temperature); > 0 */
    float   threshold;   /* two classes: the second is decided at probability >= threshold; 0..1 */
    int32_t views;       /* 1, or 8: mean over the symmetries of the square */
    const float *class_weights; /* label_count of them, > 0: the label is argmax(weight x
                                   probability); NULL: all 1 */
} skc_decision;

SKC_API skc_decision              skc_model_decision(const skc_model *model);
SKC_API SKC_MUST_CHECK skc_status skc_model_set_decision(skc_model          *model,
                                                         const skc_decision *decision,
                                                         skc_error          *err);

/* The index of the label decided for one row of probabilities by the model's decision rule. */
SKC_API int32_t skc_model_decide(const skc_model *model, const float *probabilities);

/* Which labels are malignant (label_count of them); NULL: not known. */
SKC_API const bool *skc_model_malignant(const skc_model *model);

/* NULL: not known; else some, but not all. Drops the operating points where it changes anything. */
SKC_API SKC_MUST_CHECK skc_status skc_model_set_malignant(skc_model *model, const bool *malignant,
                                                          skc_error *err);

/* The sum over the malignant labels; NaN where they are not known. */
SKC_API double skc_model_malignant_probability(const skc_model *model, const float *probabilities);

/* A picture counts as malignant from this malignant probability on. */
typedef struct skc_operating_point {
    char  name[32];                 /* "sensitivity_95": letters, digits, '_', '-' and '.' */
    float threshold;                /* 0..1 */
    float sensitivity, specificity; /* on the pictures it was chosen on; NaN: unknown */
} skc_operating_point;

enum { SKC_MOST_OPERATING_POINTS = 16 };

/* Stored with the model; the first is the default. A model of two labels without any has one named
 * "default", from its decision's threshold (on its second label where malignant ones are not
 * known). */
SKC_API int32_t             skc_model_operating_point_count(const skc_model *model);
SKC_API skc_operating_point skc_model_operating_point(const skc_model *model, int32_t i);

/* Replaces them; needs malignant labels. The decision's threshold becomes that of the first, and
 * the points are dropped when temperature, threshold or views of the decision change, or
 * parameters: they are no longer what was measured. */
SKC_API SKC_MUST_CHECK skc_status skc_model_set_operating_points(skc_model                 *model,
                                                                 const skc_operating_point *points,
                                                                 int32_t count, skc_error *err);

/* Free text about where the model comes from, as one JSON object ("{}" when none). */
SKC_API const char               *skc_model_provenance(const skc_model *model);
SKC_API SKC_MUST_CHECK skc_status skc_model_set_provenance(skc_model *model, const char *json,
                                                           skc_error *err);

typedef struct skc_layer_info {
    const char *name, *type;
    int32_t     height, width, channels; /* of the output, for one picture */
    size_t      parameters;              /* trained ones */
    uint64_t    macs;                    /* multiply-adds for one picture */
} skc_layer_info;

SKC_API int32_t                   skc_model_layer_count(const skc_model *model);
SKC_API SKC_MUST_CHECK skc_status skc_model_layer(const skc_model *model, int32_t i,
                                                  skc_layer_info *out, skc_error *err);

typedef struct skc_tensor_info {
    const char  *name; /* "conv1.weight" */
    int32_t      rank; /* 1..4 */
    int32_t      extent[4];
    const float *data;
} skc_tensor_info;

SKC_API int32_t                   skc_model_tensor_count(const skc_model *model);
SKC_API SKC_MUST_CHECK skc_status skc_model_tensor(const skc_model *model, int32_t i,
                                                   skc_tensor_info *out, skc_error *err);

/* Built-in architecture i: its name (NULL past the end) and a line about it. */
SKC_API const char *skc_architecture_name(int32_t i);
SKC_API const char *skc_architecture_summary(int32_t i);

/* Layer type i of the registry: its name (NULL past the end) and a line about it. */
SKC_API const char *skc_layer_type_name(int32_t i);
SKC_API const char *skc_layer_type_summary(int32_t i);

/* ------------------------------------------------------------------ prediction */

/* A session holds the buffers of one prediction at a time; one thread uses it. The model must
 * outlive it and must not be changed meanwhile. */
typedef struct skc_session skc_session;

SKC_API SKC_MUST_CHECK skc_status skc_session_create(const skc_model *model, int32_t max_batch,
                                                     const skc_runtime *runtime, skc_session **out,
                                                     skc_error *err);
SKC_API void                      skc_session_free(skc_session *session);
SKC_API size_t                    skc_session_bytes(const skc_session *session);

/* Scores of `count` inputs (count, height, width, 3), already normalised: logits (count, labels).
 * Allocates nothing. 1 <= count <= max_batch. */
SKC_API SKC_MUST_CHECK skc_status skc_session_run(skc_session *session, const float *inputs,
                                                  int32_t count, float *logits, skc_error *err);

/* Probabilities (count, labels) of pictures: preprocessing, network, views, temperature. Any count
 * >= 1. Allocates nothing once pictures of that size have been seen. */
SKC_API SKC_MUST_CHECK skc_status skc_session_predict(skc_session            *session,
                                                      const skc_image *const *images, int32_t count,
                                                      float *probabilities, skc_error *err);

/* ------------------------------------------------------------------ explanation */

/* Where in a picture the evidence for a label lies. */
typedef struct skc_heat {
    int32_t      height, width; /* of the network's input */
    const float *values;        /* (height, width) 0..1, 1 the strongest; all 0: nothing speaks for
                                   the label. Until the explainer's next run */
    skc_box      box;           /* the part of the picture that they cover */
    int32_t      label;
} skc_heat;

/* Grad-CAM (Selvaraju et al., ICCV 2017). Like a session it belongs to one thread at a time, and
 * the model must outlive it and must not be changed meanwhile. */
typedef struct skc_explainer skc_explainer;

/* `layer` is the one whose output is weighed, any that skc_model_layer names; NULL: the last one of
 * more than one pixel. What lies behind it is differentiated layer by layer as the architecture has
 * it, so that heat over a batchnorm or a relu is that layer's own. A quantised model is explained
 * through its rounded weights in floats; one that was loaded compact is SKC_EUNSUPPORTED. */
SKC_API SKC_MUST_CHECK skc_status skc_explainer_create(const skc_model *model, const char *layer,
                                                       const skc_runtime *runtime,
                                                       skc_explainer **out, skc_error *err);
SKC_API void                      skc_explainer_free(skc_explainer *explainer);
SKC_API const char               *skc_explainer_layer(const skc_explainer *explainer);

/* For `label`, or the one that the model decides for where that is -1: the sum over the channels of
 * the layer's output, each times the mean gradient of the label's score (before softmax), where
 * that is over 0; mean over the model's views, turned back and scaled to the input's size. */
SKC_API SKC_MUST_CHECK skc_status skc_explainer_run(skc_explainer   *explainer,
                                                    const skc_image *image, int32_t label,
                                                    skc_heat *out, skc_error *err);

/* A copy of the picture with the heat over it, in the colours of viridis (purple, green, yellow:
 * even steps of lightness, told apart by colour-blind people too): all of the colour at heat 1 and
 * opacity 1, none at heat 0. opacity 0..1. */
SKC_API SKC_MUST_CHECK skc_status skc_image_overlay(const skc_image *image, const skc_heat *heat,
                                                    float opacity, skc_image **out, skc_error *err);

/* ------------------------------------------------------------------ manifests */

/* A table of pictures: CSV with the columns path,label,group,split,source in any order (others are
 * ignored). A path may name a member of an archive: "images.tar!ISIC_0024306.jpg"; relative paths
 * start at the manifest's folder. `group` is the lesion or patient; pictures of one group belong to
 * the same part. */
typedef struct skc_manifest skc_manifest;

typedef struct skc_manifest_row {
    const char *path, *label;
    const char *group;  /* "" when unknown: the picture is a group of its own */
    const char *split;  /* "train", "val", "test" or "" */
    const char *source; /* "" when unknown: the set it came from */
} skc_manifest_row;

SKC_API SKC_MUST_CHECK skc_status skc_manifest_create(const skc_runtime *runtime,
                                                      skc_manifest **out, skc_error *err);
SKC_API SKC_MUST_CHECK skc_status skc_manifest_load(const char *path, const skc_runtime *runtime,
                                                    skc_manifest **out, skc_error *err);
SKC_API SKC_MUST_CHECK skc_status skc_manifest_parse(const char *text, size_t size,
                                                     const char *name, const skc_runtime *runtime,
                                                     skc_manifest **out, skc_error *err);
SKC_API SKC_MUST_CHECK skc_status skc_manifest_save(const skc_manifest *manifest, const char *path,
                                                    skc_error *err);
SKC_API void                      skc_manifest_free(skc_manifest *manifest);

/* Strings are copied. A path that is there already is SKC_EINVAL. */
SKC_API SKC_MUST_CHECK skc_status skc_manifest_add(skc_manifest           *manifest,
                                                   const skc_manifest_row *row, skc_error *err);
SKC_API SKC_MUST_CHECK skc_status skc_manifest_set(skc_manifest *manifest, int32_t i,
                                                   const skc_manifest_row *row, skc_error *err);
SKC_API int32_t                   skc_manifest_count(const skc_manifest *manifest);
SKC_API skc_manifest_row          skc_manifest_row_at(const skc_manifest *manifest, int32_t i);

typedef struct skc_split_options {
    size_t      struct_size;
    const char *seed;    /* "ham10000-split-v1" */
    int32_t     percent; /* 20: share of the new part, 1..99 */
    const char *from;    /* NULL: every row; else only rows of this split, e.g. "train" */
    const char *to;      /* "test": the name of the new part */
    const char *rest;    /* "train": the name that other rows get */
} skc_split_options;

SKC_API void skc_split_options_init(skc_split_options *options);

/* Splits by group, stratified by label: for each label the groups go in the order of the hex
 * SHA-256 of "<seed>:<group>", and one joins the new part if its pictures of that label, with it,
 * stay at or under floor((percent x n + 50) / 100). A group with two labels counts with its first.
 */
SKC_API SKC_MUST_CHECK skc_status skc_manifest_split(skc_manifest            *manifest,
                                                     const skc_split_options *options,
                                                     skc_error               *err);

/* Counts the groups that stand in more than one split; *example (may be NULL) is one of them. */
SKC_API int32_t skc_manifest_leaks(const skc_manifest *manifest, const char **example);

/* ------------------------------------------------------------------ datasets */

/* Pictures decoded once into a memory-mapped file, ready for training. */
typedef struct skc_cache        skc_cache;
typedef struct skc_cache_writer skc_cache_writer;

typedef struct skc_cache_item {
    int32_t     row; /* of the manifest that the cache is for */
    const void *bytes;
    size_t      size;
    const char *name; /* for messages */
} skc_cache_item;

/* Starts a cache of `rows` pictures, each scaled down so that the shorter side is at most
 * `side` (16..4096) pixels. `key` identifies what it is made from (any text under 256 bytes). */
SKC_API SKC_MUST_CHECK skc_status skc_cache_writer_create(const char *path, int32_t rows,
                                                          int32_t side, const char *key,
                                                          const skc_runtime *runtime,
                                                          skc_cache_writer **out, skc_error *err);

/* Decodes and stores `count` pictures at once. A picture that fails gets a status in
 * results[i].status and stays empty; the call fails only for the cache itself. */
SKC_API SKC_MUST_CHECK skc_status skc_cache_writer_put(skc_cache_writer     *writer,
                                                       const skc_cache_item *items, int32_t count,
                                                       skc_error *results, skc_error *err);

/* Syncs and renames the file into place; the writer is released in any case. */
SKC_API SKC_MUST_CHECK skc_status skc_cache_writer_finish(skc_cache_writer *writer, skc_error *err);
SKC_API void                      skc_cache_writer_abandon(skc_cache_writer *writer);

SKC_API SKC_MUST_CHECK skc_status skc_cache_open(const char *path, const skc_runtime *runtime,
                                                 skc_cache **out, skc_error *err);
SKC_API void                      skc_cache_free(skc_cache *cache);
SKC_API int32_t                   skc_cache_rows(const skc_cache *cache);
SKC_API int32_t                   skc_cache_side(const skc_cache *cache);
SKC_API const char               *skc_cache_key(const skc_cache *cache);
SKC_API bool                      skc_cache_has(const skc_cache *cache, int32_t row);
/* A copy of one picture of the cache. */
SKC_API SKC_MUST_CHECK skc_status skc_cache_image(const skc_cache *cache, int32_t row,
                                                  const skc_runtime *runtime, skc_image **out,
                                                  skc_error *err);

/* The pictures of one part of a manifest with their label numbers, over a cache. */
typedef struct skc_dataset skc_dataset;

/* Rows whose split is `split` (NULL: all) and that the cache has. `labels` fixes the numbers; a
 * label outside it is SKC_EMISMATCH. The manifest may be freed after; the cache must outlive it. */
SKC_API SKC_MUST_CHECK skc_status skc_dataset_create(const skc_manifest *manifest,
                                                     const skc_cache *cache, const char *split,
                                                     const char *const *labels, int32_t label_count,
                                                     const skc_runtime *runtime, skc_dataset **out,
                                                     skc_error *err);
SKC_API void                      skc_dataset_free(skc_dataset *dataset);
SKC_API int32_t                   skc_dataset_count(const skc_dataset *dataset);
SKC_API const int32_t *skc_dataset_labels(const skc_dataset *dataset);  /* (count) label numbers */
SKC_API const int32_t *skc_dataset_groups(const skc_dataset *dataset);  /* (count) group numbers */
SKC_API const int32_t *skc_dataset_sources(const skc_dataset *dataset); /* (count) source numbers */
SKC_API int32_t        skc_dataset_row(const skc_dataset *dataset, int32_t i); /* manifest row */

/* ------------------------------------------------------------------ training */

typedef enum skc_optimiser { SKC_SGD, SKC_ADAMW } skc_optimiser;
typedef enum skc_schedule { SKC_SCHEDULE_COSINE, SKC_SCHEDULE_STEP } skc_schedule;

/* Random changes of training pictures, drawn from (seed, epoch, place in the epoch). */
typedef struct skc_augmentation {
    bool  flip;       /* true: left-right and top-bottom, each half the time */
    float rotation;   /* 180: degrees to either side */
    float scale_min;  /* 0.6: smallest share of the area of a random crop, 0.05..1 */
    float scale_max;  /* 1: largest, scale_min..2 (over 1: zoomed out, mirrored at the border) */
    float aspect;     /* 1.2: widest ratio of a crop's sides, 1..4 */
    float brightness; /* 0.2: factor in 1 +- this, 0..1 */
    float contrast;   /* 0.2 */
    float saturation; /* 0.2 */
    float hue;        /* 0.02: turn of the colour circle, 0..0.5 */
    float cutout;     /* 0: side of a square painted grey, as a share of the input, 0..0.9 */
} skc_augmentation;

typedef struct skc_train_options {
    size_t           struct_size;
    int32_t          epochs;                /* 60 */
    int32_t          batch;                 /* 32 */
    uint64_t         seed;                  /* 1 */
    skc_optimiser    optimiser;             /* SKC_SGD (Nesterov) */
    float            learning_rate;         /* 0.05: peak */
    float            momentum;              /* 0.9: SGD */
    float            beta1, beta2, epsilon; /* 0.9, 0.999, 1e-8: AdamW */
    float            weight_decay;    /* 5e-4: not on biases and batchnorm; AdamW: decoupled */
    skc_schedule     schedule;        /* cosine */
    float            warmup_epochs;   /* 2 */
    float            final_rate;      /* 0.01: share of the peak at the end of cosine */
    int32_t          step_epochs;     /* 20: step schedule: every so many epochs ... */
    float            step_factor;     /* 0.1: ... the rate is multiplied by this */
    float            label_smoothing; /* 0.1 */
    float            balance; /* 0: each picture alike, 1: each class alike, between: power of
                                 the class frequency; sampling with replacement when > 0 */
    bool             balance_sources; /* false: inside a class, each source alike */
    const float     *class_weights;   /* NULL: 1 each; else label_count loss weights > 0 */
    float            ema;             /* 0.999: decay a step of the averaged weights; 0: off */
    float            clip_norm;       /* 5: largest norm of the whole gradient; 0: off */
    skc_augmentation augmentation;
    const char      *freeze; /* NULL: none; else comma-separated prefixes of layer names whose
                                parameters and statistics stay as they are */
    /* Data-parallel door: sums `count` floats over all ranks; NULL: one rank. 0 is success. */
    int (*all_reduce)(void *user, float *values, size_t count);
    void *all_reduce_user;
} skc_train_options;

SKC_API void skc_train_options_init(skc_train_options *options);

typedef struct skc_trainer skc_trainer;

/* Trains `model` in place on `dataset`; both must outlive the trainer. */
SKC_API SKC_MUST_CHECK skc_status skc_trainer_create(skc_model *model, const skc_dataset *dataset,
                                                     const skc_train_options *options,
                                                     const skc_runtime *runtime, skc_trainer **out,
                                                     skc_error *err);
SKC_API void                      skc_trainer_free(skc_trainer *trainer);
SKC_API size_t                    skc_trainer_bytes(const skc_trainer *trainer);

typedef struct skc_train_step {
    int32_t epoch;       /* 1.. the epoch that this step belonged to */
    int32_t step, steps; /* 1..steps within the epoch */
    int32_t images;      /* in this batch */
    double  loss;        /* mean of the batch, smoothing and weights included */
    double  learning_rate;
    double  gradient_norm; /* before clipping */
    int32_t correct;       /* pictures whose largest score was their label */
    bool    epoch_finished;
} skc_train_step;

/* One batch: load, augment, forward, backward, update. SKC_EDIVERGED, with the parameters left as
 * they were before the step, when the loss or a gradient is not finite. */
SKC_API SKC_MUST_CHECK skc_status skc_trainer_step(skc_trainer *trainer, skc_train_step *out,
                                                   skc_error *err);

/* Mean training loss of the epoch so far (or just finished), and whether all epochs are done. */
SKC_API double skc_trainer_epoch_loss(const skc_trainer *trainer);
SKC_API bool   skc_trainer_finished(const skc_trainer *trainer);

/* Probabilities (count, labels) of a dataset without augmentation, by the averaged weights where
 * there are any; temperature 1, `views` 1 or 8. */
SKC_API SKC_MUST_CHECK skc_status skc_trainer_predict(skc_trainer       *trainer,
                                                      const skc_dataset *dataset, int32_t views,
                                                      float *probabilities, skc_error *err);

/* Writes the model with the averaged weights where there are any (else the current ones). */
SKC_API SKC_MUST_CHECK skc_status skc_trainer_export(skc_trainer *trainer, const char *path,
                                                     skc_precision precision, skc_error *err);

/* Everything needed to go on bit for bit; `note` is any text (UTF-8) of the caller's, given back by
 * skc_trainer_resume in *note (release with skc_free and the trainer's runtime; may be NULL).
 * Another run's file (SKC_EMISMATCH) or a damaged one leaves the trainer as it was. */
SKC_API SKC_MUST_CHECK skc_status skc_trainer_save(skc_trainer *trainer, const char *path,
                                                   const char *note, skc_error *err);
SKC_API SKC_MUST_CHECK skc_status skc_trainer_resume(skc_trainer *trainer, const char *path,
                                                     char **note, skc_error *err);

/* Probabilities (count, labels) of a dataset by a finished model, its views and temperature. */
SKC_API SKC_MUST_CHECK skc_status skc_model_predict_dataset(const skc_model   *model,
                                                            const skc_dataset *dataset,
                                                            const skc_runtime *runtime,
                                                            float *probabilities, skc_error *err);

/* ------------------------------------------------------------------ evaluation */

/* A figure with its 95 % bootstrap interval (percentiles over resampled groups). NaN: undefined. */
typedef struct skc_interval {
    double value, low, high;
} skc_interval;

#define SKC_METRIC_MAP(X)                                                                          \
    X(SKC_ACCURACY, "accuracy", "share of pictures decided rightly")                               \
    X(SKC_BALANCED_ACCURACY, "balanced_accuracy", "mean recall over the classes")                  \
    X(SKC_MACRO_PRECISION, "macro_precision", "mean precision over the classes")                   \
    X(SKC_MACRO_F1, "macro_f1", "mean F1 over the classes")                                        \
    X(SKC_MACRO_AUC, "macro_auc", "mean area under the ROC curve, each class against the rest")    \
    X(SKC_ECE, "ece", "expected calibration error, 15 bins of equal width")                        \
    X(SKC_LOG_LOSS, "log_loss", "mean negative log-likelihood")                                    \
    X(SKC_SENSITIVITY, "sensitivity", "recall of the malignant classes at the operating point")    \
    X(SKC_SPECIFICITY, "specificity", "recall of the benign classes at the operating point")       \
    X(SKC_MALIGNANT_AUC, "malignant_auc", "area under the ROC curve, malignant against benign")

typedef enum skc_metric {
#define SKC_METRIC_ENUM(id, name, text) id,
    SKC_METRIC_MAP(SKC_METRIC_ENUM)
#undef SKC_METRIC_ENUM
        SKC_METRIC_COUNT
} skc_metric;

SKC_API const char *skc_metric_name(skc_metric metric); /* "balanced_accuracy" */
SKC_API const char *skc_metric_text(skc_metric metric);

typedef struct skc_class_metrics {
    int32_t      support; /* pictures of the class */
    skc_interval recall, precision, f1, auc;
} skc_class_metrics;

typedef struct skc_evaluation_input {
    size_t         struct_size;
    int32_t        count, classes;
    const float   *probabilities; /* (count, classes), rows sum to 1 */
    const int32_t *labels;        /* (count) 0..classes-1 */
    const int32_t *groups;        /* (count) resampled together; NULL: each picture by itself */
    const float   *class_weights; /* (classes) decision = argmax(weight x probability); NULL: 1 */
    const bool    *malignant;     /* (classes); NULL: no sensitivity, specificity, malignant AUC */
    float          threshold;     /* 0.5: operating point on the summed malignant probability */
    int32_t        resamples;     /* 1000: 0 turns intervals off */
    uint64_t       seed;          /* 1 */
} skc_evaluation_input;

SKC_API void skc_evaluation_input_init(skc_evaluation_input *input);

typedef struct skc_evaluation skc_evaluation;

SKC_API SKC_MUST_CHECK skc_status skc_evaluate(const skc_evaluation_input *input,
                                               const skc_runtime *runtime, skc_evaluation **out,
                                               skc_error *err);
SKC_API void                      skc_evaluation_free(skc_evaluation *evaluation);
SKC_API skc_interval skc_evaluation_metric(const skc_evaluation *evaluation, skc_metric metric);
SKC_API skc_class_metrics skc_evaluation_class(const skc_evaluation *evaluation, int32_t c);
/* (classes, classes) counts: row = the truth, column = the decision. */
SKC_API const int32_t    *skc_evaluation_confusion(const skc_evaluation *evaluation);

typedef struct skc_curve_point {
    double threshold, x, y;
} skc_curve_point;

typedef enum skc_curve {
    SKC_CURVE_ROC,        /* x: false positive rate, y: true positive rate */
    SKC_CURVE_PR,         /* x: recall, y: precision */
    SKC_CURVE_CALIBRATION /* x: mean confidence of a bin, y: share that is right */
} skc_curve;

/* The curve of class c against the rest; c = -1: malignant against benign (calibration: c is not
 * used, and threshold holds the number of pictures in the bin). At most 512 points, thinned evenly.
 */
SKC_API SKC_MUST_CHECK skc_status skc_evaluation_curve(const skc_evaluation *evaluation,
                                                       skc_curve curve, int32_t c,
                                                       const skc_curve_point **points,
                                                       int32_t *count, skc_error *err);

/* The temperature in 0.05..20 that minimises the log loss of softmax(log(p) / temperature). */
SKC_API SKC_MUST_CHECK skc_status skc_fit_temperature(const float   *probabilities,
                                                      const int32_t *labels, int32_t count,
                                                      int32_t classes, float *temperature,
                                                      skc_error *err);

/* The largest threshold on `scores` at which sensitivity is still >= `sensitivity` (0..1). */
SKC_API SKC_MUST_CHECK skc_status skc_fit_threshold(const float *scores, const bool *positive,
                                                    int32_t count, double sensitivity,
                                                    float *threshold, skc_error *err);

/* The operating point at the largest threshold with sensitivity >= `sensitivity` (0..1), named
 * "sensitivity_95" and so on; where that is -1, at the one with the largest sum of sensitivity and
 * specificity (Youden, Cancer 3, 1950), named "youden". Both are measured on the same scores. */
SKC_API SKC_MUST_CHECK skc_status skc_fit_operating_point(const float *scores, const bool *positive,
                                                          int32_t count, double sensitivity,
                                                          skc_operating_point *out, skc_error *err);

/* Class weights (classes), largest 1: (pictures of the class)^-strength, with the one strength in
 * 0..1.5 that gives the best balanced accuracy on the given pictures. 0 suits a model that was
 * trained on equally frequent classes, 1 one whose probabilities follow the pictures' frequencies.
 * A weight for each class of its own would fit the few pictures of the rare ones (measured in
 * docs/decisions/0007-class-weights.md). */
SKC_API SKC_MUST_CHECK skc_status skc_fit_class_weights(const float   *probabilities,
                                                        const int32_t *labels, int32_t count,
                                                        int32_t classes, float *weights,
                                                        skc_error *err);

/* 64 lower-case hex digits and a NUL. */
SKC_API void skc_sha256(const void *bytes, size_t size, char hex[65]);

#ifdef __cplusplus
}
#endif
#endif
