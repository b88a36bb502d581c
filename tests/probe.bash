# shellcheck shell=bash
#
# probe.bash -- the small program of probe.c for a test, or that of another NAME.c.
#
#   setup_file() { build_probe [NAME]; }
#   need_probe [NAME]             in a test: ./probe is there, or the test is skipped

# Static, so that it runs in any root and starts fast; where that cannot be, as it comes.
build_probe() {
    local source=${BASH_SOURCE[0]%/*}/${1-probe}.c to=$BATS_FILE_TMPDIR/${1-probe}
    chmod 0755 "$BATS_FILE_TMPDIR"
    { "${CC:-cc}" -std=c11 -O1 -static -s -o "$to" "$source" ||
        "${CC:-cc}" -std=c11 -O1 -o "$to" "$source"; } >"$to.log" 2>&1 || true
}

need_probe() {
    local name=${1-probe}
    requires cc
    if [ ! -x "$BATS_FILE_TMPDIR/$name" ]; then
        cat "$BATS_FILE_TMPDIR/$name.log"
        fail "$name.c cannot be built"
    fi
    cp "$BATS_FILE_TMPDIR/$name" .
    chmod 0755 "$name"
}
