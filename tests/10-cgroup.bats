# 10-cgroup.bats -- a view of the cgroup tree of its own. It hides a path and limits nothing.
#
# Where our own shell stands at the top of every tree ("/"), the path cannot show a difference:
# then the number of the namespace alone does. No cgroup is made here.

# shellcheck disable=SC2086  # $set and $way are words

load helpers

id='readlink /proc/self/ns/cgroup'

# Field 4 of mountinfo: which directory of a cgroup file system is mounted.
mounted() { awk '/ - cgroup2? / { print $4 }' "${1:-/dev/stdin}"; }

# The paths of /proc/self/cgroup, each once: "hierarchy:controllers:path".
paths() { cut -d: -f3- <<<"$1" | sort -u; }

@test "without it the namespace is ours, with it another; --cgroupns=host is without" {
    requires userns
    local here set
    here=$(eval "$id")
    for set in --none "--only user" --no-cgroup --cgroup=host --cgroupns=host; do
        mc run $set -- sh -c "$id"
        assert "$output" == "$here" "run $set"
    done
    for set in "" "--only user,cgroup" --cgroup --init; do
        mc run $set -- sh -c "$id"
        assert "$output" != "$here" "run $set"
        assert "$output" =~ "^cgroup:\[[0-9]+\]$" "run $set"
    done
}

@test "with it every path is /, without it the paths are ours" {
    requires userns
    local here set
    here=$(cat /proc/self/cgroup)
    for set in --none "--only user" --no-cgroup; do
        mc run $set -- cat /proc/self/cgroup
        assert "$output" == "$here" "run $set"
    done
    for set in "" "--only user,cgroup" "--only user,cgroup,mnt,root"; do
        mc run $set -- cat /proc/self/cgroup
        assert "$(paths "$output")" == / "run $set"
        assert "$(wc -l <<<"$output")" -eq "$(wc -l <<<"$here")" "run $set: as many trees"
    done
}

@test "a mount that is older shows the old tree, as /.." {
    requires userns
    if [ -z "$(mounted /proc/self/mountinfo)" ]; then skip "no cgroup is mounted here"; fi
    if [ "$(paths "$(cat /proc/self/cgroup)")" = / ]; then
        skip "we stand at the top of every tree: there is nothing above us"
    fi
    mc run --only user -- cat /proc/self/mountinfo
    assert "$(mounted <<<"$output")" == "$(mounted /proc/self/mountinfo)"
    assert "$(mounted <<<"$output")" lacks /..
    mc run --only user,cgroup -- cat /proc/self/mountinfo
    assert "$(mounted <<<"$output")" contains /..
    # And a fresh one does not.
    mc run -- cat /proc/self/mountinfo
    assert "$(mounted <<<"$output")" lacks /..
}

@test "it is not a limit: seen from outside, the process is where its supervisor is" {
    requires userns
    (
        remember_session
        exec setsid "$MC" run -- sh -c 'echo up; exec sleep 300'
    ) >up 2>&1 3>&- 4>&- &
    local outer=$! inner
    wait_for '[ -s up ]'
    inner=$(cat "/proc/$outer/task/$outer/children")
    for inner in $inner; do
        assert "$(cat "/proc/$inner/cgroup")" == "$(cat "/proc/$outer/cgroup")"
    done
    assert "$(cat "/proc/$outer/cgroup")" == "$(cat /proc/self/cgroup)"
    kill -9 "$outer"
    wait "$outer" || true
    no_process_left
}

@test "the tree is mounted where programs look for it, and cannot be written" {
    requires userns cgroup2
    mc run -- sh -c 'stat -f -c %T /sys/fs/cgroup && ls /sys/fs/cgroup'
    assert "${lines[0]}" == cgroup2fs
    assert "$output" has-line cgroup.procs
    mc -any run -- mkdir /sys/fs/cgroup/mine
    assert "$status" -ne 0
    assert "$stderr" contains "Read-only file system"
    mc -any run -- sh -c 'echo $$ >/sys/fs/cgroup/cgroup.procs'
    assert "$status" -ne 0
    # Root of it cannot have it back, by default and with all rights over its namespaces.
    local how
    for how in '' --privileged; do
        # shellcheck disable=SC2086  # words
        mc -any run $how -- mount -o remount,rw /sys/fs/cgroup
        # shellcheck disable=SC2086
        mc -any run $how -- sh -c 'mount -o remount,rw /sys/fs/cgroup; mkdir /sys/fs/cgroup/mine'
        assert "$status" -ne 0
    done
}

@test "a lab shares it, a container in the lab has its own" {
    requires userns
    local here
    here=$(eval "$id")
    mc lab -- sh -c "$id; minicontainer run --only none -- sh -c '$id'
        minicontainer run --only cgroup -- sh -c '$id; cut -d: -f3- /proc/self/cgroup | sort -u'"
    assert "${lines[0]}" == "$here"
    assert "${lines[1]}" == "$here"
    assert "${lines[2]}" != "$here"
    assert "${lines[3]}" == /
    assert "${#lines[@]}" -eq 4
}

@test "--explain says what it is and shows the proof" {
    requires userns
    mc run --explain -- true
    assert "$stderr" contains "CLONE_NEWCGROUP"
    assert "$stderr" =~ $'now   cgroup: /(\n|$)'
    mc run --no-cgroup --explain -- true
    assert "$stderr" lacks "CLONE_NEWCGROUP"
    assert "$stderr" lacks "now   cgroup:"
}

@test "no cgroup is made, and no process of ours changes its cgroup" {
    local before here
    before=$(fingerprint)
    here=$(cat /proc/self/cgroup)
    mc run -- true
    mc -any run -- sh -c 'mkdir -p /sys/fs/cgroup/minicontainer-test'
    mc -any run --privileged -- sh -c 'mkdir -p /sys/fs/cgroup/minicontainer-test'
    mc -3 run -- sh -c 'exit 3'
    assert "$(cat /proc/self/cgroup)" == "$here"
    assert "$(fingerprint)" == "$before"
}
