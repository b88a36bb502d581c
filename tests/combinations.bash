#!/usr/bin/env bash
#
# combinations.bash -- the 8,192 subsets of the thirteen isolations, for 92-combinations.bats (some
# of them) and for `make combinations` (a share of them, or all).
#
#   bash combinations.bash count [WHICH]         how many subsets the rules allow: root, user
#   bash combinations.bash cover yes|no WHICH    in how many ways three rows meet
#   bash combinations.bash sweep PROBE yes|no WHICH
#                                                try them; PROBE is the program of probe.c, yes: we
#                                                have privilege
#   bash combinations.bash                       a share of them, as root, as an ordinary user, and
#                                                as root of a lab; ends with a line "N passed, N
#                                                failed, N skipped"
#
# WHICH is "all", "some" (see choose), or I/N, one share of N. The share is chosen by the commit, so
# that it is another one with each, and the same when it is tried again; SEED=WORD chooses by that
# word, COMBINATIONS=I/N says it, COMBINATIONS=full is all of them.
#
# A script of its own: bats traces each command of a test, and that would take ten times as long.
# It also runs inside a lab, so its sweep needs bash and the probe, and nothing else.

ROWS=(uts pid mnt proc root user ipc net cgroup time caps seccomp limits)
EVERY=$((1 << ${#ROWS[@]}))
# Ten rows change what a process sees, three what it may do.
VIEWS=10
# What row caps keeps: the fourteen of Docker, by their bits (capabilities(7)).
KEPT=$((0xa80425fb))
# A number that shares no bit with those of the rows: in each share every row is on and off.
SHARES=3
# The limit that is tried where this machine can set one, and how often the probe forks then.
PIDS=8

# The four rules, as the design has them; not read out of the program. Sets $rules to the words
# for those that SET breaks; empty: it is allowed.
#   1. proc needs mnt, and 2. root needs mnt: mount(2) would change the host
#   3. proc together with user needs pid
#   4. without privilege: user among them, or nothing but seccomp and limits
broken_rules() { # SET PRIVILEGED
    local on=",$1,"
    rules=
    if [[ $on == *,proc,* && $on != *,mnt,* ]]; then rules+=" proc-needs-mnt"; fi
    if [[ $on == *,root,* && $on != *,mnt,* ]]; then rules+=" root-needs-mnt"; fi
    if [[ $on == *,proc,* && $on == *,user,* && $on != *,pid,* ]]; then
        rules+=" proc-with-user-needs-pid"
    fi
    if [[ $2 == no && $on != *,user,* && ! $1 =~ ^(none|seccomp|limits|seccomp,limits)$ ]]; then
        rules+=" only-user-is-free"
    fi
    rules=${rules# }
}

# The rows whose bits are set in NUMBER, as a list for --only, in $set
subset() { # NUMBER
    local i
    set=
    for i in "${!ROWS[@]}"; do
        if (($1 >> i & 1)); then set+=",${ROWS[i]}"; fi
    done
    set=${set#,}
    set=${set:-none}
}

# The numbers of the subsets that are tried, in $numbers. Some: all 1,024 of the ten views, each with
# another choice of the three rights, so that every three rows meet in every way that is allowed
# (see cover); and the empty set with each choice.
choose() { # some|all|I/N
    local number right bits n rights=(0x2d3 0x1ad 0x36a) share=$1
    numbers=()
    if [ "$share" != some ]; then
        if [ "$share" = all ]; then share=0/1; fi
        for ((number = ${share%/*}; number < EVERY; number += ${share#*/})); do
            numbers+=("$number")
        done
        return
    fi
    for ((number = 1; number < 1 << VIEWS; number++)); do
        n=$number
        for right in 0 1 2; do
            # One where an odd number of these views is on.
            for ((bits = number & rights[right]; bits; bits &= bits - 1)); do
                n=$((n ^ 1 << (VIEWS + right)))
            done
        done
        numbers+=("$n")
    done
    for ((n = 0; n < 8; n++)); do numbers+=("$((n << VIEWS))"); done
}

count() { # some|all|I/N
    local number set rules root=0 user=0 numbers
    choose "$1"
    for number in "${numbers[@]}"; do
        subset "$number"
        broken_rules "$set" yes
        if [ -z "$rules" ]; then root=$((root + 1)); fi
        broken_rules "$set" no
        if [ -z "$rules" ]; then user=$((user + 1)); fi
    done
    echo "$root $user"
}

# In how many ways a right and two other rows are on and off together, in those sets that are tried
# and allowed.
cover() { # PRIVILEGED some|all|I/N
    local number set rules numbers
    local -A met=()
    choose "$2"
    for number in "${numbers[@]}"; do
        subset "$number"
        broken_rules "$set" "$1"
        if [ -z "$rules" ]; then meet "$number"; fi
    done
    echo "${#met[@]}"
}

# For cover: note each three rows of NUMBER, the first a right, with their state.
meet() { # NUMBER
    local a b c
    for ((a = VIEWS; a < ${#ROWS[@]}; a++)); do
        for ((b = 0; b < a; b++)); do
            for ((c = 0; c < b; c++)); do
                met[$a.$b.$c.$(($1 >> a & 1))$(($1 >> b & 1))$(($1 >> c & 1))]=1
            done
        done
    done
}

# Complaints are counted; twenty are enough to read.
complain() {
    bad=$((bad + 1))
    if [ "$bad" -le 20 ]; then echo "--only $set: $*"; fi
}

# What the probe says, "name=value ...", into the array NAME.
take_look() { # NAME LINE
    local -n into=$1
    local pair
    into=()
    # shellcheck disable=SC2034  # a name reference
    for pair in $2; do into[${pair%%=*}]=${pair#*=}; done
}

# An allowed set: each view that was asked for differs from outside, each other one is equal.
check_isolation() { # WHAT-THE-PROBE-SAID
    local row on=",$set,"
    local -A inside
    take_look inside "$1"
    for row in "${ROWS[@]:0:VIEWS}"; do
        if [ -z "${inside[$row]}" ]; then
            complain "the probe did not see $row: $1"
        elif [[ $on == *,$row,* && ${inside[$row]} == "${outside[$row]}" ]]; then
            complain "$row was asked for, and is that of outside"
        elif [[ $on != *,$row,* && ${inside[$row]} != "${outside[$row]}" ]]; then
            complain "$row was not asked for, and is another than outside"
        fi
    done
    # Number 1 where pid was asked for. /proc is ours, or that of outside, as asked.
    if [[ $on == *,pid,* && ${inside[me]} != 1 ]]; then complain "it is ${inside[me]}, not 1"; fi
    if [[ $on == *,pid,* && $on != *,proc,* ]]; then
        if [ "${inside[self]}" = 1 ]; then complain "/proc is not the one of outside"; fi
    elif [ "${inside[self]}" != "${inside[me]}" ]; then
        complain "/proc says that ${inside[me]} is ${inside[self]}"
    fi
    if [[ $on == *,user,* && ${inside[uid]} != 0 ]]; then complain "uid ${inside[uid]} inside"; fi
    check_rights
}

# The rights. Root of a new user namespace has every capability in it; the row caps takes all but
# the fourteen, from all sets. A filter is there or not. Nobody may take anything back.
check_rights() {
    local bounding=$((0x${outside[bounding]})) effective=$((0x${outside[effective]}))
    if [[ $on == *,user,* ]]; then bounding=$((0x${outside[known]})) effective=$bounding; fi
    if [[ $on == *,caps,* ]]; then bounding=$((bounding & KEPT)) effective=$((effective & KEPT)); fi
    if [ "$((0x${inside[bounding]}))" != "$bounding" ]; then
        complain "bounding set ${inside[bounding]}, and not $(printf %x "$bounding")"
    fi
    if [ "$((0x${inside[effective]}))" != "$effective" ] ||
        [ "${inside[permitted]}" != "${inside[effective]}" ]; then
        complain "${inside[permitted]} may be, ${inside[effective]} is in force," \
            "and not $(printf %x "$effective")"
    fi
    if [[ $on == *,caps,* && ${inside[inheritable]},${inside[ambient]} != 0,0 ]]; then
        complain "inheritable ${inside[inheritable]}, ambient ${inside[ambient]}"
    fi
    if [ "${inside[nnp]}" != 1 ]; then complain "new privileges are possible"; fi
    if [[ $on == *,seccomp,* ]]; then
        if [ "${inside[seccomp]}" != 2:EPERM:ENOSYS ]; then complain "filter ${inside[seccomp]}"; fi
    elif [ "${inside[seccomp]}" != "${outside[seccomp]}" ]; then
        complain "filter ${inside[seccomp]}, not asked for"
    fi
    if [ -z "$limit" ]; then return; fi
    # The probe is one of the processes that count, and so is an init of ours, without row pid.
    if [[ $on == *,limits,* ]]; then
        if [[ ${inside[forks]} != $((PIDS - 1)) && ${inside[forks]} != $((PIDS - 2)) ]]; then
            complain "${inside[forks]} forks, with a limit of $PIDS"
        fi
    elif [ "${inside[forks]}" != "$((2 * PIDS))" ]; then
        complain "${inside[forks]} forks, without a limit"
    fi
}

# A refusal names a rule that is broken and a lesson, and gives a line to copy that breaks none and
# has all that was asked for.
check_refusal() { # WHAT-THE-PROGRAM-SAID
    local said=$1 reason broken=$rules try row
    case ${said%%$'\n'*} in
    "minicontainer: proc cannot be without "*mnt*) reason=proc-needs-mnt ;;
    "minicontainer: proc cannot be without pid:"*"user namespace"*) reason=proc-with-user-needs-pid ;;
    "minicontainer: root cannot be without mnt:"*) reason="root-needs-mnt" ;;
    "minicontainer: without privilege"*user*) reason=only-user-is-free ;;
    *) complain "what is this? $said"; return ;;
    esac
    if [[ " $broken " != *" $reason "* ]]; then complain "refused by $reason, breaks $broken"; fi
    if [[ $said != *$'\n  lesson: lessons/'[01][0-9]-* ]]; then complain "no lesson: $said"; fi
    try=${said#*$'\n  try:    minicontainer run --only '}
    if [ "$try" = "$said" ]; then complain "nothing to copy: $said"; return; fi
    try=${try%%[[:space:]]*}
    broken_rules "$try" "$privileged"
    if [ -n "$rules" ]; then complain "its advice is --only $try, which breaks $rules"; fi
    for row in ${set//,/ }; do
        if [[ ",$try," != *",$row,"* ]]; then complain "its advice, --only $try, drops $row"; fi
    done
}

# One subset: run it, and look at the answer.
try_set() {
    local said answer status=0 options=() where=$probe
    broken_rules "$set" "$privileged"
    if [[ ,$set, == *,root,* && ,$set, == *,mnt,* ]]; then
        options=(--volume "${probe%/*}:/mnt:ro")
        where=/mnt/${probe##*/}
    fi
    if [[ -n $limit && ,$set, == *,limits,* ]]; then options+=(--pids-limit "$PIDS"); fi
    answer=$(exec minicontainer run "${options[@]}" --only "$set" -- "$where" look $limit \
        2>"$talk") || status=$?
    said=$(<"$talk")
    # What the limit did is said afterwards.
    if [ -n "$limit" ]; then
        said=${said%$'\n'*}${said##*minicontainer: --pids-limit "$PIDS" refused*}
        said=${said#minicontainer: --pids-limit "$PIDS" refused*}
    fi
    case $status in
    0)
        allowed=$((allowed + 1))
        if [ -n "$rules" ]; then complain "is allowed, and breaks $rules"; fi
        check_isolation "$answer"
        answer=$'\n'$said
        if [[ ${answer//$'\n'minicontainer: note: /} == *$'\n'?* ]]; then complain "said $said"; fi
        ;;
    125)
        refused=$((refused + 1))
        if [ -n "$answer" ]; then complain "said $answer on stdout"; fi
        if [ -z "$rules" ]; then complain "is refused, and breaks no rule: $said"; return; fi
        check_refusal "$said"
        ;;
    *) complain "status $status: $said" ;;
    esac
}

# Every second of $numbers from FIRST on; at the end "allowed N refused N bad N".
half() { # FIRST
    local i set rules allowed=0 refused=0 bad=0 talk
    local -A outside
    talk=$(mktemp)
    take_look outside "$("$probe" look)"
    for ((i = $1; i < ${#numbers[@]}; i += 2)); do
        subset "${numbers[i]}"
        try_set
    done
    rm -f "$talk"
    echo "allowed $allowed refused $refused bad $bad"
}

# Two halves at a time: a machine has two cores or more.
sweep() { # PROBE PRIVILEGED some|all|I/N
    local probe=$1 privileged=$2 odd limit numbers
    choose "$3"
    # Are there limits here? Then the probe forks more often than it may.
    limit=
    if minicontainer run --only limits --pids-limit "$PIDS" -- true 2>/dev/null; then
        limit=$((2 * PIDS))
    fi
    odd=$(mktemp)
    half 1 >"$odd" &
    half 0
    wait "$!"
    cat "$odd"
    rm -f "$odd"
}

# One sort of people: what COMMAND says is added up, and held against what the rules allow.
person() { # NAME ALLOWED COMMAND...
    local name=$1 allowed=$2 said sums from=$SECONDS
    shift 2
    said=$("$@" 2>&1 </dev/null)
    sums=$(awk '/^allowed [0-9]+ refused [0-9]+ bad [0-9]+$/ { n++; a += $2; r += $4; b += $6 }
        END { print n + 0, a + 0, r + 0, b + 0 }' <<<"$said")
    if [ "$sums" = "2 $allowed $((tried - allowed)) 0" ]; then
        passed=$((passed + tried))
        echo "ok $name: $allowed allowed, $((tried - allowed)) refused, $((SECONDS - from)) s"
        return
    fi
    head -n 60 <<<"$said"
    echo "not ok $name: halves, allowed, refused, bad: $sums; must be 2 $allowed" \
        "$((tried - allowed)) 0"
    read -r _ _ _ sums <<<"$sums"
    failed=$((failed + (sums > 0 ? sums : 1)))
}

# Nobody to try it as: all of theirs are skipped.
nobody() { # NAME WHY
    skipped=$((skipped + tried))
    echo "skipped: $1: $2"
}

# Which are tried: sets $share
choose_share() { # DIRECTORY
    case ${COMBINATIONS-} in
    full) share=all ;;
    [0-9]*/[1-9]*) share=$COMBINATIONS ;;
    *)
        SEED=${SEED:-$(git -C "$1" rev-parse HEAD 2>/dev/null || echo none)}
        share=$(cksum <<<"$SEED" | awk -v n="$SHARES" '{ print $1 % n "/" n }')
        ;;
    esac
    if [ "$share" != all ]; then
        echo "share $share of the subsets${SEED:+, by SEED=$SEED};" \
            "all of them: make combinations COMBINATIONS=full"
    fi
}

# As root, as an ordinary user, and as root of a lab.
everybody() {
    local here work rules share numbers tried root_may user_may passed=0 failed=0 skipped=0 user=()
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    choose_share "$here"
    choose "$share"
    tried=${#numbers[@]}
    read -r root_may user_may <<<"$(count "$share")"
    work=$(mktemp -d)
    # shellcheck disable=SC2064  # this directory, whatever the name means later
    trap "rm -rf '$work'" EXIT
    # Where an ordinary user can read it, and the container's root, who is nobody's user.
    chmod 0755 "$work"
    cp "$here/../minicontainer" "$here/combinations.bash" "$work" || exit 1
    "${CC:-cc}" -std=c11 -O1 -static -s -o "$work/probe" "$here/probe.c" || exit 1
    PATH=$work:$PATH
    cd "$work" || exit 1
    rules="$(count all) $(cover yes all) $(cover no all)"
    if [ "$rules" != "4608 2052 1316 1243" ]; then
        echo "not ok: counts of the rules: $rules, and not 4608 2052 1316 1243"
        failed=1
    fi
    if [ "$(id -u)" != 0 ]; then
        nobody root "started by an ordinary user"
    else
        user=(setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all env HOME="$work")
        person root "$root_may" bash combinations.bash sweep "$work/probe" yes "$share"
    fi
    if ! ${user[@]+"${user[@]}"} minicontainer run -- true; then
        nobody "an ordinary user" "no rootless container here"
        nobody "root of a lab" "no rootless container here"
    else
        person "an ordinary user" "$user_may" ${user[@]+"${user[@]}"} bash combinations.bash \
            sweep "$work/probe" no "$share"
        tar -cf bin.tar probe combinations.bash
        person "root of a lab" "$root_may" in_lab
    fi
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

in_lab() {
    ${user[@]+"${user[@]}"} minicontainer lab sh -c 'mkdir /tmp/bin && cd /tmp/bin &&
        tar --no-same-owner -xf - &&
        exec bash combinations.bash sweep /tmp/bin/probe yes '"$share" <bin.tar
}

case ${1-} in
count) count "${2:-all}" ;;
cover) cover "$2" "$3" ;;
sweep) sweep "$2" "$3" "$4" ;;
"") everybody ;;
*)
    echo "usage: combinations.bash [count WHICH | cover yes|no WHICH |" \
        "sweep PROBE yes|no WHICH]" >&2
    exit 2
    ;;
esac
