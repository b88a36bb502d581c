#!/usr/bin/env bats
#
# Every combination: the ten isolations have 1,024 subsets. Each, asked for with --only, gives
# exactly what was asked, or is refused for a reason that the test knows by itself.
# The rules and the work stand in combinations.bash.

load helpers
load probe

setup_file() { build_probe; }

SWEEP=$BATS_TEST_DIRNAME/combinations.bash

# The sums of both halves, and not one complaint.
check_sums() { # ALLOWED REFUSED
    local sums
    sums=$(awk '/^allowed [0-9]+ refused [0-9]+ bad [0-9]+$/ { n++; a += $2; r += $4; b += $6 }
        END { print n " halves: allowed", a, "refused", r, "bad", b }' <<<"$output")
    head -n 40 <<<"$output"
    assert "$sums" == "2 halves: allowed $1 refused $2 bad 0"
}

@test "rules: 576 subsets are allowed to root, 257 to an ordinary user" {
    call bash "$SWEEP" count
    assert "$output" == "576 257"
}

@test "rules: the rows are those of the program" {
    mc isolations --porcelain
    assert "ROWS=($(cut -f 2 <<<"$output" | paste -sd ' '))" == "$(grep '^ROWS=' "$SWEEP")"
}

@test "every subset, as root: 576 isolate exactly what was asked, 448 are refused" {
    requires root userns
    local before
    need_probe
    before=$(fingerprint)
    MC_TIMEOUT=100 call bash "$SWEEP" sweep "$PWD/probe" yes
    check_sums 576 448
    assert "$(fingerprint)" == "$before" "the host is as it was"
}

@test "every subset, as an ordinary user: 257 isolate exactly what was asked, 767 are refused" {
    requires user userns
    local before
    need_probe
    cp "$SWEEP" sweep.bash # the user may not be able to read the checkout
    before=$(fingerprint)
    MC_TIMEOUT=100 as_user call bash sweep.bash sweep "$PWD/probe" no
    check_sums 257 767
    assert "$(fingerprint)" == "$before" "the host is as it was"
}

@test "every subset, as root of a lab: 576 isolate exactly what was asked, 448 are refused" {
    requires user userns
    local before
    need_probe
    cp "$SWEEP" sweep.bash
    tar -cf bin.tar probe sweep.bash
    before=$(fingerprint)
    MC_TIMEOUT=100 as_user mc lab sh -c 'mkdir /tmp/bin && cd /tmp/bin && tar --no-same-owner -xf - &&
        exec bash sweep.bash sweep /tmp/bin/probe yes' <bin.tar
    check_sums 576 448
    assert "$(fingerprint)" == "$before" "the host is as it was"
}
