/* generate_lesion.c - what the classes look like: the strengths of their traits. */
#include "generate.h"
#include "noise.h"

const char *const generate_labels[GENERATE_CLASSES] = { "akiec", "bcc", "bkl", "df",
                                                        "mel",   "nv",  "vasc" };
const bool generate_malignant[GENERATE_CLASSES] = { true, true, false, false, true, false, false };

/* A trait is there in a share of the lesions, and then between low and high. */
typedef struct range {
    float chance, low, high;
} range;

/* Ranges overlap between the classes on purpose: as with real lesions, no single trait decides. */
static const range ranges[GENERATE_CLASSES][TRAIT_COUNT] = {
    { /* akiec: a red, scaly patch without a clear border */
      [TRAIT_RADIUS]      = { 1, 0.48F, 0.88F },
      [TRAIT_ELONGATION]  = { 1, 1.0F, 1.5F },
      [TRAIT_ROUGHNESS]   = { 1, 0.20F, 0.45F },
      [TRAIT_SOFTNESS]    = { 1, 0.25F, 0.50F },
      [TRAIT_PIGMENT]     = { 0.4F, 0.05F, 0.25F },
      [TRAIT_VARIEGATION] = { 1, 0.2F, 0.6F },
      [TRAIT_REDNESS]     = { 1, 0.25F, 0.60F },
      [TRAIT_KERATIN]     = { 0.85F, 0.35F, 0.9F },
      [TRAIT_FOLLICLES]   = { 0.65F, 0.35F, 0.8F },
      [TRAIT_ULCER]       = { 0.12F, 0.2F, 0.5F },
      [TRAIT_VESSELS]     = { 0.15F, 0.2F, 0.4F } },
    { /* bcc: translucent pink with vessels, blue-grey nests, sometimes an ulcer */
      [TRAIT_RADIUS]      = { 1, 0.42F, 0.84F },
      [TRAIT_ELONGATION]  = { 1, 1.0F, 1.4F },
      [TRAIT_ROUGHNESS]   = { 1, 0.12F, 0.35F },
      [TRAIT_SOFTNESS]    = { 1, 0.10F, 0.30F },
      [TRAIT_PIGMENT]     = { 0.5F, 0.05F, 0.30F },
      [TRAIT_VARIEGATION] = { 1, 0.2F, 0.6F },
      [TRAIT_REDNESS]     = { 1, 0.12F, 0.40F },
      [TRAIT_VESSELS]     = { 0.9F, 0.5F, 1.0F },
      [TRAIT_NESTS]       = { 0.7F, 0.35F, 0.9F },
      [TRAIT_ULCER]       = { 0.35F, 0.4F, 0.9F },
      [TRAIT_REGRESSION]  = { 0.3F, 0.2F, 0.5F } },
    { /* bkl: stuck on, sharp border, cysts, plugs, ridges */
      [TRAIT_RADIUS]      = { 1, 0.42F, 0.88F },
      [TRAIT_ELONGATION]  = { 1, 1.0F, 1.5F },
      [TRAIT_ROUGHNESS]   = { 1, 0.08F, 0.28F },
      [TRAIT_SOFTNESS]    = { 1, 0.04F, 0.14F },
      [TRAIT_PIGMENT]     = { 1, 0.25F, 0.75F },
      [TRAIT_VARIEGATION] = { 1, 0.2F, 0.5F },
      [TRAIT_REDNESS]     = { 0.3F, 0.05F, 0.20F },
      [TRAIT_CYSTS]       = { 0.75F, 0.4F, 1.0F },
      [TRAIT_PLUGS]       = { 0.60F, 0.4F, 1.0F },
      [TRAIT_RIDGES]      = { 0.60F, 0.4F, 0.9F },
      [TRAIT_KERATIN]     = { 0.25F, 0.15F, 0.4F },
      [TRAIT_NETWORK]     = { 0.12F, 0.1F, 0.3F } },
    { /* df: small, round, a white centre and a delicate network around it */
      [TRAIT_RADIUS]      = { 1, 0.34F, 0.60F },
      [TRAIT_ELONGATION]  = { 1, 1.0F, 1.25F },
      [TRAIT_ROUGHNESS]   = { 1, 0.06F, 0.18F },
      [TRAIT_SOFTNESS]    = { 1, 0.25F, 0.45F },
      [TRAIT_PIGMENT]     = { 1, 0.15F, 0.40F },
      [TRAIT_VARIEGATION] = { 1, 0.1F, 0.3F },
      [TRAIT_REDNESS]     = { 0.7F, 0.05F, 0.25F },
      [TRAIT_SCAR]        = { 0.85F, 0.5F, 0.95F },
      [TRAIT_NETWORK]     = { 0.8F, 0.2F, 0.5F } },
    { /* mel: asymmetric, many colours, an uneven network, streaks, a veil, regression */
      [TRAIT_RADIUS]      = { 1, 0.50F, 0.88F },
      [TRAIT_ELONGATION]  = { 1, 1.0F, 1.6F },
      [TRAIT_ROUGHNESS]   = { 1, 0.18F, 0.45F },
      [TRAIT_SOFTNESS]    = { 1, 0.06F, 0.25F },
      [TRAIT_ASYMMETRY]   = { 0.75F, 0.4F, 0.9F },
      [TRAIT_PIGMENT]     = { 1, 0.50F, 1.30F },
      [TRAIT_VARIEGATION] = { 1, 0.5F, 1.1F },
      [TRAIT_REDNESS]     = { 0.5F, 0.05F, 0.30F },
      [TRAIT_NETWORK]     = { 0.6F, 0.3F, 0.8F },
      [TRAIT_GLOBULES]    = { 0.45F, 0.3F, 0.9F },
      [TRAIT_STREAKS]     = { 0.55F, 0.4F, 1.0F },
      [TRAIT_VEIL]        = { 0.65F, 0.4F, 0.9F },
      [TRAIT_REGRESSION]  = { 0.4F, 0.3F, 0.8F } },
    { /* nv: round, even, one or two browns, a regular network or globules */
      [TRAIT_RADIUS]      = { 1, 0.34F, 0.78F },
      [TRAIT_ELONGATION]  = { 1, 1.0F, 1.35F },
      [TRAIT_ROUGHNESS]   = { 1, 0.04F, 0.18F },
      [TRAIT_SOFTNESS]    = { 1, 0.10F, 0.35F },
      [TRAIT_PIGMENT]     = { 1, 0.30F, 0.85F },
      [TRAIT_VARIEGATION] = { 1, 0.05F, 0.25F },
      [TRAIT_REDNESS]     = { 0.3F, 0.05F, 0.15F },
      [TRAIT_NETWORK]     = { 0.7F, 0.2F, 0.6F },
      [TRAIT_GLOBULES]    = { 0.35F, 0.2F, 0.7F },
      [TRAIT_CYSTS]       = { 0.04F, 0.2F, 0.4F } },
    { /* vasc: red to blue-black lacunae with a sharp border */
      [TRAIT_RADIUS]      = { 1, 0.34F, 0.72F },
      [TRAIT_ELONGATION]  = { 1, 1.0F, 1.4F },
      [TRAIT_ROUGHNESS]   = { 1, 0.06F, 0.25F },
      [TRAIT_SOFTNESS]    = { 1, 0.05F, 0.18F },
      [TRAIT_PIGMENT]     = { 0.3F, 0.02F, 0.15F },
      [TRAIT_VARIEGATION] = { 1, 0.1F, 0.4F },
      [TRAIT_REDNESS]     = { 1, 0.50F, 1.10F },
      [TRAIT_LACUNAE]     = { 0.9F, 0.5F, 1.0F },
      [TRAIT_VEIL]        = { 0.2F, 0.1F, 0.4F } },
};

lesion generate_lesion(uint64_t seed, int32_t class_index, int32_t number)
{
    dice   d    = dice_seeded(seed, (uint64_t)class_index + 1, (uint64_t)number);
    lesion l    = { .pattern = (uint32_t)dice_next(&d) };
    float  turn = dice_between(&d, 0, 1), lobe = dice_between(&d, 0, 1);

    for (int32_t t = 0; t < TRAIT_COUNT; t++) {
        const range *r        = &ranges[class_index][t];
        float        present  = dice_between(&d, 0, 1);
        float        strength = dice_between(&d, r->low, r->high);

        l.trait[t] = present < r->chance ? strength : 0;
    }
    l.x            = dice_between(&d, -0.12F, 0.12F);
    l.y            = dice_between(&d, -0.12F, 0.12F);
    l.cosine       = noise_sine(turn + 0.25F);
    l.sine         = noise_sine(turn);
    l.lobe_x       = 0.75F * noise_sine(lobe + 0.25F);
    l.lobe_y       = 0.75F * noise_sine(lobe);
    l.skin_pigment = dice_between(&d, 0.02F, 0.45F);
    l.skin_pigment *= l.skin_pigment * 2.2F; /* mostly fair, as the data sets are */
    l.skin_blush = dice_between(&d, 0.02F, 0.16F);
    return l;
}
