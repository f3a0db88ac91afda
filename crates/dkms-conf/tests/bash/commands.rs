//! Loops, `read`, `printf` and what names stand for: what they write, beside bash.

use crate::oracle::{agreed_outputs, all_refused};

#[test]
fn loops_and_what_leaves_them() {
    agreed_outputs(&[
        "for ((i=0;i<3;i++)); do echo $i; done",
        r#"for ((i=0,j=5; i<j; i++, j--)) { echo "$i-$j"; }"#,
        "for ((;;)); do break; done; echo $?",
        "for (( i = 3 ; i ; i-- )); do [ $i = 2 ] && continue; echo $i; done",
        "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done; echo s$?",
        "i=0; until [ $i -ge 3 ]; do let i++; done; echo $i$?",
        "for a in 1 2 3; do for b in x y z; do [ $b = y ] && continue 2; [ $a = 3 ] && break 2; echo $a$b; done; done",
        "for a in 1 2; do break 5; done; echo $?",
        "while false; do :; done; echo $?",
        "for a in 1 2; do false; done; echo $?",
        "for a in 1 2; do false; break; done; echo $?",
        "while :; do false; break; done; echo $?",
        "while true; do if true; then break; fi; done; echo out",
        r#"n=0; while read -r l; do n=$((n+1)); echo "$n:$l"; done <<< "one two""#,
        "case abc in a*) echo 1 ;& b*) echo 2 ;;& *c) echo 3 ;; *) echo 4 ;; esac",
        "case x in x) false ;; esac; echo $?",
        "case x in y) ;; esac; echo $?",
        r#"case "a b" in "a b"|c) echo yes;; esac"#,
        "case x in (x) echo p;; esac",
        "case 6.1 in [0-5].*) echo a;; 6.[0-9]) echo b;; esac",
        "f() { for a in 1 2; do return 3; done; }; f; echo $?",
        "for a in 1 2 3; do (exit_=1; false) || continue; echo no; done; echo $a",
        "for ((i=0;i<2;i++)); do for j in x y; do [ $j = y ] && break; echo $i$j; done; done",
        r#"let "x=5" "y=x*2"; echo $x $y $?; let 0; echo $?; let "z = 3" z+=4; echo $z"#,
        "x=5; (( x++ )); (( x *= 2, x -= 1 )); echo $x $(( x > 5 ? 1 : 0 )) $(( 2**10 ))",
    ]);
    all_refused(&[
        "break",
        "continue",
        "for a in 1; do break 0; done",
        "for a in 1; do ( break ); done",
        "f() { break; }; for a in 1; do f; done",
        "let",
        "while :; do :; done",
        "for ((;;)); do :; done",
        "for ((i=0;i<1/0;i++)); do :; done",
    ]);
}

#[test]
fn lines_are_read_into_variables() {
    agreed_outputs(&[
        r#"printf 'a\nb\nc' | while read l; do echo "[$l]"; done"#,
        r#"printf 'a b\nc d\n' | while read x y; do echo "$y$x"; done"#,
        r"printf 'a\nb\nc\n' | { read x; read y; echo $y$x; cat; }",
        r#"kernelver=6.1.0; IFS=. read -r a b c <<< "$kernelver"; echo "$a,$b,$c""#,
        r#"IFS=. read -r a b <<< "1.2.3"; echo "$a,$b""#,
        r#"IFS=. read -r a b c <<< "1.2.3."; echo "$a|$b|$c""#,
        r#"IFS=. read -r a b <<< "1.2.3."; echo "$a|$b""#,
        r#"IFS=. read -r a b c d <<< "1..3"; echo "$a|$b|$c|$d""#,
        r#"IFS=' .' read -r a b c <<< " 1 . 2 3 . "; echo "$a|$b|$c|""#,
        r#"IFS=- read -ra P <<< "6.1.0-13-amd64"; echo ${#P[@]} ${P[2]}"#,
        r#"read -r a b <<< "  x   y z  "; echo "$a|$b|""#,
        r#"read x <<< ""; echo "$?[$x]""#,
        r#"IFS= read -r l <<< "  a b  "; echo "[$l]""#,
        r#"IFS=: read -ra Q <<< "a::b:"; echo ${#Q[@]} "${Q[1]}""#,
        "read -r a < /etc/debian_version; echo $a",
        "{ cat; cat; } <<< once",
        r#"v=1; echo "[$v]""#,
        r#"echo abc | { v=$(cat); cat; echo "[$v]"; }"#,
        "cat <<< hello",
        r#"x="a  b"; cat <<< $x; cat <<< "$x y""#,
        "echo $(cat <<< y)",
    ]);
    all_refused(&[
        "read x",
        "IFS=: echo x",
        "IFS[0]=: read x <<< a",
        r"read x <<< 'a\b'",
        "read -p x y <<< z",
        "read -n1 x <<< abc",
        "read 1x <<< a",
        "IFS=é read x y <<< aéb",
        "{ grep -q a; read x; } <<< ab",
        "{ head -n1; cat; } <<< ab",
    ]);
}

#[test]
fn formats() {
    agreed_outputs(&[
        r#"printf "%s-%s\n" a b c"#,
        r#"printf "%d %5d|%-5d|%05d|%+d|%x|%X|%o|%#x|%i\n" 1 2 3 4 5 255 255 8 255 010"#,
        r#"printf "%s|%5s|%-5s|%.2s|%*s|%-*s|\n" a b c def 4 g 4 h"#,
        r#"printf "%c%c\n" hello x"#,
        r#"printf "%b|%s\n" 'a\tb' 'a\tb'"#,
        r"printf '%%|\101|\x41|\n'",
        r#"printf "%02d%02d%02d" 6 1 12"#,
        r#"printf "%d\n" "'A" 0x1F 017"#,
        r#"printf "x\n" a b"#,
        r#"printf "%s\n""#,
        r#"printf "[%3d]" 1 22 333"#,
        r#"printf -v out "%s:%s" a b; echo $out"#,
        r#"printf "%.3d|%.0d|%5.3d|%u\n" 7 0 7 -1"#,
        r#"printf "%s\n" "$(printf 'a\\b')""#,
        r"printf '%s %s\n' one",
        r#"printf "a\\\\b\"c\'d\n""#,
        r#"printf -- "%s\n" x"#,
        r#"echo -e "a\tb\\n"; echo -n x; echo -ne "y\n"; echo -E 'a\n'; echo -x; echo -"#,
        r"echo -e '\0101\x42\e[m'",
        r"echo $'a\tb' $'it\'s' $'\x41\101'",
    ]);
    all_refused(&[
        r#"printf "%q" "a b""#,
        r#"printf "%d" x"#,
        r#"printf "%d" """#,
        r#"printf "%c" """#,
        r#"printf "%s" é | cat; printf "%5s" é"#,
        r#"printf "\c""#,
        r#"printf "%b" "a\c""#,
        "printf",
        "printf -x",
        "printf '%'",
        "printf '%99999s' x",
        r"echo -e '\c'",
        r"echo -e '\u41'",
        r"A=$'\cx'",
        "printf '%x' 99999999999999999999",
    ]);
}

#[test]
fn names_of_programs_and_files() {
    agreed_outputs(&[
        r#"echo $BASH_SOURCE ${BASH_SOURCE[0]} ${BASH_SOURCE%/*} "$(dirname "${BASH_SOURCE[0]}")" $(basename $BASH_SOURCE .conf)"#,
        "f() { echo $BASH_SOURCE; }; f",
        r#"dirname /a/b/c; dirname a; dirname /; basename /a/b.c .c; basename a/; dirname -- /x/y; basename ""; dirname """#,
        "uname -s; uname; arch",
        "command -v ls; command -v nosuchcommand; echo $?; which ls; which nosuch; echo $?",
        "type nosuch >/dev/null 2>&1 || echo no; type ls >/dev/null && echo yes; type -P ls",
        "command echo hi; command grep -q a <<< abc && echo ok",
        "x=1; f() { declare x=2; declare y; echo $x; }; f; echo $x",
        "echo $BASH_SOURCE ${BASH_SOURCE[0]} ${BASH_SOURCE%/*}",
        r#"echo "$(dirname "${BASH_SOURCE[0]}")" $(basename $BASH_SOURCE .conf)"#,
        r#"dirname "a b/c" ; basename "a b/c d""#,
        "which ls; which nosuch; echo $?",
    ]);
    all_refused(&[
        "command -V ls",
        "command -v cd >/dev/null",
        "which -a ls",
        "which /bin/ls",
        "dirname a b",
        "basename -a x",
        "echo ${BASH_SOURCE[1]}",
        "echo ${#BASH_SOURCE[@]}",
        "f() { :; }; command -v f",
        "uname -a",
    ]);
}
