// rival_dnnl.cpp - oneDNN's best time for each convolution of a list (bench list), one pass.
//
// Layouts are oneDNN's choice ("any"), and nothing is reordered while the clock runs. Of the
// algorithms auto, direct and winograd (and, forward, training and inference) each layer takes the
// one that was fastest here before the bench began.
#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <unordered_map>
#include <vector>

#include "protocol.h"

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;

namespace
{

struct layer {
    int groups, bias;
    int in[3], out[3]; // channels, height, width
    int kernel[2], stride[2], dilation[2], before[2], after[2];
};

struct candidate {
    dnnl::primitive                           primitive;
    std::vector<std::pair<int, memory::desc>> arguments;
};

enum pass { FORWARD, DATA, WEIGHTS };

const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
dnnl::stream       stream(engine);

[[noreturn]] void die(const char *message)
{
    std::fprintf(stderr, "rival_dnnl: %s\n", message);
    std::exit(1);
}

std::vector<layer> read_list(const char *path)
{
    std::vector<layer> list;
    FILE              *file = std::fopen(path, "r");
    layer              l;

    if (file == nullptr)
        die("the list cannot be read");
    while (std::fscanf(file,
                       "count %*d groups %d bias %d in %d %d %d out %d %d %d kernel %d %d "
                       "stride %d %d dilation %d %d padding %d %d %d %d\n",
                       &l.groups, &l.bias, &l.in[0], &l.in[1], &l.in[2], &l.out[0], &l.out[1],
                       &l.out[2], &l.kernel[0], &l.kernel[1], &l.stride[0], &l.stride[1],
                       &l.dilation[0], &l.dilation[1], &l.before[0], &l.before[1], &l.after[0],
                       &l.after[1]) == 18)
        list.push_back(l);
    if (!std::feof(file) || list.empty())
        die("the list is not one that bench list prints");
    std::fclose(file);
    return list;
}

// ---------------------------------------------------------------- one way to compute a layer

memory::dims pair(const int *values, int less = 0)
{
    return { values[0] - less, values[1] - less };
}

memory::desc tensor(int batch, const int *extent)
{
    return { { batch, extent[0], extent[1], extent[2] },
             memory::data_type::f32,
             memory::format_tag::any };
}

memory::desc weights_of(const layer &l)
{
    const int    c_in = l.in[0] / l.groups, c_out = l.out[0] / l.groups;
    memory::dims dims = { c_out, c_in, l.kernel[0], l.kernel[1] };

    if (l.groups > 1)
        dims.insert(dims.begin(), l.groups);
    return { dims, memory::data_type::f32, memory::format_tag::any };
}

// A descriptor without dimensions stands for no bias.
memory::desc bias_of(const layer &l)
{
    return l.bias ? memory::desc({ l.out[0] }, memory::data_type::f32, memory::format_tag::x)
                  : memory::desc();
}

dnnl::convolution_forward::primitive_desc plan_forward(const layer &l, int batch, prop_kind kind,
                                                       algorithm how)
{
    return { { kind, how, tensor(batch, l.in), weights_of(l), bias_of(l), tensor(batch, l.out),
               pair(l.stride), pair(l.dilation, 1), pair(l.before), pair(l.after) },
             engine };
}

candidate make_forward(const layer &l, int batch, prop_kind kind, algorithm how)
{
    auto plan = plan_forward(l, batch, kind, how);

    return { dnnl::convolution_forward(plan),
             { { DNNL_ARG_SRC, plan.src_desc() },
               { DNNL_ARG_WEIGHTS, plan.weights_desc() },
               { DNNL_ARG_BIAS, plan.bias_desc() },
               { DNNL_ARG_DST, plan.dst_desc() } } };
}

candidate make_data(const layer &l, int batch, algorithm how)
{
    dnnl::convolution_backward_data::primitive_desc plan(
        { how, tensor(batch, l.in), weights_of(l), tensor(batch, l.out), pair(l.stride),
          pair(l.dilation, 1), pair(l.before), pair(l.after) },
        engine, plan_forward(l, batch, prop_kind::forward_training, how));

    return { dnnl::convolution_backward_data(plan),
             { { DNNL_ARG_DIFF_SRC, plan.diff_src_desc() },
               { DNNL_ARG_WEIGHTS, plan.weights_desc() },
               { DNNL_ARG_DIFF_DST, plan.diff_dst_desc() } } };
}

candidate make_weights(const layer &l, int batch, algorithm how)
{
    dnnl::convolution_backward_weights::primitive_desc plan(
        { how, tensor(batch, l.in), weights_of(l), bias_of(l), tensor(batch, l.out), pair(l.stride),
          pair(l.dilation, 1), pair(l.before), pair(l.after) },
        engine, plan_forward(l, batch, prop_kind::forward_training, how));

    return { dnnl::convolution_backward_weights(plan),
             { { DNNL_ARG_SRC, plan.src_desc() },
               { DNNL_ARG_DIFF_WEIGHTS, plan.diff_weights_desc() },
               { DNNL_ARG_DIFF_BIAS, plan.diff_bias_desc() },
               { DNNL_ARG_DIFF_DST, plan.diff_dst_desc() } } };
}

// Those that oneDNN has for the layer: it refuses the others with an exception.
std::vector<candidate> make_candidates(const layer &l, int batch, pass which)
{
    std::vector<candidate> candidates;
    auto                   add = [&](const std::function<candidate()> &make) {
        try {
            candidates.push_back(make());
        } catch (const dnnl::error &) {
        }
    };

    for (algorithm how : { algorithm::convolution_auto, algorithm::convolution_direct,
                           algorithm::convolution_winograd }) {
        if (which == FORWARD)
            for (prop_kind kind : { prop_kind::forward_training, prop_kind::forward_inference })
                add([&] { return make_forward(l, batch, kind, how); });
        else if (which == DATA)
            add([&] { return make_data(l, batch, how); });
        else
            add([&] { return make_weights(l, batch, how); });
    }
    if (candidates.empty())
        die("oneDNN refuses a layer");
    return candidates;
}

// ---------------------------------------------------------------- running

// A block that all layers use in turn for one argument, as large as the largest needs.
struct block {
    float *values = nullptr;
    size_t size   = 0;

    void grow(size_t wanted)
    {
        if (wanted <= size)
            return;
        std::free(values);
        size   = (wanted + 63) / 64 * 64;
        values = static_cast<float *>(std::aligned_alloc(64, size));
        if (values == nullptr)
            die("out of memory");
        for (size_t i = 0; i < size / sizeof(float); i++)
            values[i] = static_cast<float>(i * 2654435761u % 1024) * 0.0015f - 0.75f;
    }
};

struct runnable {
    dnnl::primitive                 primitive;
    std::unordered_map<int, memory> arguments;
};

void call(void *state)
{
    auto *r = static_cast<runnable *>(state);

    r->primitive.execute(stream, r->arguments);
    stream.wait();
}

runnable bind(const candidate &c, std::unordered_map<int, block> &blocks)
{
    runnable r{ c.primitive, {} };

    for (const auto &argument : c.arguments) {
        if (argument.second.is_zero())
            continue;
        blocks[argument.first].grow(argument.second.get_size());
        r.arguments.emplace(argument.first,
                            memory(argument.second, engine, blocks[argument.first].values));
    }
    return r;
}

double best_of_three(runnable &r)
{
    double best = std::numeric_limits<double>::infinity();

    call(&r);
    for (int i = 0; i < 3; i++)
        best = std::min(best, bench_repeat(call, &r, 0.002));
    return best;
}

candidate fastest(const std::vector<candidate> &candidates)
{
    std::unordered_map<int, block> blocks;
    double                         best = std::numeric_limits<double>::infinity();
    const candidate               *at   = nullptr;

    for (const candidate &c : candidates) {
        runnable     r    = bind(c, blocks);
        const double took = best_of_three(r);
        if (took < best) {
            best = took;
            at   = &c;
        }
    }
    candidate winner = *at;
    for (auto &b : blocks)
        std::free(b.second.values);
    return winner;
}

void all_layers(void *state, double *seconds)
{
    for (runnable &r : *static_cast<std::vector<runnable> *>(state))
        *seconds++ = bench_repeat(call, &r, 0.003);
}

std::vector<runnable> make_layers(const std::vector<layer> &list, int batch, pass which)
{
    std::unordered_map<int, block> blocks; // never freed: the layers use them to the end
    std::vector<candidate>         winners;
    std::vector<runnable>          layers;

    for (const layer &l : list)
        winners.push_back(fastest(make_candidates(l, batch, which)));
    for (const candidate &c : winners) // all blocks grow before any address is taken
        for (const auto &argument : c.arguments)
            blocks[argument.first].grow(argument.second.get_size());
    for (const candidate &c : winners)
        layers.push_back(bind(c, blocks));
    return layers;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 4) {
        std::fprintf(stderr, "rival_dnnl LIST BATCH forward|data|weights\n");
        return 2;
    }
    const char       p      = argv[3][0];
    const pass       which  = p == 'f' ? FORWARD : p == 'd' ? DATA : WEIGHTS;
    auto             layers = make_layers(read_list(argv[1]), std::atoi(argv[2]), which);
    const bench_task task   = { &layers, static_cast<int>(layers.size()), all_layers };

    return bench_serve(&task, "{}");
}
