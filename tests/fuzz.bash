#!/usr/bin/env bash
#
# fuzz.bash -- fuzz/fuzz.c, built and run: `make fuzz`.
#
#   bash fuzz.bash [TARGET...]        all targets, or these, FUZZ_RUNS inputs each, two at a time
#   FUZZ=full bash fuzz.bash [...]    by time instead: FUZZ_SECONDS of CPU time together (600)
#   bash fuzz.bash try TARGET FILE    one input again, from a file as a finding is printed
#
# The inputs are chosen by the commit, so that they are others with each, and the same when they are
# tried again; SEED=WORD chooses by that word.
#
# Each file of fuzz/corpus is for the target of that name. A line is an input to begin with, written
# as printf's %b has it; \0 stands between two words of a command line. The last line that is
# printed is "N passed, N failed, N skipped", one for each target.

set -u -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.." || exit 1
export LC_ALL=C
RUNS=${FUZZ_RUNS:-15000}
MISSING='apt install clang libclang-rt-dev'
passed=0 failed=0 skipped=0
work=$(mktemp -d)
# Whoever starts this as root runs the fuzzer as nobody, and that one writes here.
chmod 0755 "$work"
trap 'rm -rf "$work"' EXIT

summary() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

# The program goes into $work/fuzz. Is a machine without the fuzzer's library told from one where
# fuzz.c is wrong? The first fails with an empty function, too.
build() {
    local flags=(-g -O1 -fno-omit-frame-pointer "-fsanitize=fuzzer,address,undefined"
        -fno-sanitize-recover=all)
    echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p && n > 1e9; }' \
        >"$work/empty.c"
    if ! clang "${flags[@]}" -o "$work/empty" "$work/empty.c" >"$work/log" 2>&1; then
        skipped=1
        echo "skipped: clang with its libFuzzer is not here: $MISSING"
    elif ! clang "${flags[@]}" -w -o "$work/fuzz" tests/fuzz/fuzz.c; then
        failed=1
        echo "failed: tests/fuzz/fuzz.c cannot be built"
    else
        FUZZ_TARGET=dictionary "$work/fuzz" >"$work/dictionary"
        return 0
    fi
    summary
    exit
}

# The inputs to begin with: a file each, in $work/TARGET.
plant() { # TARGET
    local line n=0
    mkdir "$work/$1" "$work/$1.found"
    while IFS= read -r line; do
        n=$((n + 1))
        printf '%b' "$line" >"$work/$1/seed$n"
    done <"$here/fuzz/corpus/$1"
    chmod -R a+rwX "$work/$1" "$work/$1.found"
}

# One target, until its inputs are used up or its time; what it said is in $work/TARGET.log, its
# status in .rc
run_target() { # TARGET
    local rc=0
    FUZZ_TARGET=$1 FUZZ_CPU=$seconds timeout "$limit" nice "$work/fuzz" -verbosity=0 \
        -seed="$seed" -runs="$runs" -print_final_stats=1 -detect_leaks=0 -max_len=512 \
        -len_control=20 -timeout=120 -rss_limit_mb=2048 \
        -dict="$work/dictionary" -artifact_prefix="$work/$1.found/" "$work/$1" >"$work/$1.log" 2>&1 || rc=$?
    echo "$rc" >"$work/$1.rc"
}

# Passed is: the time or the inputs were used up, and the fuzzer says how.
judge() { # TARGET
    local found said
    said=$(sed -n -e 's/^fuzz: \([0-9]* inputs in .*\)/\1/p' \
        -e 's/^stat::number_of_executed_units: *\([0-9]*\)/\1 inputs/p' "$work/$1.log" | tail -n 1)
    if [ "$(<"$work/$1.rc")" = 0 ] && [ -n "$said" ]; then
        passed=$((passed + 1))
        echo "ok $1: $said"
        return
    fi
    failed=$((failed + 1))
    echo "not ok $1, status $(<"$work/$1.rc")"
    grep -vE '^(INFO|MS:|#[0-9]+[[:space:]]+(NEW|REDUCE|pulse|RELOAD|INITED))' "$work/$1.log" |
        head -n 40
    for found in "$work/$1.found"/*; do
        if [ -e "$found" ]; then
            echo "the input, for bash tests/fuzz.bash try $1 FILE:"
            echo "  printf '$(od -An -v -to1 "$found" | tr -d '\n' | sed 's/ /\\/g')' >FILE"
        fi
    done
}

# Again: the sanitizers' words, and their status.
try() { # TARGET FILE
    build
    FUZZ_TARGET=$1 "$work/fuzz" -detect_leaks=0 "$2"
}

if [ "${1-}" = try ]; then
    try "$2" "$3"
    exit
fi
build
if [ "$#" = 0 ]; then
    # shellcheck disable=SC2046  # names without blanks
    set -- $(FUZZ_TARGET='' "$work/fuzz")
fi
SEED=${SEED:-$(git -C "$here" rev-parse HEAD 2>/dev/null || echo none)}
# Not 0: then libFuzzer takes the clock.
seed=$(cksum <<<"$SEED" | awk '{ print $1 % 1000000 + 1 }')
if [ "${FUZZ-}" = full ]; then
    seconds=$((${FUZZ_SECONDS:-600} / $#)) runs=-1
    if [ "$seconds" -lt 1 ]; then seconds=1; fi
    limit=$((seconds * 20 + 60))
    echo "$# targets, $seconds s of CPU time each, by SEED=$SEED"
else
    # The limit only ends what hangs, as does -timeout for one input.
    seconds=0 runs=$RUNS limit=1800
    echo "$# targets, $runs inputs each, by SEED=$SEED; ten minutes of them: make fuzz FUZZ=full"
fi
for name; do plant "$name"; done
# Two at a time: a machine has two cores or more.
half() { # FIRST
    local i targets=("${@:2}")
    for ((i = $1; i < ${#targets[@]}; i += 2)); do run_target "${targets[i]}"; done
}
half 1 "$@" &
half 0 "$@"
wait "$!"
for name; do judge "$name"; done
summary
