#!/usr/bin/env bats
#
# 14 LIMITS: memory, processor and number of processes, by cgroup v2.
#
# How a limit is written, and where it is refused, is tried everywhere. What it does needs a machine
# with cgroup v2, and a part of its tree that is ours (`requires limits`): most laptops for root, and
# for an ordinary user under systemd; the small machines of tests/kernels.bash for both.

load helpers
load probe

setup_file() { build_probe; }

# ---------------------------------------------------------------------------------------------
# How it is written
# ---------------------------------------------------------------------------------------------

# VALUE is no limit for OPTION: nothing is run.
refused() { # OPTION VALUE
    mc -125 run "$1=$2" -- echo it ran
    assert "$output" == ""
    assert "$stderr" starts "minicontainer: $1 \"$2\": wants a "
}

# VALUE is one: whatever this machine then says, it is not that.
taken() { # OPTION VALUE
    mc -any run "$1=$2" -- true
    assert "$stderr" lacks ": wants a "
    if [ "$status" != 0 ]; then assert "$stderr" =~ 'minicontainer: (limits: |put|note: it went over)'; fi
}

@test "--memory: a size of 6M and more, with one unit" {
    local value
    for value in 0 5M 5.9m 6143k 6291455 -50M +50M 50x 50MB 50mb 1e9 inf nan 0x7000000 ' 50M' '50M ' \
        '50 M' 1.5.5G . M '' 1000000000000000000g 99999999999999999999999999 50M,60M; do
        refused --memory "$value"
    done
    for value in 6M 6144k 6291456 6291456B 1g .5g; do
        taken --memory "$value"
    done
}

@test "--cpus: a part of the processors, of a hundredth and more" {
    local value
    for value in 0 0.001 -1 +1 abc 1e1 1,5 50% 5000000 2m inf '' ' 1'; do refused --cpus "$value"; done
    for value in 0.01 .5 64; do taken --cpus "$value"; done
}

@test "--pids-limit: a whole number of 1 and more" {
    local value
    for value in 0 -1 1.5 1. 1k 4194305 99999999999999999999 ten ''; do
        refused --pids-limit "$value"
    done
    for value in 2 4194304; do taken --pids-limit "$value"; done
}

@test "the ways to write an option: -m, joined or not, and the last one counts" {
    mc -125 run -m 5M -- true
    assert "$stderr" contains '-m "5M"'
    mc -125 run -m5M -- true
    assert "$stderr" contains '-m "5M"'
    mc -125 run --memory 50M --memory 5M -- true
    assert "$stderr" contains '--memory "5M"'
    mc -125 run --memory
    assert "$stderr" contains '--memory "": wants a size'
}

@test "a limit belongs to its row: with the row off it is refused, with what to type" {
    local option
    for option in --memory=50M --cpus=1 --pids-limit=9; do
        mc -125 run --no-limits "$option" -- true
        assert "$stderr" =~ "^minicontainer: ${option%%=*}( -m)?: the isolation limits is off"
        mc -125 run --only user,uts "$option" -- true
        assert "$stderr" contains "  try:    minicontainer run --only uts,user,limits"
        mc -125 exec "$option" lab
        assert "$stderr" contains "exec sets the isolations itself"
    done
}

# ---------------------------------------------------------------------------------------------
# No limit, and where there can be none
# ---------------------------------------------------------------------------------------------

@test "no limit given: no cgroup is touched, and nothing of them is read" {
    requires userns strace plain
    local who
    for who in $(people); do
        $who call strace -f -qq -o trace.txt -e trace=open,openat,mkdir,mkdirat,rmdir,unlinkat,clone3 \
            minicontainer run --no-cgroup -- true
        assert "$(grep -E '/sys/fs/cgroup|CLONE_INTO_CGROUP|minicontainer-' trace.txt)" == ""
        $who rm -f trace.txt
    done
}

# Refused by the first line $1 with cause $2 and cure $3; nothing is run and nothing is touched.
refused_here() { # FIRST CAUSE CURE COMMAND...
    local first=$1 cause=$2 cure=$3 before
    shift 3
    before=$(fingerprint)
    "$@" mc -125 run --pids-limit 20 -- echo it ran
    assert "$output" == ""
    assert "$stderr" == "minicontainer: limits: $first
  cause:  $cause
  cure:   $cure"
    "$@" mc -125 run --memory 50M -- true
    "$@" mc -125 run --cpus 0.5 --no-pid -- true
    "$@" mc -125 lab --pids-limit 50 true
    assert "${stderr_lines[0]}" == "minicontainer: limits: $first"
    "$@" mc -125 compare limits -- true
    assert "${stderr_lines[0]}" == "minicontainer: limits: $first"
    no_process_left
    assert "$(fingerprint)" == "$before"
}

@test "cgroup v1, or both at once: refused, the cause and the cure, nothing is touched" {
    requires user userns
    if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || [ ! -d /sys/fs/cgroup/unified ] &&
        [ ! -d /sys/fs/cgroup/pids ]; then
        skip "this is not such a machine"
    fi
    local who
    for who in $(people); do
        refused_here "/sys/fs/cgroup is not cgroup v2, or not alone" \
            "a lab or a container around us; an older system; WSL 2" \
            "try it outside; or boot with systemd.unified_cgroup_hierarchy=1, in WSL: \
kernelCommandLine=cgroup_no_v1=all" "$who"
    done
}

@test "cgroup v1: not one file of the tree is opened for writing" {
    requires userns strace plain
    if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then skip "cgroup v2 is here"; fi
    local who
    for who in $(people); do
        $who call -125 strace -f -qq -o trace.txt -e trace=all minicontainer run --memory 50M -- true
        assert "$(grep -E '/sys/fs/cgroup' trace.txt | grep -E 'O_WRONLY|O_RDWR|mkdir|rmdir')" == ""
        assert "$(grep -E 'clone3?\(.*CLONE_NEW' trace.txt)" == "" "no child was made"
        $who rm -f trace.txt
    done
}

@test "in a lab: refused, and why" {
    requires user userns
    local who
    for who in $(people); do
        $who mc -125 lab minicontainer run --pids-limit 20 -- echo it ran
        assert "$output" == ""
        assert "${stderr_lines[0]}" == \
            "minicontainer: limits: /sys/fs/cgroup is not cgroup v2, or not alone"
        assert "$stderr" contains "  cause:  a lab or a container around us"
        assert "$stderr" contains "  cure:   try it outside"
    done
}

@test "an ordinary user in root's part of the tree: refused, the cure is systemd-run" {
    requires root limits user userns
    if as_user test -w "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)"; then
        skip "the part is the user's"
    fi
    refused_here "no cgroup here is ours to write, with controllers on" \
        "no delegation: we stand in root's part of the tree" \
        "systemd-run --user --scope -p Delegate=yes bash" as_user
}

# ---------------------------------------------------------------------------------------------
# What a limit does
# ---------------------------------------------------------------------------------------------

# What is in the places where we may make cgroups ($homes): it must be so again afterwards. (Which
# controllers are on may differ: one that we switch on stays on, since another start may need it.)
# shellcheck disable=SC2086  # a list
state() { ls $homes; }

# A container in the background; sets $supervisor, $pid (of its first process) and $dir (its cgroup)
start() { # OPTION... -- COMMAND...
    ( remember_session; exec "$MC" run "$@" ) >out 2>err 3>&- 4>&- &
    supervisor=$!
    # shellcheck disable=SC2016  # wait_for evaluates it
    wait_for 'for dir in $homes; do
        dir=$dir/minicontainer-$supervisor
        if grep -q . "$dir/box/cgroup.procs" 2>/dev/null; then break; fi
        false
    done'
    read -r pid <"$dir/box/cgroup.procs"
}

finish() { # [SIGNAL]: end it, and wait
    kill "-${1-TERM}" "$supervisor" 2>/dev/null || true
    wait "$supervisor" 2>/dev/null || true
    # What is killed ends a little later; and its directory stays.
    # shellcheck disable=SC2016  # wait_for evaluates it
    if [ "${1-}" = KILL ]; then wait_for 'grep -qx "populated 0" "$dir/cgroup.events"'; fi
}

need_limits() {
    requires limits userns
    homes=$(own_cgroups)
    need_probe
    before=$(fingerprint)
    before_state=$(state)
}

# Nothing is left: no process, no directory.
nothing_left() {
    no_process_left
    assert "$(state)" == "$before_state"
    rm -f out err out.* err.*
    assert "$(fingerprint)" == "$before"
}

@test "memory: over the limit is killed, and it is said" {
    need_limits
    mc -137 run --memory 30M -- tail /dev/zero
    assert "$stderr" == "minicontainer: note: it went over --memory 30M: memory.events says oom_kill 1"
    # Somebody below PID 1: the command goes on, and says what it saw.
    mc run --memory 30M -- sh -c 'tail /dev/zero; echo "status $?"'
    assert "$output" has-line "status 137"
    assert "$stderr" has-line "minicontainer: note: it went over --memory 30M: memory.events says oom_kill 1"
    # The largest goes, and not the one that asked last.
    mc run --memory 30M -- sh -c 'tail /dev/zero; tail /dev/zero; echo "status $?"'
    assert "$output" has-line "status 137"
    assert "$stderr" has-line "minicontainer: note: it went over --memory 30M: memory.events says oom_kill 2"
    nothing_left
}

@test "memory: below the limit nothing is said, and without one there is none" {
    need_limits
    # tail keeps the last 40 MB in memory.
    local fill='head -c 60000000 /dev/zero | tail -c 40000000 | wc -c'
    mc run --memory 200M -- sh -c "$fill"
    assert "$output" == 40000000
    assert "$stderr" == ""
    mc run -- sh -c "$fill"
    assert "$output" == 40000000
    mc -any run --memory 20M -- sh -c "$fill"
    assert "$output" != 40000000
    assert "$stderr" contains "went over --memory 20M"
    nothing_left
}

@test "memory: files in the container's own tree count as well" {
    need_limits
    mc -any run --memory 20M -- sh -c 'head -c 60000000 /dev/zero >/tmp/file; wc -c </tmp/file'
    assert "$output" != 60000000
    assert "$stderr" contains "went over --memory 20M"
    mc run --memory 200M -- sh -c 'head -c 60000000 /dev/zero >/tmp/file; wc -c </tmp/file'
    assert "$output" == 60000000
    nothing_left
}

# How many forks of 40 come off in a container with these options.
forks() { # OPTION...
    mc run "$@" --volume "$PWD:/mnt:ro" -- /mnt/probe look 40
    forks=${output##*forks=}
}

@test "pids: exactly so many processes, and how many were refused is said" {
    need_limits
    local forks
    forks
    assert "$forks" == 40 "without a limit"
    assert "$stderr" == ""
    forks --pids-limit 10
    assert "$forks" == 8 "the probe itself, and an init of ours: ten"
    assert "$stderr" == "minicontainer: note: it went over --pids-limit 10: pids.events says max 1"
    forks --pids-limit 10 --no-init
    assert "$forks" == 9 "without an init"
    forks --pids-limit 10 --no-pid
    assert "$forks" == 8
    forks --pids-limit 42
    assert "$forks" == 40
    assert "$stderr" == "" "exactly enough"
    mc -any run --pids-limit 5 -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done'
    assert "$stderr" =~ "minicontainer: note: it went over --pids-limit 5: pids.events says max "[1-9]
    nothing_left
}

@test "pids: a fork bomb stays small, the machine goes on, and one signal ends it" {
    need_limits
    # It doubles until it cannot; it does nothing where no container is.
    cat >bomb <<'END'
[ "$container" = minicontainer ] || exit 1
b() { b & b & wait; }
b
END
    start --pids-limit 30 --volume "$PWD:/mnt:ro" -- sh /mnt/bomb
    # shellcheck disable=SC2016  # wait_for evaluates it
    wait_for 'grep -qE "^max [1-9]" "$dir/pids.events"'
    assert "$(<"$dir/pids.current")" -le 30
    assert "$(sh -c 'sh -c "echo we can"')" == "we can"
    finish
    assert "$(<err)" =~ "minicontainer: note: it went over --pids-limit 30: pids.events says max "[1-9]
    rm bomb
    nothing_left
}

@test "cpus: the kernel holds it back, and without a limit it does not" {
    need_limits
    start --cpus 0.1 -- sh -c 'while :; do :; done'
    assert "$(<"$dir/cpu.max")" == "10000 100000"
    # shellcheck disable=SC2016  # wait_for evaluates it
    wait_for 'grep -qE "^nr_throttled [1-9]" "$dir/cpu.stat"'
    finish KILL
    # As much work under a limit that is wide enough is not held back.
    start --cpus 64 --pids-limit 50 -- sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 60'
    # shellcheck disable=SC2016  # wait_for evaluates it
    wait_for 'grep -qx sleep "/proc/$(tail -n 1 "$dir/box/cgroup.procs")/comm"'
    assert "$(awk '$1 == "nr_throttled" { print $2 }' "$dir/cpu.stat")" == 0
    finish
    nothing_left
}

@test "outside: the files hold what was asked for, one step above the processes" {
    need_limits
    start --memory 50M --cpus 1.5 --pids-limit 20 -- sleep 100
    assert "$(<"$dir/memory.max") $(<"$dir/cpu.max") $(<"$dir/pids.max")" == \
        "52428800 150000 100000 20"
    if [ -e "$dir/memory.swap.max" ]; then assert "$(<"$dir/memory.swap.max")" == 0; fi
    assert "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" ends "/minicontainer-$supervisor/box"
    assert "$(cat "$dir/cgroup.procs")" == "" "nobody stands beside the limits"
    # The supervisor stays outside: it must be able to speak when the memory is full.
    assert "$(sed -n 's/^0:://p' "/proc/$supervisor/cgroup")" == \
        "$(sed -n 's/^0:://p' /proc/self/cgroup)"
    finish
    nothing_left
}

@test "inside: it does not see its limit, and cannot raise it" {
    need_limits
    mc run --pids-limit 10 --memory 50M -- cat /proc/self/cgroup
    assert "$output" == "0::/"
    # With all rights that a container of ours can be given, and a tree of its own to write in.
    # shellcheck disable=SC2016  # the container's shell
    mc run --pids-limit 10 --privileged --volume "$PWD:/mnt:ro" -- sh -c '
        mkdir /tmp/c && mount -t cgroup2 none /tmp/c || exit 1
        ls /tmp/c/*.max /sys/fs/cgroup/*.max 2>/dev/null
        for dir in /tmp/c /sys/fs/cgroup; do
            for file in pids.max memory.max; do
                { echo max >"$dir/$file"; } 2>/dev/null && echo "wrote $dir/$file"
            done
            { echo "+pids" >"$dir/cgroup.subtree_control"; } 2>/dev/null && echo "+pids in $dir"
        done
        # A cgroup of its own making, if it can have one, is under the limit, and not left behind.
        mkdir /tmp/c/.hidden 2>/dev/null
        { mkdir -p /tmp/c/sub/below && echo $$ >/tmp/c/sub/cgroup.procs; } 2>/dev/null
        exec /mnt/probe look 40'
    assert "${output##*$'\n'}" =~ 'forks=8$' "the limit holds"
    assert "$output" lacks "wrote" "no limit was written"
    assert "$output" lacks ".max" "and none was in sight"
    nothing_left
}

@test "exec: a second window is under the same limits" {
    need_limits
    start --pids-limit 10 --volume "$PWD:/mnt:ro" -- sleep 100
    mc exec "$supervisor" -- /mnt/probe look 40
    # Of the ten: our init, the command, and what looks.
    assert "${output##*forks=}" -le 7
    assert "${output##*forks=}" -ge 5
    finish
    nothing_left
}

@test "look and compare: what is limited, and by how much" {
    need_limits
    cp "$MC" minicontainer
    mc run --pids-limit 20 --volume "$PWD:/mnt:ro" -- /mnt/minicontainer look --porcelain
    assert "$output" =~ $'(^|\n)limits\t[0-9:-]+\tnone in sight(\n|$)'
    mc compare limits
    assert "$output" contains "without limits"
    assert "$(grep '^exit status' <<<"$output")" =~ '^exit status 0 +\| exit status'
    rm minicontainer
    nothing_left
}

@test "told: each file is a shell line, and the child is born in its place" {
    need_limits
    mc run --explain --pids-limit 20 --memory 50M -- true
    assert "$stderr" =~ "parent shell echo '20' > /sys/fs/cgroup"[^$'\n']*/minicontainer-[0-9]+/pids.max
    assert "$stderr" =~ "parent shell echo '52428800' > /sys/fs/cgroup"[^$'\n']*/memory.max
    assert "$stderr" =~ 'parent call  mkdir\('[^$'\n']*'\[/sys/fs/cgroup'[^$'\n']*'/minicontainer-[0-9]+\]'
    assert "$stderr" =~ 'parent call  syscall\(SYS_clone3,'[^$'\n']*'CLONE_INTO_CGROUP\|SIGCHLD\]'
    nothing_left
}

# ---------------------------------------------------------------------------------------------
# Nothing is left
# ---------------------------------------------------------------------------------------------

@test "left: nothing, whatever way it ends" {
    need_limits
    mc run --memory 50M --cpus 1 --pids-limit 20 -- true
    nothing_left
    mc -3 run --pids-limit 20 -- sh -c 'exit 3'
    mc -127 run --pids-limit 20 -- no-such-command
    mc -125 run --pids-limit 20 --workdir /nowhere -- true
    mc -125 run --pids-limit 20 --volume /nowhere:/mnt -- true

    mc -any run --pids-limit 20 --no-pid -- sh -c 'setsid sleep 100 & exit 0'
    nothing_left
    local signal
    for signal in TERM INT HUP QUIT; do
        start --pids-limit 20 -- sleep 100
        finish "$signal"
    done
    nothing_left
}

@test "left: a controller that we switched on stays on, and nothing is switched off" {
    need_limits
    local dir now before_on=()
    for dir in $homes; do before_on+=(" $(<"$dir/cgroup.subtree_control") "); done
    mc run --memory 50M --cpus 1 --pids-limit 20 -- true
    local name i=0 all=0
    for dir in $homes; do
        now=" $(<"$dir/cgroup.subtree_control") "
        for name in ${before_on[i]}; do assert "$now" contains " $name " "$dir"; done
        for name in $now; do
            assert "${before_on[i]}memory cpu pids " contains " $name " "$dir: not asked for"
        done
        if [[ $now == *" cpu "* && $now == *" memory "* && $now == *" pids "* ]]; then all=1; fi
        i=$((i + 1))
    done
    assert "$all" == 1
    nothing_left
}

@test "left: a directory with our own number, of somebody who had it before, goes" {
    need_limits
    local dir
    # exec(2) keeps the number.
    call sh -c 'for dir in $1; do mkdir -p "$dir/minicontainer-$$/box"; done
        exec "$0" run --pids-limit 20 -- true' "$MC" "$homes"
    # Only where the limits go it is in the way.
    for dir in $homes; do
        rmdir "$dir"/minicontainer-*/box "$dir"/minicontainer-* 2>/dev/null || true
    done
    nothing_left
}

# In a group whose name looks like a pattern or an escape, as systemd writes names.
in_group() { # NAME COMMAND...
    local name=$1
    shift
    (
        echo "$BASHPID" >"$place/$name/leaf/cgroup.procs" && exec "$@"
    )
}

@test "a cgroup whose name has a backslash, a bracket, a star or a blank is one like others" {
    need_limits
    local name place='' dir
    # A place whose children have the controllers.
    for dir in $homes; do
        if [[ " $(<"$dir/cgroup.subtree_control") " =~ \ cpu\ .*memory.*pids ]]; then place=$dir; fi
    done
    if [ -z "$place" ]; then skip "no controllers are on in a cgroup of ours"; fi
    for name in 'app-mc\x2dtest.scope' 'mc[a-z]' 'mc * ?' 'mc~{a,b}'; do
        mkdir -p "$place/$name/leaf"
        # A living container there keeps its limit, whatever starts and ends beside it.
        in_group "$name" "$MC" run --pids-limit 20 -- sh -c 'echo up; exec sleep 100' >up 3>&- 4>&- &
        wait_for '[ -s up ]'
        dir=$(echo "$place/$name"/minicontainer-*)
        assert "$(<"$dir/pids.max")" == 20 "$name"
        in_group "$name" "$MC" run --pids-limit 30 -- sh -c 'exit 7' || assert "$?" == 7
        assert "$(<"$dir/pids.max")" == 20 "$name: still"
        # A dead one's is removed.
        mkdir -p "$place/$name/minicontainer-4194999/box"
        in_group "$name" "$MC" run --pids-limit 30 -- true
        assert "$(ls -d "$place/$name"/minicontainer-*)" == "$dir" "$name"
        kill "${dir##*-}"
        wait "$!" || true
        wait_for 'rmdir "$place/$name/leaf" "$place/$name"'
        rm up
    done
    nothing_left
}

@test "left: a killed supervisor's directory goes with the next start, and with no other" {
    need_limits
    local old
    start --pids-limit 20 --memory 50M -- sleep 100
    old=$dir
    finish KILL
    no_process_left
    assert "$([ -d "$old" ] && echo there)" == there "the kernel keeps it"
    mc run -- true
    assert "$([ -d "$old" ] && echo there)" == there "no limit, no cgroup touched"
    mc run --pids-limit 20 -- true
    assert "$([ -d "$old" ] && echo there)" == ""
    nothing_left
}

@test "left: what a killed one has left does not touch a living one" {
    need_limits
    local old living living_supervisor
    start --pids-limit 20 -- sleep 100
    living=$dir living_supervisor=$supervisor
    start --pids-limit 30 -- sleep 100
    old=$dir
    finish KILL
    mc run --pids-limit 40 -- true
    assert "$([ -d "$old" ] && echo there)" == ""
    assert "$(<"$living/pids.max")" == 20
    assert "$(wc -l <"$living/box/cgroup.procs")" -ge 1
    supervisor=$living_supervisor
    finish
    nothing_left
}

@test "two at once: each has its own limit, and keeps it when the other ends" {
    need_limits
    local first first_supervisor
    start --pids-limit 20 -- sleep 100
    first=$dir first_supervisor=$supervisor
    start --pids-limit 30 --memory 60M -- sleep 100
    assert "$first" != "$dir"
    assert "$(<"$first/pids.max") $(<"$dir/pids.max") $(<"$dir/memory.max")" == "20 30 62914560"
    finish
    assert "$(<"$first/pids.max")" == 20 "the controller is still on"
    supervisor=$first_supervisor
    finish
    nothing_left
}

@test "many at once: all start, all end, nothing is left" {
    need_limits
    local i pids=() bad=0
    for i in {1..60}; do
        ( remember_session; exec "$MC" run --pids-limit "$((i + 5))" -- true ) \
            >"out.$i" 2>"err.$i" 3>&- 4>&- &
        pids+=("$!")
    done
    for i in "${pids[@]}"; do wait "$i" || bad=$((bad + 1)); done
    cat err.*
    assert "$bad" == 0
    nothing_left
}

@test "as root with the machine's user numbers, and as root in a range: the same limits" {
    requires root
    need_limits
    local forks
    forks --pids-limit 10 --no-user
    assert "$forks" == 8
    forks --pids-limit 10 --map 0:100000:65536
    assert "$forks" == 8
    nothing_left
}
