# 95-style.bats -- minicontainer.c keeps the budgets that make it readable in an evening.
#
# style.awk measures (its head says how it counts); here stand the budgets, one test each, and the
# proof that each is noticed when it is broken.

load helpers

STYLE=$BATS_TEST_DIRNAME/style.awk
SOURCE=$BATS_TEST_DIRNAME/../minicontainer.c

TAB=$'\t'

measure() { LC_ALL=C awk -f "$STYLE" "$1"; }

# complaints KIND [FILE]: must be none; the facts are said in any case.
complaints() {
    local found
    measure "${2-$SOURCE}" >report
    awk -F'\t' '$1 == "fact" { print $2 ": " $3 }' report
    found=$(awk -F'\t' -v kind="$1" '$1 == kind { print "minicontainer.c:" $2 ": " $3 }' report)
    assert "$found" == "" "complaints"
}

@test "functions have at most 50 lines" { complaints function; }
@test "main is a plot of at most 15 lines" { complaints main; }
@test "nothing nests deeper than 3" { complaints nesting; }
@test "80 columns, rows of tables 100, no tabs" { complaints width; }
@test "part one has at most 1,250 lines, 800 of them code" { complaints part; }
@test "parts one and two have at most 2,510 lines of code" { complaints size; }
@test "each chapter has one banner with its fields in order" { complaints banner; }
@test "nothing is left to do" {
    complaints todo
    cd "$TOP"
    run grep -snE "TODO|FIXME" README.md Makefile lessons/*.md lessons/*/* tests/[0-8]* .ci/run
    assert "$output" == ""
}

@test "the Makefile has at most 60 lines and keeps its promises" {
    assert "$(wc -l <"$TOP/Makefile")" -le 60
    local target
    for target in all run test lint sanitize static clean help; do
        assert "$(<"$TOP/Makefile")" =~ $'\n'"$target:" "target $target"
    done
    run grep -nE 'sudo|clang-format|indent ' "$TOP/Makefile"
    assert "$output" == ""
}

# What is in the tree: git knows best; without git, what is there but was not built.
listing() {
    if git -c safe.directory='*' -C "$TOP" ls-files 2>/dev/null | grep .; then return; fi
    (cd "$TOP" && find . -name .git -prune -o -type f -print | sed 's,^\./,,' |
        grep -vxE 'minicontainer(-asan|-static|\.apparmor)?')
}

@test "the top level holds what the design lists and nothing else" {
    local allowed='minicontainer.c lessons tests Makefile README.md LICENSE .gitignore .ci
        .editorconfig .clang-format .devcontainer' name
    listing | sed 's,/.*,,' | sort -u >names
    while read -r name; do
        assert " ${allowed//$'\n'/ } " contains " $name " "at the top level"
    done <names
    for name in $allowed; do
        assert "$(<names)" has-line "$name" "missing at the top level"
    done
}

@test "nothing names a machine that only we have" {
    cd "$TOP"
    listing | grep -v '^tests/95-style.bats$' >"$BATS_TEST_TMPDIR/names"
    run xargs -d '\n' -a "$BATS_TEST_TMPDIR/names" \
        grep -nIE '/work/(main|shared)|/tmp/work|/home/[a-z]+/|sandboxing|/root/repo'
    assert "$output" == ""
    run xargs -d '\n' -a "$BATS_TEST_TMPDIR/names" grep -nIE 'https?://[^ ]*(mirror|proxy|registry)\.'
    assert "$output" == ""
}

# ---------------------------------------------------------------------------------------------
# The measure itself
# ---------------------------------------------------------------------------------------------

# A small file that keeps every budget, with LINE in place of its one free line of code.
good() {
    cat <<END
/* =====================================================================
 * 2. UTS -- a hostname of its own                                --uts
 * =====================================================================
 * Problem   a
 * Kernel    b
 * Parent    c
 * Child     d
 * Order     e
 * See it    \$ x
 * Not this  f
 * Read      g
 */
/* Ten lines
 * of words
 * about
 * nothing
 * at
 * all,
 * so
 * that
 * they
 * are many. */
#define SYS(call) do { \\
    if (call) \\
        die(); \\
} while (0)

static const struct row rows[] = {
    { "uts", "}" }, /* a brace in a string, and the character: */
    { "pid", '{' },
};

static int
helper(int a, struct thing *t)
{
    struct thing x = { .name = (struct y){ 1 }.name };
${1-    a++;}

    for (int i = 0; i < 3; i++)
        if (a)
            while (x)
                a--;
    if (a)
        return 1;
    else if (b)
        return 2;

    /* words */
    else if (c)
        return 3;
    else if (d) {
        return 4;
    } else
        return 5;

    return 0; // said
}

/* =====
 * PART TWO -- the rest
 * =====
 */
int main(void)
{
    return helper(1);
}
END
}

# breaks KIND [TEXT]: the file on stdin must be complained about, for KIND and with TEXT.
breaks() {
    cat >bad.c
    measure bad.c | grep -v ^fact >found || true
    cat found
    assert "$(grep "^$1$TAB" found)" contains "${2-complaint}"
}

# quiet KIND [WORDS]: nothing of KIND is found in ok.c.
quiet() {
    measure ok.c >found
    assert "$(grep "^$1$TAB" found)" == "" "${2-}"
}

# repeat N FORMAT: N lines, %d is the number.
# shellcheck disable=SC2059
repeat() { local i; for ((i = 0; i < $1; i++)); do printf "$2\n" "$i"; done; }

@test "measure: a good file has no complaint, and its lines are counted honestly" {
    good >good.c
    run measure good.c
    assert "$output" !~ $'(^|\n)[^f]' "no complaint"
    assert "$output" contains $'fact\tfunctions\t2'
    assert "$output" contains $'fact\tlongest\t25 helper'
    assert "$output" contains $'fact\tmain\t4'
    assert "$output" contains $'fact\tnesting\t3'
    assert "$output" contains $'fact\tchapters\t1'
    # 12 lines of banner, 10, 1 and 4 of words; a line with code and a comment is code.
    assert "$output" contains $'fact\tcomments\t27'
    assert "$output" contains $'fact\tcode\t'$(($(grep -c '[^ ]' good.c) - 27))
    # Part one ends where the banner of part two begins.
    assert "$output" contains $'fact\tpart-one\t'$(($(grep -n 'PART TWO' good.c | cut -d: -f1) - 2))
    assert "$output" contains $'fact\tpart-one-code\t'$(($(grep -c '[^ ]' good.c) - 27 - 4))
}

@test "measure: long functions" {
    good "$(repeat 40 '    /* why */\n    a = %d;')" >long.c
    { cat long.c; repeat 60 '/* words %d */'; } | breaks function 'helper() has'
}

@test "measure: main" {
    good | sed 's/    return helper(1);/&\n\n/;' | sed "s/    return helper(1);/$(printf '%s' \
        '\n    f();'{1..12})\n&/" >m.c
    { cat m.c; repeat 20 '/* words %d */'; } | breaks main 'main has'
}

@test "measure: nesting, with braces, without, and mixed" {
    good '    if (a)
        for (;;)
            while (b)
                if (c)
                    a = 1;' | breaks nesting 'nests 4 deep'
    good '    if (a) {
        do {
            switch (b) { case 1: { f(); } }
        } while (1);
    }' | breaks nesting 'nests 4 deep'
    good '    if (a) {
        for (;;)
            if (b) { while (c) f(); }
    }' | breaks nesting 'nests 4 deep'
    # Three one after the other are not deep, nor is data in braces.
    good '    if (a) { b(); } else { c(); }
    while (a) if (b) c(); else d();
    f((struct s){ .a = { 1, { 2, { 3 } } } });' >ok.c
    quiet nesting
}

@test "measure: columns" {
    good "    call($(repeat 20 'a%d,' | tr -d '\n') 0);" | breaks width 'columns (80)'
    good "$(printf '    a = 1;\t/* tab */')" | breaks width tab
    good '    a = 1;  ' | breaks width blanks
    good | sed "s/\"pid\", '{'/\"pid\", \"$(repeat 70 x | tr -d '\n')\"/" >ok.c
    quiet width "a row of a table may be wider"
    good | sed "s/\"pid\", '{'/\"pid\", \"$(repeat 90 x | tr -d '\n')\"/" | breaks width '(100)'
    good '    f("'"$(repeat 60 ä | tr -d '\n')"'"); ' | sed 's/ $//' >ok.c
    quiet width "characters are counted, not bytes"
}

@test "measure: part one" {
    { repeat 1250 '/* %d */'; good; } | breaks part 'lines (1250)'
    { repeat 801 'int a%d; /* b */'; good; } | breaks part 'lines of code (800)'
    # What is in part two does not count for it.
    { good; repeat 1251 'int a%d;'; } >ok.c
    quiet part
    good | sed 's/PART TWO/PART TOO/' | breaks part 'no banner'
}

@test "measure: size" {
    { good; repeat 2510 'int a%d;'; } | breaks size 'lines of code (2510)'
    { good; repeat 2400 'int a%d;'; } >ok.c
    quiet size
}

@test "measure: banners" {
    good | sed '/Not this/d' | breaks banner 'must be'
    good | sed '/ Kernel /d' | sed 's/^ \* Child .*/&\n * Kernel    b/' | breaks banner 'must be'
    { good; good | sed '/^ \*\/$/q'; } | breaks banner 'two banners'
    { good; good | sed '/^ \*\/$/q; s/2\. UTS/1. NONE/'; } | breaks banner 'chapter 1 after 2'
    good | sed 's/2\. UTS/UTS/' | breaks banner 'no chapter'
}

@test "measure: something left to do" {
    good '    a = 1; /* TODO: more */' | breaks todo left
}

@test "measure: a file that cannot be read is said to be so" {
    good '    if (a) {' | breaks function 'does not end'
}
