/* curve.c - ROC, precision-recall and calibration curves as points. */
#include "train/metrics.h"

#include <math.h>

/* Walks down the scores and keeps evenly spaced corners, the first and the last among them. */
typedef struct {
    int64_t corners; /* distinct scores, and the start where nothing is called positive */
    int64_t seen;
    int32_t kept;
} thinning;

static bool keep(thinning *thin)
{
    int64_t wanted = thin->corners < SKC_CURVE_POINTS ? thin->corners : SKC_CURVE_POINTS;
    bool    due    = wanted < 2 || thin->seen >= thin->kept * (thin->corners - 1) / (wanted - 1);

    thin->seen++;
    thin->kept += due;
    return due;
}

static thinning count_corners(const skc_ranked *ranked, int32_t count, int64_t *positives)
{
    thinning thin = { 1, 0, 0 };

    *positives = 0;
    for (int32_t i = 0; i < count; i++) {
        *positives += ranked[i].positive;
        thin.corners += ranked[i].last;
    }
    return thin;
}

int32_t skc__curve_roc(const skc_ranked *ranked, int32_t count, skc_curve_point *points)
{
    int64_t  positives, hits = 0;
    thinning thin = count_corners(ranked, count, &positives);

    if (positives == 0 || positives == count)
        return 0;
    keep(&thin);
    points[0] = (skc_curve_point){ INFINITY, 0, 0 };
    for (int32_t i = 0; i < count; i++) {
        hits += ranked[i].positive;
        if (ranked[i].last && keep(&thin))
            points[thin.kept - 1] =
                (skc_curve_point){ (double)ranked[i].score,
                                   (double)(i + 1 - hits) / (double)(count - positives),
                                   (double)hits / (double)positives };
    }
    return thin.kept;
}

int32_t skc__curve_pr(const skc_ranked *ranked, int32_t count, skc_curve_point *points)
{
    int64_t  positives, hits = 0;
    thinning thin = count_corners(ranked, count, &positives);

    if (positives == 0)
        return 0;
    keep(&thin);
    points[0] = (skc_curve_point){ INFINITY, 0, 1 };
    for (int32_t i = 0; i < count; i++) {
        hits += ranked[i].positive;
        if (ranked[i].last && keep(&thin))
            points[thin.kept - 1] =
                (skc_curve_point){ (double)ranked[i].score, (double)hits / (double)positives,
                                   (double)hits / (double)(i + 1) };
    }
    return thin.kept;
}

int32_t skc__curve_calibration(const skc_tally *tally, skc_curve_point *points)
{
    int32_t count = 0;

    for (int32_t b = 0; b < SKC_ECE_BINS; b++) {
        double pictures = (double)tally->bins[b].count;

        if (pictures > 0)
            points[count++] = (skc_curve_point){ pictures, tally->bins[b].confidence / pictures,
                                                 (double)tally->bins[b].right / pictures };
    }
    return count;
}
