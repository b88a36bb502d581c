#!/usr/bin/env bash
#
# torture.bash -- every system call of the program fails once, and it is killed at each of them.
#
#   tests/torture.bash                      make torture: every scenario, a share of its faults
#   TORTURE=full tests/torture.bash         all of them, and each call by every error
#   tests/torture.bash --of SCENARIO        only this one, the whole of it (TORTURE=full as well)
#   tests/torture.bash --quick [SCENARIO]   each kind of call once in each process, by EPERM; and
#                                           lies to `run`
#   tests/torture.bash --list               the scenarios
#   tests/torture.bash --census SCENARIO    which calls it makes: how often, by which process
#   tests/torture.bash --one SCENARIO PROCESS:CALL:NUMBER:ERROR
#                                           one fault, and what it changed
#
# The share is chosen by the commit, so that it is another one with each, and the same when it is
# tried again; SEED=WORD chooses by that word, TORTURE=I/N is share I of N.
#
# A scenario is a command line of the program; fault.c makes the calls fail and judges: its head says
# how, and what the words mean. As root everything happens in throw-away namespaces, so that a fault
# that would change the machine changes only those, and is found; and each scenario is tried as root
# and as an ordinary user (uid MC_USER, 1000). An ordinary user tries it as themselves.
# MC=PROGRAM tries another build; PEOPLE=root or user only one of them.
#
# The closing line counts faults: a passed one is one whose outcome was right.

set -u -o pipefail
umask 022
export LC_ALL=C

HERE=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
MC=${MC:-$HERE/../minicontainer}
ORDINARY=$(id -u "${MC_USER:-1000}" 2>/dev/null || echo 1000)
ERRORS=EPERM,ENOMEM,ENOSYS,EINTR,KILL
# Time for one fault to end. What has not ended then counts as hung, so it is far more than a busy
# machine needs.
PATIENCE=60
SHARES=3
# The name a scenario goes by, how it is tried, what must be running (- nothing), and its command
# line. @BOX is the directory with the program, @PID the container or lab that is running; "fault
# report" says what it is in.
#   all     each call by each of the errors         some    each call by EPERM, and killed there
#   quick   each kind of call once in each process, by EPERM and killed there; thin: by EPERM
#   kinds   all calls of a kind by ENOSYS at once   lies    what isolates does nothing, and says 0
# A share is taken of the first four; TORTURE=full makes them "all".
SCENARIOS='
run            all   -   @BOX/minicontainer run -v @BOX/lessons:/mnt:ro -- /mnt/fault report
lab            some  -   @BOX/minicontainer lab /root/lessons/fault report
compare-row    quick -   @BOX/minicontainer compare uts -- sh -c "hostname oops; hostname"
compare        quick -   @BOX/minicontainer compare
exec           some  run @BOX/minicontainer exec @PID /mnt/fault report
exec-lab       quick lab @BOX/minicontainer exec lab /root/lessons/fault report
look           all   -   @BOX/minicontainer look --porcelain
doctor         thin  -   @BOX/minicontainer doctor --porcelain
run-options    quick -   @BOX/minicontainer run --init --read-only -w /tmp -e A=b --hostname h -v @BOX/lessons:/mnt:ro -v @BOX:/srv/a/b -- /mnt/fault report
run-privileged thin  -   @BOX/minicontainer run --privileged -v @BOX/lessons:/mnt:ro -- /mnt/fault report
run-image      quick -   @BOX/minicontainer run --image @BOX/image -- /fault report
run-no-net     thin  -   @BOX/minicontainer run --no-net -v @BOX/lessons:/mnt:ro -- /mnt/fault report
run-no-pid     some  -   @BOX/minicontainer run --no-pid -v @BOX/lessons:/mnt:ro -- /mnt/fault report
run-explain    quick -   @BOX/minicontainer run --explain -v @BOX/lessons:/mnt:ro -- /mnt/fault report
only-none      some  -   @BOX/minicontainer run --only none -- @BOX/lessons/fault report
only-user-uts  some  -   @BOX/minicontainer run --only user,uts -- @BOX/lessons/fault report
only-proc      quick -   @BOX/minicontainer run --only user,mnt,pid,proc -- @BOX/lessons/fault report
only-walls     quick -   @BOX/minicontainer run --only user,caps,seccomp,time -- @BOX/lessons/fault report
chroot         thin  -   @BOX/minicontainer run --no-mnt --image @BOX/image -- /fault report
compare-caps   thin  -   @BOX/minicontainer compare caps -- sh -c "grep Cap /proc/self/status"
run            kinds -   @BOX/minicontainer run -v @BOX/lessons:/mnt:ro -- /mnt/fault report
lab            kinds -   @BOX/minicontainer lab /root/lessons/fault report
exec           kinds run @BOX/minicontainer exec @PID /mnt/fault report
run            lies  -   @BOX/minicontainer run -v @BOX/lessons:/mnt:ro -- /mnt/fault report
lab            lies  -   @BOX/minicontainer lab /root/lessons/fault report
compare-row    lies  -   @BOX/minicontainer compare uts -- sh -c "hostname oops; hostname"
exec           lies  run @BOX/minicontainer exec @PID /mnt/fault report
only-proc      lies  -   @BOX/minicontainer run --only user,mnt,pid,proc -- @BOX/lessons/fault report
'

# ---------------------------------------------------------------------------------------------
# In the throw-away namespaces: this script calls itself with --inside
# ---------------------------------------------------------------------------------------------

# The words of a command line, with @BOX and @PID replaced, into the array $words.
command_line() { # LINE PID
    local line=${1//@BOX/$BOX}
    eval "words=(${line//@PID/$2})"
}

# A container or a lab of the person, to be entered; sets $target to its supervisor's PID.
start_target() { # KIND UID
    local words who=()
    if [ "$2" != 0 ] && [ "$(id -u)" = 0 ]; then
        who=(setpriv --reuid "$2" --regid "$2" --clear-groups)
    fi
    case $1 in
    run) command_line '@BOX/minicontainer run -v @BOX/lessons:/mnt:ro -- /mnt/fault hold' 0 ;;
    lab) command_line '@BOX/minicontainer lab /root/lessons/fault hold' 0 ;;
    esac
    "${who[@]}" "${words[@]}" </dev/null >ready 2>target.log &
    target=$!
    until [ -s ready ]; do
        kill -0 "$target" 2>/dev/null || { cat target.log >&2; return 1; }
        sleep 0.02
    done
    rm -f ready target.log
}

inside() { # UID TARGET LINE FAULT-ARGS...
    local uid=$1 target=0 words who=() watched=/root,/tmp status=0
    BOX=${TORTURE_BOX:?}
    if [ "$(id -u)" = 0 ]; then
        mount --bind "$BOX" /mnt
        BOX=/mnt
        mount -t tmpfs -o mode=1777 none /tmp
        mount -t tmpfs -o mode=1777 none /root
        mkdir -m 1777 /tmp/cwd
        cd /tmp/cwd || return 2
        who=(-u "$uid")
    else
        watched=$PWD
    fi
    export HOME=$PWD
    if [ "$2" != - ]; then start_target "$2" "$uid" || return 2; fi
    command_line "$3" "$target"
    shift 3
    "$BOX/lessons/fault" "${who[@]}" -d "$watched" "$@" "${words[@]}" </dev/null || status=$?
    # The target must have outlived it all; then it is ended, in case no PID namespace of ours does that.
    if [ "$target" != 0 ] && ! kill "$target"; then
        echo "left	the container that was entered is gone	0	"
    fi
    wait
    return "$status"
}

if [ "${1-}" = --inside ]; then
    shift
    inside "$@"
    exit
fi

# ---------------------------------------------------------------------------------------------
# One scenario
# ---------------------------------------------------------------------------------------------

# apart UID TARGET LINE FAULT-ARGS...
apart() {
    if [ "$(id -u)" = 0 ]; then
        unshare --mount --pid --fork --kill-child --mount-proc --ipc --net --uts \
            bash "$HERE/torture.bash" --inside "$@"
    else
        (cd "$(mktemp -d "$WORK/cwd.XXXXXX")" && exec bash "$HERE/torture.bash" --inside "$@")
    fi
}

# The arguments of fault for a manner
manner() { # HOW NAME
    case $1 in
    all) args=(-e "$ERRORS") ;;
    some) args=(-e "EPERM,KILL") ;;
    quick) args=(-r -e "EPERM,KILL") ;;
    thin) args=(-r -e EPERM) ;;
    kinds) args=(-e ENOSYS) ;;
    lies) args=(-e LIE) ;;
    esac
    args+=(-s "$PATIENCE")
    case $2 in
    doctor) args+=(-t) ;;
    look | compare) args+=(-l) ;;
    esac
    if [ "$1" = kinds ]; then args+=(kinds); else args+=(sweep); fi
}

build() {
    local source=$HERE/fault.c
    mkdir -p "$WORK/box/lessons" "$WORK/box/image"/{proc,sys,dev,tmp,etc}
    echo '#include <sys/syscall.h>' | "${CC:-cc}" -E -dM - |
        sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/{ "\1", __NR_\1 },/p' >"$WORK/calls.h"
    "${CC:-cc}" -std=gnu11 -O1 -static -I "$WORK" -o "$WORK/box/lessons/fault" "$source" ||
        "${CC:-cc}" -std=gnu11 -O1 -I "$WORK" -o "$WORK/box/lessons/fault" "$source" || return 1
    cp "$WORK/box/lessons/fault" "$WORK/box/image/fault"
    cp "$MC" "$WORK/box/minicontainer" || return 1
    chmod -R a+rX "$WORK"
    export TORTURE_BOX=$WORK/box
}

# The line of a scenario that is called NAME; sets $how, $target, $line
scenario() { # NAME
    local name
    while read -r name how target line; do
        if [ "$name" = "$1" ]; then return 0; fi
    done <<<"$SCENARIOS"
    echo "there is no scenario \"$1\"; see --list" >&2
    return 1
}

uid_of() { if [ "$1" = root ]; then echo 0; else echo "$ORDINARY"; fi; }

# Two halves at a time, of all of it or of $share; the lines of both into FILE.
try_scenario() { # NAME PERSON HOW TARGET LINE FILE
    local uid args half halves=2 name=$1 part=0 parts=1
    shift
    uid=$(uid_of "$1")
    manner "$2" "$name"
    case $2 in
    all | some | quick | thin) if [ -n "$share" ]; then part=${share%/*} parts=${share#*/}; fi ;;
    esac
    # Without namespaces around them, `exec lab` of one half could find the lab of the other.
    if [ "$(id -u)" != 0 ] && [ "$3" != - ]; then halves=1; fi
    for ((half = 0; half < halves; half++)); do
        apart "$uid" "$3" "$4" -x -p "$((part * halves + half))/$((parts * halves))" "${args[@]}" \
            >"$5.$half" 2>"$5.$half.err" &
    done
    wait
    cat "$5".[01] >"$5"
    cat "$5".[01].err >"$5.err"
    rm -f "$5".[01] "$5".[01].err
    if [ -s "$5.err" ]; then cat "$5.err"; return 1; fi
}

# ---------------------------------------------------------------------------------------------
# Counting
# ---------------------------------------------------------------------------------------------

count() { awk -F'\t' -v words=" $2 " 'index(words, " " $1 " ") { n++ } END { print n + 0 }' "$1"; }

row() { printf '%-15s %-5s %-5s %8s %6s %8s %6s %5s %6s %6s %6s %6s\n' "$@"; }

# failed well: by a message that names the call, an error, or a cause. poorer: it works, with a fact
# less in what it tells, or after a lie. badly: without a word, without a reason, by an odd status.
heading() {
    row "" "" "" faults failed survived or hung left silent badly missed
    row scenario as how injected well "" poorer "" behind "" failed ""
}

sum=(0 0 0 0 0 0 0 0 0)
table_row() { # NAME PERSON HOW FILE
    local n i
    n=("$(count "$4" 'survived poorer deceived failed hung left silent mute vague odd')"
        "$(count "$4" failed)" "$(count "$4" survived)" "$(count "$4" 'poorer deceived')"
        "$(count "$4" hung)"
        "$(count "$4" left)" "$(count "$4" silent)" "$(count "$4" 'mute vague odd')"
        "$(count "$4" missed)")
    for i in "${!n[@]}"; do sum[i]=$((sum[i] + n[i])); done
    row "$1" "$2" "$3" "${n[@]}"
    # What was not right, with the line to repeat it.
    awk -F'\t' -v name="$1" -v as="$2" '
        /^  / { if (bad && shown++ < 6) print "    " substr($0, 1, 150); next }
        { bad = $1 ~ /^(hung|left|silent|mute|vague|odd)$/; shown = 0 }
        bad && ++lines > 40 { bad = 0 }
        bad { printf "  %s: PEOPLE=%s tests/torture.bash --one %s %s   status %s %s\n", $1, as, name,
              $2, $3, $4 }
        END { if (lines > 40) print "  ... and " lines - 40 " more" }' "$4"
}

# ---------------------------------------------------------------------------------------------
# The oldest kernel, and the machine itself
# ---------------------------------------------------------------------------------------------

# What came after mount_setattr(2), the last that the program may need: a kernel of 5.12 has none of
# them. By strace(1), on the program and all its children; the numbers are those that it knows.
LATER=443,444,445,446,447,448,449,450

old_kernel() { # PERSON LINE: the same report as without
    local words said want uid
    local who=()
    uid=$(uid_of "$1")
    if [ "$(id -u)" = 0 ] && [ "$uid" != 0 ]; then
        who=(setpriv --reuid "$uid" --regid "$uid" --clear-groups)
    fi
    BOX=$WORK/box
    command_line "$2" 0
    want=$(cd "$WORK/box" && "${who[@]}" "${words[@]}" 2>&1 </dev/null | grep -v '^ns ')
    said=$(cd "$WORK/box" && timeout "$((PATIENCE * 2))" strace -f -qq -o /dev/null -e signal=none \
        -e inject="$LATER":error=ENOSYS "${who[@]}" "${words[@]}" 2>&1 </dev/null | grep -v '^ns ')
    if [ "$said" = "$want" ] && [ -n "$want" ]; then return 0; fi
    diff <(echo "$want") <(echo "$said") | head -n 8
    return 1
}

fingerprint() {
    cat /proc/self/mountinfo /proc/sysvipc/* /proc/net/route
    hostname 2>/dev/null
    ls /sys/class/net
    find /sys/fs/cgroup -maxdepth 4 -name 'minicontainer*' 2>/dev/null
}

# ---------------------------------------------------------------------------------------------
# The work
# ---------------------------------------------------------------------------------------------

if [ "${1-}" = --list ]; then
    echo "$SCENARIOS" | awk 'NF'
    exit
fi
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mc-torture.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
chmod 0755 "$WORK"
if ! command -v "${CC:-cc}" >/dev/null; then
    echo "skipped: no C compiler here"
    echo "0 passed, 0 failed, 1 skipped"
    exit
fi
build || exit 2
if [ "$(id -u)" = 0 ]; then PEOPLE=${PEOPLE:-root user}; else PEOPLE=user; fi

case ${1-} in
--census)
    scenario "${2-}" || exit 2
    apart "$(uid_of "${PEOPLE%% *}")" "$target" "$line" census | cut -f 1,2 | sort | uniq -c
    exit
    ;;
--one)
    scenario "${2-}" || exit 2
    manner all "$2"
    apart "$(uid_of "${PEOPLE%% *}")" "$target" "$line" "${args[@]:0:${#args[@]} - 1}" one "${3-}"
    exit
    ;;
--of) scenario "${2-}" && quick='' wanted=${2-} || exit 2 ;;
--quick) quick=quick wanted=${2-} ;;
'') quick='' wanted='' ;;
*)
    sed -n '2,24s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac

# Which share: empty is all of it.
share=
case ${TORTURE-} in
full) ;;
[0-9]*/[1-9]*) share=$TORTURE ;;
*)
    if [ -z "$quick$wanted" ]; then
        SEED=${SEED:-$(git -C "$HERE" rev-parse HEAD 2>/dev/null || echo none)}
        share=$(cksum <<<"$SEED" | awk -v n="$SHARES" '{ print $1 % n "/" n }')
    fi
    ;;
esac
if [ -n "$share" ]; then
    echo "share $share of the faults${SEED:+, by SEED=$SEED};" \
        "all of them, and more: make torture TORTURE=full"
fi

before=$(fingerprint)
extra_failed=0 extra_passed=0 skipped=0
heading
while read -r name how target line; do
    if [ -z "$name" ] || { [ -n "$wanted" ] && [ "$name" != "$wanted" ]; }; then continue; fi
    case $quick-$how in
    quick-kinds) continue ;;
    quick-lies) if [ -n "$wanted" ] || [ "$name" != run ]; then continue; fi ;;
    quick-*) how=thin ;;
    -all | -some | -quick | -thin) if [ "${TORTURE-}" = full ]; then how=all; fi ;;
    esac
    for person in $PEOPLE; do
        # chroot(2) needs privilege outside of a container
        if ! try_scenario "$name" "$person" "$how" "$target" "$line" "$WORK/log"; then
            echo "  $name as $person: it does not work without a fault either"
            extra_failed=$((extra_failed + 1))
            continue
        fi
        table_row "$name" "$person" "$how" "$WORK/log"
        if [ -n "${KEEP-}" ]; then cp "$WORK/log" "$KEEP/$name.$person.$how"; fi
    done
done <<<"$SCENARIOS"
row all "" "" "${sum[@]}"

if [ -z "$wanted" ] && command -v strace >/dev/null; then
    for person in $PEOPLE; do
        scenario run
        if old_kernel "$person" "$line"; then
            extra_passed=$((extra_passed + 1))
        else
            echo "  a kernel of 5.12, as $person: it needs a call that came later"
            extra_failed=$((extra_failed + 1))
        fi
    done
elif [ -z "$wanted" ]; then
    echo "skipped: strace is not here"
    skipped=1
fi
if [ "$(fingerprint)" = "$before" ]; then
    extra_passed=$((extra_passed + 1))
else
    echo "the machine is not as before:"
    diff <(echo "$before") <(fingerprint)
    extra_failed=$((extra_failed + 1))
fi
bad=$((sum[4] + sum[5] + sum[6] + sum[7] + extra_failed))
echo "took $SECONDS s"
echo "$((sum[1] + sum[2] + sum[3] + extra_passed)) passed, $bad failed, $((sum[8] + skipped)) skipped"
[ "$bad" = 0 ] && [ "${sum[0]}" -gt 0 ]
