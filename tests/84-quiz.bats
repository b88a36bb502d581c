# 84-quiz.bats -- lessons/quiz: every question is run, and exactly one of its choices is right;
# what a student types at a terminal, and what a teacher prints and edits.
#
# The questions of some lessons alone:  lessons/quiz --check 02-07

load helpers
load session

setup() {
    mc_setup
    QUIZ=$MC_TREE/lessons/quiz
    # What it leaves, it leaves here.
    mkdir -m 1777 tmp
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    unset XDG_STATE_HOME
}

# ---------------------------------------------------------------------------------------------
# The questions of the lessons
# ---------------------------------------------------------------------------------------------

# check LESSONS: each question is run, or skipped for a reason that is one.
check() {
    local line
    call "$QUIZ" --check "$1"
    assert "$stderr" == ""
    assert "$output" =~ '[1-9][0-9]* right, 0 faults, [0-9]+ skipped$'
    while IFS= read -r line; do
        truly_skipped "${line#*: skipped: }"
    done < <(grep skipped: <<<"$output")
    assert "$(ls "$TMPDIR")" == "" "nothing is left"
}

truly_skipped() { # REASON
    local word
    case $1 in
    *overlay*) word=overlay ;;
    *'bridge or veth'*) word=bridge ;;
    *'time namespaces'*) word=timens ;;
    *'cgroup v2'*) word=limits ;;
    'the program '*' is not here')
        word=${1#the program } word=${word%% *}
        assert "$(type -P "$word")" == "" "skipped: $1"
        return
        ;;
    *) fail "skipped, and why? $1" || return 1 ;;
    esac
    if probe "$word" >/dev/null 2>&1; then fail "skipped, but $word is here: $1" || return 1; fi
    if must_run "$word"; then fail "MC_MUST_RUN wants $word: $1" || return 1; fi
}

@test "questions of 00-14: exactly one choice is what the command does" {
    requires userns
    check 00-14
}

@test "questions of 15-18: exactly one choice is what the command does" {
    requires userns
    check 15-18
}

@test "questions of 19-24: exactly one choice is what the command does" {
    requires userns
    check 19-24
}

@test "questions on the machine itself are true for an ordinary user, too" {
    requires userns user
    as_user check 07
}

@test "every lesson has two to four questions, 60 or more in all; each says where to read" {
    local dir n word all=0
    for dir in "$TOP"/lessons/[0-9][0-9]-*/; do
        n=$(grep -c '^ask:' "$dir/quiz")
        assert "$n" -ge 2 "$dir"
        assert "$n" -le 4 "$dir"
        all=$((all + n))
    done
    assert "$all" -ge 60
    call "$QUIZ"
    assert "$output" contains "$all questions in all"
    while read -r word; do
        mc source "$word" >shown
        assert "${#lines[@]}" -le 100 "to be read on a screen or three: source $word"
    done < <(sed -n 's/^read: //p' "$TOP"/lessons/*/quiz | sort -u)
}

@test "the sheet has questions and no answer, the other one both; all within 80 columns" {
    requires userns
    call "$QUIZ" --sheet all
    assert "$(grep -c '^ *[0-9]\. ' <<<"$output")" -ge 60
    assert "$output" !~ '\[x\]|Why:|Run in|Not known'
    assert "$(awk 'length > 80' <<<"$output")" == ""
    call "$QUIZ" --answers 03 22
    assert "$(grep -c '\[x\]' <<<"$output")" -ge 8
    assert "$(grep -c '^Why: ' <<<"$output")" == "$(grep -c '\[x\]' <<<"$output")"
    assert "$(awk 'length > 80' <<<"$output")" == ""
    # A seed is another order, and no other answer.
    call "$QUIZ" --answers --seed 1 02
    grep '\[x\]' <<<"$output" >one
    call "$QUIZ" --answers --seed 3 02
    grep '\[x\]' <<<"$output" >three
    assert "$(<one)" != "$(<three)" "the letters"
    assert "$(sed 's/.*)//' one)" == "$(sed 's/.*)//' three)" "the answers"
    call "$QUIZ" --help
    assert "$(wc -l <<<"$output")" -le 24
    assert "$(awk 'length > 80' <<<"$output")" == ""
}

# ---------------------------------------------------------------------------------------------
# Questions of our own
# ---------------------------------------------------------------------------------------------

# own: what is on stdin is the file `quiz` of a lesson 02-uts, the only one. Then $QUIZ is another.
own() {
    QUIZ=$BATS_TEST_TMPDIR/own/lessons/quiz
    mkdir -p own/lessons/02-uts
    cp "$MC" own
    cp "$MC_TREE/lessons/quiz" own/lessons
    cat >own/lessons/02-uts/quiz
    chmod -R a+rX own
}

# asks COMMAND OUTCOME OUTCOME...: a question that runs COMMAND. Its choices are called as the outcomes.
asks() {
    local outcome
    printf 'ask: What does it do?\nrun: %s\n' "$1"
    shift
    for outcome; do printf 'choice: it is %s => %s\n' "$outcome" "$outcome"; done
    printf 'why: Because.\nread: uts\n\n'
}

# letter_of NUMBER TEXT: of that question's choice, in the order of seed 1.
letter_of() {
    "$QUIZ" --sheet 02 | awk -v n="$1." '/^[0-9]\. / { on = $1 == n } on' |
        sed -n "s/^  \[ \] \([a-d]\)) it is $2\$/\1/p"
}

@test "no answer is stored: another command, another answer" {
    requires userns
    own < <(asks 'minicontainer run --only uts -- hostname' box lab)
    call "$QUIZ" --answers 02
    assert "$output" =~ '\[x\] [ab]\) it is box'
    own < <(asks 'hostname' box lab)
    call "$QUIZ" --answers 02
    assert "$output" =~ '\[x\] [ab]\) it is lab'
}

@test "a right answer, a wrong one, a letter that is none, the end of input" {
    requires userns tty
    own < <(asks 'echo one' one two; asks 'echo two' one two; asks 'echo 3' one 3)
    pty "'$QUIZ' --seed 1 02" "z\n$(letter_of 1 one)\n$(letter_of 2 one)\n\004"
    assert "$output" contains '-- 02 uts, question 1 of 3'
    assert "$output" contains 'Please type one letter, a to b.'
    assert "$output" contains $'Run in a lab:\n    echo one\nand it printed:\n  | one\nRight, '
    assert "$output" contains "Not so: it is $(letter_of 2 two)) it is two"
    assert "$output" contains $'\nWhy:  Because.\nRead: lesson 02-uts; minicontainer source uts'
    assert "$output" =~ '02 uts +1 of  2 right'
    assert "$output" =~ $'\nYour score +1 of  2 right'
    assert "$(ls "$TMPDIR")" == ""
    # Where nothing was asked to be kept, nothing is.
    assert "$(find "$HOME" -mindepth 1)" == ""
}

@test "what it printed: eight lines, control characters made visible, long lines cut" {
    requires userns
    own < <(
        asks 'seq 9' /3/ x
        asks 'seq 8' /3/ x
        asks 'printf "\\033[31mred\\a\\n"; exit 5' /red/ x
        asks 'printf "%0200d" 0' /0/ x
    )
    call "$QUIZ" --answers 02
    assert "$output" contains $'  | 7\n  | ...\nWhy'
    assert "$output" contains $'  | 7\n  | 8\nWhy'
    assert "$output" contains $'  | ^[[31mred^G\nIts exit status was 5.'
    assert "$output" lacks $'\e'
    assert "$output" =~ $'\n  . 0{69}\.\.\.\n'
}

@test "^C at the question and while a command runs: nothing is left" {
    requires userns tty
    own < <(asks 'sleep 1000' one two)
    session_start "trap : INT; TMPDIR='$TMPDIR' '$QUIZ' --seed 1 02; echo \"status \$?\""
    session_wait 'q ends\): $'
    session_key '\003'
    session_wait $'stopped\n+status 130'
    assert "$(ls "$TMPDIR")" == ""
    session_end
    session_start "trap : INT; TMPDIR='$TMPDIR' '$QUIZ' --seed 1 02; echo \"status \$?\""
    session_wait 'q ends\): $'
    session_type a
    # timeout(1), its lab, and in that the command.
    wait_for 'session_processes "$MC_STATE/sessions" | grep -q " sleep$"'
    session_key '\003'
    session_wait $'stopped\n+status 130'
    assert "$(ls "$TMPDIR")" == ""
    session_end
    no_process_left
}

@test "--before shows no answer and keeps it, --after says what was learnt" {
    requires userns
    local kept=$HOME/.local/state/minicontainer/quiz
    own < <(
        asks 'echo one' one two
        asks 'echo two' one two | sed 's/it do/it say/'
        asks 'echo 3' one 3 | sed 's/it do/it print/'
    )
    call "$QUIZ" --seed 1 --before 02 < <(letter_of 1 two; letter_of 2 one; letter_of 3 3)
    assert "$output" contains "your answers are kept in"
    assert "$output" lacks "Why:"
    assert "$output" lacks "printed"
    assert "$output" lacks "Right"
    assert "$output" =~ 'Your score +1 of  3 right'
    assert "$(stat -c %a "$kept")" == 600
    assert "$(wc -l <"$kept")" == 3
    call "$QUIZ" --seed 1 --after 02 < <(letter_of 1 one; letter_of 2 one; letter_of 3 3)
    assert "$output" lacks "your answers are kept in"
    assert "$output" contains "Why:"
    assert "$output" contains "Before the lesson 1 of 3, after it 2 of 3."
    assert "$output" contains "Learnt: 1 (wrong before, right now). Right before, wrong now: 0."
}

@test "--after finds a question that has moved, and says where there is nothing to compare" {
    requires userns
    own < <(asks 'echo one' one two; asks 'echo two' one two | sed 's/it do/it say/')
    call "$QUIZ" --seed 1 --before 02 < <(letter_of 1 two; letter_of 2 two)
    own < <(asks 'echo two' one two | sed 's/it do/it say/'; asks 'echo one' one two)
    call "$QUIZ" --seed 1 --after 02 < <(letter_of 1 one; letter_of 2 one)
    assert "$output" contains "Before the lesson 1 of 2, after it 1 of 2."
    assert "$output" contains "Learnt: 1 (wrong before, right now). Right before, wrong now: 1."
    own < <(asks 'echo two' one two | sed 's/it do/it print/')
    call "$QUIZ" --after 02 <<<a
    assert "$output" contains "Nothing to compare with"
}

@test "a fault in a file is named with file and line" {
    local text want
    while IFS='|' read -r text want; do
        own < <(printf '%b' "# a comment\n\n$text")
        call -1 "$QUIZ" --sheet 02
        assert "$stderr" has-line "lessons/02-uts/quiz:$want"
        assert "$output" == ""
    done <<'END'
ask: a\nrnu: b\n|4: no such word: rnu: (ask where needs first run choice why read)
ask: a\nchoice: b\n|4: a choice is "choice: TEXT => OUTCOME"
ask: a\nchoice: b => 1\n|3: 1 choices; there must be two, three or four
ask: a\nwhy: b\n|3: this question has no "run:"
ask: a\nrun: b\n|3: this question has no "why:"
ask: a\nwhere: moon\n|3: where is lab or laptop, not moon
ask: a\nchoice: b => /(/\n|4: no regular expression: /(/
ask: a\nchoice: b => status x\n|4: "status N" wants a number
ask: a\nask: b\n|4: a second "ask:" in one question
Ask a\n|3: a line is "word: text", or begins with a blank
ask: a\nneeds: b\n c\n|5: this continues nothing: only ask, why, first and run go on
|2: there is no question in it
END
}

@test "--check finds choices of which not exactly one is right, and a question that cannot run" {
    requires userns
    own < <(asks 'echo one' one 'o*'; asks 'echo one' two three; asks 'echo one' one two)
    {
        cat own/lessons/02-uts/quiz
        asks b c d | sed '1s/^/first: echo oops; false\n/'
    } >with-first
    own <with-first
    call -1 "$QUIZ" --check 02
    assert "$output" contains 'lessons/02-uts/quiz:1: FAULT: 2 choices match what it did'
    assert "$output" contains 'lessons/02-uts/quiz:8: FAULT: 0 choices match what it did'
    assert "$output" has-line 'lessons/02-uts/quiz:15: it is one'
    assert "$output" =~ 'quiz:2[0-9]: FAULT: it could not be run: oops'
    assert "$output" ends '1 right, 3 faults, 0 skipped'
    # To a student it does not count.
    call "$QUIZ" 02 <<<a
    assert "$output" contains "It does not count: 2 choices match what it did."
}

@test "what a machine cannot run is skipped, in words" {
    requires userns
    own < <(
        asks 'echo one' one two | sed '1s/^/needs: no-such-program\n/'
        asks 'id -u' 0 /[1-9]/ | sed '1s/^/needs: root\nwhere: laptop\n/'
        asks 'id -u' 0 /[1-9]/ | sed '1s/^/needs: user\nwhere: laptop\n/'
    )
    call "$QUIZ" 02 <<<$'a\n'
    assert "$output" contains 'Skipped: the program no-such-program is not here.'
    if [ "$(id -u)" = 0 ]; then
        assert "$output" contains 'Skipped: it is for an ordinary user, and you are root.'
    else
        assert "$output" contains 'Skipped: it is for root.'
    fi
    assert "$output" =~ '[01] of  1 right \(2 skipped\)'
    # In a lab: it works there, too, until the lab forbids it.
    mc lab sh -c 'lessons/quiz --check 02; echo 0 >/proc/sys/user/max_user_namespaces; lessons/quiz 02'
    assert "$output" contains "4 right, 0 faults, 0 skipped"
    assert "$output" contains "Skipped: no lab starts here: minicontainer doctor says why."
}

@test "words that are none are refused, with what to type" {
    call -2 "$QUIZ" 77
    assert "$stderr" == "quiz: no lesson 77 has questions (lessons/quiz lists them)"
    call -2 "$QUIZ" --before
    assert "$stderr" == "quiz: --before wants a lesson: 03, 02-07, all"
    call -2 "$QUIZ" --answres
    assert "$stderr" contains "there is no option --answres"
    call -2 "$QUIZ" --seed x 02
    assert "$stderr" contains "--seed wants a number"
    for word in 2 02 uts 02-uts 02-02; do
        call "$QUIZ" --sheet "$word"
        assert "$(grep '^Lesson' <<<"$output")" == "Lesson 02 uts" "$word"
    done
}
