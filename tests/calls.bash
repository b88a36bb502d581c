# shellcheck shell=bash
#
# calls.bash -- the small program of calls.c for a test.
#
#   setup_file() { build_calls; }
#   need_calls                    in a test: ./tools/calls is there, or the test is skipped
#   in_box OPTION... -- ARG...    run it in a container: mc run OPTION... -- calls ARG...
#                                 (MC_WANT=-159 in_box ...: with that status)

# Static, so that it runs in any root; where that cannot be, as it comes.
build_calls() {
    local source=${BASH_SOURCE[0]%/*}/calls.c to=$BATS_FILE_TMPDIR/calls
    chmod 0755 "$BATS_FILE_TMPDIR"
    { "${CC:-cc}" -std=c11 -O1 -static -pthread -o "$to" "$source" ||
        "${CC:-cc}" -std=c11 -O1 -pthread -o "$to" "$source"; } >"$to.log" 2>&1 || true
}

need_calls() {
    requires cc userns
    if [ ! -x "$BATS_FILE_TMPDIR/calls" ]; then
        cat "$BATS_FILE_TMPDIR/calls.log"
        fail "calls.c cannot be built"
    fi
    mkdir -p tools
    cp "$BATS_FILE_TMPDIR/calls" tools/calls
    chmod 0755 tools tools/calls
}

in_box() {
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    mc "${MC_WANT:--0}" run -v "$PWD/tools:/mnt:ro" \
        ${options[@]+"${options[@]}"} -- /mnt/calls "${@:2}"
}
