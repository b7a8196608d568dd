/* jpeg.c - the segments of a JPEG (ITU-T T.81). */
#include "image/jpeg.h"

#include <string.h>

/* A progressive picture is sent in about ten scans. The work is scans x pixels, so a small file of
 * many empty scans could keep a server busy for hours. */
enum { MAX_SCANS = 100 };

enum {
    SOF0  = 0xc0,
    SOF1  = 0xc1,
    SOF2  = 0xc2,
    DHT   = 0xc4,
    SOI   = 0xd8,
    EOI   = 0xd9,
    SOS   = 0xda,
    DQT   = 0xdb,
    DNL   = 0xdc,
    DRI   = 0xdd,
    APP0  = 0xe0,
    APP1  = 0xe1,
    APP14 = 0xee,
    APP15 = 0xef,
    COM   = 0xfe
};

typedef struct segment {
    int                  marker;
    const unsigned char *data;
    size_t               size;
} segment;

static uint32_t read16(const unsigned char *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static skc_status damaged(skc_error *err, const char *what)
{
    return skc__fail(err, SKC_EFORMAT, "damaged JPEG: %s", what);
}

static skc_status ends_early(const skc_jpeg *jpeg, skc_error *err)
{
    return skc__fail(err, SKC_EFORMAT, "the JPEG ends %s",
                     jpeg->scans > 0 ? "inside the picture data" : "before the picture data");
}

/* The next marker and, where it has one, its segment. Some writers pad between segments at the
 * start of a file. */
static skc_status next_segment(skc_jpeg *jpeg, segment *out, skc_error *err)
{
    const unsigned char *at  = jpeg->bytes + jpeg->at;
    const unsigned char *end = jpeg->bytes + jpeg->size;

    if (jpeg->count > 0 && at < end && *at != 0xff)
        return damaged(err, "no marker where one must be");
    while (at < end && *at != 0xff)
        at++;
    while (at < end && *at == 0xff)
        at++;
    if (at == end)
        return ends_early(jpeg, err);
    *out = (segment){ .marker = *at++ };
    if (out->marker != SOI && out->marker != EOI) {
        size_t size = end - at >= 2 ? read16(at) : 0;

        if (end - at < 2 || size > (size_t)(end - at))
            return ends_early(jpeg, err);
        if (size < 2)
            return damaged(err, "a segment without a length");
        out->data = at + 2;
        out->size = size - 2;
        at += size;
    }
    jpeg->at = (size_t)(at - jpeg->bytes);
    return SKC_OK;
}

static skc_status read_quantisers(skc_jpeg *jpeg, segment s, skc_error *err)
{
    while (s.size > 0) {
        size_t   bytes = s.data[0] >> 4 ? 129 : 65;
        uint32_t table = s.data[0] & 15;

        if (s.data[0] >> 4 > 1 || table > 3 || bytes > s.size)
            return damaged(err, "a bad quantisation table");
        jpeg->quantisers |= 1u << table;
        for (size_t k = 0; k < 64; k++)
            jpeg->quantiser[table][k] =
                (uint16_t)(bytes == 129 ? read16(s.data + 1 + 2 * k) : s.data[1 + k]);
        s.data += bytes;
        s.size -= bytes;
    }
    return SKC_OK;
}

static skc_status read_huffman(skc_jpeg *jpeg, segment s, skc_error *err)
{
    while (s.size > 0) {
        size_t   bytes = 17;
        uint32_t kind = s.data[0] >> 4, table = s.data[0] & 15;

        for (size_t i = 1; i <= 16 && s.size >= 17; i++)
            bytes += s.data[i];
        if (kind > 1 || table > 3 || bytes > s.size ||
            !skc__huffman_build(kind == 0 ? &jpeg->dc[table] : &jpeg->ac[table], s.data + 1,
                                s.data + 17))
            return damaged(err, "a bad Huffman table");
        s.data += bytes;
        s.size -= bytes;
    }
    return SKC_OK;
}

static int32_t divide_up(int32_t a, int32_t b)
{
    return (a + b - 1) / b;
}

/* Sizes in blocks (T.81, A.1.1 and A.2.4). */
static skc_status lay_out(skc_jpeg *jpeg, skc_error *err)
{
    int32_t h_max = 1, v_max = 1;
    int32_t width = (int32_t)jpeg->width, height = (int32_t)jpeg->height;

    for (int32_t i = 0; i < jpeg->count; i++) {
        const skc_jpeg_component *c = &jpeg->component[i];

        if (c->h < 1 || c->h > 4 || c->v < 1 || c->v > 4 || c->quantiser > 3)
            return damaged(err, "a bad component");
        h_max = c->h > h_max ? c->h : h_max;
        v_max = c->v > v_max ? c->v : v_max;
    }
    jpeg->h_max  = h_max;
    jpeg->v_max  = v_max;
    jpeg->mcus_x = divide_up(width, 8 * h_max);
    jpeg->mcus_y = divide_up(height, 8 * v_max);
    for (int32_t i = 0; i < jpeg->count; i++) {
        skc_jpeg_component *c = &jpeg->component[i];

        if (h_max % c->h != 0 || v_max % c->v != 0)
            return skc__fail(err, SKC_EUNSUPPORTED, "JPEG with fractional sampling factors");
        c->blocks_x = divide_up(divide_up(width * c->h, h_max), 8);
        c->blocks_y = divide_up(divide_up(height * c->v, v_max), 8);
        c->padded_x = jpeg->mcus_x * c->h;
        c->padded_y = jpeg->mcus_y * c->v;
        memset(c->low_bit, -1, sizeof c->low_bit);
    }
    return SKC_OK;
}

static skc_status read_frame(skc_jpeg *jpeg, const skc_source *source, segment s, skc_error *err)
{
    skc_status status;

    if (jpeg->count > 0)
        return damaged(err, "two frame headers");
    if (s.size < 6 || s.size != 6 + 3 * (size_t)s.data[5])
        return damaged(err, "a bad frame header");
    if (s.data[0] != 8)
        return skc__fail(err, SKC_EUNSUPPORTED, "JPEG with %d bits a sample; only 8 are read",
                         s.data[0]);
    if (s.data[5] == 4)
        return skc__fail(err, SKC_EUNSUPPORTED,
                         "a CMYK JPEG, made for printing; save it as RGB and try again");
    if (s.data[5] != 1 && s.data[5] != 3)
        return skc__fail(err, SKC_EUNSUPPORTED, "JPEG with %d components; 1 or 3 are read",
                         s.data[5]);
    jpeg->height      = read16(s.data + 1);
    jpeg->width       = read16(s.data + 3);
    jpeg->count       = s.data[5];
    jpeg->progressive = s.marker == SOF2;
    status            = skc__check_extent(source, jpeg->width, jpeg->height, err);
    if (status != SKC_OK)
        return status;
    for (int32_t i = 0; i < jpeg->count; i++) {
        const unsigned char *p = s.data + 6 + 3 * i;

        jpeg->component[i] =
            (skc_jpeg_component){ .id = p[0], .h = p[1] >> 4, .v = p[1] & 15, .quantiser = p[2] };
    }
    return lay_out(jpeg, err);
}

/* The bits of each coefficient come from the top down, DC before AC (T.81, G.1.1.1). */
static bool in_order(const skc_jpeg *jpeg, const skc_jpeg_scan *scan)
{
    for (int32_t i = 0; i < scan->count; i++) {
        int8_t *low_bit = scan->component[i]->low_bit;

        if (scan->first > 0 && low_bit[0] < 0)
            return false;
        for (int32_t k = scan->first; k <= scan->last; k++) {
            bool fresh = low_bit[k] < 0 && scan->high == 0;
            bool finer = low_bit[k] == scan->high && scan->high == scan->low + 1;

            if (!fresh && !(jpeg->progressive && finer))
                return false;
            low_bit[k] = (int8_t)scan->low;
        }
    }
    return true;
}

static bool tables_defined(const skc_jpeg *jpeg, const skc_jpeg_scan *scan)
{
    for (int32_t i = 0; i < scan->count; i++) {
        const skc_jpeg_component *c = scan->component[i];

        if ((jpeg->quantisers >> c->quantiser & 1) == 0)
            return false;
        if (scan->first == 0 && scan->high == 0 && !jpeg->dc[c->dc_table].defined)
            return false;
        if (scan->last > 0 && !jpeg->ac[c->ac_table].defined)
            return false;
    }
    return true;
}

static bool read_scan_components(skc_jpeg *jpeg, segment s, skc_jpeg_scan *scan)
{
    for (int32_t i = 0; i < scan->count; i++) {
        const unsigned char *p = s.data + 1 + 2 * i;
        skc_jpeg_component  *c = jpeg->component;

        while (c < jpeg->component + jpeg->count && c->id != p[0])
            c++;
        if (c == jpeg->component + jpeg->count || p[1] >> 4 > 3 || (p[1] & 15) > 3)
            return false;
        c->dc_table        = p[1] >> 4;
        c->ac_table        = p[1] & 15;
        scan->component[i] = c;
        for (int32_t j = 0; j < i; j++)
            if (scan->component[j] == c)
                return false;
    }
    return true;
}

static skc_status read_scan(skc_jpeg *jpeg, const skc_allocator *allocator, segment s,
                            skc_error *err)
{
    skc_jpeg_scan scan = { .count = s.size > 0 ? s.data[0] : 0 };
    skc_status    status;

    if (scan.count < 1 || scan.count > jpeg->count || s.size != 4 + 2 * (size_t)scan.count ||
        !read_scan_components(jpeg, s, &scan))
        return damaged(err, "a bad scan header");
    if (++jpeg->scans > MAX_SCANS)
        return skc__fail(err, SKC_ELIMIT, "JPEG with more than %d scans", MAX_SCANS);
    scan.first = s.data[s.size - 3];
    scan.last  = jpeg->progressive ? s.data[s.size - 2] : 63;
    scan.high  = s.data[s.size - 1] >> 4;
    scan.low   = s.data[s.size - 1] & 15;
    if (scan.first > scan.last || scan.last > 63 || scan.high > 13 || scan.low > 13 ||
        (jpeg->progressive && scan.first == 0 && scan.last > 0) ||
        (scan.first > 0 && scan.count > 1) || (!jpeg->progressive && s.data[s.size - 1] != 0))
        return damaged(err, "a bad scan header");
    if (!in_order(jpeg, &scan))
        return damaged(err, "scans out of order");
    if (!tables_defined(jpeg, &scan))
        return damaged(err, "a scan without its tables");
    status = skc__jpeg_planes_create(jpeg, allocator, err);
    return status == SKC_OK ? skc__jpeg_scan_read(jpeg, &scan, err) : status;
}

static void read_exif(skc_jpeg *jpeg, segment s)
{
    if (jpeg->has_exif || s.size < 6 || memcmp(s.data, "Exif\0\0", 6) != 0)
        return;
    jpeg->has_exif    = true;
    jpeg->orientation = skc__exif_orientation(s.data + 6, s.size - 6);
}

/* Who wrote the file says what its components are. */
static void read_jfif(skc_jpeg *jpeg, segment s)
{
    jpeg->is_jfif |= s.size >= 5 && memcmp(s.data, "JFIF\0", 5) == 0;
}

static void read_adobe(skc_jpeg *jpeg, segment s)
{
    if (s.size >= 12 && memcmp(s.data, "Adobe\0", 6) == 0)
        jpeg->adobe_transform = s.data[11];
}

static skc_status refuse_marker(int marker, skc_error *err)
{
    if (marker >= 0xc3 && marker <= 0xcf && marker != 0xc8)
        return skc__fail(err, SKC_EUNSUPPORTED,
                         "a lossless, hierarchical or arithmetic JPEG (marker %02x); only baseline "
                         "and progressive ones are read",
                         (unsigned)marker);
    return skc__fail(err, SKC_EFORMAT, "damaged JPEG: unexpected marker %02x", (unsigned)marker);
}

static skc_status read_segment(skc_jpeg *jpeg, const skc_source *source, segment s, skc_error *err)
{
    switch (s.marker) {
    case SOF0:
    case SOF1:
    case SOF2:
        return read_frame(jpeg, source, s, err);
    case DHT:
        return read_huffman(jpeg, s, err);
    case DQT:
        return read_quantisers(jpeg, s, err);
    case DRI:
        if (s.size != 2)
            return damaged(err, "a bad restart interval");
        jpeg->restart_interval = read16(s.data);
        return SKC_OK;
    case SOS:
        return read_scan(jpeg, &source->allocator, s, err);
    case DNL:
        if (s.size != 2 || read16(s.data) != jpeg->height)
            return damaged(err, "a second height");
        return SKC_OK;
    case APP0:
        read_jfif(jpeg, s);
        return SKC_OK;
    case APP1:
        read_exif(jpeg, s);
        return SKC_OK;
    case APP14:
        read_adobe(jpeg, s);
        return SKC_OK;
    default:
        if ((s.marker >= APP0 && s.marker <= APP15) || s.marker == COM)
            return SKC_OK;
        return refuse_marker(s.marker, err);
    }
}

/* From the start of the picture to its end; bytes behind that are no part of it. */
static skc_status read_segments(skc_jpeg *jpeg, const skc_source *source, skc_error *err)
{
    segment    s = { 0 };
    skc_status status;

    for (;;) {
        status = next_segment(jpeg, &s, err);
        if (status != SKC_OK || s.marker == EOI)
            break;
        status = read_segment(jpeg, source, s, err);
        if (status != SKC_OK)
            return status;
    }
    if (status == SKC_OK && jpeg->count == 0)
        return damaged(err, "no picture");
    for (int32_t i = 0; i < jpeg->count && status == SKC_OK; i++)
        if (jpeg->component[i].low_bit[0] < 0)
            return damaged(err, "picture data are missing");
    return status;
}

skc_status skc__jpeg_decode(const skc_source *source, skc_image **out, int *orientation,
                            skc_error *err)
{
    skc_jpeg   jpeg   = { .bytes           = source->bytes,
                          .size            = source->size,
                          .at              = 2,
                          .orientation     = 1,
                          .adobe_transform = -1 };
    skc_status status = read_segments(&jpeg, source, err);

    if (status == SKC_OK)
        status = skc__jpeg_picture(&jpeg, source, out, err);
    if (status == SKC_OK)
        *orientation = jpeg.orientation;
    skc__jpeg_planes_free(&jpeg, &source->allocator);
    return status;
}
