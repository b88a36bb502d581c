#!/usr/bin/env bats
#
# Narration = truth: what `--explain` tells is what strace(1) sees, call by call, in every process;
# and what strace sees that changes something is told. narration.pl compares; there too stands the
# list of what need not be told, with reasons.

load helpers
load probe

setup_file() { build_probe; }

# A container that is still there when a test fails.
teardown() { if [ -n "${supervisor-}" ]; then kill -KILL "$supervisor" 2>/dev/null || true; fi; }

# held LEAST [--also=WORD] ARG...: runs the program with ARG under strace. At least LEAST calls
# must be told, and none be wrong. The narration itself is in $stderr.
held() {
    local least=$1 also=() said
    shift
    case $1 in --also=*) also=("$1"); shift ;; esac
    rm -f trace.*
    # (A build with LeakSanitizer cannot look for leaks under strace.)
    call env ASAN_OPTIONS=detect_leaks=0 strace -ff -s 4096 -o trace "$MC" "$@"
    said=$stderr
    call -any perl "$BATS_TEST_DIRNAME/narration.pl" "${also[@]}" trace.*
    stderr=$said
    assert "$output" =~ '^told [0-9]+ untold [0-9]+ wrong 0$'
    assert "$(cut -d ' ' -f 2 <<<"$output")" -ge "$least" "so many calls are told"
}

all_runs() {
    held 25 run --explain -- true
    assert "$stderr" contains 'call  sethostname('
    assert "$stderr" contains 'call  syscall(SYS_pivot_root, ".", ".") = 0'
    assert "$stderr" contains 'call  umount2(".", MNT_DETACH) = 0'
    assert "$stderr" contains 'MS_REC | MS_PRIVATE'
    assert "$stderr" contains '/uid_map'
    held 6 run --explain --only user,uts --hostname a.b-c -- true
    assert "$stderr" lacks 'pivot_root'
    held 5 run --explain --only user -- true
    held 10 run --explain --only user,pid,mnt,proc -- true
    held 15 run --explain --only user,mnt,root,net -- true
    held 1 run --explain --none -- true
    held 25 run --explain --no-pid -- true
    held 25 run --explain --no-net --init --workdir /usr -- true
}

# With files of ours.
all_files() {
    mkdir -p image/proc image/sys image/dev image/mnt
    cp probe image/
    held 20 run --explain --image image --volume /usr:/mnt:ro --read-only -- /probe look
    held 20 run --explain --image image --no-proc -- /probe look
    held 25 run --explain --volume "$PWD:/mnt" --volume /usr:/srv/usr:ro -- true
}

@test "narration: what is told is what strace sees, and the other way round" {
    requires plain strace perl userns
    all_runs
}

@test "narration: as an ordinary user" {
    requires plain root strace perl user userns
    chmod 0777 .
    as_user all_runs
}

@test "narration: with an image and volumes" {
    requires plain strace perl userns
    need_probe
    all_files
}

@test "narration: with an image and volumes, as an ordinary user" {
    requires plain root strace perl user userns
    need_probe
    as_user all_files
}

@test "narration: as root without a user namespace, and with a long map" {
    requires plain root strace perl
    held 20 run --explain --no-user -- true
    held 4 run --explain --only uts -- true
    held 20 run --explain --map 0:524288:1000 --map 1000:600000:1 -- true
    assert "$stderr" =~ "printf '0 524288 1000.n1000 600000 1' > /proc/"
    mkdir -p image
    held 2 run --explain --only uts --image / -- true
    assert "$stderr" contains 'call  chroot(".") = 0'
}

@test "narration: the lab" {
    requires plain strace perl userns
    held 25 --also=lab lab --explain true
}

@test "narration: a second window" {
    requires plain strace perl userns
    need_probe
    chmod 0777 .
    (
        remember_session
        exec setsid "$MC" run --volume "$PWD:/mnt" -- /mnt/probe hold /mnt/up
    ) >/dev/null 2>&1 3>&- 4>&- &
    supervisor=$!
    disown "$supervisor"
    wait_for '[ -s up ]'
    held 8 exec --explain "$supervisor" -- true
    assert "$stderr" contains 'call  setns('
    kill -KILL "$supervisor"
    no_process_left
}
