#!/usr/bin/env bats
# What somebody tries who knows Docker's words and sees this for the first time: an image of a small
# web server from nothing, by a recipe of four lines; look at it, change it, carry it to another store,
# remove all. As root and as an ordinary user, in the shell of the machine and in a lab.

load helpers
load session

setup() {
    mc_setup
    requires busybox userns overlay
    if [ "$(busybox --list | grep -cxE 'httpd|wget')" != 2 ]; then
        skip "this busybox has no httpd, or no wget"
    fi
    write_tour
}

teardown() {
    local who dir
    session_end
    for who in $(people); do
        for dir in "$BATS_TEST_TMPDIR/$who"/data/*/minicontainer/containers/*/; do
            [ -d "$dir" ] || continue
            XDG_DATA_HOME=${dir%/minicontainer/*} $who "$MC" rm -f "$(basename "$dir")" 2>/dev/null || true
        done
    done
}

# The file tour: what is typed, for sh, in an empty directory. What it prints is in the_tour.
write_tour() {
    cat >tour <<'T'
exec 2>&1
page() { # CONTAINER: its page, as soon as it serves it
    until minicontainer exec "$1" /www/busybox wget -q -O page http://127.0.0.1:8080/ >wget.out 2>&1; do
        minicontainer ps | grep -q "^$1 " || { minicontainer logs "$1"; exit 1; }
        sleep 0.1
    done
    minicontainer exec "$1" /www/busybox cat page
    minicontainer exec "$1" /www/busybox rm page
}
is_empty() { # DIR: a store in which nothing is left
    (cd "$1/minicontainer" && find . -mindepth 2 ! -path ./blobs/sha256)
    cat "$1/minicontainer/index.json" | tr -d ' \n'
    echo
}
export XDG_DATA_HOME=$PWD/data/laptop
mkdir -p site data
cp "$(command -v busybox)" site
echo '<h1>hello</h1>' >site/index.html
cat >site/Dockerfile <<'D'
FROM scratch
COPY busybox index.html /www/
WORKDIR /www
CMD ["/www/busybox", "httpd", "-f", "-p", "8080"]
D
minicontainer build -t web site | tail -n 1
minicontainer images
minicontainer history web
echo "== run"
minicontainer run -d --name shop --image web
minicontainer ps | cut -c 1-57
minicontainer logs shop
page shop
echo "== change"
minicontainer exec shop /www/busybox sh -c 'echo "<h1>sale</h1>" >/www/index.html'
page shop
minicontainer diff shop
minicontainer commit shop web:2
minicontainer rmi web; echo "rmi: $?"
minicontainer rm shop; echo "rm: $?"
minicontainer stop shop
minicontainer ps -a | cut -c 1-57
echo "== move"
minicontainer push web:2 stick | tail -n 1
XDG_DATA_HOME=$PWD/data/server
minicontainer pull web:2 stick | tail -n 1
minicontainer run -d --name there --image web:2
page there
minicontainer stop there
minicontainer start there
page there
echo "== remove"
minicontainer rm -f there
minicontainer rmi web:2
is_empty data/server
XDG_DATA_HOME=$PWD/data/laptop
minicontainer run --image web -- /www/busybox cat index.html
minicontainer rm shop
minicontainer rmi web
minicontainer rmi web:2
is_empty data/laptop
minicontainer ps -a; minicontainer images; minicontainer volume ls
T
    chmod 0644 tour
}

# the_tour: $output is what the tour prints. Left out is what minicontainer says to a person, in words
# that may change: notes, refusals with what to try, and the steps of build.
the_tour() {
    local said
    said=$(sed -E '/^(minicontainer:|step |  try: )/d; s/sha256:[0-9a-f]{64}/DIGEST/; s/[0-9a-f]{12}/ID/
        s/ [0-9.]+MB/ SIZE/; s/ +/ /g; s/ $//' <<<"$output")
    assert "$said" == 'DIGEST
IMAGE DIGEST SIZE
web:latest ID SIZE
LAYER SIZE CREATED BY
- 0B CMD ["/www/busybox", "httpd", "-f", "-p", "8080"]
- 0B WORKDIR /www
ID SIZE COPY busybox index.html /www/
== run
shop
NAME IMAGE STATUS
shop web:latest running
<h1>hello</h1>
== change
<h1>sale</h1>
C /www
C /www/index.html
DIGEST
rmi: 125
rm: 125
NAME IMAGE STATUS
shop web:latest exited (143)
== move
web:2 is DIGEST
web:2 is DIGEST
there
<h1>sale</h1>
there
<h1>sale</h1>
== remove
{"schemaVersion":2,"manifests":[]}
<h1>hello</h1>
{"schemaVersion":2,"manifests":[]}
NAME IMAGE STATUS COMMAND
IMAGE DIGEST SIZE'
}

@test "a newcomer's first image, in the shell of the machine" {
    local who before
    for who in $(people); do
        mkdir -m 0777 "$who"
        cd "$who" || return 1
        before=$(fingerprint | sed '/^\[working directory\]/,$d')
        $who call sh <../tour
        the_tour
        assert "$(fingerprint | sed '/^\[working directory\]/,$d')" == "$before"
        # And that is all: the owner removes it as any directory.
        $who rm -rf data site stick
        assert "$(ls)" == wget.out
        cd ..
    done
    no_process_left
}

# type_line LINE: at the prompt; what it answers is $output.
type_line() {
    session_type "$1"
    session_prompt
}

@test "a newcomer's first image, typed at a terminal: it looks as said, and the prompt comes back" {
    requires tty
    local who shop=shop$BASHPID
    for who in $(people); do
        mkdir -m 0777 "$who"
        $who session_start
        session_prompt
        type_line "cd $PWD/$who; export XDG_DATA_HOME=\$PWD/data/laptop"
        type_line 'mkdir site; cp $(type -P busybox) site; cd site'
        type_line 'printf "FROM scratch\nCOPY busybox /bin/\n" >Dockerfile'
        type_line 'echo CMD [\"busybox\", \"httpd\", \"-f\"] >>Dockerfile; cd ..'
        type_line 'echo "ENV PATH=/bin" >>site/Dockerfile; minicontainer build -t web site'
        assert "$output" contains 'step 4 of 4: ENV PATH=/bin'
        # It begins at once, and who looks with -it has a shell in there.
        type_line "minicontainer run -d --name $shop --image web"
        assert "$output" == "$shop"
        session_type "minicontainer exec -it $shop busybox sh"
        session_wait '# $'
        session_type 'busybox ps | busybox grep -c "[h]ttpd"; exit'
        session_prompt
        assert "$output" has-line 1
        session_type "minicontainer logs -f $shop"
        # (Typed earlier, ^C would be the shell's.)
        wait_for 'ps -eo comm=,args= | grep -q "^minicontainer .* logs -f $shop$"'
        session_key '\003'
        session_prompt
        type_line 'minicontainer ps | grep -c running'
        assert "$output" == 1
        type_line "minicontainer stop $shop; minicontainer rm $shop; minicontainer rmi web; minicontainer ps -a"
        assert "$output" =~ ^NAME\ [^$'\n']*$
        session_end
        assert "$(cd "$who/data/laptop/minicontainer" &&
            find blobs/sha256 layers containers cache -mindepth 1)" == ""
    done
    no_process_left
}

@test "a newcomer's first image, in a lab" {
    local who before
    for who in $(people); do
        before=$(fingerprint)
        $who mc lab sh -c "$(<tour)"
        the_tour
        assert "$(fingerprint)" == "$before"
    done
}
