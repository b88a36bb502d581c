# 88-print.bats -- the same container in the words of docker, of unshare(1) and its like, and as
# config.json for crun and runc: each is started here, and looked at from inside.

# shellcheck disable=SC1003,SC2001,SC2013,SC2016,SC2086,SC2206  # options are words

load helpers
load calls

setup_file() { build_calls; }
setup() {
    mc_setup
    requires userns python3
}
teardown() {
    if [ -s "$MC_STATE/daemon" ]; then kill "$(<"$MC_STATE/daemon")"; fi
    no_process_left
    chmod -R u+rwX "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

ROWS='uts pid mnt proc root user ipc net cgroup time caps seccomp limits'

# printed WHO TOOL WORD...: $line is what is printed; $said what is said, without its beginning.
printed() {
    local who=$1
    shift
    $who mc print "$@" </dev/null
    line=$output
    said=$(sed 's/^minicontainer: note: //' <<<"$stderr")
    assert "$line" != "" "$who: $*"
}

# A volume, and in it a script that says what a process is in, and sees: a line each. $1 is a place of
# the machine. show OPTION...: the options with the volume in $words, and the script in $look.
volume() {
    mkdir -p volume
    cat >volume/look <<'END'
for n in uts pid mnt user ipc net cgroup time; do echo "$n $(readlink /proc/self/ns/$n)"; done
echo "host $(cat /proc/sys/kernel/hostname)"
echo "ids $(tr -s " " </proc/self/uid_map)"
echo "processes $(ls -d /proc/[0-9]* 2>/dev/null | wc -l)"
echo "interfaces $(ls /sys/class/net | paste -sd " ")"
[ ! -e "$1" ] || echo "the files of the machine"
grep -oE " /(usr|mnt|sys|proc|sys/fs/cgroup|dev/pts|dev/mqueue) [^ ]+ r[ow]" /proc/mounts | sort
grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs)" /proc/self/status
for f in kcore keys timer_list sysrq-trigger irq sys acpi; do
    echo "/proc/$f is covered $(grep -c " /proc/$f " /proc/mounts) times"
done
echo "devices $(cd /dev && ls -d null zero full random urandom tty fd ptmx pts shm | paste -sd " ")"
echo "environment $(env | grep -vE "^(PWD|_|SHLVL|OLDPWD)=" | sort | paste -sd "|")"
pwd
END
    chmod -R a+rX volume
}
show() {
    words=("$@" -v "$PWD/volume:/mnt:ro")
    look=/mnt/look
    if [ "$*" = --no-mnt ]; then # a volume is a mount
        words=("$@")
        look=$PWD/volume/look
    fi
}
# facts: what was seen ($output), with "own" or "shared" for ids and without what differs by nature.
facts() {
    local n
    for n in uts pid mnt user ipc net cgroup time; do
        printf 's,^%s .*%s.*,%s shared,;' "$n" "$(stat -Lc %i /proc/self/ns/$n)" "$n"
    done >rules
    # More than twenty are the machine's; interfaces, too, are its own by number.
    sed -E "$(<rules)s/^([a-z]+) [a-z]+:.*/\1 own/; s/^(processes) [0-9]$/\1 few/
        s/^processes [0-9]+/processes many/" <<<"$output"
}
# ours WHO OPTION...: $ours are the facts of `run`.
ours() {
    local who=$1
    shift
    show "$@"
    $who mc run "${words[@]}" -- sh "$look" "$PWD"
    ours=$(facts)
    assert "$(grep -cE ' (own|shared)$' <<<"$ours")" == 8 "control"
}
# by_others WHO: in a loop over rows. Each row is proved by who runs the tests; of the ordinary user, where
# root runs them, it is all rows at once.
by_others() { [ "$row" ] && [ "$1" != self ]; }
# ------------------------------------------------------------------ words

@test "print wants one of three names, and then words of run" {
    mc -125 print
    assert "$stderr" == "$(other_words print)"
    local word
    for word in podman "docker unshare" ... ""; do
        mc -125 print "$word"
        assert "$stderr" == "$(other_words print)"
    done
    mc -125 print docker --no-such
    assert "$stderr" contains "no option --no-such"
    mc -125 print unshare --only proc
    assert "$stderr" contains "proc cannot be without mnt"
    mc print --help
    assert "${lines[0]}" == "Usage: minicontainer print docker | unshare | oci [OPTION]... [-- COMMAND...]"
    # Nothing is started, and nothing is kept.
    mc print docker --name x -v data:/data --explain -- sh -c 'exit 9'
    mc print unshare -v data:/data -- sh -c 'exit 9'
    mc print oci -v data:/data -- sh -c 'exit 9'
    assert "$(ls -A "$HOME")" == ""
}

@test "what is printed is one line for a shell, whatever the words are" {
    local word
    for word in "a b" "it's" '$HOME `id` "x" \' "" '*' '#' "'''" 'é'; do
        printed self unshare --none -- printf '<%s>' "$word" "$word"
        assert "$(wc -l <<<"$line")" == 1
        call sh -c "$line"
        assert "$output" == "<$word><$word>"
        printed self docker --none -- printf '<%s>' "$word" "$word"
        call sh -c "printf '<%s>' ${line#*IMAGE }"
        assert "$output" == "<printf><<%s>><$word><$word>"
        printed self oci --none -- "$word"
        call python3 -c 'import json, sys; print(json.load(sys.stdin)["process"]["args"][0])' <<<"$line"
        assert "$output" == "$word"
    done
    mc -125 print unshare -- printf $'a\nb'
    assert "$stderr" contains "fits into no line"
    mc -125 print docker -- printf $'a\eb'
    assert "$stderr" contains "fits into no line"
    # A long word is whole.
    word=$(printf '%09999d' 7)
    printed self unshare --none -e "LONG=$word" -- sh -c 'echo "$LONG$0"' "$word"
    call sh -c "$line"
    assert "$output" == "$word$word"
    printed self oci -- printf $'a\nb\e'
    assert "$line" contains '"a\u000ab\u001b"'
}

# ------------------------------------------------------------------ docker

@test "print docker: each row, each option" {
    local row word
    printed self docker -- echo hi
    assert "$line" == "docker run -i --rm --init --security-opt no-new-privileges --network=none \
--hostname=box IMAGE echo hi"
    for word in --user --time IMAGE; do assert "$said" contains "$word: "; done
    # Off: a word, or a sentence. (Who may not run it is refused here, too.)
    for row in $ROWS; do
        if [ "$row" = user ] && [ "$(id -u)" != 0 ]; then
            mc -125 print docker --no-user
            continue
        fi
        case $row in
        mnt | proc | root)
            printed self docker --no-$row
            assert "$said" contains "--no-$row: "
            ;;
        time | limits)
            printed self docker --no-$row
            assert "$said" !~ "--(no-)?$row"
            ;;
        *)
            printed self docker --no-$row
            case $row in
            caps) word=--cap-add=ALL ;;
            seccomp) word="--security-opt seccomp=unconfined" ;;
            user) word=--userns=host ;;
            net) word=--network=host ;;
            cgroup) word=--cgroupns=host ;;
            *) word=--$row=host ;;
            esac
            assert " $line " contains " $word "
            ;;
        esac
    done
    printed self docker -it --rm --privileged --hostname web --read-only -w /tmp -e 'A=b c' --env=C=d \
        --memory 50M --cpus=0.5 --pids-limit 20 -v ./home:/x:ro --volume=data:/y
    assert " $line " contains " --cap-add=ALL --security-opt seccomp=unconfined "
    for word in "--security-opt systempaths=unconfined" --hostname=web --read-only --workdir=/tmp \
        "--env='A=b c'" --env=C=d --memory=50M --memory-swap=50M --cpus=0.5 --pids-limit=20 \
        "--volume=$PWD/home:/x:ro" --volume=data:/y:rw; do
        assert " $line " contains " $word "
    done
    printed self docker --cap-drop ALL --cap-add chown --cap-add NET_RAW
    assert " $line " contains " --cap-add=chown --cap-add=net_raw --cap-drop=ALL "
    printed self docker --cap-add ALL --cap-drop sys_admin
    assert " $line " contains " --cap-add=ALL --cap-drop=sys_admin "
    printed self docker --cap-add sys_time --cap-drop kill --no-init --no-mask
    assert " $line " contains " --cap-add=sys_time --cap-drop=kill "
    assert "$line" lacks --init
    for word in "--map 0:1:1" "--boottime 9" --explain --step; do
        printed self docker $word
        assert "$said" contains "${word%% *}: "
    done
    printed self docker --only none
    for word in uts pid ipc userns cgroupns network; do assert "$line" contains "--$word=host"; done
}

# The words that Docker's or podman's own help has.
@test "print docker: docker and podman know each word" {
    local help tool word words no_user
    if [ "$(id -u)" = 0 ]; then no_user=--no-user; fi
    for tool in docker podman; do
        command -v $tool >/dev/null && help+=" $tool"
    done
    if [ -z "${help-}" ]; then skip "neither docker nor podman is here"; fi
    printed self docker --privileged --no-uts --no-pid $no_user --no-ipc --no-net --no-cgroup \
        -v ./home:/x -m 50M --cpus 1 --pids-limit 9 --read-only -w / -e A=b
    words=$line
    printed self docker --cap-add sys_time --cap-drop kill --network none
    words+=" $line"
    assert "$(grep -oE -- ' --[a-z-]+' <<<"$words" | sort -u | wc -l)" -ge 17
    for tool in $help; do
        "$tool" run --help >"$tool.help"
        for word in $(grep -oE -- ' --?[a-z-]+' <<<"$words" | sort -u); do
            if [ "$word" = -i ]; then word=--interactive; fi
            assert "$(grep -cE -- "(^|[ ,])$word([ ,=]|$)" "$tool.help")" -ge 1 "$tool: $word"
        done
    done
}

# A daemon that starts nothing, and tells what it was asked for.
daemon() {
    cat >daemon.py <<'END'
import http.server, json, socketserver
class Server(socketserver.UnixStreamServer):
    def get_request(self): return self.socket.accept()[0], ("", 0)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def reply(self, code, text):
        self.send_response(code)
        self.send_header("Api-Version", "1.44")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def do_GET(self): self.reply(200, b"{}")
    def do_HEAD(self): self.reply(200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with open("asked", "wb") as f: f.write(body)
        self.reply(201, b'{"Id": "1", "Warnings": []}')
    def log_message(self, *words): pass
Server("socket", Handler).serve_forever()
END
    python3 daemon.py 3>&- 4>&- &
    echo "$!" >"$MC_STATE/daemon"
    wait_for '[ -S socket ]'
}

@test "print docker: what docker's own parser makes of it" {
    command -v docker >/dev/null || skip "docker is not here"
    docker --version | grep -q '^Docker version' || skip "docker is another program"
    daemon
    asked() { # WORD...: the request
        printed self docker "$@" -- echo hi
        line=${line/docker run/docker -H "unix://$PWD/socket" create}
        HOME=$PWD call sh -c "${line/ IMAGE / debian }"
        python3 -c 'import json
a = json.load(open("asked")); h = a["HostConfig"]
print(a["Cmd"], a["Hostname"], a["Env"], a["WorkingDir"])
print([h[k] for k in ("UTSMode", "PidMode", "IpcMode", "UsernsMode", "CgroupnsMode", "NetworkMode")])
print(h["CapAdd"], h["CapDrop"], h["SecurityOpt"], h["MaskedPaths"], h["ReadonlyRootfs"], h["Init"])
print(h["Memory"], h["MemorySwap"], h["NanoCpus"], h["PidsLimit"], h["Binds"], h["AutoRemove"])' >is
        sed -i "s/None/[]/g" is
    }
    asked
    assert "$(sed -n 1p is)" == "['echo', 'hi'] box [] "
    assert "$(sed -n 2p is)" == "['', '', '', '', '', 'none']"
    assert "$(sed -n 3p is)" == "[] [] ['no-new-privileges'] [] False True"
    local no_user='' userns=''
    if [ "$(id -u)" = 0 ]; then no_user=--no-user userns=host; fi
    asked --no-uts --no-pid --no-ipc $no_user --no-cgroup --no-net --privileged
    assert "$(sed -n 2p is)" == "['host', 'host', 'host', '$userns', 'host', 'host']"
    assert "$(sed -n 3p is)" contains "['ALL'] [] ['seccomp=unconfined', 'no-new-privileges'] [] False True"
    asked -m 50M --cpus 0.5 --pids-limit 9 -v /tmp:/x:ro --cap-drop ALL --cap-add kill --read-only \
        -w /srv -e 'A=b c' --hostname web --name one
    assert "$(sed -n 1p is)" == "['echo', 'hi'] web ['A=b c'] /srv"
    assert "$(sed -n 3p is)" == "['kill'] ['ALL'] ['no-new-privileges'] [] True True" ||
        assert "$(sed -n 3p is)" == "['CAP_KILL'] ['ALL'] ['no-new-privileges'] [] True True"
    assert "$(sed -n 4p is)" == "52428800 52428800 500000000 9 ['/tmp:/x:ro'] False"
}

# ------------------------------------------------------------------ unshare

@test "print unshare: all rows, and each switched off, look from inside as run does" {
    local who row option words look
    volume
    for who in $(people); do
        for row in "" $ROWS; do
            option=${row:+--no-$row}
            if [ "$row" = user ] && [ "$($who id -u)" != 0 ]; then continue; fi
            if by_others "$who"; then continue; fi
            ours "$who" $option
            printed "$who" unshare "${words[@]}" -- sh "$look" "$PWD"
            $who call sh -c "$line"
            # Root of the machine stays number 0 there: it is said.
            if [ "$($who id -u)" = 0 ] && [ "$row" != user ]; then
                assert "$said" contains "--user: 0 is 0 outside"
                ours=$(sed 's/^ids .*/ids  0 0 1/' <<<"$ours")
            fi
            assert "$(facts)" == "$ours" "$who $option"
            for option in --seccomp --init; do
                if [ "--$row" != "$option" ]; then assert "$said" contains "$option: "; fi
            done
        done
    done
}

# ------------------------------------------------------------------ oci

# runtime WHO NAME: WHO starts $line as a bundle. Root does that where the machine's /run and cgroups
# are out of reach.
runtime() {
    local who=$1 dir=$BATS_TEST_TMPDIR/$1.bundle owner
    rm -rf "$dir"
    $who mkdir "$dir" "$dir/rootfs"
    $who sh -c 'cat >"$1"' - "$dir/config.json" <<<"$line"
    if [ "$2" = crun ]; then
        set -- crun --root "$dir.state" --cgroup-manager=disabled run -b "$dir" print
    else
        set -- runc --rootless true --root "$dir.state" run -b "$dir" print
    fi
    if [ "$($who id -u)" = 0 ]; then
        owner=$(python3 -c 'import json, sys
print(json.load(sys.stdin)["linux"].get("uidMappings", [{"hostID": 0}])[0]["hostID"])' <<<"$line")
        chown "$owner:$owner" "$dir/rootfs"
        set -- unshare --mount sh -euc 'mount -t tmpfs none /run
            while umount /sys/fs/cgroup 2>/dev/null; do :; done
            mount -t cgroup2 -o ro none /sys/fs/cgroup
            exec "$@"' - "$@"
    fi
    $who call "$@"
}

keys() { python3 -c 'import json, sys
def keys(at, path):
    if isinstance(at, dict):
        for k in at: yield from keys(at[k], path + "/" + k)
    elif isinstance(at, list):
        for k in at: yield from keys(k, path + "[]")
    else: yield path + " " + type(at).__name__
print("\n".join(sorted(set(keys(json.load(sys.stdin), "")))))'; }

@test "print oci: the keys and types are those that runc spec writes" {
    requires runc
    local extra
    mkdir spec
    (cd spec && runc spec && runc spec -h >/dev/null)
    keys <spec/config.json >known
    printed self oci -v ./spec:/mnt
    call python3 -m json.tool <<<"$line"
    keys <<<"$line" >are
    # What it does not write, the specification has: ids, masks, clocks, the filter.
    comm -13 known are | grep -vE '^/linux/(uid|gid)Mappings\[\]/(containerID|hostID|size) int$' |
        grep -vE '^/linux/timeOffsets/boottime/(secs|nanosecs) int$' |
        grep -vE '^/linux/seccomp/(defaultAction str|syscalls\[\]/(action|names\[\]) (str)?)' |
        grep -vE '^/linux/seccomp/syscalls\[\]/(errnoRet|args\[\]/(index|value|valueTwo)) int$' |
        grep -vE '^/linux/seccomp/syscalls\[\]/args\[\]/op str$' >extra || true
    assert "$(<extra)" == ""
    for extra in /process/args[] /process/capabilities/bounding[] /mounts[]/options[] /root/path \
        /linux/namespaces[]/type /linux/maskedPaths[] /hostname; do
        assert "$(<are)" has-line "$extra str"
    done
    printed self oci --memory 50M --cpus 0.5 --pids-limit 20 --map 0:1000:1 --boottime 100 --read-only
    call python3 -c 'import json, sys
c = json.load(sys.stdin); l = c["linux"]
print(l["resources"], l["uidMappings"], c["root"])' <<<"$line"
    assert "$output" == "{'memory': {'limit': 52428800, 'swap': 52428800}, 'cpu': {'quota': 50000, \
'period': 100000}, 'pids': {'limit': 20}} [{'containerID': 0, 'hostID': 1000, 'size': 1}] \
{'path': 'rootfs', 'readonly': True}"
}

@test "print oci: crun and runc start it, and it looks from inside as run does" {
    requires crun runc
    local who row option words look name without
    volume
    for who in $(people); do
        for row in "" $ROWS; do
            option=${row:+--no-$row}
            if [ "$row" = user ] && [ "$($who id -u)" != 0 ]; then continue; fi
            if [ "$row" = mnt ]; then continue; fi # below
            if by_others "$who"; then continue; fi
            ours "$who" ${option#--no-root}
            for name in crun runc; do
                # crun 1.8 starts none as an ordinary user here, nor clocks without a user namespace;
                # runc knows no clocks before 1.2.
                if [ "$name" = crun ] && [ "$($who id -u)" != 0 ]; then continue; fi
                without=
                if [ "$name$row" = crunuser ] || [ "$name" = runc ]; then without=--no-time; fi
                show $option $without
                printed "$who" oci "${words[@]}" -- sh "$look" "$PWD"
                assert "$said" contains "--init: "
                runtime "$who" "$name"
                facts >is
                echo "$ours" >expected
                case $row in # what is mounted below the machine's own /sys is hidden there
                pid | proc | net) sed -i '/ .sys.fs.cgroup /d' expected is ;;
                esac
                if [ "$without" ]; then sed -i 's/^time .*/time/' expected is; fi
                assert "$(diff expected is)" == "" "$who $name $option"
            done
        done
    done
}

@test "print oci: without mnt or root nothing would start: it is said, and they are on" {
    requires crun
    local option
    if [ "$(id -u)" != 0 ]; then skip "crun 1.8 starts none as an ordinary user"; fi
    for option in --no-root --no-mnt; do
        printed self oci $option -- sh -c 'readlink /proc/self/ns/mnt; ls /'
        assert "$said" has-line "crun and runc start nothing without mnt and root: they are on"
        runtime self crun
        assert "$output" lacks "$(readlink /proc/self/ns/mnt)"
        assert "$output" no-line home
    done
    printed self oci
    assert "$said" lacks "they are on"
}

@test "print oci: the filter refuses what ours refuses, call by call; and one question more" {
    need_calls
    requires runc
    local name what
    tools/calls list | cut -f1,3 | sort >refused
    for name in runc crun; do
        if ! probe "$name" >/dev/null 2>&1; then continue; fi
        if [ "$name" = crun ] && [ "$(id -u)" != 0 ]; then continue; fi
        for what in "" "--cap-add sys_admin" "--cap-add sys_ptrace"; do
            mc run $what -v "$PWD/tools:/mnt:ro" -- /mnt/calls all
            sort <<<"$output" >ours
            assert "$(grep -vc $'\topen$' ours)" -ge 40
            printed self oci $what --no-time -v "$PWD/tools:/mnt:ro" -- /mnt/calls all
            assert "$said" contains "--seccomp: personality(0xffffffff), a question, fails"
            runtime self "$name"
            sort <<<"$output" >theirs
            # It is another filter: names that its library does not know yet are left out.
            assert "$(comm -23 theirs ours | grep -vE '^(listns|lsm_set_self_attr|open_tree_attr)' |
                grep -v personality)" == "" "$name $what"
            assert "$(grep -vc $'\topen$' theirs)" -ge 40
        done
        printed self oci --no-seccomp --no-time -v "$PWD/tools:/mnt:ro" -- /mnt/calls all
        assert "$line" lacks seccomp
        runtime self "$name"
        assert "$(grep -v $'\topen$' <<<"$output")" == "" "$name: control"
    done
}

# ------------------------------------------------------------------ options, images

@test "each option of run is translated, or said, by each of the three" {
    local tool option word plain
    mkdir dir
    for tool in docker unshare oci; do
        printed self $tool --time -- true
        plain=$(sed -E 's/ -[0-9]{3,}//g' <<<"$line$said")
        while read -r option; do
            if [ "$option" = --userns=host ] && [ "$(id -u)" != 0 ]; then continue; fi
            printed self $tool --time $option -- true
            word=${option%% *}
            assert "$(sed -E 's/ -[0-9]{3,}//g' <<<"$line$said")" != "$plain" "$tool $option"
            # What changes no word says so.
            if [[ $option == --explain || $option == --step ]]; then
                assert "$said" contains "$word: $tool has no word for it"
            fi
        done <<'END'
--only uts,time,user
--none --time --user
--hostname web
--image ./dir
--volume ./dir:/mnt
-v ./dir:/mnt:ro
--read-only
--workdir /tmp
-w /tmp
--env A=b
-e A=b
--map 0:77:1
--no-init
--boottime 999999999
--cap-add sys_time
--cap-drop kill
--privileged
--no-mask
--security-opt seccomp=unconfined
--security-opt systempaths=unconfined
-m 64M
--memory 64M
--cpus 0.5
--pids-limit 10
--network host
--publish 8080:80
--explain
--step
--name one --image ./dir
--detach --image ./dir
-d --image ./dir
--no-uts
--userns=host
END
    done
    # The list is complete: what is not in it is always so.
    for word in $(sed -n '/^} options\[\] = {/,/^};/p' "$TOP/minicontainer.c" |
        sed -nE '/"\^\$"|match = "\^\$"/d; s/^    \{ "(--[a-z-]+).*/\1/p'); do
        case $word in --interactive | --rm | --init | --entrypoint) continue ;; esac
        assert "$(<"$BATS_TEST_FILENAME")" =~ "(^|"$'\n'")$word( |"$'\n'")" "$word is in the list above"
    done
    # An option that a tool does not know at all is said.
    sed 's/^ \* !-         --hostname --volume --network --env/ * !-         --hostname --volume --network/;
        s/^ \* -          %v%e%r%a/ * -          %v%r%a/; s/--env=/--umgebung=/' "$TOP/minicontainer.c" >other.c
    "${CC:-cc}" -w -o other other.c
    call ./other print docker -e A=b
    assert "$stderr" contains "note: --env: docker has no word for it"
}

@test "options that show inside: unshare and runc have what run has" {
    requires runc
    local who words what ask
    mkdir -p show
    echo here >show/file
    chmod -R a+rX show
    ask='cat /proc/sys/kernel/hostname; pwd; echo $A; grep CapBnd /proc/self/status; cat "/mnt/a b/file"
        grep -cE " /(proc|sys)/[a-z]+" /proc/mounts; grep -oE "^[^ ]+ / [^ ]+ r[ow]" /proc/mounts | cut -d" " -f4'
    ask=${ask//$'\n'/; }
    for who in $(people); do
        for what in "--hostname web -w /usr --cap-add sys_time --cap-drop kill" "--no-mask --no-cgroup --read-only"; do
            words=($what -e "A=b 'c'" -v "$PWD/show:/mnt/a b" --no-time -- sh -c "$ask")
            $who mc run "${words[@]}"
            ours=$output
            assert "$ours" contains "b 'c'"
            assert "$ours" contains here
            printed "$who" unshare "${words[@]}"
            $who call sh -c "$line"
            assert "$output" == "$ours" "$who unshare $what"
            printed "$who" oci "${words[@]}"
            runtime "$who" runc
            # Its root is a directory of the disk.
            assert "$output" == "$ours" "$who runc $what"
        done
        # A clock that was booted long ago, and just now.
        printed "$who" unshare --boottime 500000 -- cut -d. -f1 /proc/uptime
        $who call sh -c "$line"
        assert "$output" -ge 500000
        assert "$output" -le 503600
        printed "$who" unshare -- cut -d. -f1 /proc/uptime
        $who call sh -c "$line"
        assert "$output" -le 3600
    done
    printed self unshare --privileged -- grep CapBnd /proc/self/status
    call sh -c "$line"
    assert "$output" == "CapBnd:"$'\t'"$(printf '%016x' $(((1 << ($(</proc/sys/kernel/cap_last_cap) + 1)) - 1)))"
    printed self unshare --memory 50M --pids-limit 9 --cpus 0.5
    assert "$said" contains "systemd-run --scope -p MemoryMax=52428800"
    assert "$said" contains "-p TasksMax=9"
    assert "$said" contains "-p CPUQuota="
}

@test "an --image: a directory; and one of the store, by umoci" {
    requires runc umoci
    local who here
    for who in $(people); do
        here=$BATS_TEST_TMPDIR/$who.d
        mkdir -m 0777 "$here"
        cd "$here"
        export XDG_DATA_HOME=$here/data
        mkdir -p make/root/etc
        echo "Welcome." >make/root/etc/motd
        build_base "$who" sh cat umount env setpriv
        ask=(sh -c 'cat /etc/motd; pwd')
        printed "$who" docker --image base -- "${ask[@]}"
        assert "$line" ends " base sh -c 'cat /etc/motd; pwd'"
        assert "$said" lacks IMAGE
        printed "$who" docker --name one --image base
        assert "$line" ends "--name=one base"
        assert "$line" lacks --rm
        printed "$who" docker -d --image base
        assert "$line" starts "docker run -d --init "
        printed "$who" unshare --image base
        assert "$said" contains "umount, env and setpriv must be in it"
        assert "$said" contains "rootfs: umoci unpack --image $here/data/minicontainer:base DIR"
        $who call umoci unpack --rootless --image data/minicontainer:base:latest bundle
        cd bundle
        printed "$who" unshare --image base -- "${ask[@]}"
        $who call sh -c "$line"
        assert "$output" == $'Welcome.\n/' "$who"
        # In what is yours nothing is made.
        $who rmdir rootfs/sys
        printed "$who" unshare --image ./rootfs -- "${ask[@]}"
        $who call -any sh -c "$line"
        assert "$status" != 0
        assert "$stderr" contains "/mnt/sys"
        $who mkdir rootfs/sys
        $who call sh -c "$line"
        assert "$output" == $'Welcome.\n/' "$who"
        cd "$here"
        printed "$who" oci --image base --no-time -- "${ask[@]}"
        assert "$line" contains '"path": "rootfs"'
        printed "$who" oci --image ./bundle/rootfs
        assert "$line" contains "\"path\": \"$here/bundle/rootfs\""
        printed "$who" docker --image ./bundle/rootfs
        assert "$said" contains "docker import - NAME"
    done
}

@test "print --network, in a lab" {
    requires bridge
    printed self docker --network none
    assert "$line" contains "--network=none"
    mc lab sh -ec 'minicontainer print docker --network front --network back -- true 2>/dev/null
        minicontainer print unshare --network front -- true 2>&1 >/dev/null; ip -o link'
    assert "${lines[0]}" contains " --network=front --network=back "
    assert "$output" contains "--network: cables are plugged from outside"
    assert "$output" !~ '(front|back)(:|@)' "no bridge was made"
}

@test "print unshare in a lab: the line runs there, and isolates" {
    local who
    for who in $(people); do
        $who mc lab sh -ec 'line=$(minicontainer print unshare -- sh -c "echo \$\$; hostname; ls -d /proc/[0-9]* | wc -l; \
cut -d. -f1 /proc/uptime; readlink /proc/self/ns/*" 2>/dev/null)
            sh -c "$line"; readlink /proc/self/ns/*' </dev/null
        assert "${lines[0]} ${lines[1]}" == "1 box" "$who"
        assert "${lines[2]}" -le 5
        assert "${lines[3]}" -le 3600 "$who: its clock is set from that of the machine"
        # Ten ids inside, ten outside, and none twice (but pid and time, which have two files).
        assert "$(printf '%s\n' "${lines[@]:4}" | sort -u | wc -l)" == 16
    done
}
