/* metrics.h - how decided pictures become figures, for the whole set or for a resample of it.
 *
 * A resample is a weight for every picture: how often it was drawn. The whole set is the resample
 * in which every weight is 1, so that a figure and its interval come from the same lines of code.
 */
#ifndef SKC_TRAIN_METRICS_H
#define SKC_TRAIN_METRICS_H

#include "core/memory.h"
#include "core/parallel.h"

enum { SKC_ECE_BINS = 15, SKC_CURVE_POINTS = 512, SKC_MAX_CLASSES = 10000 };

/* Pictures are numbered in 30 bits (skc_ranked). */
enum { SKC_MAX_CASES = (1 << 30) - 1 };

/* A probability of 0 costs -log of this, so that one picture cannot make a mean infinite. */
#define SKC_SMALLEST_PROBABILITY 1e-12

/* One picture, reduced to what the figures count. */
typedef struct skc_case {
    int32_t cell;       /* of the confusion matrix: truth x classes + decision */
    uint8_t bin;        /* of the confidence: bin b is ((b) / 15, (b + 1) / 15] */
    uint8_t side;       /* 2 x (truly malignant) + (called malignant) */
    bool    right;      /* the largest probability is the label's */
    float   confidence; /* the largest probability */
    double  loss;       /* -log of the label's probability */
} skc_case;

/* A picture in the order of falling scores for one class against the rest. */
typedef struct skc_ranked {
    float    score;
    uint32_t picture : 30;
    uint32_t positive : 1;
    uint32_t last : 1; /* of the pictures with this score */
} skc_ranked;

/* The pictures that are evaluated. */
typedef struct skc_sample {
    int32_t     count, classes, groups;
    bool        has_malignant;
    skc_case   *cases;  /* (count) */
    skc_ranked *ranked; /* (classes + 1, count): the last row is malignant against benign */
    int32_t    *group;  /* (count) 0..groups-1 */
} skc_sample;

/* Sums over a resample; each thread has one. */
typedef struct skc_tally {
    int64_t *confusion; /* (classes, classes): row = truth, column = decision */
    int64_t  sides[4];  /* by skc_case.side */
    double   loss;
    struct {
        int64_t count, right;
        double  confidence;
    } bins[SKC_ECE_BINS];
} skc_tally;

/* Figures stand in a row: SKC_METRIC_COUNT metrics, then these for every class. */
enum { SKC_FIGURE_RECALL, SKC_FIGURE_PRECISION, SKC_FIGURE_F1, SKC_FIGURE_AUC, SKC_CLASS_FIGURES };

int32_t skc__figure_count(int32_t classes);

/* Refuses what is no table of `count` probability rows with a label each; names the row. */
skc_status skc__check_rows(const float *probabilities, const int32_t *labels, int32_t count,
                           int32_t classes, skc_error *err);

/* Fills cases, ranked and group of a sample whose arrays are there; count, classes and
 * has_malignant are set, groups is written. `input` has been checked. */
void skc__sample_fill(skc_sample *sample, const skc_evaluation_input *input);

/* The area under the ROC curve by the rank sum, ties counting half; NaN without both sides. */
double skc__auc(const skc_ranked *ranked, int32_t count, const int32_t *weights);

/* Counts the pictures, `weights` (count) times each. */
void skc__tally(const skc_sample *sample, const int32_t *weights, skc_tally *tally);

/* All figures of a resample. A class without a picture in it has none (NaN) and is left out of the
 * means; the precision of a class that is there but never decided is 0. */
void skc__figures(const skc_sample *sample, const int32_t *weights, skc_tally *tally,
                  double *figures);

/* What a resampling thread works with. */
typedef struct skc_bench {
    int32_t  *draws;   /* (groups) how often each was drawn */
    int32_t  *weights; /* (count) */
    skc_tally tally;
} skc_bench;

/* Figures (resamples, figures) of resamples of the groups with replacement; resample r is drawn
 * from the random stream (seed, r), whatever thread does it. `benches` has one for every thread. */
void skc__bootstrap(const skc_sample *sample, uint64_t seed, int32_t resamples, skc_pool *pool,
                    skc_bench *benches, double *figures);

/* The 2.5 and 97.5 percentile of one column of them (linear between ranks) over the resamples in
 * which it is defined; NaN when there is none. `scratch` has room for `resamples` values. */
skc_interval skc__percentiles(const double *figures, int32_t resamples, int32_t stride,
                              double value, double *scratch);

/* Points of a curve, at most SKC_CURVE_POINTS; returns their number, 0 where it is undefined. */
int32_t skc__curve_roc(const skc_ranked *ranked, int32_t count, skc_curve_point *points);
int32_t skc__curve_pr(const skc_ranked *ranked, int32_t count, skc_curve_point *points);
int32_t skc__curve_calibration(const skc_tally *tally, skc_curve_point *points);

#endif
