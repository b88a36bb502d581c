# 86-bench.bats -- what `make bench` measures is what it says, and it leaves nothing.
#
# Not how fast anything is: that depends on the machine. bench/report.awk has the limits that the
# project has set itself.

load helpers

BENCH=$BATS_TEST_DIRNAME/bench
T=$'\t'

# One short run; its lines are in the file "lines".
measured() {
    call env "TMPDIR=$PWD/tmp" BENCH_ROUNDS=1 BENCH_IDLE_ROUNDS=1 BENCH_IDLE_MS=1 BENCH_ALIVE="0 3" \
        BENCH_ALIVE_ROUNDS=1 BENCH_ALIVE_LOOKS=1 BENCH_STORE_ROUNDS=1 BENCH_LAYER_ROUNDS=1 \
        BENCH_BASE_MB=2 BENCH_LAYER_MB=1 BENCH_KEPT=3 BENCH_PORT_ROUNDS=1 BENCH_SERVICE_ROUNDS=1 \
        BENCH_PODMAN=no-podman bash "$BATS_TEST_DIRNAME/bench.bash" --porcelain
    printf '%s\n' "$output" >lines
}

@test "each row is measured, for each person, mode and build, or it is said why not" {
    requires userns cc
    local who mode row way before
    mkdir tmp
    chmod 0777 tmp
    before=$(fingerprint)
    export MC_TIMEOUT=600
    measured
    rm lines
    assert "$(fingerprint)" == "$before"
    printf '%s\n' "$output" >lines
    # (bench.bash's words, not those of people(): root measures for both.)
    for who in $([ "$(id -u)" != 0 ] || echo root) user; do
        for mode in busy idle; do
            one_line "start$T$who$T$mode${T}bare${T}any${T}[0-9.]+${T}1\.000"
            for row in floor all no-net default limit $(only_rows); do
                for way in static dynamic; do
                    one_line "start$T$who$T$mode$T$row$T$way${T}[0-9]+\.[0-9]${T}[0-9.]+"
                done
            done
        done
    done
    # Limits where there can be some; other tools where they are installed.
    for row in only-limits limits unshare bwrap crun runc; do
        assert "$(grep -cE "^(start$T.*|absent)$T$row$T" lines)" -ge 1 "$row"
    done
    for who in $([ "$(id -u)" != 0 ] || echo root) user; do
        for row in run:sync ps:true commit:bare build:bare; do
            one_line "store$T$who$T${row/:/$T}${T}any${T}[0-9]+\.[0-9]${T}[0-9.]+"
        done
        for row in run:dir run:image run:named run:start ps:ps commit:commit-small commit:commit-base \
            build:build; do
            for way in static dynamic; do stored "$who" "$row" "$way"; done
        done
        one_line "absent${T}podman${T}any${T}no-podman is not installed$T$who"
    done
    for who in $([ "$(id -u)" != 0 ] || echo root) user; do
        if grep -q "^absent${T}ports$T.*$T$who\$" lines; then continue; fi
        for row in port socat containers bridge alone; do
            one_line "ports$T$who${T}rate$T$row${T}dynamic${T}[0-9.]+${T}[0-9.]+"
        done
        for way in static dynamic; do
            for row in plain network port; do
                one_line "ports$T$who${T}start$T$row$T$way${T}[0-9.]+${T}[0-9.]+"
            done
        done
    done
    for who in $([ "$(id -u)" != 0 ] || echo root) user; do
        for way in static dynamic; do
            for row in plain daemon compose; do
                if [ "$row" = compose ] && ! probe bridge >/dev/null 2>&1; then
                    one_line "absent${T}compose$T$way$T.*bridge.*$T$who"
                    continue
                fi
                one_line "services$T$who${T}start$T$row$T$way${T}[0-9.]+${T}[0-9.]+"
            done
        done
    done
    who=$([ "$(id -u)" = 0 ] && echo root || echo user)
    for row in unpack:unpack unpack:warm; do stored "$who" "$row" dynamic; done
    for row in unpack:tar unpack:sum; do stored "$who" "$row" any; done
    # Three that do nothing cost something, and a supervisor has memory.
    for way in static dynamic; do
        one_line "alive${T}[a-z]+$T$way${T}0${T}[0-9]+$T.*"
        one_line "beside${T}[a-z]+$T$way${T}0${T}[0-9]+"
        one_line "beside${T}[a-z]+$T$way${T}3${T}[0-9]+"
        one_line "alive${T}[a-z]+$T$way${T}3${T}[0-9]+(${T}-?[0-9]+){3}${T}[1-9][0-9]+"
    done
    assert "$(ls tmp)" == "" "what is left"
    no_process_left
}

# stored WHO GROUP:ROW BUILD: measured. (Who may mount no overlay: it is said.)
stored() {
    if grep -qE "^absent$T${2#*:}$T$3$T.*overlay.*$T$1\$" lines; then return; fi
    one_line "store$T$1$T${2/:/$T}$T$3${T}[0-9]+\.[0-9]${T}[0-9.]+"
}

one_line() { assert "$(grep -cE -- "^$1\$" lines)" == 1 "$1"; }

# The rows of the table but limits, as bench.bash calls them.
only_rows() {
    "$MC" isolations --porcelain | cut -f2 | grep -v limits | sed 's/^/only-/'
}

@test "medians: of the times, and of the ratios within a round" {
    printf '%s\n' "bare${T}any" "all${T}static" >names
    # The second round is twice as slow for both; the third hits one of them alone.
    printf '%s\n' "10${T}50" "20${T}100" "10${T}90" >rounds
    call awk -v line=start -v who=root -v mode=busy -v names=names -f "$BENCH/medians.awk" rounds
    assert "$output" == "start${T}root${T}busy${T}bare${T}any${T}10.0${T}1.000
start${T}root${T}busy${T}all${T}static${T}90.0${T}5.000"
    printf '%s\n' "10${T}50" "20${T}100" "10${T}90" "10${T}60" >rounds
    call awk -v line=start -v who=root -v mode=busy -v names=names -f "$BENCH/medians.awk" rounds
    assert "$output" contains "static${T}75.0${T}5.500" "of four: the middle of the two"
}

@test "the report: tables of 80 columns, and what misses its limit is marked" {
    local i
    {
        printf 'machine\tkernel\t6.1\nabsent\trunc\tany\trunc is not installed\n'
        for i in "bare any 1000 1" "bwrap any 20000 20" "unshare any 10000 10" "all static 9000 9.02" \
            "limit static 8000 8" "all dynamic 14000 14" "limit dynamic 10000 10" \
            "no-net static 5000 5" "default static 12000 12" "floor static 3200 3.2"; do
            # shellcheck disable=SC2086  # words
            printf 'start\troot\tbusy\t%s\t%s\t%s\t%s\n' $i
        done
        printf 'alive\troot\tstatic\t0\t9000\t0\t0\t0\t0\n'
        printf 'alive\troot\tstatic\t1000\t15000\t500000\t400000\t100000\t240\n'
        printf 'beside\troot\tstatic\t0\t8000\nbeside\troot\tstatic\t1000\t12000\n'
    } >lines
    call bash "$BATS_TEST_DIRNAME/bench.bash" --from lines --svg chart.svg
    printf '%s\n' "$output" >lines
    one_line 'all isolations, --image +9\.00 +9\.0 +14\.00 +14\.0'
    one_line 'runc run, an equal container +runc is not installed'
    one_line 'root +static +1000 +15\.00 +500 +400 +100 +240'
    # Met, missed, not measured: limit, root, user; for each build.
    one_line 'all / bare true +11\.5 +9\.0 +- +17 +14\.0 +- +'
    one_line 'all / the same calls alone +1\.12 +1\.12 ! +- +1\.12 +1\.40 ! +- +'
    one_line 'all / bubblewrap +0\.4 +0\.45 ! +- +0\.6 +0\.70 ! +- +'
    one_line 'all / crun +0\.24 +- +- +0\.36 +- +- +'
    one_line 'without net / all +0\.72 +0\.56 +- +0\.78 +- +- +'
    one_line 'default root / all +1\.3 +1\.33 ! .*'
    one_line "supervisor's resident KB +250 +240 +- +1600 +- +- +"
    # The start grew to 15/9, that of the limit program to 12/8.
    one_line 'growth beside most alive +1\.1 +1\.11 ! .*'
    one_line 'floor / bare true +3\.3 +3\.20 +- +9 +- .*'
    one_line 'KB for each of most alive +450 +500 ! .*'
    assert "$(awk 'length > 80' <<<"$output")" == "" "longer lines"
    # The chart: its bars, in the order of their table, the longest to the full width.
    assert "$(grep -c '<rect' chart.svg)" == 8 "seven bars, and the ground"
    assert "$(<chart.svg)" contains 'width="391" height="20" fill="#9aa4b2"/>'
    assert "$(<chart.svg)" contains '>20.0  (20.0 x)<'
    if command -v python3 >/dev/null; then
        call python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])' chart.svg
    fi
}

@test "the report of images and kept containers: kept, missed, and what could not be measured" {
    local i
    {
        for i in "run bare any 100" "run true any 500" "run sync any 1100" "run dir static 4000" \
            "run image static 4400" "run named static 5800" "run start static 5801" "run dir dynamic 4000" \
            "run image dynamic 4500" "ps bare any 100" "ps true any 1000" "ps ps static 5000" \
            "ps ps dynamic 5100" "ps ps podman 90000" "commit bare any 100" \
            "commit commit-small static 1000" "commit commit-base static 1250" "build bare any 100" "build true any 400" \
            "build build static 4100" "unpack bare any 100" "unpack tar any 1000000" "unpack sum any 200000" \
            "unpack warm dynamic 10000" "unpack unpack dynamic 1310000"; do
            # shellcheck disable=SC2086  # words
            printf 'store\tuser\t%s\t%s\t%s\t%s\t1\n' $i
        done
        printf 'store\troot\trun\timage\tstatic\t1\t1\n'
        printf 'absent\timage\tpodman\tno cgroup for it\tuser\n'
        printf 'absent\tnamed\tdynamic\tof somebody else\troot\n'
    } >report
    call bash "$BATS_TEST_DIRNAME/bench.bash" --from report
    printf '%s\n' "$output" | sed '/as root/,/^$/d' >lines
    one_line 'run --image NAME, four layers +4\.40 +4\.50 +-'
    one_line '  podman: no cgroup for it'
    one_line 'ps -a, many containers +5\.00 +5\.10 +90\.00'
    one_line 'run --image NAME / \./DIR +1\.10 +1\.10 kept +1\.12 missed'
    # 5.8 ms, less 1.1 - 0.1 of the sync, are 4.8; the other takes 4.4.
    one_line 'run --name, less the sync / without +1\.10 +1\.09 kept +- +'
    one_line 'start -a / run --name +1\.00 +1\.00 kept +- +'
    # Each by the process of its own group.
    one_line "ps -a / the machine's true +5\.00 +5\.00 kept +5\.10 missed"
    one_line 'commit on a large base / on 1 MB +1\.25 +1\.25 kept +- +'
    one_line "build, all known / the machine's true +10\.00 +10\.25 missed +- +"
    one_line 'unpack / tar x +1\.30 +- +1\.30 kept *'
    assert "$output" contains "What we want of them, as root"
    assert "$(grep -c 'somebody else' <lines)" == 0 "the reason of another person"
    assert "$output" lacks "all / bare true" "the table of starts, without a start"
    assert "$(awk 'length > 80' <<<"$output")" == "" "longer lines"
}

@test "the report of calls that come in: at least, at most, and what could not be measured" {
    local i
    for i in "rate port dynamic 12000" "rate socat dynamic 3100" "rate containers dynamic 20000" \
        "start plain static 4000" "start network static 5000" "start port static 5100"; do
        # shellcheck disable=SC2086  # words
        printf 'ports\tuser\t%s\t%s\t%s\t%s\t1\n' $i
    done >report
    call bash "$BATS_TEST_DIRNAME/bench.bash" --from report
    printf '%s\n' "$output" >lines
    one_line '-p, to a container with --network +12\.0'
    one_line '-p / socat +least +4 +- +3\.87 missed'
    one_line '-p / container to container +least +0\.6 +- +0\.60 kept *'
    one_line 'start with --network / without +most 1\.25 +1\.25 kept +- +'
    one_line 'start with -p / without +most 1\.25 +1\.27 missed +- +'
    assert "$(awk 'length > 80' <<<"$output")" == "" "longer lines"
    printf 'absent\tports\tany\tsocat is not installed\tuser\n' >report
    call bash "$BATS_TEST_DIRNAME/bench.bash" --from report
    assert "$output" contains "socat is not installed"
}

@test "the report of compose and the daemon: at most, and why one is not there" {
    local i
    for i in "plain static 7000" "daemon static 9100" "compose static 56100" "plain dynamic 9000" \
        "daemon dynamic 11800"; do
        # shellcheck disable=SC2086  # words
        printf 'services\tuser\tstart\t%s\t%s\t%s\t1\n' $i
    done >report
    printf 'absent\tcompose\tdynamic\tno bridge: a module is missing\tuser\n' >>report
    call bash "$BATS_TEST_DIRNAME/bench.bash" --from report
    printf '%s\n' "$output" >lines
    one_line 'run --image \./DIR +7\.00 +9\.00'
    one_line 'compose up of three +56\.10 +-'
    one_line '  dynamic: no bridge: a module is missing'
    one_line 'compose up of three / run +most +8 +8\.01 missed +- +'
    one_line 'run by --host / run +most +1\.3 +1\.30 kept +1\.31 missed'
    assert "$(awk 'length > 80' <<<"$output")" == "" "longer lines"
}

@test "the driver: what fails ends it, in words; told to end, it ends what it started" {
    requires userns cc
    local driver
    cc -O1 -o driver "$BENCH/driver.c"
    cc -O1 -static -o inside "$BENCH/inside.c"
    printf '/bin/true\n/bin/false\tx y\n' >rows
    call -1 bash -c './driver times 1 0 <rows'
    assert "$stderr" contains '/bin/false x y driver: the command: failed'
    call bash -c 'printf "/bin/true\n/bin/sh\t-c\tsleep 0.01\n" | ./driver times 3 0'
    assert "$(awk -F'\t' 'NF == 2 && $1 > 0 && $2 >= 10000' <<<"$output" | wc -l)" == 3 "rounds, in microseconds"
    # What follows each start is made, and not measured: each round, and the one before them, has two.
    printf '/bin/mkdir\tmade\nafter\t/bin/sh\t-c\trmdir made && sleep 0.2 && echo >>count\n/bin/true\n' >rows
    call bash -c './driver times 2 0 <rows'
    assert "$(awk -F'\t' 'NF == 2' <<<"$output" | wc -l)" == 2 "two rows, and none for what follows"
    assert "$(wc -l <count)" == 6
    printf '/bin/true\nafter\t/bin/false\n' >rows
    call -1 bash -c './driver times 1 0 <rows'
    assert "$stderr" contains '/bin/false driver: the command: failed'
    # What lives is counted, and ended by its number.
    call ./driver alive 1 1 0 2 4 -- "$PWD/inside" hold -- /bin/true
    assert "$(cut -f1 <<<"$output" | tr '\n' ' ')" == "0 2 4 "
    no_process_left
    (
        remember_session
        exec setsid ./driver alive 1 1 2 -- "$PWD/inside" hold -- /bin/sleep 1000
    ) >/dev/null 2>&1 3>&- 4>&- &
    driver=$!
    disown "$driver"
    wait_for '[ "$(pgrep -c -P "$driver")" = 3 ]'
    kill -TERM "$driver"
    pkill -KILL -P "$driver" -x sleep
    no_process_left
}

# The calls that make a container, and how often each was made, of all processes of a run. (strace
# -ff writes a file for each: in a common one, calls of two processes interrupt each other's lines.)
counted() {
    cat "$1".* >"$1"
    sed -nE 's/.*(PR_CAPBSET_DROP), CAP_.* = 0$/\1/p; t; s/^([a-z_0-9]+)\(.*\) += [0-9]+.*/\1/p' "$1" |
        grep -xE 'mount|umount2|pivot_root|open_tree|move_mount|mount_setattr|fsopen|fsconfig|fsmount|unshare|setns|sethostname|capset|seccomp|setresuid|mknod(at)?|symlink|mkdir|v?fork|clone3?|setpgid|keyctl|memfd_create|execveat|pipe2|signalfd4|PR_CAPBSET_DROP' |
        sort | uniq -c
    grep -oE 'flags=CLONE_[A-Z_|]+' "$1" | grep NEW | sort
    grep -oE '"[^"]*", MS_BIND|MOUNT_ATTR_[A-Z_|]+|PR_SET_(NO_NEW_PRIVS|PDEATHSIG), [A-Z_0-9]+|SUID_DUMP_DISABLE' "$1" | sort | uniq -c
    grep -oE '\{len=[0-9]+' "$1"
}

@test "the limit program makes the calls of a container, and no others" {
    requires userns cc strace plain
    mkdir -p image/{dev,proc,sys}
    cc -O1 -static -o image/true "$BENCH/inside.c"
    cc -w -o dump "$BENCH/dump.c"
    ./dump filter >filter.h
    ./dump masks >masks.h
    cc -O1 -I. -o limit "$BENCH/limit.c"
    chmod -R a+rX .
    call strace -ff -qq -o ours "$MC" run --image ./image /true
    call strace -ff -qq -o theirs ./limit image /true
    counted ours >ours.counted
    counted theirs >theirs.counted
    assert "$(grep -c . ours.counted)" -ge 15
    assert "$(<theirs.counted)" == "$(<ours.counted)"
}
