# 23-compose.bats -- chapter 23: several containers by one file.
#
# `config` prints what each service is as a line of run: there the file is proved, word by word.
# `up` is proved with the image ./img, which holds nothing but busybox.

load helpers
load session

setup() {
    mc_setup
    # The marks of our processes: nothing with it may be alive at the end.
    mark=mark$BASHPID$RANDOM
}

teardown() {
    local pid
    session_end
    for pid in $(alive); do kill -9 "$pid" 2>/dev/null || true; done
}

# ---------------------------------------------------------------------------------------------
# The file
# ---------------------------------------------------------------------------------------------

# a LINE...: compose.yaml with one service, a, whose image is x; the first LINE is number 4.
a() { printf '%s\n' services: '  a:' '    image: x' "$@" >compose.yaml; }

# says WORDS...: the one service of compose.yaml is `run` with these words.
says() {
    mc compose config
    assert "$output" == "minicontainer run --hostname a $*"
    assert "$stderr" == ""
}

# refused NUMBER WORDS: compose.yaml is refused at this line, with these words.
refused() {
    mc -125 compose config
    assert "${stderr_lines[0]}" starts "minicontainer: compose.yaml:$1: "
    assert "$stderr" contains "$2"
    assert "$output" == ""
}

NET="--network Default"

# A line of the file, and its words of run.
keys() {
    cat <<'END'
hostname: shop|--hostname shop
working_dir: /srv|--workdir /srv
mem_limit: 64m|--memory 64m
mem_limit: 67108864|--memory 67108864
cpus: 0.5|--cpus 0.5
cpus: "1.10"|--cpus 1.10
pids_limit: 20|--pids-limit 20
read_only: true|--read-only
init: true|--init
init: false|--no-init
environment: [A=1, B=two words]|--env A=1 --env 'B=two words'
volumes: [ ./d:/d:ro, ./e:/e ]|--volume ./d:/d:ro --volume ./e:/e
ports: [ "8080:80", "127.0.0.1:81:81" ]|--publish 8080:80 --publish 127.0.0.1:81:81
cap_add: [NET_ADMIN]|--cap-add NET_ADMIN
cap_drop: [CHOWN,KILL]|--cap-drop CHOWN --cap-drop KILL
END
}

@test "each key becomes an option of run" {
    local line words
    mkdir d e
    while IFS='|' read -r line words; do
        a "    $line"
        says "--image x $words $NET --"
    done < <(keys)
    a '    read_only: false'
    says "--image x $NET --"
    a '    expose: ["80"]'
    says "--image x $NET --"
}

# The same for the command.
commands() {
    cat <<'END'
command: sleep 10|-- sleep 10
command: sh -c 'echo  a; echo b'|-- sh -c 'echo  a; echo b'
command: 'sh -c "echo  a"'|-- sh -c 'echo  a'
command: "a''b 'c'd  e"|-- ab cd e
command: [sh, -c, "echo  a"]|-- sh -c 'echo  a'
command: [ echo, 'a b', "c, d" , e ]|-- echo 'a b' 'c, d' e
command: [ echo, "" ]|-- echo ''
entrypoint: /bin/sh|--entrypoint /bin/sh --
entrypoint: [sh, -c]|--entrypoint sh -- -c
END
}

@test "the command: a line is split as a shell does it, a list is taken as it is" {
    local line words
    while IFS='|' read -r line words; do
        a "    $line"
        says "--image x $NET $words"
    done < <(commands)
    a '    command: [c, d]' '    entrypoint: [a, b]'
    says "--image x $NET --entrypoint a -- b c d"
    # A directory has no entrypoint of its own.
    mkdir -p x/etc
    : >x/etc/hosts
    printf '%s\n' services: '  a:' '    image: ./x' '    command: [c, d]' '    entrypoint: a b' >compose.yaml
    says "--image ./x $NET -- a b c d"
}

shop() {
    cat >compose.yaml <<'END'
# The shop.

version: "3.8"
services: # three
  web: # the door
    image: web   # a comment
    environment:
      A: 1
      B_2: "two  words"
      C: 'it is'
    volumes:
      # and here
      - ./data:/data:ro
      -   keep:/keep
    ports:
      - "8080:80"

    networks: [front, back]
    depends_on:
      - app
      - db
    command:
      - sh
      - -c
      - "echo # no comment"
  db:
    image: ./db
    networks:
      - back
  app:
    depends_on: [db]
    image: app
    networks: [back]
networks:
  front:
  back:
volumes:
  keep:
END
}

@test "lists as lines, environment as names, and the words of all of them in the file's order" {
    shop
    mkdir -p data db/etc
    : >db/etc/hosts
    mc compose config
    assert "$output" == "minicontainer run --hostname db --image ./db --network back --
minicontainer run --hostname app --image app --network back --
minicontainer run --hostname web --image web --env A=1 --env 'B_2=two  words' --env 'C=it is' \
--volume ./data:/data:ro --volume keep:/keep --publish 8080:80 --network front --network back -- \
sh -c 'echo # no comment'"
}

@test "a shell reads the printed line back as the words of the file" {
    a '    environment: ["A=it'"'"'s $$HOME; *", "B=\"", C= ]' # (refused: a \ in quotes)
    refused 4 'no escapes'
    a '    environment: ["A=it'"'"'s $$HOME; *", '"'"'B="x"'"'"', C= ]' \
        '    command: [ "", "y  z", "!#&|<>(){}", a~b, "`x`", "~" ]'
    mc compose config
    eval "words=($output)"
    assert "$(printf '%s\n' "${words[@]:6}")" == "--env
A=it's \$HOME; *
--env
B=\"x\"
--env
C=
--network
Default
--

y  z
!#&|<>(){}
a~b
\`x\`
~"
}

# All that we take: each line of keys() and commands() is a service, and some are more than a line.
everything() {
    local line words n=0
    echo services:
    while IFS='|' read -r line words; do
        printf '  s%d:\n    image: x\n    %s\n' "$((++n))" "$line"
    done < <(keys && commands)
    cat <<'END'
  both: # (a comment)
    image: ./db
    entrypoint: [a, "b  c"]
    command: d 'e  f' # and
    environment: # more
      - "A=it's $$HOME; *"
      - 'B="x"'
      - C=
    read_only: false
    depends_on: [s1, s2]
END
}

# others WHAT: docker-compose and podman-compose read in compose.yaml what we do, see compose.py.
others() {
    local py=$BATS_TEST_DIRNAME/compose.py config is
    mc compose config
    config=$output
    call python3 "$py" ours <<<"$config"
    is=$output
    assert "$(grep -c '"service"' <<<"$is")" == "$(grep -c ^minicontainer <<<"$config")"
    call docker-compose config
    call python3 "$py" docker <<<"$output"
    assert "$output" == "$is" "docker-compose: $1"
    # No podman is asked, but what it would be asked is noted. (--dry-run makes networks and volumes.)
    : >tools/asked
    PYTHONPATH=$PWD/tools call podman-compose --podman-path "$PWD/tools/podman" -p shop up --no-start
    is=$(NO_PIDS=1 python3 "$py" ours <<<"$config")
    output=$(NO_PIDS=1 python3 "$py" podman <tools/asked)
    assert "$output" == "$is" "podman-compose: $1"
}

@test "docker-compose and podman-compose read in every file that we take what we read" {
    requires docker-compose podman-compose python3
    mkdir -p d e data db/etc tools
    : >db/etc/hosts
    cat >tools/podman <<'END'
#!/bin/sh
printf '%s\0' "$@" "$(printf '\036')" >>"${0%/*}/asked"
echo "podman version 4"
END
    # (It would wait for a second after each service.)
    echo 'import time; time.sleep = lambda seconds: None' >tools/sitecustomize.py
    chmod 0755 tools/podman
    everything >compose.yaml
    others everything
    assert "$(wc -l <<<"$output")" -ge 25 "services"
    shop
    others "the shop"
    assert "$(grep -o '"service": "[a-z]*"' <<<"$output" | cut -d '"' -f 4 | sort | paste -sd ' ')" == "app db web"
    rmdir data # (of the lesson it is a volume)
    sed -n '/cat >compose.yaml/,/^> E$/s/^> //p' "$MC_TREE/lessons/23-compose/README.md" |
        grep -v '^E$' >compose.yaml
    others "the lesson's"
    assert "$output" contains '[["127.0.0.1", "8080", "80"]]'
    # Control: what we would read otherwise is seen.
    sed -i 's/8080:80/8081:80/' compose.yaml
    call docker-compose config
    assert "$(python3 "$BATS_TEST_DIRNAME/compose.py" docker <<<"$output")" contains '"8081", "80"'
}

@test "-f: another file; its paths begin where it is" {
    mkdir -p sub/img
    mkdir sub/img/etc
    : >sub/img/etc/hosts
    printf '%s\n' services: '  a:' '    image: ./img' >sub/other.yaml
    mc compose -f sub/other.yaml config
    assert "$output" == "minicontainer run --hostname a --image ./img $NET --"
    mc compose -f "$PWD/sub/other.yaml" config
    mc -125 compose config
    assert "${stderr_lines[0]}" == "minicontainer: compose.yaml: No such file or directory"
    assert "$stderr" contains "compose -f FILE"
    mkdir compose.yaml
    mc -125 compose config
    assert "${stderr_lines[0]}" starts "minicontainer: "
    : >empty.yaml
    mc -125 compose -f empty.yaml config
    assert "$stderr" contains "something is missing"
}

@test "other words after compose are answered by its usage" {
    local words
    a
    for words in "" "down" "up x" "config x" "up config" "-f" "-f compose.yaml" "--file compose.yaml up"; do
        # shellcheck disable=SC2086  # words
        mc -125 compose $words
        assert "$stderr" contains "usage:" "$words"
        assert "$output" == ""
    done
}

@test "a service comes after those that it depends on; a circle is refused" {
    printf '  %s:\n    image: x\n    depends_on: [%s]\n' a 'd, c' b a c d >compose.yaml
    { echo services: && cat compose.yaml && printf '  d:\n    image: x\n'; } >c && mv c compose.yaml
    mc compose config
    assert "$(cut -d ' ' -f 4 <<<"$output" | paste -sd ' ')" == "d c a b"
    printf '  %s:\n    image: x\n    depends_on: [%s]\n' a b b c c a >compose.yaml
    { echo services: && cat compose.yaml; } >c && mv c compose.yaml
    refused 10 "a circle"
    a '    depends_on: [a]'
    refused 4 "a circle"
}

@test "names that are not there are refused at their line" {
    a '    depends_on: [b]'
    refused 4 "there is no b among the services"
    a '    networks:' '      - back'
    refused 5 "there is no back among the networks"
    a '    volumes: [keep:/keep]' 'networks:' '  keep:'
    refused 4 "there is no keep among the volumes"
    printf '%s\n' services: '  a:' '    command: x' >compose.yaml
    refused 2 "no image"
}

@test "a typo in a key is refused, with the file, the line and the keys that there are" {
    a '    comand: x'
    refused 4 "there is no key comand here"
    assert "$stderr" contains " command"
    assert "$stderr" contains " environment"
    a '    build: .'
    refused 4 "minicontainer build"
    printf '%s\n' service: '  a:' '    image: x' >compose.yaml
    refused 1 "services, networks or volumes"
    a 'secrets:' '  x:'
    refused 4 "services, networks or volumes"
}

@test "what run refuses, is refused at the line of the file" {
    local line
    for line in 'mem_limit: 5x' 'cpus: 0' 'pids_limit: many' 'ports: ["80"]' 'ports: ["0:80"]' \
        'ports: ["99999:80"]' 'cap_add: [NOTHING]' 'volumes: [/x]' 'volumes: ["/a:b"]' \
        'environment: ["=x"]' 'volumes: [./nothing:/x]' 'hostname: "-x y"' 'networks: [all]'; do
        a "    $line"
        if [[ $line == networks* ]]; then printf 'networks:\n  all:\n' >>compose.yaml; fi
        mc -125 compose config
        assert "${stderr_lines[0]}" starts "minicontainer: compose.yaml:" "$line"
        assert "$output" == ""
    done
}

@test "nothing is given twice: a key, a service, a section, a name, a value" {
    a '    image: y'
    refused 4 "image twice"
    a '  a:' '    image: x'
    refused 4 "a: that is there already"
    a 'services:' '  b:' '    image: x'
    refused 4 "services: that is there already"
    a '    environment:' '      A: 1' '      A: 2'
    refused 6 twice
    a '    environment: [A=1, A=2]'
    refused 4 twice
    a '    ports: ["80:80", "80:80"]'
    refused 4 twice
    a '    networks: [m, m]' 'networks:' '  m:'
    refused 4 twice
    a 'networks:' '  m:' '  m:'
    refused 6 "that is there already"
    a 'networks:' '  default:'
    refused 5 "that is there already"
    a '    command: [x, x]' # words may be
    says "--image x $NET -- x x"
}

@test "a plain word that some reader takes for something else wants quotes; with them it is a text" {
    local word
    for word in no No NO yes on off y n Y true False null Null '~' 010 0o10 0x1F 0b1 1_000 1e3 1.10 \
        -1 +1 .5 1. .inf -.inf .nan 22:22 1:30:00 2024-01-02 '2024-01-02 10:00:00' 12e03 '<<' '=' \
        1.5.0 5 0.5 1:2; do
        a "    hostname: x" "    command: [$word]"
        refused 5 "quotes"
        a "    working_dir: $word"
        refused 4 "quotes"
        a "    command: [\"$word\", '$word']"
        if [[ $word == [~=\<]* ]] || [[ $word == *' '* ]]; then
            mc compose config
            eval "set -- $output"
            assert "${*: -2:1}" == "$word"
            assert "${*: -1}" == "$word"
        else
            says "--image x $NET -- $word $word"
        fi
    done
    a '    environment:' '      no: x'
    refused 5 "NAME"
    printf '%s\n' services: '  no:' '    image: x' >compose.yaml
    refused 2 "NAME"
    for word in no 1.10 1.0 0.0 01; do # a number may stand here, if all write it alike
        a '    environment:' "      A: $word"
        refused 5 quotes
        a "    mem_limit: $word"
        refused 4 quotes
    done
    a '    read_only: yes'
    refused 4 "true or false"
    a '    read_only: "true"'
    refused 4 "true or false"
}

@test "YAML's other kinds are refused: anchors, tags, blocks, { }, ---, and the rest" {
    local word
    for word in '&x y' '*x' '!!str y' '!y' '|' '>' '|-' '{}' '{a: b}' '@x' '`x`' '? x' '%x' '-' '- x' \
        ', x' ']' '}' '[a' '[a]' '#'; do
        a "    working_dir: $word"
        mc -125 compose config
        assert "${stderr_lines[0]}" starts "minicontainer: compose.yaml:4: " "$word"
    done
    for word in '[a, [b]]' '[a, {b: c}]' '[&x a]' '[*x]' '[a b: c]' '[a, ]' '[]' '[,]' '[a,,b]' '[a' '[a] b' \
        '[a]]' '[a: b]' '["a": b]' '["a" b]' '[a#b' '[- a]' '[? a]' '["a"' "['a]" '[a]#'; do
        a "    command: $word"
        mc -125 compose config
        assert "${stderr_lines[0]}" starts "minicontainer: compose.yaml:4: " "$word"
    done
    for word in '---' '...' '%YAML 1.2' '- a' '? services' '"services":' '<<: x' '{}' '&x services:' \
        '!!map' 'services :'; do
        { echo "$word" && printf '%s\n' services: '  a:' '    image: x'; } >compose.yaml
        refused 1 ""
    done
    for word in '---' '...' '--- x' 'x'; do
        a "$word"
        refused 4 ""
    done
    a '    command: |' '      sleep 10'
    refused 4 ""
    a '    command: >' '      sleep 10'
    refused 4 ""
    a '    command: sleep' '      10' # goes on below
    refused 5 ""
    a '    command: "sleep' '      10"'
    refused 4 "ends on its line"
}

@test "quotes: no escapes, nothing behind them; the other quote and a # may stand in them" {
    local line words
    while IFS='|' read -r line words; do
        a "    working_dir: $line"
        says "--image x --workdir $words $NET --"
    done <<'END'
"/a b"|'/a b'
'/a "b"'|'/a "b"'
"/a # b" # c|'/a # b'
'/a\b'|'/a\b'
/a#b|'/a#b'
/a 'b' "c"|'/a '\''b'\'' "c"'
/a:b|/a:b
/a, b|'/a, b'
"/a: b"|'/a: b'
END
    while read -r line; do
        a "    working_dir: $line"
        refused 4 ""
    done <<'END'
"/a\n"
"/a\"b"
'/a''b'
"/a" b
"/a"#b
"/a
'/a
/a: b
/a:
"a": b
END
}

@test "no variable is replaced: a \$ is refused, \$\$ is one" {
    local word
    for word in '$A' '${A}' 'a$' '$$$' '$$$A' '"$A"' "'\$A'"; do
        a "    command: [$word]"
        refused 4 'a $ is written $$'
    done
    a '    command: [$$A, "$$", $$$$, a$$b]'
    says "--image x $NET -- '\$A' '\$' '\$\$' 'a\$b'"
    a '    environment:' '      A: $HOME'
    refused 5 'a $ is written $$'
}

@test "a tab, a carriage return, a BOM, a zero byte, U+2028 and other line ends are refused" {
    local bytes
    for bytes in '\t' 'a\tb' 'a\t' '\r' 'a\r' 'a\033b' 'a\177' 'a\xc2\x85b' 'a\xe2\x80\xa8b' \
        'a\xe2\x80\xa9b' 'a\xef\xbb\xbfb' '"a\tb"' 'a # \t' 'a\vb' 'a\fb'; do
        a "$(printf '%b' "    command: $bytes")"
        refused 4 "control character"
    done
    a
    sed -i 's/$/\r/' compose.yaml
    refused 1 "carriage return"
    a && { printf '\xef\xbb\xbf' && cat compose.yaml; } >c && mv c compose.yaml
    refused 1 ""
    a && iconv -t UTF-16 compose.yaml >c && mv c compose.yaml
    mc -125 compose config
    a '    command: x' && printf '\0' >>compose.yaml
    mc -125 compose config
    assert "$stderr" contains "a zero byte"
    printf '\0' >compose.yaml
    mc -125 compose config
    a && printf '    command: a\0b\n' >>compose.yaml
    mc -125 compose config
    # A letter is none of these.
    a '    command: [grüße, 日本]'
    says "--image x $NET -- 'grüße' '日本'"
}

@test "bytes that are no UTF-8 are refused; every letter of it is not" {
    local bytes
    for bytes in '\xff' '\xc3' '\xc0\xaf' '\xc3(' '\xe4\xb8' '\xe0\x9f\xbf' '\xed\xa0\x80' \
        '\xf0\x8f\xbf\xbf' '\xf4\x90\x80\x80' '\xf5\x80\x80\x80'; do
        a "    command: [echo, a$(printf '%b' "$bytes")z]"
        refused 4 "bytes that are no UTF-8"
        a "    # a$(printf '%b' "$bytes")z"
        refused 4 "bytes that are no UTF-8"
    done
    bytes=$(printf '\xc3\xa9\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf0\x9f\x90\xb3\xf4\x8f\xbf\xbf')
    a "    command: [$bytes]"
    says "--image x $NET -- '$bytes'"
}

@test "what comes from a file for Docker, and is not had here, is refused with what to write" {
    a && sed -i '1i name: shop' compose.yaml
    refused 1 "name: here is services, networks or volumes"
    a '    build: .'
    refused 4 "type \`minicontainer build -t NAME DIR\` before, and here image: NAME"
    a '    depends_on:' '      b:' '        condition: service_healthy'
    refused 5 "one text each"
    printf 'services:\n  a:\n    image: docker.io/library/x\n' >compose.yaml
    refused 2 "is a directory, for its slash"
    a 'networks:' '  front: {}'
    refused 5 "front: nothing stands behind its : here"
    a && sed -i 's/^  /\t/' compose.yaml
    refused 2 "a tab (type blanks)"
    local words
    for words in "up -d" down; do
        # shellcheck disable=SC2086  # words
        mc -125 compose $words
        assert "$stderr" contains "(no -d: &, no down: ^C)"
    done
}

@test "exactly two blanks for each level, and nothing that is empty" {
    local text
    for text in 'services:\n a:\n  image: x' 'services:\n   a:\n      image: x' 'services:\n    a:\n      image: x' \
        'services:\n  a:\n   image: x' 'services:\n  a:\n      image: x' ' services:\n  a:\n    image: x' \
        'services:\n  a:\n    image: x\n    command:\n    - x' 'services:\n  a:\n    image: x\n    command:\n        - x' \
        'services:\n  a:\n    image: x\n     hostname: x' 'services:\n  a:\n    image: x\n      hostname: x' \
        'services:\n  a:\n  b:\n    image: x' 'services:\n  a:' 'services:' 'services:\n  a: x' 'services: x' \
        'services:\n  a: {}' 'services:\n  a:\n    image:' 'services:\n  a:\n    image: x\n    command:' \
        'services:\n  a:\n    image: x\n    command:\n    hostname: x' 'services:\nnetworks:\n  x:' \
        'services:\n  a:\n    image: x\nnetworks:' 'networks:\n  x:' 'services:\n  a:\n    image: ""' \
        'services:\n  a:\n    image: x\n    environment:\n      A:' 'services:\n  a:\n    image: x\nnetworks:\n  n:\n    driver: bridge'; do
        printf '%b\n' "$text" >compose.yaml
        mc -125 compose config
        assert "${stderr_lines[0]}" starts "minicontainer: compose.yaml:" "$text"
    done
    a '    command:' '      - x' '      A: z'
    refused 6 "lines that begin with"
    a '    environment:' '      A: z' '      - B=x'
    refused 6 ""
    a '    environment: A=1'
    refused 4 "wants a list"
    a '    ports: "80:80"'
    refused 4 "wants a list"
    # The last line may lack its end.
    printf 'services:\n  a:\n    image: x' >compose.yaml
    says "--image x $NET --"
}

@test "10,000 lines, 33 services, long lines: an answer with a line, no crash" {
    local i
    a '    command:'
    seq -f '      - w%.0f' 0 9899 >>compose.yaml
    mc compose config
    assert "$output" ends " w9899"
    seq -f '      - w%.0f' 9900 11999 >>compose.yaml
    mc -125 compose config
    assert "${stderr_lines[0]}" contains "compose.yaml:100"
    assert "$stderr" contains "room"
    a
    seq -f '# %.0f' 0 9999 >>compose.yaml
    echo "    comand: x" >>compose.yaml
    refused 10004 comand
    echo services: >compose.yaml
    for ((i = 1; i <= 32; i++)); do printf '  s%d:\n    image: x\n' "$i"; done >>compose.yaml
    mc compose config
    assert "${#lines[@]}" == 32
    printf '  s33:\n    image: x\n' >>compose.yaml
    refused 66 "more services"
    a "    command: $(printf '%200000s' '' | tr ' ' x)"
    mc -any compose config
    assert "$status" =~ '^(0|125)$'
    a 'networks:' "$(for ((i = 1; i <= 300; i++)); do echo "  n$i:"; done)"
    mc -125 compose config
    assert "$stderr" contains "compose.yaml:"
    printf "%1000s" '' | tr ' ' '[' >compose.yaml
    refused 1 ""
}

@test "what would be no line of a shell is refused by config" {
    a "    command: [$(printf 'a\xc2\x9bb')]"
    mc -any compose config
    assert "$output" lacks $'\xc2\x9b'
    assert "$stderr" lacks $'\xc2\x9b'
}

# ---------------------------------------------------------------------------------------------
# Up
# ---------------------------------------------------------------------------------------------

# ./img: busybox under the names that the tests use.
make_image() {
    local name
    requires userns bridge busybox
    [ ! -d img ] || return 0
    mkdir -p img/bin img/etc img/dev img/proc img/sys img/tmp img/www
    cp "$(command -v busybox)" img/bin/busybox
    for name in sh echo cat sleep ping wget httpd nc printf head yes id env ls grep; do
        ln -s busybox "img/bin/$name"
    done
    echo hello >img/www/index.html
    : >img/etc/hosts
}

# service NAME [KEY: VALUE]...: one more service of ./$mark.yaml. The mark is in the command lines of
# compose and of its children, too, by the file's name.
service() {
    local name=$1
    shift
    make_image
    [ -e "$mark.yaml" ] || echo services: >"$mark.yaml"
    printf '  %s:\n    image: ./img\n' "$name" >>"$mark.yaml"
    if [ "$#" -gt 0 ]; then printf '    %s\n' "$@" >>"$mark.yaml"; fi
}

# sh TEXT: the key command, for a shell of the service. No ' in TEXT; $ is written $$.
sh() { printf "command: [sh, -c, '%s', %s]" "$1" "$mark"; }

# up WHO: compose in the background. $up is its number; what it says is in ./out and ./err.
up() {
    rm -f out err # said() must not see what was said before
    touch out err
    (
        remember_session
        if [ "$1" = self ]; then exec setsid "$MC" compose -f "$mark.yaml" up; fi
        as_user exec_up
    ) >out 2>err 3>&- 4>&- &
    up=$!
}
exec_up() { exec setsid "${MC_AS[@]}" "$MC" compose -f "$mark.yaml" up; }

said() { wait_for "grep -q -- '$1' out" || { cat out err; return 1; }; }

# ended STATUS: the one in the background has ended, with this status, and nothing of it lives.
ended() {
    local rc=0
    wait_for "! kill -0 $up 2>/dev/null" || { cat out err; return 1; }
    wait "$up" || rc=$?
    cat out err
    assert "$rc" =~ "^($1)\$"
    gone
}

gone() { wait_for '[ -z "$(alive)" ]' || { ps -ww -o pid,args -p "$(alive | paste -sd ,)"; return 1; }; }

# What lives of it: who has the mark, who descends from $up, and who did when this was asked before (in
# the file, with the time of its start). One awk for all processes: this is asked often.
alive() {
    {
        # shellcheck disable=SC2062  # these are files
        grep -Flas --file=- /proc/[0-9]*/cmdline <<<"$mark" | cut -d / -f 3
        echo
        cat /proc/[0-9]*/stat 2>/dev/null
    } | awk -v up="${up-}" -v before=.mc/alive '
        BEGIN { while ((getline line <before) > 0) known[line] }
        !NF { stats = 1; next }
        !stats { marked[$1]; next }
        {
            pid = $1
            sub(/^.*\) /, "")
            if ($1 ~ /[ZX]/) next
            parent[pid] = $2
            start[pid] = $20
        }
        END {
            for (pid in start) {
                ours = pid in marked
                for (p = pid; !ours && p in start; p = parent[p]) ours = p == up
                key = pid " " start[pid]
                if (ours && !(key in known)) print key >>before
                if (ours || key in known) print pid
            }
        }'
}

# links, addresses, routes, forwarding, listeners of this machine
machine() {
    ip -o link 2>/dev/null | cut -d : -f 2
    ip -o addr 2>/dev/null | awk '{ print $2, $4 }'
    ip route 2>/dev/null
    cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding
}

# A port of this machine that nobody listens at, in $port.
free_port() {
    port=$((20000 + RANDOM % 10000))
    while listens "$port"; do port=$((port + 1)); done
}

listens() { grep -q "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp; }

files() { find . -path ./.mc -prune -o ! -name out ! -name err -printf '%p %M %u %s\n' | sort; }

@test "services find each other by their names; those of separate networks do not" {
    local who before
    service web 'networks: [front, back]' "$(sh 'cat /etc/hosts; ping -c 1 -W 9 db; ping -c 1 -W 9 other
        ')" 'depends_on: [db, other]'
    sed -i -z "s/\n        ', $mark/ 2>\&1', $mark/" "$mark.yaml"
    service db 'networks: [back]' "$(sh 'sleep 1000')"
    service other 'networks: [front]' "$(sh 'ping -c 1 -W 2 db 2>&1; ping -c 1 -W 2 172.18.0.2 2>&1; echo over; sleep 1000')"
    printf 'networks:\n  front:\n  back:\n' >>"$mark.yaml"
    before=$(machine)
    for who in $(people); do
        up "$who"
        said '^web ended: status 0'
        said '^other .*| over'
        assert "$(machine)" == "$before" "$who: nothing is on the machine"
        kill -INT "$up"
        ended 130
        assert "$(<out)" has-line "web         | 172.18.0.2 db"
        assert "$(<out)" has-line "web         | 172.19.0.3 other"
        assert "$(<out)" =~ "web  *\| 172.1[89].0.4 web"
        assert "$(grep -c '^web .*1 packets received' out)" == 2 "$who"
        assert "$(grep '^other' out)" contains "bad address 'db'"
        assert "$(grep '^other' out)" contains "nreachable"
        assert "$(grep '^other' out)" lacks "1 packets received"
        assert "$(machine)" == "$before" "$who"
    done
}

@test "a service that has ended: who calls its port is refused" {
    local who port
    free_port
    service a "$(sh 'sleep 1')" "ports: ['$port:80']"
    service b "$(sh 'sleep 1000')"
    for who in $(people); do
        up "$who"
        said '^a ended: status 0'
        wait_for "! listens $port"
        kill -INT "$up"
        ended 130
    done
}

@test "control characters of every sort are refused, wherever they stand" {
    local bad
    for bad in $'\x9b31m' $'\xc2\x9b31m' $'\x1b[31m' $'\x7f'; do
        printf 'services:\n  a:\n    image: x\n    command: [echo, "%08300d%s"]\n' 0 "$bad" >bad.yaml
        mc -125 compose -f bad.yaml config
        assert "$stderr" contains "bad.yaml:4:"
    done
}

@test "who names no network is in one with the others, and none of them sees the machine's" {
    local who
    service a "$(sh 'ls /sys/class/net 2>/dev/null; wget -q -O - http://b/; grep -c : /proc/net/dev')" 'depends_on: [b]'
    service b "$(sh 'httpd -f -p 80 -h /www')"
    for who in $(people); do
        up "$who"
        # Docker's meaning of depends_on: b runs, and may not answer yet.
        said '^a ended: status'
        kill -INT "$up"
        ended 130
        assert "$(<out)" =~ 'a  *\| (hello|wget: can.t connect)'
        assert "$(<out)" =~ 'a  *\| 2'
    done
}

@test "ports: the machine reaches the service; a port that is taken is refused before anything runs" {
    local who port
    free_port
    service web "ports: [\"$port:80\"]" "$(sh 'echo up; httpd -f -p 80 -h /www')"
    for who in $(people); do
        up "$who"
        said '| up'
        wait_for "bash -c 'exec 5<>/dev/tcp/127.0.0.1/$port; printf \"GET / HTTP/1.0\r\n\r\n\" >&5; grep -q hello <&5' 2>/dev/null"
        $who call -125 timeout 60 "$MC" compose -f "$mark.yaml" up
        assert "$stderr" contains "$port"
        assert "$stderr" starts "minicontainer: $mark.yaml:4: "
        assert "$output" == ""
        kill -INT "$up"
        ended 130
        if listens "$port"; then fail "a listener is left"; fi
    done
    service other "ports: [\"$port:81\"]" "$(sh 'echo up')"
    for who in $(people); do
        $who mc -125 compose -f "$mark.yaml" up
        assert "$stderr" starts "minicontainer: $mark.yaml:8: "
        assert "$output" == ""
    done
}

@test "each line has its service's name before it: long ones, the last without an end, both streams" {
    local who
    service a "$(sh 'echo one; echo two >&2; echo; printf three')"
    service longest-name "$(sh 'yes | head -c 18000 | while read -r y; do echo -n $$y; done; echo; echo behind')"
    service zero "$(sh 'printf "x\\0y\\nz\\n"')"
    for who in $(people); do
        $who mc compose -f "$mark.yaml" up
        assert "$(grep '^a ' <<<"$output")" == "a           | one
a           | two
a           | 
a           | three
a ended: status 0"
        assert "$output" has-line "longest-name| behind"
        assert "$(sed -n 's/^longest-name| \(y*\)$/\1/p' <<<"$output" | tr -d '\n' | wc -c)" == 9000
        assert "$(awk '{ print length }' <<<"$output" | sort -n | tail -n 1)" -le 4110
        assert "$output" has-line "zero        | z"
        assert "$output" has-line "zero        | xy" "a zero byte (which bash leaves out) ends no line"
        assert "$output" has-line "zero ended: status 0"
        gone
    done
}

@test "how each ended is said; up itself ends well when all have ended" {
    local who
    service a "$(sh 'exit 0')"
    service b "$(sh 'exit 3')"
    service c "$(sh 'kill -9 $$$$')"
    service d 'command: [sh, -c, "id -u; head -c 1 | cat -v; echo $$HOSTNAME; env"]' 'environment: [A=b]' 'hostname: shop'
    for who in $(people); do
        $who mc compose -f "$mark.yaml" up
        assert "$output" has-line "a ended: status 0"
        assert "$output" has-line "b ended: status 3"
        assert "$output" has-line "c ended: status 137"
        assert "$output" has-line "d           | 0"
        assert "$output" has-line "d           | A=b"
        gone
    done
}

@test "INT: TERM to the last first, 130; TERM: 143" {
    local who sig
    service a "$(sh 'trap "echo end a; exit" TERM; echo up; while :; do sleep 0.1; done')"
    service b 'depends_on: [a]' "$(sh 'trap "echo end b; exit" TERM; echo up; while :; do sleep 0.1; done')"
    service c 'depends_on: [b]' "$(sh 'trap "echo end c; exit" TERM; echo up; while :; do sleep 0.1; done')"
    for who in $(people); do
        for sig in INT:130 TERM:143; do
            up "$who"
            said '^a .*| up'
            said '^b .*| up'
            said '^c .*| up'
            kill "-${sig%:*}" "$up"
            ended "${sig#*:}"
            assert "$(sed -n 's/.*| end //p' out | paste -sd ' ')" == "c b a"
            assert "$(sed -n 's/ ended.*//p' out | paste -sd ' ')" == "c b a"
        done
    done
}

@test "^C at a terminal, and a second one for a service that does not listen" {
    requires tty
    local who
    service a "$(sh 'trap "echo not yet" TERM; echo up; while :; do sleep 0.1; done')"
    service b "$(sh 'trap "echo end b; exit" TERM; echo up; while :; do sleep 0.1; done')"
    for who in $(people); do
        prompt='$ '
        $who session_start
        session_prompt
        session_type "minicontainer compose -f $mark.yaml up; echo status \$?"
        session_wait 'a  *\| up'
        session_wait 'b  *\| up'
        session_key '\003'
        session_wait 'b  *\| end b'
        session_wait 'a  *\| not yet'
        session_key '\003'
        session_wait 'status 130'
        gone
        session_end
    done
}

@test "a service that ignores TERM is killed after ten seconds; a second signal ends all at once" {
    local who begin
    service a "$(sh 'trap "" TERM; echo up; while :; do sleep 0.1; done')"
    for who in $(people); do
        up "$who"
        said '| up'
        begin=$SECONDS
        kill -TERM "$up"
        sleep 0.2
        # (On a machine that is stopped for so long, the ten seconds are over.)
        kill -INT "$up" 2>/dev/null || assert "$((SECONDS - begin))" -ge 9
        if [ "$((SECONDS - begin))" -lt 9 ]; then ended 130; else ended '130|143'; fi
    done
    up self
    said '| up'
    begin=$SECONDS
    kill -INT "$up"
    ended 130
    assert "$((SECONDS - begin))" -ge 9
    assert "$(<out)" has-line "a ended: status 137"
}

@test "a service that cannot start: those that run are ended, the others do not begin, 125" {
    local who
    service a "$(sh 'trap "echo end a; exit" TERM; echo up; while :; do sleep 0.1; done')"
    service b 'depends_on: [a]' "command: [/nothing, $mark]"
    service c 'depends_on: [b]' "$(sh 'echo c is up')"
    for who in $(people); do
        up "$who"
        ended 125
        assert "$(<out)" =~ 'b  *\| minicontainer: /nothing: '
        assert "$(<out)" has-line "b ended: status 127"
        assert "$(<out)" lacks "c is up"
        assert "$(<out)" =~ 'a ended: status (0|143)'
    done
    sed -i 's,img,nothing,' "$mark.yaml"
    $who mc -125 compose -f "$mark.yaml" up
    assert "$stderr" starts "minicontainer: $mark.yaml:2: "
    assert "$stderr" contains nothing
}

@test "its reader goes: all end; stdout is closed: nobody hears it" {
    local who
    service a "$(sh 'while echo x; do sleep 0.01; done')"
    for who in $(people); do
        $who call -any timeout 60 bash -c '"$0" compose -f "$1" up | head -n 3; exit "${PIPESTATUS[0]}"' \
            "$MC" "$mark.yaml"
        assert "$output" has-line "a           | x"
        assert "$status" != 124
        gone
    done
    sed -i 's/while echo/for i in 1 2 3; do echo/; s/do sleep/sleep/' "$mark.yaml"
    for who in $(people); do # closed from the beginning: as with run, nobody hears it
        $who call timeout 60 bash -c 'exec "$0" compose -f "$1" up >&-' "$MC" "$mark.yaml"
        assert "$output$stderr" == ""
        gone
    done
}

@test "kill -9 of any of its processes, at many moments: nothing lives, the machine is as before" {
    local who port before files pid n pids
    free_port
    service a 'networks: [front]' "ports: [\"$port:80\"]" 'volumes: [./img/www:/www]' "$(sh 'sleep 1000; :')"
    service b 'networks: [front, back]' "$(sh 'sleep 1000; :')" 'depends_on: [a]'
    service c "$(sh 'sleep 1000; :')" 'depends_on: [b]'
    printf 'networks:\n  front:\n  back:\n' >>"$mark.yaml"
    for who in $(people); do
        up "$who" && wait_for '[ "$(alive | wc -l)" -ge 8 ]' && kill -INT "$up" && ended 130
        before=$(machine) files=$(files)
        for ((n = 0; n < ${MC_KILLS:-8}; n++)); do
            up "$who"
            # The moment: when so many of them are there; who: any of those.
            wait_for "[ \$(alive | wc -l) -ge $((1 + RANDOM % 9)) ]" 20 || true
            mapfile -t pids < <(alive)
            pid=${pids[RANDOM % ${#pids[@]}]:-$up}
            if [ "$((n % 3))" = 0 ]; then pid=$up; fi
            kill -9 "$pid" 2>/dev/null || true
            # Who loses one service goes on: then it is told to end.
            if [ "$pid" != "$up" ]; then
                kill -INT "$up" 2>/dev/null || true
                sleep 0.05
                kill -INT "$up" 2>/dev/null || true
            fi
            wait_for "! kill -0 $up 2>/dev/null" || { ps -ww -o pid,ppid,stat,args; return 1; }
            wait "$up" || true
            gone
            wait_for "! listens $port"
        done
        assert "$(machine)" == "$before" "$who"
        assert "$(files)" == "$files" "$who"
    done
}

@test "in a lab, too" {
    local who
    service a "$(sh 'ping -c 1 -W 9 b')" 'depends_on: [b]'
    service b "$(sh 'sleep 1000')" 'init: true'
    tar cf shop.tar img "$mark.yaml"
    for who in $(people); do
        $who mc lab bash -c "tar xf -
            minicontainer compose -f $mark.yaml up >said 2>&1 & p=\$!
            until grep -q '^a ended' said; do kill -0 \$p || break; sleep 0.05; done; ip -br link
            kill \$p; wait \$p; echo \"status \$?\"; cat said" <shop.tar
        assert "$output" has-line "status 143"
        assert "$output" has-line "a ended: status 0"
        assert "$output" lacks Default
        gone
    done
}

@test "an image of the store: its names resolve; entrypoint and command; a named volume is kept" {
    requires overlay
    local who
    for who in $(people); do
        export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$who
        $who mkdir -p "$XDG_DATA_HOME"
        rm -f "$mark.yaml"
        make_image
        printf 'FROM scratch\nCOPY . /\nENV PATH=/bin\nENTRYPOINT ["echo", "the entry"]\nCMD ["the cmd"]\n' >img/Dockerfile
        $who mc build -t box img
        service a
        service b 'command: [other]'
        service c 'entrypoint: [echo, mine]'
        service d 'entrypoint: sh -c' 'command: ["cat /etc/hosts; echo $$0 > /keep/it; ls /keep", x]' 'volumes: [keep:/keep]'
        printf 'volumes:\n  keep:\n' >>"$mark.yaml"
        sed -i 's,\./img,box,' "$mark.yaml"
        $who mc compose -f "$mark.yaml" up
        assert "$output" has-line "a           | the entry the cmd" "$who"
        assert "$output" has-line "b           | the entry other"
        assert "$output" has-line "c           | mine"
        assert "$output" has-line "d           | it"
        assert "$output" has-line "d           | 172.18.0.3 b"
        $who mc run --image box -v keep:/keep --entrypoint /bin/cat -- /keep/it
        assert "$output" == x
        $who mc run --image box --entrypoint echo -- x
        assert "$output" == x
        $who mc run --image box --entrypoint id
        assert "$output" contains uid=0
        $who mc -125 run --image ./img --entrypoint id
        assert "$stderr" contains "--entrypoint wants --image NAME"
        $who mc -125 run --entrypoint id
        assert "$stderr" contains "--entrypoint wants --image NAME"
        $who mc -125 run --image box --entrypoint
        assert "$stderr" contains "--entrypoint"
        gone
    done
}

@test "a reader that does not read holds nothing up for ever: a second signal ends all" {
    local who line rc
    service a "$(sh 'yes')"
    mkfifo pipe
    for who in $(people); do
        exec 7<>pipe
        (
            remember_session
            if [ "$who" = self ]; then exec setsid "$MC" compose -f "$mark.yaml" up; fi
            as_user exec_up
        ) >&7 2>err 3>&- 4>&- 7>&- &
        up=$!
        read -r line <&7
        assert "$line" == "a           | y"
        sleep 0.5 # it only has to fill the pipe: less of it proves less
        kill -INT "$up"
        sleep 0.5
        kill -INT "$up"
        wait_for "! kill -0 $up 2>/dev/null" 30 || kill -9 "$up"
        rc=0
        wait "$up" || rc=$?
        exec 7>&-
        gone
        assert "$rc" == 130 "$who"
    done
}
