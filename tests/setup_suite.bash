# shellcheck shell=bash
#
# setup_suite.bash -- bats runs this once before all tests and once after them.
#
# Before: find or build the program. MC=PATH says which one to test (the sanitizer build, say).
# After: the host must be as it was, and nothing of ours may be alive.

setup_suite() {
    local top=${BATS_TEST_DIRNAME:-$(dirname "${BASH_SOURCE[0]}")}/.. tree
    top=$(cd "$top" && pwd)
    tree=$BATS_SUITE_TMPDIR/tree
    # bats makes its directory for its own user only; root of a container is somebody else.
    chmod 0755 "$BATS_RUN_TMPDIR" "$BATS_SUITE_TMPDIR"
    umask 022
    mkdir -p "$tree"
    : >"$BATS_SUITE_TMPDIR/sessions"
    copy_tree "$top" "$tree"
    if [ -n "${MC-}" ]; then
        if [ ! -x "$MC" ]; then
            echo "MC=$MC is no program" >&2
            return 1
        fi
        cp "$MC" "$tree/minicontainer"
    elif [ "$top/minicontainer" -nt "$top/minicontainer.c" ]; then
        cp "$top/minicontainer" "$tree/minicontainer"
    else
        "${CC:-cc}" -O2 -o "$tree/minicontainer" "$tree/minicontainer.c" || return 1
    fi
    chmod 0755 "$tree/minicontainer"
    export MC=$tree/minicontainer MC_TREE=$tree PATH="$tree:$PATH"
    suite_fingerprint >"$BATS_SUITE_TMPDIR/before"
}

# The program and what it finds beside itself, where any user may read it.
copy_tree() {
    local name
    for name in minicontainer.c Makefile README.md LICENSE lessons; do
        if [ -e "$1/$name" ]; then cp -R "$1/$name" "$2/"; fi
    done
    chmod -R a+rX "$2"
}

suite_fingerprint() {
    (
        MC_STATE=$BATS_SUITE_TMPDIR
        # shellcheck source=tests/helpers.bash
        source "$(dirname "${BASH_SOURCE[0]}")/helpers.bash"
        fingerprint suite
    )
}

teardown_suite() {
    local after=$BATS_SUITE_TMPDIR/after end=$((SECONDS + ${MC_SETTLE:-5}))
    if [ ! -e "$BATS_SUITE_TMPDIR/before" ]; then return 0; fi
    # A container's last processes may be ending while we look.
    while [ "$SECONDS" -lt "$end" ]; do
        suite_fingerprint >"$after"
        if cmp -s "$BATS_SUITE_TMPDIR/before" "$after"; then return 0; fi
        sleep 0.1
    done
    echo "the tests changed this machine, or left something alive (- before, + after):" >&2
    diff -u "$BATS_SUITE_TMPDIR/before" "$after" | sed 1,2d >&2
    end_what_is_left "$after" >&2
    return 1
}

# Name the processes that tests left behind, and end them: by number, only those of our sessions.
end_what_is_left() {
    local pid
    sed -n '/^\[processes\]/,/^\[temp/s/^\([0-9][0-9]*\) .*/\1/p' "$1" | while read -r pid; do
        printf 'left alive: %s\n' "$(tr '\0' ' ' <"/proc/$pid/cmdline")"
        kill -9 "$pid"
    done 2>/dev/null
}
