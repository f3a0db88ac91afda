//! Substrings, slices, indirection, arrays with indices of their own, BASH_REMATCH, beside bash.

use crate::oracle::{agreed_outputs, all_refused};

#[test]
fn stretches_of_texts_and_arrays() {
    agreed_outputs(&[
        "v=abcdef; echo ${v:0:3} ${v:1} ${v: -2} ${v:(-3):2} ${v:2:-1} ${v:9} ${v:6}x ${v:0:0}y ${v: -9}z",
        r#"v=abcdef; i=2; echo ${v:i:2} ${v:$i} ${v:i+1} ${v:${#v}-1} "${v:1:$((i))}""#,
        r#"v=a; echo "${v:1}" "${nope:0:2}" "${v:0:5}""#,
        r#"A=(a b c d e); echo ${A[@]:1:2} "${A[@]: -2}" ${A[*]:3} "${A[@]:9}" ${#A[@]} ${!A[@]}"#,
        r#"A=([2]=a [5]=b [7]=c); echo ${!A[@]} "${A[@]:3}" "${A[@]:2:1}" "${A[@]: -3}" ${!A[*]}"#,
        "A=(abc def); echo ${A[1]:1} ${A:0:2}",
        r#"f() { echo ${@:2} "${@:1:1}" ${*:2:1} "${@: -1}" ${@:9}; }; f a b c"#,
        r#"x=y; y=5; echo ${!x} "${!x}" ${!x:-d}"#,
        r#"x=A; A=(q r); echo ${!x}; x='A[1]'; echo ${!x}; x='A[@]'; echo "${!x}""#,
        r#"A=(x y [5]=z w [1]+=q); echo "${!A[@]}" "${A[@]}"; A+=([1]+=k m); echo "${!A[@]}" "${A[@]}""#,
        r#"x="a b"; A=([1]=$x "$x" $x); echo ${#A[@]} "${A[1]}" "${!A[@]}"; i=3; A=([i]=p [$i+1]=q ["0"]=r); echo "${!A[@]}""#,
        "f() { i=2; echo ${!i}; }; f a b",
    ]);
    all_refused(&[
        "v=abc; echo ${v:2:-2}",
        "v=abc; echo ${v[@]:1}",
        "v=abc; echo ${v:\\\n}",
        "A=(a b); echo ${A[@]:0:-1}",
        "v=abc; echo ${v:'1'}",
        "f() { echo ${@:0}; }; f",
        "echo ${!nope}",
        "x='a b'; echo ${!x}",
        "v=abé; echo ${#v}",
        "v=abé; echo ${v:1}",
        "echo ${!A*}",
        "x=y; echo ${!x:=z}",
        "x=1; echo ${v:x?1:2}",
        "A=([a b]=x)",
        "echo ${!#}",
    ]);
}

#[test]
fn what_an_expression_matched() {
    agreed_outputs(&[
        r#"[[ 6.1.0-13-amd64 =~ ^([0-9]+)\.([0-9]+)\.([0-9]+)-(.*)$ ]]; echo ${BASH_REMATCH[1]} ${BASH_REMATCH[2]} "${BASH_REMATCH[@]}" ${#BASH_REMATCH[@]}"#,
        r#"[[ abc =~ b ]] && echo ${BASH_REMATCH[0]} $BASH_REMATCH; [[ x =~ y ]]; echo "[${BASH_REMATCH[0]}]""#,
        "[[ abcd =~ (a|ab)(c|bcd) ]] && echo ${BASH_REMATCH[2]}",
        r#"[[ "a.b" =~ a\.(.) ]] && echo ${BASH_REMATCH[1]}"#,
        r#"[[ foo =~ (x)?foo ]]; echo "[${BASH_REMATCH[1]}]" ${#BASH_REMATCH[@]}"#,
        r#"( [[ abc =~ b ]] ); echo "[$BASH_REMATCH]""#,
        "re='^v?([0-9]+)'; [[ v12 =~ $re ]] && echo ${BASH_REMATCH[1]}",
        r#"[[ 6.1.0-13-amd64 =~ ^([0-9]+)\.([0-9]+)\.([0-9]+)-(.*)$ ]]; echo ${BASH_REMATCH[1]} ${BASH_REMATCH[2]} "${BASH_REMATCH[@]}" ${#BASH_REMATCH[@]}"#,
        r#"[[ a]b =~ (\]|[]x])b ]]; echo "${BASH_REMATCH[1]}""#,
        r#"[[ "6.1" =~ "6."([0-9]) ]]; echo "${BASH_REMATCH[1]}""#,
    ]);
    all_refused(&[
        "[[ abab =~ (ab)* ]]; echo ${BASH_REMATCH[1]}",
        "[[ x =~ (^|y)x* ]]; echo $BASH_REMATCH",
        "BASH_REMATCH=1",
        r"[[ 'a.' =~ [\.a]+ ]]; echo $BASH_REMATCH",
    ]);
}
