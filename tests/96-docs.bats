# 96-docs.bats -- what we write is true: every console block of the README and of the lessons is
# typed at a terminal and its answer held against the page; links and names lead somewhere; the
# five parts of the spine agree; --help names every option.
#
# One page alone:  bats -f 02-uts tests/96-docs.bats

load helpers
load session

# ---------------------------------------------------------------------------------------------
# Pages
# ---------------------------------------------------------------------------------------------

# page FILE: type its console blocks.
page() {
    local needs
    needs=$(page_needs "$TOP/$1")
    # shellcheck disable=SC2086  # words
    requires tty userns $needs
    check_page "$TOP/$1"
}

@test "page README.md" { page README.md; }
@test "page 00-what-is-a-container" { page lessons/00-what-is-a-container/README.md; }
@test "page 01-first-container" { page lessons/01-first-container/README.md; }
@test "page 02-uts" { page lessons/02-uts/README.md; }
@test "page 03-pid" { page lessons/03-pid/README.md; }
@test "page 04-mnt" { page lessons/04-mnt/README.md; }
@test "page 05-proc" { page lessons/05-proc/README.md; }
@test "page 06-root" { page lessons/06-root/README.md; }
@test "page 07-user" { page lessons/07-user/README.md; }
@test "page 08-ipc" { page lessons/08-ipc/README.md; }
@test "page 09-net" { page lessons/09-net/README.md; }
@test "page 10-cgroup" { page lessons/10-cgroup/README.md; }
@test "page 11-time" { page lessons/11-time/README.md; }
@test "page 12-caps" { page lessons/12-caps/README.md; }
@test "page 13-seccomp" { page lessons/13-seccomp/README.md; }
@test "page 14-limits" { page lessons/14-limits/README.md; }
@test "page 15-layers" { page lessons/15-layers/README.md; }
@test "page 16-images" { page lessons/16-images/README.md; }
@test "page 17-build" { page lessons/17-build/README.md; }
@test "page 18-registry" { page lessons/18-registry/README.md; }
@test "page 19-life" { page lessons/19-life/README.md; }
@test "page 20-volumes" { page lessons/20-volumes/README.md; }
@test "page 21-networks" { page lessons/21-networks/README.md; }
@test "page 22-ports" { page lessons/22-ports/README.md; }
@test "page 23-compose" { page lessons/23-compose/README.md; }
@test "page 24-daemon" { page lessons/24-daemon/README.md; }

# The path and the teacher's page may do without a session; if it has one, it is typed.
@test "page lessons/README.md" {
    if grep -q '^```console' "$TOP/lessons/README.md"; then page lessons/README.md; fi
}

@test "page lessons/FROM-HERE-TO-DOCKER.md" { page lessons/FROM-HERE-TO-DOCKER.md; }

@test "page lessons/TEACHING.md" {
    if grep -q '^```console' "$TOP/lessons/TEACHING.md"; then page lessons/TEACHING.md; fi
}

# until_step TEXT: Enter, in the first window, until it says TEXT and asks.
until_step() {
    until [[ $output == *"$1"* ]]; do
        assert "$prompt" starts "[Enter]" "it never said: $1"
        session_type ''
        session_prompt
    done
}

@test "five minutes, two windows: what the second one sees before and after each step" {
    requires tty userns ip
    local who child
    for who in $(people); do
        prompt=
        SESSION_PATH=$(dirname "$MC"):$PATH $who session_start
        session_prompt
        session_type "$(basename "$MC") run --step"
        session_prompt
        until_step sethostname
        child=$(sed -nE 's|.*/proc/([0-9]+)/.*|\1|p' <<<"$output" | head -n 1)
        $who call "$MC" exec "$child" hostname
        assert "$output" != box
        session_type ''
        session_prompt
        until_step 'has a new network'
        $who call "$MC" exec "$child" hostname
        assert "$output" == box
        $who call "$MC" exec "$child" ip -br addr
        assert "$output" =~ ^lo\ +DOWN
        session_type ''
        session_prompt
        $who call "$MC" exec "$child" ip -br addr
        assert "$output" =~ ^lo\ +UNKNOWN\ +127.0.0.1/8
        session_end
    done
}

# The minutes of a plan, and of a week, are those that are said.
@test "the teacher's plans: their sums are right" {
    local plan
    plan=$(awk -F '|' '/^\*\*/ { name = $0; sub(/^\*\*/, "", name); sub(/\*\*.*/, "", name) }
        $2 ~ /^ [0-9]+ $/ && NF == 5 { sum[name] += $2 }
        END { for (n in sum) print n ": " sum[n] }' "$TOP/lessons/TEACHING.md" | sort)
    assert "$plan" == "90 minutes: 90
A second half day, on rights: 180
Half a day: 90"
    awk -F '|' 'FNR == NR { if ($2 ~ /^ \[[0-9][0-9] /) minutes[substr($2, 3, 2)] = $4; next }
        NF == 7 && $2 ~ /^ [0-9]+ $/ {
            n = split($3, lesson, /[, ]+/); sum = 0
            for (i = 1; i <= n; i++) sum += minutes[lesson[i]]
            if (sum != $4) print "week" $2 ": " sum
            weeks++
        } END { print weeks " weeks" }' "$TOP/lessons/README.md" "$TOP/lessons/TEACHING.md" >sums
    assert "$(<sums)" == "10 weeks"
}

@test "the teacher's page has each lesson's goal" {
    assert "$(sed '1,/^## What they can do/d' "$TOP/lessons/TEACHING.md" | grep -oE '^\| [0-9]{2} \| ' | tr -d '| ' | paste -sd ' ')" == \
        "$(cd "$TOP/lessons" && printf '%s\n' [0-9][0-9]-* | cut -c 1-2 | paste -sd ' ')"
}
@test "page lessons/build-your-own/README.md" { page lessons/build-your-own/README.md; }

@test "no page is forgotten" {
    local file
    for file in README.md "$TOP"/lessons/*.md "$TOP"/lessons/*/; do
        file=${file#"$TOP/"}
        file=${file%/}
        case $file in
        *.md) ;;
        lessons/kit) continue ;; # what make install runs: no page
        *) file=$file/README.md ;;
        esac
        assert "$(<"$BATS_TEST_FILENAME")" contains " page $file;" "each page has its test"
        assert "$(ls "$TOP/$file")" == "$TOP/$file" "each lesson has a README.md"
    done
}

# ---------------------------------------------------------------------------------------------
# Lessons
# ---------------------------------------------------------------------------------------------

# Twenty-five are there; a test that finds none must not pass.
lessons() {
    (
        cd "$TOP" || exit
        ls -d lessons/[0-9][0-9]-*/README.md >"$BATS_TEST_TMPDIR/lessons"
        assert "$(wc -l <"$BATS_TEST_TMPDIR/lessons")" -ge 25 "lessons found" || exit
        cat "$BATS_TEST_TMPDIR/lessons"
    )
}
pages() {
    lessons && printf '%s\n' README.md lessons/README.md lessons/TEACHING.md \
        lessons/FROM-HERE-TO-DOCKER.md lessons/build-your-own/README.md
}

# The parts of a lesson begin with a heading or with bold words; Predict stands in the text.
parts_of() {
    awk '/^```/ { fence = !fence } fence { next }
        match($0, /^(#+ |\*\*)(Question|Without it|With it|Read|Break it|Check yourself)/) ||
        match($0, /^(#+ |\*\*)(In Docker|Man pages)/) {
            part = substr($0, 1, RLENGTH); sub(/^(#+ |\*\*)/, "", part)
            if (substr($0, RLENGTH + 1) !~ /^[A-Za-z]/) print part
        }
        /Predict/ && !predicted++ { print "Predict" }' "$1" | paste -sd,
}

@test "every lesson has its parts, in their order" {
    local file wanted='Question,Predict,Without it,With it,Read,Break it,Check yourself'
    wanted+=',In Docker,Man pages'
    local found bad=0
    found=$(lessons)
    for file in $found; do
        assert "$(parts_of "$TOP/$file")" == "$wanted" "$file" || bad=1
        # It ends with the question that the next lesson answers.
        assert "$(sed '1,/Man pages/d' "$TOP/$file")" contains "?" "$file: the last question" || bad=1
    done
    assert "$bad" == 0
}

# In lesson 23 a file of 22 lines is typed.
@test "a lesson has at most 74 lines (00, and from 15 on: 94; 23: 114)" {
    local file most found bad=0
    found=$(lessons)
    for file in $found; do
        most=74
        if [[ $file == lessons/00-* || $file == lessons/1[5-9]-* || $file == lessons/2* ]]; then most=94; fi
        if [[ $file == lessons/23-* ]]; then most=114; fi
        assert "$(wc -l <"$TOP/$file")" -le "$most" "$file" || bad=1
    done
    assert "$bad" == 0
}

@test "relative links lead to files and headings that exist" {
    local file link path anchor found
    found=$(pages)
    for file in $found; do
        while read -r link; do
            case $link in http://* | https://* | mailto:*) continue ;; esac
            path=${link%%#*}
            anchor=
            if [[ $link == *#* ]]; then anchor=${link#*#}; fi
            if [ -z "$path" ]; then path=$file; else path=$(dirname "$file")/$path; fi
            assert "$(ls -d "$TOP/$path" 2>&1)" == "$TOP/$path" "$file links to $link"
            if [ -n "$anchor" ]; then
                assert "$(anchors "$TOP/$path")" has-line "$anchor" "$file links to $link"
            fi
        done < <(links "$TOP/$file")
    done
}

links() {
    grep -oE '\]\([^) ]+|(src|srcset|href)="[^"]+' "$1" | sed -E 's/^\]\(|^[a-z]+="//g'
}

# The names that headings get: small letters, no signs, "-" for a blank.
anchors() {
    sed -nE 's/^#+ +//p' "$1" | tr '[:upper:]' '[:lower:]' | tr -cd 'a-z0-9 \n_-' | tr ' ' '-'
}

@test "chapters and functions that pages cite exist" {
    local file name found
    found=$(pages)
    for file in $found; do
        while read -r name; do
            mc source "$name" >out
            # A chapter by its number has that number in its banner.
            name=${name,,}
            assert "${output,,}" contains "${name#0}" "$file cites minicontainer source $name"
        done < <(cited "$TOP/$file" | sort -u)
        while read -r name; do
            assert "$(grep -cE "(^|[^A-Za-z0-9_])$name\(" "$TOP/minicontainer.c")" -ge 1 \
                "$file cites $name()"
        done < <(grep -oE '`[a-z_][a-z0-9_]*\(\)`' "$TOP/$file" | tr -d '`()' | sort -u)
    done
}

# What stands behind "minicontainer source": a word, or words in quotes.
cited() {
    grep -oE "minicontainer source ([A-Za-z0-9_]+|'[^']+'|\"[^\"]+\")" "$1" |
        sed "s/^minicontainer source //; s/[\"']//g"
}

# ---------------------------------------------------------------------------------------------
# The spine
# ---------------------------------------------------------------------------------------------

@test "the spine: table, chapters, lessons, tests and flags are the same isolations" {
    mc isolations --porcelain
    cut -f1,2 <<<"$output" | tr '\t' - >table
    # Chapters: number and flag of the banner.
    sed -nE 's/^ \* ([0-9]+)\. .* --([a-z]+)$/\1 \2/p' "$TOP/minicontainer.c" |
        while read -r number topic; do printf '%02d-%s\n' "$number" "$topic"; done >chapters
    (cd "$TOP/lessons" && ls -d [0-9][0-9]-*/) | tr -d / | grep -v '^0[01]-' >all-lessons
    (cd "$TOP/tests" && ls [0-7][0-9]-*.bats) | sed 's/\.bats$//' | grep -v '^0[01]-' >all-tests
    # From 15 on a lesson is about images, and no isolation; but it has its tests, too.
    assert "$(<all-tests)" == "$(<all-lessons)" "lessons/ and tests/"
    grep -vE '^(1[5-9]|[2-7])' all-lessons >lessons
    grep -vE '^(1[5-9]|[2-7])' all-tests >tests
    mc run --help
    grep -oE '[a-z]+(,[a-z]+){5,}' <<<"$output" | tr , '\n' >flags
    assert "$(wc -l <table)" -eq 13 "there are rows"
    assert "$(<chapters)" == "$(<table)" "chapters of minicontainer.c"
    assert "$(<lessons)" == "$(<table)" "directories of lessons/"
    assert "$(<tests)" == "$(<table)" "files of tests/"
    assert "$(<flags)" == "$(cut -d- -f2 table)" "flags in run --help"
}

@test "the path names every lesson, in order" {
    local dir
    for dir in "$TOP"/lessons/[0-9][0-9]-*/; do
        dir=$(basename "$dir")
        echo "| [${dir/-/ }]($dir/README.md) |" | tr - ' '
    done >wanted
    sed -n 's/^\(| \[[0-9][^|]*|\).*/\1/p' "$TOP/lessons/README.md" | tr - ' ' >found
    assert "$(<found)" == "$(<wanted)"
}

@test "the spine: each lesson has its chapter, which names the lesson" {
    local dir number
    for dir in "$TOP"/lessons/[0-9][0-9]-*/; do
        dir=$(basename "$dir")
        number=$((10#${dir%%-*}))
        run -0 grep -nE "^ \* $number\. [A-Z]" "$TOP/minicontainer.c"
        run -0 grep -nE "^ \* Read +.*lessons/$dir\b" "$TOP/minicontainer.c"
    done
}

@test "the spine: --X and --no-X of every row are understood, and Docker's word for its absence" {
    local number topic needs clone docker words
    mc isolations --porcelain
    while IFS=$'\t' read -r number topic needs clone docker words; do
        assert "$words" != "" "$number $topic"
        mc -any run "--$topic" -- true
        assert "$stderr" lacks "unknown" "--$topic"
        mc -any run "--no-$topic" -- true
        assert "$stderr" !~ 'no such option|unrecogni|unknown' "--no-$topic"
        # (Docker has no word for a limit that is not there.)
        if [[ $docker == --* ]]; then
            mc -any run "$docker" -- true
            assert "$stderr" !~ 'no such option|unrecogni|unknown' "$docker"
        fi
        assert "$clone" =~ '^(CLONE_NEW[A-Z]+|mounts|capset.*|.*filter|cgroup v2)$'
        assert "$needs" =~ '^[a-z]+(,[a-z]+)*$'
    done <<<"$output"
}

# ---------------------------------------------------------------------------------------------
# --help
# ---------------------------------------------------------------------------------------------

# The options of the C file, independent of what --help says: "--name" or "-n" a line; without
# what Docker has and we have not, and without -it, which is -i and -t.
options_in_source() {
    sed -n '/^} options\[\] = {/,/^};/p' "$TOP/minicontainer.c" |
        sed -nE '/"\^\$" \},$/!s/^    \{ "([^"]*)".*/\1/p' | tr ' ' '\n' | grep -vxE -e '-it|-ti'
}

@test "run --help names every option there is" {
    local name
    mc run --help
    assert "$(options_in_source | wc -l)" -ge 30 "options found in the source"
    while read -r name; do
        assert "$output" =~ "(^|[^-a-z])$name([^-a-z]|$)" "$name"
    done < <(options_in_source)
}

@test "--help names every command; every --help fits 24 x 80 and begins with two examples" {
    local command commands
    mc --help
    commands=$(sed -n '/^} commands\[\]/,/^};/p' "$TOP/minicontainer.c" |
        grep -oE '"[a-z]+", cmd_' | cut -d '"' -f 2)
    assert "$(wc -l <<<"$commands")" -ge 8
    for command in $commands; do
        assert "$output" =~ $'\n'"  ([a-z]+, )*${command}[, ]" "--help names $command"
    done
    fits "--help"
    for command in $commands; do
        mc "$command" --help
        fits "$command --help"
    done
}

fits() { # WHAT: $output on a screen of 24 x 80
    assert "$(wc -l <<<"$output")" -le 24 "$1: lines"
    assert "$(awk 'length > n { n = length } END { print n + 0 }' <<<"$output")" -le 80 "$1: columns"
    if [[ $1 == *--help ]]; then
        assert "$(grep -v '^Usage' <<<"$output" | head -n 2 | grep -c '^  minicontainer ')" -eq 2 \
            "$1: examples first"
    fi
}

@test "compare and isolations fit 24 x 80" {
    requires userns
    mc compare
    fits compare
    mc isolations
    fits isolations
}

# ---------------------------------------------------------------------------------------------
# The README's first line
# ---------------------------------------------------------------------------------------------

@test "make run: a terminal ends in a shell inside a container, and without one after compare" {
    requires make cc tty userns
    # As a newcomer has it: a fresh clone, in which nothing is built.
    mkdir clone
    cp -R "$MC_TREE/." clone
    rm clone/minicontainer
    cd clone
    call make run
    assert "$output" contains "--no-uts"
    session_start
    session_prompt
    session_type 'make run'
    session_prompt
    assert "$prompt" == "box# "
    session_type 'hostname'
    session_prompt
    assert "$output" == box
    # A command that fails last in that shell is no failure of make.
    session_type 'exit 3'
    session_prompt
    assert "$prompt" == '$ '
    assert "$output" lacks Error
}

# ---------------------------------------------------------------------------------------------
# The runner itself: a page that lies must be found out
# ---------------------------------------------------------------------------------------------

# lie / truth: the page on stdin (~~~ stands for the fence) must fail, with TEXT; or pass.
lie() {
    sed 's/^~~~/```/' >page.md
    rm -rf home/minicontainer
    run check_page "$BATS_TEST_TMPDIR/page.md"
    echo "$output"
    assert "$status" -ne 0 "a page that lies"
    assert "$output" contains "$1"
}
truth() {
    sed 's/^~~~/```/' >page.md
    rm -rf home/minicontainer
    check_page "$BATS_TEST_TMPDIR/page.md"
}

@test "runner: pages that lie fail" {
    requires tty
    lie 'page.md:2: $ echo a' <<<$'~~~console\n$ echo a\nb\n~~~'
    lie 'the terminal shows' <<<$'~~~console\n$ echo a; echo b\na\n~~~'
    lie 'the terminal shows' <<<$'~~~console\n$ echo a\na\nb\n~~~'
    lie 'the terminal shows' <<<$'~~~console\n$ echo a\n~~~'
    lie 'the terminal shows' <<<$'~~~console\n$ true\na\n~~~'
    lie 'the terminal shows' <<<$'~~~console\n$ echo abc\n<number>\n~~~'
    lie 'the terminal shows' <<<$'~~~console\n$ echo a b\n<word>\n~~~'
    lie 'the terminal shows' <<<$'~~~console\n$ seq 3\n1\n...\n2\n~~~'
    lie 'has the prompt "lab# "' <<<$'~~~console\nlab# echo a\na\n~~~'
    # The second block of a page, and a command far down.
    lie 'page.md:6: $ echo c' <<<$'~~~console\n$ echo a\na\n~~~\n~~~console\n$ echo c\nd\n~~~'
}

@test "runner: pages without anything to check fail" {
    lie 'no console block' <<<$'words\n~~~sh\n$ echo a\n~~~'
    lie 'without a command' <<<$'~~~console\necho a\n~~~'
    lie 'without a command' <<<$'~~~console\n~~~\n~~~console\n$ true\n~~~'
    lie 'does not end' <<<$'~~~console\n$ echo a\na'
    lie 'for whom' <<<$'~~~console teacher\n$ echo a\na\n~~~'
    lie 'before any command' <<<$'~~~console\na\n$ echo a\na\n~~~'
}

@test "runner: a command that never ends is not waited for long" {
    requires tty
    SESSION_TIMEOUT=2
    lie 'no prompt after: cat' <<<$'~~~console\n$ cat\n~~~'
}

@test "runner: true pages pass" {
    requires tty
    truth <<'END'
~~~console
$ cd /usr; x=5
$ pwd; echo $x
/usr
5
~~~
Words. The shell is the same in the next block.
~~~console
$ pwd; echo $x; echo '<pid> a*b [x] \n'
/usr
5
<word> a*b [x] \n
$ sleep 100 & echo "job $!"
[1] <pid>
job <pid>
$ kill %1; tail -s 0.1 --pid "$!" -f /dev/null
[1]+  Terminated              sleep 100
$ seq 1 10
1
...
10
$ for i in a b
> do echo $i
> done
a
b
$ sleep 100
^C
$ printf 'no newline'
no newline
$ cat <<X
> one
> X
one
$ bash --norc
$ exit 3
exit
$ echo "$?, $$"
3, <pid>
$ echo a    b
a ...
~~~
END
}

@test "runner: blocks for root or user are typed by that person only" {
    requires tty
    local me=user other=root
    if [ "$(id -u)" = 0 ]; then me=root other=user; fi
    truth <<<$'~~~console\n$ echo a\na\n~~~\n~~~console '"$other"$'\n$ echo a\nb\n~~~'
    lie 'the terminal shows' <<<$'~~~console '"$me"$'\n$ echo a\nb\n~~~'
}

@test "runner: inside lab and run" {
    requires tty userns
    truth <<'END'
~~~console
$ minicontainer run
...
box# hostname; echo $$
box
<pid>
box# exit
exit
$ ./minicontainer lab
...
lab# minicontainer run --only uts -- sh -c 'hostname oops; hostname'
oops
lab# hostname
lab
lab# exit
exit
...
$ hostname | grep -x -e lab -e oops
~~~
END
}
