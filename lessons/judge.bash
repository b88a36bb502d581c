# judge.bash -- how an exercise is judged: by what the kernel says of the processes that run, and never by
# what was typed.
#
# lessons/check (in the lab) and lessons/grade (outside of it) read this file, and then run a function
# judged() that reads a lesson's own file `check`. What such a file may use:
#
#   $NUMBER $NAME         what was drawn for this student: 4711, maple
#   the_process WORD...   $pid is the process whose command line is exactly that; there must be one
#   own ROW...            its namespaces (uts pid mnt user ipc net cgroup time) are not the lab's
#   shared ROW...         they are the lab's
#   image NAME [STORE]    the digest of that image in a store: of the lab, or in that directory of it
#   config NAME [STORE]   its configuration, JSON; then: list KEY, the words of a list in it
#   stat_of PID           ${stat[@]}: state, parent, group, session ...; [19]: when it began, 1/100 s
#   addresses             of the network of $pid, without 127.x.x.x
#   reaches ADDRESS       a packet from the network of $pid comes to there, and one comes back
#   expect LOOKED FOUND EXPECTED SENTENCE     two texts that must be equal
#   no LOOKED FOUND EXPECTED SENTENCE         it is not so: the end
#   yes LOOKED FOUND      it is so: a line more of what is right
#   skip REASON           this machine cannot: neither right nor wrong
#   field NAME            a line of /proc/$pid/status, without its name
#   in_namespaces OPTIONS COMMAND...          a program of ours in namespaces of $pid: -u, -i, -n, -T
#   a_file PATH [LINES]   the first line or lines of a file in the root directory of $pid, if it is a file
#   mounts                what $pid sees mounted: "PLACE TYPE OPTIONS SOURCE SUPEROPTIONS", one a line
#   store                 the directory of the lab's store of images; $STORE: the same, as a path in the lab
#   at PATH               where a path of the lab is, without following a link: /proc/...
#   mc WORD...            minicontainer, on the lab's store
#   together PID ROW...   its namespaces are those of process PID, and so they are in one container
#   only_standard_files   it has no files open but 0, 1 and 2
#   works WORD            skip, unless minicontainer doctor says that WORD works (overlay, network)
#
# the_lab PID TOP notes whose namespaces are the lab's, and below which process all of the lab's are (none:
# all that we see).
# LOOKED, FOUND and EXPECTED are short; SENTENCE says what that means, and not how it is done.

# Nothing here may be hurt by what a submission calls itself: printable characters only, and not too many.
plain() { LC_ALL=C tr -c '[:print:]' '?' <<<"$1" | cut -c 1-200 | sed 's/?$//'; }

yes() { printf '  ok        %s: %s\n' "$(plain "$1")" "$(plain "${2:-nothing}")"; }
no() {
    printf '  looked at %s\n  found     %s\n  expected  %s\n  %s\n' \
        "$(plain "$1")" "$(plain "${2:-nothing}")" "$(plain "${3:-nothing}")" "$(plain "$4")"
    exit 1
}
skip() {
    printf '  skipped: %s\n' "$(plain "$1")"
    exit 77
}
expect() {
    if [ "$2" = "$3" ]; then yes "$1" "$2"; else no "$@"; fi
}

declare -A lab_ns=()
lab='' top='' pid=''
the_lab() {
    local row
    lab=$1 top=$2
    for row in uts pid mnt user ipc net cgroup time; do lab_ns[$row]=$(namespace "$1" "$row"); done
    [ -n "${lab_ns[user]}" ]
}

# children PID: ${of[@]}. (What has lost its parent is a child of the lab's PID 1.)
children() {
    local task some
    of=()
    for task in /proc/"$1"/task/*/children; do
        read -r -d '' -a some <"$task"
        of+=("${some[@]}")
    done
} 2>/dev/null
# everybody: ${all[@]} are the processes of the lab.
everybody() {
    local i
    if [ -z "$top" ]; then
        all=(/proc/[0-9]*) && all=("${all[@]#/proc/}")
        return
    fi
    all=("$top")
    for ((i = 0; i < ${#all[@]}; i++)); do children "${all[i]}" && all+=("${of[@]}"); done
}
# command_line PID: $words, with a blank between two; of the first, the name without its directory
command_line() {
    local -a word=('')
    mapfile -d '' -t word <"/proc/$1/cmdline"
    word[0]=${word[0]-} && word[0]=${word[0]##*/}
    words=${word[*]}
} 2>/dev/null

the_process() {
    local one these=() all words
    everybody
    for one in "${all[@]}"; do
        command_line "$one"
        if [ "$words" = "$*" ]; then these+=("$one"); fi
    done
    if [ "${#these[@]}" = 0 ]; then
        no "the command lines of all processes" "none that is \"$*\"" "one" \
            "It does not run. (Perhaps it has ended, or was not started in the lab.)"
    fi
    if [ "${#these[@]}" != 1 ]; then
        no "the command lines of all processes" "${#these[@]} that are \"$*\": ${these[*]}" "one" \
            "Which one is meant? End the others: kill ${these[*]:1}"
    fi
    pid=${these[0]}
    yes "the command lines of all processes" "process $pid is \"$*\""
}

namespace() { readlink "/proc/$1/ns/$2"; } 2>/dev/null
own() {
    local row is
    for row; do
        is=$(namespace "$pid" "$row")
        if [ -z "$is" ] || [ "$is" = "${lab_ns[$row]}" ]; then
            no "/proc/$pid/ns/$row" "${is:-no longer there}, which is the lab's" "another one" \
                "It shares the $row namespace of the lab."
        fi
        yes "/proc/$pid/ns/$row" "$is, its own"
    done
}
shared() {
    local row is
    for row; do
        is=$(namespace "$pid" "$row")
        expect "/proc/$pid/ns/$row" "$is" "${lab_ns[$row]}" \
            "It has a $row namespace of its own, and should share the lab's."
    done
}

# An index names a manifest by its digest, and that a configuration. (What has the name of such a file may be
# something to wait at, or without an end.)
text() { timeout 5 head -c 100000 "$(at "$1")"; } 2>/dev/null
image() {
    text "${2:-$STORE}/index.json" | sed 's/{"mediaType"/\n&/g' | grep -F "ref.name\":\"$1:latest\"" |
        grep -o 'sha256:[0-9a-f]*' | head -n 1
}
config() {
    local blobs=${2:-$STORE}/blobs/sha256 digest
    digest=$(image "$@")
    digest=$(text "$blobs/${digest#*:}" | sed -n 's/.*"config":{[^}]*"digest":"sha256:\([0-9a-f]*\)".*/\1/p')
    text "$blobs/$digest"
}
list() { sed -n "s/.*\"$1\":\[\([^]]*\)\].*/\1/p" | tr -s '",' ' ' | sed 's/^ //; s/ $//'; }

# shellcheck disable=SC2034  # for who reads this file
stat_of() {
    local line
    stat=()
    read -r line <"/proc/$1/stat" && read -r -a stat <<<"${line##*) }"
} 2>/dev/null

addresses() {
    awk '$1 == "|--" { at = $2 } /32 host LOCAL/ && at !~ /^127/ && !seen[at]++ { print at }' \
        "/proc/$pid/net/fib_trie"
} 2>/dev/null
# Nobody listens at port 9. The answer "refused" comes from that machine, all others from this one.
reaches() {
    [[ $(in_namespaces -n env LC_ALL=C bash -c "{ : </dev/tcp/$1/9; } 2>&1 && echo refused") == *refused* ]]
}

field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; } 2>/dev/null
mounts() {
    awk '{ for (i = 7; $i != "-"; i++); print $5, $(i + 1), $6, $(i + 2), $(i + 3) }' "/proc/$pid/mountinfo"
} 2>/dev/null

in_namespaces() {
    local flags=()
    if [ "$(id -u)" != 0 ]; then flags=(-U --preserve-credentials); fi
    timeout 5 nsenter -t "$pid" "${flags[@]}" "$@" </dev/null 2>/dev/null
}

# at PATH [PID]: where that is in the root of the lab, or of that process. No symbolic link is followed: in
# there it could lead out to us.
at() {
    local at=/proc/${2:-$lab}/root part
    while IFS= read -r -d / part; do
        at=$at/$part
        if [ -L "$at" ]; then at=/proc/nowhere; fi
    done <<<"${1#/}/"
    echo "$at"
}
a_file() {
    local file
    file=$(at "$1" "$pid")
    if [ ! -f "$file" ]; then return 1; fi
    head -c 200 "$file" | head -n "${2-1}"
} 2>/dev/null
STORE=/root/.local/share/minicontainer
store() { at "$STORE"; }
mc() {
    local data
    data=$(store)
    XDG_DATA_HOME=${data%/*} timeout 10 minicontainer "$@" </dev/null 2>/dev/null
}

# ask_doctor: $doctor is what he says of this machine. He tries everything, which takes as long as many starts:
# so once, for all that is judged after it.
ask_doctor() { doctor=$(timeout 20 minicontainer doctor --porcelain 2>/dev/null </dev/null); }
# works WORD: this machine can do it, as the doctor has tried; or else the exercise is skipped.
works() {
    if [ -z "${doctor-}" ]; then ask_doctor; fi
    if ! grep -q "^$1"$'\tworks' <<<"$doctor"; then
        skip "this machine has no $1 for us: minicontainer doctor"
    fi
}

together() {
    local with=$1 row
    shift
    for row; do
        expect "/proc/$pid/ns/$row, and that of process $with" "$(namespace "$pid" "$row")" \
            "$(namespace "$with" "$row")" "They are not in the same container."
    done
}

only_standard_files() {
    local -a open=(/proc/"$pid"/fd/*)
    expect "/proc/$pid/fd" "${open[*]##*/}" "0 1 2" "It has brought a file along, which its container does not have."
}

# shellcheck disable=SC2034  # for who reads this file
# What is drawn for one student and one exercise
draw() {
    local names=(maple birch cedar alder hazel rowan aspen willow linden poplar)
    NUMBER=$((4000 + SRANDOM % 5000))
    NAME=${names[SRANDOM % ${#names[@]}]}
}

# lesson NN: its directory
lesson() { echo "$LESSONS/$1"-*; }

# judged NN: reads that lesson's check; what it says goes to stdout. 0: solved; 1: not; 77: this machine
# cannot.
judged() (
    set -u
    # shellcheck source=/dev/null
    source "$(lesson "$1")/check"
)
