# skincnn: `make help` lists the targets. One file, no configure step.

VERSION   := $(shell sed -n 's/^.define SKC_VERSION "\(.*\)"/\1/p' libskincnn/include/skincnn.h)
SOVERSION := 0

# ---------------------------------------------------------------- configuration
CONFIG   ?= release
B        ?= build/$(CONFIG)
PREFIX   ?= /usr/local
bindir   ?= $(PREFIX)/bin
libdir   ?= $(PREFIX)/lib
datadir  ?= $(PREFIX)/share
mandir   ?= $(datadir)/man
includedir ?= $(PREFIX)/include

ifeq ($(origin CC),default)
CC := gcc
endif
AR       ?= ar
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wstrict-prototypes \
            -Wmissing-prototypes -Wundef -Wvla -Wformat=2
ifeq ($(CI),true)
WARNINGS += -Werror
endif

OPTIMISE_release := -O3
OPTIMISE_debug   := -Og
OPTIMISE_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPTIMISE_tsan    := -O1 -fsanitize=thread
OPTIMISE         := $(OPTIMISE_$(CONFIG))
THREADS          := -pthread
ifeq ($(CONFIG),tsan)
CC := clang
endif

# OpenBLAS with threads of its own is the one that may be called from several threads; it is told to
# start none (docs/decisions/0001-openblas.md).
MULTIARCH    := $(shell $(CC) -print-multiarch 2>/dev/null)
OPENBLAS_DIR ?= /usr/lib/$(MULTIARCH)/openblas-pthread
OPENBLAS_INC ?= /usr/include/$(MULTIARCH)/openblas-pthread
OPENBLAS     := -L$(OPENBLAS_DIR) -Wl,-rpath,$(OPENBLAS_DIR) -lopenblas

CFLAGS   ?= -g
SKC_CFLAGS = -std=c11 $(OPTIMISE) $(THREADS) -ffp-contract=off $(WARNINGS) -MMD -MP -fPIC \
             -fvisibility=hidden -Ilibskincnn -Ilibskincnn/include -I$(B) -isystem $(OPENBLAS_INC) \
             -isystem /usr/include/stb $(FILE_CFLAGS) $(CFLAGS)
LIBS     := $(OPENBLAS) -ljansson -lsodium -lz -lm
SKC_LDFLAGS = $(OPTIMISE) $(THREADS) $(LDFLAGS)

# ---------------------------------------------------------------- files
FLOORS      := core kernels image layers graph model train
LIB_SOURCES := $(sort $(wildcard $(FLOORS:%=libskincnn/%/*.c)))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(B)/%.o) $(B)/layer_registry.o
STATIC      := $(B)/libskincnn.a
SHARED      := $(B)/libskincnn.so.$(SOVERSION)

TOOL_MAINS   := $(sort $(wildcard tools/skincnn-*.c))
TOOL_SHARED  := $(filter-out $(TOOL_MAINS),$(sort $(wildcard tools/*.c)))
TOOL_ARCHIVE := $(B)/tools.a
TOOLS        := $(TOOL_MAINS:tools/%.c=$(B)/%)
TOOL_LIBS    := -larchive -ljansson
REPORT_FILES := tools/report.html tools/report_language.js tools/report.js server/web/vendor/chart.js/chart.umd.js

SERVER_MAINS   := $(sort $(wildcard server/skincnn-*.c))
SERVER_SOURCES := $(filter-out $(SERVER_MAINS),$(sort $(wildcard server/*.c server/*/*.c)))
SERVER_ARCHIVE := $(B)/server.a
SERVERS        := $(SERVER_MAINS:server/%.c=$(B)/%)
SERVER_LIBS    := -lmicrohttpd -lsqlite3 -lseccomp
WEB_FILES      := $(sort $(shell find server/web docs/examples -type f ! -name README.md 2>/dev/null))

TEST_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c tests/golden/test_*.c))
TEST_SHARED  := $(sort $(wildcard tests/unit/*.c))
UNIT_TESTS   := $(TEST_SOURCES:%.c=$(B)/%)

FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_REPLAYS := $(FUZZ_SOURCES:%.c=$(B)/%)
BENCH        := $(B)/tests/bench
BENCH_PARTS  := bench network layers jpeg protocol
BENCH_DNNL   := $(and $(shell command -v g++ 2>/dev/null), \
                  $(wildcard /usr/include/oneapi/dnnl/dnnl.hpp),$(BENCH)/rival_dnnl)
MODELS       := $(wildcard weights/*.safetensors)
MODELS_INT8  := $(wildcard weights/int8/*.safetensors)
MAPS         := $(wildcard weights/maps/*.json)
MAN_PAGES    := $(TOOLS:%=%.1) $(SERVERS:%=%.1)

# ---------------------------------------------------------------- packages
PACKAGES       := gcc make pkg-config libc6-dev libopenblas-pthread-dev libstb-dev libjansson-dev \
                  libarchive-dev zlib1g-dev libsodium-dev libmicrohttpd-dev libsqlite3-dev libseccomp-dev
PACKAGES_CHECK := libcmocka-dev python3 python3-numpy python3-prometheus-client curl
# the pages are tested in Chromium; npm may have come with another nodejs
PACKAGES_BROWSER := chromium fonts-noto-cjk $(if $(shell command -v npm 2>/dev/null),,nodejs npm)
PACKAGES_LINT  := g++ clang-format
PACKAGES_TSAN  := clang
PACKAGES_BENCH := g++ python3 python3-torch libdnnl-dev
PACKAGES_BENCH_SERVER := python3 python3-torch python3-flask python3-pil python3-numpy gunicorn wrk
SUDO           := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# $(call install,LIST): installs what of the list is not there yet.
install_packages = @missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}\n' $$p 2>/dev/null | \
	grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then echo "installing:" $$missing; \
	$(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	$(SUDO) apt-get install -y -qq --no-install-recommends $$missing; fi

# ---------------------------------------------------------------- build
all: $(STATIC) $(SHARED) $(TOOLS) $(SERVERS)  ## build the library, the tools and the server

$(B)/libskincnn/kernels/avx2.o:   FILE_CFLAGS := -mavx2 -mfma -mf16c
$(B)/libskincnn/kernels/avx512.o: FILE_CFLAGS := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mf16c \
                                            -mprefer-vector-width=512

$(B)/libskincnn/kernels/int8_avx2.o: FILE_CFLAGS := -mavx2
$(B)/libskincnn/kernels/vnni.o: FILE_CFLAGS := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni \
                                          -mprefer-vector-width=512

# stb_image_write shifts into the sign bit; its code is not ours to mend.
$(B)/libskincnn/image/stb.o: FILE_CFLAGS := -fno-sanitize=shift

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(SKC_CFLAGS) -c $< -o $@

# The report's page, scripts and chart library are taken in by the assembler.
$(B)/tools/report_assets.o: $(REPORT_FILES)

# The layer registry is made from the folder; it changes only when the list of files does.
NO_LAYERS := band clamp convolution correlation depthwise_backward direct direct_backward \
             direct_pooled geometry int8 int8_convolution int8_depthwise int8_pools layer pooling \
             tally winograd winograd_pass
LAYERS := $(filter-out $(NO_LAYERS),$(sort $(patsubst libskincnn/layers/%.c,%, \
            $(wildcard libskincnn/layers/*.c))))
$(B)/layers.list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(LAYERS) | cmp -s - $@ || printf '%s\n' $(LAYERS) > $@
$(B)/layer_registry.c: $(B)/layers.list
	@{ echo '/* generated from the names in libskincnn/layers/ */'; \
	   echo '#include "layers/layer.h"'; \
	   sed 's/.*/extern const skc_layer_ops skc__layer_&;/' $<; \
	   echo 'const skc_layer_ops *const skc__layer_registry[] = {'; \
	   sed 's/.*/    \&skc__layer_&,/' $<; echo '    NULL'; echo '};'; } > $@
$(B)/layer_registry.o: $(B)/layer_registry.c
	$(CC) $(SKC_CFLAGS) -c $< -o $@

$(STATIC): $(LIB_OBJECTS)
	rm -f $@ && $(AR) rcs $@ $^
$(SHARED): $(LIB_OBJECTS)
	$(CC) $(SKC_LDFLAGS) -shared -Wl,-soname,libskincnn.so.$(SOVERSION) -o $@ $^ $(LIBS)
	ln -sf libskincnn.so.$(SOVERSION) $(B)/libskincnn.so

# What the tools share, as an archive: each links only what it uses.
$(TOOL_ARCHIVE): $(TOOL_SHARED:%.c=$(B)/%.o)
	rm -f $@ && $(AR) rcs $@ $^
$(TOOLS): $(B)/%: $(B)/tools/%.o $(TOOL_ARCHIVE) $(STATIC)
	$(CC) $(SKC_LDFLAGS) -o $@ $^ $(TOOL_LIBS) $(LIBS)

# The server: its floors as an archive, and every page taken into the program by the assembler.
$(B)/server/%.o: FILE_CFLAGS := -Iserver -Itools
$(SERVER_ARCHIVE): $(SERVER_SOURCES:%.c=$(B)/%.o) $(B)/web_files.o
	rm -f $@ && $(AR) rcs $@ $^
$(SERVERS): $(B)/%: $(B)/server/%.o $(SERVER_ARCHIVE) $(TOOL_ARCHIVE) $(STATIC)
	$(CC) $(SKC_LDFLAGS) -o $@ $^ $(SERVER_LIBS) $(TOOL_LIBS) $(LIBS)

$(B)/web.list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(WEB_FILES) | cmp -s - $@ || printf '%s\n' $(WEB_FILES) > $@
$(B)/web_files.c: $(B)/web.list server/web_files.sh $(WEB_FILES)
	@sh server/web_files.sh $(B)/web < $< > $@.tmp && mv $@.tmp $@
$(B)/web_files.o: $(B)/web_files.c
	$(CC) $(SKC_CFLAGS) -Iserver -c $< -o $@

# Installed tools look for models where this says; a change recompiles the one file that knows.
$(B)/datadir: FORCE
	@mkdir -p $(@D)
	@echo '$(datadir)' | cmp -s - $@ || echo '$(datadir)' > $@
$(B)/tools/files.o: FILE_CFLAGS := -DSKC_DATADIR='"$(datadir)/skincnn"'
$(B)/tools/files.o: $(B)/datadir

$(UNIT_TESTS): $(B)/%: $(B)/%.o $(TEST_SHARED:%.c=$(B)/%.o) $(TOOL_ARCHIVE) $(STATIC)
	$(CC) $(SKC_LDFLAGS) -o $@ $(filter %.o,$^) $(TEST_LIBS) $(TOOL_ARCHIVE) $(STATIC) -lcmocka $(TOOL_LIBS) $(LIBS)
SERVER_TESTS := $(filter $(B)/tests/unit/server/%,$(UNIT_TESTS))
$(SERVER_TESTS): $(SERVER_ARCHIVE)
$(SERVER_TESTS): TEST_LIBS := $(SERVER_ARCHIVE) $(SERVER_LIBS)
$(B)/tests/unit/server/%.o: FILE_CFLAGS := -Iserver -Itools
$(filter $(B)/tests/unit/layers/%,$(UNIT_TESTS)): $(B)/tests/unit/layers/gradient.o

# Each fuzz target with a main that replays files; `make fuzz` links them with libFuzzer instead.
$(FUZZ_REPLAYS): $(B)/%: $(B)/%.o $(B)/tests/fuzz/replay.o $(SERVER_ARCHIVE) $(TOOL_ARCHIVE) $(STATIC)
	$(CC) $(SKC_LDFLAGS) -o $@ $^ $(SERVER_LIBS) $(TOOL_LIBS) $(LIBS)
$(B)/tests/fuzz/%.o: FILE_CFLAGS := -Iserver -Itools

$(MAN_PAGES): %.1: %
	@$< --man > $@.tmp && mv $@.tmp $@
man: $(MAN_PAGES)  ## write the man pages

# ---------------------------------------------------------------- the two commands
demo:  ## install what is missing, build, classify made-up pictures, serve the web page
	$(call install_packages,$(PACKAGES))
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@rm -rf $(B)/samples && $(B)/skincnn-data generate --count 14 --size 256 --seed 3 \
		--out $(B)/samples > /dev/null
	@echo "Both models on pictures drawn by skincnn-data generate (not of real skin):"
	@$(B)/skincnn-predict $(B)/samples
	@echo
	@echo "JSON, one object a line:  $(B)/skincnn-predict --json $(B)/samples"
	@echo "Your own pictures:        $(B)/skincnn-predict lesion.jpg folder/"
	@echo
	@if [ -t 1 ]; then \
		echo "The web page and the API: open the address below in a browser. Ctrl-C ends it."; \
		exec $(B)/skincnn-server --next-port --log warn --data build/demo; \
	else \
		$(B)/skincnn-server --next-port --log warn --data $(B)/demo --check-self; \
	fi

check:  ## install what tests need, build, run all tests: N passed, N failed
	$(call install_packages,$(PACKAGES) $(PACKAGES_CHECK) $(PACKAGES_BROWSER))
	@$(MAKE) --no-print-directory -s -j$$(nproc) check-build
	@tests/run.sh $(B)

check-build: all unit $(FUZZ_REPLAYS) $(BENCH)/bench

check-slow: check check-asan check-tsan fuzz soak  ## the long versions: sanitizers, threads, fuzzing, the soak
	@SKINCNN_LONG=1 tests/server/run.sh $(B) abuse durability

SOAK_SECONDS ?= 600
soak: all  ## the server under a mixed load for SOAK_SECONDS: its memory stays flat
	@$(PYTHON) -B tests/server/soak.py $(B) $(SOAK_SECONDS)

check-asan:  ## all tests under the address and undefined behaviour sanitizers
	$(call install_packages,$(PACKAGES) $(PACKAGES_CHECK))
	@$(MAKE) --no-print-directory -s -j$$(nproc) CONFIG=asan check-build
	@tests/run.sh build/asan

PARSERS := server/test_http_heads server/test_router server/test_fields server/test_address image/test_decode image/test_jpeg image/test_png image/test_exif model/test_safetensors \
           model/test_model_file model/test_operating_point graph/test_graph graph/test_config \
           train/test_csv train/test_manifest server/test_base64 server/test_multipart \
           server/test_clinics tools/test_cli_sources
check-parsers:  ## the parsers' tests and fuzz corpora under the sanitizers
	$(call install_packages,$(PACKAGES) $(PACKAGES_CHECK))
	@$(MAKE) --no-print-directory -s -j$$(nproc) CONFIG=asan parsers-build
	@tests/run.sh --only-parsers build/asan
parsers-build: $(foreach t,$(PARSERS),$(filter %/$(t),$(UNIT_TESTS))) $(FUZZ_REPLAYS)

THREADED := server/test_decoder server/test_decoder_abuse server/test_http server/test_http_limits \
            server/test_http_stop server/test_access server/test_inference server/test_log \
            server/test_metrics server/test_models server/test_store core/test_parallel \
            kernels/test_gemm layers/test_int8 layers/test_layers model/test_explain model/test_lanes \
            model/test_preparation model/test_session model/test_threads tools/test_workers \
            train/test_bootstrap train/test_cache train/test_loader train/test_ranks \
            train/test_trainer
check-tsan:  ## the tests with threads under the thread sanitizer
	$(call install_packages,$(PACKAGES) $(PACKAGES_CHECK) $(PACKAGES_TSAN))
	@$(MAKE) --no-print-directory -s -j$$(nproc) CONFIG=tsan tsan-build
	@tests/run.sh --only-built build/tsan
tsan-build: $(foreach t,$(THREADED),$(filter %/$(t),$(UNIT_TESTS)))

# Debian's Python, which has python3-numpy
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
golden:  ## make the golden files anew and show what changed
	$(PYTHON) tests/golden/make.py
	@for name in evaluate explain split streams train; do \
		$(PYTHON) tests/golden/$$name.py > $(B)/golden.h && mv $(B)/golden.h tests/golden/$$name.h; done
	git diff --stat -- tests/golden

FUZZ_SECONDS ?= 60
fuzz:  ## run each fuzz target with libFuzzer for FUZZ_SECONDS
	$(call install_packages,$(PACKAGES) $(PACKAGES_TSAN))
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

print-libraries:
	@echo $(SERVER_LIBS) $(TOOL_LIBS) $(LIBS)

lint:  ## floors, names, forbidden calls, headers alone, format
	$(call install_packages,$(PACKAGES) $(PACKAGES_LINT))
	@$(MAKE) --no-print-directory -s -j$$(nproc) $(STATIC) $(SHARED)
	@B=$(B) tests/style/check.sh

format:  ## format every C file in place
	clang-format -i $$(git ls-files '*.c' '*.h')

# Rivals come from Debian's packages; rows whose rival is not there are skipped with a message.
bench:  ## the library against PyTorch, oneDNN and stb (ROWS=train,jpeg,...; ROWS=list)
	$(call install_packages,$(PACKAGES))
	$(call install_packages,$(PACKAGES_BENCH)) || echo "bench: not all rivals could be installed"
	@$(MAKE) --no-print-directory -s -j$$(nproc) bench-build
	@ROWS='$(ROWS)' $(PYTHON) -B tests/bench/bench.py $(B)

bench-server:  ## the server against Flask, gunicorn and PyTorch
	$(call install_packages,$(PACKAGES) $(PACKAGES_BENCH_SERVER))
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@$(PYTHON) -B tests/bench/server/bench_server.py $(B)

bench-build: $(BENCH)/bench $(BENCH)/rival_stb $(BENCH_DNNL) $(B)/skincnn-model

$(BENCH)/bench: $(BENCH_PARTS:%=$(BENCH)/%.o) $(STATIC)
	$(CC) $(SKC_LDFLAGS) -o $@ $^ $(LIBS)
$(BENCH)/rival_stb: tests/bench/rival_stb.c $(BENCH)/protocol.o
	$(CC) -std=c11 -O3 -march=native -w -isystem /usr/include/stb $(SKC_LDFLAGS) -o $@ $^ -lm
$(BENCH)/rival_dnnl: tests/bench/rival_dnnl.cpp $(BENCH)/protocol.o
	g++ -std=c++17 -O2 -Wall -Wextra -Wno-deprecated-declarations $(SKC_LDFLAGS) -o $@ $^ -ldnnl

# ---------------------------------------------------------------- install
define PKG_CONFIG_FILE
prefix=$(PREFIX)
libdir=$(libdir)
includedir=$(includedir)

Name: skincnn
Description: skin-lesion classification by convolutional networks
Version: $(VERSION)
Cflags: -I$${includedir}
Libs: -L$${libdir} -lskincnn
Libs.private: -pthread $(LIBS)
endef
export PKG_CONFIG_FILE

install: all man  ## install under PREFIX (DESTDIR is honoured)
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libdir)/pkgconfig $(DESTDIR)$(includedir) \
		$(DESTDIR)$(mandir)/man1 $(DESTDIR)$(datadir)/skincnn/maps $(DESTDIR)$(datadir)/skincnn/int8
	install -m 755 $(TOOLS) $(SERVERS) $(DESTDIR)$(bindir)
	install -m 755 $(SHARED) $(DESTDIR)$(libdir)
	ln -sf libskincnn.so.$(SOVERSION) $(DESTDIR)$(libdir)/libskincnn.so
	install -m 644 $(STATIC) $(DESTDIR)$(libdir)
	install -m 644 libskincnn/include/skincnn.h $(DESTDIR)$(includedir)
	install -m 644 $(MAN_PAGES) $(DESTDIR)$(mandir)/man1
	install -m 644 $(MODELS) weights/LICENSE $(DESTDIR)$(datadir)/skincnn
	install -m 644 $(MODELS_INT8) $(DESTDIR)$(datadir)/skincnn/int8
	install -m 644 $(MAPS) $(DESTDIR)$(datadir)/skincnn/maps
	@echo "$$PKG_CONFIG_FILE" > $(DESTDIR)$(libdir)/pkgconfig/skincnn.pc
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

uninstall:  ## remove what install put there
	rm -f $(TOOLS:$(B)/%=$(DESTDIR)$(bindir)/%) $(SERVERS:$(B)/%=$(DESTDIR)$(bindir)/%) $(DESTDIR)$(libdir)/libskincnn.* \
		$(DESTDIR)$(libdir)/pkgconfig/skincnn.pc $(DESTDIR)$(includedir)/skincnn.h \
		$(MAN_PAGES:$(B)/%=$(DESTDIR)$(mandir)/man1/%)
	rm -rf $(DESTDIR)$(datadir)/skincnn

unit: $(UNIT_TESTS)  ## build the unit tests

FORCE:

.PHONY: all unit man demo check check-build check-slow soak check-asan check-parsers parsers-build \
        check-tsan tsan-build golden fuzz print-libraries lint format bench bench-server \
        bench-build install uninstall help clean FORCE
.SECONDARY:

clean:  ## remove what was built
	rm -rf build

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | expand -t 18

-include $(shell find $(B) -name '*.d' 2>/dev/null)
