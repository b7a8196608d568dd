/* query.c - what a model says about itself. */
#include <string.h>

#include "model/model.h"

bool skc_model_is_quantised(const skc_model *model)
{
    return model->is_quantised;
}

const char *skc_model_architecture_name(const skc_model *model)
{
    return model->graph.name;
}

const char *skc_model_architecture(const skc_model *model)
{
    return model->architecture;
}

const char *skc_model_task(const skc_model *model)
{
    return model->task;
}

int32_t skc_model_label_count(const skc_model *model)
{
    return model->label_count;
}

const char *skc_model_label(const skc_model *model, int32_t i)
{
    return i >= 0 && i < model->label_count ? model->labels[i] : NULL;
}

const char *skc_model_sha256(const skc_model *model)
{
    return model->sha256;
}

skc_precision skc_model_precision(const skc_model *model)
{
    return model->precision;
}

skc_preprocessing skc_model_preprocessing(const skc_model *model)
{
    return model->preprocessing;
}

skc_decision skc_model_decision(const skc_model *model)
{
    return (skc_decision){ model->temperature, model->threshold, model->views,
                           model->class_weights };
}

int32_t skc_model_decide(const skc_model *model, const float *probabilities)
{
    int32_t best = 0;

    if (model->label_count == 2)
        return probabilities[1] >= model->threshold ? 1 : 0;
    for (int32_t i = 1; i < model->label_count; i++)
        if (model->class_weights[i] * probabilities[i] >
            model->class_weights[best] * probabilities[best])
            best = i;
    return best;
}

const char *skc_model_provenance(const skc_model *model)
{
    return model->provenance;
}

static size_t trained_count(const skc_layer_plan *plan)
{
    size_t count = 0;

    for (int32_t p = 0; p < plan->param_count; p++)
        if (plan->param[p].role == SKC_TRAINED)
            count += skc__param_count(&plan->param[p]);
    return count;
}

size_t skc_model_parameter_count(const skc_model *model)
{
    size_t count = 0;

    for (int32_t i = 0; i < model->graph.node_count; i++)
        count += trained_count(&model->graph.nodes[i].plan);
    return count;
}

int32_t skc_model_layer_count(const skc_model *model)
{
    return model->graph.node_count;
}

skc_status skc_model_layer(const skc_model *model, int32_t i, skc_layer_info *out, skc_error *err)
{
    const skc_node *node;

    if (i < 0 || i >= model->graph.node_count)
        return skc__fail(err, SKC_EINVAL, "layer %d; 0..%d is allowed", i,
                         model->graph.node_count - 1);
    node = &model->graph.nodes[i];
    *out = (skc_layer_info){ .name       = node->name,
                             .type       = node->ops->name,
                             .height     = node->plan.out.h,
                             .width      = node->plan.out.w,
                             .channels   = node->plan.out.c,
                             .parameters = trained_count(&node->plan),
                             .macs       = node->plan.macs };
    return SKC_OK;
}

int32_t skc_model_tensor_count(const skc_model *model)
{
    return model->graph.param_count;
}

skc_status skc_model_tensor(const skc_model *model, int32_t i, skc_tensor_info *out, skc_error *err)
{
    const skc_param_spec *spec;

    if (i < 0 || i >= model->graph.param_count)
        return skc__fail(err, SKC_EINVAL, "tensor %d; 0..%d is allowed", i,
                         model->graph.param_count - 1);
    spec = skc__graph_param(&model->graph, i, NULL);
    if (skc__refuse_compact(model, err) != SKC_OK)
        return SKC_EUNSUPPORTED;
    *out = (skc_tensor_info){ .name = model->param_name[i],
                              .rank = spec->rank,
                              .data = model->param[i] };
    memcpy(out->extent, spec->extent, sizeof out->extent);
    return SKC_OK;
}

const char *skc_layer_type_name(int32_t i)
{
    for (int32_t k = 0; skc__layer_registry[k] != NULL; k++)
        if (k == i)
            return skc__layer_registry[k]->name;
    return NULL;
}

const char *skc_layer_type_summary(int32_t i)
{
    return skc_layer_type_name(i) != NULL ? skc__layer_registry[i]->summary : NULL;
}
