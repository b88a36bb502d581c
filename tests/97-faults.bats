#!/usr/bin/env bats
#
# Faults: a system call that fails leads to a message and 125, never to a hanging program, to
# something left behind, or to a container that lacks a wall. Here each kind of call of `run` fails
# once in each process; `make torture` lets every call of every command fail by every error.

load helpers

TORTURE=$BATS_TEST_DIRNAME/torture.bash

# Every test needs the injector: it is built once. calls.h is made as torture.bash does it.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    chmod 0755 .
    {
        echo '#include <sys/syscall.h>' | "${CC:-cc}" -E -dM - |
            sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/{ "\1", __NR_\1 },/p' >calls.h
        "${CC:-cc}" -std=gnu11 -O1 -I. -o fault "$BATS_TEST_DIRNAME/fault.c"
        "${CC:-cc}" -std=gnu11 -O1 -o faulty "$BATS_TEST_DIRNAME/faulty.c"
    } >log 2>&1 || true
}

need_fault() {
    requires cc plain
    if [ ! -x "$BATS_FILE_TMPDIR/faulty" ]; then
        cat "$BATS_FILE_TMPDIR/log"
        fail "fault.c cannot be built"
    fi
    fault=$BATS_FILE_TMPDIR/fault faulty=$BATS_FILE_TMPDIR/faulty
}

@test "run: each kind of call fails once in each process, and none in silence" {
    requires cc plain userns
    local people=user last
    if [ "$(people)" != self ]; then people="root user"; fi
    MC_TIMEOUT=900 call env "PEOPLE=$people" "MC_USER=${MC_USER:-1000}" bash "$TORTURE" --quick run
    last=${lines[${#lines[@]} - 1]}
    assert "$last" =~ '^[0-9]+ passed, 0 failed, [0-9]+ skipped$'
    assert "${last%% *}" -ge 50 "faults"
}

@test "doctor: a write to stdout that fails once is told with its own errno, whatever comes after" {
    need_fault
    call "$fault" one 0:write:1:EPERM "$MC" doctor
    assert "$output" == \
        $'failed\t0:write:1:EPERM\t125\tminicontainer: standard output: Operation not permitted'
}

@test "the injector knows each bad end when it sees one" {
    need_fault
    # faulty.c answers to the failure of each of these calls in its own bad way.
    call -1 "$fault" -s 1 -e EPERM sweep "$faulty"
    local call word
    while read -r call word; do
        assert "$output" =~ $'(^|\n)'"$word"$'\t'"0:$call:1:EPERM"$'\t' "$call"
    done <<'END'
chdir hung
getpgid left
rmdir left
faccessat silent
sched_yield mute
getpriority vague
setpriority odd
prlimit64 failed
getsid survived
END
}

@test "the injector: a lie, and a kill, do what they say" {
    need_fault
    # A directory that was not made cannot be removed.
    call -1 "$fault" -s 1 one 0:mkdirat:1:LIE "$faulty"
    assert "$output" starts $'left\t'
    call "$fault" one 0:faccessat:1:KILL "$faulty"
    assert "$output" starts $'failed\t0:faccessat:1:KILL\t137'
    call "$fault" one 0.1:faccessat:1:KILL "$faulty"
    assert "$output" starts $'missed\t'
}

@test "the injector counts as strace does" {
    requires strace
    need_fault
    requires userns
    local ours theirs call
    call "$fault" census "$MC" run -- true
    strace -f -qq -e signal=none -o trace "$MC" run -- true
    # Calls that neither the loader nor true(1) makes.
    for call in mount move_mount fsmount openat2 pivot_root clone clone3 setns unshare mount_setattr \
        open_tree sethostname capset; do
        ours=$(awk -F'\t' -v call="$call" '$2 == call { n++ } END { print n + 0 }' <<<"$output")
        theirs=$(grep -cE "^[0-9]+ +$call\(" trace) || true
        assert "$ours" -eq "$theirs" "$call"
    done
}

# Each wall is tried with an errno that is an answer, and no error, in some other place: EINVAL for a
# capability that this kernel does not have, ENOENT for a directory that an image does not have.
@test "run: an errno that is tolerated elsewhere takes no wall away in silence" {
    need_fault
    requires userns
    local try
    for try in "EINVAL prctl" "ENOENT openat2" "ENOENT,EINVAL fsopen,fsconfig,fsmount,move_mount,mount" \
        "EACCES,EINVAL mount_setattr,close,close_range,setgroups"; do
        call "$fault" -s 60 -x -e "${try% *}" -c "${try#* }" sweep "$MC" run \
            -v "$BATS_FILE_TMPDIR:/mnt:ro" -- /mnt/fault report
        assert "$(grep -c ^failed <<<"$output")" -ge 5 "$try"
    done
    # Each of the capabilities that go, of those that this kernel has.
    call "$fault" -s 60 -e EINVAL -c prctl sweep "$MC" run -v "$BATS_FILE_TMPDIR:/mnt:ro" -- \
        /mnt/fault report
    assert "$(grep -c $'\t125\t.*PR_CAPBSET_DROP' <<<"$output")" -eq \
        $(($(cat /proc/sys/kernel/cap_last_cap) + 1 - 14))
}
