#!/usr/bin/env bats
#
# Combinations: the thirteen isolations have 8,192 subsets. Each, asked for with --only, gives
# exactly what was asked, or is refused for a reason that the test knows by itself. Here 1,031 are
# tried: all 1,024 of the ten views, each with another choice of the three rights, and the rights
# alone. `make combinations` tries all. The rules and the work stand in combinations.bash.

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

@test "rules: of 8,192 subsets 4,608 are allowed to root, 2,052 to an ordinary user" {
    call bash "$SWEEP" count
    assert "$output" == "4608 2052"
}

@test "rules: each right meets every two other rows, on and off, among those that are tried" {
    # As many ways as in all 8,192, which `make combinations` counts.
    call bash "$SWEEP" cover yes some
    assert "$output" == 1316
    call bash "$SWEEP" cover no some
    assert "$output" == 1243
}

@test "rules: the rows are those of the program" {
    mc isolations --porcelain
    assert "ROWS=($(cut -f 2 <<<"$output" | paste -sd ' '))" == "$(grep '^ROWS=' "$SWEEP")"
}

@test "1,031 subsets, as root: 583 are exactly what was asked, 448 are refused" {
    requires root userns
    local before
    need_probe
    before=$(fingerprint)
    MC_TIMEOUT=1200 call bash "$SWEEP" sweep "$PWD/probe" yes some
    check_sums 583 448
    assert "$(fingerprint)" == "$before" "the host is as it was"
}

@test "1,031 subsets, as an ordinary user: 260 are exactly what was asked, 771 are refused" {
    requires user userns
    local before
    need_probe
    cp "$SWEEP" sweep.bash # the user may not be able to read the checkout
    before=$(fingerprint)
    MC_TIMEOUT=1200 as_user call bash sweep.bash sweep "$PWD/probe" no some
    check_sums 260 771
    assert "$(fingerprint)" == "$before" "the host is as it was"
}

@test "1,031 subsets, as root of a lab: 583 are exactly what was asked, 448 are refused" {
    requires user userns
    local before
    need_probe
    cp "$SWEEP" sweep.bash
    tar -cf bin.tar probe sweep.bash
    before=$(fingerprint)
    MC_TIMEOUT=1200 as_user mc lab sh -c 'mkdir /tmp/bin && cd /tmp/bin && tar --no-same-owner -xf - &&
        exec bash sweep.bash sweep /tmp/bin/probe yes some' <bin.tar
    check_sums 583 448
    assert "$(fingerprint)" == "$before" "the host is as it was"
}
