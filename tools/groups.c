/* groups.c - the rows of a manifest by their groups. */
#include "groups.h"
#include "cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct grouped_row {
    const char *group;
    int32_t     row;
} grouped_row;

static int compare_grouped(const void *left, const void *right)
{
    const grouped_row *a = left, *b = right;
    int                order = strcmp(a->group, b->group);

    return order != 0 ? order : (a->row > b->row) - (a->row < b->row);
}

int32_t *groups_order(const skc_manifest *manifest, int32_t *count)
{
    int32_t      rows = skc_manifest_count(manifest), used = 0;
    grouped_row *grouped = cli_memory(NULL, (size_t)rows + 1, sizeof *grouped);
    int32_t     *order   = cli_memory(NULL, (size_t)rows + 1, sizeof *order);

    for (int32_t i = 0; i < rows; i++) {
        const char *group = skc_manifest_row_at(manifest, i).group;

        if (group[0] != '\0')
            grouped[used++] = (grouped_row){ group, i };
    }
    qsort(grouped, (size_t)used, sizeof *grouped, compare_grouped);
    for (int32_t i = 0; i < used; i++)
        order[i] = grouped[i].row;
    free(grouped);
    *count = used;
    return order;
}

bool groups_same(const skc_manifest *manifest, int32_t a, int32_t b)
{
    const char *group = skc_manifest_row_at(manifest, a).group;

    return a == b ||
           (group[0] != '\0' && strcmp(group, skc_manifest_row_at(manifest, b).group) == 0);
}

int32_t groups_count(const skc_manifest *manifest)
{
    int32_t  named, groups = 0;
    int32_t *order = groups_order(manifest, &named);

    for (int32_t i = 0; i < named; i++)
        groups += i == 0 || !groups_same(manifest, order[i - 1], order[i]);
    free(order);
    return groups + skc_manifest_count(manifest) - named;
}
