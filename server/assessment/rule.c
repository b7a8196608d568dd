/* rule.c - the rule that joins picture and answers: the tables of docs/risk-rule.md. */
#include "assessment/assessment.h"

/* Points of the answers, by reply: no, unsure, yes. Change is the strongest sign. */
static const int32_t change_points[REPLY_COUNT]  = { 0, 1, 2 };
static const int32_t uneven_points[REPLY_COUNT]  = { 0, 0, 1 };
static const int32_t large_points[REPLY_COUNT]   = { 0, 0, 1 };
static const int32_t history_points[REPLY_COUNT] = { 0, 0, 1 };
/* By site: elsewhere, face or scalp, palm, sole or nail. */
static const int32_t site_points[SITE_COUNT]     = { 0, 0, 1 };

enum { POINTS = 7 };

/* The level by that of the picture and the points of the answers: no row ever falls. */
static const assessment_level levels[LEVEL_COUNT][POINTS] = {
    [LEVEL_LOW]   = { LEVEL_LOW, LEVEL_LOW, LEVEL_WATCH, LEVEL_WATCH, LEVEL_HIGH, LEVEL_HIGH,
                      LEVEL_HIGH },
    [LEVEL_WATCH] = { LEVEL_WATCH, LEVEL_WATCH, LEVEL_HIGH, LEVEL_HIGH, LEVEL_HIGH, LEVEL_HIGH,
                      LEVEL_HIGH },
    [LEVEL_HIGH]  = { LEVEL_HIGH, LEVEL_HIGH, LEVEL_HIGH, LEVEL_HIGH, LEVEL_HIGH, LEVEL_HIGH,
                      LEVEL_HIGH },
};

/* Days within which to see a doctor (0: no need by itself), and to the next look at the spot. */
static const int32_t doctor_days[LEVEL_COUNT]  = { 0, 30, 14 };
static const int32_t recheck_days[LEVEL_COUNT] = { 30, 30, 30 };

assessment_level assessment_score_level(const assessment_score *s)
{
    return s->probability >= s->high    ? LEVEL_HIGH
           : s->probability >= s->watch ? LEVEL_WATCH
                                        : LEVEL_LOW;
}

/* Sensitivity first: one model alone is enough. */
assessment_level assessment_picture_level(const assessment_picture *p)
{
    assessment_level first  = assessment_score_level(&p->malignancy);
    assessment_level second = assessment_score_level(&p->diagnosis);

    return first > second ? first : second;
}

int32_t assessment_points(const assessment_answers *a)
{
    return change_points[a->change] + uneven_points[a->uneven] + large_points[a->large] +
           site_points[a->site] + history_points[a->history];
}

assessment_verdict assessment_judge(const assessment_picture *picture,
                                    const assessment_answers *answers)
{
    assessment_verdict v;

    v.picture = assessment_picture_level(picture);
    v.points  = assessment_points(answers);
    v.level   = levels[v.picture][v.points];
    v.days    = doctor_days[v.level];
    v.recheck = recheck_days[v.level];
    return v;
}
