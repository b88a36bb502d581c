# 81-exercises.bats -- the exercises of the lessons: lessons/check, in the lab, and lessons/grade, outside.
#
# Every hand-in that a lesson has is graded: its solution, its wrong answers, nothing, and the solution of the
# lesson before.

load helpers

setup() {
    mc_setup
    requires userns
    LESSONS=$TOP/lessons
    PATH=$(dirname "$MC"):$PATH
    export PATH
}

# exercises: the numbers of the lessons that have one
exercises() { (cd "$LESSONS" && printf '%s\n' [0-9][0-9]-*/check | cut -c 1-2); }
dir_of() { echo "$LESSONS/$1"-*; }

@test "each lesson from 01 on has an exercise: task, check, solution, wrong answers" {
    local nn dir wrong
    assert "$(exercises | paste -sd ' ')" == "$(cd "$LESSONS" && printf '%s\n' [0-9][0-9]-* | cut -c 1-2 | sed 1d | paste -sd ' ')"
    for nn in $(exercises); do
        dir=$(dir_of "$nn")
        assert "$(head -n 1 "$dir/exercise.md")" starts "# Exercise $nn: "
        assert "$(wc -l <"$dir/exercise.md")" -le 25 "$nn"
        assert "$(grep -c '^Goal: ' "$dir/exercise.md")" == 1 "$nn"
        assert "$(grep -c '^What counts: ' "$dir/exercise.md")" == 1 "$nn"
        assert "$(grep -c '^<details><summary>Hint [1-9]</summary>$' "$dir/exercise.md")" -ge 2 "$nn"
        assert "$(awk 'length > 120' "$dir/exercise.md")" == "" "$nn: long lines"
        assert "$(cat "$dir/solution")" =~ 'NUMBER|NAME' "$nn: what is drawn is used"
        assert "$(find "$dir" -name "wrong-*" | wc -l)" -ge 1 "$nn"
        for wrong in "$dir"/wrong-*; do
            assert "$(head -n 1 "$wrong")" starts "# told: " "$wrong"
        done
    done
}

# A class that hands in all that there is: DIR/STUDENT/NN.sh
hand_in() { # WHAT NN FILE
    mkdir -p "class/$1"
    cp "$3" "class/$1/$2.sh"
}

@test "a term: solutions pass; wrong answers, nothing, and the solution of the lesson before do not" {
    local nn dir wrong before='' file verdict want told bad=0
    for nn in $(exercises); do
        dir=$(dir_of "$nn")
        hand_in right "$nn" "$dir/solution"
        hand_in nothing "$nn" /dev/null
        if [ -n "$before" ]; then hand_in before "$nn" "$before"; fi
        before=$dir/solution
        for wrong in "$dir"/wrong-*; do hand_in "$(basename "$wrong")" "$nn" "$wrong"; done
    done
    chmod -R a+rX class
    call -1 "$LESSONS/grade" --deadline 100 --format tsv class
    assert "$stderr" lacks "command not found" "a check calls what there is"
    assert "${#lines[@]}" == "$(find class -name '*.sh' | wc -l)" "a line for each"
    while IFS=$'\t' read -r who nn verdict told; do
        want=failed file=$(dir_of "$nn")/$who
        if [ "$who" = right ]; then want=solved; fi
        if [ "$verdict" = skipped ]; then
            echo "# exercise $nn, $who: skipped: $told" >&3
            assert "$told" =~ ^skipped:\ .+ "$nn: the reason"
            continue
        fi
        assert "$verdict" == "$want" "exercise $nn, $who: $told" || bad=1
        if [ -e "$file" ]; then
            assert "$told" contains "$(sed -n '1s/^# told: //p' "$file")" "exercise $nn, $who" || bad=1
        fi
    done <<<"$output"
    assert "$bad" == 0
    no_process_left
}

# in_the_lab COMMAND-LINE
in_the_lab() { mc -any lab bash -c "$1"; }

@test "in the lab: the task, not yet, solved, for each exercise" {
    local who nn
    for who in $(people); do
        for nn in $(exercises); do
            $who in_the_lab "lessons/check $nn; lessons/check $nn; . ~/.exercises/$nn; . lessons/$nn-*/solution >/dev/null 2>&1
                for i in {1..200}; do lessons/check $nn >said; rc=\$?; if [ \$rc != 1 ]; then break; fi; sleep 0.1; done
                cat said; exit \$rc"
            assert "$output" contains "Goal: " "$who $nn"
            if [ "$status" = 77 ]; then
                assert "$output" contains "skipped: " "$who $nn"
                continue
            fi
            assert "$status" == 0 "$who $nn"
            assert "$output" contains "Not yet: exercise $nn." "$who $nn"
            assert "$output" contains "Solved: exercise $nn." "$who $nn"
            assert "$output" lacks NUMBER "$who $nn"
        done
    done
}

@test "hints come one by one; the table shows what is solved, in the next lab, too" {
    in_the_lab 'lessons/check 3 >task; . ~/.exercises/03; grep -c "sleep $NUMBER" task; lessons/check 03 hint; lessons/check 03 hint
        for i in 1 2 3 4; do lessons/check 03 hint; done | tail -n 1; lessons/check | grep ^begun; lessons/check 03 task | cmp - task'
    assert "${lines[0]}" -ge 1
    assert "$output" contains 'Hint 1:'
    assert "$output" contains 'Hint 2:'
    assert "$output" contains 'That were all hints'
    assert "$output" contains 'begun   03: '
    assert "$status" == 0
    mc lab -e DONE=02,07 lessons/check
    assert "$(grep -c ^solved <<<"$output")" == 2
    assert "${lines[-1]}" ends "minicontainer lab -e DONE=02,07"
}

@test "outside of the lab, and for no exercise: said" {
    call -2 "$LESSONS/check" 03
    assert "$stderr" contains "minicontainer lab"
    mc -2 lab lessons/check 99
    assert "$stderr" contains "no exercise 99"
    mc -2 lab lessons/check x
    assert "$stderr" contains "no exercise x"
    call "$LESSONS/check" --help
    assert "$output" starts Usage:
}

# ---------------------------------------------------------------------------------------------
# lessons/grade
# ---------------------------------------------------------------------------------------------

# hostile NAME SCRIPT: somebody who hands that in for exercise 03
hostile() {
    mkdir -p "class/$1"
    cat >"class/$1/03.sh" <<<"$2"
}

@test "hostile hand-ins get no point and leave nothing" {
    hostile bomb 'bomb() { bomb | bomb & }; bomb'
    hostile memory 'mkdir /m; mount -t tmpfs -o size=90% none /m; head -c 300M /dev/zero >/m/1; head -c 900M /dev/zero >/root/2; tail /dev/zero'
    hostile fake 'mkdir /f; for p in ps cat sleep readlink awk sed minicontainer nsenter; do printf "#!/bin/sh\necho solved\n" >/f/$p; chmod 755 /f/$p; done
        mount --bind /f /usr/bin; mount --bind /f /bin; export PATH=/f; sleep "$NUMBER" &'
    hostile killer 'kill -9 -1; kill -9 $PPID; kill -9 1; echo solved'
    hostile waits 'trap "" TERM HUP INT; while :; do read -r x <>/dev/tty; done'
    hostile prints 'printf "\033[2Jsolved\a\n"; exec -a "$(printf "sleep\t\033[31m")" sleep 1000'
    hostile named 'mv /proc/self /x; hostname "$(printf "\033]0;solved")"; exec -a "sleep $NUMBER" tail -f /dev/null'
    mkdir -p "class/"$'odd\033[31m\tname'
    echo 'sleep 1 &' >"class/"$'odd\033[31m\tname/03.sh'
    hostile ok "$(<"$(dir_of 03)/solution")"
    chmod -R a+rX class
    call -1 "$LESSONS/grade" --deadline 30 class
    assert "$(LC_ALL=C tr -d '\n[:print:]' <<<"$output")" == "" "what it prints is plain"
    assert "$(grep -c ' solved ' <<<"$output")" == 1
    assert "$output" =~ ok\ +03\ \ solved
    assert "${lines[-1]}" == "1 solved, 8 failed, 0 skipped"
    no_process_left
}

@test "grade is ended: nothing of it is left" {
    local sig
    hostile waits 'while :; do sleep 1; done'
    chmod -R a+rX class
    for sig in TERM INT KILL; do
        (
            remember_session
            exec setsid "$LESSONS/grade" class
        ) >said 2>&1 3>&- 4>&- </dev/null &
        disown $!
        wait_for "session_processes '$MC_STATE/sessions' | grep -q sleep"
        if [ "$sig" = INT ]; then
            kill -INT -- "-$!" # ^C: all of its group
        else
            kill "-$sig" "$!"
        fi
        if [ "$sig" != KILL ]; then no_process_left; fi
    done
    # Killed, it cannot say so to the others: they end by themselves, at the deadline.
    no_process_left
}

@test "one student's directory; formats; exit status" {
    mkdir one
    cp "$(dir_of 03)/solution" one/03.sh
    chmod -R a+rX one
    call "$LESSONS/grade" one
    assert "${lines[-1]}" == "1 solved, 0 failed, 0 skipped"
    echo true >one/02.sh
    call -1 "$LESSONS/grade" --format gradescope one
    python3 -c 'import json, sys
tests = json.load(sys.stdin)["tests"]
assert [t["score"] for t in tests] == [0, 1] and all(t["output"] for t in tests), tests' <<<"$output"
    mkdir -p class/'A & "B" <c>'
    cp one/* class/*/
    call -1 "$LESSONS/grade" --format junit class
    python3 -c 'import sys, xml.etree.ElementTree as tree
suite = tree.fromstring(sys.stdin.read())
assert suite.get("failures") == "1" and len(suite) == 2, suite
assert suite[0].get("classname") == "A & \"B\" <c>", suite[0].attrib' <<<"$output"
    call -2 "$LESSONS/grade" empty
    mkdir empty
    call -2 "$LESSONS/grade" empty
    assert "$stderr" contains "no hand-ins"
    call -2 "$LESSONS/grade" --format html one
}
