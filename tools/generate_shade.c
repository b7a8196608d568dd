/* generate_shade.c - the colour of skin and lesion at a point: absorbers in the skin, then what
 * lies on it. */
#include "generate.h"
#include "noise.h"

#include <math.h>

/* Patterns take their seeds from the lesion's by these offsets, so that none repeats another. */
enum {
    PATTERN_SHADE      = 1000,
    PATTERN_BLUSH      = 2000,
    PATTERN_LINES      = 3000,
    PATTERN_PORES      = 4000,
    PATTERN_BORDER     = 5000,
    PATTERN_STREAKS    = 6000,
    PATTERN_PIGMENT    = 7000,
    PATTERN_NETWORK    = 8000,
    PATTERN_GLOBULES   = 9000,
    PATTERN_RIDGES     = 10000,
    PATTERN_PLUGS      = 11000,
    PATTERN_VEIL       = 12000,
    PATTERN_REGRESSION = 13000,
    PATTERN_CYSTS      = 14000,
    PATTERN_KERATIN    = 15000,
    PATTERN_FOLLICLES  = 16000,
    PATTERN_NESTS      = 17000,
    PATTERN_ULCER      = 18000,
    PATTERN_LACUNAE    = 19000,
    PATTERN_SCAR       = 20000
};

/* One point: where it is, and what has been found there so far. */
typedef struct point {
    const lesion *l;
    float         x, y;     /* on the skin */
    float         distance; /* from the lesion's centre; 1 at the border */
    float         inside;   /* 0 outside the lesion, 1 well inside */
    float         melanin, blood;
} point;

static float trait_at(const point *p, trait t)
{
    return p->l->trait[t] * p->inside;
}

static float fractal(const point *p, uint32_t pattern, float scale, int octaves)
{
    return noise_fractal(p->l->pattern + pattern, p->x * scale, p->y * scale, octaves);
}

/* Cells of `scale` a unit, bent a little so that their borders are not straight. */
static noise_cell cells(const point *p, uint32_t pattern, float scale)
{
    uint32_t seed = p->l->pattern + pattern;
    float    x = p->x * scale, y = p->y * scale;
    float    bend = 0.22F * noise_smooth(seed + 11, x * 1.3F, y * 1.3F);

    return noise_cells(seed, x + bend, y - bend);
}

/* How much a point belongs to the spot of its cell: spots lie in a share of the cells, with a
 * radius in cells and a soft edge. */
static float spots(const point *p, uint32_t pattern, float scale, float share, float radius)
{
    noise_cell cell = cells(p, pattern, scale);
    float      size = radius * (0.6F + 0.7F * noise_share(cell.hash * 0x85EBCA77U + 3));

    if (noise_share(cell.hash * 0xC2B2AE3DU + 7) >= share)
        return 0;
    return 1 - noise_step(size * 0.5F, size, cell.nearest);
}

static colour mix(colour a, colour b, float share)
{
    return (colour){ a.r + (b.r - a.r) * share, a.g + (b.g - a.g) * share,
                     a.b + (b.b - a.b) * share };
}

/* ------------------------------------------------------------------ shape */

static float blob_distance(const lesion *l, float x, float y)
{
    float along = l->cosine * x + l->sine * y, across = l->cosine * y - l->sine * x;

    across *= l->trait[TRAIT_ELONGATION];
    return sqrtf(along * along + across * across);
}

/* The smaller of two distances, rounded where they meet. */
static float smooth_minimum(float a, float b)
{
    float reach = 0.35F, h = reach - fabsf(a - b);

    h = h > 0 ? h / reach : 0;
    return (a < b ? a : b) - h * h * reach * 0.25F;
}

static void place(point *p)
{
    const lesion *l      = p->l;
    float         radius = l->trait[TRAIT_RADIUS];
    float         x = (p->x - l->x) / radius, y = (p->y - l->y) / radius;
    float         d = blob_distance(l, x, y), length = sqrtf(x * x + y * y) + 1e-3F;
    float         softness = l->trait[TRAIT_SOFTNESS];

    if (l->trait[TRAIT_ASYMMETRY] > 0) {
        float lobe = blob_distance(l, x - l->lobe_x, y - l->lobe_y) /
                     (0.45F + 0.4F * l->trait[TRAIT_ASYMMETRY]);

        d = smooth_minimum(d * 1.15F, lobe);
    }
    d += l->trait[TRAIT_ROUGHNESS] *
         (noise_fractal(l->pattern + PATTERN_BORDER, x * 1.7F, y * 1.7F, 4) * 1.1F);
    if (l->trait[TRAIT_STREAKS] > 0) { /* noise that depends on the direction only */
        float ray = noise_smooth(l->pattern + PATTERN_STREAKS, x / length * 7, y / length * 7);

        d -= l->trait[TRAIT_STREAKS] * 0.28F * noise_step(0.1F, 0.6F, ray) *
             noise_step(0.6F, 1.0F, d);
    }
    p->distance = d;
    p->inside   = 1 - noise_step(1 - softness, 1 + softness, d);
}

/* ------------------------------------------------------------------ in the skin */

static void add_network(point *p)
{
    noise_cell cell   = cells(p, PATTERN_NETWORK, 16);
    float      line   = 1 - noise_step(0, 0.5F, cell.second - cell.nearest);
    float      uneven = noise_step(-0.7F, 0.5F, fractal(p, PATTERN_NETWORK + 500, 2.2F, 3));

    p->melanin += trait_at(p, TRAIT_NETWORK) * (line - 0.35F) * uneven * 1.2F;
}

static void add_pigment(point *p)
{
    float uneven = fractal(p, PATTERN_PIGMENT, 3, 3);
    float fall   = 1.1F - 0.25F * p->distance;

    p->melanin +=
        trait_at(p, TRAIT_PIGMENT) * fall * (1 + 1.6F * p->l->trait[TRAIT_VARIEGATION] * uneven);
    p->blood += trait_at(p, TRAIT_REDNESS) * (1 + 0.5F * fractal(p, PATTERN_PIGMENT + 500, 4, 2));
    if (p->l->trait[TRAIT_NETWORK] > 0)
        add_network(p);
    if (p->l->trait[TRAIT_GLOBULES] > 0)
        p->melanin += trait_at(p, TRAIT_GLOBULES) * spots(p, PATTERN_GLOBULES, 11, 0.55F, 0.42F);
    if (p->l->trait[TRAIT_RIDGES] > 0) {
        float furrow = fabsf(fractal(p, PATTERN_RIDGES, 6.5F, 2));

        p->melanin *= 1 + trait_at(p, TRAIT_RIDGES) * (0.55F - 3.2F * furrow * (1 - furrow));
    }
    if (p->l->trait[TRAIT_PLUGS] > 0)
        p->melanin += trait_at(p, TRAIT_PLUGS) * 0.9F * spots(p, PATTERN_PLUGS, 7, 0.4F, 0.3F);
}

static void add_blood(point *p, float vessels)
{
    p->blood += vessels * trait_at(p, TRAIT_VESSELS) * 1.1F;
    if (p->l->trait[TRAIT_LACUNAE] > 0) {
        float ball = spots(p, PATTERN_LACUNAE, 6, 0.85F, 0.75F);
        float deep = noise_step(-0.1F, 0.5F, fractal(p, PATTERN_LACUNAE + 500, 2, 2));

        p->blood += trait_at(p, TRAIT_LACUNAE) * (1.6F * ball - 0.3F);
        p->melanin += trait_at(p, TRAIT_LACUNAE) * ball * deep * 0.5F;
    }
    if (p->l->trait[TRAIT_FOLLICLES] > 0)
        p->blood *=
            1 - trait_at(p, TRAIT_FOLLICLES) * 0.9F * spots(p, PATTERN_FOLLICLES, 8, 0.8F, 0.34F);
}

/* Light that comes back from skin with these absorbers (Beer and Lambert, in three bands). */
static colour absorb(const point *p)
{
    float melanin = p->melanin > 0 ? p->melanin : 0, blood = p->blood > 0 ? p->blood : 0;

    return (colour){ 0.97F * noise_decay(0.95F * melanin + 0.16F * blood),
                     0.84F * noise_decay(1.60F * melanin + 1.05F * blood),
                     0.77F * noise_decay(2.10F * melanin + 0.85F * blood) };
}

/* ------------------------------------------------------------------ on and below it */

/* A region of the lesion: a share of its area, with soft edges. */
static float region(const point *p, trait t, uint32_t pattern, float scale, float level)
{
    if (p->l->trait[t] <= 0)
        return 0;
    return trait_at(p, t) * noise_step(level, level + 0.3F, fractal(p, pattern, scale, 3));
}

static colour add_hazes(const point *p, colour c)
{
    const colour blue = { 0.47F, 0.50F, 0.58F }, white = { 0.90F, 0.82F, 0.80F };
    const colour nest   = { 0.30F, 0.31F, 0.40F };
    float        middle = 1 - noise_step(0.55F, 0.95F, p->distance);

    c = mix(c, blue, 0.75F * middle * region(p, TRAIT_VEIL, PATTERN_VEIL, 1.9F, -0.2F));
    c = mix(c, white, 0.8F * region(p, TRAIT_REGRESSION, PATTERN_REGRESSION, 2.3F, 0.0F));
    if (p->l->trait[TRAIT_NESTS] > 0)
        c = mix(c, nest,
                0.75F * trait_at(p, TRAIT_NESTS) * spots(p, PATTERN_NESTS, 4.2F, 0.45F, 0.55F));
    if (p->l->trait[TRAIT_SCAR] > 0) {
        float edge = p->distance + 0.25F * fractal(p, PATTERN_SCAR, 5, 3);

        c = mix(c, (colour){ 0.95F, 0.86F, 0.82F },
                p->l->trait[TRAIT_SCAR] * (1 - noise_step(0.15F, 0.6F, edge)));
    }
    return c;
}

static colour add_surface(const point *p, colour c)
{
    const colour crust = { 0.36F, 0.13F, 0.09F }, scale = { 0.93F, 0.86F, 0.70F };

    c = mix(c, crust, region(p, TRAIT_ULCER, PATTERN_ULCER, 2.1F, 0.12F));
    c = mix(c, scale, 0.8F * region(p, TRAIT_KERATIN, PATTERN_KERATIN, 6.0F, 0.08F));
    if (p->l->trait[TRAIT_CYSTS] > 0)
        c = mix(c, (colour){ 0.97F, 0.92F, 0.80F },
                0.85F * trait_at(p, TRAIT_CYSTS) * spots(p, PATTERN_CYSTS, 6.5F, 0.4F, 0.24F));
    if (p->l->trait[TRAIT_FOLLICLES] > 0)
        c = mix(c, (colour){ 0.96F, 0.88F, 0.74F },
                0.45F * trait_at(p, TRAIT_FOLLICLES) * spots(p, PATTERN_FOLLICLES, 8, 0.8F, 0.22F));
    return c;
}

colour generate_shade(const lesion *l, float x, float y, float vessels)
{
    point      p = { .l = l, .x = x, .y = y, .melanin = l->skin_pigment, .blood = l->skin_blush };
    noise_cell lines  = noise_cells(l->pattern + PATTERN_LINES, x * 11, y * 11);
    float      furrow = 1 - noise_step(0.02F, 0.14F, lines.second - lines.nearest);
    float      light;
    colour     c;

    place(&p);
    p.melanin += 0.02F * fractal(&p, PATTERN_SHADE + 500, 2.5F, 3);
    p.blood += 0.05F * fractal(&p, PATTERN_BLUSH, 3, 3);
    if (p.inside > 0) {
        add_pigment(&p);
        add_blood(&p, vessels);
    }
    c = absorb(&p);
    if (p.inside > 0)
        c = add_surface(&p, add_hazes(&p, c));
    light = 1 + 0.05F * fractal(&p, PATTERN_SHADE, 0.9F, 2) - 0.025F * furrow +
            0.025F * fractal(&p, PATTERN_PORES, 26, 2);
    return (colour){ c.r * light, c.g * light, c.b * light };
}
