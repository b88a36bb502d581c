# 82-kit.bats -- the teacher's kit: make install and what it puts there (the man page, the words for
# Tab), make apparmor, the development container. All below directories of our own.

load helpers
load session

TAB=$'\t'

# The tree as a clone has it, built; we stand in it.
clone() {
    requires make
    cp -R "$MC_TREE" clone
    touch clone/minicontainer # newer than its source
    cd clone || return
}

# What is in a directory: names, sorts, modes, sizes, where links lead.
tree() { find "$1" -printf '%P %y %#m %l %s\n' | sed '/ d /s/ [0-9]*$//' | LC_ALL=C sort; }

# installed: below $dest, from a clone.
installed() {
    clone
    dest=$BATS_TEST_TMPDIR/dest
    call make install DESTDIR="$dest"
    local=$dest/usr/local
    cd ..
}

# ---------------------------------------------------------------------------------------------
# make install, make uninstall
# ---------------------------------------------------------------------------------------------

@test "make install makes what it says, and nothing else; make uninstall takes all of that away" {
    local before source dest=$BATS_TEST_TMPDIR/dest file
    clone
    # Something is there already: a program of others, a directory that is empty.
    mkdir -p "$dest/usr/local/bin" "$dest/usr/local/share/man"
    echo other >"$dest/usr/local/bin/other"
    before=$(tree "$dest")
    source=$(tree .)
    call make -n install DESTDIR="$dest" # says what it would do, and does nothing
    assert "$(tree "$dest")" == "$before"
    (umask 077 && call make install DESTDIR="$dest")
    assert "$(tree .)" == "$source" "nothing is left in the sources"
    {
        printf '%s f\n' share/minicontainer/installed lib/minicontainer/minicontainer \
            share/man/man1/minicontainer.1 share/bash-completion/completions/minicontainer bin/other
        printf '%s l\n' bin/minicontainer lib/minicontainer/lessons
        find lessons -type f -printf 'share/minicontainer/%p f\n'
    } | LC_ALL=C sort >wanted
    find "$dest/usr/local" ! -type d -printf '%P %y\n' | LC_ALL=C sort >found
    assert "$(wc -l <wanted)" -gt 60 "there are lessons"
    assert "$(<found)" == "$(<wanted)"
    # Whoever installs: all can read it; what is a program stays one.
    assert "$(find "$dest" ! -type l ! -perm -0444)" == ""
    assert "$(find "$dest" -type d ! -perm 0755)" == ""
    assert "$(find "$dest" -perm /0022 ! -type l)" == ""
    for file in lessons/15-layers/make-base lessons/01-first-container/README.md; do
        assert "$(test -x "$file"; echo $?)" \
            == "$(test -x "$dest/usr/local/share/minicontainer/$file"; echo $?)" "$file"
    done
    rm wanted found
    call make uninstall DESTDIR="$dest"
    assert "$(tree "$dest")" == "$before"
    call -2 make uninstall DESTDIR="$dest"
    assert "$stderr" contains "nothing of ours is below $dest/usr/local"
}

@test "make install again: what is new is there, what is gone goes; files of others stay" {
    local dest=$BATS_TEST_TMPDIR/dest share
    share=$dest/opt/x/share/minicontainer
    clone
    echo old >lessons/01-first-container/old
    call make install DESTDIR="$dest" PREFIX=/opt/x/
    assert "$(<"$share/lessons/01-first-container/old")" == old
    rm lessons/01-first-container/old
    echo another >another
    echo new >lessons/new
    echo mine >"$share/lessons/mine"
    call make install DESTDIR="$dest" PREFIX=/opt/x PROGRAM=another
    assert "$(<"$share/lessons/new")" == new
    assert "$(<"$dest/opt/x/bin/minicontainer")" == another "another build of the program"
    assert "$(ls "$share/lessons/01-first-container")" !~ old
    assert "$(<"$share/lessons/mine")" == mine
    call make uninstall DESTDIR="$dest" PREFIX=/opt/x
    assert "$output" contains "left, for it is not empty: $share/lessons"
    assert "$(cd "$dest" && find . ! -type d)" == ./opt/x/share/minicontainer/lessons/mine
}

@test "make install takes no file of others, and no path that is not whole; a list that is not ours is refused" {
    local dest=$BATS_TEST_TMPDIR/dest
    clone
    mkdir -p "$dest/usr/local/bin"
    echo theirs >"$dest/usr/local/bin/minicontainer"
    call -2 make install DESTDIR="$dest"
    assert "$stderr" contains "$dest/usr/local/bin/minicontainer is there, and not by us"
    assert "$(<"$dest/usr/local/bin/minicontainer")" == theirs
    call make uninstall DESTDIR="$dest"
    assert "$(cd "$dest" && find . ! -type d)" == ./usr/local/bin/minicontainer
    call -2 make install PREFIX=here
    assert "$stderr" contains "give a whole path"
    call -2 make install DESTDIR="$dest" PREFIX=/a/../b
    assert "$stderr" contains "without .."
    mkdir -p "$dest/usr/local/share/minicontainer"
    echo "f /usr/local/bin/../../../../x" >"$dest/usr/local/share/minicontainer/installed"
    echo keep >x
    call -2 make uninstall DESTDIR="$dest"
    assert "$stderr" contains "not what make install has written"
    assert "$(<x)" == keep
}

@test "the installed program works by its link, and finds the lessons: in the lab, and for the doctor" {
    requires userns
    local who lessons
    installed
    call "$local/bin/minicontainer" --version
    assert "$output" == "$("$MC" --version)"
    lessons=$(cd "$MC_TREE/lessons" && find . -type f | LC_ALL=C sort)
    for who in $(people); do
        $who call "$local/bin/minicontainer" lab -- sh -c 'cd lessons && find . -type f | LC_ALL=C sort'
        assert "$output" == "$lessons" "$who"
        assert "$stderr" lacks "no lessons here"
    done
}

# ---------------------------------------------------------------------------------------------
# The man page
# ---------------------------------------------------------------------------------------------

# The page as text, without what makes letters fat.
page_as_text() {
    call env MANWIDTH=100 man --local-file "$local/share/man/man1/minicontainer.1"
    printf '%s\n' "$output" | sed 's/.\x08//g' | tr -s ' \n' ' ' >page
}

@test "the man page: man and mandoc find no fault in it, and would find one" {
    requires man mandoc
    local page
    installed
    page=$local/share/man/man1/minicontainer.1
    call mandoc -Tlint -Wwarning "$page"
    assert "$output$stderr" == ""
    call man --warnings=w --local-file "$page"
    assert "$stderr" == ""
    assert "$output" contains "a Linux container, step by step"
    # Controls
    sed '/^\.TH/a .nosuchmacro' "$page" >bad.1
    call -any mandoc -Tlint -Wwarning ./bad.1
    assert "$output" contains nosuchmacro
    call -any man --warnings=w --local-file ./bad.1
    assert "$stderr" contains nosuchmacro
}

@test "the man page says all that the program says of itself" {
    requires man
    local command name line
    installed
    page_as_text
    mc isolations --porcelain
    while IFS=$'\t' read -r _ name _ line _ words; do
        assert "$(<page)" contains " $name $words. Made by: $line; needs: "
    done <<<"$output"
    mc help
    while read -r command; do
        mc "$command" --help
        # Each word of the help is there, in its order: between them only blanks are others.
        sed 's/^  -.*//; s/^ *//; s/^Status: the/The/' <<<"$output" | tr -s ' ' >lines
        while read -r line; do
            if [ -n "$line" ]; then
                assert "$(<page)" contains "$line" "$command"
            fi
        done <lines
    done < <(awk 'NF == 0 { block++ } block == 1 || block == 2' <<<"$output" |
        sed -n 's/^  //; s/  .*//; s/ [[A-Z-].*//; s/, /\n/g; /./p')
    # Options and what stands behind them; and what their values must look like.
    mc run --help
    while read -r line; do
        assert "$(<page)" contains " $line" "run"
    done < <(grep -oE -- '--[a-z-]+( (\[?[A-Z]+[]:A-Z=]*|\./DIR \| NAME))?' <<<"$output" | sed 's/ $//' | sort -u)
    assert "$(<page)" contains "--pids-limit wants a whole number"
    assert "$(<page)" contains "--hostname wants 1 to 64 letters"
    assert "$(<page)" contains "$("$MC" --version)"
    assert "$(<page)" contains " /usr/local/share/minicontainer/lessons/README.md, the lessons"
    assert "$(<page)" contains "uts_namespaces(7)"
}

@test "the page and the words for Tab are refused, where the source has no tables" {
    local file
    clone
    : >minicontainer.c
    touch minicontainer
    call -2 make install DESTDIR="$BATS_TEST_TMPDIR/dest"
    assert "$stderr" contains "the tables of minicontainer.c are not found"
    assert "$(ls "$BATS_TEST_TMPDIR")" !~ dest
    for file in lessons/kit/man.awk lessons/kit/tables.awk; do
        call -1 awk -f "$file" minicontainer.c
        assert "$stderr" contains "$file: the tables of minicontainer.c are not found"
    done
}

# ---------------------------------------------------------------------------------------------
# Tab
# ---------------------------------------------------------------------------------------------

# tab WORD...: what Tab offers for the last one, in $offered: a line of words.
tab() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _minicontainer "$MC" "${*: -1}" "${*: -2:1}"
    offered=${COMPREPLY[*]}
    echo "$* -> $offered"
}

# offers WORDS [WORD...] -- WORD...: exactly these words
offers() {
    local wanted=$1
    shift
    tab minicontainer "$@"
    assert "$offered" == "$wanted" "$*"
}

with_completion() {
    installed
    # shellcheck disable=SC1090,SC1091  # what was installed
    . "$local/share/bash-completion/completions/minicontainer"
}

@test "Tab: commands, rows, lists of them, words that are values, files" {
    with_completion
    offers "compare commit create compose" c
    offers "uts user" compare u
    offers "--no-seccomp" run --no-s
    offers "pid,uts pid,user" run --only pid,u
    offers "uts user" run --only u
    offers "host" run --pid = ''
    offers "none host" run --network ''
    offers "net_bind_service net_broadcast net_admin net_raw" run --cap-add net_
    offers "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW" run --cap-drop NET_
    offers "seccomp=unconfined systempaths=unconfined no-new-privileges" run --security-opt ''
    offers "" run --hostname ''
    offers "" stop -t ''
    offers "docker unshare oci" print ''
    offers "--no-net" print docker --no-net
    offers "ls rm" volume ''
    offers "up config" compose ''
    offers "enter_mnt" source enter_m
    offers "life" source lif
    mkdir here
    touch here/a.yaml here/b.yaml
    tab minicontainer compose -f here/
    same_words "$offered" "here/a.yaml here/b.yaml" "files"
    offers "here" build -t x her
    offers "here" run --image her
    offers "here" run -v her
    offers "" run -w t # none of the words of its line in the help
    offers "here/a.yaml" run cat here/a
    offers "here/a.yaml" run -- cat here/a
    # After the command all words are its own; before it, and behind --host, they are ours.
    offers "" run cat --no-u
    offers "" run --no-pid -- --no-u
    offers "--no-uts --no-user" run --no-pid --hostname x --no-u
    offers "here" --host her
    offers "push pull ps print" --host ./s p
    offers "-a --porcelain --help" --host ./s ps -
}

# Names that Tab must offer, against those that the table of the C file has, in any order.
same_words() { assert "$(tr ' ' '\n' <<<"$1" | sort)" == "$(tr ' ' '\n' <<<"$2" | sort)" "$3"; }

# options_of LETTER: what the C file lets lab, exec, compare ROW take ("" all), as words.
options_of() {
    sed -n '/^} options\[\] = {/,/^};/p' "$MC_TREE/minicontainer.c" |
        sed -nE '/"\^\$" \},$/!s/^    \{ "([^"]+)", [A-Z]*, "([a-z]*)",.*/\2- \1/p' |
        sed -n "s/^[a-z]*$1[a-z]*- //p" | tr '\n' ' ' | sed 's/ $//'
}

@test "Tab offers every command, and for each the options that it takes, and no other" {
    local command rows word all
    with_completion
    mc isolations --porcelain
    rows=$(cut -f 2 <<<"$output" | sed 's/.*/--& --no-&/' | paste -sd ' ')
    tab minicontainer ''
    all=$offered
    same_words "$all" "$(sed -n '/^} commands\[\]/,/^};/p' "$MC_TREE/minicontainer.c" |
        grep -oE '"[a-z-]+", cmd_' | cut -d '"' -f 2 | paste -sd ' ') help --help --version" commands
    for command in run create compare print; do
        tab minicontainer "$command" -
        same_words "$offered" "$(options_of '') $rows --help" "$command"
    done
    tab minicontainer compare uts -
    same_words "$offered" "$(options_of c) --help" "compare uts"
    for command in lab exec; do
        tab minicontainer "$command" -
        same_words "$offered" "$(options_of "${command:0:1}") --help" "$command"
    done
    # Of all others: those in the brackets of their usage.
    for command in $all; do
        case $command in run | create | compare | print | lab | exec | *help | --*) continue ;; esac
        tab minicontainer "$command" -
        mc "$command" --help
        word=$(sed -n 1p <<<"$output" | sed 's/^Usage: minicontainer //; s/ (.*//; s/, /\n/g' |
            grep "^$command\b" | grep -oE -- '--?[a-z-]+' | paste -sd ' ') || true
        same_words "$offered" "${word:+$word }--help" "$command"
    done
}

@test "Tab in bash, at a terminal: a command, a row, an option, an image, a container, a volume" {
    requires tty userns overlay
    local typed shown
    with_completion
    echo x >file
    mkdir recipe
    printf 'FROM scratch\nCOPY file /\n' >Dockerfile
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data
    mkdir "$XDG_DATA_HOME"
    mc build -t paint .
    mc create --name boxer --image paint -v vault:/v /file
    SESSION_PATH=$local/bin:$PATH session_start
    session_prompt
    session_type "export XDG_DATA_HOME='$XDG_DATA_HOME'; bind 'set bell-style none'"
    session_prompt
    session_type ". '$local/share/bash-completion/completions/minicontainer'"
    session_prompt
    while IFS='|' read -r typed shown; do
        session_key "$typed"'\t'
        session_wait "$shown"
        # The line goes (^U), and an empty one is entered. (A ^C just after Tab may be heard only with
        # the next key.)
        session_key '\025\r'
        session_prompt
    done <<'TYPED'
minicontainer comm|minicontainer commit
minicontainer compare us|compare user
dest/usr/local/bin/minicontainer exec la|minicontainer exec lab
minicontainer run --no-sec|run --no-seccomp
minicontainer run --only uts,sec|--only uts,seccomp
minicontainer run --pid=h|run --pid=host
minicontainer run --image pai|--image paint:latest
minicontainer rmi pai|rmi paint:latest
minicontainer start bo|start boxer
minicontainer exec bo|exec boxer
minicontainer volume rm va|volume rm vault
minicontainer build -t x rec|build -t x recipe/
minicontainer compose -f Dock|compose -f Dockerfile
TYPED
    # Where several fit, a second Tab shows them.
    session_key 'minicontainer compare u\t\t'
    session_wait 'user +uts|uts +user'
    session_key '\025\r'
    session_prompt
    session_type exit
}

@test "Tab: bash-completion loads the file by itself, from where it was installed" {
    requires bash-completion
    installed
    call env XDG_DATA_DIRS="$local/share" bash --norc --noprofile -c '
        . /usr/share/bash-completion/bash_completion
        _completion_loader minicontainer
        complete -p minicontainer
        COMP_WORDS=(minicontainer compare u) COMP_CWORD=2
        _minicontainer minicontainer u compare
        echo "${COMPREPLY[*]}"'
    assert "$output" == $'complete -F _minicontainer minicontainer\nuts user'
}

# ---------------------------------------------------------------------------------------------
# make apparmor
# ---------------------------------------------------------------------------------------------

@test "make apparmor writes the profile of the page for this path, says what to do, and does nothing" {
    local program before
    clone
    before=$(tree .; tree /etc/apparmor.d 2>/dev/null)
    program=$(readlink -f minicontainer)
    call make apparmor
    assert "$(rm minicontainer.apparmor.old 2>/dev/null; cat minicontainer.apparmor)" has-line \
        "profile minicontainer $program flags=(unconfined) {"
    # With the path of the page it is the block of the page.
    sed "s|$program|/home/YOU/minicontainer/minicontainer|" minicontainer.apparmor >block
    assert "$(<lessons/README.md)" contains $'\n```\n'"$(<block)"$'\n```\n'
    assert "$(<block)" has-line "  userns,"
    assert "$output" contains "$(sed 's/^/  /' minicontainer.apparmor)"
    assert "$output" contains $'as root:\n  cp minicontainer.apparmor /etc/apparmor.d/minicontainer\n'
    assert "$output" contains "apparmor_parser -r /etc/apparmor.d/minicontainer"
    assert "$output" =~ 'This machine (asks|does not ask) for it'
    rm minicontainer.apparmor block
    assert "$(tree .; tree /etc/apparmor.d 2>/dev/null)" == "$before"
}

@test "make apparmor: the file behind a link, a path with blanks; a path that AppArmor would read otherwise" {
    clone
    mkdir "with blanks" 'x*y'
    cp "$MC" "with blanks/mini"
    cp "$MC" 'x*y/mini'
    ln -s "with blanks/mini" link
    call make apparmor PROGRAM=link
    assert "$(<minicontainer.apparmor)" contains "profile minicontainer \"$PWD/with blanks/mini\" flags"
    rm minicontainer.apparmor
    call -2 make apparmor PROGRAM='x*y/mini'
    assert "$stderr" contains "a character means something to AppArmor"
    call -2 make apparmor PROGRAM=nothing
    assert "$stderr" contains "nothing is no program"
    assert "$(ls)" no-line minicontainer.apparmor
}

@test "AppArmor's parser reads the profile, and finds the program's path in it" {
    requires apparmor_parser
    local parser program
    parser=$(PATH=$PATH:/usr/sbin type -P apparmor_parser)
    clone
    mkdir "with blanks"
    cp "$MC" "with blanks/mini"
    for program in minicontainer "with blanks/mini"; do
        call make apparmor PROGRAM="$program"
        # (An older parser knows no user namespaces, and asks for no rule.)
        if [ ! -e /etc/apparmor.d/abi/4.0 ]; then
            sed -i '/^abi/d; /^  userns,/d' minicontainer.apparmor
        fi
        call "$parser" -Q -K --names minicontainer.apparmor
        assert "$output" has-line minicontainer
        call "$parser" -Q -K -D rule-exprs minicontainer.apparmor
        assert "$output$stderr" contains "rule: $PWD/${program% blanks*}"
    done
    # Control
    echo '}' >>minicontainer.apparmor
    call -any "$parser" -Q -K --names minicontainer.apparmor
    assert "$status" -ne 0
}

# ---------------------------------------------------------------------------------------------
# The development container
# ---------------------------------------------------------------------------------------------

DEVCONTAINER=$BATS_TEST_DIRNAME/../.devcontainer/devcontainer.json

# told KEY: the words of a list, a line each; or the text
told() {
    sed '/^ *\/\//d' "$DEVCONTAINER" | python3 -c 'import json, sys
value = json.load(sys.stdin)[sys.argv[1]]
print("\n".join(value) if isinstance(value, list) else value)' "$1"
}

@test "devcontainer.json: JSON with comments; each key is one of its format, and has the sort that it wants" {
    requires python3
    sed '/^ *\/\//d' "$DEVCONTAINER" >plain.json
    # The format (containers.dev) allows comments, and no comma before a bracket that closes; of its
    # keys these are those that an image may have.
    call python3 -c 'import json
sorts = {str: "name image remoteUser containerUser workspaceFolder workspaceMount waitFor userEnvProbe"
         " shutdownAction", list: "runArgs mounts forwardPorts capAdd securityOpt",
         dict: "features customizations containerEnv remoteEnv hostRequirements portsAttributes",
         bool: "init privileged overrideCommand updateRemoteUserUID"}
sorts = {key: sort for sort, keys in sorts.items() for key in keys.split()}
commands = "initialize onCreate updateContent postCreate postStart postAttach".split()
def once(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)
for key, value in json.load(open("plain.json"), object_pairs_hook=once).items():
    if key in [name + "Command" for name in commands]:
        assert isinstance(value, (str, list)), key
    else:
        assert type(value) is sorts[key], key
    if isinstance(value, list):
        assert all(isinstance(word, str) and word for word in value), key
    print(key)'
    assert "$output" has-line image
    assert "$output" has-line runArgs
    # VS Code opens the folder as this user, whom the image has.
    assert "$(told remoteUser)" == vscode
    assert "$(told image)" =~ '^mcr\.microsoft\.com/devcontainers/base:(debian|ubuntu)-?[0-9.]+$'
    # The store is where the program looks for it, on a file system of its own.
    assert "$(told mounts)" contains ",target=/var/lib/minicontainer,type=volume"
    assert "$(told onCreateCommand)" contains "ln -sfn /var/lib/minicontainer ~/.local/share/minicontainer"
}

@test "devcontainer.json: the options are those of the page, the packages all that lessons and tests need" {
    requires python3
    local words name
    words=$(told runArgs | paste -sd ' ')
    assert "$(<"$TOP/lessons/README.md")" contains "\`docker run $words\`"
    words=" $(told onCreateCommand | sed 's/.*install -y //; s/ &&.*//') "
    for name in $(sed -n 's/^<!-- needs: //p' "$TOP"/lessons/*/README.md | grep -oE '\([^)]*\)' | tr -d '()') \
        $(sed -n 's/^sudo .*install -y \([^&]*\) &&.*/\1/p' "$TOP/README.md"); do
        assert "$words" contains " $name "
    done
    assert "$(told postCreateCommand)" starts "make && sudo make install"
}

# in_podman OPTION...: a container of podman, as it comes, with these options; in it stand the programs
# of this machine and ours; a user of it starts one of ours. All of podman's is in memory, in namespaces
# of its own, and goes with them; the machine's cgroups are out of sight.
in_podman() {
    local flags=(--mount --pid --fork --kill-child --mount-proc)
    if [ "$who" = as_user ] || [ "$(id -u)" != 0 ]; then flags+=(--user --map-root-user --map-auto); fi
    $who call -any unshare "${flags[@]}" sh "$BATS_TEST_TMPDIR/apart" "$@"
}

@test "devcontainer.json: podman runs a container with its options, and in it ours works; without them not" {
    requires podman crun userns subuid python3
    local who all=()
    cat >apart <<'END'
set -eu
rootfs=$PWD/rootfs
for dir in /run /dev/shm /var/tmp /var/cache /var/lib/containers /etc/cni /sys/fs/cgroup; do
    if [ -d "$dir" ]; then mount -t tmpfs none "$dir"; fi
done
export HOME=/run/home XDG_RUNTIME_DIR=/run/home
mkdir -p "$HOME/etc"
if [ -d /etc/containers ]; then
    cp -R /etc/containers/*.json /etc/containers/*.conf* "$HOME/etc" || :
    mount --bind "$HOME/etc" /etc/containers
fi
cd /
exec podman --runtime crun --root /run/images --runroot /run/run --storage-driver vfs --tmpdir /run/tmp \
    --cgroup-manager cgroupfs --events-backend none run -q --rm --cgroups disabled --network none \
    --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 -v /usr:/usr:ro -v "${MC%/*}:/mc:ro" --user 1000 \
    "$@" --rootfs "$rootfs" /mc/minicontainer lab minicontainer run hostname
END
    mapfile -t all < <(told runArgs)
    # (Two words each.) Without that for seccomp, without that for /proc; AppArmor is not everywhere.
    assert "${all[*]}" == "--security-opt seccomp=unconfined --security-opt apparmor=unconfined \
--security-opt systempaths=unconfined"
    for who in $(people); do
        $who sh <<'END'
mkdir rootfs
cd rootfs
mkdir usr tmp proc sys dev etc run root mc
ln -s usr/bin usr/sbin usr/lib usr/lib64 .
printf 'root:x:0:0::/root:/bin/sh\nvscode:x:1000:1000::/tmp:/bin/sh\n' >etc/passwd
chmod 1777 tmp
END
        in_podman "${all[@]}"
        assert "$status $output" == "0 box" "$who"
        in_podman "${all[@]:2}"
        assert "$status" == 125 "$who"
        assert "$stderr" contains "a seccomp filter"
        in_podman "${all[@]:0:4}"
        assert "$status" == 125 "$who"
        assert "$stderr" contains "mask parts of /proc"
        mv rootfs "rootfs-$who"
    done
}
