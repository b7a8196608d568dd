/* tasks.c - how the two tasks relate: which diagnoses are malignant. */
#include "tasks.h"

#include <string.h>

static bool is_among(const char *label, const char *const *list)
{
    while (*list != NULL && strcmp(*list, label) != 0)
        list++;
    return *list != NULL;
}

const char *task_malignancy(const char *label)
{
    static const char *const malignant[] = { "mel", "bcc", "akiec", "scc", "malignant", NULL };
    static const char *const benign[]    = { "nv", "bkl", "df", "vasc", "benign", NULL };

    return is_among(label, malignant) ? "malignant" : is_among(label, benign) ? "benign" : NULL;
}

bool task_mark_malignant(const char *const *labels, int32_t count, bool *malignant)
{
    int32_t marked = 0, known = 0;

    for (int32_t i = 0; i < count; i++) {
        const char *side = task_malignancy(labels[i]);

        known += side != NULL;
        malignant[i] = side != NULL && strcmp(side, "malignant") == 0;
        marked += malignant[i];
    }
    return known == count && marked > 0 && marked < count;
}
