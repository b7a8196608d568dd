/* signature.c - a small fingerprint of a picture, for finding near-duplicates. */
#include "image/image.h"

#include <math.h>

enum { SIDE = SKC_SIGNATURE_SIDE, VALUES = SKC_SIGNATURE_VALUES };

/* Mean 0 and length 1, so that an inner product is a correlation: brightness and contrast cancel.
 * A picture of one colour has no pattern to compare; its values are all 0. */
static void normalise(float values[VALUES])
{
    double sum = 0, squares = 0;

    for (int i = 0; i < VALUES; i++)
        sum += (double)values[i];
    for (int i = 0; i < VALUES; i++) {
        values[i] -= (float)(sum / VALUES);
        squares += (double)values[i] * (double)values[i];
    }
    /* A thumbnail holds whole levels: anything below this is rounding of a flat one. */
    for (int i = 0; i < VALUES; i++)
        values[i] = squares < 1e-3 ? 0 : (float)((double)values[i] / sqrt(squares));
}

skc_status skc_image_signature(const skc_image *image,
                               float      values[SKC_SIGNATURE_SYMMETRIES][SKC_SIGNATURE_VALUES],
                               skc_error *err)
{
    uint8_t    thumbnail[VALUES * 3];
    skc_status status;

    if (image == NULL || values == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_signature: image or values is NULL");
    status = skc__pixels_resize(&image->kernels,
                                (skc_pixels){ image->pixels, image->width, image->height }, SIDE,
                                SIDE, &image->allocator, thumbnail, err);
    if (status != SKC_OK)
        return status;
    for (int i = 0; i < VALUES; i++)
        values[0][i] = 0.299f * (float)thumbnail[3 * i] + 0.587f * (float)thumbnail[3 * i + 1] +
                       0.114f * (float)thumbnail[3 * i + 2];
    normalise(values[0]);
    for (int s = 1; s < SKC_SIGNATURE_SYMMETRIES; s++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                int across = s & 1 ? SIDE - 1 - x : x;
                int down   = s & 2 ? SIDE - 1 - y : y;

                values[s][y * SIDE + x] =
                    values[0][s & 4 ? across * SIDE + down : down * SIDE + across];
            }
    return SKC_OK;
}
