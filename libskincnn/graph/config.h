/* config.h - a layer's options between JSON and its config struct, by its field table. */
#ifndef SKC_GRAPH_CONFIG_H
#define SKC_GRAPH_CONFIG_H

#include "core/json.h"
#include "layers/layer.h"

/* Fills `config` (ops->config_size bytes) from the options in a JSON object: defaults where absent,
 * ranges checked, unknown keys refused ("name", "type" and "inputs" are the graph's). `where`
 * begins each message: "architecture seed, layer conv1". */
skc_status skc__config_parse(const skc_layer_ops *ops, const skc_json *json, const char *where,
                             void *config, skc_error *err);

#endif
