# 11-time.bats -- the clocks that count from the boot. The date is one for all.

# shellcheck disable=SC2086  # $set and $way are words

load helpers

id='readlink /proc/self/ns/time'

# $1 is at most a few seconds (on a busy machine: a minute) above $2.
assert_age() { # ACTUAL EXPECTED [WORDS]
    assert "${1%%.*}" -ge "$2" "${3-}"
    assert "${1%%.*}" -lt $(($2 + 60)) "${3-}"
}

# Seconds since the boot, as /proc says it.
up='cut -d" " -f1 /proc/uptime'

@test "without it the clocks are ours, with it others" {
    requires timens
    local here set
    here=$(eval "$id")
    for set in --none "--only user" --no-time --time=host; do
        mc run $set -- sh -c "$id"
        assert "$output" == "$here" "run $set"
    done
    for set in "" "--only user,time" "--time" --init "--only user,time,pid"; do
        mc run $set -- sh -c "$id; readlink /proc/self/ns/time_for_children"
        assert "${lines[0]}" != "$here" "run $set"
        assert "${lines[0]}" =~ "^time:\[[0-9]+\]$" "run $set"
        # The file of time_for_children is called so, the namespace is the same.
        assert "${lines[1]}" == "${lines[0]}" "run $set: and its children are in it too"
    done
}

@test "a container is just booted, and what shares the clocks is as old as we are" {
    requires timens
    local here set
    here=$(eval "$up")
    for set in "" "--only user,time" --init; do
        mc run $set -- sh -c "$up"
        assert_age "$output" 0 "run $set"
    done
    for set in --none "--only user" --no-time; do
        mc run $set -- sh -c "$up"
        assert_age "$output" "${here%%.*}" "run $set"
    done
}

@test "--boottime says how long ago it was booted" {
    requires timens
    local age
    for age in 0 100 864000 31536000 1000000000; do
        mc run --boottime "$age" -- sh -c "$up"
        assert_age "$output" "$age"
    done
    mc run --only user,time --boottime=864000 -- sh -c "$up"
    assert_age "$output" 864000
    mc lab sh -c "$up"
    assert_age "$output" 864000 "a lab"
}

@test "both clocks are set, the monotonic one too" {
    requires timens perl
    # CLOCK_MONOTONIC is 1, CLOCK_BOOTTIME is 7 (linux/time.h).
    local ask='use Time::HiRes "clock_gettime";
        printf "%d\n%d\n", clock_gettime(1), clock_gettime(7)'
    mc run --boottime 5000 -- perl -e "$ask"
    assert_age "${lines[0]}" 5000 "monotonic"
    assert_age "${lines[1]}" 5000 "boottime"
    mc run --boottime 5000 -- cat /proc/self/timens_offsets
    assert "$output" =~ ^monotonic
    assert "$output" =~ $'\n'boottime
}

@test "the date does not move" {
    requires timens
    local before after age
    for age in 0 1000000000; do
        before=$(date +%s)
        mc run --boottime "$age" -- date +%s
        after=$(date +%s)
        assert "$output" -ge "$before" "--boottime $age"
        assert "$output" -le "$after" "--boottime $age"
    done
}

@test "the date cannot be set from inside" {
    requires timens
    local before
    before=$(date +%s)
    # To what it is, so that nothing happens where this goes wrong.
    local how
    for how in '' --privileged --no-caps --no-seccomp; do
        # shellcheck disable=SC2086  # words
        mc -any run $how -- sh -c 'date -s "@$(date +%s)"'
        assert "$status" -ne 0 "$how"
        assert "$stderr" contains "not permitted" "$how"
    done
}

@test "the machine's clocks go on as before" {
    requires timens
    local before after
    before=$(eval "$up")
    mc run --boottime 1000000000 -- true
    mc run -- true
    after=$(eval "$up")
    assert_age "$after" "${before%%.*}"
    assert "$(cat /proc/self/timens_offsets)" == "$(cat /proc/1/timens_offsets 2>/dev/null ||
        cat /proc/self/timens_offsets)"
}

@test "in a lab in a lab: an age is counted from now, not from the lab's own" {
    requires timens
    local with="minicontainer run --only time"
    local ask="cut -d. -f1 /proc/uptime"
    mc lab -- sh -c "$ask; minicontainer run --only none -- $ask; $with -- $ask
        $with --boottime 7000 -- $ask; minicontainer lab -- $with --boottime 7000 -- $ask"
    assert "${#lines[@]}" -eq 5
    # The lab has an age that tells it from what is just booted, and from this machine.
    assert "${lines[0]}" -gt 3600
    assert_age "${lines[1]}" "${lines[0]}" "nothing of its own"
    assert_age "${lines[2]}" 0
    assert_age "${lines[3]}" 7000
    assert_age "${lines[4]}" 7000
}

@test "a second window has the container's clocks" {
    requires timens
    (
        remember_session
        exec setsid "$MC" run --boottime 900000 -- sh -c 'echo up; exec sleep 300'
    ) >up 2>&1 3>&- 4>&- &
    local outer=$!
    wait_for '[ -s up ]'
    mc exec "$outer" -- sh -c "$up"
    assert_age "$output" 900000
    kill -9 "$outer"
    wait "$outer" || true
    no_process_left
}

@test "what is no age is refused, with the words to say" {
    local age
    for age in -1 -864000 abc 1.5 '' 10d 9999999999 99999999999999999999; do
        mc -125 run --boottime="$age" -- true
        assert "$stderr" starts "minicontainer: "
        assert "$stderr" contains "--boottime"
        assert "$stderr" contains "number"
        assert "$output" == ""
    done
    mc -125 run --boottime
    assert "$stderr" contains "--boottime"
}

@test "--boottime without time is refused, with a line that works" {
    requires timens
    local set
    for set in --no-time --none "--only user"; do
        mc -125 run $set --boottime 9 -- true
        assert "$stderr" contains "time"
        assert "$stderr" contains "--boottime"
        assert "$stderr" contains "try:"
    done
}

@test "--explain tells the calls and the proof" {
    requires timens
    mc run --boottime 864000 --explain -- true
    assert "$stderr" contains "unshare(CLONE_NEWTIME) = 0"
    assert "$stderr" contains "setns(fd, CLONE_NEWTIME) = 0"
    assert "$stderr" =~ "monotonic -?[0-9]+ 0"
    assert "$stderr" =~ "now   time: up 10 d 00:0"
    mc run --no-time --explain -- true
    assert "$stderr" lacks CLONE_NEWTIME
}

@test "compare time shows two ages" {
    requires timens
    mc compare time -- sh -c "$up"
    assert "$output" contains "exit status 0"
    assert "$output" lacks "exit status 1"
    local ages
    # The line with two numbers: the lab's own age, and that of what is just booted.
    ages=$(grep -oE '^[0-9.]+ +\| +[0-9.]+ *$' <<<"$output")
    assert "${ages%%.*}" -gt 3600
    assert_age "${ages##* | }" 0
}
