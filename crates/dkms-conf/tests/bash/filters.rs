//! Programs that read a text and write a text, beside the real ones.

use crate::oracle::{agreed_outputs, all_refused};

/// A kernel configuration and other lines; the last one has no end.
const LINES: &str = r"CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=m\nint foo(void);\nfoo_bar foobar FOO\n  6.1.0-13-amd64\na.b*c\n\nlast";
/// Things to sort.
const NUMBERS: &str = r"b\na\n10\n9\na\n6.10\n6.9\n6.1-rc1\n 5\n-3\n\nz\nz";
/// Things to cut up; the last line has no end.
const WORDS: &str = r"6.1.0-13-amd64\n\naa/b.bb-c 1\nxx]yy";

/// Each call gets each of the texts from a pipe.
fn filters(program: &str, texts: &[&str], calls: &[&str]) {
    for text in texts {
        let commands = calls.iter().map(|call| format!("printf '{text}' | {program} {call}; echo $?"));
        let commands: Vec<String> = commands.collect();
        agreed_outputs(&commands.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

fn refused(program: &str, calls: &[&str]) {
    let commands = calls.iter().map(|call| format!("echo ab | {program} {call}"));
    let commands: Vec<String> = commands.collect();
    all_refused(&commands.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Calls of `grep`.
const GREP: &[&str] = &[
    "-q 'CONFIG_A'",
    "'CONFIG'",
    "-c 'CONFIG'",
    "-v 'CONFIG'",
    "-n 'foo'",
    "-i 'foo'",
    "-w 'foo'",
    "-wi 'foo'",
    "-o '[0-9]*'",
    r"-o '[0-9]\+'",
    "-oE '[0-9]+'",
    "-oE 'foo|foobar'",
    "-x 'last'",
    "-x 'las'",
    "-F 'a.b*c'",
    "-Fx 'last'",
    "-E '^(CONFIG_A|CONFIG_C)=[ym]'",
    r"'^CONFIG_\(A\|C\)=[ym]$'",
    r"'foo\|last'",
    "-m1 'CONFIG'",
    "-m 2 'CONFIG'",
    "-qw 'last'",
    "-vc 'x'",
    r"'a.b\*c'",
    r"'fo\{2\}_'",
    r"-E '\w+\(void'",
    "-h 'int'",
    "'^$'",
    "-c '^'",
    r"-o '6\.[0-9]'",
    "-vq 'CONFIG'",
    "-s 'nothing'",
    "-w '6'",
    "-wE '13|14'",
    "'[[:space:]]6'",
    "-E '[[:digit:]]{2}'",
    "-E 'a{2}'",
    "-oi 'f'",
    "-noE 'foo'",
    "'*c'",
    r"'\*c'",
    r"-E 'b\*'",
    r"-w 'foo_bar\|x'",
    "-vx 'last'",
    "-ie 'config'",
    "-Eo '(a|ab)(c|.b)?'",
    "-e CONFIG_A -e last",
    "CONFIG_A -q",
    "-- '-b'",
    "--quiet last",
    "-E 'foo|last' -c",
    "-e 'foo_bar|last'",
];

#[test]
fn lines_that_match() {
    filters("grep", &[LINES, WORDS], GREP);
    refused(
        "grep",
        &[
            "-P x",
            "-L x",
            "-r x",
            "-A1 x",
            "--include=a b",
            "-ow foo",
            "-oc x",
            "-w ''",
            "-e",
            "-m0 x",
            r"'\(a\)\1'",
            r"-E '(a)\1'",
            "'[[.a.]]'",
            "-oE '(^|x)a*'",
        ],
    );
}

/// Calls of `sed`.
const SED: &[&str] = &[
    "'s/a/b/'",
    "'s/[0-9]//'",
    "'s/[0-9]//g'",
    "'s/[0-9]*//g'",
    "'s/x*/-/g'",
    r"'s/\./ /g'",
    r"'s/^\([0-9]*\)\.\([0-9]*\).*/\1 \2/'",
    "'s/-.*//'",
    "'s/-.*$//'",
    "'s/[^0-9.].*//'",
    "'s/.*-//'",
    r"'s/\(.*\)-\(.*\)/\2-\1/'",
    "'s,/,_,g'",
    "'s|-| |2'",
    "'s/[0-9]/<&>/3'",
    r"'s/a\(m\)d/\1/p'",
    "'/amd/d'",
    "'/x/d'",
    "'s/amd64$/i386/'",
    "'s/$/ end/'",
    "'s/^/start /'",
    r"'s/\([0-9]\+\)[.]\([0-9]\+\)\(.*\)/\2/; s/1/one/'",
    "'s/A/x/I'",
    r"'s/\s*$//'",
    r"'s/[.-]/\n/g'",
    r"'s/\w\+/W/g'",
    "'1p'",
    "'$p'",
    "'2d'",
    "'1d;s/x/y/'",
    "'1q'",
    r"'s/\(1\|13\)/[\1]/g'",
    r"'s/\(a\|am\|amd\)/<\1>/'",
    r"'s/1\?3/X/'",
    r"'s/6\{1,2\}/six/'",
    r"'s/\(-[a-z0-9]*\)*$//'",
    "'s/.$//'",
    "'s/./&&/g'",
    r"'s/a/\//'",
    r"'s:\.:-:g'",
    r"'s/6\.1/\t/'",
    r"'s/-/\&/'",
    "'s/(//'",
    "'s/a//;s/b//;s/m//'",
    "'s/[[:digit:]]/D/g'",
    "'s/[]]/x/'",
    "'s/a*/x/2'",
    "'s/b*$/Z/g'",
    "'s/^6*/Z/g'",
    r"'s/\(6\)\(x\)\?/[\2]/'",
    "-n 's/[0-9]/N/p'",
    "-n '/amd/p;$p'",
    "-ne 1p",
    "-e 's/a/b/' -e 's/b/c/'",
    "-n -e '$p'",
    r"-E 's/([0-9]+)\.([0-9]+).*/\1/'",
    "-E 's/(a|b)+/X/'",
    "-E 's/[0-9]{2}/N/'",
    r"-E 's/(-)(a)?/\2/'",
    r"-E 's/^(.*)-(.*)-(.*)$/\3/'",
    "-E 's/a|am|amd64/X/'",
    r"-E 's/(a|am)(d|md)/<\1\2>/'",
    r"-E 's/\(/x/'",
    r"-E 's/(x|6)(\.1)?/[\1\2]/'",
    r"-r 's/(a)/\1\1/'",
];

#[test]
fn lines_that_are_edited() {
    filters("sed", &[WORDS, r"6.1.0-13-amd64\n"], SED);
    refused(
        "sed",
        &[
            "'y/abc/xyz/'",
            "'1,2p'",
            "-i s/a/b/",
            "'s/a*/x/2g'",
            r"'s/a/\U&/'",
            r"'s/\(a\)*/\1/'",
            "'s/(^|x)a*/y/' -E",
            r"'s|a\|b|x|'",
            "'{p}'",
            "'s/a/b/w /dev/null'",
            "'/a/!d'",
            "'a x'",
        ],
    );
}

#[test]
fn fields_and_characters() {
    filters(
        "cut",
        &[WORDS, LINES],
        &[
            "-d. -f1",
            "-d. -f2-",
            "-d- -f 3",
            "-d '-' -f1,3",
            "-d. -f-2",
            "-f1",
            "-d- -f9",
            "-c1-3",
            "-c 2",
            "-c3-",
            "-c1,3-4",
            "-d. -f2,1",
            "-s -d: -f1",
            "-d. -f1-2,2-3",
            "-b1-2",
            "-d . -f 1",
        ],
    );
    refused("cut", &["-d'' -f1", "-dab -f1", "-d. -f0", "-f1 -c1", "-d. -f2-1", "--complement -f1", "-c1 -d."]);
}

#[test]
fn characters_for_others() {
    filters(
        "tr",
        &[WORDS, r"6  [66] q\n"],
        &[
            "'.' ' '",
            "a-z A-Z",
            "-d .",
            "-d '0-9'",
            "-cd '0-9.'",
            "-d '[:alpha:]'",
            "-s '0-9'",
            "'[:lower:]' '[:upper:]'",
            r"-d '\n'",
            "'.-' '  '",
            "-s . _",
            "-s '.-' ' '",
            "'0-9' 'x'",
            "-d -",
            "'a-d' 'w-z'",
            r"-dc 'a-z\n'",
            r"'\n' ' '",
            "-d '[0-9]'",
        ],
    );
    refused("tr", &["-t a b", "-c a-z X", "a", "'[:alpha:]' '[:upper:]'", "'[a*3]' b", "-d 'z-a'"]);
}

#[test]
fn lines_in_order() {
    filters(
        "",
        &[NUMBERS, LINES, ""],
        &[
            "sort",
            "sort -V",
            "sort -r",
            "sort -n",
            "sort -u",
            "sort -rn",
            "sort -Vr",
            "sort -nu",
            "sort -ru",
            "uniq",
            "head -n 2",
            "head -2",
            "head -n -1",
            "tail -n 1",
            "tail -1",
            "tail -n +3",
            "head -n1",
            "tail -n2",
            "head",
            "tail",
            "wc -l",
            "wc -w",
            "wc -c",
            "head -n 0",
            "head -n -99",
            "tail -n +0",
            "tail -n +99",
            "sort -V | tail -n1",
            "sort -C",
            "sort -VC",
            "sort -nr | head -n1",
        ],
    );
    refused("", &["sort -c", "sort -k1", "uniq -c", "head -c3", "sort -t. -n", "tail -f", "wc", "wc -lc", "sort -uV"]);
}

#[test]
fn files_are_read_like_pipes() {
    agreed_outputs(&[
        "grep -n 1 VERSION inner/values; grep -h . VERSION inner/values; grep -c . VERSION inner/values; grep x VERSION",
        "sed 's/1/x/' VERSION; cut -d. -f1 VERSION; head -n1 inner/values; tail -n 1 VERSION; sort VERSION; wc -l VERSION",
        "wc -l < VERSION; uniq VERSION; tr 1 2 < VERSION",
        "grep -q x /nowhere 2>/dev/null; echo $?",
    ]);
    all_refused(&["sed s/a/b/ none", "cut -f1 none", "sort none", "sort VERSION VERSION", "tr a b", "sed s/a/b/"]);
}
