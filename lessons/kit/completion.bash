# shellcheck shell=bash disable=SC2154  # the table stands before this
# bash completion for minicontainer: what Tab offers. The words themselves stand in the table, which
# lessons/kit/tables.awk reads from minicontainer.c. Names of images, containers and volumes are asked of the
# program, when Tab is pressed.

_minicontainer() {
    local program=$1 current=${COMP_WORDS[COMP_CWORD]} colon=''
    # bash makes three words of NAME:TAG, and completes the last.
    if [[ $current == : ]]; then
        colon=${COMP_WORDS[COMP_CWORD-1]}: current=$colon
    elif ((COMP_CWORD > 2)) && [[ ${COMP_WORDS[COMP_CWORD-1]} == : ]]; then
        colon=${COMP_WORDS[COMP_CWORD-2]}: current=$colon$current
    fi
    COMPREPLY=()
    _minicontainer_reply
    COMPREPLY=("${COMPREPLY[@]#"$colon"}")
}

_minicontainer_reply() {
    local command word expects='' last='' ended='' place=0 row='' part='' at=1
    # Behind --host SOCKET a whole command is typed, as if there.
    while [[ ${COMP_WORDS[at]} == --host ]] && ((COMP_CWORD > at + 1)); do at=$((at + 2)); done
    command=${COMP_WORDS[at]}
    if ((COMP_CWORD == at)); then
        _minicontainer_words "${_minicontainer_table[commands]} help --help --version"
        return
    fi
    # What is typed before: options, their values, and words that are none.
    for word in "${COMP_WORDS[@]:at+1:COMP_CWORD-at-1}"; do
        if [[ $word == : || -n $part ]]; then
            if [[ $word == : ]]; then part=yes; else part=; fi # of the word before
        elif [[ -n $ended ]]; then
            place=$((place + 1))
        elif [[ $word == = ]]; then # --pid = host: bash makes three words of it
            expects=$last
        elif [[ -n $expects ]]; then
            expects=
        elif [[ $word == -- ]]; then
            ended=--
        elif [[ $word == -?* ]]; then
            last=$word
            if [[ -n $(_minicontainer_value "$word") ]]; then expects=$word; fi
        else
            place=$((place + 1))
            if [[ $command == compare ]]; then row=' ROW'; fi
            # From the command's own name on, all is the command's.
            if [[ $(_minicontainer_operand $((place - 1))) == COMMAND ]]; then ended=COMMAND; fi
        fi
    done
    if [[ $current == = ]]; then expects=$last current=; fi
    if [[ $ended == -- && $command == compare && $place -eq 0 ]]; then place=1; fi
    if [[ -n $expects ]]; then
        word=$(_minicontainer_value "$expects")
        _minicontainer_offer "${word:-host}"
    elif [[ -z $ended && $current == -* ]]; then
        _minicontainer_words "${_minicontainer_table[options $command$row]} --help"
    elif [[ $ended == COMMAND || ($ended == -- && $place -gt 1) ]]; then
        _minicontainer_files -f
    else
        _minicontainer_offer "$(_minicontainer_operand "$place")"
    fi
}

# What stands behind the option $1, in words of the help; nothing, if it takes no value.
_minicontainer_value() {
    printf %s "${_minicontainer_table[value $command $1]-}"
    case " ${_minicontainer_table[options $command]-} " in
    *" --no-mask "* | *" --step "*) printf %s "${_minicontainer_table[value $1]-}" ;;
    esac
}

# The name of the operand in place $1; the last one may be repeated.
_minicontainer_operand() {
    local all
    read -ra all <<<"${_minicontainer_table[operands $command]-}"
    if ((${#all[@]} == 0)); then return; fi
    if (($1 >= ${#all[@]})); then set -- "$((${#all[@]} - 1))"; fi
    printf %s "${all[$1]}"
}

# _minicontainer_offer KINDS: names of things, and words that are typed as they stand.
_minicontainer_offer() {
    local kind kinds=$1 before
    case $kinds in
    LIST)
        # A list grows: what stands before the last comma stays.
        before=${current%"${current##*,}"}
        mapfile -t COMPREPLY < <(
            compgen -P "$before" -W "${_minicontainer_table[rows]}" -- "${current##*,}")
        if [[ -z $before ]]; then _minicontainer_words none; fi
        compopt -o nospace 2>/dev/null || :
        return
        ;;
    esac
    for kind in ${kinds//|/ }; do
        case $kind in
        ROW) _minicontainer_words "${_minicontainer_table[rows]}" ;;
        CAP)
            # Docker writes them in capitals; both are understood.
            kind=${_minicontainer_table[caps]}
            if [[ $current == [A-Z]* ]]; then kind=${kind^^}; fi
            _minicontainer_words "$kind ALL"
            ;;
        CHAPTER) _minicontainer_words "${_minicontainer_table[chapters]}" ;;
        FUNCTION) _minicontainer_words "${_minicontainer_table[functions]}" ;;
        IMAGE) _minicontainer_names images --porcelain ;;
        CONTAINER) _minicontainer_names ps -a --porcelain ;;
        NAME)
            case "$command $kinds" in
            exec*) _minicontainer_names ps -a --porcelain ;;
            "volume NAME") _minicontainer_names volume ls ;;
            *DIR*) _minicontainer_names images --porcelain ;;
            esac
            ;;
        COMMAND)
            if [[ -n $current ]]; then
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$current" | sort -u)
            fi
            _minicontainer_files -f
            ;;
        FILE | SOCKET) _minicontainer_files -f ;;
        DIR | ./DIR) _minicontainer_files -d ;;
        SRC:*)
            _minicontainer_names volume ls
            _minicontainer_files -f
            compopt -o nospace 2>/dev/null || :
            ;;
        *[a-z]*) _minicontainer_words "$kind" ;;
        esac
    done
}

_minicontainer_words() {
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$current")
}

# The first column of what the program says; nothing, if it refuses.
_minicontainer_names() {
    _minicontainer_words "$("$program" "$@" 2>/dev/null </dev/null | cut -f 1)"
}

# (The names of files are quoted, and a directory gets its slash: not so what is no file.)
_minicontainer_files() {
    local found
    mapfile -t found < <(compgen "$1" -- "$current")
    if ((${#found[@]} == 0)); then return; fi
    COMPREPLY+=("${found[@]}")
    compopt -o filenames 2>/dev/null || :
}

complete -F _minicontainer minicontainer
