/* tasks.h - how the two tasks relate: which diagnoses are malignant. */
#ifndef SKC_TOOLS_TASKS_H
#define SKC_TOOLS_TASKS_H

#include "skincnn.h"

/* "malignant" or "benign" for a diagnosis or for one of these two words; NULL for another label. */
const char *task_malignancy(const char *label);

/* Marks the malignant labels; false when none or all of them are, or one is unknown. */
bool task_mark_malignant(const char *const *labels, int32_t count, bool *malignant);

#endif
