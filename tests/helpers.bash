# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# (SC2034: the tests read the variables set here; SC2119, SC2120: arguments may be left out)
#
# helpers.bash -- what every test file loads.
#
#   load helpers
#   @test "a hostname of its own" {
#       requires userns
#       mc run --hostname box -- hostname
#       assert "$output" == box
#   }
#
# The tests run as root and as an ordinary user, from a checkout that may be read-only. Whatever
# they write goes to $BATS_TEST_TMPDIR, where each test starts.

if ! declare -F bats_require_minimum_version >/dev/null; then
    echo "these tests need bats 1.8 or later; this one is older" >&2
    exit 1
fi
bats_require_minimum_version 1.8.0

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Seconds that one command may take, and that we wait for what must come. It only has to end what
# hangs: so it is far more than a busy machine needs, and no test is quick enough only on a quiet one.
: "${MC_TIMEOUT:=120}"

# ---------------------------------------------------------------------------------------------
# Before each test
# ---------------------------------------------------------------------------------------------

# Each of the two sorts of people, where the tests run as root; else the one who runs them:
# for who in $(people); do $who mc run -- id -u; done
people() {
    if [ "$(id -u)" = 0 ] && as_user true 2>/dev/null; then echo "self as_user"; else echo self; fi
}

self() { "$@"; }

# A file with a setup() of its own calls this first.
mc_setup() {
    # bats traces every command of every function: half of a test's time. Which line failed is said
    # all the same.
    set +T
    # Root of a container may be a user whom nobody knows: what it shall read must be open.
    umask 022
    export HOME=$BATS_TEST_TMPDIR/home LC_ALL=C
    MC_STATE=$BATS_TEST_TMPDIR/.mc
    mkdir -p "$HOME" "$MC_STATE"
    chmod 0777 "$BATS_TEST_TMPDIR" "$HOME"
    cd "$BATS_TEST_TMPDIR" || return 1
    # A test must not read the keyboard of the person who started it.
    if [ -t 0 ]; then exec </dev/null; fi
    MC_AS=()
}

setup() { mc_setup; }

# ---------------------------------------------------------------------------------------------
# Running the program
# ---------------------------------------------------------------------------------------------

# mc [-RC | -any] ARG...
# Runs minicontainer with a time limit and sets $output (stdout), $stderr, $status, ${lines[@]}
# and ${stderr_lines[@]}. The status must be RC (default 0). Everything is echoed, so that a
# failure explains itself. Standard input is the test's: mc run -- cat <<<text
mc() { mc_call "$MC" "$@"; }

# call [-RC | -any] COMMAND ARG...: the same for any other program (not for shell functions).
call() {
    local flag=()
    case ${1-} in -any | -[0-9]*) flag=("$1"); shift ;; esac
    local program=$1
    shift
    mc_call "$program" ${flag[@]+"${flag[@]}"} "$@"
}

mc_call() {
    local program=$1 want=0 out err
    shift
    case ${1-} in
    -any) want=any; shift ;;
    -[0-9]*) want=${1#-}; shift ;;
    esac
    out=$(mktemp "$MC_STATE/out.XXXXXX")
    err=$(mktemp "$MC_STATE/err.XXXXXX")
    printf '$'
    printf ' %q' ${MC_AS[@]+"(as user)"} "${program##*/}" "$@"
    printf '\n'
    status=0
    # Output goes to files: a process left behind cannot hold the test up by holding a pipe.
    (
        remember_session
        exec setsid -w ${MC_AS[@]+"${MC_AS[@]}"} timeout -k 5 "$MC_TIMEOUT" "$program" "$@"
    ) >"$out" 2>"$err" 3>&- 4>&- || status=$?
    collect "$out" "$err"
    rm -f "$out" "$err"
    check_status "$want"
}

# The session of each process that we start is noted, so that what it left behind is found.
# With the moment of its start: a number may be another session's by then.
remember_session() {
    local sid=$BASHPID
    echo "$sid $(started "$sid")" | tee -a "$MC_STATE/sessions" >>"$BATS_SUITE_TMPDIR/sessions"
}

# started PID: field 22 of its stat, counted behind its name, which may hold blanks.
started() {
    local rest
    { read -r rest <"/proc/$1/stat"; } 2>/dev/null || return 0
    # shellcheck disable=SC2086  # words
    set -- ${rest##*\) }
    echo "${20}"
}

collect() { # OUT ERR: fill the variables, and show what was said
    output=$(tr -d '\0' <"$1")
    stderr=$(tr -d '\0' <"$2")
    split lines "$output"
    split stderr_lines "$stderr"
    if [ -n "$output" ]; then printf '%s\n' "$output"; fi
    if [ -n "$stderr" ]; then printf '%s\n' "$stderr"; fi
}

split() { # NAME TEXT: the lines that are not empty, as bats does it
    local -n into=$1
    local line
    into=()
    while IFS= read -r line; do
        if [ -n "$line" ]; then into+=("$line"); fi
    done <<<"$2"
}

check_status() { # WANT
    if [ "$1" = any ] || [ "$status" -eq "$1" ]; then return 0; fi
    echo "-- status: $status, expected: $1"
    case $status in
    124 | 137) echo "-- it may have been ended by the time limit of $MC_TIMEOUT s" ;;
    esac
    return 1
}

# pty [-RC | -any] COMMAND-LINE [TYPED]
# Runs a shell command line on a terminal of its own (80 x 24), by script(1). What the terminal
# showed is in $output (without carriage returns). TYPED is sent at once, %b escapes allowed;
# to answer what is shown, use session_* of session.bash.
pty() {
    local want=0 out
    case ${1-} in
    -any) want=any; shift ;;
    -[0-9]*) want=${1#-}; shift ;;
    esac
    out=$(mktemp "$MC_STATE/out.XXXXXX")
    printf '$ %s   (on a terminal)\n' "$1"
    status=0
    (
        remember_session
        export SHELL=/bin/sh TERM="${TERM_IN_PTY-dumb}"
        exec </dev/null
        if [ -n "${2-}" ]; then
            # script(1) would turn the end of its input into ^D: a pipe that stays open has none.
            rm -f "$MC_STATE/typed"
            mkfifo "$MC_STATE/typed"
            exec 0<>"$MC_STATE/typed"
            printf '%b' "$2" >&0
        fi
        # The trap makes this shell wait until COMMAND-LINE has ended by ^C, to tell its status.
        exec setsid -w ${MC_AS[@]+"${MC_AS[@]}"} timeout -k 5 "$MC_TIMEOUT" script -qefc \
            "stty rows 24 cols 80; echo \$\$ >>'$MC_STATE/sessions'; trap : INT QUIT
            $1
            exit \$?" /dev/null
    ) >"$out" 2>&1 3>&- 4>&- || status=$?
    tr -d '\r' <"$out" >"$out.txt"
    collect "$out.txt" /dev/null
    rm -f "$out" "$out.txt"
    check_status "$want"
}

# other_words COMMAND: what it says, from chapter 15 on, when it is given words that it does not take.
other_words() {
    local usage
    usage=$("$MC" "$1" --help | sed -n '1s/^Usage: //p')
    [[ $usage == minicontainer* ]] || usage="(no usage in the help of $1)"
    printf 'minicontainer: %s wants other words\n  usage:  %s\n' "$1" "$usage"
}

# as_user COMMAND ARG...
# As root: runs COMMAND as an ordinary user (MC_USER, default the owner of uid 1000, named or
# not). As an ordinary user: just runs it. Works before mc, pty, call too: as_user mc -125 run
as_user() {
    local MC_AS=()
    if [ "$(id -u)" = 0 ]; then
        local id=${MC_USER:-1000} name uid=1000 gid=1000 home=$BATS_TEST_TMPDIR/user groups
        uid=$(id -u "$id" 2>/dev/null) || uid=$id
        gid=$(id -g "$id" 2>/dev/null) || gid=$id
        groups=--clear-groups
        if name=$(id -un "$id" 2>/dev/null); then groups=--init-groups; fi
        if [ ! -d "$home" ]; then
            mkdir -m 0755 "$home"
            chown "$uid:$gid" "$home"
        fi
        MC_AS=(setpriv "--reuid=$uid" "--regid=$gid" "$groups" --inh-caps=-all
            env "HOME=$home" "USER=${name:-$uid}" "LOGNAME=${name:-$uid}" XDG_RUNTIME_DIR=)
        chmod 0777 "$MC_STATE"
        touch "$MC_STATE/sessions"
        chmod 0666 "$MC_STATE/sessions"
    fi
    case $(type -t "$1") in
    function) "$@" ;;
    *) ${MC_AS[@]+"${MC_AS[@]}"} "$@" 3>&- 4>&- ;;
    esac
}

# ---------------------------------------------------------------------------------------------
# Saying what must be so
# ---------------------------------------------------------------------------------------------

# assert ACTUAL OP EXPECTED [WORDS]
#   == !=             equal text, or not
#   =~ !~             matches a regular expression, or not
#   contains lacks    has EXPECTED somewhere in it, or not
#   has-line no-line  one of its lines is EXPECTED, or none is
#   starts ends       begins with, ends with
#   -eq -ne -lt -le -gt -ge   numbers
# assert TEXT alone: TEXT is not empty. WORDS are said when it fails.
assert() {
    local actual=$1 op=${2-not-empty} expected=${3-} words=${4-} ok=0
    case $op in
    not-empty) if [ -n "$actual" ]; then ok=1; fi ;;
    ==) if [ "$actual" = "$expected" ]; then ok=1; fi ;;
    !=) if [ "$actual" != "$expected" ]; then ok=1; fi ;;
    =~) if [[ $actual =~ $expected ]]; then ok=1; fi ;;
    !~) if ! [[ $actual =~ $expected ]]; then ok=1; fi ;;
    contains) if [[ $actual == *"$expected"* ]]; then ok=1; fi ;;
    lacks) if [[ $actual != *"$expected"* ]]; then ok=1; fi ;;
    has-line) if [[ $'\n'$actual$'\n' == *$'\n'"$expected"$'\n'* ]]; then ok=1; fi ;;
    no-line) if [[ $'\n'$actual$'\n' != *$'\n'"$expected"$'\n'* ]]; then ok=1; fi ;;
    starts) if [[ $actual == "$expected"* ]]; then ok=1; fi ;;
    ends) if [[ $actual == *"$expected" ]]; then ok=1; fi ;;
    -eq | -ne | -lt | -le | -gt | -ge)
        if [[ $actual =~ ^-?[0-9]+$ && $expected =~ ^-?[0-9]+$ ]] &&
            test "$actual" "$op" "$expected"; then ok=1; fi
        ;;
    *) echo "assert: no such operator: $op" ;;
    esac
    if [ "$ok" = 1 ]; then return 0; fi
    if [ -n "$words" ]; then echo "-- $words"; fi
    printf -- '-- this is not so:  ACTUAL %s EXPECTED\n' "$op"
    if [ "$op" = == ] && [[ $actual == *$'\n'* && $expected == *$'\n'* ]]; then
        diff <(cat <<<"$expected") <(cat <<<"$actual") | sed 's/^/-- /' || true
    fi
    printf -- '-- actual:   %s\n' "$actual"
    printf -- '-- expected: %s\n' "$expected"
    return 1
}

# fail WORDS...: the test fails, saying why.
fail() {
    printf -- '-- %s\n' "$*"
    return 1
}

# wait_for CONDITION [SECONDS]
# Evaluates CONDITION (a string of shell) again and again until it is true; fails after SECONDS
# (default: as a command). This is how tests wait: never by a sleep that hopes to be long enough.
wait_for() {
    local condition=$1 seconds=${2:-$MC_TIMEOUT} begin=${EPOCHREALTIME/[.,]/} looks=0
    until eval "$condition"; do
        if waited_enough "$seconds" "$begin" "$looks"; then
            echo "-- waited $seconds s in vain for: $condition"
            return 1
        fi
        looks=$((looks + 1))
        nap
    done
}

nap() { sleep 0.02; }

# waited_enough SECONDS BEGIN LOOKS
# A virtual machine may be stopped for a minute, and its clock is then set on: what we wait for had
# no time at all. So SECONDS must have passed since BEGIN (microseconds), and we must have looked
# often enough for so long a time.
waited_enough() {
    ((${EPOCHREALTIME/[.,]/} - $2 >= $1 * 1000000 && $3 >= $1 * 5))
}

# ---------------------------------------------------------------------------------------------
# What a test needs
# ---------------------------------------------------------------------------------------------

# requires WORD...
# Skips the test where the machine or the person lacks WORD. Whether it is there is found by
# doing, in namespaces of our own. MC_MUST_RUN (words, or "all") turns skips into failures; "all"
# leaves out root, nonroot, plain and limits, which are about who tests, what, and on which machine.
# An unknown word fails.
requires() {
    local word rc
    for word; do
        rc=0
        probe "$word" >/dev/null 2>&1 3>&- 4>&- || rc=$?
        case $rc in
        0) continue ;;
        77) fail "requires: unknown word: $word" || return 1 ;;
        esac
        if must_run "$word"; then
            fail "$word is not here, and MC_MUST_RUN says that it must be" || return 1
        fi
        skip "$word is not here"
    done
}

must_run() {
    local must
    for must in ${MC_MUST_RUN//,/ }; do
        if [ "$must" = "$1" ]; then return 0; fi
        if [ "$must" = all ]; then
            case $1 in root | nonroot | plain | limits) ;; *) return 0 ;; esac
        fi
    done
    return 1
}

# All words, for the test that tries each.
REQUIRES_WORDS='root nonroot plain limits user userns subuid timens netns bridge cgroup2 overlay tty strace
busybox cc clang musl-gcc podman buildah runc crun umoci skopeo docker-registry docker-compose
podman-compose zstd make git ip ping ps ss curl perl python3 findmnt nsenter ipcs hostname parallel
newuidmap mandoc man apparmor_parser bash-completion'

probe() {
    case $1 in
    root) [ "$(id -u)" = 0 ] && unshare --uts true ;;
    nonroot) [ "$(id -u)" != 0 ] ;;
    # Not a sanitizer build, which makes system calls and holds descriptors of its own.
    plain) ! grep -q __asan_init "$MC" ;;
    # Who runs the tests may make a cgroup with limits: v2, and a part of the tree that is ours.
    limits) own_cgroups >/dev/null ;;
    user) [ "$(as_user id -u)" != 0 ] && as_user test -x "$MC" ;;
    userns) as_user unshare --user --map-root-user --mount true ;;
    subuid) as_user sh -c 'command -v newuidmap && unshare --map-auto --map-root-user true' ;;
    timens) as_user unshare --user --map-root-user --time true ;;
    netns) as_user unshare --user --map-root-user --net true ;;
    # A bridge and a cable: both may be modules of the kernel that this machine lacks.
    bridge) as_user unshare --user --map-root-user --net sh -c 'ip link add b0 type bridge &&
        ip link add v0 master b0 type veth peer name v1' ;;
    cgroup2) as_user unshare --user --map-root-user --mount --cgroup \
        mount -t cgroup2 none /mnt ;;
    overlay) as_user unshare --user --map-root-user --mount sh -c 'mount -t tmpfs none /mnt &&
        mkdir /mnt/l /mnt/u /mnt/w /mnt/m &&
        mount -t overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w o /mnt/m' ;;
    tty) [ "$(script -qec 'test -t 0 && echo yes' /dev/null </dev/null)" = $'yes\r' ] ;;
    strace) strace -f -o /dev/null true ;;
    # One program that needs no library, and so can be an image by itself.
    busybox) busybox true && ! ldd "$(command -v busybox)" ;;
    cc | clang | musl-gcc)
        echo 'int main(void) { return 0; }' >"$MC_STATE/probe.c"
        "$1" -o "$MC_STATE/probe" "$MC_STATE/probe.c" && "$MC_STATE/probe"
        ;;
    make | git | curl | perl | python3 | findmnt | nsenter | ps | parallel | zstd) "$1" --version ;;
    # Others of the field: they read our images, and we read theirs.
    podman | buildah | runc | umoci | skopeo | docker-registry | docker-compose) "$1" --version ;;
    podman-compose) podman-compose --help ;; # its --version asks podman
    crun) crun --root "$MC_STATE/crun" --version ;; # else it makes /run/crun
    ip | ping | ss) "$1" -V ;;
    ipcs) ipcs -q ;;
    newuidmap) command -v newuidmap ;;
    # (A system that was made small has a man that only says so.)
    mandoc | man)
        echo '.TH PROBE 1' >"$MC_STATE/probe.1"
        if [ "$1" = man ]; then set -- man --local-file; fi
        "$@" "$MC_STATE/probe.1" | grep 'PROBE(1)'
        ;;
    apparmor_parser) PATH=$PATH:/usr/sbin apparmor_parser --version ;;
    bash-completion) [ -e /usr/share/bash-completion/bash_completion ] ;;
    hostname) hostname ;;
    *) return 77 ;;
    esac
}

# own_cgroups: the directories, from our own cgroup up to the root of the tree of v2, in which we may
# make others, with memory, cpu and pids to be had. Fails where there is none.
own_cgroups() {
    local top=/sys/fs/cgroup dir found=1
    [ "$(stat -fc %T "$top")" = cgroup2fs ] || return 1
    dir=$top$(sed -n 's/^0:://p' /proc/self/cgroup)
    while [ "${#dir}" -ge "${#top}" ]; do
        # By doing: root may write everywhere, but not where it is mounted read-only.
        if mkdir "$dir/mc-probe.$$" 2>/dev/null && rmdir "$dir/mc-probe.$$" &&
            [[ "$(<"$dir/cgroup.controllers")" =~ cpu\ .*memory.*pids ]]; then
            echo "$dir"
            found=0
        fi
        dir=${dir%/*}
    done
    return "$found"
}

# The program ./deny, for which see deny.c.
build_deny() {
    requires cc
    call "${CC:-cc}" -std=c11 -O1 -o deny "$BATS_TEST_DIRNAME/deny.c"
    chmod 0755 deny
}

# build_static NAME: for setup_file. NAME.c, as small as can be, and able to run in any root.
build_static() {
    local to=$BATS_FILE_TMPDIR/$1 from=$BATS_TEST_DIRNAME/$1.c
    chmod 0755 "$BATS_FILE_TMPDIR"
    { musl-gcc -std=c11 -O1 -static -s -o "$to" "$from" ||
        "${CC:-cc}" -std=c11 -O1 -static -s -o "$to" "$from"; } >"$to.log" 2>&1 || true
}

# need_static NAME: in a test. ./NAME is there, or the test is skipped.
need_static() {
    requires cc
    if [ ! -x "$BATS_FILE_TMPDIR/$1" ]; then
        cat "$BATS_FILE_TMPDIR/$1.log"
        [ -z "${MC_MUST_RUN-}" ] ||
            fail "$1.c cannot be built, and MC_MUST_RUN is set" || return 1
        skip "$1.c cannot be built: no static libc here"
    fi
    cp "$BATS_FILE_TMPDIR/$1" .
}

# ---------------------------------------------------------------------------------------------
# The host before and after
# ---------------------------------------------------------------------------------------------

# fingerprint: what of this machine our program could change, as one text. Compare two of them:
#   before=$(fingerprint); mc run -- true; assert "$(fingerprint)" == "$before"
# Processes are those that this test started by mc, call or pty (and their descendants in the
# same session); "fingerprint suite" is for setup_suite.bash and takes those of all tests.
fingerprint() {
    local sessions=$MC_STATE/sessions
    if [ "${1-}" = suite ]; then sessions=$BATS_SUITE_TMPDIR/sessions; fi
    echo "[mounts]"
    cat /proc/self/mountinfo
    echo "[names]"
    cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname
    echo "[interfaces]"
    sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev | sort
    ip -o addr 2>/dev/null | awk '{ print $2, $3, $4 }'
    echo "[cgroups]"
    cgroup_directories
    echo "[ipc]"
    awk 'FNR > 1 { print FILENAME, $1, $2 }' /proc/sysvipc/msg /proc/sysvipc/sem
    echo "[processes]"
    session_processes "$sessions"
    if [ "${1-}" = suite ]; then
        echo "[temporary files]"
        find /tmp /dev/shm /run "${XDG_RUNTIME_DIR:-/run}" -maxdepth 1 -name '*minicontainer*' \
            2>/dev/null | sort -u
    else
        echo "[working directory]"
        find . -path ./.mc -prune -o -printf '%p %M %U %G %s\n' 2>/dev/null | sort
    fi
    echo "[terminal]"
    { stty -g </dev/tty; } 2>/dev/null || true
}

# Directories below our own cgroup (at the very top, where others live too, only the first
# level), and any that carries our name.
cgroup_directories() {
    local name path mount top=() own=()
    while IFS=: read -r _ name path; do
        for mount in "/sys/fs/cgroup/${name#name=}" /sys/fs/cgroup/unified /sys/fs/cgroup; do
            if [ "$mount" = /sys/fs/cgroup/ ] || [ ! -d "$mount$path" ]; then continue; fi
            if [ "$path" = / ]; then top+=("$mount"); else own+=("$mount$path"); fi
        done
    done </proc/self/cgroup
    {
        find /sys/fs/cgroup -maxdepth 6 -type d -name '*minicontainer*'
        if [ "${#top[@]}" -gt 0 ]; then
            find "${top[@]}" -mindepth 1 -maxdepth 1 -type d ! -name '*.*'
        fi
        if [ "${#own[@]}" -gt 0 ]; then find "${own[@]}" -mindepth 1 -type d; fi
    } 2>/dev/null | sort -u | without_the_living
}

# Another test may have a container with limits just now: what has the number of a living process
# in its name is no leftover, nor is then what says which controllers were switched on.
without_the_living() {
    local dir pid others=0 marks=()
    while read -r dir; do
        pid=${dir##*/minicontainer-} pid=${pid%%/*}
        case $dir in
        */minicontainer-switched-on-*) marks+=("$dir") ;;
        */minicontainer-[0-9]*) if [ -d "/proc/$pid" ]; then others=1; else echo "$dir"; fi ;;
        *) echo "$dir" ;;
        esac
    done
    if [ "$others" = 0 ] && [ "${#marks[@]}" -gt 0 ]; then printf '%s\n' "${marks[@]}"; fi
}

# Live processes whose session is in FILE: "pid name". Zombies count as gone.
session_processes() {
    local stat pid name state sid rest start leader
    local -A ours=()
    if [ ! -s "$1" ]; then return 0; fi
    while read -r sid start; do ours[$sid]=${start:-any}; done <"$1"
    for stat in /proc/[0-9]*/stat; do
        # A process may end while we look.
        { read -r rest <"$stat"; } 2>/dev/null || continue
        pid=${rest%% *}
        name=${rest#*\(}
        name=${name%\)*}
        # After the name, in brackets: state ppid pgrp session
        rest=${rest##*\) }
        state=${rest%% *}
        rest=${rest#* * * }
        sid=${rest%% *}
        if [ "$state" = Z ] || [ "$state" = X ]; then continue; fi
        start=${ours[$sid]-}
        if [ -z "$start" ]; then continue; fi
        leader=$(started "$sid")
        if [ "$start" != any ] && [ -n "$leader" ] && [ "$leader" != "$start" ]; then continue; fi
        echo "$pid $name"
    done
}

# no_process_left [SECONDS]: nothing that this test started by mc, call or pty is alive.
no_process_left() {
    # shellcheck disable=SC2016  # wait_for evaluates it
    wait_for '[ -z "$(session_processes "$MC_STATE/sessions")" ]' "${1-}" || {
        session_processes "$MC_STATE/sessions"
        return 1
    }
}

# kill_left: the end of what this test has left alive. (A number that was noted may be somebody
# else's by now: so it is not what a test kills when it ends.)
kill_left() {
    local pid
    for pid in $(session_processes "$MC_STATE/sessions" | cut -d ' ' -f 1); do
        kill -KILL "$pid" 2>/dev/null || true
    done
}

# kept_store WHO COMMAND...: the store of that person below $XDG_DATA_HOME. COMMAND makes it once for
# all tests of a file; then it is copied, with its owners. $store is where.
kept_store() {
    local who=$1 kept=$BATS_FILE_TMPDIR/store-$1
    shift
    requires userns overlay
    store=$XDG_DATA_HOME/minicontainer
    $who mkdir -p "$XDG_DATA_HOME"
    if [ -d "$kept" ]; then
        cp -a "$kept" "$store"
    else
        "$@"
        cp -a "$store" "$kept.$BASHPID"
        mv -T "$kept.$BASHPID" "$kept" 2>/dev/null || rm -rf "$kept.$BASHPID"
    fi
}

# make_base WHO: the image base of lessons/15-layers. (The script comes by stdin: the user might not be
# able to read it.)
make_base() { $1 call sh -s <"$TOP/lessons/15-layers/make-base"; }

# build_base WHO PROGRAM...: the image base of these programs of the machine, and of what else is in
# make/root.
build_base() {
    local who=$1 name
    shift
    mkdir -p make/root/bin
    for name in "$@"; do cp -L "$(type -P "$name")" make/root/bin; done
    ldd make/root/bin/* | grep -o '/[^ ]*' | grep -v : | sort -u | while read -r name; do
        mkdir -p "make/root${name%/*}"
        cp -L "$name" "make/root$name"
    done
    printf 'FROM scratch\nCOPY root /\nENV PATH=/bin\nCMD ["/bin/sh"]\n' >make/Dockerfile
    chmod -R a+rX make
    $who mc build -t base make
}

# What a test that failed has left running in its stores ends, by the program itself.
remove_containers() {
    local who dir
    for who in $(people); do
        export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$who
        for dir in "$XDG_DATA_HOME"/minicontainer/containers/*/; do
            [ -d "$dir" ] || continue
            $who "$MC" rm -f "$(basename "$dir")" 2>/dev/null || true
        done
    done
}
