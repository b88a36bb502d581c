# minicontainer: one C file, no library but libc.  `make help` says what there is.
CC      ?= cc
# -z now: the names of libc are looked up once, and not again in each child.
CFLAGS  ?= -O2 -Wl,-z,now
WARN     = -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
SAN      = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
# Left out: what wants memcpy_s, which no libc here has; fields sorted by size; memory still held at
# the end; vfork(2), see run_init(); comparePointers, for the ends of the embedded source.
TIDY     = -*.DeprecatedOrUnsafeBufferHandling,-*.performance.Padding,-*unix.Malloc,-*fork
MUSL    := $(shell command -v musl-gcc 2>/dev/null)
# With GNU parallel three tests at a time: they wait more than they work.
JOBS    := $(shell parallel --version 2>/dev/null | grep -q '^GNU' && echo --jobs 3)
TESTS   ?= tests/*.bats
.PHONY: all run test lint sanitize static clean help torture test-kernels fuzz oracle combinations bench install uninstall apparmor
.DELETE_ON_ERROR:
all: minicontainer ## build ./minicontainer

minicontainer: minicontainer.c
	$(CC) $(CFLAGS) $(WARN) -o $@ $<

run: minicontainer ## build, compare the host with a container, then a shell inside one
	@./minicontainer compare
	@if [ -t 0 ] && [ -t 1 ]; then echo; echo 'Inside, try: id -u; hostname; ps ax; touch /usr/x. It is left by: exit'; ./minicontainer run; [ $$? != 125 ]; fi

test: minicontainer ## run the tests (needs bats 1.8 or later: apt install bats)
	bats $(JOBS) $(TESTS)

torture test-kernels fuzz oracle combinations bench: minicontainer ## proofs; bench: what a start costs (1,000 containers!)
	bash tests/$(@:test-%=%).bash

lint: ## what compilers and checkers say about the sources; a missing one is named and skipped
	$(CC) $(WARN) -Werror -O2 -fsyntax-only minicontainer.c
	@has() { command -v $$1 >/dev/null || { echo "skipped: $$1 is not here"; return 1; }; }; \
	rc=0; try() { if has $$1; then echo "$$*"; "$$@" || rc=1; fi; }; \
	try gcc $(WARN) -Werror -O2 -fanalyzer -Wno-analyzer-malloc-leak -c -o /dev/null minicontainer.c; \
	try clang $(WARN) -Werror -O2 -fsyntax-only minicontainer.c; \
	try clang-tidy --quiet --warnings-as-errors='*' --checks='$(TIDY)' minicontainer.c -- -std=c11; \
	try cppcheck --quiet --std=c11 --enable=warning,portability,performance \
	    --error-exitcode=1 --suppress=missingIncludeSystem --suppress=comparePointers minicontainer.c; \
	try shellcheck -x tests/*.bash .ci/run lessons/kit/*install lessons/kit/apparmor lessons/kit/*.bash lessons/[cgjq]* lessons/build-your-own/*t lessons/build-your-own/*.sh; \
	try shellcheck -x -e SC2016,SC2030,SC2031,SC2034,SC2119,SC2154 tests/*.bats; exit $$rc

minicontainer-asan: minicontainer.c
	echo 'const char *__asan_default_options(void) { return "detect_leaks=0:exitcode=99"; }' | \
	    $(CC) $(SAN) $(WARN) -Werror -o $@ $< -x c -
sanitize: minicontainer-asan ## run the tests on a build with ASan and UBSan
	MC=$(CURDIR)/minicontainer-asan bats $(JOBS) $(TESTS)

minicontainer-static: minicontainer.c
	$(or $(MUSL),$(CC)) $(CFLAGS) -static -Os $(WARN) -o $@ $<
static: minicontainer-static ## one file that needs no library, and starts faster; by musl, if it is here

install uninstall apparmor: minicontainer ## program, lessons, man page, completion below PREFIX; what Ubuntu 24.04 wants
	@sh lessons/kit/$@

clean: ## remove what was built
	rm -f minicontainer minicontainer-asan minicontainer-static minicontainer.apparmor

help: ## this list
	@sed -n 's/^\([a-z -]*\):.* ## /\1:\t/p' Makefile | expand -t 12
