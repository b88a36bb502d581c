#!/usr/bin/env bash
#
# combinations.bash -- the 1,024 subsets of the ten isolations, for 92-combinations.bats.
#
#   bash combinations.bash count                    how many subsets the rules allow: root, user
#   bash combinations.bash sweep PROBE yes|no       try all of them; PROBE is the program of
#                                                   probe.c, yes: we have privilege
#
# A script of its own: bats traces each command of a test, and that would take ten times as long.
# It also runs inside a lab, so it needs bash and the probe, and nothing else.

ROWS=(uts pid mnt proc root user ipc net cgroup time)

# The four rules, as the design has them; not read out of the program. Sets $rules to the words
# for those that SET breaks; empty: it is allowed.
#   1. proc needs mnt, and 2. root needs mnt: mount(2) would change the host
#   3. proc together with user needs pid
#   4. without privilege: nothing at all, or user among them
broken_rules() { # SET PRIVILEGED
    local on=",$1,"
    rules=
    if [[ $on == *,proc,* && $on != *,mnt,* ]]; then rules+=" proc-needs-mnt"; fi
    if [[ $on == *,root,* && $on != *,mnt,* ]]; then rules+=" root-needs-mnt"; fi
    if [[ $on == *,proc,* && $on == *,user,* && $on != *,pid,* ]]; then
        rules+=" proc-with-user-needs-pid"
    fi
    if [[ $2 == no && $1 != none && $on != *,user,* ]]; then rules+=" only-user-is-free"; fi
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

count() {
    local number set rules root=0 user=0
    for ((number = 0; number < 1024; number++)); do
        subset "$number"
        broken_rules "$set" yes
        if [ -z "$rules" ]; then root=$((root + 1)); fi
        broken_rules "$set" no
        if [ -z "$rules" ]; then user=$((user + 1)); fi
    done
    echo "$root $user"
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

# An allowed set: each row that was asked for differs from outside, each other one is equal.
check_isolation() { # WHAT-THE-PROBE-SAID
    local row on=",$set,"
    local -A inside
    take_look inside "$1"
    for row in "${ROWS[@]}"; do
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
    answer=$(exec minicontainer run "${options[@]}" --only "$set" -- "$where" look 2>"$talk") ||
        status=$?
    said=$(<"$talk")
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

# Subsets FIRST, FIRST + 2 ...; at the end "allowed N refused N bad N".
half() { # FIRST
    local number set rules allowed=0 refused=0 bad=0 talk
    local -A outside
    talk=$(mktemp)
    take_look outside "$("$probe" look)"
    for ((number = $1; number < 1024; number += 2)); do
        subset "$number"
        try_set
    done
    rm -f "$talk"
    echo "allowed $allowed refused $refused bad $bad"
}

case ${1-} in
count) count ;;
sweep)
    # Two halves at a time: a machine has two cores or more.
    probe=$2 privileged=$3
    odd=$(mktemp)
    half 1 >"$odd" &
    half 0
    wait "$!"
    cat "$odd"
    rm -f "$odd"
    ;;
*)
    echo "usage: combinations.bash count | sweep PROBE yes|no" >&2
    exit 2
    ;;
esac
