# style.awk -- measures a C file against the budgets of the project.
#
#   LC_ALL=C awk -f tests/style.awk minicontainer.c
#
# prints one complaint a line, "KIND<tab>LINE<tab>what is wrong", and the facts, "fact<tab>NAME<tab>
# VALUE". How it counts: a line with code on it is code, whatever comment follows; a line of a string
# is code; a comment line has nothing but comment on it. A function is as long as the lines from
# its name to its closing brace. Lines of macros are code, but no functions.

# The most lines of code that parts one and two may have, and all three.
BEGIN { CODE = 2510; ALL = 5200 }
function complain(kind, line, text) { print kind "\t" line "\t" text }
function fact(name, value) { print "fact\t" name "\t" value }

# Splits the line into code (strings emptied, characters replaced) and "was there a comment".
function strip(line,    i, c, two, out) {
    out = ""; commented = 0
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1); two = substr(line, i, 2)
        if (in_comment) {
            commented = 1
            if (two == "*/") { in_comment = 0; i++ }
        } else if (two == "/*") { in_comment = 1; commented = 1; i++ }
        else if (two == "//") { commented = 1; break }
        else if (c == "\"" || c == "'") {
            # An empty string stands for it; a backslash hides the next character.
            for (i++; i <= length(line) && substr(line, i, 1) != c; i++)
                if (substr(line, i, 1) == "\\") i++
            out = out "\"\""
        } else out = out c
    }
    return out
}

function push(what) { stack[++top] = what; if (what != "init") { nest++; deepest_now() } }
function pop() { if (stack[top--] != "init") nest-- }
function deepest_now() { if (nest > deepest) { deepest = nest; deepest_line = NR } }
# A statement has ended, and with it the if, for, while around it that have no braces.
function statement_end() { while (top > 0 && stack[top] == "single") pop() }

function begin_function(    text) {
    text = head; sub(/[ \t]*\([^{]*$/, "", text); sub(/^.*[^A-Za-z0-9_]/, "", text)
    name = text; start = head_line; inside = 1; top = nest = deepest = 0; parens = 0; last = "{"
}

function end_function(    n) {
    n = NR - start + 1
    functions++
    if (n > longest) { longest = n; longest_name = name }
    if (name == "main") { main_lines = n; if (n > 15) complain("main", start, "main has " n " lines (15)") }
    if (n > 50) complain("function", start, name "() has " n " lines (50)")
    if (deepest > 3) complain("nesting", deepest_line, name "() nests " deepest " deep (3)")
    if (deepest > nesting) nesting = deepest
    inside = 0; head = ""
}

# One token of code.
function token(t) {
    if (!inside) {
        if (t == "{") {
            # Code begins after ")": everything else in braces out here is data or a type.
            if (depth == 0 && head ~ /\)[ \t]*$/ && head !~ /=/) begin_function()
            else depth++
        } else if (t == "}") { depth--; if (depth == 0) head = "" }
        else if (t == ";" && depth == 0) head = ""
        else if (depth == 0) { if (head == "") head_line = NR; head = head " " t }
        return
    }
    if (t == "(") parens++
    else if (t == ")") { parens--; if (parens == 0 && condition) { condition = 0; last = "head"; return } }
    else if (t ~ /^(if|for|while|switch)$/) {
        if (!(t == "if" && last == "else")) push("single")
        condition = (parens == 0)
    } else if (t == "else" || t == "do") push("single")
    else if (t == "{") {
        if (top > 0 && stack[top] == "single" && (last == "head" || last == "else" || last == "do"))
            stack[top] = "block"
        else if (parens == 0 && last ~ /^([;{}:]|label)$/) push("block")
        else { push("init"); saved[top] = parens; parens = 0 }
    } else if (t == "}") {
        if (top == 0) { end_function(); return }
        if (stack[top] == "init") { parens = saved[top]; pop() }
        else { pop(); statement_end() }
    } else if (t == ";" && parens == 0) statement_end()
    last = t
}

function tokens(code,    t) {
    while (match(code, /[A-Za-z_0-9]+|""|[^ \t]/)) {
        t = substr(code, RSTART, RLENGTH)
        code = substr(code, RSTART + RLENGTH)
        token(t)
    }
}

function chapter_end(    wanted) {
    if (!chapter) return
    wanted = " Problem Kernel Parent Child Order See-it Not-this Read"
    if (fields != wanted)
        complain("banner", chapter_line, "chapter " chapter " has" fields ", must be" wanted)
    chapter = 0
}

{
    whole = $0
    wide = whole; gsub(/[\200-\277]/, "", wide)             # UTF-8: count characters
    code = strip(whole)
    blank = (whole ~ /^[ \t]*$/)
    has_code = (code !~ /^[ \t]*$/)

    if (whole ~ /\t/) complain("width", NR, "a tab")
    if (whole ~ /[ \t]$/) complain("width", NR, "blanks at the end of the line")
    limit = (!inside && depth > 0 && code ~ /[{,]/) ? 100 : 80
    if (length(wide) > limit) complain("width", NR, length(wide) " columns (" limit ")")
    if (whole ~ /TODO|FIXME|XXX/) complain("todo", NR, "something is left to do")

    # Banners of chapters
    if (match(whole, /^ \* [0-9]+\. [A-Z]/) && banner_rule) {
        chapter_end()
        chapter = whole; sub(/^ \* /, "", chapter); sub(/\..*/, "", chapter); chapter += 0
        chapter_line = NR; fields = ""
        if (chapters && chapter <= previous) complain("banner", NR, "chapter " chapter " after " previous)
        previous = chapter; chapters++
        if (chapter in seen) complain("banner", NR, "chapter " chapter " has two banners")
        seen[chapter] = 1
    } else if (chapter && whole ~ /^ \* (Problem|Kernel|Parent|Child|Order|See it|Not this|Read)  */) {
        field = substr(whole, 4); sub(/  .*/, "", field); sub(/ $/, "", field); gsub(/ /, "-", field)
        fields = fields " " field
    }
    # Part one ends above the ruler of part two's banner.
    if (whole ~ /^ \* PART TWO/ && banner_rule && !part_two) {
        part_two = 1; part_lines = NR - 2; part_code = code_lines
    } else if (whole ~ /^ \* PART THREE/ && banner_rule && !part_three) {
        part_three = 1; two_parts = code_lines
    }
    banner_rule = (whole ~ /^(\/\*| \*) ?=====/)
    if (chapter && whole ~ /\*\//) chapter_end()

    if (blank) blanks++
    else if (!has_code) comments++
    else code_lines++

    # Macros are not read as statements.
    if (macro || code ~ /^[ \t]*#/) macro = (code ~ /\\$/)
    else if (has_code) tokens(code)
}

END {
    chapter_end()
    if (inside) complain("function", start, name "() does not end: the file cannot be read")
    if (!main_lines) complain("main", 0, "there is no main")
    if (!part_two) complain("part", 0, "there is no banner of part two")
    if (part_lines > 1250) complain("part", 0, "part one has " part_lines " lines (1250)")
    if (part_code > 800) complain("part", 0, "part one has " part_code " lines of code (800)")
    if (!part_three) two_parts = code_lines
    if (two_parts > CODE) complain("size", 0, two_parts " lines of code (" CODE ")")
    if (code_lines > ALL) complain("size", 0, code_lines " lines of code in all (" ALL ")")
    if (!chapters) complain("banner", 0, "there is no chapter")
    fact("code", code_lines + 0); fact("comments", comments + 0); fact("blank", blanks + 0)
    fact("part-one", part_lines + 0); fact("part-one-code", part_code + 0)
    fact("functions", functions + 0); fact("longest", longest + 0 " " longest_name)
    fact("main", main_lines + 0); fact("nesting", nesting + 0); fact("chapters", chapters + 0)
}
