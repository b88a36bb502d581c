# lessons/kit/tables.awk -- the words of the command line, for completion.bash: read from minicontainer.c,
# where each stands once (the help, commands[], options[], isolations[], capabilities[]).
#
#   awk -f lessons/kit/tables.awk minicontainer.c
#
# Prints a table of bash. Its keys:
#   commands, rows, caps, chapters, functions    lists
#   options COMMAND                              what it takes; "compare ROW": with a row
#   value OPTION, value COMMAND OPTION           what stands behind it: LIST, "./DIR | NAME" ...
#   operands COMMAND                             one word a place; alternatives by |

# ---- the help: blocks between hyphens

/^ \* --------/ {
    names = substr($0, 13)
    n_names = split(names, name_of, " ")
    next
}
n_names && !/^ \*/ { n_names = 0 }
n_names && names !~ /^help/ && /^ \* Usage: / { usage(substr($0, 25)); next }
# What is said of one command below the usage that several have.
n_names && /^ \* [a-z]+ \[OPTION\]/ {
    sub(/ takes .*/, "")
    operands[$2] = ""
    one_usage(substr($0, 4))
}
n_names && names == "run" && /^ \*   -/ { metavars(substr($0, 4)) }

# ---- the tables

/^} commands\[\] = \{/ { table = "commands" }
/^} options\[\] = \{/ { table = "options" }
/^} isolations\[ROWS\] = \{/ { table = "isolations" }
/^static const struct capability .*\{$/ { table = "capabilities" }
/^};/ { table = "" }
table == "commands" {
    while (match($0, /\{ "[^"]*", cmd_/)) {
        add("commands", substr($0, RSTART + 3, RLENGTH - 10))
        $0 = substr($0, RSTART + RLENGTH)
    }
}
table == "isolations" && /^    \[/ { add("rows", string(1)) }
table == "capabilities" {
    while (match($0, /\{ "[^"]*"/)) {
        add("caps", substr($0, RSTART + 3, RLENGTH - 4))
        $0 = substr($0, RSTART + RLENGTH)
    }
}
table == "options" && (/^    \{ "/ || row != "") {
    row = row " " $0
    if (row ~ /\},$/) {
        one_option(row)
        row = ""
    }
}

# ---- chapters and functions, which `source` shows

/^ \* [0-9]+\. [A-Z]/ && $2 > 1 { add("chapters", tolower($3)) }
/^(static|int) .*\(/ && !/[;=]/ {
    sub(/\(.*/, "")
    sub(/.*[ *]/, "")
    if (/^[a-z_0-9]+$/ && !/^__/) add("functions", $0)
}

END {
    if (!n_rows || lists["commands"] == "" || lists["rows"] == "" || operands["exec"] == "") {
        print "lessons/kit/tables.awk: the tables of minicontainer.c are not found" >"/dev/stderr"
        exit 1
    }
    n = split(lists["commands"], command, " ")
    for (i = 1; i <= n; i++) if (command[i] in takes_options) {
        letter = command[i] ~ /^(lab|exec)$/ ? substr(command[i], 1, 1) : ""
        table_options(command[i], letter)
        if (command[i] == "compare") table_options("compare ROW", "c")
    }
    print "declare -gA _minicontainer_table=("
    for (key in lists) print "    [" key "]='" lists[key] "'"
    for (key in options) print "    [options " key "]='" options[key] "'"
    for (key in operands) print "    [operands " key "]='" operands[key] "'"
    for (key in value) print "    [value " key "]='" value[key] "'"
    print ")"
}

function add(key, word) { lists[key] = lists[key] (lists[key] == "" ? "" : " ") word }

# The Nth string of the line.
function string(n,    part) {
    split($0, part, "\"")
    return part[2 * n]
}

# A row of options[]: words, row, also, wants (a string, or it takes no value).
function one_option(text,    part) {
    if (text ~ /"\^\$" \},/) return # what Docker has and we have not
    split(text, part, "\"")
    if (part[2] == "") return
    n_rows++
    words_of[n_rows] = part[2]
    also_of[n_rows] = part[4]
    wants_of[n_rows] = part[5] ~ /^, $/ ? part[6] : ""
    known[part[2]] # (of those with two words nobody asks)
}

# What COMMAND takes of options[] (LETTER in `also`; without one all), and the isolations.
function table_options(command, letter,    i, j, n, word, rows) {
    for (i = 1; i <= n_rows; i++) {
        if (letter != "" && index(also_of[i], letter) == 0) continue
        n = split(words_of[i], word, " ")
        for (j = 1; j <= n; j++) {
            options[command] = options[command] " " word[j]
            if (wants_of[i] != "") value[word[j]] = meta_of(word[1], wants_of[i])
        }
    }
    if (letter != "") return
    n = split(lists["rows"], rows, " ")
    for (i = 1; i <= n; i++) options[command] = options[command] " --" rows[i] " --no-" rows[i]
}

# What the help writes behind OPTION; for a WORD those that its refusal names.
function meta_of(option, wants,    n, i, word, found) {
    if (meta[option] != "WORD") return meta[option] == "" ? "?" : meta[option]
    n = split(wants, word, /[ ,]+/)
    for (i = 1; i <= n; i++) if (word[i] ~ /[=-]/) found = found " " word[i]
    return found == "" ? "WORD" : substr(found, 2)
}

# The options of a line of the help of run, with what stands behind each: up to its words, which
# begin in column 34, or behind two blanks.
function metavars(line,    i, n, item, now) {
    if (substr(line, 33, 1) == " " && substr(line, 34, 1) != " ") line = substr(line, 1, 32)
    sub(/^ */, "", line)
    sub(/(  |: ).*/, "", line)
    n = split(line, item, /[;,] */)
    for (i = 1; i <= n; i++) {
        if (item[i] !~ /^-/) {
            meta[now] = meta[now] " " item[i]
            continue
        }
        now = item[i]
        sub(/ .*/, "", now)
        meta[now] = substr(item[i], length(now) + 2)
        sub(/ +$/, "", meta[now])
    }
}

# A usage, and perhaps a remark in round brackets: one part for each command. Operands that stand at
# its end belong to all without any, but not to those that list all there is (--porcelain).
function usage(text,    n, i, piece, last, bare) {
    sub(/ +\(.*/, "", text)
    n = split(text, piece, ", ")
    for (i = 1; i <= n; i++) last = one_usage(piece[i])
    for (i = 1; i < n; i++) {
        bare = piece[i]
        sub(/ .*/, "", bare)
        if (operands[bare] == "" && options[bare] !~ /--porcelain/) operands[bare] = last
    }
}

# "stop [-t SECONDS]": options[stop], value[stop -t], operands[stop]. Returns the operands.
function one_usage(text,    command, n, i, word, rest, found) {
    command = text
    sub(/ .*/, "", command)
    sub(/^[^ ]* ?/, "", text)
    if (text ~ /\[OPTION\]/) takes_options[command] = 1
    gsub(/\[OPTION\]\.\.\.|\[ARG\]|\[--\]/, "", text)
    gsub(/ \| /, "|", text)
    n = split(text, word, /[][ ]+/)
    for (i = 1; i <= n; i++) {
        if ((command in takes_options) && (word[i] in known)) {
            i++ # --image NAME: one of [OPTION]
        } else if (word[i] ~ /^--?[a-z]/) {
            options[command] = options[command] " " word[i]
            # Within the same brackets, or without any: what it wants.
            if (index(text, word[i] " ") && word[i + 1] ~ /^[A-Z]+$/) {
                value[command " " word[i]] = word[i + 1]
                i++
            }
        } else if (word[i] ~ /[A-Za-z]/) {
            found = word[i]
            sub(/\.\.\.$/, "", found)
            rest = rest (rest == "" ? "" : " ") found
        }
    }
    if (operands[command] != "" && rest != "") rest = merged(operands[command], rest)
    operands[command] = rest
    return rest
}

# `volume ls, volume rm NAME`: "ls|rm NAME"
function merged(one, two,    first) {
    first = two
    sub(/ .*/, "", first)
    return one "|" first substr(two, length(first) + 1)
}
