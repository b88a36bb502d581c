# 00-cli.bats -- the command line: what a student types, and what is said back.

load helpers
load session

setup() { mc_setup; }
teardown() { session_end; }

# The lines to copy of the last message: what stands behind "try:".
lines_to_copy() { sed -n 's/^ *try: *//p' <<<"$stderr"; }

# Types each line to copy of the last message, as WHO; all must work.
copied_lines_work() { # WHO
    local line lines
    lines=$(lines_to_copy)
    assert "$lines" != "" "the message has a line to copy"
    while IFS= read -r line; do
        assert "$line" starts "minicontainer " "the line to copy is a whole command"
        $1 call bash -c "$line" </dev/null
    done <<<"$lines"
}

# The rows, in teaching order.
all_rows() { "$MC" isolations --porcelain | cut -f2; }

# inside WHO X OPTION...: $id is namespace X of a container started with these options.
inside() {
    local who=$1 ns=$2
    shift 2
    $who mc run "$@" -- readlink "/proc/self/ns/$ns" >/dev/null
    id=$output
    assert "$id" starts "$ns:["
}

# rights WHO OPTION...: $rights is "bounding-set filters" of a container started with these options;
# those of WHO outside are in $outside.
rights() {
    local who=$1 field='s/^(CapBnd|Seccomp_filters):[[:blank:]]*//p'
    shift
    outside=$($who sed -nE "$field" /proc/self/status | paste -sd ' ')
    $who mc run "$@" -- sed -nE "$field" /proc/self/status >/dev/null
    rights=$(paste -sd ' ' <<<"$output")
    assert "$rights" =~ '^[0-9a-f]{16} [0-9]+$'
}

# Root of a new user namespace has all there are, whatever it had outside.
FULL=$(printf '%016x' $(((1 << ($(</proc/sys/kernel/cap_last_cap) + 1)) - 1)))
# The bounding set of Docker's fourteen: chown dac_override fowner fsetid kill setgid setuid setpcap
# net_bind_service net_raw sys_chroot mknod audit_write setfcap; each number is in capabilities(7).
DOCKERS=00000000a80425fb

# FILE or text of at most 24 lines of at most 80 columns.
fits_screen() {
    assert "$(wc -l <<<"$1")" -le 24 "lines on a screen"
    assert "$(awk 'length > 80' <<<"$1")" == "" "lines of more than 80 columns"
}

# ------------------------------------------------------------------ which isolations are on

@test "every row has a flag --X, and --no-X gives back the machine's" {
    requires userns
    local who row ns
    for who in $(people); do
        $who mc run -- sh -c 'readlink /proc/self/ns/*'
        for row in uts pid mnt user ipc net cgroup time; do
            ns=$(readlink "/proc/self/ns/$row")
            assert "$output" =~ "(^|"$'\n'")$row:\[[0-9]+\]"
            assert "$output" no-line "$ns" "$who: all are on by default: $row"
        done
        for row in uts pid mnt user ipc net cgroup time; do
            ns=$(readlink "/proc/self/ns/$row")
            inside "$who" "$row" --only user "--$row"
            assert "$id" != "$ns" "$who: --$row"
            if [ "$row" = user ] && [ "$($who id -u)" != 0 ]; then continue; fi
            inside "$who" "$row" "--no-$row"
            assert "$id" == "$ns" "$who: --no-$row"
        done
    done
}

@test "rights: on by default, one by one by --caps and --seccomp, off by --no-caps, --no-seccomp" {
    requires userns
    local who bounds filters
    for who in $(people); do
        rights "$who"
        bounds=${outside% *} filters=${outside#* }
        assert "$bounds" != "$DOCKERS" "outside there are others"
        assert "$rights" == "$DOCKERS $((filters + 1))" "$who: both are on by default"
        rights "$who" --no-caps
        assert "$rights" == "$FULL $((filters + 1))"
        rights "$who" --no-seccomp
        assert "$rights" == "$DOCKERS $filters"
        rights "$who" --only user
        assert "$rights" == "$FULL $filters" "$who: --only LIST applies neither"
        rights "$who" --only user --caps
        assert "$rights" == "$DOCKERS $filters"
        rights "$who" --only user,seccomp
        assert "$rights" == "$FULL $((filters + 1))"
        rights "$who" --only seccomp
        assert "$rights" == "$bounds $((filters + 1))" "$who: a filter needs nothing else"
        rights "$who" --none
        assert "$rights" == "$outside"
        $who mc lab sed -nE 's/^(CapBnd|Seccomp_filters):[[:blank:]]*//p' /proc/self/status
        assert "$(paste -sd ' ' <<<"$output")" == "$FULL $filters" "$who: a lab has neither"
        # No limit was asked for: the row does nothing, on or off.
        $who mc run --no-limits -- cat /proc/self/cgroup
        local off=$output
        $who mc run --limits -- cat /proc/self/cgroup
        assert "$output" == "$off"
    done
}

@test "--privileged and --security-opt: Docker's words for the same" {
    requires userns
    local who filters options masks='grep -cE "^[^ ]+ /(proc|sys)/" /proc/self/mounts; :'
    for who in $(people); do
        rights "$who"
        filters=${outside#* }
        rights "$who" --privileged
        assert "$rights" == "$FULL $filters"
        rights "$who" --security-opt seccomp=unconfined
        assert "$rights" == "$DOCKERS $filters"
        rights "$who" --security-opt=systempaths=unconfined
        assert "$rights" == "$DOCKERS $((filters + 1))"
        for options in no-new-privileges no-new-privileges:true no-new-privileges=true; do
            rights "$who" --security-opt "$options"
            assert "$rights" == "$DOCKERS $((filters + 1))" "$options"
            $who mc run --security-opt "$options" -- grep NoNewPrivs /proc/self/status
            assert "$output" =~ 1$
        done
        # What is mounted below /proc and /sys: masks, but for /sys/fs/cgroup.
        $who mc run --no-cgroup -- sh -c "$masks"
        assert "$output" -ge 6
        for options in --privileged --no-mask "--security-opt systempaths=unconfined"; do
            # shellcheck disable=SC2086
            $who mc run --no-cgroup $options -- sh -c "$masks"
            assert "$output" == 0 "$options"
        done
        $who mc run --no-cgroup --security-opt seccomp=unconfined -- sh -c "$masks"
        assert "$output" -ge 6
    done
    local word
    for word in apparmor=unconfined label=disable seccomp=/tmp/x.json seccomp '' no-new-privilege \
        no-new-privileges:false no-new-privilegesx; do
        mc -125 run --security-opt "$word" -- true
        assert "${stderr_lines[0]}" contains "\"$word\""
        assert "$stderr" contains seccomp=unconfined
    done
    mc -125 run --privileged --caps -- true
    assert "$stderr" contains caps
    mc -125 run --security-opt seccomp=unconfined --seccomp -- true
    assert "$stderr" contains seccomp
}

@test "--cap-add and --cap-drop: names as Docker and the man pages write them, in any order" {
    requires userns
    local who options set
    for who in $(people); do
        while read -r set options; do
            # shellcheck disable=SC2086
            rights "$who" $options
            assert "${rights% *}" == "00000000$set" "$who: $options"
        done <<'SETS'
a82425fb --cap-add SYS_ADMIN
a82425fb --cap-add=cap_sys_admin
a82425fb --cap-add CAP_SYS_ADMIN --cap-add Sys_Admin
a82c25fb --cap-add sys_admin --cap-add sys_ptrace
a80425fb --cap-add chown
a80425fa --cap-drop CHOWN
a80425fa --cap-drop CHOWN --cap-add CHOWN
a80425fa --cap-add chown --cap-drop cap_chown
00000000 --cap-drop ALL
00000000 --cap-drop=all
00000001 --cap-drop all --cap-add chown
00000401 --cap-add chown --cap-drop ALL --cap-add net_bind_service
SETS
        # ALL is all that there is; what is dropped by name stays away.
        rights "$who" --cap-add ALL
        assert "${rights% *}" == "$FULL"
        rights "$who" --cap-add ALL --cap-drop sys_admin
        assert "$((16#${rights% *}))" -eq "$((16#$FULL & ~(1 << 21)))"
        # The other sets follow: what root has at once, and what it may pass on.
        $who mc run --cap-drop ALL --cap-add chown -- \
            sed -nE 's/^Cap(...):[[:blank:]]*0*([0-9a-f])$/\1 \2/p' /proc/self/status
        assert "$(paste -sd, <<<"$output")" == "Inh 0,Prm 1,Eff 1,Bnd 1,Amb 0"
    done
}

@test "--cap-add says what it gives away; an unknown name is refused" {
    requires userns
    local name option
    mc run --cap-add SYS_ADMIN --cap-add CAP_SYS_MODULE -- true
    assert "${#stderr_lines[@]}" -eq 2
    # (In the order of their numbers.)
    assert "${stderr_lines[0]}" =~ "^minicontainer: note: --cap-add sys_module: who breaks in .*kernel"
    assert "${stderr_lines[1]}" =~ "^minicontainer: note: --cap-add sys_admin: who breaks in .*mounts"
    # No gift: what is kept anyway, and what is taken away.
    mc run --cap-add chown --cap-drop sys_admin --cap-drop ALL -- true
    assert "$stderr" == ""
    for name in SYS_ADMN cap_chwn netadmin syslogs; do
        for option in --cap-add --cap-drop; do
            mc -125 run "$option" "$name" -- true
            assert "${stderr_lines[0]}" contains "$option \"$name\""
            assert "${stderr_lines[0]}" contains "lesson 12"
        done
    done
    mc -125 run --cap-add '' -- true
    mc -125 run --cap-add CAP_ -- true
    mc -125 run --cap-add chown,kill -- true
}

@test "--only means exactly these, --none and --only none mean nothing" {
    requires userns
    local who row other
    for who in $(people); do
        for row in uts ipc net cgroup; do
            $who mc run --only "user,$row" -- sh -c 'readlink /proc/self/ns/*'
            for other in uts mnt pid ipc net cgroup time user; do
                case $other in
                user | "$row") assert "$output" no-line "$(readlink /proc/self/ns/$other)" ;;
                *) assert "$output" has-line "$(readlink /proc/self/ns/$other)" ;;
                esac
            done
        done
        $who mc run --only uts --user -- readlink /proc/self/ns/uts /proc/self/ns/user
        assert "$output" no-line "$(readlink /proc/self/ns/uts)"
        assert "$output" no-line "$(readlink /proc/self/ns/user)"
    done
    local none
    for none in --none "--only none" "--only=none"; do
        # shellcheck disable=SC2086
        mc run $none -- sh -c 'readlink /proc/self/ns/*'
        for other in uts mnt pid ipc net cgroup time user; do
            assert "$output" has-line "$(readlink /proc/self/ns/$other)" "$none"
        done
    done
}

@test "other names of rows: mount, userns, network, cgroupns" {
    requires userns
    local pair name row who=self
    for pair in mount:mnt network:net cgroupns:cgroup userns:user; do
        name=${pair%:*} row=${pair#*:}
        inside $who "$row" --only "user,$name"
        assert "$id" != "$(readlink "/proc/self/ns/$row")"
        # The joined value of --network is a network's name as well (21): the bare word is --net.
        inside $who "$row" --only user "--${name/#network/network=none}"
        assert "$id" != "$(readlink "/proc/self/ns/$row")"
        if [ "$row" = user ] && [ "$(id -u)" != 0 ]; then continue; fi
        inside $who "$row" "--no-$name"
        assert "$id" == "$(readlink "/proc/self/ns/$row")"
    done
    mc compare mount
    assert "$output" contains "without mnt"
    # And no others.
    for name in CLONE_NEWUTS 'no --memory' privileged -; do
        mc -125 run --only "user,$name" -- true
        assert "${stderr_lines[0]}" contains "\"$name\""
    done
}

@test "Docker's word for leaving a row out is ours too" {
    requires userns
    local word row tried=0
    while IFS=$'\t' read -r _ row _ _ word _; do
        case $word in
        -) continue ;;
        # Docker has no word for a limit that is not there.
        "no --memory") assert "$row" == limits && continue ;;
        --privileged | --security-opt)
            # Of its own row nothing is left.
            word=${word/%opt/opt=seccomp=unconfined}
            rights self "$word"
            case $row in
            caps) assert "${rights% *}" == "$FULL" "$word" ;;
            seccomp) assert "${rights#* }" == "${outside#* }" "$word" ;;
            *) fail "$word is no word for $row" ;;
            esac
            tried=$((tried + 1))
            continue
            ;;
        esac
        assert "$word" starts "--"
        assert "$word" ends "=host"
        tried=$((tried + 1))
        if [ "$row" = user ] && [ "$(id -u)" != 0 ]; then continue; fi
        inside self "$row" "$word"
        assert "$id" == "$(readlink "/proc/self/ns/$row")" "$word"
        mc run "${word%=host}=host" -- true
    done <<<"$("$MC" isolations --porcelain)"
    assert "$tried" -ge 8 "words of Docker in the table"
    # The table's other names take the value as well.
    inside self net --net=host
    assert "$id" == "$(readlink /proc/self/ns/net)"
    inside self net --network=none
    assert "$id" != "$(readlink /proc/self/ns/net)"
    inside self net --net=none
    assert "$id" != "$(readlink /proc/self/ns/net)"
}

@test "-i -t -it --rm are accepted, as Docker's users type them" {
    requires userns
    local words
    for words in "-i" "-t" "-it" "-ti" "--rm" "--rm -it" "--interactive --tty"; do
        # shellcheck disable=SC2086
        mc run $words -- echo in
        assert "$output" == in "$words"
        assert "$stderr" == "" "$words"
        # shellcheck disable=SC2086
        mc run $words echo "in too"
        assert "$output" == "in too" "$words"
    done
}

@test "-v, -w, -e, --hostname: Docker's options, long and short" {
    requires userns hostname
    mkdir -p data && echo found >data/file && chmod -R a+rX data
    local dir
    for dir in "-v $PWD/data:/data" "--volume $PWD/data:/data" "--volume=$PWD/data:/data" \
        "-v ./data:/data:ro" "-v$PWD/data:/data"; do
        # shellcheck disable=SC2086
        mc run $dir -- cat /data/file
        assert "$output" == found "$dir"
    done
    for dir in "-w /usr" "--workdir /usr" "--workdir=/usr" "-w/usr"; do
        # shellcheck disable=SC2086
        mc run $dir -- pwd
        assert "$output" == /usr "$dir"
    done
    mc run -e A=1 --env B='2 3' --env=C= -eD=x=y -- sh -c 'echo "[$A][$B][$C-unset][$D]"'
    assert "$output" == "[1][2 3][-unset][x=y]"
    mc run --hostname web -- hostname
    assert "$output" == web
    mc run --hostname=web -- cat /proc/sys/kernel/hostname /etc/hostname
    assert "$output" == $'web\nweb'
}

@test "what follows the command is the command's" {
    requires userns
    mc run echo --no-pid -x --help
    assert "$output" == "--no-pid -x --help"
    mc run -- echo -- --hostname
    assert "$output" == "-- --hostname"
    mc run -e A=1 sh -c 'echo "$A $0 $1"' -e --
    assert "$output" == "1 -e --"
    # Behind "--" stands the command, even if it looks like an option of ours.
    mc -127 run -- --none
    assert "$stderr" contains "--none: not found"
    mc -127 run -- -x
}

# ------------------------------------------------------------------------------ the four rules

@test "each rule: refused with the reason, the lesson, and a line that works when copied" {
    requires userns
    local who words rule
    while IFS=';' read -r words rule; do
        for who in $(people); do
            # Rule 4 is for who has no privilege.
            if [ "$rule" = privilege ] && [ "$($who id -u)" = 0 ]; then continue; fi
            # Rule 3 needs user among the rows: it is there by default.
            # shellcheck disable=SC2086
            $who mc -125 run $words -- true
            assert "$output" == ""
            assert "$stderr" contains "$rule" "$words: the reason names it"
            assert "$stderr" =~ "lesson: lessons/[0-9][0-9]-[a-z]+"
            assert "$(sed -n 's/^ *lesson: *//p' <<<"$stderr")" =~ ^lessons/0[4567]-
            copied_lines_work "$who"
        done
    done <<'RULES'
--only proc;mnt
--only root;mnt
--only user,proc,pid;mnt
--only user,root;mnt
--no-mnt --proc;mnt
--no-mnt --root;mnt
--only uts,proc,root;mnt
--only mnt,proc,user;pid
--only mnt,proc,root,user,net;pid
--no-pid --proc;pid
--no-user;privilege
--userns=host;privilege
--only uts;privilege
--only uts,net,cgroup;privilege
--only caps;privilege
--only caps,seccomp,limits;privilege
--only mnt,root;privilege
RULES
}

@test "a plain child needs no right: --none and --only user work for everybody" {
    requires userns
    local who words
    for who in $(people); do
        for words in --none "--only none" "--only user" "--only seccomp" "--only limits" \
            "--only seccomp,limits"; do
            # shellcheck disable=SC2086
            $who mc run $words -- echo in
            assert "$output" == in
        done
    done
}

@test "what was only a default gives way, in one line; what was named does not" {
    requires userns
    local who
    for who in $(people); do
        $who mc run --no-pid -- echo in
        assert "$output" == in
        assert "$(grep -c 'note:.*gives\? way' <<<"$stderr")" -eq 1
        assert "$stderr" =~ "minicontainer: note: proc gives way.*pid"
        $who mc run --no-mnt -- echo in
        assert "$output" == in
        assert "$stderr" =~ "note: .*proc"
        assert "$stderr" =~ "note: .*root"
        assert "$stderr" contains mnt
        # Nothing else ever gives way.
        local row
        for row in uts ipc net cgroup time caps seccomp limits; do
            $who mc run "--no-$row" -- true
            assert "$stderr" lacks "gives way" "--no-$row"
        done
    done
}

@test "a row named and denied at once is refused" {
    local row
    for row in $(all_rows); do
        mc -125 run "--$row" "--no-$row" -- true
        assert "$stderr" contains "$row"
        mc -125 run "--no-$row" "--$row" -- true
        assert "$stderr" contains "$row"
    done
    mc -125 run --only uts,user --no-uts -- true
    assert "$stderr" contains uts
    mc -125 run --pid=host --pid -- true
    assert "$stderr" contains pid
}

@test "an option of a row that is off is refused, and named" {
    requires userns
    mkdir -p image
    local option row
    while read -r row option; do
        # shellcheck disable=SC2086
        mc -125 run "--no-$row" $option -- true
        assert "$stderr" contains "${option%% *}"
        assert "$stderr" contains "$row"
        if [ "$row" = user ]; then continue; fi
        # shellcheck disable=SC2086
        mc -125 run --only user $option -- true
        assert "$stderr" contains "${option%% *}"
    done <<OPTIONS
uts --hostname x
mnt --volume /usr:/mnt
mnt --read-only
time --boottime 5
proc --no-mask
caps --cap-add SYS_ADMIN
caps --cap-drop ALL
limits --memory 50M
limits -m 50M
limits --cpus 0.5
limits --pids-limit 20
OPTIONS
    mc -125 run --no-root --image ./image -- true
    assert "$stderr" contains "--image"
    assert "$stderr" contains root
    if [ "$(id -u)" = 0 ]; then
        mc -125 run --no-user --map 0:1000:1 -- true
        assert "$stderr" contains "--map"
        assert "$stderr" contains user
    fi
    mc -125 run --only none --map 0:1000:1 -- true
    assert "$stderr" contains "--map"
}

@test "real root without a wall is warned once, and only then" {
    requires root userns
    mc run --no-uts --no-user -- true
    assert "$(grep -c 'you are root of this machine' <<<"$stderr")" -eq 1
    assert "$stderr" contains "uts"
    assert "$stderr" contains "minicontainer lab"
    assert "$stderr" !~ "shares [a-z,]*net"
    mc run -- true
    assert "$stderr" == ""
    as_user mc run --none -- true
    assert "$stderr" lacks "root of this machine"
    mc lab -- minicontainer run --none -- true
    assert "$stderr" lacks "root of this machine"
}

# ------------------------------------------------------------------- what a student types first

@test "run ubuntu bash: 127, and what to type instead" {
    requires userns
    mc -127 run ubuntu bash
    assert "$output" == ""
    assert "${stderr_lines[0]}" =~ "^minicontainer: ubuntu: .*not found"
    assert "$stderr" contains "--image"
    mc -127 run -it ubuntu bash
    assert "$stderr" contains "--image"
}

@test "values of two words: --pid host is refused, --network host is not" {
    requires userns
    local row
    for row in pid uts ipc net userns cgroupns; do
        mc -125 run "--$row" host -- true
        assert "${stderr_lines[0]}" contains "host"
        assert "$stderr" =~ --[a-z]+=host
    done
    local who
    for who in $(people); do
        $who mc -125 run --pid host -- true
        copied_lines_work "$who"
        inside "$who" net --network host
        assert "$id" == "$(readlink /proc/self/ns/net)" "$who"
        inside "$who" net --network none
        assert "$id" != "$(readlink /proc/self/ns/net)" "$who"
    done
}

@test "--user 1000 and --mount type=... are Docker's; ours are isolations, and that is said" {
    requires userns
    local who
    for who in $(people); do
        $who mc -125 run --user 1000 -- id
        assert "${stderr_lines[0]}" starts "minicontainer: --user 1000: an isolation takes"
        assert "${stderr_lines[0]}" contains "--map"
        copied_lines_work "$who"
        $who mc -125 run --mount type=bind,src=/tmp,dst=/tmp -- true
        assert "${stderr_lines[0]}" contains "--volume"
    done
    # With a command that is no number it is a plain flag.
    mc run --user id -u
    assert "$output" == 0
}

@test "unknown options are refused; a near one is named" {
    local word
    mc -125 run -P 80:80 true
    assert "${stderr_lines[0]}" contains "-P a -p OUT:IN for each port"
    for word in -x --flurb --device --ulimit --no-flurb --gpus; do
        mc -125 run "$word" 80:80 true
        assert "$output" == ""
        assert "${stderr_lines[0]}" contains "$word"
        # Where to look, or what to type.
        assert "$stderr" =~ "--help|lesson [0-9][0-9]"
    done
    local pair
    for pair in --hostnam:--hostname --volum:--volume --no-utz:--no-uts --imgae:--image \
        --explian:--explain --no-ned:--no-net --worksdir:--workdir --cap-ad:--cap-add \
        --memroy:--memory --pidslimit:--pids-limit --privilege:--privileged --no-masks:--no-mask \
        --security-op:--security-opt --no-mak:--no-mask --no-cap:--no-caps --no-secomp:--no-seccomp; do
        mc -125 run "${pair%:*}" x -- true
        assert "${stderr_lines[0]}" contains "${pair%:*}"
        assert "${stderr_lines[0]}" ends "the nearest is ${pair#*:}"
    done
    # What is named as the nearest is there.
    for word in --no-mak --no-imag --no-hostnam --no-read-onl --noprivileged; do
        mc -125 run "$word" -- true
        word=$(sed -n 's/.*the nearest is \(--.*\)/\1/p' <<<"${stderr_lines[0]}")
        if [ -n "$word" ]; then
            mc -any run "$word" --help
            assert "$stderr" lacks "there is no option $word"
        fi
    done
}

# Of the rows: all are named; and if one is called the nearest, it is ROW.
is_known() { # ROW
    assert "$stderr" contains "$(all_rows | paste -sd ,)"
    if [[ $stderr == *"the nearest is"* ]]; then assert "$stderr" =~ "nearest is $1\>"; fi
}

@test "unknown isolations are refused with all names, wherever one is asked for" {
    local pair
    for pair in utz:uts pis:pid mmt:mnt porc:proc rot:root usr:user ipcs:ipc nett:net \
        cgroups:cgroup tim:time cap:caps secomp:seccomp limit:limits; do
        mc -125 run --only "${pair%:*}" -- true
        assert "${stderr_lines[0]}" contains "\"${pair%:*}\""
        is_known "${pair#*:}"
        mc -125 compare "${pair%:*}"
        assert "${stderr_lines[0]}" contains "\"${pair%:*}\""
        is_known "${pair#*:}"
    done
    mc -125 run --only uts,flurb -- true
    assert "${stderr_lines[0]}" contains flurb
    mc -125 run --only '' -- true
    mc -125 run --only , -- true
}

@test "abbreviated options are refused: --no-n is not --no-net" {
    local word
    for word in --no-n --no-i --no-u --host=x --host --onl=user --expl --ste --work=/ --vol=/:/x \
        --ima=/ --boot=5 --read --no --ut --inter --cap=ALL --privil --mem=50M --memor --cpu=1 \
        --pids=20 --secu=seccomp=unconfined --no-m --no-cap --no-sec --lim; do
        mc -125 run "$word" -- true
        assert "${stderr_lines[0]}" contains "${word%%=*}"
    done
}

@test "options that want a value, and options that take none" {
    local word
    for word in --hostname --image --volume -v --workdir -w --env -e --map --boottime --only \
        --cap-add --cap-drop --security-opt --memory -m --cpus --pids-limit --network; do
        mc -125 run "$word"
        assert "${stderr_lines[0]}" contains "$word"
    done
    for word in --none --explain --step --init --read-only --no-pid --rm --privileged --no-mask --no-caps; do
        mc -125 run "$word=3" -- true
        assert "${stderr_lines[0]}" contains "$word"
    done
    for word in --pid=container:x --uts=private --ipc=shareable --net=bridge --cgroupns=x; do
        mc -125 run "$word" -- true
        assert "${stderr_lines[0]}" contains "${word#*=}"
        assert "${stderr_lines[0]}" contains host
    done
    # A network's name is any word: none is made here (21).
    mc -125 run --network=bridge -- true
    assert "${stderr_lines[0]}" contains "--network bridge"
    assert "$stderr" contains "minicontainer lab"
}

@test "an unknown command is refused, and the help is named" {
    local word
    for word in flurb "" "run " Run; do
        mc -125 "$word"
        assert "$output" == ""
        assert "${stderr_lines[0]}" contains "\"$word\""
        copied_lines_work self
    done
}

@test "--init and --no-init: who is PID 1, and what cannot be" {
    requires userns
    local who words
    for who in $(people); do
        for words in "" --init --no-net "--only user,pid --init" "--only user,pid,mnt,proc --init"; do
            # shellcheck disable=SC2086  # words
            $who mc run $words -- sh -c 'echo $$'
            assert "$output" == 2 "run $words"
        done
        for words in --no-init "--no-init --no-net" "--only user,pid" "--only user,pid --no-init" \
            "--none --user --pid"; do
            # shellcheck disable=SC2086
            $who mc run $words -- sh -c 'echo $$'
            assert "$output" == 1 "run $words"
        done
        $who mc -125 run --init --no-init -- true
        assert "${stderr_lines[0]}" contains init
        # Without a PID namespace somebody must end what the command leaves behind.
        for words in "--no-init --no-pid" "--only user --no-init"; do
            # shellcheck disable=SC2086
            $who mc -125 run $words -- true
            assert "$stderr" contains pid
            assert "$stderr" contains "lesson: lessons/03-pid"
            copied_lines_work "$who"
        done
    done
}

@test "what is not found: the cause is true, and no line to copy is nonsense" {
    requires userns
    local words
    echo 'echo no' >a
    chmod 0755 a
    # A file of that name where we stand is not what is looked for.
    mc -127 run -- a
    assert "${stderr_lines[0]}" == "minicontainer: a: not found in the PATH of the container's root"
    assert "$stderr" !~ "loader|must load"
    # What the command may have been is not guessed.
    for words in "x -c" "x --" "x no-such-word" "-c" "--" "x"; do
        # shellcheck disable=SC2086
        mc -127 run -- $words
        assert "$(lines_to_copy)" == "" "run -- $words"
    done
    mc -127 run -- ubuntu bash
    assert "$stderr" contains "  cause:  the first word is the command; --image says the image"
    assert "$stderr" contains "  cure:   run --image ./DIR -- COMMAND"
    mc -127 run -- /ubuntu bash
    assert "$stderr" lacks "cause:" "a path is no image's name"
    # The program itself is not in there.
    mc -127 run -- minicontainer look
    assert "$stderr" =~ "  cause:  .*not of this container"
    assert "$stderr" =~ "  cure:   .*--volume"
    assert "$stderr" =~ "  cure:   minicontainer lab"
}

@test "control characters in what we are given are shown as ?" {
    requires userns
    local evil=$'x\e[2J\ny\tz\x7f' words
    for words in "" run compare lab exec look source doctor isolations; do
        # shellcheck disable=SC2086
        mc -any $words "$evil" </dev/null
        assert "$(tr -d '\n -~' <<<"$output$stderr")" == "" "$words"
        assert "${#stderr_lines[@]}" -le 3 "no line is made of it"
        case $words in look | doctor | isolations) continue ;; esac
        assert "${stderr_lines[0]}" contains 'x?[2J?y?z?'
    done
    for words in --image --volume --workdir --env --map --cap-add --cap-drop --memory --cpus --pids-limit \
        --boottime --security-opt --only --hostname; do
        mc -125 run "$words" "$evil" -- true
        assert "$(tr -d '\n -~' <<<"$output$stderr")" == "" "$words"
    done
    mc -125 run "--$evil" -- true
    assert "$(tr -d '\n -~' <<<"$output$stderr")" == ""
    mc -127 run -- "/$evil"
    assert "$(tr -d '\n -~' <<<"$output$stderr")" == ""
    assert "${stderr_lines[0]}" contains '/x?[2J?y?z?: not found'
    assert "${#stderr_lines[@]}" == 1
}

# ------------------------------------------------------------------------------------- the help

@test "--help of the program: a screen, two examples first, every command" {
    mc --help
    assert "$stderr" == ""
    fits_screen "$output"
    assert "${lines[1]}" =~ "^  minicontainer "
    assert "${lines[2]}" =~ "^  minicontainer "
    local command
    for command in run compare lab exec look source doctor isolations; do
        assert "$output" =~ "(^|"$'\n'")  $command " "$command is named"
    done
    local all=$output
    mc
    assert "$output" == "$all" "no word at all shows the help"
}

@test "--help of each command: a screen, two examples first" {
    local command
    for command in run compare lab exec look source doctor isolations; do
        mc "$command" --help
        assert "$stderr" == ""
        fits_screen "$output"
        assert "${lines[0]}" starts "Usage: minicontainer $command"
        assert "${lines[1]}" starts "  minicontainer $command"
        assert "${lines[2]}" starts "  minicontainer $command"
    done
    mc run -h
    local short=$output
    mc run --help
    assert "$output" == "$short"
}

# The table in the C file: who takes it besides run ("-": nobody), its words, a line each; without
# what Docker has and we have not ("^$").
options_of_file() {
    sed -n '/^} options\[\] = {/,/^};/p' "$MC_TREE/minicontainer.c" |
        sed -nE '/"\^\$" \},$/!s/^    \{ "([^"]*)", [A-Z]*, "([a-z]*)",.*/\2- \1/p'
}
option_table() { options_of_file | cut -d ' ' -f 2- | tr ' ' '\n' | sed -n 's/^--//p'; }

# The words that begin with a dash, in a text: "--name" and "-n".
named_in() { grep -oP -- '(?<![A-Za-z0-9=-])--?[a-zA-Z][a-zA-Z-]*' <<<"$1" | sort -u; }

@test "the help of run names every option of the table with its letter, every row, and no other" {
    local name also row known=() words all
    mc run --help
    assert "$(options_of_file | wc -l)" -eq "$(sed -n '/^} options\[\] = {/,/^};/p' \
        "$MC_TREE/minicontainer.c" | grep -v '"^$" },$' | grep -c '^    { "')" "each row of the table was read"
    assert "$(option_table | wc -l)" -ge 25
    words=$(named_in "$output")
    while read -r also all; do
        for name in $all; do
            # (-it is -i and -t.)
            case $name in -it | -ti) continue ;; esac
            known+=("$name")
            assert "$words" has-line "$name"
        done
        name=${all#* }
        if [[ $all == --*" "-? ]]; then
            assert "$output" contains "$name, ${all% *} " "they stand together"
        fi
    done <<<"$(options_of_file)"
    # The rows are on one line, all and in their order; X stands for each.
    assert "$output" contains "All on: $(all_rows | paste -sd ,)"
    known+=(--X --no-X)
    assert "$output" contains --X
    # (The examples, up to the empty line, have words of their own.)
    for name in $(named_in "$(sed '1,/^$/d' <<<"$output")"); do
        assert " ${known[*]} " contains " $name " "an option that the help names is there"
    done
    # The parser knows them, too.
    for name in $words; do
        case $name in --X | --no-X) continue ;; esac
        mc -any run "$name" --help
        assert "$stderr" lacks "there is no option $name"
    done
}

# A value that the option NAME takes.
value_for() {
    case $1 in
    only) echo uts ;;
    map) echo 0:1000:1 ;;
    volume) echo /usr:/mnt ;;
    cap-*) echo chown ;;
    security-opt) echo seccomp=unconfined ;;
    image) echo / ;;
    *) echo 5 ;;
    esac
}

@test "the help of lab and exec names each option that they take, and no other" {
    local command who name also words help
    for command in lab exec; do
        who=${command:0:1}
        mc "$command" --help
        help=$(sed '1,/^$/d' <<<"$output") # without the examples
        words=$(named_in "$help")
        while read -r also name; do
            name=${name%% *} name=${name#--}
            if [[ $also != *$who* ]]; then
                assert "$words" no-line "--$name" "$command"
                case $name in
                none | read-only | init | no-init | privileged | no-mask) mc -125 "$command" "--$name" ;;
                *) mc -125 "$command" "--$name" "$(value_for "$name")" ;;
                esac
                assert "$stderr" =~ "^minicontainer: $command sets the isolations itself"
                continue
            fi
            # What is always so is not worth a line.
            case $name in interactive | tty | rm) continue ;; esac
            assert "$words" has-line "--$name" "$command"
        done <<<"$(options_of_file)"
        for name in $words; do
            if [[ $name == --* ]]; then
                assert "$(option_table)" has-line "${name#--}" "$command --help names $name"
            else
                assert " $(options_of_file | cut -d ' ' -f 2- | paste -sd ' ') " contains " $name "
            fi
        done
    done
}

# The table in the C file: the commands that do more than to print a help.
command_table() {
    sed -n '/^} commands\[\] = {/,/^};/p' "$MC_TREE/minicontainer.c" | grep -oE '"[a-z]+", cmd_' | cut -d '"' -f 2
}

names_of_help() {
    awk 'NF == 0 { block++ } block == 1 || block == 2' | sed -n 's/^  //; s/  .*//; s/ [[A-Z-].*//; s/, /\n/g; /./p'
}

@test "the help names every command of the table, and no other" {
    local table named name
    table=$(command_table)
    assert "$(wc -l <<<"$table")" -ge 8 "commands found in the table of the C file"
    mc --help
    # They stand in two blocks: those of the container, and Docker's, several in a line.
    named=$(names_of_help <<<"$output")
    assert "$named" == "$table"
    for name in $named; do
        mc "$name" --help
        assert "${lines[0]}" starts "Usage: minicontainer "
        assert "$output" =~ "(minicontainer|,) ${name}[ ,]"
    done
    mc help
    assert "$(names_of_help <<<"$output")" == "$table"
}

@test "README names every option of run in its table, and no other" {
    local readme=$MC_TREE/README.md name rows in_table
    [ -e "$readme" ] || readme=$TOP/README.md
    # Rows of a table: | `--name VALUE` | ... |
    rows=$(grep -E '^\| *`-' "$readme")
    in_table=$(cut -d'|' -f2 <<<"$rows" | grep -oE -- '--[a-z][a-z-]+' | sort -u)
    for name in $(option_table); do
        # --no-init may stand in the row of --init.
        assert "$rows" contains "\`--$name"
        if [ "$name" != no-init ]; then assert "$in_table" has-line "--$name"; fi
    done
    for name in $in_table; do
        if [ "$name" = --no-uts ] || [ "$name" = --uts ]; then continue; fi
        assert "$(option_table)" has-line "${name#--}" "the README has $name"
    done
    # And one line in the table of lessons for each row.
    local row number
    while IFS=$'\t' read -r number row _; do
        assert "$(grep -c "^| .*lessons/$number-$row.*\`--$row\`" "$readme")" -eq 1 "row $row"
    done <<<"$("$MC" isolations --porcelain)"
}

@test "--version" {
    mc --version
    assert "$output" =~ ^minicontainer\ [0-9]+\.[0-9]
    assert "${#lines[@]}" -eq 1
    assert "$stderr" == ""
}

# ------------------------------------------------------------------------------ stdout and stderr

@test "standard output is the command's alone" {
    requires userns
    mc run --explain -- echo only this
    assert "$output" == "only this"
    assert "$stderr" != ""
    mc run --step -- echo only this </dev/null
    assert "$output" == "only this"
    mc run --no-mnt --init --explain -- echo only this
    assert "$output" == "only this"
    mc lab --explain -- echo only this
    assert "$output" == "only this"
    mc run -- sh -c 'printf "a\0b" | od -An -c' # bytes come through
    assert "$output" =~ 'a +\\0 +b'
    mc run -- sh -c 'echo out; echo err >&2'
    assert "$output" == out
    assert "$stderr" == err
    mc run -- cat <<<"passed on"
    assert "$output" == "passed on"
}

@test "one write(2) for each line that we say" {
    requires userns strace
    local words count=0 line own=()
    # Into an init of ours only root can look, if need be root of a user namespace.
    if [ "$(id -u)" != 0 ]; then own=(unshare --user --map-root-user); fi
    for words in "run --explain -- true" "run --only proc" "run --no-pid -- true" \
        "run --pid host" "run -- /nosuch" "flurb" "run --image ./nope -- true" \
        "run --cap-add sys_admin -- true" "run --cap-add no -- true" "run --memory 1 -- true"; do
        rm -f log
        # shellcheck disable=SC2086
        call -any "${own[@]}" strace -f -s 4096 -e trace=write,writev -o log "$MC" $words
        while IFS= read -r line; do
            count=$((count + 1))
            # Exactly one end of line, and it is the last character. A backslash of the text
            # itself is shown as two.
            assert "$line" =~ '^[0-9]+ +write\(2, ".*\\n", [0-9]+' "$words: a whole line"
            # shellcheck disable=SC2001  # a regular expression
            line=$(sed 's/\\\\//g' <<<"$line")
            assert "$(grep -o '\\n' <<<"$line" | wc -l)" -eq 1 "$words: one line: $line"
        done <<<"$(grep -E 'writev?\(2,' log)"
    done
    assert "$count" -gt 30
}

@test "exit statuses: the command's own, 128+n, 127, 126, 125" {
    requires userns
    local n words
    for n in 0 1 7 124 125 126 127 128 255; do
        mc -any run -- sh -c "exit $n"
        assert "$status" -eq "$n"
    done
    for n in 1 2 9 15; do
        for words in "" --init "--only user" "--only user,pid --init" --no-pid --none; do
            # shellcheck disable=SC2086  # words
            mc -any run $words -- sh -c "kill -$n \$\$"
            assert "$status" -eq $((128 + n)) "signal $n, run $words"
        done
        # PID 1 is spared, from inside even by SIGKILL.
        for words in --no-init "--only user,pid"; do
            # (For SIGINT a shell may have a handler.)
            # shellcheck disable=SC2086
            [ "$n" = 2 ] || mc -3 run $words -- sh -c "kill -$n \$\$; exit 3"
        done
    done
    mc -127 run -- nosuch
    mc -127 run -- /usr/bin/nosuch
    mc -126 run -- /usr
    mc -126 run -- /etc/passwd
    mc -125 run --flurb
}

# --------------------------------------------------------------------- look, isolations, source

# What we have: effective capabilities in hexadecimal, and the number of filters.
own_caps() { sed -nE 's/^CapEff:[[:blank:]]*0*([0-9a-f]+)$/\1/p' /proc/self/status; }
own_filters() { sed -nE 's/^Seccomp_filters:[[:blank:]]*//p' /proc/self/status; }
# Device and inode of our cgroup where v2 stands alone; else most often "-".
own_cgroup_id() {
    local dir=/sys/fs/cgroup
    stat -c %d:%i "$dir$(sed -n 's/^0:://p' /proc/self/cgroup)" 2>/dev/null || echo -
}

@test "look: a line for each row, in teaching order, with the ids of this process" {
    mc look
    fits_screen "$output"
    local row at=1 id
    for row in $(all_rows); do
        assert "${lines[at]}" starts "$row "
        case $row in
        proc) id=$(stat -c %i /proc) ;;
        root) id=$(stat -Lc %i /) ;;
        caps) id=$(own_caps) ;;
        seccomp) id=$(own_filters) ;;
        limits) id=$(own_cgroup_id) id=${id#*:} ;;
        *) id=$(readlink "/proc/self/ns/$row") id=${id//[^0-9]/} ;;
        esac
        # (Of files and cgroups the device stands before it.)
        assert "$(awk '{ sub(/^[0-9]+:/, "", $2); print $2 }' <<<"${lines[at]}")" == "$id" "$row"
        at=$((at + 1))
    done
    assert "${#lines[@]}" -eq 14
    assert "$output" contains "$(cat /proc/sys/kernel/hostname)"
    mc -125 look --flurb
    mc -125 look here
}

@test "look --porcelain: the row, its id, and what is seen, by tabs" {
    mc look --porcelain
    assert "$(cut -f1 <<<"$output")" == "$(all_rows)"
    local row id sees more
    while IFS=$'\t' read -r row id sees more; do
        assert "$sees" != ""
        assert "$more" == "" "three columns"
        case $row in
        proc) assert "$id" =~ ^[0-9]+:"$(stat -c %i /proc)"$ ;;
        root) assert "$id" =~ ^[0-9]+:"$(stat -Lc %i /)"$ ;;
        caps) assert "$id" == "$(own_caps)" ;;
        seccomp) assert "$id" == "$(own_filters)" ;;
        limits) assert "$id" == "$(own_cgroup_id)" ;;
        *) assert "$id" == "$(stat -Lc %d:%i "/proc/self/ns/$row")" ;;
        esac
        case $row in
        uts) assert "$sees" starts "$(cat /proc/sys/kernel/hostname)" ;;
        pid) assert "$sees" =~ '^I am [0-9]+ of [0-9]+, 1 is [^?]+$' ;;
        mnt) assert "$sees" == "$(wc -l </proc/self/mountinfo) mounts" ;;
        proc) assert "$sees" =~ ^[0-9]+' processes, '"$(find /sys/class/net/ -mindepth 1 | wc -l) interfaces"$ ;;
        root) assert "$sees" =~ ^"$(find / -mindepth 1 -maxdepth 1 -name '[!.]*' | wc -l)"' names, [a-z]+[a-z0-9]* ' ;;
        user) assert "$sees" =~ ^"uid $(id -u), "'(no map|map [0-9]+ [0-9]+ [0-9]+)$' ;;
        ipc) assert "$sees" =~ '^queues [0-9]+, shm [0-9]+, sem [0-9]+$' ;;
        net) assert "$sees" =~ '^([a-z0-9]+ [0-9.]+, )*(a|no) way out$' ;;
        time) assert "$sees" starts "up $(($(cut -d. -f1 /proc/uptime) / 86400)) d " ;;
        caps) assert "$sees" =~ '^(none|all [0-9]+|[0-9]+:( [a-z_0-9]+)+)$' ;;
        seccomp) assert "$sees" =~ '^(1 filter|[0-9]+ filters)$' ;;
        limits) assert "$sees" =~ '^(none in sight|((memory|cpu|pids)\.max [0-9]+ ?)+)$' ;;
        cgroup) assert "$(cut -d: -f3 /proc/self/cgroup)" has-line "$sees" ;;
        esac
    done <<<"$output"
}

@test "isolations: the table of DESIGN, plain and porcelain" {
    mc isolations
    fits_screen "$output"
    local row
    for row in $(all_rows); do assert "$output" =~ "(^|"$'\n'")[0-9][0-9] $row "; done
    # What is no namespace is made by something else.
    assert "$(awk '$4 == "mounts" { print $2 }' <<<"$output" | paste -sd ' ')" == "proc root"
    mc isolations --porcelain
    assert "$(cut -f1-5 <<<"$output" | tr '\t' ' ')" == "02 uts none CLONE_NEWUTS --uts=host
03 pid none CLONE_NEWPID --pid=host
04 mnt none CLONE_NEWNS -
05 proc mnt mounts -
06 root mnt mounts -
07 user none CLONE_NEWUSER --userns=host
08 ipc none CLONE_NEWIPC --ipc=host
09 net none CLONE_NEWNET --network=host
10 cgroup none CLONE_NEWCGROUP --cgroupns=host
11 time none CLONE_NEWTIME -
12 caps none capset(2) --privileged
13 seccomp none a BPF filter --security-opt
14 limits none cgroup v2 no --memory"
    assert "$(cut -f6- <<<"$output" | grep -cE '^[a-zA-Z][^'$'\t'']{8,}$')" -eq 13 "what they isolate"
    mc -125 isolations --flurb
}

# The numbered lines on standard input are lines of the C file, under their own numbers.
is_of_the_file() { # TEXT
    local first last
    first=$(head -n 1 <<<"$1" | grep -oE '^ *[0-9]+')
    last=$(tail -n 1 <<<"$1" | grep -oE '^ *[0-9]+')
    assert "$first" != "" "there are line numbers"
    assert "$(sed -E 's/^ *[0-9]+(  |\t|$)//' <<<"$1" | sha1sum)" \
        == "$(sed -n "$((first)),$((last))p" "$MC_TREE/minicontainer.c" | sha1sum)" \
        "lines $first to $last are those of the file"
}

@test "source: the whole file, each chapter by number and by name" {
    mc source >/dev/null
    is_of_the_file "$output"
    assert "$(wc -l <<<"$output")" -eq "$(wc -l <"$MC_TREE/minicontainer.c")"
    local number row by_number
    for number in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
        mc source "$number" >/dev/null
        is_of_the_file "$output"
        assert "${lines[0]}" =~ "/\* =====" "it begins with the banner"
        assert "${lines[1]}" =~ "\* $number\. "
        assert "$(grep -cE '^ *[0-9]+  /\* =====' <<<"$output")" -eq 1 "one chapter, no more"
        assert "$output" contains "Problem"
    done
    while IFS=$'\t' read -r number row _; do
        mc source "$((10#$number))" >/dev/null
        by_number=$output
        mc source "$row" >/dev/null
        assert "$(sha1sum <<<"$output")" == "$(sha1sum <<<"$by_number")" "source $row"
        mc source "$number" >/dev/null
        assert "$(sha1sum <<<"$output")" == "$(sha1sum <<<"$by_number")" "source $number"
    done <<<"$("$MC" isolations --porcelain)"
}

@test "source FUNCTION: every function of the file, from its comment to its brace" {
    local name text names before shown=0
    names=$(sed -nE 's/^(static )?(_Noreturn )?[a-z][a-z_ ]*[ *]\*?([a-z_0-9]+)\(.*/\3/p' \
        "$MC_TREE/minicontainer.c" | sort -u)
    assert "$(wc -l <<<"$names")" -gt 60
    for name in main parent_side child_side enter_uts say_at; do
        assert "$names" has-line "$name"
    done
    for name in $names; do
        # Not what is only announced: a semicolon comes before any brace.
        if ! grep -qPz "(?m)^[a-z][^\n(]*[ *]$name\([^;{]*\{" "$MC_TREE/minicontainer.c"; then
            continue
        fi
        shown=$((shown + 1))
        text=$("$MC" source "$name") || fail "source $name"
        is_of_the_file "$text" || fail "source $name"
        assert "$text" =~ "$name\(" "source $name"
        assert "$(tail -n 1 <<<"$text")" =~ '^ *[0-9]+  }$' "source $name"
        assert "$(grep -cE '^ *[0-9]+  }$' <<<"$text")" -eq 1 "source $name: one function"
        before=$(($(head -n 1 <<<"$text" | grep -oE '^ *[0-9]+') - 1))
        if [ "$before" -gt 0 ]; then
            assert "$(sed -n "${before}p" "$MC_TREE/minicontainer.c")" == "" "source $name"
        fi
    done
    assert "$shown" -gt 60 "functions"
}

@test "source TABLE, STRUCT, MACRO: what the chapters and lessons name, to its end" {
    local name first last
    while IFS=: read -r name first last; do
        mc source "$name"
        is_of_the_file "$output"
        assert "$output" contains "$first" "source $name"
        assert "$(tail -n 1 <<<"$output")" =~ "^ *[0-9]+  $last" "source $name"
    done <<'END'
denied:static const struct denied {:\};
capabilities:struct capability {:\};
namespaces:namespaces[ROWS] = {:\};
masks:} masks[] = {:\};
cures: cures[:\};
struct container:struct container {:\};
container:struct container {:\};
narrator:static struct {:\} narrator
BIT:#define BIT(:#define BIT
DEFAULT_CAPS:capabilities that are kept:#define DEFAULT_CAPS 0x
bits:typedef:typedef
END
}

@test "source of what is not there, and on a terminal through the pager" {
    mc -125 source nosuch
    assert "${stderr_lines[0]}" contains "\"nosuch\""
    assert "$output" == ""
    mc -125 source 99
    mc -125 source ''
    pty "PAGER='sed s/^/paged:/' minicontainer source uts"
    assert "$output" =~ "paged: *[0-9]+  /\* ====="
    assert "$(grep -v '^paged:' <<<"$output")" == "" "all of it goes through the pager"
    # Long lines go on below, under their own text, and no word is torn.
    assert "$(awk 'length > 80 + length("paged:")' <<<"$output")" == ""
    assert "$output" =~ "paged: {7}[^ ]"
    pty "PAGER='head -n 2' minicontainer source uts"
    assert "$(wc -l <<<"$output")" == 2 "who leaves early does no harm"
    pty -125 "PAGER=false minicontainer source uts"
    pty -125 "PAGER=/no/such minicontainer source uts"
    PAGER=false mc source uts
    assert "${lines[0]}" contains "=====" "no pager where there is no terminal"
}

# --------------------------------------------------------------------------------------- compare

# own or shared of row $2 in the output of compare
verdict() { sed -n "s/^$1  *\(own\|shared\) .*/\1/p" <<<"$output"; }

@test "compare: a screen, every row, own and shared right for several sets" {
    requires userns
    local who words row on no_caps
    for who in $(people); do
        while IFS=';' read -r words on; do
            if [[ $on != *user* ]] && [ "$($who id -u)" != 0 ]; then continue; fi
            # shellcheck disable=SC2086
            $who mc compare $words
            fits_screen "$output"
            for row in $(all_rows); do
                if [ "$row" = limits ]; then
                    # No limit was given, so it is not held back by more than we are.
                    assert "$(verdict limits)" == shared "compare $words: limits"
                elif [[ ,$on, == *,$row,* ]]; then
                    assert "$(verdict "$row")" == own "compare $words: $row"
                    assert "$output" =~ "(^|"$'\n'")$row  *own .* --no-$row("$'\n'"|$)"
                elif [ "$row" = caps ]; then
                    # Without the row, root of a user namespace has all there are, over that.
                    no_caps=$($who sed -nE 's/^CapEff:[[:blank:]]*//p' /proc/self/status)
                    if [[ ,$on, == *,user,* ]]; then
                        assert "$(verdict caps)" == "$(every_cap_of "$no_caps")" "compare $words: caps"
                    else
                        assert "$(verdict caps)" == shared "compare $words: caps"
                    fi
                    assert "$output" =~ "(^|"$'\n'")caps  *(own|shared) .* --caps("$'\n'"|$)"
                else
                    assert "$(verdict "$row")" == shared "compare $words: $row"
                    assert "$output" =~ "(^|"$'\n'")$row  *shared .* --$row("$'\n'"|$)"
                fi
            done
        done <<'SETS'
;uts,pid,mnt,proc,root,user,ipc,net,cgroup,time,caps,seccomp
--no-net;uts,pid,mnt,proc,root,user,ipc,cgroup,time,caps,seccomp
--no-uts --no-time;pid,mnt,proc,root,user,ipc,net,cgroup,caps,seccomp
--only user;user
--only user,uts;user,uts
--only user,pid,mnt,proc;user,pid,mnt,proc
--only user,caps;user,caps
--only user,seccomp;user,seccomp
--only mnt,root;mnt,root
--none;
--privileged;uts,pid,mnt,proc,root,user,ipc,net,cgroup,time
--no-user;uts,pid,mnt,proc,root,ipc,net,cgroup,time,caps,seccomp
--no-cgroup --no-limits;uts,pid,mnt,proc,root,user,ipc,net,time,caps,seccomp
SETS
    done
}

# shared for who has every capability that there is (SET in hexadecimal), else own.
every_cap_of() {
    if [ "$((16#$1))" -eq "$(((1 << ($(</proc/sys/kernel/cap_last_cap) + 1)) - 1))" ]; then
        echo shared
    else
        echo own
    fi
}

# Of the output of compare ROW: the two halves of every line that has two; the head is left out.
halves_differ() {
    local line left right differs=1
    while IFS= read -r line; do
        if [[ $line != *" | "* && $line != *" |" ]]; then continue; fi
        left=${line%%" |"*} right=${line#*" |"}
        left=${left%"${left##*[![:blank:]]}"} right=${right#" "}
        right=${right%"${right##*[![:blank:]]}"}
        case $left in "without "* | ---*) continue ;; esac
        if [ "$left" != "$right" ]; then differs=0; fi
    done <<<"$1"
    return "$differs"
}

# The halves of the lines of "compare ROW": what is said on the LEFT (without), or the RIGHT (with).
half() { # left|right TEXT
    case $1 in
    left) sed -n 's/ *|.*//p' <<<"$2" ;;
    right) sed -n 's/^[^|]*| \{0,1\}//p' <<<"$2" ;;
    esac
}

@test "compare ROW: each row's own probe shows a difference, as root and as an ordinary user" {
    requires userns ip ipcs hostname
    local who row with
    for who in $(people); do
        for row in $(all_rows); do
            if [ "$row" = time ]; then requires timens; fi
            if [ "$row" = limits ] && ! $who can_limit; then
                cannot_limit "$who"
                continue
            fi
            $who mc compare "$row"
            fits_screen "$output"
            assert "$output" contains "without $row: --only"
            assert "$output" contains "with $row: --only"
            # What is refused is refused by the row: without it all that is tried works.
            assert "$(half left "$output")" !~ "failed|denied|permitted" "$row: the probe itself works"
            if [ "$row" != seccomp ]; then assert "$output" lacks "failed:"; fi
            assert "$output" lacks "not found" "$row: the probe is there"
            assert "$stderr" == ""
            halves_differ "$output" || fail "$who: compare $row shows no difference"
        done
    done
}

# Limits can be had here, by the one who asks. (A function, so that as_user knows it.)
can_limit() { call -any bash -c ". '$BATS_TEST_DIRNAME/helpers.bash'; own_cgroups" >/dev/null && [ "$status" = 0 ]; }

# Where they cannot, compare limits says why, and what to do.
cannot_limit() { # WHO
    $1 mc -125 compare limits
    assert "$output" == ""
    assert "${stderr_lines[0]}" starts "minicontainer: limits: "
    assert "$stderr" =~ $'\n'"  cause:  [a-z]"
    assert "$stderr" =~ $'\n'"  cure:   (boot with .*unified|systemd-run --user --scope|try it outside)"
}

@test "compare uts -- hostname oops: one lab is renamed, the other is not" {
    requires userns hostname
    local who before
    before=$(fingerprint)
    for who in $(people); do
        $who mc compare uts -- hostname oops
        assert "${lines[0]}" contains "hostname oops"
        assert "$output" =~ "lab.*then +\| lab.*unchanged"
        assert "$output" =~ $'\n'"oops +\|"
        assert "$(grep -c oops <<<"$output")" -eq 2 "in the command, and in one lab"
    done
    assert "$(fingerprint)" == "$before"
}

@test "compare ROW -- COMMAND: what it said and its status, on both sides" {
    requires userns
    mc compare pid -- sh -c 'echo "number $$"; exit $(($$ == 1 ? 3 : 4))'
    assert "$output" =~ "number 1[0-9]+ +\| number 1"$'\n'
    assert "$output" =~ "exit status 4 +\| exit status 3"
    mc compare net -- sh -c 'echo a long line of words that goes on and on, past all columns'
    fits_screen "$output"
    # Nothing is cut, however long it is.
    mc compare uts -- sh -c 'yes | head -c 100000; echo; seq 3000' >/dev/null
    assert "$output" =~ $'\n'"2999 +\| 2999"$'\n'"3000 +\| 3000"$'\n'
    # A zero byte is seen as a blank, and what stands behind it is not lost.
    mc compare uts -- printf 'a\0b\n\0c\n'
    assert "$output" =~ $'\n'"a b +\| a b"$'\n'" c +\|  c"$'\n'
    # Both halves read the same.
    echo "said to both" >said
    mc compare uts -- cat <said
    assert "$output" =~ $'\n'"said to both +\| said to both"$'\n'
    mc compare uts -- cat </dev/null
    assert "$output" =~ $'\n'"exit status 0 +\| exit status 0"
    mc -125 compare flurb
}

# -------------------------------------------------------------------------- explain, step, colour

@test "--explain: who speaks, what kind of line, and every row that is on" {
    requires userns
    mc run --explain -- true
    assert "$(grep -vE '^(parent |child  |init   )(why   |call  |shell |now   |note  )[^ ]' \
        <<<"$stderr")" == "" "lines of another form"
    assert "$stderr" =~ "call  sethostname\(c->hostname, strlen\(c->hostname\)\) = 0 +\[\"box\"\]"
    assert "$stderr" =~ "shell echo '0 [0-9]+ [0-9]+' > /proc/[0-9]+/uid_map"
    assert "$stderr" contains "CLONE_NEWUTS"
    local row
    for row in $(all_rows); do
        # No limit was given: then no cgroup is touched.
        if [ "$row" = limits ]; then
            assert "$stderr" !~ "limits|cgroup\.procs"
            continue
        fi
        assert "$stderr" =~ "child  now   $row: " "the proof of $row"
    done
    mc run --explain --only user,uts -- true
    assert "$stderr" contains "CLONE_NEWUTS|CLONE_NEWUSER"
    assert "$stderr" !~ "CLONE_NEWNET"
    assert "$stderr" !~ "now   net"
    mc run -- true
    assert "$stderr" == "" "without --explain nothing is told"
}

# Waits for the question of the next step; fails when the shell's prompt comes instead.
step_shown() {
    session_wait '(leave: |\$ )$' || return 1
    [[ $screen == *"leave: " ]]
}

# Reads the step that the terminal shows: step_at (line number), step_text (of the marked line),
# step_why, step_try (the command for a second window).
read_step() {
    step_at=$(sed -nE 's/^> *([0-9]+)  .*/\1/p' <<<"$screen" | tail -n 1)
    step_text=$(sed -nE 's/^> *[0-9]+  (.*)/\1/p' <<<"$screen" | tail -n 1)
    step_why=$(sed -nE 's/^(parent|child|init) +why   (.*)/\2/p' <<<"$screen" | tail -n 1)
    step_try=$(sed -nE 's/^ *(in )?a second window: +//p' <<<"$screen" | tail -n 1)
}

# Of a step on standard input: the source lines that the C file does not have under that number.
# A line that the terminal wrapped, or that was cut, is held by its first words.
not_of_the_file() {
    awk 'NR == FNR { line[FNR] = $0; next }
        match($0, /^[> ] *[0-9]+  +[^ ]/) {
            number = substr($0, 2) + 0
            sub(/^[> ] *[0-9]+ +/, "")
            if (!index(line[number], substr($0, 1, 40))) print number ": " $0
        }' "$MC_TREE/minicontainer.c" -
}

@test "--step: each step shows its own source lines, and waits for Enter" {
    requires userns tty
    local who
    for who in $(people); do
        $who session_start
        session_prompt
        session_type 'minicontainer run --step -- echo reached'
        local steps=0 step_at step_text step_why step_try block pid='' said heard word
        while step_shown; do
            steps=$((steps + 1))
            assert "$steps" -lt 60
            assert "$screen" !~ $'\n'"reached" "the command waits for the last step"
            read_step
            assert "$step_at" != "" "a line of the source is marked"
            # The marked line is the one that says what we hear.
            assert "$step_text" contains "say("
            # The terminal may have wrapped it: compare what fits.
            assert "$(sed -n "${step_at}p" "$MC_TREE/minicontainer.c")" contains "${step_text:0:60}"
            # What belongs to this step fits the screen.
            block=${screen##*" why   "}
            assert "$(wc -l <<<"$block")" -le 24 "lines of one step"
            assert "$(grep -cE '^[> ] *[0-9]+  ' <<<"$block")" -ge 3 "source lines on the screen"
            # Each line shown is the file's.
            assert "$(not_of_the_file <<<"$block")" == "" "lines that are not the file's"
            # What we hear is what stands there; words may come from variables.
            said=$(sed -n "$step_at,$((step_at + 2))p" "$MC_TREE/minicontainer.c")
            heard=0
            for word in $step_why; do
                if [[ $said == *"$word"* ]]; then heard=$((heard + 1)); else heard=$((heard - 1)); fi
            done
            assert "$heard" -gt 0 "\"$step_why\" is said in: $said"
            if [[ $step_try =~ /proc/([0-9]+)/ ]]; then
                # The process is the container's, and the command works when typed.
                pid=${BASH_REMATCH[1]}
                assert "$(tr '\0' ' ' <"/proc/$pid/cmdline")" contains step
                $who call bash -c "$step_try"
            fi
            session_key '\n'
        done
        assert "$screen" =~ $'\n'"reached"$'\n'
        assert "$steps" -ge 12 "steps"
        assert "$pid" != "" "a suggestion with a real PID was seen"
        session_end
    done
}

@test "--step: r shows it again, c runs on, q leaves" {
    requires userns tty
    local step_at step_text step_why step_try again again_by
    session_start
    session_prompt
    session_type 'minicontainer run --step -- echo reached'
    step_shown
    read_step
    again=$step_at
    session_type r
    step_shown
    read_step
    assert "$step_at" == "$again" "r: the same step"
    # What is not understood is asked again, and so is an end of file: neither means "do it".
    for again_by in yes 'c ' x '?'; do
        session_type "$again_by"
        step_shown
        assert "$screen" !~ '(why|call|shell|now) ' "$again_by: nothing is done"
    done
    session_key '\004'
    step_shown
    assert "$screen" !~ '(why|call|shell|now) ' "^D: nothing is done"
    session_type r
    step_shown
    read_step
    assert "$step_at" == "$again" "still the same step"
    session_key '\n'
    step_shown
    read_step
    assert "$step_at" != "$again" "Enter: the next step"
    session_type c
    session_prompt
    assert "$output" has-line reached
    assert "$output" !~ "\[Enter\]"
    local presses
    for presses in 0 1 3 6; do
        session_type 'minicontainer run --step -- echo reached'
        step_shown
        for ((; presses > 0; presses--)); do
            session_key '\n'
            step_shown
        done
        session_type q
        session_prompt
        assert "$output" !~ $'\n'"reached"
        session_type 'echo "status $?"'
        session_prompt
        assert "$output" == "status 125"
        wait_for '[[ $(session_processes "$MC_STATE/sessions") != *minicontainer* ]]'
    done
    session_end
    no_process_left
}

@test "--step never waits where there is no terminal" {
    requires userns
    mc run --step -- echo reached
    assert "$output" == reached
    mc run --step -- cat <<<$'q\nq\nq'
    assert "$output" == $'q\nq\nq' "the command's input is not ours"
    pty 'echo q | minicontainer run --step -- cat'
    assert "$output" has-line q "not even where the other end is a terminal"
    # Half a terminal is none.
    pty 'minicontainer run --step -- echo reached 2>/dev/null'
    assert "$output" has-line reached
    pty 'minicontainer run --step -- echo reached </dev/null'
    assert "$output" has-line reached
}

@test "no escape codes into a pipe; colour on a terminal only, and NO_COLOR is obeyed" {
    requires userns tty
    local words
    for words in "--help" "run --help" "look" "isolations" "doctor" "compare" "source uts" \
        "run --explain -- true" "compare uts" "run --only proc" "run --step -- true"; do
        # shellcheck disable=SC2086
        TERM=xterm mc -any $words
        assert "$output$stderr" lacks $'\e' "$words"
    done
    # On a terminal colour is allowed, if the words say it too; not where NO_COLOR is set, nor on a
    # terminal that has none.
    local coloured
    TERM_IN_PTY=xterm pty 'minicontainer compare'
    # shellcheck disable=SC2001  # a regular expression
    coloured=$(sed 's/\x1b\[[0-9;]*m//g' <<<"$output")
    assert "$coloured" lacks $'\e'
    assert "$(grep -cE '^[a-z]+ +(own|shared) ' <<<"$coloured")" -eq 13
    for words in "compare" "run --step -- true" "--help"; do
        NO_COLOR=1 TERM_IN_PTY=xterm pty "minicontainer $words" 'c\nc\n'
        assert "$output" lacks $'\e' "$words"
        TERM_IN_PTY=dumb pty "minicontainer $words" 'c\nc\n'
        assert "$output" lacks $'\e' "$words"
    done
}

@test "what is printed is plain ASCII" {
    requires userns
    local words
    for words in "--help" "run --help" "look" "isolations" "doctor" "compare --no-uts" "compare uts" \
        "run --explain -- true" "run --only proc" "run ubuntu bash"; do
        # shellcheck disable=SC2086
        mc -any $words
        assert "$(tr -d '\n\t -~' <<<"$output$stderr")" == "" "$words"
    done
}
