# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# (SC2034: the tests read the variables set here; SC2119, SC2120: arguments may be left out)
#
# session.bash -- a person at a terminal: typing, and reading what is shown.
#
#   load helpers
#   load session
#   session_start                       a shell on a terminal of its own; its prompt is "$ "
#   session_prompt                      wait until a prompt is shown: $prompt, $output
#   session_type 'minicontainer lab'    type a line and Enter
#   session_prompt; assert "$prompt" == "lab# "
#   session_key '\003'                  type without Enter (^C)
#   session_wait 'a regex'              wait until it is shown, since the last typing
#   session_end
#
# and check_page, which types the console blocks of a page and holds the answers against it.

# Where the file loads probe.bash, too, and the test needs a probe:
#
#   tree                                what runs below the terminal: see "probe tree" in probe.c
#   session_started sleep               wait until a process sleep runs there
#   session_states T sleep cat          wait until all sleeps and cats there are in state T

: "${SESSION_TIMEOUT:=$MC_TIMEOUT}"

# A prompt is all there is on the last line: "$ ", "lab# ", "box# ", "> " ...
# and the question of run --step.
PROMPT_RE='^(\$|>|[A-Za-z][A-Za-z0-9.-]*[#$]|\[Enter\].*:) $'

# session_start [COMMAND-LINE]: as_user session_start works.
session_start() {
    local command=${1-'exec bash --norc --noprofile -i'}
    local log=$MC_STATE/session.log keys=$MC_STATE/session.keys
    rm -f "$log" "$keys"
    mkfifo "$keys"
    : >"$log"
    # Opened for reading too, so that it never ends: script(1) would make ^D of that.
    exec {SESSION_KEYS}<>"$keys"
    (
        remember_session
        exec setsid -w ${MC_AS[@]+"${MC_AS[@]}"} env -i SHELL=/bin/sh TERM=dumb LANG=C.UTF-8 \
            "PS1=\$ " "PATH=${SESSION_PATH-$PATH}" "HOME=${SESSION_HOME-$HOME}" \
            "USER=$(id -un 2>/dev/null)" ${ASAN_OPTIONS+"ASAN_OPTIONS=$ASAN_OPTIONS"} \
            script -qefc "stty rows 24 cols 80; echo \$\$ >>'$MC_STATE/sessions'; $command" \
            /dev/null
    ) <&"$SESSION_KEYS" >"$log" 2>&1 3>&- 4>&- &
    SESSION_PID=$!
    disown "$SESSION_PID"
    SESSION_SEEN=0
    session_read
}

# What was shown since the last typing, in $screen: no carriage returns, no escape sequences.
session_read() {
    local all
    { all=$(<"$MC_STATE/session.log"); } 2>/dev/null
    SESSION_LENGTH=${#all}
    screen=${all:SESSION_SEEN}
    screen=${screen//$'\r'/}
    if [[ $screen == *$'\e'* ]]; then
        # shellcheck disable=SC2001  # needs a regular expression
        screen=$(sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' <<<"$screen")
    fi
}

session_type() { session_key "$1\n"; }

session_key() {
    session_read
    SESSION_SEEN=$SESSION_LENGTH
    # printf %b for the control characters; a backslash in a lesson must stay one.
    if [[ $1 == *'\n' && $1 != '\n' ]]; then
        printf '%s\n' "${1%'\n'}" >&"$SESSION_KEYS"
    else
        printf '%b' "$1" >&"$SESSION_KEYS"
    fi
}

session_alive() { kill -0 "$SESSION_PID" 2>/dev/null; }

# Who reads this must find out why, perhaps on a machine that they cannot see: so the processes are
# shown first. (What is shown of the terminal may be long, and reports are cut.)
session_in_vain() { # WHAT
    local pid
    printf -- '-- %s\n' "$1"
    for pid in $(session_processes "$MC_STATE/sessions" | cut -d ' ' -f 1); do
        printf -- '-- %s waits in %s\n' "$(grep -h . "/proc/$pid/stat" | cut -c 1-60)" \
            "$(cat "/proc/$pid/wchan")"
    done 2>/dev/null
    printf -- '-- the last line is %q; the terminal shows:\n%s\n' "${screen##*$'\n'}" "$screen"
}

# session_wait REGEX [SECONDS]
session_wait() {
    local begin=${EPOCHREALTIME/[.,]/} looks=0
    while session_read; ! [[ $screen =~ $1 ]]; do
        if waited_enough "${2:-$SESSION_TIMEOUT}" "$begin" "$looks"; then
            session_in_vain "waited in vain for: $1"
            return 1
        fi
        looks=$((looks + 1))
        nap
    done
}

# session_prompt [SECONDS]
# Waits until a prompt is shown and nothing more comes. $prompt is that prompt ("" when the shell
# has ended), $output what came between the line that was typed and the prompt.
session_prompt() {
    local now begin=${EPOCHREALTIME/[.,]/} looks=0 last=-1 quiet=0 tail expected=${prompt-'$ '} alive
    while :; do
        now=${EPOCHREALTIME/[.,]/}
        alive=1
        session_alive || alive=0
        session_read
        tail=${screen##*$'\n'}
        if [ "$SESSION_LENGTH" != "$last" ]; then
            last=$SESSION_LENGTH
            quiet=$now
        elif [[ $tail == *?"$expected" && $screen == *$'\n'* ]]; then
            # Perhaps an output that did not end its line: "hello$ ".
            if ((now - quiet > 500000)); then
                prompt=$expected
                output=${screen%"$expected"}
                break
            fi
        elif [[ $tail =~ $PROMPT_RE ]]; then
            prompt=$tail
            output=${screen%"$tail"}
            break
        elif [ "$alive" = 0 ]; then
            prompt=
            output=$screen
            break
        fi
        if waited_enough "${1:-$SESSION_TIMEOUT}" "$begin" "$looks"; then
            session_in_vain "no prompt came"
            return 1
        fi
        looks=$((looks + 1))
        nap
    done
    # The first line is the echo of what was typed.
    if [ "$SESSION_SEEN" -gt 0 ]; then output=${output#*$'\n'}; fi
    output=${output%$'\n'}
}

# session_quiet MILLISECONDS: nothing was shown for so long, and no prompt waits.
session_quiet() {
    local now=${EPOCHREALTIME/[.,]/} last=-1 since=0
    until [ "$last" -ge 0 ] && ((now - since > $1 * 1000)); do
        session_read
        now=${EPOCHREALTIME/[.,]/}
        if [ "$SESSION_LENGTH" != "$last" ]; then
            last=$SESSION_LENGTH
            since=$now
        fi
        nap
    done
}

session_end() {
    if [ -z "${SESSION_PID-}" ]; then return 0; fi
    # Without script(1) the terminal is gone: all on it get SIGHUP, as when a window is closed.
    kill -9 "$SESSION_PID" 2>/dev/null || true
    wait_for '! session_alive' 5
    exec {SESSION_KEYS}>&-
    SESSION_PID=
}

# A file with a teardown() of its own calls session_end in it.
teardown() { session_end; }

# ---------------------------------------------------------------------------------------------
# Pages
# ---------------------------------------------------------------------------------------------
#
# In a page, a block that begins with ```console is a terminal session:
#   - a line that begins with a prompt ("$ ", "lab# ", "box# ", "NAME# ") is typed; a line that
#     begins with "> " is typed where the shell asks for more; after "[Enter] ...: " (the question
#     of run --step) comes what is typed there, perhaps nothing but Enter;
#   - "^C" or "^Z" at the beginning of a line is typed when all is quiet (the terminal echoes it);
#   - every other line must be what the terminal shows. "..." alone stands for any lines, inside
#     a line for anything; <pid> and <number> for digits, <id> and other <words> for one word. On
#     such a line the number of blanks between words does not matter.
# "```console user" and "```console root" are for that sort of person only. One shell serves all
# blocks of a page. A page may say what it needs: <!-- needs: ip(iproute2) timens -->, words of
# requires, with the package of a program (for the doctor).

page_needs() { sed -n 's/([^)]*)//g; s/^<!-- needs: \(.*\) -->$/\1/p' "$1"; }

# read_page FILE: fills step_prompt, step_command, step_expected, step_line.
read_page() {
    local line number=0 inside='' kind here=0 n=-1 blocks=0 who=user bad=0
    if [ "$(id -u)" = 0 ]; then who=root; fi
    step_prompt=() step_command=() step_expected=() step_line=() step_has=()
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        if [ -z "$inside" ]; then
            if [[ $line =~ ^\`\`\`console(.*)$ ]]; then
                kind=${BASH_REMATCH[1]# }
                case $kind in
                '' | "$who") inside=run ;;
                user | root) inside=skip ;;
                *) echo "$1:$number: console block for whom? $kind"; bad=1; inside=skip ;;
                esac
                blocks=$((blocks + 1))
                here=0
            elif [[ $line =~ ^\`\`\` ]]; then
                inside=other
            fi
        elif [[ $line =~ ^\`\`\` ]]; then
            if [ "$inside" != other ] && [ "$here" = 0 ]; then
                echo "$1:$number: a console block without a command"
                bad=1
            fi
            inside=
        elif [ "$inside" = other ]; then
            :
        elif [[ $line =~ ^(\$|[A-Za-z][A-Za-z0-9.-]*[#$])\ (.+)$ ||
            $line =~ ^(\[Enter\].*:)\ ?(.*)$ ]]; then
            here=$((here + 1))
            if [ "$inside" = skip ]; then continue; fi
            n=$((n + 1))
            step_prompt[n]="${BASH_REMATCH[1]} "
            step_command[n]=${BASH_REMATCH[2]}
            step_line[n]=$number
            step_expected[n]=
            step_has[n]=0
        elif [ "$here" = 0 ]; then
            echo "$1:$number: output before any command: $line"
            bad=1
        elif [ "$inside" = run ]; then
            step_expected[n]+=${line%"${line##*[![:blank:]]}"}$'\n'
            step_has[n]=1
        fi
    done <"$1"
    if [ -n "$inside" ]; then echo "$1: a block that does not end"; bad=1; fi
    if [ "$blocks" = 0 ]; then echo "$1: no console block"; bad=1; fi
    [ "$bad" = 0 ]
}

# A line of a page as a regular expression, in $regex.
line_regex() {
    local rest=$1 flexible=0
    if [[ $rest == *...* || $rest =~ \<[a-z][a-z0-9-]*\> ]]; then flexible=1; fi
    regex=
    while [ -n "$rest" ]; do
        if [[ $rest == ...* ]]; then
            regex+='.*'
            rest=${rest#...}
        elif [[ $rest =~ ^\<(pid|number)\> ]]; then
            regex+='[0-9]+'
            rest=${rest#*>}
        elif [[ $rest =~ ^\<[a-z][a-z0-9-]*\> ]]; then
            regex+='[^[:blank:]]+'
            rest=${rest#*>}
        elif [ "$flexible" = 1 ] && [[ $rest =~ ^[[:blank:]]+ ]]; then
            if [ -z "$regex" ]; then regex+='[[:blank:]]*'; else regex+='[[:blank:]]+'; fi
            rest=${rest#"${BASH_REMATCH[0]}"}
        else
            if [[ "][.*^\$+?(){}|\\" == *"${rest:0:1}"* ]]; then regex+="\\"; fi
            regex+=${rest:0:1}
            rest=${rest:1}
        fi
    done
    # "..." may stand for nothing, and then its blanks need not be there either.
    regex=${regex//'[[:blank:]]+.*'/'([[:blank:]].*)?'}
    regex=${regex//'.*[[:blank:]]+'/'(.*[[:blank:]])?'}
    if [ "$flexible" = 1 ] && [[ ! $1 =~ ^[[:blank:]] ]]; then regex="[[:blank:]]*$regex"; fi
    regex="^$regex\$"
}

# page_match EXPECTED ACTUAL: do the lines agree?
page_match() {
    local expected=() actual=() pattern=() i=0 j=0 star=-1 from=0 line
    mapfile -t expected <<<"${1%$'\n'}"
    mapfile -t actual <<<"${2%$'\n'}"
    if [ -z "${1%$'\n'}" ]; then expected=(); fi
    if [ -z "${2%$'\n'}" ]; then actual=(); fi
    for line in ${expected[@]+"${expected[@]}"}; do
        if [[ $line =~ ^[[:blank:]]*\.\.\.[[:blank:]]*$ ]]; then
            pattern+=("...")
        else
            line_regex "$line"
            pattern+=("$regex")
        fi
    done
    for ((i = 0; i < ${#actual[@]}; i++)); do
        line=${actual[i]}
        actual[i]=${line%"${line##*[![:blank:]]}"}
    done
    i=0
    while [ "$j" -lt "${#actual[@]}" ]; do
        if [ "$i" -lt "${#pattern[@]}" ] && [ "${pattern[i]}" = ... ]; then
            star=$i
            from=$j
            i=$((i + 1))
        elif [ "$i" -lt "${#pattern[@]}" ] && [[ ${actual[j]} =~ ${pattern[i]} ]]; then
            i=$((i + 1))
            j=$((j + 1))
        elif [ "$star" -ge 0 ]; then
            i=$((star + 1))
            from=$((from + 1))
            j=$from
        else
            return 1
        fi
    done
    while [ "$i" -lt "${#pattern[@]}" ] && [ "${pattern[i]}" = ... ]; do i=$((i + 1)); done
    [ "$i" = "${#pattern[@]}" ]
}

side_by_side() { # EXPECTED ACTUAL
    local left right i width=60
    mapfile -t left <<<"${1%$'\n'}"
    mapfile -t right <<<"${2%$'\n'}"
    printf '   %-*s   %s\n' "$width" "the page says" "the terminal shows"
    for ((i = 0; i < ${#left[@]} || i < ${#right[@]}; i++)); do
        printf '   %-*s | %s\n' "$width" "${left[i]-}" "${right[i]-}"
    done
}

tree() { "$BATS_FILE_TMPDIR/probe" tree "$SESSION_PID"; }

# shellcheck disable=SC2016  # wait_for evaluates it
session_started() { # NAME
    started=$1
    wait_for '[ -n "$(tree | grep " $started\$")" ]' || { tree; return 1; }
}

# shellcheck disable=SC2016  # wait_for evaluates it
session_states() { # STATE NAME...
    state=$1
    shift
    for started; do
        wait_for '[ "$(tree | grep " $started\$" | cut -d " " -f 3 | sort -u)" = "$state" ]' ||
            { tree; return 1; }
    done
}

# check_page FILE [DIRECTORY]: types the page in DIRECTORY (default: a fresh copy of the tree)
check_page() {
    local page=$1 dir=${2-} i rc=0
    local step_prompt step_command step_expected step_line step_has
    read_page "$page" || return 1
    if [ -z "$dir" ]; then
        dir=$BATS_TEST_TMPDIR/home/minicontainer
        cp -R "$MC_TREE" "$dir"
    fi
    cd "$dir" || return 1
    unset prompt
    SESSION_PATH=$dir:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin session_start
    session_prompt || { session_end; return 1; }
    for ((i = 0; i < ${#step_command[@]}; i++)); do
        page_step "$i" || { rc=1; break; }
    done
    session_end
    cd "$BATS_TEST_TMPDIR" || return 1
    return "$rc"
}

page_step() { # NUMBER: type one command of the page and look at the answer
    local at="$page:${step_line[$1]}" answer=${step_expected[$1]} line rest
    if [ "$prompt" != "${step_prompt[$1]}" ]; then
        echo "-- $at: the page has the prompt \"${step_prompt[$1]}\", the terminal \"$prompt\""
        return 1
    fi
    session_type "${step_command[$1]}"
    # A page's ^C comes when the program is at work: all is quiet.
    if [[ $'\n'$answer == *$'\n^'[CZ]* ]]; then page_control "$answer"; fi
    page_prompt || return 1
    while [ "$prompt" = "> " ]; do
        line=${answer%%$'\n'*}
        rest=${answer#*$'\n'}
        if [[ $line != "> "* ]]; then
            echo "-- $at: the shell asks for more (> ), the page has: $line"
            return 1
        fi
        answer=$rest
        session_type "${line#"> "}"
        page_prompt || return 1
    done
    if page_match "$answer" "$output"; then return 0; fi
    echo "-- $at: ${step_prompt[$1]}${step_command[$1]}"
    side_by_side "$answer" "$output"
    return 1
}

page_prompt() {
    session_prompt && return 0
    echo "-- $at: no prompt after: ${step_command[i]}"
    return 1
}

page_control() { # EXPECTED: types its ^C and ^Z, without forgetting what was shown
    local line seen
    while IFS= read -r line; do
        case $line in
        ^C*) session_quiet 1000; seen=$SESSION_SEEN; session_key '\003'; SESSION_SEEN=$seen ;;
        ^Z*) session_quiet 1000; seen=$SESSION_SEEN; session_key '\032'; SESSION_SEEN=$seen ;;
        esac
    done <<<"$1"
}
