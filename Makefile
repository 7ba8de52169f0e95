# GigaBridge's build. `make help` lists the targets; `./build.sh` prepares a fresh machine.
#
# Flavours, each below build/<flavour> and each linked with its own libraries (vendor/out):
#   musl   what is shipped: static-pie, hardened          build/gigabridge
#   asan   what is tested: glibc, ASan and UBSan          build/asan/gigabridge
#   fuzz   what is fuzzed: clang, libFuzzer               build/fuzz/<name>_fuzz
# The targets for people call make again with a FLAVOUR, under a lock: two builds in one tree would
# write the same objects.

FLAVOUR ?= musl
ROOM ?=
FUZZ_SECONDS ?= 4
gcc_version := 12
clang_version := 14
UNIT_TIMEOUT ?= 60
B := build/$(FLAVOUR)
V := vendor/out/$(if $(filter fuzz,$(FLAVOUR)),asan,$(FLAVOUR))

# ---- what there is

rooms := $(patsubst src/%/,%,$(sort $(wildcard src/*/)))
sources := $(sort $(wildcard src/*/*.c) $(wildcard src/main.c))
headers := $(sort $(wildcard src/*/*.h) $(wildcard src/*/*.def))
tests := $(sort $(wildcard tests/unit/$(or $(ROOM),*)/*_test.c))
test_helpers := $(filter-out %_test.c,$(sort $(wildcard tests/unit/*/*.c)))
fuzzers := $(sort $(wildcard tests/fuzz/*_fuzz.c))
formatted := $(sources) $(sort $(wildcard src/*/*.h tests/*/*.[ch] tests/*/*/*.[ch] vendor/shims/*.c))
embedded := vendor/out/ca.pem $(sort $(wildcard src/bot/lang/*.ini))

# ---- how it is compiled

# The first number of a tool's version, if it is the one we know; else nothing.
tool_is_ours = $(filter $(2),$(shell $(1) --version 2>/dev/null | sed -nE 's/.* ([0-9]+)\.[0-9].*/\1/p' | head -n 1))
# What a compiler of another version warns of must not stop an owner's build.
werror := $(if $(call tool_is_ours,gcc,$(gcc_version)),-Werror)
warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wformat=2 -Wcast-qual -Wwrite-strings -Wundef -Wswitch-enum \
	-Wimplicit-fallthrough -Wnull-dereference $(werror)
gcc_warnings := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init
common := -std=c11 -D_GNU_SOURCE $(warnings) -Isrc -Ibuild/generated -isystem $(V)/include -g \
	-ffile-prefix-map=$(CURDIR)=.

cc_musl := $(CURDIR)/vendor/out/musl/bin/cc
cflags_musl := $(common) $(gcc_warnings) -O2 -fPIE -ffunction-sections -fdata-sections \
	-fstack-protector-strong -fstack-clash-protection
# musl gives a thread 128 KiB of stack unless the program asks for more; a TLS handshake in curl's
# thread wants it.
ldflags_musl := -static-pie -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack \
	-Wl,-z,stack-size=1048576

sanitize := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
cc_asan := gcc
cflags_asan := $(common) $(gcc_warnings) -O1 $(sanitize) -DGB_HANDLERS_TWICE=1
ldflags_asan := $(sanitize)

cc_fuzz := clang
cflags_fuzz := $(common) -O1 $(sanitize) -fsanitize=fuzzer-no-link
ldflags_fuzz := $(sanitize) -fsanitize=fuzzer

CC := $(cc_$(FLAVOUR))
CFLAGS := $(cflags_$(FLAVOUR))
LDFLAGS := $(ldflags_$(FLAVOUR))
libraries := $(patsubst %,$(V)/lib/lib%.a,curl mbedtls mbedx509 mbedcrypto microhttpd z lmdb cjson \
	inih qrencode hiredis) -lpthread -lm

# ---- targets for people

jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
sub = +@mkdir -p build && flock build/.lock $(MAKE) --no-print-directory $(jobs)

all: ; $(sub) FLAVOUR=musl build/gigabridge
asan: ; $(sub) FLAVOUR=asan build/asan/gigabridge
archives: ; $(sub) FLAVOUR=$(FLAVOUR) room-archives

help:
	@sed -n 's/^#: //p' Makefile

#: make                    build/gigabridge, static; with symbols: build/gigabridge.debug
#: make asan               build/asan/gigabridge, with AddressSanitizer and UBSan
#: make archives           each room's archive, no program (FLAVOUR=asan for the other flavour)
#: make unit [ROOM=shop]   unit tests, of all rooms or one
#: make test               everything below but bench; see also ./build.sh test
#: make check-floors       includes against src/FLOORS
#: make check-texts        the languages against src/bot/texts.def
#: make purity             no mutable data in the rooms that decide
#: make format-check       clang-format; make format applies it
#: make lint               clang-tidy, clang's warnings, cppcheck, gcc -fanalyzer
#: make fuzz               each parser for FUZZ_SECONDS (4)
#: make e2e                the real binary over HTTP, by pytest
#: make sim                a simulated year of 10,000 subscriptions (SEEDS="2 3" for more)
#: make bench              load over loopback HTTP
#: make clean              build/, not the libraries

# What builds is run even if something else does not build; either makes the target fail.
unit:
	$(sub) -k FLAVOUR=asan ROOM=$(ROOM) unit-programs; built=$$?; \
	tests/unit_run $(UNIT_TIMEOUT) $(patsubst tests/unit/%.c,build/asan/unit/%,$(tests)) && \
		exit $$built

fuzz:
	$(sub) -k FLAVOUR=fuzz fuzz-programs; built=$$?; \
	tests/fuzz_run $(FUZZ_SECONDS) $(patsubst tests/fuzz/%.c,build/fuzz/%,$(fuzzers)) && \
		exit $$built

e2e: all
	@python3 -m pytest -q tests/e2e

sim:
	@tests/sim/run

bench: all
	@tests/bench/run

test:
	@tests/run

check-floors:
	@python3 tests/floors.py src

check-texts:
	@python3 tests/texts_check.py src

purity:
	$(sub) FLAVOUR=musl room-archives
	@tests/purity build/musl

# What clang-format and clang-tidy say depends on their version; with another one there is nothing
# to hold the source against. Exit status 77: skipped.
need_ours = @$(if $(call tool_is_ours,$(1),$(clang_version)),:,\
	echo "skipped: this machine has no $(1) $(clang_version)"; exit 77)

format:
	$(call need_ours,clang-format)
	@clang-format -i $(formatted)

format-check:
	$(call need_ours,clang-format)
	@bad=$$(clang-format --dry-run $(formatted) 2>&1 | sed -n 's/:[0-9]*:[0-9]*: warning.*//p' | sort -u); \
	[ -z "$$bad" ] || { echo "not formatted (make format does it):"; echo "$$bad"; exit 1; }
	@echo "formatted: $(words $(formatted)) files"

lint:
	$(call need_ours,clang-tidy)
	$(sub) -k FLAVOUR=asan lint-stamps
	@echo "linted: $(words $(sources)) files, $$(cat $(sources) | grep -cE 'NOLINT|cppcheck-suppress') excuses"

clean:
	rm -rf build

.PHONY: all asan archives help unit fuzz e2e sim bench test check-floors check-texts purity format \
	format-check lint clean room-archives unit-programs fuzz-programs lint-stamps FORCE
.DELETE_ON_ERROR:
.SUFFIXES:

# ---- objects and archives: one archive per room

object = $(patsubst src/%.c,$(B)/obj/%.o,$(1))
objects_of = $(call object,$(filter src/$(1)/%,$(sources)))
archive = $(patsubst %,$(B)/%.a,$(1))

room-archives: $(call archive,$(rooms))

$(B)/obj/%.o: src/%.c Makefile | $(V)/lib/libcurl.a
	@mkdir -p $(@D) && echo "  cc    $(FLAVOUR) $*"
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# The folder is a prerequisite too, so that a file that went away leaves its archive.
define room_archive
$$(B)/$(1).a: $$(call objects_of,$(1)) $$(if $$(filter base,$(1)),$$(B)/obj/base/embedded.o) src/$(1)
	@mkdir -p $$(@D) && rm -f $$@ && ar rcsD $$@ $$(filter %.o,$$^)
endef
$(foreach room,$(rooms),$(eval $(call room_archive,$(room))))

$(V)/lib/libcurl.a:
	@./build.sh deps $(notdir $(V))

# The version, rewritten only when it changed, so that a commit rebuilds one file.
build/generated/version.h: FORCE
	@mkdir -p $(@D)
	@v=$$(git describe --tags --dirty 2>/dev/null || \
		git describe --always --dirty 2>/dev/null | sed "s/^/$$(cat VERSION)-g/"); \
	echo "#define GB_VERSION \"$${v:-$$(cat VERSION)}\"" >$@.new; \
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(call object,$(sources)): | build/generated/version.h

# Files the program carries inside; base/embed.h finds them by name.
build/generated/embedded.inc: $(embedded) $(wildcard src/bot/lang) Makefile
	@mkdir -p $(@D)
	@for file in $(embedded); do echo "embed \"$${file##*/}\", \"$$file\""; done >$@

$(B)/obj/base/embedded.o: src/base/embedded.S build/generated/embedded.inc | $(V)/lib/libcurl.a
	@mkdir -p $(@D)
	@$(CC) -c $< -o $@

vendor/out/ca.pem: | $(V)/lib/libcurl.a

# ---- programs

link = $(CC) $(CFLAGS) $(1) -Wl,--start-group $(2) -Wl,--end-group $(libraries) $(LDFLAGS) -o $@

build/gigabridge: build/gigabridge.debug
	@strip -o $@ $<
	@echo "  $@ $$(build/gigabridge version 2>/dev/null): $$(stat -c %s $@) bytes stripped"

build/gigabridge.debug build/asan/gigabridge: $(B)/obj/main.o $(call archive,$(rooms))
	@echo "  link  $@"
	@$(call link,$<,$(filter %.a,$^))

# ---- unit tests: one program per file, linked with its room and what that may include

ifneq ($(filter unit-programs,$(MAKECMDGOALS)),)
build/generated/floors.mk: src/FLOORS tests/floors.py
	@mkdir -p $(@D)
	@python3 tests/floors.py --make src >$@
include build/generated/floors.mk
endif

unit-programs: $(patsubst tests/unit/%.c,$(B)/unit/%,$(tests))

helpers_of = $(patsubst tests/%.c,$(B)/%.o,$(filter tests/unit/$(1)/% tests/unit/common/%,$(test_helpers)))

$(B)/unit/%.o: tests/unit/%.c Makefile | $(V)/lib/libcurl.a build/generated/version.h
	@mkdir -p $(@D) && echo "  cc    $(FLAVOUR) tests/unit/$*"
	@$(CC) $(CFLAGS) -Itests/unit -MMD -MP -c $< -o $@

define unit_program
$$(B)/unit/$(1)/%_test: $$(B)/unit/$(1)/%_test.o $$(call helpers_of,$(1)) $$(call archive,$$(filter $$(rooms),$$(below_$(1))))
	@$$(call link,$$(filter %.o,$$^),$$(filter %.a,$$^)) -lcmocka
endef
$(foreach room,$(rooms),$(eval $(call unit_program,$(room))))

# ---- fuzzers: one program per file, linked with everything

fuzz-programs: $(patsubst tests/fuzz/%.c,$(B)/%,$(fuzzers))

$(B)/%_fuzz: tests/fuzz/%_fuzz.c $(call archive,$(rooms))
	@mkdir -p $(@D) && echo "  fuzz  $*"
	@$(call link,$<,$(filter %.a,$^)) -MMD -MP

# ---- lint: a stamp per source file, renewed when the file or a header it includes changes

lint-stamps: $(patsubst src/%.c,build/lint/%.ok,$(sources))

# clang does not know gcc_warnings; these are its own. curl's checks by macro make one call look like
# five nested ifs.
lint_defines := -DCURL_DISABLE_TYPECHECK -DGB_HANDLERS_TWICE=1
clang_warnings := -Wcomma -Wshorten-64-to-32 -Wunreachable-code-aggressive \
	-Wassign-enum -Wloop-analysis -Wmissing-variable-declarations -Wnewline-eof \
	-Wtautological-compare -Wunused-macros -Wimplicit-fallthrough

build/lint/%.ok: src/%.c .clang-tidy tests/cppcheck.txt Makefile | $(V)/lib/libcurl.a build/generated/version.h
	@mkdir -p $(@D) && echo "  lint  $*"
	@clang $(common) $(clang_warnings) $(lint_defines) -fsyntax-only -MMD -MP -MF $(@:.ok=.d) -MT $@ $<
	@clang-tidy --quiet $< -- $(filter-out -Werror,$(common)) $(lint_defines) 2>$(@:.ok=.log) || { cat $(@:.ok=.log); exit 1; }
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppressions-list=tests/cppcheck.txt -Isrc -D_GNU_SOURCE $<
	@gcc $(common) $(gcc_warnings) $(lint_defines) -O1 -fanalyzer -c $< -o /dev/null
	@touch $@

-include $(patsubst %.o,%.d,$(call object,$(sources)))
-include $(wildcard $(B)/unit/*/*.d $(B)/*.d build/lint/*.d build/lint/*/*.d)
.SECONDARY:
