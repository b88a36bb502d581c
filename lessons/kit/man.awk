# lessons/kit/man.awk -- the man page, made of what the program says of itself.
#
#   { ./minicontainer isolations --porcelain; cat minicontainer.c; } |
#       awk -v date=2026-01-31 -v lessons=/usr/local/share/minicontainer/lessons -f lessons/kit/man.awk
#
# Each fact stands once, in minicontainer.c: the purpose in its first lines; synopsis, commands,
# options and the exit status in the blocks of the help; what a value must look like in options[];
# what else there is to read in the banners ("Read"). Here are only headings.

NR == 1 { FS = "\t" }
!source && /^[0-9][0-9]\t/ { isolation[++n_isolations] = $0; next }
/^\/\* minicontainer -- / { source = 1; name = substr($0, 21); next }

# ---- the head of the file: what it is, examples, what it promises

source && !head_ended && /^ \*\// { head_ended = 1; next }
source && !head_ended {
    line = substr($0, 4)
    if (line == "") { heads++; next }
    head[heads] = head[heads] (head[heads] == "" ? "" : "\n") line
    next
}

# ---- options[]: what a value must look like

/^} options\[\] = \{/ { table = 1 }
/^};/ { table = 0 }
table && (/^    \{ "/ || row != "") {
    row = row " " $0
    if (row ~ /\},$/) {
        one_value(row)
        row = ""
    }
}

# ---- banners: what else there is to read

/^ \* Read +/ || (reading && /^ \*           /) { read_pages($0); reading = 1; next }
{ reading = 0 }

# ---- the help

/^ \* --------/ { blocks++; block[blocks] = substr($0, 13); next }
blocks && block[blocks] != "" && !/^ \*/ { blocks++ }
blocks && block[blocks] != "" { text[blocks, ++lines[blocks]] = substr($0, 4) }

END {
    if (!n_isolations || !n_values || !blocks || head[1] == "") {
        print "lessons/kit/man.awk: the tables of minicontainer.c are not found" >"/dev/stderr"
        exit 1
    }
    for (i = 1; i <= blocks; i++) if (block[i] == "--version") version = text[i, 1]
    print ".\\\" Made by lessons/kit/man.awk from minicontainer.c: change it there."
    printf ".TH MINICONTAINER 1 \"%s\" \"%s\" \"User Commands\"\n", date, version
    print ".ad l\n.nh\n.nr HY 0"
    section("NAME")
    print "minicontainer \\- " escaped(name)
    section("SYNOPSIS")
    for (i = 1; i <= blocks; i++) if (text[i, 1] ~ /^Usage: / && block[i] !~ /^help/) {
        if (synopsis++) print ".br"
        line = substr(text[i, 1], 22)
        sub(/ +\(.*/, "", line) # a remark
        print ".B minicontainer\n" plain(line)
    }
    section("DESCRIPTION")
    paragraph(head[1])
    examples(head[2])
    n = split(head_with("What it promises: "), part, /Build: /)
    sub(/^What it promises: /, "", part[1])
    print ".PP"
    paragraph(capital(part[1]))
    print ".PP\nA number in brackets is a chapter of the program, and a lesson:"
    print ".B minicontainer source 14\nshows the chapter."
    section("COMMANDS")
    for (i = 1; i <= blocks; i++) if (text[i, 1] ~ /^Usage: /) command(i)
    section("VALUES OF OPTIONS")
    print "What a value must look like, of options of\n.BR run ."
    for (i = 1; i <= n_values; i++) entry(value_of[i], value_says[i])
    section("ISOLATIONS")
    for (i = 1; i <= n_isolations; i++) row_of_table(isolation[i])
    section("EXIT STATUS")
    paragraph(capital(status) ".")
    section("SEE ALSO")
    print escaped(lessons "/README.md") ",\nthe lessons."
    print ".PP"
    for (s = 1; s <= 8; s++) {
        n = split(pages[s], part, " ")
        for (i = 1; i <= n; i++) all[++n_all] = part[i] " (" s ")"
    }
    for (i = 1; i <= n_all; i++) print ".BR " all[i] (i < n_all ? "," : "")
}

function section(title) { print ".SH " (title ~ / / ? "\"" title "\"" : title) }

function escaped(s) {
    gsub(/\\/, "\\e", s)
    gsub(/-/, "\\-", s)
    gsub(/\^/, "\\(ha", s)
    gsub(/~/, "\\(ti", s)
    gsub(/`/, "\\(ga", s)
    gsub(/'/, "\\(aq", s)
    return s
}

# A line of text: none of it is a request.
function plain(s) {
    s = escaped(s)
    return s ~ /^[.']/ ? "\\&" s : s
}

function paragraph(s,    n, line, i) {
    n = split(s, line, "\n")
    for (i = 1; i <= n; i++) if (line[i] != "") print plain(line[i])
}

function capital(s) { return toupper(substr(s, 1, 1)) substr(s, 2) }

function entry(tag, s) {
    print ".TP\n.B " escaped(tag)
    print plain(s)
}

function examples(s,    n, line, i) {
    n = split(s, line, "\n")
    print ".PP\n.EX"
    for (i = 1; i <= n; i++) print plain(line[i])
    print ".EE"
}

function head_with(words,    i) {
    for (i = 1; i <= heads; i++) if (index(head[i], words) == 1) return head[i]
}

# A block of the help: usage, examples, then options (a tag, and words behind it) and sentences.
function command(b,    i, line, in_examples, in_words) {
    line = block[b]
    sub(/ --help -h$/, "", line)
    print ".SS " escaped(line)
    print plain(text[b, 1])
    for (i = 2; i <= lines[b]; i++) {
        line = text[b, i]
        if (line ~ /^  minicontainer /) {
            if (!in_examples) print ".PP\n.EX"
            in_examples = 1
            print plain(line)
            continue
        }
        if (in_examples) print ".EE"
        in_examples = 0
        if (line ~ /^Status: /) {
            status = substr(line, 9)
            sub(/\.$/, "", status)
        } else if (line ~ /^  [^ ]/) {
            option_line(line)
            in_words = 0
        } else if (line != "") {
            if (!in_words) print ".PP"
            in_words = 1
            print plain(line)
        }
    }
    if (in_examples) print ".EE"
}

# Its words begin behind two blanks; of the lines with options often in column 34, behind one.
function option_line(line,    at) {
    at = match(substr(line, 3), /  +/) ? RSTART + 1 : 0
    if (substr(line, 33, 1) == " " && substr(line, 34, 1) != " " && line ~ /^  -/) at = 32
    if (!at) at = index(line, ": ")
    if (!at) {
        print ".PP\n" plain(substr(line, 3))
        return
    }
    tag = substr(line, 3, at - 2)
    sub(line ~ /^  -/ ? "[: ]+$" : " (\\[.*)?$", "", tag)
    line = substr(line, at + 1)
    sub(/^[: ]+/, "", line)
    # The list of commands: what they take is in the synopsis.
    if (line ~ /^\[|  /) sub(/^(.*  |.*\] )/, "", line)
    entry(tag, line)
}

function row_of_table(line,    f) {
    split(line, f, "\t")
    entry(f[2], f[6] ". Made by: " f[4] "; needs: " f[3] "; Docker: " f[5] "; lesson " f[1] ".")
}

# A row of options[]: words, row, also, wants; without a fourth string it takes no value.
function one_value(line,    part) {
    if (line ~ /"\^\$" \},/) return # what Docker has and we have not
    split(line, part, "\"")
    if (part[5] !~ /^, $/) return
    gsub(/ /, ", ", part[2])
    value_of[++n_values] = part[2]
    value_says[n_values] = part[6]
}

# "uts_namespaces(7), sethostname(2)": by sections, in the order of the file, each once.
function read_pages(s,    page, number) {
    while (match(s, /[a-z_0-9-]+\([1-8]\)/)) {
        page = substr(s, RSTART, RLENGTH - 3)
        number = substr(s, RSTART + RLENGTH - 2, 1)
        if (!((page, number) in seen)) pages[number] = pages[number] " " escaped(page)
        seen[page, number] = 1
        s = substr(s, RSTART + RLENGTH)
    }
}
