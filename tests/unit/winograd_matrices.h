/* winograd_matrices.h - the matrices of F(4x4, 3x3) in double, from the interpolation points alone
 * (Lavin and Gray, CVPR 2016), for the tests of its kernels and its layer. */
#ifndef TESTS_WINOGRAD_MATRICES_H
#define TESTS_WINOGRAD_MATRICES_H

#include <math.h>
#include <string.h>

typedef struct winograd_matrices {
    double a[6 * 4], b[6 * 6], g[6 * 3]; /* b: B', which inputs are multiplied by */
    double a_turned[4 * 6], g_turned[3 * 6];
} winograd_matrices;

/* The coefficients of the product of x - point, over all points but `without`. */
static inline void winograd_polynomial(const double *point, int without, double coefficient[6])
{
    int degree = 0;

    memset(coefficient, 0, 6 * sizeof *coefficient);
    coefficient[0] = 1;
    for (int j = 0; j < 5; j++) {
        if (j == without)
            continue;
        degree++;
        for (int k = degree; k > 0; k--)
            coefficient[k] = coefficient[k - 1] - point[j] * coefficient[k];
        coefficient[0] *= -point[j];
    }
}

static inline winograd_matrices winograd_from_points(void)
{
    static const double point[] = { 0, 0.625, -0.625, 1.5, -1.5 }; /* and infinity */
    winograd_matrices   m;

    memset(&m, 0, sizeof m);
    for (int i = 0; i < 5; i++) {
        double divisor = 1;

        for (int j = 0; j < 5; j++)
            divisor *= j == i ? 1 : point[i] - point[j];
        for (int k = 0; k < 4; k++)
            m.a[i * 4 + k] = pow(point[i], k);
        for (int k = 0; k < 3; k++)
            m.g[i * 3 + k] = pow(point[i], k) / divisor;
        winograd_polynomial(point, i, m.b + (size_t)i * 6);
    }
    m.a[5 * 4 + 3] = m.g[5 * 3 + 2] = 1;
    winograd_polynomial(point, -1, m.b + 5 * 6);
    for (int i = 0; i < 6; i++) {
        for (int k = 0; k < 4; k++)
            m.a_turned[k * 6 + i] = m.a[i * 4 + k];
        for (int k = 0; k < 3; k++)
            m.g_turned[k * 6 + i] = m.g[i * 3 + k];
    }
    return m;
}

/* y (rows, rows) = t x t', t (rows, n), and size the same of all magnitudes; size may be NULL. */
static inline void winograd_transform(int rows, int n, const double *t, const double *x, double *y,
                                      double *size)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++) {
            double sum = 0, magnitude = 0;

            for (int k = 0; k < n; k++)
                for (int l = 0; l < n; l++) {
                    double term = t[i * n + k] * x[k * n + l] * t[j * n + l];

                    sum += term;
                    magnitude += fabs(term);
                }
            y[i * rows + j] = sum;
            if (size != NULL)
                size[i * rows + j] = magnitude;
        }
}

#endif
