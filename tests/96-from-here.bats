# 96-from-here.bats -- lessons/FROM-HERE-TO-DOCKER.md and the program say the same: our words on the
# page are words of --help, Docker's are not, each line that can be typed is typed, each lesson is
# named. (Its console blocks are typed by 96-docs.bats.)

load helpers

PAGE=$TOP/lessons/FROM-HERE-TO-DOCKER.md

# Docker's words on the page for which we have none: in its text, not in a column of Docker's.
DOCKERS='--memory-swap'

# ---------------------------------------------------------------------------------------------
# What stands on the page
# ---------------------------------------------------------------------------------------------

# The page without its blocks and tables, in one line.
text_of() { awk '/^```/ { fence = !fence; next } !fence && !/^\|/' "$PAGE" | tr '\n' ' '; }

# The cells below one of these titles, each on a line.
cells_of() { # TITLE...
    awk -v titles="$(printf '|%s|' "$@")" -F ' *[|] *' '
        !/^\|/ { head = 0; next }
        !head { head = 1; for (i = 2; i < NF; i++) wanted[i] = index(titles, "|" $i "|"); next }
        !/^\|-/ { for (i = 2; i < NF; i++) if (wanted[i]) print $i }' "$PAGE"
}

# The rows of the table that begins so.
rows_of() { # BEGINNING
    awk -v head="$1" 'index($0, head) == 1 { rows = 1; next } !/^\|/ && rows { exit }
        rows && !/^\|-/' "$PAGE"
}

# What is between two backquotes, one a line.
code() { grep -oE '`[^`]+`' | tr -d '`'; }

# What of it begins with an option (--name, -x, -xy): the option.
options() { sed -nE 's/^(--[a-z][a-z-]*|-[A-Za-z]{1,2})([ =].*)?$/\1/p' | sort -u; }

# Lines to be typed.
typed() { { text_of && cells_of type; } | code | grep '^minicontainer '; }

# ---------------------------------------------------------------------------------------------
# What the program says
# ---------------------------------------------------------------------------------------------

# WORD is an option or a command of --help.
is_ours() {
    local help rows
    help=$("$MC" --help && "$MC" run --help)
    rows=$(sed -n 's/^All on: /,/p' <<<"$help"),
    case $1 in
    -it) is_ours -i && is_ours -t ;;
    --*) [[ $help =~ [^-a-z]"$1"([^-a-z]|$) || $rows == *,"${1/#--?(no-)/}",* ]] ;;
    -*) [[ $help =~ [^-a-z]"$1"([^-a-z]|$) ]] ;;
    *) [[ $("$MC" --help) =~ $'\n  '([a-z]+, )*"$1"[,\ ] ]] ;;
    esac
}

# ours WORD...: all of them are.
ours() {
    local word bad=0
    for word; do
        if is_ours "$word"; then continue; fi
        echo "-- no --help has $word"
        bad=1
    done
    assert "$bad" == 0 "our words on the page"
}

# ---------------------------------------------------------------------------------------------

@test "the page is short, and names each lesson" {
    local dir
    assert "$(wc -l <"$PAGE")" -le 150
    for dir in "$TOP"/lessons/[0-9][0-9]-*/; do
        assert "$(<"$PAGE")" contains "]($(basename "$dir")/README.md)"
    done
    assert "$(<"$TOP/README.md")" contains "](lessons/FROM-HERE-TO-DOCKER.md)"
    assert "$(<"$TOP/lessons/README.md")" contains "](FROM-HERE-TO-DOCKER.md)"
}

@test "the line of docker run: each word has its row, in order" {
    local line words
    line=$(grep '^docker run ' "$PAGE")
    words=$(rows_of '| in Docker | what it is |' | cut -d '`' -f 2 | paste -sd ' ')
    assert "$words" == "$line"
}

@test "the table of defaults: each isolation has its row, with its lesson, in order" {
    local name rows
    rows=$(rows_of '| | Docker |')
    mc isolations --porcelain
    assert "$(cut -d '|' -f 2 <<<"$rows" | tr -d ' ' | paste -sd, | cut -d, -f 1-13)" == \
        "$(cut -f 2 <<<"$output" | paste -sd,)"
    while read -r name; do
        assert "$(grep -E "^\| ([a-z]+, )*${name#*-}[ ,]" <<<"$rows")" contains "]($name/README.md)"
    done < <(cut -f 1,2 <<<"$output" | tr '\t' -)
}

@test "our words on the page are words of --help" {
    local words commands
    words=$(cells_of here | code | options)
    assert "$(wc -l <<<"$words")" -ge 8 "options in the columns here"
    # shellcheck disable=SC2086  # words
    ours $words
    # In the text, and in lines to be typed, an option is ours, unless Docker's column has it.
    cells_of 'in Docker' Docker | code | options >dockers
    printf '%s\n' $DOCKERS >>dockers
    words=$({ text_of && cells_of 'what is different'; } | code | options | grep -vxFf dockers)
    words+=" $(typed | tr ' ' '\n' | options)"
    assert "$(wc -w <<<"$words")" -ge 10 "options in the text"
    # shellcheck disable=SC2086  # words
    ours $words
    commands=$(text_of | grep -oE 'The other commands are .* For alpine' | code)
    assert "$(wc -w <<<"$commands")" -ge 17 "commands on the page"
    commands+=" $(typed | cut -d ' ' -f 2 | sort -u) $(rows_of '| in Docker | what it does |' |
        cut -d '|' -f 4 | code | grep -xE '[a-z]+')"
    # shellcheck disable=SC2086  # words
    ours run $commands
}

@test "what the page calls Docker's word is refused here" {
    local word
    for word in $DOCKERS --device; do
        mc -125 run "$word" 1 -- true
        assert "$stderr" contains "no option $word here"
    done
    # --user is there, and is another thing: the message says so.
    mc -125 run --user 1000 -- true
    assert "$stderr" contains "--map"
}

@test "each line of the page that can be typed is typed" {
    requires userns overlay
    local line n=0
    echo 'cd; sh lessons/15-layers/make-base >/dev/null 2>&1 || exit 99' >script
    while read -r line; do
        # Limits, and what skopeo has fetched, are for the tests below.
        if [[ $line == *" -m "* || $line == "minicontainer pull "* ]]; then continue; fi
        printf '%s || { echo "status $? of: %s" >&2; exit 1; }\n' "$line" "$line" >>script
        n=$((n + 1))
    done < <(typed)
    assert "$n" -ge 3
    mc lab sh <script
}

@test "each line of the page with a limit is typed" {
    requires userns limits
    local line n=0
    while read -r line; do
        # shellcheck disable=SC2086  # words
        mc ${line#minicontainer }
        if [[ $line == *MemTotal* ]]; then assert "$output" == "$(grep MemTotal /proc/meminfo)"; fi
        n=$((n + 1))
    done < <(typed | grep ' -m ')
    assert "$n" -ge 3
    # "In our containers they find no limit."
    mc -1 run -m 64M -- cat /sys/fs/cgroup/memory.max
    assert "$stderr" contains "No such file or directory"
}

@test "alpine: the line of skopeo, from another source, and then pull" {
    requires userns overlay skopeo
    local line who
    line=$(text_of | code | grep '^skopeo copy ')
    assert "$line" contains " docker://docker.io/library/alpine "
    for who in $(people); do
        mkdir -m 777 "$who"
        (
            cd "$who"
            export XDG_DATA_HOME=$PWD/data
            build_base "$who" sh cat
            $who mc push base stick
            # As on the way from a registry, the layers are compressed.
            line=${line/docker:\/\/docker.io\/library\/alpine/oci:stick:base:latest}
            # shellcheck disable=SC2086  # words
            $who call ${line/copy/copy -q --insecure-policy}
            # shellcheck disable=SC2046  # words
            $who mc $(typed | sed -n 's/^minicontainer \(pull .*\)/\1/p')
            $who mc run --image alpine -- sh -c 'echo hello'
            assert "$output" == hello
        )
    done
}
