#!/usr/bin/env bats
#
# Narration = truth: what `--explain` tells is what strace(1) sees, call by call, in every process;
# and what strace sees that changes something is told. narration.pl compares; there too stands the
# list of what need not be told, with reasons.

load helpers
load probe

setup_file() { build_probe; }

# held LEAST [--also=WORD] ARG...: runs the program with ARG under strace. At least LEAST calls
# must be told, and none be wrong. The narration itself is in $stderr.
#
# Into an init of ours nobody can look (PR_SET_DUMPABLE), but who has CAP_SYS_PTRACE over the user
# namespace that it was started in. So an ordinary user starts it twice: as such a root; and, where
# the command may be PID 1, without init.
held() {
    local least=$1 also=() own=()
    shift
    case $1 in --also=*) also=("$1"); shift ;; esac
    if [ "${#MC_AS[@]}" != 0 ] || [ "$(id -u)" != 0 ]; then
        case " $* " in
        *" --init "* | *" --only "* | *" --none "* | *" --no-pid "* | " lab "*) ;;
        *) traced "$1" --no-init "${@:2}" && judge "$least" "${also[@]}" ;;
        esac
        own=(unshare --user --map-root-user)
    fi
    traced "$@"
    judge "$least" "${also[@]}"
}

traced() {
    rm -f trace.*
    # (A build with LeakSanitizer cannot look for leaks under strace.)
    call "${own[@]}" env ASAN_OPTIONS=detect_leaks=0 strace -ff -s 4096 -o trace "$MC" "$@"
}

# judge LEAST [--also=WORD]: the traces that are there, and the narration in $stderr.
judge() {
    local least=$1 said=$stderr
    shift
    call -any perl "$BATS_TEST_DIRNAME/narration.pl" "$@" trace.*
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
    held 25 run --explain --cap-add sys_admin --cap-drop chown -- true
    assert "$stderr" =~ "call  syscall\(SYS_capset, .*\[kept: dac_override .*sys_admin"
    held 25 run --explain --cap-add ALL -- true
    held 25 run --explain --cap-drop ALL --no-seccomp -- true
    assert "$stderr" contains '[kept:]'
    assert "$stderr" lacks 'SYS_seccomp'
    held 25 run --explain --no-caps -- true
    assert "$stderr" lacks 'SYS_capset'
    assert "$stderr" contains 'call  syscall(SYS_seccomp'
    held 25 run --explain --privileged -- true
    held 1 run --explain --only seccomp -- true
}

# With files of ours.
all_files() {
    mkdir -p image/proc image/sys image/dev image/mnt
    cp probe image/
    held 20 run --explain --image ./image --volume /usr:/mnt:ro --read-only -- /probe look
    held 20 run --explain --image ./image --no-proc -- /probe look
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

@test "narration: with limits" {
    requires plain strace perl userns limits
    held 30 run --explain --memory 50M --cpus 0.5 --pids-limit 50 -- true
    assert "$stderr" =~ 'call  mkdir\(.* = 0  \["?/sys/fs/cgroup/.*/minicontainer-[0-9]+'
    assert "$stderr" =~ "shell echo '50' > /sys/fs/cgroup/.*/minicontainer-[0-9]+/pids.max"
    assert "$stderr" contains 'CLONE_INTO_CGROUP'
    assert "$stderr" =~ 'parent now   limits: the child stands in .*/minicontainer-[0-9]+/box'
    held 2 run --explain --only limits --pids-limit 50 -- true
}

# lie PATTERN SED: the trace, changed by SED, is found to be wrong, with words like PATTERN.
lie() {
    local name
    mkdir -p lie
    for name in trace.*; do sed -E "$2" "$name" >"lie/$name"; done
    if cmp -s <(cat trace.*) <(cat lie/trace.*); then fail "nothing was changed by $2"; fi
    call perl "$BATS_TEST_DIRNAME/narration.pl" lie/trace.*
    assert "$output" =~ "$1" "$2"
    assert "$output" =~ 'wrong [1-9][0-9]*$'
}

@test "narration: what is not so is found" {
    requires plain strace perl userns
    held 25 run --explain -- true
    # A line that is not told, one that is told and was not made, and one that is told otherwise.
    lie 'not told: capset' '/^write\(2, .*SYS_capset/d'
    lie 'not told: seccomp' '/^write\(2, .*SYS_seccomp/d'
    lie 'not told: pivot_root' '/^write\(2, .*SYS_pivot_root/d'
    lie 'not made just before: .*SYS_capset' '/^capset/d'
    lie 'not made just before: .*SYS_seccomp' '/^seccomp/d'
    lie 'told \[.*chown .*made effective' '/^capset/s/effective=1<<CAP_CHOWN\|/effective=/'
    lie 'made permitted: .*sys_admin' '/^capset/s/permitted=/permitted=1<<CAP_SYS_ADMIN|/'
    lie 'inheritable is not empty' '/^capset/s/inheritable=0/inheritable=1<<CAP_KILL/'
    lie 'kept 14 and dropped [0-9]+ of' '/PR_CAPBSET_DROP, CAP_SYS_ADMIN/d'
    lie 'kept, and dropped: chown' 's/PR_CAPBSET_DROP, CAP_SYS_ADMIN/PR_CAPBSET_DROP, CAP_CHOWN/'
    lie 'told [0-9]+ instructions' 's/(a filter of [0-9]+)( instructions)/\11\2/'
    lie 'told 1, made' '/^seccomp/s/SET_MODE_FILTER/SET_MODE_STRICT/'
    lie 'told \[.*CLONE_NEWUTS' '/^clone3\(/s/CLONE_NEWUTS\|//'
    lie 'told \[.*SIGCHLD' '/^clone3\(/s/SIGCHLD/SIGUSR1/'
    lie 'told \[syz\], made: mount' '/^write\(2, .* call  mount\(/s/\[sys\]/[syz]/'
    lie 'not told: clone3' '/^write\(2, .*SYS_clone3/d'
    lie 'not told: mount\("/usr' '/^write\(2, .* call  mount.*\[\/usr\]/d'
    lie 'not told: umount2' '/^write\(2, .*umount2/d'
    lie 'not told: sethostname' '/^write\(2, .*sethostname/d'
    lie 'not told: unshare' '/^write\(2, .*call  unshare/d'
    lie 'not told: setns' '/^write\(2, .*setns/d'
    lie 'not told: setresgid' '/^write\(2, .*setresgid/d'
    lie 'not told: ioctl' '/^write\(2, .*SIOCSIFFLAGS/d'
    lie 'not told: prctl\(PR_SET_NO_NEW_PRIVS' '/^write\(2, .*PR_SET_NO_NEW_PRIVS/d'
    lie 'not told: mount_setattr' '/^write\(2, .*SYS_mount_setattr/d'
    lie 'not told: write.*uid_map|not told: write\([0-9]+, "0 ' '/^write\(2, .*uid_map/d'
    lie 'execve of .*true, told: nothing' '/^write\(2, .*execvp/d'
    # A mount that is attached nowhere, and where it is attached.
    lie 'not told: fsmount' '/^write\(2, .*SYS_fsmount.*\[proc\]/d'
    lie 'told \[proc\], made of type sysfs' '/^fsopen\("proc"/s/proc/sysfs/'
    lie 'not told: fsconfig\([0-9]+, FSCONFIG_SET_FLAG' '/^fsconfig/s/SET_STRING/SET_FLAG/'
    lie 'not told: move_mount' '/^write\(2, .*SYS_move_mount.*\[\/proc\]/d'
    lie 'told \[/proc\], made \[/prox\]' '/^openat2\(.*"proc"/s/"proc"/"prox"/'
    lie 'told MOVE_MOUNT_F_EMPTY_PATH' '/^move_mount/s/MOVE_MOUNT_F_EMPTY_PATH/0/'
}

# Where the numbers of processes end (pid_max), they begin again: a child may have a lesser one.
@test "narration: which process is the first, its number does not tell" {
    requires plain strace perl userns
    local name
    held 25 run --explain -- true
    assert "$(printf '%s\n' trace.* | grep -c .)" -ge 2
    mkdir turned
    for name in trace.*; do mv "$name" "turned/trace.$((9999999 - ${name#trace.}))"; done
    mv turned/trace.* .
    judge 25
    lie '0 of these begin with an execve' '1{/^execve\(/d}'
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

# (strace(1) keeps the parent in its clone(2) for a while: so the child would be the first to speak.)
@test "narration: a fork is told before the child says a word" {
    requires strace userns
    local slow=(env ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o log -e "trace=clone,clone3"
        -e "inject=clone,clone3:delay_exit=300000") inside
    call "${slow[@]}" "$MC" run --explain -- true
    assert "$stderr" =~ $'\ninit   call  fork\(\) = 2\nchild '
    assert "${stderr%%$'\nchild '*}" =~ $'\nparent call  syscall\(SYS_clone3, .*\) = '[0-9]+
    call "${slow[@]}" "$MC" run --explain --only user -- true
    assert "$stderr" =~ $'\ninit   call  fork\(\) = '[0-9]+$'\nchild '
    assert "${stderr%%$'\nchild '*}" =~ $'\nparent call  syscall\(SYS_clone3, .*\) = '[0-9]+
    (
        remember_session
        exec "$MC" lab sh -c 'echo up; exec sleep 1000'
    ) >up 3>&- 4>&- &
    inside=$!
    disown "$inside"
    wait_for '[ -s up ]'
    call "${slow[@]}" "$MC" exec --explain "$inside" -- true
    kill -KILL "$inside"
    assert "$stderr" =~ $'\ninit   call  fork\(\) = '[0-9]+$'\nchild '
    assert "${stderr%%$'\nchild '*}" =~ $'\nparent call  syscall\(SYS_clone3, .*\) = '[0-9]+
    no_process_left
}

@test "narration: a second window" {
    requires plain strace perl userns
    need_probe
    chmod 0777 .
    # What goes into a container cannot be looked into, but by root: so let us be root of a user
    # namespace, with the container in it.
    local own=()
    if [ "$(id -u)" != 0 ]; then own=(unshare --user --map-root-user); fi
    call "${own[@]}" bash -c '"$1" run --volume "$PWD:/mnt" -- /mnt/probe hold /mnt/up &
        until [ -s up ]; do sleep 0.1; done
        strace -ff -s 4096 -o trace "$1" exec --explain $! -- true
        status=$?; kill -KILL $!; wait $! 2>/dev/null; exit $status' sh "$MC" 2>/dev/null
    judge 8
    assert "$stderr" contains 'call  setns('
    assert "$stderr" contains 'call  syscall(SYS_capset'
    assert "$stderr" contains 'call  syscall(SYS_seccomp'
    no_process_left
}
