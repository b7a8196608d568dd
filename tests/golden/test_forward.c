/* test_forward.c - every built-in net and one of all other layers against the NumPy reference:
 * inference as it stands, folded, by every kernel set; training mode and gradients. */
#include "golden.h"

#include "train/loss.h"

static skc_json *stored; /* forward.json */

static int load(void **state)
{
    (void)state;
    stored = golden_load("tests/golden/forward.json");
    return 0;
}

static int unload(void **state)
{
    (void)state;
    skc__json_free(stored);
    return 0;
}

/* One net of forward.json with the formula's parameters and inputs. */
typedef struct subject {
    const skc_json *entry;
    skc_model      *model;
    int32_t         count, labels;
    size_t          input_size; /* values of all pictures */
    float          *inputs, *logits;
} subject;

static subject open_subject(const skc_json *entry, float dropout)
{
    subject s = { .entry  = entry,
                  .count  = golden_integer(entry, "pictures"),
                  .labels = golden_integer(entry, "labels") };

    s.model = golden_model(entry, golden_integer(entry, "height"), golden_integer(entry, "width"),
                           (float)golden_number(entry, "width_factor"), s.labels, dropout);
    golden_fill(s.model);
    s.input_size = (size_t)s.count * skc__shape_count(s.model->graph.input);
    s.inputs     = malloc(s.input_size * sizeof *s.inputs);
    s.logits     = malloc((size_t)s.count * (size_t)s.labels * sizeof *s.logits);
    assert_non_null(s.inputs);
    assert_non_null(s.logits);
    golden_values("input", s.input_size, 0, 1.75, s.inputs);
    return s;
}

static void close_subject(subject *s)
{
    free(s->inputs);
    free(s->logits);
    skc_model_free(s->model);
}

static const char *name_of(const subject *s)
{
    return skc_model_architecture_name(s->model);
}

static void assert_logits(const subject *s, const char *key, double share)
{
    golden_all_close(name_of(s), s->logits, (size_t)s->count * (size_t)s->labels,
                     skc__json_get(s->entry, key), share);
}

enum { THREADS = 2 };

static skc_runtime runtime_of(const char *kernels)
{
    skc_runtime runtime;

    skc_runtime_init(&runtime);
    runtime.threads = THREADS;
    runtime.kernels = kernels;
    return runtime;
}

/* A batch through the graph as the architecture has it; with gradients, back from the mean
 * cross-entropy with labels 0, 1, 2 ... */
static void walk(const subject *s, const char *set, bool training, float *const *stat,
                 float *const *gradient)
{
    const skc_allocator    allocator = skc__allocator(NULL);
    const skc_loss_options loss      = { .classes = s->labels };
    const int32_t          labels[]  = { 0, 1, 2 };
    int32_t                last      = s->model->graph.node_count;
    skc_kernels            kernels;
    skc_workspace          workspace;
    skc_workspace_options  options = {
         .max_batch = s->count, .threads = THREADS, .training = training, .kernels = &kernels
    };
    skc_runtime    runtime = runtime_of(set);
    const skc_walk one     = { .n        = s->count,
                               .param    = (const float *const *)s->model->param,
                               .stat     = stat,
                               .training = training };
    skc_error      err;

    golden_ok(skc__kernels(&runtime, &kernels, &err), &err);
    golden_ok(skc__pool_create(&runtime, &options.pool, &err), &err);
    golden_ok(skc__workspace_create(&s->model->graph, &options, &allocator, &workspace, &err),
              &err);
    memcpy(workspace.value[0], s->inputs, s->input_size * sizeof *s->inputs);
    skc__forward(&workspace, &one);
    memcpy(s->logits, workspace.value[last],
           (size_t)s->count * (size_t)s->labels * sizeof *s->logits);
    if (gradient != NULL) {
        assert_int_equal(s->count, 3);
        skc__cross_entropy(&loss, s->logits, labels, s->count, workspace.gradient[last]);
        skc__backward(&workspace, &one, gradient);
    }
    skc__workspace_free(&workspace);
    skc__pool_free(options.pool);
}

/* ---------------------------------------------------------------- tests */

static bool is_stored(const char *architecture)
{
    const skc_json *nets = skc__json_get(stored, "nets");

    for (size_t i = 0; i < skc__json_size(nets); i++) {
        const char *name =
            skc__json_as_string(skc__json_get(skc__json_at(nets, i), "architecture"));
        if (name != NULL && strcmp(name, architecture) == 0)
            return true;
    }
    return false;
}

static void test_every_built_in_net_has_a_reference(void **state)
{
    (void)state;
    for (int32_t i = 0; skc_architecture_name(i) != NULL; i++)
        if (!is_stored(skc_architecture_name(i)))
            fail_msg("forward.json lacks %s", skc_architecture_name(i));
}

static void test_inference(const skc_json *entry)
{
    subject s = open_subject(entry, -1);

    walk(&s, NULL, false, NULL, NULL);
    assert_logits(&s, "logits", 1e-5);
    close_subject(&s);
}

static void run_session(const subject *s, const char *kernels)
{
    skc_runtime  runtime = runtime_of(kernels);
    skc_session *session = NULL;
    skc_error    err;

    golden_ok(skc_session_create(s->model, s->count, &runtime, &session, &err), &err);
    golden_ok(skc_session_run(session, s->inputs, s->count, s->logits, &err), &err);
    skc_session_free(session);
}

static void test_folded_inference(const skc_json *entry)
{
    subject s = open_subject(entry, -1);

    for (int32_t i = 0; skc_kernel_set(i) != NULL; i++) {
        run_session(&s, skc_kernel_set(i));
        assert_logits(&s, "logits", 1e-5);
    }
    close_subject(&s);
}

/* Folded and unfolded graphs of a net differ by rounding only. */
static void test_folding(const skc_json *entry)
{
    subject s       = open_subject(entry, -1);
    size_t  count   = (size_t)s.count * (size_t)s.labels;
    float  *plain   = malloc(count * sizeof *plain);
    double  largest = golden_largest(skc__json_get(entry, "logits"));

    assert_non_null(plain);
    walk(&s, NULL, false, NULL, NULL);
    memcpy(plain, s.logits, count * sizeof *plain);
    run_session(&s, NULL);
    for (size_t i = 0; i < count; i++)
        golden_close(name_of(&s), (double)s.logits[i], (double)plain[i], 1e-5 * largest);
    free(plain);
    close_subject(&s);
}

/* Zeroed room for the parameters of a role, by parameter number. */
static float **room_for(const skc_model *model, skc_param_role role)
{
    float **room = calloc((size_t)model->graph.param_count + 1, sizeof *room);

    assert_non_null(room);
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        const skc_param_spec *spec = skc__graph_param(&model->graph, p, NULL);
        if (spec->role == role)
            assert_non_null(room[p] = calloc(skc__param_count(spec), sizeof **room));
    }
    return room;
}

/* Compares and releases what room_for gave; the reference must have just as many. Returns how many
 * of them have a norm that is off by less than a fiftieth of `share`. */
static size_t settle(const skc_model *model, float **room, const skc_json *wanted, double share,
                     double floor)
{
    size_t found = 0, nearer = 0;

    for (int32_t p = 0; p < model->graph.param_count; p++) {
        size_t          count = skc__param_count(skc__graph_param(&model->graph, p, NULL));
        const skc_json *digest;
        double          norm;

        if (room[p] == NULL)
            continue;
        found++;
        digest = skc__json_get(wanted, model->param_name[p]);
        golden_digest_close(model->param_name[p], room[p], count, digest, share, floor);
        norm = golden_at(digest, 0);
        nearer += fabs(golden_norm(room[p], count) - norm) <= share / 50 * norm + floor;
        free(room[p]);
    }
    assert_int_equal(found, skc__json_size(wanted));
    free(room);
    return nearer;
}

/* Batch statistics, the running ones that follow from them, and gradients. Some of a net's numbers
 * are so near to a clamp that the last bit decides whether their gradient counts: it is seen in
 * some parameters before them, most must be nearer. */
static void check_training_mode(const skc_json *entry, const char *set)
{
    subject s         = open_subject(entry, 0);
    float **stat      = room_for(s.model, SKC_STATISTIC);
    float **gradient  = room_for(s.model, SKC_TRAINED);
    size_t  gradients = skc__json_size(skc__json_get(entry, "gradients")), nearer;

    walk(&s, set, true, stat, gradient);
    assert_logits(&s, "training_logits", 1e-4);
    settle(s.model, stat, skc__json_get(entry, "statistics"), 1e-4, 0);
    nearer = settle(s.model, gradient, skc__json_get(entry, "gradients"), 5e-2,
                    1e-6 * golden_number(entry, "gradient_norm"));
    if (4 * nearer < 3 * gradients)
        fail_msg("%s, %s: only %zu of %zu gradients are near", name_of(&s), set, nearer, gradients);
    close_subject(&s);
}

static void test_training_mode(const skc_json *entry)
{
    for (int32_t i = 0; skc_kernel_set(i) != NULL; i++)
        check_training_mode(entry, skc_kernel_set(i));
}

/* At the test's size and, for built-in nets, at 224 x 224 with 1000 labels. */
static void test_parameter_counts(const skc_json *entry)
{
    subject    s = open_subject(entry, -1);
    skc_model *full;

    assert_int_equal(skc_model_tensor_count(s.model), golden_integer(entry, "tensors"));
    assert_int_equal(skc_model_parameter_count(s.model), golden_integer(entry, "parameters"));
    if (skc__json_as_string(skc__json_get(entry, "architecture")) != NULL) {
        full = golden_model(entry, 224, 224, 1, 1000, -1);
        assert_int_equal(skc_model_parameter_count(full),
                         golden_integer(entry, "full_size_parameters"));
        skc_model_free(full);
    }
    close_subject(&s);
}

/* ---------------------------------------------------------------- each test with each net */

#define FOR_EACH_NET(test)                                                                         \
    static void test##_of_each_net(void **state)                                                   \
    {                                                                                              \
        const skc_json *nets = skc__json_get(stored, "nets");                                      \
                                                                                                   \
        (void)state;                                                                               \
        assert_true(skc__json_size(nets) > 0);                                                     \
        for (size_t i = 0; i < skc__json_size(nets); i++)                                          \
            test(skc__json_at(nets, i));                                                           \
    }

FOR_EACH_NET(test_parameter_counts)
FOR_EACH_NET(test_inference)
FOR_EACH_NET(test_folded_inference)
FOR_EACH_NET(test_folding)
FOR_EACH_NET(test_training_mode)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_built_in_net_has_a_reference),
        cmocka_unit_test(test_parameter_counts_of_each_net),
        cmocka_unit_test(test_inference_of_each_net),
        cmocka_unit_test(test_folded_inference_of_each_net),
        cmocka_unit_test(test_folding_of_each_net),
        cmocka_unit_test(test_training_mode_of_each_net),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
